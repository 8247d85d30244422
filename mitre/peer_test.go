package mitre_test

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/mitre"
)

// TestPeer holds the answers of this package against those of
// mitreattack-python 6.3.1, getter by getter and release by release. The
// table and the script that made it are in testdata/peer. What this package
// answers in another way is listed in flaws, with the reason.
func TestPeer(t *testing.T) {
	table, err := os.ReadFile(filepath.Join("testdata", "peer", "peer.tsv"))
	require.NoError(t, err)
	rows := map[string][][]string{}
	for line := range strings.Lines(string(table)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		require.Len(t, f, 5, line)
		rows[f[0]] = append(rows[f[0]], f)
	}
	require.NotEmpty(t, rows)
	for _, file := range slices.Sorted(maps.Keys(rows)) {
		t.Run(file, func(t *testing.T) {
			if testing.Short() && strings.HasPrefix(file, "enterprise") {
				t.Skip("-short")
			}
			c := official(t, file)
			equal, other, failed := 0, map[string]int{}, 0
			var raw []map[string]any
			for _, row := range rows[file] {
				getter, argument, count, digest := row[1], row[2], row[3], row[4]
				if count == "error" {
					failed++ // the peer's failure; ours answers below for other releases
					continue
				}
				lines, ok := answer(c, getter, argument)
				require.True(t, ok, "no answer for %s", getter)
				if sameAnswer(lines, count, digest) {
					equal++
					continue
				}
				flaw, ok := flaws[getter]
				if !assert.True(t, ok, "%s %s: %d answers, the peer %s", getter, argument, len(lines), count) {
					continue
				}
				if raw == nil {
					_, raw = bundle(t, unzipped(t, filepath.Join(shared, file)))
				}
				lines = flaw(c, raw, argument)
				assert.True(t, sameAnswer(lines, count, digest), "%s %s: %d answers by the peer's rule, the peer %s", getter, argument, len(lines), count)
				other[getter]++
			}
			t.Logf("%d answers equal; the peer's flaws explain %v; %d that the peer can't give", equal, other, failed)
		})
	}
}

func sameAnswer(lines []string, count, digest string) bool {
	slices.Sort(lines)
	var all strings.Builder
	for _, line := range lines {
		all.WriteString(line + "\n")
	}
	sum := sha256.Sum256([]byte(all.String()))
	return strconv.Itoa(len(lines)) == count && hex.EncodeToString(sum[:])[:16] == digest
}

// flaws are the getters that answer otherwise than this package does. Each
// function does what the peer does, on the raw objects where the catalogue no
// longer knows, so that nothing but the flaw can make the difference.
var flaws = map[string]func(c *mitre.Catalog, raw []map[string]any, argument string) []string{
	// The peer leaves out techniques that do not say that they are no
	// sub-techniques, as in releases before ATT&CK had the property.
	"get_techniques": func(c *mitre.Catalog, raw []map[string]any, argument string) (lines []string) {
		for t := range peerObjects(c, raw, argument, "attack-pattern") {
			if t["x_mitre_is_subtechnique"] == false {
				lines = append(lines, t["id"].(string))
			}
		}
		return lines
	},
	// The peer takes None for a platform, and finds "Windows" in the middle
	// of other platforms' names.
	"get_techniques_by_platform": func(c *mitre.Catalog, raw []map[string]any, argument string) []string {
		return containing(c, raw, argument, "x_mitre_platforms", "attack-pattern")
	},
	// The peer finds an alias in the middle of another one.
	"get_groups_by_alias": func(c *mitre.Catalog, raw []map[string]any, _ string) []string {
		return containing(c, raw, "all", "aliases", "intrusion-set")
	},
	"get_software_by_alias": func(c *mitre.Catalog, raw []map[string]any, _ string) []string {
		return containing(c, raw, "all", "x_mitre_aliases", "malware", "tool")
	},
	// The peer compares timestamps as strings, in which a fraction of a
	// second comes before none.
	"get_objects_modified_after": func(c *mitre.Catalog, raw []map[string]any, argument string) (lines []string) {
		live, date, _ := strings.Cut(argument, " ")
		for _, o := range raw {
			if modified, _ := o["modified"].(string); modified > date && (live == "all" || o["revoked"] != true && o["x_mitre_deprecated"] != true) {
				lines = append(lines, o["id"].(string))
			}
		}
		return lines
	},
	// A relationship of ICS 8.2 starts at a group that the bundle lacks. Here
	// it is among the catalogue's problems; the peer counts it.
	"get_objects_created_after": func(c *mitre.Catalog, raw []map[string]any, argument string) []string {
		lines, _ := answer(c, "get_objects_created_after", argument)
		_, date, _ := strings.Cut(argument, " ")
		for _, r := range dangling(c, raw) {
			if created, _ := r["created"].(string); created > date {
				lines = append(lines, r["id"].(string))
			}
		}
		return lines
	},
	"get_all_software_used_by_all_groups": func(c *mitre.Catalog, raw []map[string]any, _ string) []string {
		lines, _ := answer(c, "get_all_software_used_by_all_groups", "")
		for _, r := range dangling(c, raw) {
			if _, ok := mitre.Find[*mitre.Software](c, r["target_ref"].(string)); ok && r["relationship_type"] == "uses" {
				lines = append(lines, fmt.Sprint(r["source_ref"], " ", r["target_ref"], " ", r["id"]))
			}
		}
		return lines
	},
	// The peer knows an ATT&CK ID only where its reference comes first and
	// is called mitre-attack, which retired objects of every release do not
	// keep to.
	"get_attack_id": func(c *mitre.Catalog, raw []map[string]any, _ string) (lines []string) {
		for _, o := range raw {
			if stixType, _ := o["type"].(string); known(stixType) && stixType != "relationship" {
				lines = append(lines, o["id"].(string)+" "+cmp.Or(peerID(o), "None"))
			}
		}
		return lines
	},
	"get_object_by_attack_id": func(c *mitre.Catalog, raw []map[string]any, _ string) (lines []string) {
		has := map[string]bool{}
		for _, o := range raw {
			has[fmt.Sprint(o["type"], " ", peerID(o))] = true
		}
		all, _ := answer(c, "get_object_by_attack_id", "")
		for _, line := range all {
			if f := strings.Fields(line); has[f[0]+" "+f[1]] {
				lines = append(lines, line)
			}
		}
		return lines
	},
}

// peerID is what the peer takes for the ATT&CK ID.
func peerID(o map[string]any) string {
	refs, _ := o["external_references"].([]any)
	if len(refs) == 0 {
		return ""
	}
	first, _ := refs[0].(map[string]any)
	if id, _ := first["external_id"].(string); first["source_name"] == "mitre-attack" {
		return id
	}
	return ""
}

// dangling returns the relationships of which the bundle lacks an end.
func dangling(c *mitre.Catalog, raw []map[string]any) (out []map[string]any) {
	for _, r := range raw {
		if r["type"] != "relationship" {
			continue
		}
		_, from := c.Lookup(r["source_ref"].(string))
		_, to := c.Lookup(r["target_ref"].(string))
		if !from || !to {
			out = append(out, r)
		}
	}
	return out
}

// peerObjects iterates over the raw objects of the types, all or live ones,
// each once.
func peerObjects(c *mitre.Catalog, raw []map[string]any, argument string, types ...string) iter.Seq[map[string]any] {
	return func(yield func(map[string]any) bool) {
		seen := map[any]bool{}
		for _, o := range raw {
			if stixType, _ := o["type"].(string); !slices.Contains(types, stixType) || seen[o["id"]] {
				continue
			}
			seen[o["id"]] = true
			live := o["revoked"] != true && o["x_mitre_deprecated"] != true
			if (live || !strings.HasPrefix(argument, "live")) && !yield(o) {
				return
			}
		}
	}
}

// containing gives for each value of a property that is a list the objects
// with a value that contains it.
func containing(c *mitre.Catalog, raw []map[string]any, argument, property string, types ...string) []string {
	values := map[string]bool{}
	for o := range peerObjects(c, raw, "all", types...) {
		list, _ := o[property].([]any)
		for _, v := range list {
			values[v.(string)] = true
		}
	}
	found := map[string]bool{}
	for value := range values {
		for o := range peerObjects(c, raw, argument, types...) {
			list, _ := o[property].([]any)
			if slices.ContainsFunc(list, func(v any) bool { return strings.Contains(v.(string), value) }) {
				found[value+" "+o["id"].(string)] = true
			}
		}
	}
	return slices.Collect(maps.Keys(found))
}

// answer gives what the peer's getter gives, as the lines of peer.py.
func answer(c *mitre.Catalog, getter, argument string) ([]string, bool) {
	live, rest, _ := strings.Cut(argument, " ")
	switch getter {
	case "get_matrices":
		return objectIDs[*mitre.Matrix](c, live), true
	case "get_tactics":
		return objectIDs[*mitre.Tactic](c, live), true
	case "get_techniques":
		if rest != "" {
			return objectIDs[*mitre.Technique](c, live, func(o mitre.Object) bool { return !o.(*mitre.Technique).IsSubtechnique }), true
		}
		return objectIDs[*mitre.Technique](c, live), true
	case "get_subtechniques":
		return objectIDs[*mitre.Technique](c, live, func(o mitre.Object) bool { return o.(*mitre.Technique).IsSubtechnique }), true
	case "get_mitigations":
		return objectIDs[*mitre.Mitigation](c, live), true
	case "get_groups":
		return objectIDs[*mitre.Group](c, live), true
	case "get_software":
		return objectIDs[*mitre.Software](c, live), true
	case "get_campaigns":
		return objectIDs[*mitre.Campaign](c, live), true
	case "get_assets":
		return objectIDs[*mitre.Asset](c, live), true
	case "get_datasources":
		return objectIDs[*mitre.DataSource](c, live), true
	case "get_datacomponents":
		return objectIDs[*mitre.DataComponent](c, live), true
	case "get_analytics":
		return objectIDs[*mitre.Analytic](c, live), true
	case "get_detectionstrategies":
		return objectIDs[*mitre.DetectionStrategy](c, live), true
	case "get_objects_by_type":
		return objectIDs[mitre.Object](c, live, func(o mitre.Object) bool { return o.Common().STIXType == rest }), true
	case "get_objects_by_content":
		lines := objectIDs[mitre.Object](c, live, mitre.Mentions(rest))
		for r := range c.Relationships() {
			if strings.Contains(strings.ToLower(r.Description), strings.ToLower(rest)) && (live == "all" || !r.Revoked && !r.Deprecated) {
				lines = append(lines, r.STIXID)
			}
		}
		return lines, true
	case "get_objects_created_after", "get_objects_modified_after":
		after, err := time.Parse(time.RFC3339, rest)
		if err != nil {
			return nil, false
		}
		if getter == "get_objects_created_after" {
			lines := objectIDs[mitre.Object](c, live, mitre.CreatedAfter(after))
			for r := range c.Relationships() {
				if r.Created.After(after) && (live == "all" || !r.Revoked && !r.Deprecated) {
					lines = append(lines, r.STIXID)
				}
			}
			return lines, true
		}
		lines := objectIDs[mitre.Object](c, live, mitre.ModifiedAfter(after))
		for r := range c.Relationships() {
			if r.Modified.After(after) && (live == "all" || !r.Revoked && !r.Deprecated) {
				lines = append(lines, r.STIXID)
			}
		}
		return lines, true
	case "get_techniques_by_platform":
		var lines []string
		platforms := map[string]bool{}
		for t := range mitre.All[*mitre.Technique](c) {
			for _, p := range t.Platforms {
				platforms[p] = true
			}
		}
		for p := range platforms {
			for _, id := range objectIDs[*mitre.Technique](c, live, mitre.OnPlatform(p)) {
				lines = append(lines, p+" "+id)
			}
		}
		return lines, true
	case "get_techniques_by_tactic":
		var lines []string
		for shortname := range shortnames(c) {
			for _, id := range objectIDs[*mitre.Technique](c, live, mitre.InTactic(shortname)) {
				lines = append(lines, shortname+" "+c.Info().Domain+" "+id)
			}
		}
		return lines, true
	case "get_analytics_by_detection_strategy":
		var lines []string
		for s := range mitre.All[*mitre.DetectionStrategy](c) {
			for r := range c.From(s, mitre.HasAnalytic) {
				if live == "all" || r.Target.Common().Live() {
					lines = append(lines, s.STIXID+" "+r.Target.Common().STIXID)
				}
			}
		}
		return lines, true
	case "get_tactics_by_matrix":
		var lines []string
		for m := range mitre.All[*mitre.Matrix](c) {
			for i, ref := range m.TacticRefs {
				lines = append(lines, fmt.Sprintf("%s %d %s", m.Name, i, ref))
			}
		}
		return lines, true
	case "get_tactics_by_technique":
		var lines []string
		for t := range mitre.All[*mitre.Technique](c) {
			for tactic := range mitre.All[*mitre.Tactic](c) {
				if slices.Contains(t.Tactics, tactic.Shortname) {
					lines = append(lines, t.STIXID+" "+tactic.STIXID)
				}
			}
		}
		return lines, true
	case "get_procedure_examples_by_technique":
		var lines []string
		for t := range mitre.All[*mitre.Technique](c) {
			for r := range c.To(t, mitre.Uses) {
				lines = append(lines, t.STIXID+" "+r.STIXID)
			}
		}
		return lines, true
	case "get_techniques_used_by_group_software":
		var lines []string
		for g := range mitre.All[*mitre.Group](c) {
			found := map[string]bool{}
			for software := range c.From(g, mitre.Uses) {
				if s, ok := software.Target.(*mitre.Software); ok {
					for r := range c.From(s, mitre.Uses) {
						if _, ok := r.Target.(*mitre.Technique); ok {
							found[g.STIXID+" "+r.Target.Common().STIXID] = true
						}
					}
				}
			}
			lines = slices.AppendSeq(lines, maps.Keys(found))
		}
		return lines, true
	case "get_object_by_stix_id":
		return each(c, func(o mitre.Object) string {
			found, _ := mitre.Find[mitre.Object](c, o.Common().STIXID)
			return found.Common().STIXID
		}), true
	case "get_attack_id":
		return each(c, func(o mitre.Object) string {
			if o.Common().ID == "" {
				return "None"
			}
			return o.Common().ID
		}), true
	case "get_name":
		return each(c, func(o mitre.Object) string { return o.Common().Name }), true
	case "get_stix_type":
		return each(c, func(o mitre.Object) string { return o.Common().STIXType }), true
	case "get_object_by_attack_id":
		found := map[string]bool{}
		for o := range mitre.All[mitre.Object](c) {
			p := o.Common()
			if p.ID == "" {
				continue
			}
			same := func() (mitre.Object, bool) { // the one of o's type
				switch o.(type) {
				case *mitre.Technique:
					return find[*mitre.Technique](c, p.ID)
				case *mitre.Mitigation:
					return find[*mitre.Mitigation](c, p.ID)
				}
				return c.Lookup(p.ID)
			}
			switch same, ok := same(); {
			case !ok:
			case p.ID != strings.ToUpper(p.ID):
				// A matrix, such as ics-attack: the peer asks for the ID in
				// upper case only and does not find it.
				found[p.STIXType+" "+p.ID+" None"] = true
			default:
				found[p.STIXType+" "+p.ID+" "+same.Common().STIXID] = true
			}
		}
		return slices.Collect(maps.Keys(found)), true
	case "get_objects_by_name":
		found := map[string]bool{}
		for o := range mitre.All[mitre.Object](c) {
			name := o.Common().Name
			for named := range mitre.Named[mitre.Object](c, name) {
				if p := named.Common(); p.STIXType == o.Common().STIXType && p.Name == name && known(p.STIXType) {
					found[p.STIXType+" "+name+" "+p.STIXID] = true
				}
			}
		}
		return slices.Collect(maps.Keys(found)), true
	case "get_groups_by_alias":
		return aliases[*mitre.Group](c), true
	case "get_campaigns_by_alias":
		return aliases[*mitre.Campaign](c), true
	case "get_software_by_alias":
		return aliases[*mitre.Software](c), true
	case "get_revoking_object":
		var lines []string
		for o := range mitre.All[mitre.Object](c) {
			if !o.Common().Revoked {
				continue
			}
			if r, err := c.Resolve(o.Common().STIXID); err == nil {
				// The peer takes one step only.
				next := r.Object
				if len(r.Followed) > 1 {
					next = r.Followed[1]
				}
				lines = append(lines, o.Common().STIXID+" "+next.Common().STIXID)
			}
		}
		return lines, true
	}
	links, ok := linkGetters[strings.TrimPrefix(getter, "get_")]
	if !ok {
		return nil, false
	}
	return links(c), true
}

// linkGetters are the questions for links, by the name of the getter for one
// object and that for all.
var linkGetters = func() map[string]func(*mitre.Catalog) []string {
	m := map[string]func(*mitre.Catalog) []string{}
	for names, get := range map[string]func(*mitre.Catalog) []string{
		"software_used_by_group all_software_used_by_all_groups":                                        attributed[*mitre.Software],
		"techniques_used_by_group all_techniques_used_by_all_groups":                                    attributed[*mitre.Technique],
		"groups_using_software all_groups_using_all_software":                                           groupsUsing[*mitre.Software],
		"groups_using_technique all_groups_using_all_techniques":                                        groupsUsing[*mitre.Technique],
		"software_used_by_campaign all_software_used_by_all_campaigns":                                  outgoing[*mitre.Campaign, *mitre.Software](mitre.Uses),
		"campaigns_using_software all_campaigns_using_all_software":                                     incoming[*mitre.Software, *mitre.Campaign](mitre.Uses),
		"groups_attributing_to_campaign all_groups_attributing_to_all_campaigns":                        outgoing[*mitre.Campaign, *mitre.Group](mitre.AttributedTo),
		"campaigns_attributed_to_group all_campaigns_attributed_to_all_groups":                          incoming[*mitre.Group, *mitre.Campaign](mitre.AttributedTo),
		"techniques_used_by_campaign all_techniques_used_by_all_campaigns":                              outgoing[*mitre.Campaign, *mitre.Technique](mitre.Uses),
		"campaigns_using_technique all_campaigns_using_all_techniques":                                  incoming[*mitre.Technique, *mitre.Campaign](mitre.Uses),
		"techniques_used_by_software all_techniques_used_by_all_software":                               outgoing[*mitre.Software, *mitre.Technique](mitre.Uses),
		"software_using_technique all_software_using_all_techniques":                                    incoming[*mitre.Technique, *mitre.Software](mitre.Uses),
		"techniques_mitigated_by_mitigation all_techniques_mitigated_by_all_mitigations":                outgoing[*mitre.Mitigation, *mitre.Technique](mitre.Mitigates),
		"mitigations_mitigating_technique all_mitigations_mitigating_all_techniques":                    incoming[*mitre.Technique, *mitre.Mitigation](mitre.Mitigates),
		"parent_technique_of_subtechnique all_parent_techniques_of_all_subtechniques":                   outgoing[*mitre.Technique, *mitre.Technique](mitre.SubtechniqueOf),
		"subtechniques_of_technique all_subtechniques_of_all_techniques":                                incoming[*mitre.Technique, *mitre.Technique](mitre.SubtechniqueOf),
		"techniques_detected_by_datacomponent all_techniques_detected_by_all_datacomponents":            outgoing[*mitre.DataComponent, *mitre.Technique](mitre.Detects),
		"datacomponents_detecting_technique all_datacomponents_detecting_all_techniques":                incoming[*mitre.Technique, *mitre.DataComponent](mitre.Detects),
		"techniques_targeting_asset all_techniques_targeting_all_assets":                                incoming[*mitre.Asset, *mitre.Technique](mitre.Targets),
		"assets_targeted_by_technique all_assets_targeted_by_all_techniques":                            outgoing[*mitre.Technique, *mitre.Asset](mitre.Targets),
		"techniques_detected_by_detection_strategy all_techniques_detected_by_all_detection_strategies": outgoing[*mitre.DetectionStrategy, *mitre.Technique](mitre.Detects),
		"detection_strategies_detecting_technique all_detection_strategies_detecting_all_techniques":    incoming[*mitre.Technique, *mitre.DetectionStrategy](mitre.Detects),
	} {
		for name := range strings.FieldsSeq(names) {
			m[name] = get
		}
	}
	return m
}()

func objectIDs[T mitre.Object](c *mitre.Catalog, live string, keep ...mitre.Filter) []string {
	seq := mitre.All[T](c)
	if live == "live" {
		seq = mitre.Live[T](c)
	}
	var lines []string
	for o := range mitre.Where(seq, keep...) {
		lines = append(lines, o.Common().STIXID)
	}
	return lines
}

// known reports whether the peer asks about the type.
func known(stixType string) bool {
	switch stixType {
	case "identity", "marking-definition", "x-mitre-collection":
		return false
	}
	return true
}

func each(c *mitre.Catalog, of func(mitre.Object) string) []string {
	var lines []string
	for o := range mitre.All[mitre.Object](c) {
		if known(o.Common().STIXType) {
			lines = append(lines, o.Common().STIXID+" "+of(o))
		}
	}
	return lines
}

func find[T mitre.Object](c *mitre.Catalog, id string) (mitre.Object, bool) {
	o, ok := mitre.Find[T](c, id)
	return o, ok
}

func shortnames(c *mitre.Catalog) iter.Seq[string] {
	names := map[string]bool{}
	for t := range mitre.All[*mitre.Tactic](c) {
		names[t.Shortname] = true
	}
	return maps.Keys(names)
}

func aliases[T mitre.Object](c *mitre.Catalog) []string {
	found := map[string]bool{}
	for o := range mitre.All[T](c) {
		for _, alias := range o.Common().Aliases {
			for named := range mitre.Named[T](c, alias) {
				if slices.Contains(named.Common().Aliases, alias) { // the peer minds case
					found[alias+" "+named.Common().STIXID] = true
				}
			}
		}
	}
	return slices.Collect(maps.Keys(found))
}

func linkLine(of, other mitre.Object, rels []*mitre.Relationship) string {
	var ids []string
	for _, r := range rels {
		ids = append(ids, r.STIXID)
	}
	slices.Sort(ids)
	return of.Common().STIXID + " " + other.Common().STIXID + " " + strings.Join(slices.Compact(ids), ",")
}

func outgoing[F, T mitre.Object](t mitre.RelationshipType) func(*mitre.Catalog) []string {
	return func(c *mitre.Catalog) (lines []string) {
		for of := range mitre.All[F](c) {
			for other, r := range mitre.Outgoing[T](c, of, t) {
				lines = append(lines, linkLine(of, other, []*mitre.Relationship{r}))
			}
		}
		return lines
	}
}

func incoming[F, T mitre.Object](t mitre.RelationshipType) func(*mitre.Catalog) []string {
	return func(c *mitre.Catalog) (lines []string) {
		for of := range mitre.All[F](c) {
			for other, r := range mitre.Incoming[T](c, of, t) {
				lines = append(lines, linkLine(of, other, []*mitre.Relationship{r}))
			}
		}
		return lines
	}
}

func attributed[T mitre.Object](c *mitre.Catalog) (lines []string) {
	for g := range mitre.All[*mitre.Group](c) {
		for o, rels := range mitre.Attributed[T](c, g) {
			lines = append(lines, linkLine(g, o, rels))
		}
	}
	return lines
}

func groupsUsing[T mitre.Object](c *mitre.Catalog) (lines []string) {
	for o := range mitre.All[T](c) {
		for g, rels := range c.GroupsUsing(o) {
			lines = append(lines, linkLine(o, g, rels))
		}
	}
	return lines
}
