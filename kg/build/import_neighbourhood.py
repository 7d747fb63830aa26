"""The neighbourhood of the project's links in imported ontologies: `graph/outside/{id}`.

An import may have millions of triples and stays in its own store. The built graph takes only the part around
the terms it links to (ancestors, relations on the way, siblings, labels), so that questions can show the path
to an ancestor. None of it is said by the text, and the reasoner reads none of it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from itertools import chain, pairwise
from pathlib import Path

import pyoxigraph as ox
from pyoxigraph import Literal, NamedNode, Quad

from kg.build.code_roll_up import extract_ways, read_roll_up
from kg.errors import UserError
from kg.mapping_files import read_prefixes
from kg.model.graphs import name_outside_extract
from kg.model.import_registry import ImportedDataset, list_imports
from kg.namespaces import DCTERMS, OWL, RDFS
from kg.settings import Settings
from kg.text_files import read_text, write_atomically
from sparqlhost.store.interface import Store
from sparqlhost.store.staging import open_readonly

_LINKED_TERMS_QUERY = Path("queries") / "imports" / "linked-terms.rq"
#: the children of a parent with more than this are not shown as siblings
_MAX_SIBLINGS = 60
#: steps upwards, so that a cycle of superclasses ends; no ontology is that deep
_MAX_DEPTH = 40
_log = logging.getLogger(__name__)

#: a term, a relation, and the term above
ImportEdge = tuple[NamedNode, NamedNode, NamedNode]


def load_neighbourhood(settings: Settings, built: Store) -> list[Quad]:
    """Return the neighbourhood of the built graph's links in all imports; none, and a warning, if unreadable.

    It is cached beside the imports. The name of the file has the digest of the build and the inode of the
    store, which every import replaces by another directory: so it changes when either of them does.
    """
    path = settings.locate_import_store()
    if not path.is_dir():
        return []
    cache_file = path.with_name(f"{path.name}.outside") / f"{built.version}-{path.stat().st_ino:x}.nq"
    try:
        if cache_file.is_file():
            return list(ox.parse(path=cache_file, format=ox.RdfFormat.N_QUADS))
        with open_readonly(path) as imports:
            quads = extract_neighbourhood(imports, built, settings)
        _write_cache(cache_file, quads)
    except (UserError, OSError, SyntaxError) as error:
        _log.warning("The imports cannot be read beside the build: %s", error)
        return []
    return quads


def extract_neighbourhood(imports: Store, built: Store, settings: Settings) -> list[Quad]:
    """Return the neighbourhood of `built`'s links in `imports`; both may be one store."""
    targets = _select_linked_terms(built, settings.root)
    code_edges = set(_derive_code_parents(targets, settings))
    datasets = list_imports(imports)
    roll_up = read_roll_up(built, settings.root)
    ways = extract_ways(imports, datasets, roll_up) if roll_up else ()
    around = (_extract_from_import(imports, imported, targets, code_edges) for imported in datasets)
    return list(dict.fromkeys(chain(*around, ways)))


def _write_cache(path: Path, quads: list[Quad]) -> None:
    """Write the quads, and remove those of other builds and imports."""
    for old in path.parent.glob("*.nq"):
        old.unlink(missing_ok=True)
    with write_atomically(path) as partial:
        ox.serialize(quads, partial, format=ox.RdfFormat.N_QUADS)


def _select_linked_terms(built: Store, root: Path) -> dict[NamedNode, str]:
    """Return the outside terms that the graph of mappings links to, with their CURIEs."""
    rows = built.select(read_text(root / _LINKED_TERMS_QUERY))
    pairs = ((row["term"], row["curie"]) for row in rows)
    return {t: c.value for t, c in pairs if isinstance(t, NamedNode) and isinstance(c, Literal)}


def _derive_code_parents(targets: dict[NamedNode, str], settings: Settings) -> Iterator[ImportEdge]:
    """Yield the edges between codes that contain their ancestors, as in ATC (N02AA01, N02AA, ...)."""
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
    """Yield the part of one import around `targets`: the paths to the roots, siblings, and labels.

    `code_edges` come from the codes themselves; of these, the edges are used whose two ends the import
    labels.
    """
    graph, extract = imported.graph, name_outside_extract(imported.id)
    edges = set(_walk_to_roots(imports, graph, targets))
    edges |= set(_select_siblings(imports, graph, targets, edges))
    # code edges count only where this import has the codes: those of ATC mean nothing in MONDO
    labelled_codes = dict(_select_labels(imports, graph, {below for below, _, _ in code_edges}))
    labelled_targets = labelled_codes.keys() & set(targets)
    code_edges = code_edges | set(_select_code_siblings(imports, graph, code_edges, labelled_targets))
    nodes = {end for below, _, above in edges | code_edges for end in (below, above)} | set(targets)
    labels = dict(_select_labels(imports, graph, nodes))
    edges |= {edge for edge in code_edges if edge[0] in labels and edge[2] in labels}
    if not edges and not labels:
        return
    for subject, predicate, above in sorted(edges, key=str):
        yield Quad(subject, predicate, above, extract)
    for node, label in sorted(labels.items(), key=str):
        yield Quad(node, RDFS["label"], label, extract)
    yield Quad(extract, DCTERMS["isPartOf"], graph, extract)
    yield Quad(extract, OWL["versionInfo"], Literal(imported.version), extract)


def _walk_to_roots(imports: Store, graph: NamedNode, targets: Iterable[NamedNode]) -> Iterator[ImportEdge]:
    """Yield the edges from `targets` up to the roots, level by level.

    A restriction (subClassOf a someValuesFrom) becomes an edge with its property. Each term is expanded once.
    """
    seen: set[NamedNode] = set()
    frontier = set(targets)
    for _ in range(_MAX_DEPTH):
        frontier -= seen
        if not frontier:
            return
        seen |= frontier
        edges = list(_select_parents(imports, graph, frontier))
        yield from edges
        frontier = {above for _, _, above in edges}


def _select_parents(imports: Store, graph: NamedNode, terms: Iterable[NamedNode]) -> Iterator[ImportEdge]:
    """Yield the edges one step up from each term."""
    query = f"""SELECT ?s ?p ?o {{ VALUES ?s {{ {" ".join(sorted(map(str, terms)))} }} GRAPH {graph} {{
      {{ ?s {RDFS["subClassOf"]} ?o BIND({RDFS["subClassOf"]} AS ?p) FILTER isIRI(?o) }} UNION
      {{ ?s {RDFS["subClassOf"]} ?r . ?r {OWL["onProperty"]} ?p ; {OWL["someValuesFrom"]} ?o
         FILTER isIRI(?o) }}
    }} }}"""
    yield from _select_edges(imports, query)


def _select_siblings(
    imports: Store, graph: NamedNode, targets: Iterable[NamedNode], upwards: Iterable[ImportEdge]
) -> Iterator[ImportEdge]:
    """Yield the edges from the siblings of `targets` to their parent, unless it has too many children."""
    up, starts = RDFS["subClassOf"], set(targets)
    for parent in sorted({above for below, way, above in upwards if below in starts and way == up}, key=str):
        query = f"""SELECT ?s ?p ?o {{ VALUES (?p ?o) {{ ({up} {parent}) }}
          GRAPH {graph} {{ ?s {up} ?o }} }} LIMIT {_MAX_SIBLINGS + 1}"""
        children = list(_select_edges(imports, query))
        yield from children if len(children) <= _MAX_SIBLINGS else ()


def _select_code_siblings(
    imports: Store, graph: NamedNode, code_edges: set[ImportEdge], targets: set[NamedNode]
) -> Iterator[ImportEdge]:
    """Yield the edges from the siblings of `targets` by code: as long, and beginning with the parent's."""
    for target, up, parent in sorted(code_edges, key=str):
        if target in targets:
            query = f"""SELECT ?s ?p ?o {{ VALUES (?p ?o) {{ ({up} {parent}) }}
              GRAPH {graph} {{ ?s {RDFS["label"]} ?name }}
              FILTER (STRSTARTS(STR(?s), "{parent.value}") && STRLEN(STR(?s)) = {len(target.value)}) }}"""
            yield from _select_edges(imports, query)


def _select_edges(imports: Store, query: str) -> Iterator[ImportEdge]:
    """Yield the rows of a query for ?s ?p ?o in which all three are IRIs."""
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
    """Yield the labels that an import has for some terms."""
    query = f"""SELECT ?s ?label {{ VALUES ?s {{ {" ".join(map(str, nodes))} }}
      GRAPH {graph} {{ ?s {RDFS["label"]} ?label }} }}"""
    for row in imports.select(query):
        subject, label = row["s"], row["label"]
        if isinstance(subject, NamedNode) and isinstance(label, Literal):
            yield subject, label
