#!/usr/bin/env python3
"""Checks that a file is a STIX 2.1 bundle and prints how many objects it has.

    stix_valid.py [--official|--elsewhere] FILE

Objects of the types that STIX defines are checked by the OASIS library stix2.
It takes those of ATT&CK's own types (x-mitre-...) as they are, so the common
properties of these are checked here, and that every reference in the bundle
leads to an object in it. With --official references may be empty: release
18 of ATT&CK for ICS has five such, and what is read is written. With
--elsewhere they may lead to techniques and mitigations of the embedded facts
of ATT&CK, and nowhere else outside the bundle. Exit code 0: valid; 1: not, with
the reasons.
"""

import json
import sys
from collections import Counter
from pathlib import Path

import stix2
from stix2.properties import IDProperty, TimestampProperty


def problems_of_custom(obj):
    """Yields what is wrong with the common properties of an x-mitre object."""
    for name in ("type", "spec_version", "id", "created", "modified"):
        if name not in obj:
            yield f"{name} is missing"
            return
    if obj["spec_version"] != "2.1":
        yield f"spec_version {obj['spec_version']}"
    try:
        IDProperty(obj["type"], spec_version="2.1").clean(obj["id"])
        created = TimestampProperty().clean(obj["created"])[0]
        modified = TimestampProperty().clean(obj["modified"])[0]
        if modified < created:
            yield "modified before it was created"
        for reference in obj.get("external_references", ()):
            stix2.v21.ExternalReference(**reference)
    except (ValueError, stix2.exceptions.STIXError) as err:
        yield str(err)


def references(value):
    """Yields the IDs in all properties that end in _ref or _refs."""
    if isinstance(value, list):
        for element in value:
            yield from references(element)
    elif isinstance(value, dict):
        for name, member in value.items():
            if name.endswith("_ref"):
                yield member
            elif name.endswith("_refs"):
                yield from member
            else:
                yield from references(member)


def of_attack():
    """Returns the IDs of the techniques and mitigations that are embedded."""
    facts = Path(__file__).parent.parent / "data/attack/ics-attack-19.1.json"
    with open(facts, encoding="utf-8") as f:
        objects = json.load(f)["objects"]
    return {o["id"] for o in objects if o["type"] in ("attack-pattern", "course-of-action")}


def main(path, official, elsewhere):
    outside = of_attack() if elsewhere else set()
    with open(path, encoding="utf-8") as f:
        raw = json.load(f)
    if raw.get("type") != "bundle":
        return [f"type {raw.get('type')!r}, want a bundle"], 0

    problems = []
    try:
        stix2.parse(raw, allow_custom=True, version="2.1")
    except (ValueError, stix2.exceptions.STIXError) as err:
        problems.append(str(err))

    objects = raw.get("objects", [])
    counts = Counter(obj["id"] for obj in objects)
    problems += [f"{i} occurs {n} times" for i, n in counts.items() if n > 1]
    for obj in objects:
        if obj["type"].startswith("x-"):
            problems += [f"{obj['id']}: {p}" for p in problems_of_custom(obj)]
        problems += [
            f"{obj['id']}: no object {ref}" for ref in references(obj)
            if ref not in counts and not (official and ref == "")
            and ref not in outside
        ]
    return problems, len(objects)


if __name__ == "__main__":
    args = [a for a in sys.argv[1:] if a not in ("--official", "--elsewhere")]
    if len(args) != 1:
        sys.exit(__doc__)
    found, count = main(args[0], "--official" in sys.argv, "--elsewhere" in sys.argv)
    for line in found:
        print(f"{args[0]}: {line}", file=sys.stderr)
    if found:
        sys.exit(1)
    print(f"{args[0]}: valid STIX 2.1, {count} objects")
