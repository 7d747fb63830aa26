"""The export formats, one row each: what it is, its files, and the function that makes their texts.

To add one, add a row to EXPORT_FORMATS with its function; command, page and downloads read the table.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import pyoxigraph as ox
from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from kg.errors import NotFound
from kg.exports import kgx
from kg.exports.code_maps import make_concept_map, make_source_to_concept_map
from kg.mapping_files import read_mappings, read_prefixes
from kg.model.graphs import ONTOLOGY, select_claim_graphs, select_exported
from kg.model.identifiers import PrefixTable
from kg.model.mapping_sets import MappingCollection, MappingSet, format_sssom
from kg.model.mapping_triples import make_curie_map
from kg.namespaces import BASE, KG, OWL, PREFIXES, RDF, RDFS, XSD, compress_iri
from sparqlhost.store.interface import Store, Term

JsonObject = dict[str, object]
MAPPINGS_LICENSE = "https://creativecommons.org/licenses/by/4.0/"
_TSV_TYPE, _JSON_LINES_TYPE = "text/tab-separated-values", "application/jsonl"
_FHIR_TYPE = "application/fhir+json"


@dataclass(frozen=True, slots=True)
class ExportFile:
    """A file of an export: its name, media type and text."""

    name: str
    media_type: str
    text: str


@dataclass(frozen=True, slots=True)
class ExportFormat:
    """A format: name, a sentence about it, (name, media type) of its files, and what makes their texts."""

    name: str
    summary: str
    file_types: tuple[tuple[str, str], ...]
    make_texts: Callable[[Store, Path], tuple[str, ...]]

    def make_files(self, store: Store, root: Path) -> tuple[ExportFile, ...]:
        """Return the files of a store and the project at `root`; raises BadData for a broken table."""
        texts = zip(self.file_types, self.make_texts(store, root), strict=True)
        return tuple(ExportFile(*file_type, text) for file_type, text in texts)


def make_accepted_set(mappings: MappingCollection, prefixes: PrefixTable) -> MappingSet:
    """Return every accepted row in one set."""
    rows = tuple(mappings.rows())
    header = (
        ("mapping_set_id", f"{BASE}mappings/all"),
        ("mapping_set_title", "rrall-kg to outside vocabularies"),
        ("mapping_set_version", max((row.mapping_date for row in rows), default="")),
        ("license", MAPPINGS_LICENSE),
    )
    return MappingSet(header, make_curie_map(rows, prefixes), rows)


def _make_sssom_texts(store: Store, root: Path) -> tuple[str, ...]:
    return (format_sssom(make_accepted_set(read_mappings(root), read_prefixes(root))),)


def _make_kgx_texts(store: Store, root: Path) -> tuple[str, ...]:
    export = kgx.make_kgx(store, kgx.read_biolink_table(root), read_mappings(root))
    return (
        *map(kgx.serialize_tsv, (export.nodes, export.edges)),
        *map(kgx.serialize_json_lines, (export.nodes, export.edges)),
        kgx.serialize_tsv(export.left_out),
    )


def _make_nanopublication_texts(store: Store, root: Path) -> tuple[str, ...]:
    """Return the four graphs of every claim as TriG; an assertion holds the claim, never a bare edge."""
    quads = [
        ox.Quad(triple.subject, triple.predicate, triple.object, graph)
        for graph in select_claim_graphs(store.graph_names())
        for triple in sorted(store.read_graph(graph), key=str)
    ]
    return ((ox.serialize(quads, format=ox.RdfFormat.TRIG, prefixes=dict(PREFIXES)) or b"").decode(),)


# JSON-LD over a published context: an object a node, names for IRIs, graphs kept apart.


def make_context(store: Store) -> JsonObject:
    """Return the JSON-LD context: the project's prefixes, and a name for every property of the ontology."""
    names = _list_context_names(store)
    return {"@context": {"@version": 1.1, **PREFIXES, "id": "@id", "type": "@type", **names}}


def serialize_jsonld(store: Store) -> str:
    """Return what the text states, what curators and users added, and what follows, graph by graph."""
    context = _list_context_names(store)
    names = {entry["@id"]: name for name, entry in context.items()}
    iri_properties = {entry["@id"] for entry in context.values() if "@type" in entry}
    parts = [
        {
            "id": compress_iri(graph.value),
            "@graph": list(_make_nodes(store.read_graph(graph), names, iri_properties)),
        }
        for graph in select_exported(store.graph_names())
    ]
    return json.dumps({**make_context(store), "@graph": parts}, ensure_ascii=False, indent=1) + "\n"


def _list_context_names(store: Store) -> dict[str, dict[str, str]]:
    """Return name -> entry of the context, for `label` and every property of the ontology."""
    entries = {"label": {"@id": compress_iri(RDFS["label"].value)}}
    types: dict[Term, dict[str, str]] = {OWL["ObjectProperty"]: {"@type": "@id"}, OWL["DatatypeProperty"]: {}}
    for triple in sorted(store.read_graph(ONTOLOGY), key=str):
        subject = str(getattr(triple.subject, "value", ""))
        name = subject.removeprefix(KG)
        if triple.predicate == RDF["type"] and triple.object in types and name not in {subject, "id", "type"}:
            entries[name] = {"@id": f"kg:{name}"} | types[triple.object]
    return entries


def _make_nodes(
    triples: Iterable[Triple], names_by_curie: dict[str, str], iri_properties: set[str]
) -> Iterator[JsonObject]:
    """Yield the objects of a graph, sorted by identifier.

    Triples with a blank node, whose name would differ in every export, are left out.
    """
    subjects: dict[str, JsonObject] = {}
    named = (
        t for t in triples if not isinstance(t.subject, BlankNode) and not isinstance(t.object, BlankNode)
    )
    for triple in sorted(named, key=str):
        node = subjects.setdefault(_make_id(triple.subject), {"id": _make_id(triple.subject)})
        name = compress_iri(triple.predicate.value)
        if triple.predicate == RDF["type"]:
            _append_value(node, "type", _make_id(triple.object))
        else:
            value = _make_value(triple.object, is_iri_property=name in iri_properties)
            _append_value(node, names_by_curie.get(name, name), value)
    yield from (subjects[name] for name in sorted(subjects))


def _append_value(node: JsonObject, name: str, value: object) -> None:
    """Add a value under a name; a second one makes a list."""
    if name not in node:
        node[name] = value
    elif isinstance(held := node[name], list):
        held.append(value)
    else:
        node[name] = [held, value]


def _make_value(term: Term, *, is_iri_property: bool) -> object:
    """Return a term as JSON-LD; a text of an `is_iri_property` is an identifier by the context."""
    if not isinstance(term, Literal):
        return _make_id(term) if is_iri_property else {"id": _make_id(term)}
    if term.language:
        return {"@value": term.value, "@language": term.language}
    if term.datatype != XSD["string"]:
        return {"@value": term.value, "@type": compress_iri(term.datatype.value)}
    return {"@value": term.value} if is_iri_property else term.value


def _make_id(term: Term) -> str:
    return compress_iri(term.value) if isinstance(term, NamedNode) else str(term)


_FORMATS = (
    ExportFormat(
        "sssom",
        "The accepted links to outside vocabularies, one SSSOM mapping set.",
        (("rrall-kg.sssom.tsv", _TSV_TYPE),),
        _make_sssom_texts,
    ),
    ExportFormat(
        "fhir",
        "Codes to entities as FHIR ConceptMap, for R5 and R4; refused pairs as not related.",
        (
            ("rrall-kg.conceptmap-r5.json", _FHIR_TYPE),
            ("rrall-kg.conceptmap-r4.json", _FHIR_TYPE),
        ),
        lambda store, root: tuple(make_concept_map(store, root, release) for release in ("R5", "R4")),
    ),
    ExportFormat(
        "omop",
        "Entities to OMOP concepts, rows for SOURCE_TO_CONCEPT_MAP; needs an imported Athena download.",
        (("source_to_concept_map.csv", "text/csv"),),
        lambda store, root: (make_source_to_concept_map(store, root),),
    ),
    ExportFormat(
        "kgx",
        "Nodes and edges in Biolink's terms, as TSV and JSON Lines, and what was left out and why.",
        (
            ("rrall-kg_nodes.tsv", _TSV_TYPE),
            ("rrall-kg_edges.tsv", _TSV_TYPE),
            ("rrall-kg_nodes.jsonl", _JSON_LINES_TYPE),
            ("rrall-kg_edges.jsonl", _JSON_LINES_TYPE),
            ("rrall-kg_not-exported.tsv", _TSV_TYPE),
        ),
        _make_kgx_texts,
    ),
    ExportFormat(
        "jsonld",
        "Entities, claims, background and what follows, as JSON-LD with its context.",
        (("rrall-kg.jsonld", "application/ld+json"),),
        lambda store, root: (serialize_jsonld(store),),
    ),
    ExportFormat(
        "nanopubs",
        "A nanopublication a claim, as TriG.",
        (("rrall-kg.nanopubs.trig", "application/trig"),),
        _make_nanopublication_texts,
    ),
)
EXPORT_FORMATS = MappingProxyType({each.name: each for each in _FORMATS})


def find_export_format(name: str) -> ExportFormat:
    """Return the format called `name`; raises NotFound with the names there are."""
    if name not in EXPORT_FORMATS:
        raise NotFound(f"There is no export {name!r}.", hint=f"Exports: {', '.join(EXPORT_FORMATS)}.")
    return EXPORT_FORMATS[name]


def zip_files(files: tuple[ExportFile, ...]) -> bytes:
    """Return files as one zip archive, the same bytes for the same files."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            archive.writestr(zipfile.ZipInfo(file.name, (1980, 1, 1, 0, 0, 0)), file.text)
    return packed.getvalue()
