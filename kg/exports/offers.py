"""What can be exported, by name: the files of each, ready to be written or sent."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from kg.errors import NotFound
from kg.exports import jsonld, nanopubs
from kg.exports.biolink import read_table
from kg.exports.kgx import jsonl, kgx, tsv
from kg.exports.sssom import sssom_set
from kg.files.mappings import read_mappings, read_prefixes
from kg.mappings.sssom import write
from kg.store.protocol import Store


@dataclass(frozen=True, slots=True)
class ExportFile:
    """A file of an export: its name, media type and text."""

    name: str
    media: str
    text: str


def _sssom(store: Store, root: Path) -> tuple[str, ...]:
    return (write(sssom_set(read_mappings(root), read_prefixes(root))),)


def _kgx(store: Store, root: Path) -> tuple[str, ...]:
    found = kgx(store, read_table(root), read_mappings(root))
    return tsv(found.nodes), tsv(found.edges), jsonl(found.nodes), jsonl(found.edges), tsv(found.left_out)


def _jsonld(store: Store, root: Path) -> tuple[str, ...]:
    return (jsonld.document(store),)


def _nanopubs(store: Store, root: Path) -> tuple[str, ...]:
    return (nanopubs.trig(store),)


Export = Callable[[Store, Path], tuple[str, ...]]

#: name -> what makes the text of its files, in the order of FILES
EXPORTS: MappingProxyType[str, Export] = MappingProxyType(
    {"sssom": _sssom, "kgx": _kgx, "jsonld": _jsonld, "nanopubs": _nanopubs}
)


#: name -> what it is, in a sentence
ABOUT: MappingProxyType[str, str] = MappingProxyType(
    {
        "sssom": "The accepted links to outside vocabularies, one SSSOM mapping set.",
        "kgx": "Nodes and edges in Biolink's terms, as TSV and JSON Lines, and what was left out and why.",
        "jsonld": "Entities, claims, background and what follows, as JSON-LD with its context.",
        "nanopubs": "A nanopublication a claim, as TriG.",
    }
)


_TSV, _LINES = "text/tab-separated-values", "application/jsonl"
#: name -> (file, media type) of each of its files, known without making them
FILES: MappingProxyType[str, tuple[tuple[str, str], ...]] = MappingProxyType(
    {
        "sssom": (("rrall-kg.sssom.tsv", _TSV),),
        "kgx": (
            ("rrall-kg_nodes.tsv", _TSV),
            ("rrall-kg_edges.tsv", _TSV),
            ("rrall-kg_nodes.jsonl", _LINES),
            ("rrall-kg_edges.jsonl", _LINES),
            ("rrall-kg_not-exported.tsv", _TSV),
        ),
        "jsonld": (("rrall-kg.jsonld", "application/ld+json"),),
        "nanopubs": (("rrall-kg.nanopubs.trig", "application/trig"),),
    }
)


def export_files(name: str, store: Store, root: Path) -> tuple[ExportFile, ...]:
    """Return the files of the export `name`; raises NotFound with those there are."""
    if name not in EXPORTS:
        raise NotFound(f"There is no export {name!r}.", todo=f"Exports: {', '.join(EXPORTS)}.")
    texts = EXPORTS[name](store, root)
    return tuple(ExportFile(*named, text) for named, text in zip(FILES[name], texts, strict=True))


def archive(files: tuple[ExportFile, ...]) -> bytes:
    """Return files as one zip archive, the same bytes for the same files."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive_:
        for file in files:
            archive_.writestr(zipfile.ZipInfo(file.name, (1980, 1, 1, 0, 0, 0)), file.text)
    return packed.getvalue()
