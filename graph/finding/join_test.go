package finding_test

import (
	"math"
	"reflect"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/mitigraph/mitigraph/graph/finding"
)

func TestJoin(t *testing.T) {
	f := func(id, title, source string) finding.Finding {
		return finding.Finding{ID: id, Title: title, Source: source, CVEs: []string{"CVE-2024-1234"}}
	}
	joined, notes := finding.Join([]finding.Finding{f("A", "a", "x"), f("A", "b", "x"), f("A", "a", "y"), f("B", "", "x"), f("A", "b", "z"), f("B", "", "z"), f("B", "", "x"), {ID: "N", EPSS: math.NaN()}})
	assert.Equal(t, []finding.Finding{f("A", "a", "x"), f("A", "b", "x"), f("B", "", "x")}, joined[:3])
	assert.Len(t, joined, 4)
	assert.Equal(t, []string{
		"y: findings: A is in x already, in the same words; it counts once",
		"z: findings: 2 are there already, in the same words; each counts once; the first is A, in x",
		"x: findings: B is in it already, in the same words; it counts once",
	}, places(notes))
	joined, notes = finding.Join(nil)
	assert.Empty(t, joined)
	assert.Empty(t, notes)
}

// Every member but the source is part of what a finding says.
func TestDigestHasEveryMember(t *testing.T) {
	full := finding.Finding{ID: "a", Products: []string{"p"}, Remedies: []finding.Remedy{{Category: "c"}}}
	seen := map[[32]byte]string{full.Digest(): "nothing"}
	for i := range reflect.TypeFor[finding.Finding]().NumField() {
		f := full
		v := reflect.ValueOf(&f).Elem().Field(i)
		name := reflect.TypeFor[finding.Finding]().Field(i).Name
		switch v.Kind() {
		case reflect.String:
			v.SetString("other")
		case reflect.Bool:
			v.SetBool(true)
		case reflect.Float64:
			v.SetFloat(0.5)
		case reflect.Slice:
			v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		default:
			t.Fatalf("%s is of a kind that this test does not know", name)
		}
		was, same := seen[f.Digest()]
		assert.Equal(t, name == "Source", same, "%s: as %s", name, was)
		seen[f.Digest()] = name
	}
}
