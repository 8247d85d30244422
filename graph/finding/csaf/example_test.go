package csaf_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/graph/finding/csaf"
)

// One finding for each vulnerability that affects a product.
func Example() {
	advisory := `{"document": {"csaf_version": "2.0", "title": "Pump controller", "tracking": {"id": "EX-26-001"}},
	 "product_tree": {"full_product_names": [{"product_id": "P1", "name": "Pump controller 2.1"}, {"product_id": "P2", "name": "Pump controller 2.2"}]},
	 "vulnerabilities": [{"cve": "CVE-2026-10001", "cwe": {"id": "CWE-306", "name": "Missing Authentication for Critical Function"},
	   "product_status": {"known_affected": ["P1"], "fixed": ["P2"]},
	   "remediations": [{"category": "vendor_fix", "details": "Update to 2.2.", "product_ids": ["P1"]}]}]}`
	for f, err := range finding.Read(context.Background(), "ex-26-001.json", strings.NewReader(advisory), csaf.Format) {
		fmt.Println(f.ID, f.Device, f.Weaknesses, f.Remedies, err)
	}
	// Output: EX-26-001/CVE-2026-10001 Pump controller 2.1 [CWE-306] [{vendor_fix Update to 2.2. []}] <nil>
}
