"""The descriptions of imports in `graph/imports`: written and read back; no files here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pyoxigraph import Literal, NamedNode, Quad, Triple

from kg.errors import NotFound
from kg.model.graphs import IMPORTS
from kg.namespaces import DCTERMS, IMPORT_GRAPH, OWL, RDF, RDFS, SPDX, VOID, XSD
from sparqlhost.store.interface import Store, get_term_text

#: the version or licence of an import of which nothing is known
NOT_STATED = "not stated"


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


#: field -> the property that describes it
_PROPERTIES = MappingProxyType(
    {
        "id": DCTERMS["identifier"],
        "title": DCTERMS["title"],
        "source": DCTERMS["source"],
        "format": DCTERMS["format"],
        "version": OWL["versionInfo"],
        "licence": DCTERMS["license"],
        "date": DCTERMS["created"],
        "triples": VOID["triples"],
        "terms": VOID["classes"],
    }
)


def describe_import(imported: ImportedDataset) -> Iterator[Quad]:
    """Yield the description of an import, as quads of the graph of imports."""
    graph, checksum = imported.graph, _name_checksum(imported.id)
    facts: list[tuple[NamedNode, NamedNode, NamedNode | Literal]] = [
        (graph, RDF["type"], VOID["Dataset"]),
        (graph, SPDX["checksum"], checksum),
        (checksum, RDF["type"], SPDX["Checksum"]),
        (checksum, SPDX["algorithm"], SPDX["checksumAlgorithm_sha256"]),
        (checksum, SPDX["checksumValue"], Literal(imported.sha256)),
    ]
    for name, predicate in _PROPERTIES.items():
        value = getattr(imported, name)
        literal = Literal(value, datatype=XSD["dateTime"]) if name == "date" else Literal(value)
        facts.append((graph, predicate, literal))
    if imported.skipped:
        facts.append((graph, RDFS["comment"], Literal(f"{imported.skipped} broken parts skipped")))
    for subject, predicate, target in facts:
        yield Quad(subject, predicate, target, IMPORTS)


def parse_descriptions(triples: Iterable[Triple]) -> tuple[ImportedDataset, ...]:
    """Return the imports that `describe_import` described, by id; incomplete descriptions are left out."""
    values: dict[object, dict[NamedNode, str]] = defaultdict(dict)
    for triple in triples:
        values[triple.subject][triple.predicate] = get_term_text(triple.object)
    datasets = [
        _parse_description(facts, values[NamedNode(facts[SPDX["checksum"]])].get(SPDX["checksumValue"], ""))
        for facts in list(values.values())
        if facts.get(RDF["type"]) == VOID["Dataset"].value
        and facts.keys() >= {*_PROPERTIES.values(), SPDX["checksum"]}
    ]
    return tuple(sorted(datasets, key=lambda imported: imported.id))


def _parse_description(facts: Mapping[NamedNode, str], sha256: str) -> ImportedDataset:
    """Return an import from the values of its properties."""
    texts = {name: facts[predicate] for name, predicate in _PROPERTIES.items()}
    return ImportedDataset(
        id=texts["id"],
        title=texts["title"],
        source=texts["source"],
        format=texts["format"],
        version=texts["version"],
        licence=texts["licence"],
        sha256=sha256,
        date=texts["date"],
        triples=int(texts["triples"]),
        terms=int(texts["terms"]),
        skipped=int(facts.get(RDFS["comment"], "0").split()[0]),
    )


def make_removal_update(import_id: str) -> str:
    """Return the SPARQL update that removes an import's description."""
    subjects = (IMPORT_GRAPH[import_id], _name_checksum(import_id))
    return " ; ".join(f"DELETE WHERE {{ GRAPH {IMPORTS} {{ {subject} ?p ?o }} }}" for subject in subjects)


def _name_checksum(import_id: str) -> NamedNode:
    """Return the node that describes the checksum of an import's file."""
    return NamedNode(IMPORT_GRAPH[import_id].value + "#sha256")


def list_imports(store: Store) -> tuple[ImportedDataset, ...]:
    """Return the imports of a store, by id."""
    return parse_descriptions(store.read_graph(IMPORTS))


def find_import(store: Store, import_id: str) -> ImportedDataset:
    """Return the import called `import_id`; raises NotFound, which lists those there are."""
    imports = {imported.id: imported for imported in list_imports(store)}
    if import_id not in imports:
        known = ", ".join(imports) or "none yet"
        raise NotFound(f"There is no import {import_id!r}.", hint=f"Imports: {known}; see kg imports.")
    return imports[import_id]
