package graph

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/data"
	"github.com/mitigraph/mitigraph/mitre"
)

func TestReadSite(t *testing.T) {
	const good = "\xef\xbb\xbf" + `{"site":"works","deployed":["M0801"],
	 "devices":[{"id":"plc-1","name":"Pump controller","asset":"A0003","deployed":["M0807"],"constraints":["no_agent","no_patch"]}]}`
	s, err := ReadSite(t.Context(), "site.json", strings.NewReader(good))
	require.NoError(t, err)
	assert.Equal(t, SiteDescription{Site: "works", Deployed: []string{"M0801"}, Source: "site.json", Devices: []Device{{
		ID: "plc-1", Name: "Pump controller", Asset: "A0003", Deployed: []string{"M0807"}, Constraints: []string{"no_agent", "no_patch"},
	}}}, s)

	for _, test := range []struct{ name, input, want string }{
		{"empty", " \n", "site.json: empty file"},
		{"cut off", "{\n\"site\":", "site.json: line 2: unexpected EOF"},
		{"wrong type", "{\n\"devices\":7}", "site.json: line 2: devices: want a list, found a JSON number"},
		{"misspelt member", `{"deploid":["M0801"]}`, `site.json: line 1: unknown member "deploid": a site may have site, deployed, devices, accepted, each of its devices id, name,`},
		{"text behind", "{}\n{}", "more text after the JSON object"},
		{"an array", `[]`, "site.json: line 1: the whole: want an object, found a JSON array"},
		{"a member twice", "{\"devices\":[{\"id\":\"a\",\n\"deployed\":[\"M0801\"],\"Deployed\":[]}]}", `site.json: line 2: the member "Deployed" stands twice`},
		{"two lists of devices", `{"devices":[{"id":"a","deployed":["M0801"]}],"devices":[{"id":"b"}]}`, `the member "devices" stands twice`},
		{"nothing said", "{}", "site.json: it says nothing"},
		{"null", "null", "site.json: it says nothing"},
		{"Latin-1", "{\"site\":\n\"W\xe4rme\"}", "site.json: line 2: the text is not UTF-8"},
		{"misspelt words", `{"devices":[{"id":"a","constraints":["no_patch","no_pach"]},{"id":"a"},{"id":"b","products":[" "],"constraints":["no_agnt"]}],"accepted":[{"kind":"not_deployd"}]}`,
			`site.json: devices[0].constraints[1]: unknown constraint "no_pach"; known are hard_real_time, `},
		{"and each of them", `{"devices":[{"id":"a","constraints":["no_pach"]},{"id":"a"},{"id":"b","products":[" "],"constraints":["no_agnt"]}],"accepted":[{"kind":"not_deployd"}]}`,
			`did you mean no_patch?; devices[1]: the device "a" is already devices[0]; devices[2].products[0]: a product without a name; devices[2].constraints[0]: unknown constraint "no_agnt"`},
		{"also of what is accepted", `{"devices":[{"id":"a","constraints":["no_pach"]}],"accepted":[{"kind":"not_deployd"}]}`, `accepted[0].kind: unknown kind of gap "not_deployd"`},
		{"deep nesting", strings.Repeat("[", 1_000_000), "site.json: line 1:"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, err := ReadSite(t.Context(), "site.json", strings.NewReader(test.input))
			require.ErrorContains(t, err, test.want)
			assert.Zero(t, s)
		})
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = ReadSite(ctx, "site.json", strings.NewReader(good))
	assert.ErrorIs(t, err, context.Canceled)
	_, err = ReadSite(t.Context(), "site.json", nil)
	assert.ErrorContains(t, err, "the reader is nil")
}

func TestSiteFactsNamesThePlace(t *testing.T) {
	for _, test := range []struct {
		name string
		site SiteDescription
		want string
	}{
		{"unknown mitigation", SiteDescription{Deployed: []string{"M0801", "M9999"}}, `c.json: deployed[1]: mitigation "M9999" is not in ATT&CK ics-attack 19.1`},
		{"misspelt mitigation", SiteDescription{Deployed: []string{"M9801"}}, "is not in ATT&CK ics-attack 19.1; did you mean M0801?"},
		{"misspelt asset", SiteDescription{Devices: []Device{{ID: "a", Asset: "AOOO3"}}}, "is not in ATT&CK ics-attack 19.1; did you mean A0003?"},
		{"misspelt constraint", SiteDescription{Devices: []Device{{ID: "a", Constraints: []string{"no_pach"}}}}, `unknown constraint "no_pach"; known are no_auth, no_patch; did you mean no_patch?`},
		{"misspelt kind", SiteDescription{Accepted: []Acceptance{{Kind: "no_tehcnique"}}}, `c.json: accepted[0].kind: unknown kind of gap "no_tehcnique"; known are`},
		{"misspelt device", SiteDescription{Devices: []Device{{ID: "plc-1"}}, Accepted: []Acceptance{{Kind: GapNoTechnique, Finding: "f", Device: "plc_1", By: "b", Why: "w"}}}, `the site describes no device "plc_1"; did you mean plc-1?`},
		{"a technique", SiteDescription{Deployed: []string{"T0814"}}, "c.json: deployed[0]: T0814 is Denial of Service, not a mitigation"},
		{"on a device", SiteDescription{Devices: []Device{{ID: "a"}, {ID: "b", Deployed: []string{"x"}}}}, `c.json: devices[1].deployed[0]: mitigation "x"`},
		{"unknown asset", SiteDescription{Devices: []Device{{ID: "a", Asset: "A9999"}}}, `c.json: devices[0].asset: asset "A9999"`},
		{"unknown constraint", SiteDescription{Devices: []Device{{ID: "a", Constraints: []string{"no_agnt"}}}}, `c.json: devices[0].constraints[0]: unknown constraint "no_agnt"; known are no_auth, no_patch`},
		{"no id", SiteDescription{Devices: []Device{{Asset: "A0003"}}}, "c.json: devices[0]: a device without an id"},
		{"twice", SiteDescription{Devices: []Device{{ID: "a"}, {ID: "a"}}}, `c.json: devices[1]: the device "a" is already devices[0]`},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.site.Source = "c.json"
			_, err := New(t.Context(), testSources(t, SiteFacts(test.site))...)
			assert.ErrorContains(t, err, test.want)
		})
	}
}

// In a release without assets the device's asset is left out with a warning.
func TestSiteFactsWithoutAssets(t *testing.T) {
	const old = `{"type":"bundle","objects":[{"type":"course-of-action","id":"course-of-action--1","name":"M","external_references":[{"source_name":"mitre-attack","external_id":"M0801"}]}]}`
	c, err := mitre.Read(t.Context(), "old.json", strings.NewReader(old))
	require.NoError(t, err)
	g, err := New(t.Context(), Attack(c), SiteFacts(SiteDescription{Source: "c.json", Devices: []Device{{ID: "a", Asset: "A0003"}}}))
	require.NoError(t, err)
	defer g.Close()
	require.Len(t, g.Snapshot().Warnings(), 1)
	assert.Contains(t, g.Snapshot().Warnings()[0].String(), "c.json: devices[0].asset")
}

// What equipment or people in front of a device can do, no property of the
// device rules out.
func TestConstraintsLeaveWhatStandsInFront(t *testing.T) {
	b, err := data.FS.ReadFile(data.Constraints)
	require.NoError(t, err)
	var c constraints
	require.NoError(t, json.Unmarshal(b, &c))
	require.NotEmpty(t, c.Constraints)
	inFront := []string{"M0800", "M0802", "M0804", "M0807", "M0808", "M0813", "M0918", "M0926", "M0930", "M0931", "M0932", "M0937", "M0810"}
	for _, limit := range c.Constraints {
		for _, e := range limit.Effects {
			assert.False(t, e.Effect == "rules_out" && slices.Contains(inFront, e.Mitigation), "%s rules out %s", limit.ID, e.Mitigation)
			assert.False(t, limit.ID == "safety_certified" && e.Mitigation == "M0951" && e.Effect == "rules_out", "makers certify updates")
		}
	}
}
