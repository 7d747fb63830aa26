"""What is known of each import: one description a graph, kept in `graph/imports` beside the imports."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pyoxigraph import Literal, NamedNode, Quad, Triple

from kg.errors import NotFound
from kg.namespaces import DCTERMS, GRAPH, IMPORT_GRAPH, OWL, RDF, RDFS, SPDX, VOID, XSD
from kg.settings import Settings
from sparqlhost.store.interface import Store, Term

IMPORTS_GRAPH = GRAPH["imports"]


@dataclass(frozen=True, slots=True)
class ImportedDataset:
    """One import; `date` is when it was made (ISO 8601, UTC), `skipped` counts what --lenient left out."""

    id: str
    title: str
    source: str
    format: str
    version: str
    licence: str
    sha256: str
    date: str
    triples: int
    terms: int
    skipped: int = 0

    @property
    def graph(self) -> NamedNode:
        """Return the name of the graph that holds it."""
        return IMPORT_GRAPH[self.id]


def locate_import_store(settings: Settings, given: Path | None = None) -> Path:
    """Return the directory that holds imports: the one given, else the served one, else our own."""
    if given is not None:
        return given
    if settings.store and ":" not in settings.store:
        return Path(settings.store)
    return settings.imports_dir / "store"


def describe_import(imported: ImportedDataset) -> Iterator[Quad]:
    """Yield the description of an import, as quads of META."""
    graph = imported.graph
    checksum = NamedNode(graph.value + "#sha256")
    about: list[tuple[NamedNode, NamedNode, NamedNode | Literal]] = [
        (graph, RDF["type"], VOID["Dataset"]),
        (graph, DCTERMS["identifier"], Literal(imported.id)),
        (graph, DCTERMS["title"], Literal(imported.title)),
        (graph, DCTERMS["source"], Literal(imported.source)),
        (graph, DCTERMS["format"], Literal(imported.format)),
        (graph, OWL["versionInfo"], Literal(imported.version)),
        (graph, DCTERMS["license"], Literal(imported.licence)),
        (graph, DCTERMS["created"], Literal(imported.date, datatype=XSD["dateTime"])),
        (graph, VOID["triples"], Literal(imported.triples)),
        (graph, VOID["classes"], Literal(imported.terms)),
        (graph, SPDX["checksum"], checksum),
        (checksum, RDF["type"], SPDX["Checksum"]),
        (checksum, SPDX["algorithm"], SPDX["checksumAlgorithm_sha256"]),
        (checksum, SPDX["checksumValue"], Literal(imported.sha256)),
    ]
    if imported.skipped:
        about.append((graph, RDFS["comment"], Literal(f"{imported.skipped} broken parts skipped")))
    for subject, predicate, target in about:
        yield Quad(subject, predicate, target, IMPORTS_GRAPH)


def make_removal_update(import_id: str) -> str:
    """Return the update that removes an import's description."""
    graph = IMPORT_GRAPH[import_id]
    checksum = NamedNode(graph.value + "#sha256")
    return " ; ".join(f"DELETE WHERE {{ GRAPH {IMPORTS_GRAPH} {{ {s} ?p ?o }} }}" for s in (graph, checksum))


_IMPORTS_QUERY = f"""
PREFIX dcterms: <{DCTERMS}> PREFIX void: <{VOID}> PREFIX owl: <{OWL}> PREFIX spdx: <{SPDX}>
PREFIX rdfs: <{RDFS}>
SELECT ?id ?title ?source ?format ?version ?licence ?sha256 ?date ?triples ?terms ?skipped {{ GRAPH {IMPORTS_GRAPH} {{
  ?graph a void:Dataset ; dcterms:identifier ?id ; dcterms:title ?title ; dcterms:source ?source ;
    dcterms:format ?format ; owl:versionInfo ?version ; dcterms:license ?licence ; dcterms:created ?date ;
    void:triples ?triples ; void:classes ?terms ; spdx:checksum/spdx:checksumValue ?sha256 .
  OPTIONAL {{ ?graph rdfs:comment ?skipped }}
}} }} ORDER BY ?id
"""


def list_imports(store: Store) -> tuple[ImportedDataset, ...]:
    """Return the imports of a store, by name."""
    return tuple(
        _parse_import_row({name: get_term_text(term) for name, term in row.items()})
        for row in store.select(_IMPORTS_QUERY)
    )


def _parse_import_row(row: dict[str, str]) -> ImportedDataset:
    """Return the import a row of _QUERY tells of."""
    skipped = int(row.pop("skipped", "0").split()[0])
    triples, terms = int(row.pop("triples")), int(row.pop("terms"))
    return ImportedDataset(**row, triples=triples, terms=terms, skipped=skipped)


def get_term_text(term: Term) -> str:
    """Return a term's IRI, label or literal text."""
    return str(term) if isinstance(term, Triple) else term.value


def find_import(store: Store, import_id: str) -> ImportedDataset:
    """Return the import called `imported_id`; raises NotFound with those there are."""
    every = list_imports(store)
    for imported in every:
        if imported.id == import_id:
            return imported
    known = ", ".join(i.id for i in every) or "none yet"
    raise NotFound(f"There is no import {import_id!r}.", hint=f"Imports: {known}; see kg imports.")
