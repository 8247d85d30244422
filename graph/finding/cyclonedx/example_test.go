package cyclonedx_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/graph/finding/cyclonedx"
)

// One finding for each vulnerability that still counts; what the analysis
// closed is told.
func Example() {
	bom := `{"bomFormat": "CycloneDX", "specVersion": "1.5", "metadata": {"component": {"type": "firmware", "name": "RTU Firmware"}},
	 "components": [{"type": "library", "bom-ref": "tls", "name": "tlslib", "version": "1.0"}],
	 "vulnerabilities": [
	  {"id": "CVE-2026-10001", "cwes": [787], "affects": [{"ref": "tls"}], "analysis": {"state": "exploitable"}},
	  {"id": "CVE-2026-10002", "cwes": [125], "affects": [{"ref": "tls"}], "analysis": {"state": "not_affected"}}]}`
	for f, err := range finding.Read(context.Background(), "rtu.cdx.json", strings.NewReader(bom), cyclonedx.Format) {
		if err != nil {
			fmt.Println(err)
			continue
		}
		fmt.Println(f.ID, f.Title, f.Device, f.Weaknesses)
	}
	// Output:
	// RTU Firmware/CVE-2026-10001 CVE-2026-10001 in tlslib RTU Firmware [CWE-787]
	// rtu.cdx.json: vulnerabilities[1]: RTU Firmware/CVE-2026-10002 is left out: the product is not affected
}
