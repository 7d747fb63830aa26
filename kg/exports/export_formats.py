"""The claims as nanopublications: TriG with head, assertion, provenance and publication info of each."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import pyoxigraph as ox

from kg.build.mapping_files import read_mappings, read_prefixes
from kg.errors import NotFound
from kg.exports import export_formats as nanopubs
from kg.exports import jsonld
from kg.exports.kgx import make_kgx, read_biolink_table, serialize_json_lines, serialize_tsv
from kg.exports.subject_facts import list_claim_graphs
from kg.model.identifiers import PrefixTable
from kg.model.mapping_sets import MappingCollection, MappingSet, format_sssom
from kg.model.mapping_triples import make_curie_map
from kg.namespaces import BASE, PREFIXES
from sparqlhost.store.interface import Store


def serialize_nanopublications(store: Store) -> str:
    """Return the four graphs of every claim as TriG; an assertion holds the claim, never a bare edge."""
    quads = [
        ox.Quad(triple.subject, triple.predicate, triple.object, graph)
        for graph in list_claim_graphs(store)
        for triple in sorted(store.read_graph(graph), key=str)
    ]
    out = io.BytesIO()
    ox.serialize(quads, out, format=ox.RdfFormat.TRIG, prefixes=dict(PREFIXES))
    return out.getvalue().decode()


#: MERGED kg.exports.sssom
#: MERGED The accepted mappings as one SSSOM mapping set.


MAPPINGS_LICENCE = "https://creativecommons.org/licenses/by/4.0/"


def make_accepted_set(mappings: MappingCollection, prefixes: PrefixTable) -> MappingSet:
    """Return every accepted row in one set."""
    rows = tuple(mappings.rows())
    header = (
        ("mapping_set_id", f"{BASE}mappings/all"),
        ("mapping_set_title", "rrall-kg to outside vocabularies"),
        ("mapping_set_version", max((row.mapping_date for row in rows), default="")),
        ("license", MAPPINGS_LICENCE),
    )
    return MappingSet(header, make_curie_map(rows, prefixes), rows)


#: MERGED kg.exports.offers
#: MERGED What can be exported, by name: the files of each, ready to be written or sent.


@dataclass(frozen=True, slots=True)
class ExportFile:
    """A file of an export: its name, media type and text."""

    name: str
    media_type: str
    text: str


def _make_sssom_files(store: Store, root: Path) -> tuple[str, ...]:
    return (format_sssom(make_accepted_set(read_mappings(root), read_prefixes(root))),)


def _make_kgx_files(store: Store, root: Path) -> tuple[str, ...]:
    found = make_kgx(store, read_biolink_table(root), read_mappings(root))
    return (
        serialize_tsv(found.nodes),
        serialize_tsv(found.edges),
        serialize_json_lines(found.nodes),
        serialize_json_lines(found.edges),
        serialize_tsv(found.left_out),
    )


def _make_jsonld_files(store: Store, root: Path) -> tuple[str, ...]:
    return (jsonld.serialize_jsonld(store),)


def _make_nanopublication_files(store: Store, root: Path) -> tuple[str, ...]:
    return (nanopubs.serialize_nanopublications(store),)


ExportWriter = Callable[[Store, Path], tuple[str, ...]]

#: name -> what makes the text of its files, in the order of FILES
EXPORT_WRITERS: MappingProxyType[str, ExportWriter] = MappingProxyType(
    {
        "sssom": _make_sssom_files,
        "kgx": _make_kgx_files,
        "jsonld": _make_jsonld_files,
        "nanopubs": _make_nanopublication_files,
    }
)


#: name -> what it is, in a sentence
EXPORT_DESCRIPTIONS: MappingProxyType[str, str] = MappingProxyType(
    {
        "sssom": "The accepted links to outside vocabularies, one SSSOM mapping set.",
        "kgx": "Nodes and edges in Biolink's terms, as TSV and JSON Lines, and what was left out and why.",
        "jsonld": "Entities, claims, background and what follows, as JSON-LD with its context.",
        "nanopubs": "A nanopublication a claim, as TriG.",
    }
)


_TSV_TYPE, _JSON_LINES_TYPE = "text/tab-separated-values", "application/jsonl"
#: name -> (file, media type) of each of its files, known without making them
EXPORT_FILES: MappingProxyType[str, tuple[tuple[str, str], ...]] = MappingProxyType(
    {
        "sssom": (("rrall-kg.sssom.tsv", _TSV_TYPE),),
        "kgx": (
            ("rrall-kg_nodes.tsv", _TSV_TYPE),
            ("rrall-kg_edges.tsv", _TSV_TYPE),
            ("rrall-kg_nodes.jsonl", _JSON_LINES_TYPE),
            ("rrall-kg_edges.jsonl", _JSON_LINES_TYPE),
            ("rrall-kg_not-exported.tsv", _TSV_TYPE),
        ),
        "jsonld": (("rrall-kg.jsonld", "application/ld+json"),),
        "nanopubs": (("rrall-kg.nanopubs.trig", "application/trig"),),
    }
)


def make_export_files(name: str, store: Store, root: Path) -> tuple[ExportFile, ...]:
    """Return the files of the export `name`; raises NotFound with those there are."""
    if name not in EXPORT_WRITERS:
        raise NotFound(f"There is no export {name!r}.", hint=f"Exports: {', '.join(EXPORT_WRITERS)}.")
    texts = EXPORT_WRITERS[name](store, root)
    return tuple(ExportFile(*named, text) for named, text in zip(EXPORT_FILES[name], texts, strict=True))


def zip_files(files: tuple[ExportFile, ...]) -> bytes:
    """Return files as one zip archive, the same bytes for the same files."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive_:
        for file in files:
            archive_.writestr(zipfile.ZipInfo(file.name, (1980, 1, 1, 0, 0, 0)), file.text)
    return packed.getvalue()
