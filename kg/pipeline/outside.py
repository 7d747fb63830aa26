"""The neighbourhood of our links in imported ontologies: ancestors, roles, siblings, in `graph/outside/{id}`.

An import stands in a store of its own and may have millions of triples; the built graph takes only the part
around the terms it links to, so that questions can show the way to an ancestor. None of it is said by the
text, and none of it is read by the reasoner.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

import pyoxigraph as ox
from pyoxigraph import Literal, NamedNode, Quad

from kg.errors import KgError
from kg.files.mappings import read_prefixes
from kg.linking.registry import Imported, listed, store_path
from kg.namespaces import DCTERMS, GRAPH, OWL, RDFS, SKOS
from kg.pipeline.dataset import MAPPINGS
from kg.settings import Settings
from kg.store.imports import open_readonly
from kg.store.protocol import Store

_CROWD = 60  # a parent with more children than this has no siblings worth showing
_ROUNDS = 40  # no ontology is deeper
_log = logging.getLogger(__name__)

Edge = tuple[NamedNode, NamedNode, NamedNode]


def outside_quads(settings: Settings, built: Store) -> list[Quad]:
    """Return the neighbourhood of the built graph's links in each import; what cannot be read is logged.

    It is kept beside the imports, by build and by import, so that only the first opening works it out.
    """
    path = store_path(settings)
    if not path.is_dir():
        return []
    kept = path.with_name(f"{path.name}.outside") / f"{built.version}-{path.stat().st_ino:x}.nq"
    try:
        if kept.is_file():
            return list(ox.parse(path=kept, format=ox.RdfFormat.N_QUADS))
        quads = _worked_out(settings, built)
        _keep(kept, quads)
    except (KgError, OSError, SyntaxError) as error:
        _log.warning("The imports cannot be read beside the build: %s", error)
        return []
    return quads


def _worked_out(settings: Settings, built: Store) -> list[Quad]:
    """Return the neighbourhood, read from the imports."""
    with open_readonly(store_path(settings)) as imports:
        return outside_of(imports, built, settings)


def outside_of(imports: Store, built: Store, settings: Settings) -> list[Quad]:
    """Return the neighbourhood of `built`'s links in `imports`; both may be one store."""
    targets = _targets(built)
    spelt = set(_spelt(targets, settings))
    around = (_around(imports, imported, targets, spelt) for imported in listed(imports))
    return [quad for quads in around for quad in quads]


def _keep(path: Path, quads: list[Quad]) -> None:
    """Write the quads in the place of those of other builds, in one rename."""
    path.parent.mkdir(exist_ok=True)
    for old in path.parent.glob("*.nq"):
        old.unlink(missing_ok=True)
    partial = path.with_suffix(f".{os.getpid()}")
    ox.serialize(quads, partial, format=ox.RdfFormat.N_QUADS)
    partial.replace(path)


def _targets(built: Store) -> dict[NamedNode, str]:
    """Return the outside terms of the graph of mappings with their CURIEs."""
    rows = built.select(f"SELECT ?term ?curie {{ GRAPH {MAPPINGS} {{ ?term {SKOS['notation']} ?curie }} }}")
    pairs = ((row["term"], row["curie"]) for row in rows)
    return {t: c.value for t, c in pairs if isinstance(t, NamedNode) and isinstance(c, Literal)}


def _spelt(targets: dict[NamedNode, str], settings: Settings) -> Iterator[Edge]:
    """Yield the parents of codes that spell their parents, as ATC's do."""
    prefixes = read_prefixes(settings.root)
    for curie in targets.values():
        prefix, _, code = curie.partition(":")
        vocabulary = prefixes.vocabularies.get(prefix)
        lengths = [n for n in (vocabulary.levels if vocabulary else ()) if n <= len(code)]
        chain = [NamedNode(vocabulary.iri + code[:n]) for n in lengths] if vocabulary else []
        for parent, child in pairwise(chain):
            yield child, RDFS["subClassOf"], parent


def _around(
    imports: Store, imported: Imported, targets: Iterable[NamedNode], spelt: set[Edge]
) -> Iterator[Quad]:
    """Yield the part of one import around `targets`: the ways up, siblings, and labels.

    Edges that codes spell out are taken where the import knows both ends.
    """
    graph, home = imported.graph, GRAPH[f"outside/{imported.id}"]
    edges = set(_upwards(imports, graph, targets))
    edges |= set(_beside(imports, graph, targets, edges))
    nodes = {end for edge in edges for end in (edge[0], edge[2])} | set(targets)
    known = {node for node, _ in _labels(imports, graph, {below for below, _, _ in spelt})} & set(targets)
    spelt = spelt | set(_spelt_beside(imports, graph, spelt, known))
    labels = dict(_labels(imports, graph, {*nodes, *(end for edge in spelt for end in (edge[0], edge[2]))}))
    edges |= {edge for edge in spelt if edge[0] in labels and edge[2] in labels}
    if not edges and not labels:
        return
    for subject, predicate, above in sorted(edges, key=str):
        yield Quad(subject, predicate, above, home)
    for node, label in sorted(labels.items(), key=str):
        yield Quad(node, RDFS["label"], label, home)
    yield Quad(home, DCTERMS["isPartOf"], graph, home)
    yield Quad(home, OWL["versionInfo"], Literal(imported.version), home)


def _upwards(imports: Store, graph: NamedNode, targets: Iterable[NamedNode]) -> Iterator[Edge]:
    """Yield the edges from `targets` up to the roots: superclasses, and restrictions as plain relations."""
    seen: set[NamedNode] = set()
    frontier = set(targets)
    for _ in range(_ROUNDS):
        frontier -= seen
        if not frontier:
            return
        seen |= frontier
        found = list(_steps(imports, graph, frontier))
        yield from found
        frontier = {above for _, _, above in found}


def _steps(imports: Store, graph: NamedNode, terms: Iterable[NamedNode]) -> Iterator[Edge]:
    """Yield one step up from each term."""
    query = f"""SELECT ?s ?p ?o {{ VALUES ?s {{ {" ".join(sorted(map(str, terms)))} }} GRAPH {graph} {{
      {{ ?s {RDFS["subClassOf"]} ?o BIND({RDFS["subClassOf"]} AS ?p) FILTER isIRI(?o) }} UNION
      {{ ?s {RDFS["subClassOf"]} ?r . ?r {OWL["onProperty"]} ?p ; {OWL["someValuesFrom"]} ?o
         FILTER isIRI(?o) }}
    }} }}"""
    yield from _edges(imports, query)


def _beside(
    imports: Store, graph: NamedNode, targets: Iterable[NamedNode], upwards: Iterable[Edge]
) -> Iterator[Edge]:
    """Yield the edges from the siblings of `targets` to the parent they share, where they are no crowd."""
    up, ours = RDFS["subClassOf"], set(targets)
    for parent in sorted({above for below, way, above in upwards if below in ours and way == up}, key=str):
        query = f"""SELECT ?s ?p ?o {{ VALUES (?p ?o) {{ ({up} {parent}) }}
          GRAPH {graph} {{ ?s {up} ?o }} }} LIMIT {_CROWD + 1}"""
        children = list(_edges(imports, query))
        yield from children if len(children) <= _CROWD else ()


def _spelt_beside(
    imports: Store, graph: NamedNode, spelt: set[Edge], targets: set[NamedNode]
) -> Iterator[Edge]:
    """Yield the edges from the siblings of a target whose code spells its parent."""
    for target, up, parent in sorted(spelt, key=str):
        if target in targets:
            query = f"""SELECT ?s ?p ?o {{ VALUES (?p ?o) {{ ({up} {parent}) }}
              GRAPH {graph} {{ ?s {RDFS["label"]} ?name }}
              FILTER (STRSTARTS(STR(?s), "{parent.value}") && STRLEN(STR(?s)) = {len(target.value)}) }}"""
            yield from _edges(imports, query)


def _edges(imports: Store, query: str) -> Iterator[Edge]:
    """Yield the rows of a query for ?s ?p ?o that are IRIs throughout."""
    for row in imports.select(query):
        subject, predicate, above = row["s"], row["p"], row["o"]
        if (
            isinstance(subject, NamedNode)
            and isinstance(predicate, NamedNode)
            and isinstance(above, NamedNode)
        ):
            yield subject, predicate, above


def _labels(
    imports: Store, graph: NamedNode, nodes: Iterable[NamedNode]
) -> Iterator[tuple[NamedNode, Literal]]:
    """Yield the label of each term in an import."""
    query = f"""SELECT ?s ?label {{ VALUES ?s {{ {" ".join(map(str, nodes))} }}
      GRAPH {graph} {{ ?s {RDFS["label"]} ?label }} }}"""
    for row in imports.select(query):
        subject, label = row["s"], row["label"]
        if isinstance(subject, NamedNode) and isinstance(label, Literal):
            yield subject, label
