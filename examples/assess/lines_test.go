package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/mitigraph/mitigraph/graph"
)

// joined makes of lines what -format json writes.
func joined(t testing.TB, lines string) map[string]any {
	t.Helper()
	all := strings.Split(strings.TrimSuffix(lines, "\n"), "\n")
	var last struct {
		Summary map[string]any `json:"summary"`
	}
	d := json.NewDecoder(strings.NewReader(all[len(all)-1]))
	d.DisallowUnknownFields()
	require.NoError(t, d.Decode(&last))
	require.NotNil(t, last.Summary)
	require.NotContains(t, last.Summary, "findings")
	findings := []any{}
	for _, line := range all[:len(all)-1] {
		var f any
		require.NoError(t, json.Unmarshal([]byte(line), &f))
		findings = append(findings, f)
	}
	last.Summary["findings"] = findings
	return last.Summary
}

// bothAlike runs both formats on the same input.
func bothAlike(t testing.TB, args ...string) map[string]any {
	t.Helper()
	report, stderr, code := assess(t, append([]string{"-format", "json"}, args...)...)
	require.Zero(t, code, stderr)
	lines, stderr, code := assess(t, append([]string{"-format", "jsonl"}, args...)...)
	require.Zero(t, code, stderr)
	var want map[string]any
	require.NoError(t, json.Unmarshal([]byte(report), &want))
	got := joined(t, lines)
	for _, member := range []string{"attack", "site", "findings", "techniques", "mitigations", "gaps", "drafts", "warnings"} {
		require.Equal(t, want[member], got[member], member)
	}
	require.Equal(t, want, got)
	return got
}

var (
	fleetWeaknesses = []string{"CWE-798", "CWE-306", "CWE-78", "cwe 79", "CWE-787", "CWE-400", "CWE-1059", "CWE-16", "OWASP-IOT-2018-I1", "TID-311", "PID-12", "XYZ-1", "XYZ-2", "CWE-778"}
	fleetVectors    = []string{"", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "CVSS:3.1/AV:L/AC:L/PR:L/UI:R/S:U/C:H/I:N/A:N", "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:H/SC:N/SI:N/SA:N", "AV:N/AC:L/Au:N/C:P/I:P/A:P", "CVSS:3.1/AV:X"}
	fleetTechniques = []string{"T0859", "T0855", "T9999", "M0801", "t0866", "T0837"}
	fleetProducts   = []string{"Pump 100", "Pump 200", "cpe:2.3:h:x:y", "Valve"}
)

func pick(r *rand.Rand, of []string, most int) (out []string) {
	for range r.IntN(most + 1) {
		out = append(out, of[r.IntN(len(of))])
	}
	return out
}

// randomFleet is findings of which some repeat others, or have their IDs.
func randomFleet(r *rand.Rand, n int) (out []map[string]any) {
	for range n {
		if len(out) > 0 && r.IntN(8) == 0 {
			out = append(out, out[r.IntN(len(out))])
			continue
		}
		f := map[string]any{"id": fmt.Sprintf("F-%d", r.IntN(n)), "title": fmt.Sprintf("t <%d> \"é\"", r.IntN(5))}
		f["weaknesses"] = pick(r, fleetWeaknesses, 3)
		if r.IntN(4) == 0 {
			f["techniques"] = pick(r, fleetTechniques, 3)
		}
		if r.IntN(3) > 0 {
			f["device"] = fmt.Sprintf("d-%d", r.IntN(12))
		} else {
			f["products"] = pick(r, fleetProducts, 2)
		}
		if r.IntN(3) == 0 {
			affected := []map[string]any{}
			for _, p := range append(pick(r, fleetProducts, 2), pick(r, []string{"d-1", "other"}, 1)...) {
				affected = append(affected, map[string]any{"product": p, "versions": pick(r, []string{"< 2", "3.0"}, 2)})
			}
			f["affected"] = affected
		}
		if r.IntN(2) == 0 {
			f["epss"] = float64(r.IntN(120)) / 100 // some are no probability
		}
		f["cvss"], f["kev"] = fleetVectors[r.IntN(len(fleetVectors))], r.IntN(5) == 0
		if r.IntN(9) == 0 {
			f["remedies"] = []map[string]any{{"category": "vendor_fix", "text": "Update.", "products": pick(r, fleetProducts, 1)}}
		}
		if r.IntN(20) == 0 {
			f["cves"] = []string{"CVE-2023-6448", "none"}
		}
		out = append(out, f)
	}
	return out
}

func randomSite(r *rand.Rand) string {
	mitigations, constraints := []string{"M0801", "M0807", "M0930", "M0810", "M0816", "M0932"}, []string{"no_agent", "no_patch", "no_auth", "no_network_change", "no_crypto"}
	site := map[string]any{"site": "s", "deployed": pick(r, mitigations, 1)}
	var devices []map[string]any
	for i := range r.IntN(9) {
		devices = append(devices, map[string]any{
			"id": fmt.Sprintf("d-%d", i), "asset": []string{"A0003", "A0002", "A0001"}[r.IntN(3)], "deployed": pick(r, mitigations, 2),
			"constraints": pick(r, constraints, 3), "products": pick(r, fleetProducts, 2),
		})
	}
	if devices != nil {
		site["devices"] = devices
	}
	b, _ := json.Marshal(site)
	return string(b)
}

// The lines say what the JSON form says, whatever the findings are.
func TestLinesEqualJSON(t *testing.T) {
	bothAlike(t) // the sample site
	warned := 0
	seeds := uint64(30)
	if testing.Short() { // the race detector needs ten times as long
		seeds = 4
	}
	for seed := range seeds {
		r := rand.New(rand.NewPCG(seed, 1))
		args := []string{"-draft", []string{"none", "template"}[r.IntN(2)]}
		if r.IntN(4) > 0 {
			args = append(args, "-controls", write(t, "site.json", randomSite(r)))
		}
		fleet := randomFleet(r, 1+r.IntN(120))
		for i := range 1 + r.IntN(3) { // files that share findings
			part := append([]map[string]any{}, fleet[r.IntN(len(fleet)):]...)
			part = append(part, randomFleet(r, r.IntN(20))...)
			if len(part) == 0 {
				continue
			}
			var text []byte
			if i%2 == 0 {
				for _, f := range part {
					line, err := json.Marshal(f)
					require.NoError(t, err)
					text = append(append(text, line...), '\n')
				}
				text = append(text, "7\n"...)
			} else {
				text, _ = json.Marshal(map[string]any{"findings": part})
			}
			args = append(args, write(t, fmt.Sprintf("f%d.json", i), string(text)))
		}
		got := bothAlike(t, args...)
		warned += len(got["warnings"].([]any))
	}
	assert.Greater(t, warned, int(seeds)*10/3, "the fleets hold nothing to warn of")
}

// Other readers' findings pass too, and what the makers say of them.
func TestLinesOfOtherFormats(t *testing.T) {
	table := write(t, "f.csv", "id,title,device,weaknesses,cvss\nF-1,a,d-1,CWE-798;CWE-306,\nF-1,b,,CWE-79,\nF-1,b,,CWE-79,\n")
	log := write(t, "f.sarif", `{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"x","rules":[{"id":"R1","properties":{"tags":["external/cwe/cwe-798"]}}]}},"results":[{"ruleId":"R1","message":{"text":"m"}}]}]}`)
	bom := write(t, "f.cdx.json", `{"bomFormat":"CycloneDX","specVersion":"1.5","vulnerabilities":[{"id":"CVE-2023-6448","cwes":[798]}]}`)
	got := bothAlike(t, table, log, bom)
	assert.Len(t, got["findings"], 4)
	bothAlike(t, append([]string{"-draft", "none", table}, advisories(t)[:20]...)...)
}

func TestLinesMisuse(t *testing.T) {
	_, stderr, code := assess(t, "-format", "jsonl", "-store", "bolt:"+filepath.Join(t.TempDir(), "x.db"))
	assert.Equal(t, 2, code)
	assert.Contains(t, stderr, "-format jsonl keeps no finding")

	bad := write(t, "bad.json", `{"id":"F-1","weaknesses":["CWE-798"]}`+"\n"+`{"id":"F-2"}`+"\n")
	out, stderr, code := assess(t, "-format", "jsonl", bad, write(t, "empty.json", ""))
	assert.Equal(t, 2, code)
	assert.Contains(t, stderr, "empty.json: empty")
	assert.Equal(t, 2, strings.Count(out, "\n"), "what was written stays, without a summary")
	assert.NotContains(t, out, "summary")

	// A file is whole or not there.
	to := filepath.Join(t.TempDir(), "out.jsonl")
	_, _, code = assess(t, "-format", "jsonl", "-o", to, bad, filepath.Join(t.TempDir(), "no.json"))
	assert.Equal(t, 2, code)
	left, err := os.ReadDir(filepath.Dir(to))
	require.NoError(t, err)
	assert.Empty(t, left)
	_, _, code = assess(t, "-format", "jsonl", "-o", to, bad)
	assert.Zero(t, code)
	want, _, _ := assess(t, "-format", "jsonl", bad)
	got, err := os.ReadFile(to)
	require.NoError(t, err)
	assert.Equal(t, want, string(got))
	_, stderr, code = assess(t, "-format", "jsonl", "-strict", bad)
	assert.Equal(t, 3, code, stderr)
}

// A line is written before the next finding is there, and a run that ends
// early leaves whole lines and no goroutine.
func TestLinesFlow(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	from, into := io.Pipe()
	out, to := io.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, []string{"-format", "jsonl", "-"}, from, to, io.Discard)
		to.Close()
	}()
	d := json.NewDecoder(out)
	for i := range 3 {
		_, err := fmt.Fprintf(into, "{\"id\":\"F-%d\",\"weaknesses\":[\"CWE-798\"]}\n", i)
		require.NoError(t, err)
		var r graph.FindingResult
		require.NoError(t, d.Decode(&r))
		assert.Equal(t, fmt.Sprintf("F-%d", i), r.ID)
	}
	cancel()
	assert.ErrorIs(t, <-ended, context.Canceled)
	assert.False(t, d.More(), "a summary of an unfinished run")
	into.Close() // the read that was waited for
}

// short takes one write, as head -1 does.
type short struct{ writes int }

var errLeft = errors.New("the reader has left")

func (s *short) Write(b []byte) (int, error) {
	if s.writes++; s.writes > 1 {
		return 0, errLeft
	}
	return len(b), nil
}

func TestLinesBrokenPipe(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	var in bytes.Buffer
	for i := range 50_000 {
		fmt.Fprintf(&in, "{\"id\":\"F-%d\",\"weaknesses\":[\"CWE-798\"]}\n", i)
	}
	s := &short{}
	err := run(t.Context(), []string{"-format", "jsonl", "-"}, &in, s, io.Discard)
	assert.ErrorIs(t, err, errLeft)
	assert.Equal(t, 2, s.writes)
}
