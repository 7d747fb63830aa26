"""The export formats, one row each: what it is, its files, and the function that makes their texts.

To add one, add a row to EXPORT_FORMATS with its function; command, page and downloads read the table. The
functions import what they need, so that reading the table, as `kg --help` does, stays cheap.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from kg.errors import NotFound

if TYPE_CHECKING:
    from kg.model.identifiers import PrefixTable
    from kg.model.mapping_sets import MappingCollection, MappingSet
    from sparqlhost.store.interface import Store

MAPPINGS_LICENSE = "https://creativecommons.org/licenses/by/4.0/"
_TSV_TYPE, _JSON_LINES_TYPE = "text/tab-separated-values", "application/jsonl"


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
        texts = self.make_texts(store, root)
        return tuple(
            ExportFile(*file_type, text) for file_type, text in zip(self.file_types, texts, strict=True)
        )


def make_accepted_set(mappings: MappingCollection, prefixes: PrefixTable) -> MappingSet:
    """Return every accepted row in one set."""
    from kg.model.mapping_sets import MappingSet
    from kg.model.mapping_triples import make_curie_map
    from kg.namespaces import BASE

    rows = tuple(mappings.rows())
    header = (
        ("mapping_set_id", f"{BASE}mappings/all"),
        ("mapping_set_title", "rrall-kg to outside vocabularies"),
        ("mapping_set_version", max((row.mapping_date for row in rows), default="")),
        ("license", MAPPINGS_LICENSE),
    )
    return MappingSet(header, make_curie_map(rows, prefixes), rows)


def _make_sssom_texts(store: Store, root: Path) -> tuple[str, ...]:
    from kg.build.mapping_files import read_mappings, read_prefixes
    from kg.model.mapping_sets import format_sssom

    return (format_sssom(make_accepted_set(read_mappings(root), read_prefixes(root))),)


def _make_kgx_texts(store: Store, root: Path) -> tuple[str, ...]:
    from kg.build.mapping_files import read_mappings
    from kg.exports.kgx import make_kgx, read_biolink_table, serialize_json_lines, serialize_tsv

    export = make_kgx(store, read_biolink_table(root), read_mappings(root))
    return (
        serialize_tsv(export.nodes),
        serialize_tsv(export.edges),
        serialize_json_lines(export.nodes),
        serialize_json_lines(export.edges),
        serialize_tsv(export.left_out),
    )


def _make_jsonld_texts(store: Store, root: Path) -> tuple[str, ...]:
    from kg.exports.jsonld import serialize_jsonld

    return (serialize_jsonld(store),)


def _make_nanopublication_texts(store: Store, root: Path) -> tuple[str, ...]:
    """Return the four graphs of every claim as TriG; an assertion holds the claim, never a bare edge."""
    import pyoxigraph as ox

    from kg.model.graphs import select_claim_graphs
    from kg.namespaces import PREFIXES

    quads = [
        ox.Quad(triple.subject, triple.predicate, triple.object, graph)
        for graph in select_claim_graphs(store.graph_names())
        for triple in sorted(store.read_graph(graph), key=str)
    ]
    return ((ox.serialize(quads, format=ox.RdfFormat.TRIG, prefixes=dict(PREFIXES)) or b"").decode(),)


EXPORT_FORMATS = MappingProxyType(
    {
        row.name: row
        for row in (
            ExportFormat(
                "sssom",
                "The accepted links to outside vocabularies, one SSSOM mapping set.",
                (("rrall-kg.sssom.tsv", _TSV_TYPE),),
                _make_sssom_texts,
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
                _make_jsonld_texts,
            ),
            ExportFormat(
                "nanopubs",
                "A nanopublication a claim, as TriG.",
                (("rrall-kg.nanopubs.trig", "application/trig"),),
                _make_nanopublication_texts,
            ),
        )
    }
)


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
