"""Reads what graph/export wrote with rdflib and networkx, and counts it."""

import csv
import pathlib
import sys

import networkx
import rdflib

folder = pathlib.Path(sys.argv[1])
for part in ["near", "whole"]:
    nodes, edges, quads = map(int, (folder / f"{part}.counts").read_text().split())

    def same(what, got, want):
        if got != want:
            sys.exit(f"{part} as {what}: {got}, want {want}")

    graphs = {}
    for ending, form in [("nquads", "nquads"), ("jsonld", "json-ld")]:
        data = rdflib.Dataset()
        data.parse(folder / f"{part}.{ending}", format=form)
        graphs[form] = {(str(s), str(p), str(o), str(g)) for s, p, o, g in data.quads()}
        same(form, len(graphs[form]), quads)
    same("JSON-LD against N-Quads", graphs["json-ld"] == graphs["nquads"], True)

    graph = networkx.read_graphml(folder / f"{part}.graphml", force_multigraph=True)
    same("GraphML", (graph.number_of_nodes(), graph.number_of_edges()), (nodes, edges))
    confidences = [d["confidence"] for _, _, d in graph.edges(data=True)]
    same("GraphML's confidences", all(0 <= c <= 1 for c in confidences), True)

    tables = {}
    for name in ["nodes", "edges"]:
        with open(folder / f"{part}.csv-{name}", newline="", encoding="utf-8") as f:
            tables[name] = list(csv.DictReader(f))
    same("CSV", (len(tables["nodes"]), len(tables["edges"])), (nodes, edges))
    keys = {row["key"] for row in tables["nodes"]}
    same("CSV's ends", all(r["from"] in keys and r["to"] in keys for r in tables["edges"]), True)
    print(f"{part}: {nodes} nodes, {edges} edges, {quads} statements by rdflib and networkx")
