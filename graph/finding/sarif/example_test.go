package sarif_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/graph/finding/sarif"
)

// One finding for each result; its weaknesses are in the rule's tags.
func Example() {
	log := `{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "scanner", "rules": [
	  {"id": "FW7", "shortDescription": {"text": "Fixed password"}, "properties": {"tags": ["external/cwe/cwe-798"], "security-severity": "9.1"}}]}},
	 "results": [{"ruleId": "FW7", "message": {"text": "A password never changes."},
	   "locations": [{"physicalLocation": {"artifactLocation": {"uri": "src/login.c"}, "region": {"startLine": 12}}}]}]}]}`
	for f, err := range finding.Read(context.Background(), "scan.sarif", strings.NewReader(log), sarif.Format) {
		fmt.Println(f.ID, f.Title, f.Weaknesses, f.CVSS, err)
	}
	// Output: FW7@src/login.c:12 Fixed password [CWE-798] 9.1 <nil>
}
