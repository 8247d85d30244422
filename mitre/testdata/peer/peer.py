#!/usr/bin/env python3
"""Asks mitreattack-python what mitigraph's mitre package must answer too.

    pip install mitreattack-python==6.3.1
    python3 peer.py DIRECTORY >peer.tsv

For each bundle (.json.gz) of the directory and each getter of MitreAttackData
it prints, by tabs: file, getter, argument, number of answers, and the first
16 hex digits of the SHA-256 of the answers, sorted, each ended by a newline.
An answer is a line of IDs by spaces; what stands in it is said at each getter
below. The getters that answer for one object are asked for every object.
Where the peer fails, "error" and the error's type stand in the last two columns,
for a bundle that it can't read with "load" for the getter.
"""
import gzip
import hashlib
import pathlib
import sys
import tempfile
import warnings

from mitreattack.stix20 import MitreAttackData
from stix2 import Filter

DATES = ["2018-01-01T00:00:00Z", "2021-04-29T14:49:39Z", "2022-05-06T17:47:24Z", "2024-10-14T22:11:30Z"]
CONTENT = ["password", "PLC", "programmable logic controller", "Sandworm", "no such words anywhere"]

# Getter of all links: the getter of one object's, the types of that object.
LINKS = {
    "software_used_by_all_groups": ("software_used_by_group", ["intrusion-set"]),
    "groups_using_all_software": ("groups_using_software", ["malware", "tool"]),
    "software_used_by_all_campaigns": ("software_used_by_campaign", ["campaign"]),
    "campaigns_using_all_software": ("campaigns_using_software", ["malware", "tool"]),
    "groups_attributing_to_all_campaigns": ("groups_attributing_to_campaign", ["campaign"]),
    "campaigns_attributed_to_all_groups": ("campaigns_attributed_to_group", ["intrusion-set"]),
    "techniques_used_by_all_groups": ("techniques_used_by_group", ["intrusion-set"]),
    "groups_using_all_techniques": ("groups_using_technique", ["attack-pattern"]),
    "techniques_used_by_all_campaigns": ("techniques_used_by_campaign", ["campaign"]),
    "campaigns_using_all_techniques": ("campaigns_using_technique", ["attack-pattern"]),
    "techniques_used_by_all_software": ("techniques_used_by_software", ["malware", "tool"]),
    "software_using_all_techniques": ("software_using_technique", ["attack-pattern"]),
    "techniques_mitigated_by_all_mitigations": ("techniques_mitigated_by_mitigation", ["course-of-action"]),
    "mitigations_mitigating_all_techniques": ("mitigations_mitigating_technique", ["attack-pattern"]),
    "parent_techniques_of_all_subtechniques": ("parent_technique_of_subtechnique", ["attack-pattern"]),
    "subtechniques_of_all_techniques": ("subtechniques_of_technique", ["attack-pattern"]),
    "techniques_detected_by_all_datacomponents": ("techniques_detected_by_datacomponent", ["x-mitre-data-component"]),
    "datacomponents_detecting_all_techniques": ("datacomponents_detecting_technique", ["attack-pattern"]),
    "techniques_targeting_all_assets": ("techniques_targeting_asset", ["x-mitre-asset"]),
    "assets_targeted_by_all_techniques": ("assets_targeted_by_technique", ["attack-pattern"]),
    "techniques_detected_by_all_detection_strategies":
        ("techniques_detected_by_detection_strategy", ["x-mitre-detection-strategy"]),
    "detection_strategies_detecting_all_techniques":
        ("detection_strategies_detecting_technique", ["attack-pattern"]),
}


def link_lines(key, entries):
    """the object asked about, the linked object, the relationships"""
    for e in entries:
        relationships = ",".join(sorted({r["id"] for r in e["relationships"]}))
        yield f"{key} {e['object']['id']} {relationships}"


def ids(objects):
    return [o["id"] for o in objects]


def ask(a, emit):
    types = a.stix_types
    objects = {t: a.src.query([Filter("type", "=", t)]) for t in types}
    everything = [o for t in types for o in objects[t]]
    techniques = objects["attack-pattern"]

    # The objects of a type: their STIX IDs.
    getters = ["matrices", "tactics", "techniques", "subtechniques", "mitigations", "groups", "software", "campaigns",
               "assets", "datasources", "datacomponents", "analytics", "detectionstrategies"]
    for live in False, True:
        arg = "live" if live else "all"
        for g in getters:
            emit("get_" + g, arg, lambda: ids(getattr(a, "get_" + g)(remove_revoked_deprecated=live)))
        emit("get_techniques", arg + " without sub-techniques",
             lambda: ids(a.get_techniques(include_subtechniques=False, remove_revoked_deprecated=live)))
        for t in types:
            emit("get_objects_by_type", f"{arg} {t}", lambda: ids(a.get_objects_by_type(t, live)))
        for text in CONTENT:
            emit("get_objects_by_content", f"{arg} {text}", lambda: ids(a.get_objects_by_content(text, None, live)))
        # For each platform: the platform's name, the technique.
        platforms = sorted({p for t in techniques for p in t.get("x_mitre_platforms", [])})
        emit("get_techniques_by_platform", arg,
             lambda: [f"{p} {i}" for p in platforms for i in ids(a.get_techniques_by_platform(p, live))])
        # For each tactic of each domain: shortname, domain, the technique.
        shortnames = sorted({t["x_mitre_shortname"] for t in objects["x-mitre-tactic"]})
        emit("get_techniques_by_tactic", arg, lambda: [
            f"{s} {d} {i}" for s in shortnames for d in ("ics-attack", "enterprise-attack", "mobile-attack")
            for i in ids(a.get_techniques_by_tactic(s, d, live))])
        for date in DATES:
            emit("get_objects_created_after", f"{arg} {date}", lambda: ids(a.get_objects_created_after(date, live)))
            emit("get_objects_modified_after", f"{arg} {date}", lambda: ids(a.get_objects_modified_after(date, live)))
        emit("get_analytics_by_detection_strategy", arg, lambda: [
            f"{s['id']} {i}" for s in objects["x-mitre-detection-strategy"]
            for i in ids(a.get_analytics_by_detection_strategy(s["id"], live))])

    # The matrix's name, the place of the tactic in it, the tactic.
    emit("get_tactics_by_matrix", "", lambda: [
        f"{name} {n} {t['id']}" for name, tactics in a.get_tactics_by_matrix().items()
        for n, t in enumerate(tactics)])
    emit("get_tactics_by_technique", "",
         lambda: [f"{t['id']} {i}" for t in techniques for i in ids(a.get_tactics_by_technique(t["id"]))])
    emit("get_procedure_examples_by_technique", "",
         lambda: [f"{t['id']} {i}" for t in techniques for i in ids(a.get_procedure_examples_by_technique(t["id"]))])
    emit("get_techniques_used_by_group_software", "",
         lambda: [f"{g['id']} {i}" for g in objects["intrusion-set"]
          for i in ids(a.get_techniques_used_by_group_software(g["id"]))])

    # One object: its ID and what was answered.
    emit("get_object_by_stix_id", "",
         lambda: [f"{o['id']} {a.get_object_by_stix_id(o['id'])['id']}" for o in everything])
    emit("get_attack_id", "", lambda: [f"{o['id']} {a.get_attack_id(o['id'])}" for o in everything])
    emit("get_name", "", lambda: [f"{o['id']} {a.get_name(o['id'])}" for o in everything])
    emit("get_stix_type", "", lambda: [f"{o['id']} {a.get_stix_type(o['id'])}" for o in everything])
    # The type, the ATT&CK ID or name, the object.
    emit("get_object_by_attack_id", "", lambda: [
        f"{t} {i} {found and found['id']}" for t in types
        for i in sorted({a.get_attack_id(o["id"]) for o in objects[t]} - {None})
        for found in [a.get_object_by_attack_id(i, t)]])
    emit("get_objects_by_name", "", lambda: [
        f"{t} {name} {i}" for t in types for name in sorted({o["name"] for o in objects[t] if "name" in o})
        for i in ids(a.get_objects_by_name(name, t))])
    # The alias, the object.
    for getter, of, member in (("get_groups_by_alias", ["intrusion-set"], "aliases"),
                               ("get_campaigns_by_alias", ["campaign"], "aliases"),
                               ("get_software_by_alias", ["malware", "tool"], "x_mitre_aliases")):
        aliases = sorted({n for t in of for o in objects[t] for n in o.get(member, [])})
        emit(getter, "", lambda: [f"{n} {i}" for n in aliases for i in ids(getattr(a, getter)(n))])
    emit("get_revoking_object", "", lambda: [
        f"{o['id']} {r['id']}" for o in everything if o.get("revoked")
        for r in [a.get_revoking_object(o["id"])] if r])

    for every, (one, of) in LINKS.items():
        name = "get_all_" + every
        links = getattr(a, name)()
        emit(name, "", lambda: [line for key, entries in links.items() for line in link_lines(key, entries)])
        emit("get_" + one, "", lambda: [
            line for t in of for o in objects[t]
            for line in link_lines(o["id"], getattr(a, "get_" + one)(o["id"]))])


def main():
    warnings.simplefilter("ignore")
    for path in sorted(pathlib.Path(sys.argv[1]).glob("*.json.gz")):
        def emit(getter, argument, answers):
            try:
                answers = answers()
            except Exception as e:  # whatever keeps the peer from answering
                print(path.name, getter, argument, "error", type(e).__name__, sep="\t", flush=True)
                print(path.name, getter, repr(e)[:300], file=sys.stderr)
                return
            digest = hashlib.sha256("".join(line + "\n" for line in sorted(answers)).encode()).hexdigest()[:16]
            print(path.name, getter, argument, len(answers), digest, sep="\t", flush=True)

        with tempfile.NamedTemporaryFile(suffix=".json") as bundle:
            bundle.write(gzip.decompress(path.read_bytes()))
            bundle.flush()
            try:
                ask(MitreAttackData(bundle.name), emit)
            except Exception as e:  # whatever keeps the peer from answering
                print(path.name, "load", "", "error", type(e).__name__, sep="\t", flush=True)
                print(path.name, repr(e)[:300], file=sys.stderr)


main()
