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

from kg.errors import UserError
from kg.build.mapping_files import read_prefixes
from kg.model.import_registry import ImportedDataset, list_imports, locate_import_store
from kg.namespaces import DCTERMS, GRAPH, OWL, RDFS, SKOS
from kg.build.loading import MAPPINGS
from kg.settings import Settings
from sparqlhost.store.staging import open_readonly
from sparqlhost.store.interface import Store

_MAX_SIBLINGS = 60  # a parent with more children than this has no siblings worth showing
_MAX_DEPTH = 40  # no ontology is deeper
_log = logging.getLogger(__name__)

ImportEdge = tuple[NamedNode, NamedNode, NamedNode]


def load_neighbourhood(settings: Settings, built: Store) -> list[Quad]:
    """Return the neighbourhood of the built graph's links in each import; what cannot be read is logged.

    It is kept beside the imports, by build and by import, so that only the first opening works it out.
    """
    path = locate_import_store(settings)
    if not path.is_dir():
        return []
    kept = path.with_name(f"{path.name}.outside") / f"{built.version}-{path.stat().st_ino:x}.nq"
    try:
        if kept.is_file():
            return list(ox.parse(path=kept, format=ox.RdfFormat.N_QUADS))
        quads = _compute_neighbourhood(settings, built)
        _write_cache(kept, quads)
    except (UserError, OSError, SyntaxError) as error:
        _log.warning("The imports cannot be read beside the build: %s", error)
        return []
    return quads


def _compute_neighbourhood(settings: Settings, built: Store) -> list[Quad]:
    """Return the neighbourhood, read from the imports."""
    with open_readonly(locate_import_store(settings)) as imports:
        return extract_neighbourhood(imports, built, settings)


def extract_neighbourhood(imports: Store, built: Store, settings: Settings) -> list[Quad]:
    """Return the neighbourhood of `built`'s links in `imports`; both may be one store."""
    targets = _select_linked_terms(built)
    spelt = set(_derive_code_parents(targets, settings))
    around = (_extract_from_import(imports, imported, targets, spelt) for imported in list_imports(imports))
    return [quad for quads in around for quad in quads]


def _write_cache(path: Path, quads: list[Quad]) -> None:
    """Write the quads in the place of those of other builds, in one rename."""
    path.parent.mkdir(exist_ok=True)
    for old in path.parent.glob("*.nq"):
        old.unlink(missing_ok=True)
    partial = path.with_suffix(f".{os.getpid()}")
    ox.serialize(quads, partial, format=ox.RdfFormat.N_QUADS)
    partial.replace(path)


def _select_linked_terms(built: Store) -> dict[NamedNode, str]:
    """Return the outside terms of the graph of mappings with their CURIEs."""
    rows = built.select(f"SELECT ?term ?curie {{ GRAPH {MAPPINGS} {{ ?term {SKOS['notation']} ?curie }} }}")
    pairs = ((row["term"], row["curie"]) for row in rows)
    return {t: c.value for t, c in pairs if isinstance(t, NamedNode) and isinstance(c, Literal)}


def _derive_code_parents(targets: dict[NamedNode, str], settings: Settings) -> Iterator[ImportEdge]:
    """Yield the parents of codes that spell their parents, as ATC's do."""
    prefixes = read_prefixes(settings.root)
    for curie in targets.values():
        prefix, _, code = curie.partition(":")
        vocabulary = prefixes.vocabularies.get(prefix)
        lengths = [n for n in (vocabulary.level_lengths if vocabulary else ()) if n <= len(code)]
        chain = [NamedNode(vocabulary.iri_prefix + code[:n]) for n in lengths] if vocabulary else []
        for parent, child in pairwise(chain):
            yield child, RDFS["subClassOf"], parent


def _extract_from_import(
    imports: Store, imported: ImportedDataset, targets: Iterable[NamedNode], code_edges: set[ImportEdge]
) -> Iterator[Quad]:
    """Yield the part of one import around `targets`: the ways up, siblings, and labels.

    Edges that codes spell out are taken where the import knows both ends.
    """
    graph, home = imported.graph, GRAPH[f"outside/{imported.id}"]
    edges = set(_walk_to_roots(imports, graph, targets))
    edges |= set(_select_siblings(imports, graph, targets, edges))
    nodes = {end for edge in edges for end in (edge[0], edge[2])} | set(targets)
    known = {node for node, _ in _select_labels(imports, graph, {below for below, _, _ in code_edges})} & set(
        targets
    )
    code_edges = code_edges | set(_select_code_siblings(imports, graph, code_edges, known))
    labels = dict(
        _select_labels(imports, graph, {*nodes, *(end for edge in code_edges for end in (edge[0], edge[2]))})
    )
    edges |= {edge for edge in code_edges if edge[0] in labels and edge[2] in labels}
    if not edges and not labels:
        return
    for subject, predicate, above in sorted(edges, key=str):
        yield Quad(subject, predicate, above, home)
    for node, label in sorted(labels.items(), key=str):
        yield Quad(node, RDFS["label"], label, home)
    yield Quad(home, DCTERMS["isPartOf"], graph, home)
    yield Quad(home, OWL["versionInfo"], Literal(imported.version), home)


def _walk_to_roots(imports: Store, graph: NamedNode, targets: Iterable[NamedNode]) -> Iterator[ImportEdge]:
    """Yield the edges from `targets` up to the roots: superclasses, and restrictions as plain relations."""
    seen: set[NamedNode] = set()
    frontier = set(targets)
    for _ in range(_MAX_DEPTH):
        frontier -= seen
        if not frontier:
            return
        seen |= frontier
        found = list(_select_parents(imports, graph, frontier))
        yield from found
        frontier = {above for _, _, above in found}


def _select_parents(imports: Store, graph: NamedNode, terms: Iterable[NamedNode]) -> Iterator[ImportEdge]:
    """Yield one step up from each term."""
    query = f"""SELECT ?s ?p ?o {{ VALUES ?s {{ {" ".join(sorted(map(str, terms)))} }} GRAPH {graph} {{
      {{ ?s {RDFS["subClassOf"]} ?o BIND({RDFS["subClassOf"]} AS ?p) FILTER isIRI(?o) }} UNION
      {{ ?s {RDFS["subClassOf"]} ?r . ?r {OWL["onProperty"]} ?p ; {OWL["someValuesFrom"]} ?o
         FILTER isIRI(?o) }}
    }} }}"""
    yield from _select_edges(imports, query)


def _select_siblings(
    imports: Store, graph: NamedNode, targets: Iterable[NamedNode], upwards: Iterable[ImportEdge]
) -> Iterator[ImportEdge]:
    """Yield the edges from the siblings of `targets` to the parent they share, where they are no crowd."""
    up, ours = RDFS["subClassOf"], set(targets)
    for parent in sorted({above for below, way, above in upwards if below in ours and way == up}, key=str):
        query = f"""SELECT ?s ?p ?o {{ VALUES (?p ?o) {{ ({up} {parent}) }}
          GRAPH {graph} {{ ?s {up} ?o }} }} LIMIT {_MAX_SIBLINGS + 1}"""
        children = list(_select_edges(imports, query))
        yield from children if len(children) <= _MAX_SIBLINGS else ()


def _select_code_siblings(
    imports: Store, graph: NamedNode, code_edges: set[ImportEdge], targets: set[NamedNode]
) -> Iterator[ImportEdge]:
    """Yield the edges from the siblings of a target whose code spells its parent."""
    for target, up, parent in sorted(code_edges, key=str):
        if target in targets:
            query = f"""SELECT ?s ?p ?o {{ VALUES (?p ?o) {{ ({up} {parent}) }}
              GRAPH {graph} {{ ?s {RDFS["label"]} ?name }}
              FILTER (STRSTARTS(STR(?s), "{parent.value}") && STRLEN(STR(?s)) = {len(target.value)}) }}"""
            yield from _select_edges(imports, query)


def _select_edges(imports: Store, query: str) -> Iterator[ImportEdge]:
    """Yield the rows of a query for ?s ?p ?o that are IRIs throughout."""
    for row in imports.select(query):
        subject, predicate, above = row["s"], row["p"], row["o"]
        if (
            isinstance(subject, NamedNode)
            and isinstance(predicate, NamedNode)
            and isinstance(above, NamedNode)
        ):
            yield subject, predicate, above


def _select_labels(
    imports: Store, graph: NamedNode, nodes: Iterable[NamedNode]
) -> Iterator[tuple[NamedNode, Literal]]:
    """Yield the label of each term in an import."""
    query = f"""SELECT ?s ?label {{ VALUES ?s {{ {" ".join(map(str, nodes))} }}
      GRAPH {graph} {{ ?s {RDFS["label"]} ?label }} }}"""
    for row in imports.select(query):
        subject, label = row["s"], row["label"]
        if isinstance(subject, NamedNode) and isinstance(label, Literal):
            yield subject, label
