"""Import one vocabulary, mapping set or table: all of it or nothing.

The protocol: `stage_store` clones the store (hard links, so a large store costs milliseconds) and locks the
original against writers; the file is loaded, counted and described in the clone; when the block ends without
an exception, the clone takes the place of the original in one rename. Whatever interrupts the work leaves the
original as it was.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pyoxigraph as ox

from kg.errors import BadData
from kg.linking.build_overlay import (
    holds_older_build,
    load_current_build,
    outlives_builds,
    refresh_neighbourhood,
)
from kg.linking.readers.file_formats import strip_format_suffixes
from kg.linking.readers.format_dispatch import read_content
from kg.linking.readers.rdf_reader import RDF_FORMATS, RdfStream, describe_syntax_error
from kg.linking.readers.source_reading import ReadOptions, ReadProblem, SourceReading
from kg.mapping_files import read_code_relations, read_prefixes
from kg.model.code_links import CodeRelation
from kg.model.graphs import name_outside_extract
from kg.model.identifiers import PrefixTable
from kg.model.import_registry import NOT_STATED, ImportedDataset, describe_import, make_removal_update
from kg.model.questions import parse_question
from kg.namespaces import IMPORT_GRAPH
from kg.settings import Settings
from kg.text_files import read_text
from sparqlhost.store.interface import Solutions, Store, get_term_text
from sparqlhost.store.staging import StagedStore, stage_store

_IMPORT_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
#: a date or version number at the end of a file name: `hp-2025-01-16` is a version of `hp`
_VERSION_SUFFIX = re.compile(r"[\s._-]v?(?P<version>\d{4}[-_]\d{2}[-_]\d{2}|\d+(?:\.\d+)+)$")
_BLOCK_SIZE = 1 << 20
_QUERIES = Path("queries") / "imports"


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """What the user asked for; empty strings are filled from the file.

    `source` is a path or an address, and is kept in the description of the import.
    """

    source: str
    id: str = ""
    version: str = ""
    licence: str = ""
    options: ReadOptions = field(default_factory=ReadOptions)


@dataclass(frozen=True, slots=True)
class ImportResult:
    """A finished import, what was skipped, and an example CURIE for each unknown prefix."""

    imported: ImportedDataset
    problems: tuple[ReadProblem, ...]
    unknown_prefixes: Mapping[str, str] = field(default_factory=dict)


def import_file(
    path: Path,
    request: ImportRequest,
    target: Path,
    settings: Settings,
    on_bytes_read: Callable[[int], None] = lambda _: None,
) -> ImportResult:
    """Load the file at `path` into the store at `target` as one graph, replacing an earlier import of its id.

    `on_bytes_read(n)` is called for every n compressed bytes read. Raises BadData, TooLarge, StoreUnavailable
    or KeyboardInterrupt; the store is then as it was.
    """
    ident = choose_import_id(request)
    graph = IMPORT_GRAPH[ident]
    _require_file(path)
    reading = SourceReading(path, request.source, request.options, on_bytes_read=on_bytes_read)
    reading.choose_format()
    # the clone is made without the graphs of an older build, and the current one is loaded into it
    keep_graph = outlives_builds if holds_older_build(target, settings) else None
    with stage_store(target, excluded_graphs=(graph,), keep_graph=keep_graph) as stage:
        load_current_build(stage, settings)
        stage.store.update(make_removal_update(ident))
        expand = make_curie_expander(settings)
        _load_content(stage, reading, graph, expand, lambda: read_code_relations(settings.root))
        # counted in the clone: the loader merges equal triples, so the reader cannot know the number
        imported = _describe_reading(stage.store, reading, request, ident, settings)
        stage.add_quads(describe_import(imported))
        refresh_neighbourhood(stage, settings)
    return ImportResult(imported, tuple(reading.problems), dict(reading.unknown_prefixes))


def remove_import(import_id: str, target: Path) -> None:
    """Remove an import, its description and the extract around the project's links."""
    with stage_store(
        target, excluded_graphs=(IMPORT_GRAPH[import_id], name_outside_extract(import_id))
    ) as stage:
        stage.store.update(make_removal_update(import_id))


def choose_import_id(request: ImportRequest) -> str:
    """Return the id of an import: the one asked for, or the file name without date, version and suffixes.

    Raises BadData when that is not a valid id.
    """
    stem = _split_version(request.source)[0].lower()
    import_id = request.id or re.sub(r"[^a-z0-9._-]+", "-", stem).strip("-._")
    if not _IMPORT_ID.fullmatch(import_id):
        raise BadData(
            f"{import_id!r} cannot name an import.",
            location=request.source,
            hint="Give --id with lower-case letters, digits, '.', '_' and '-'.",
        )
    return import_id


def make_curie_expander(settings: Settings) -> Callable[[str], str]:
    """Return a function from a CURIE in any spelling to its IRI, or "" when its prefix is not known."""

    @cache
    def load_prefixes() -> PrefixTable:
        return read_prefixes(settings.root)  # when first used: only mapping sets and tables need it

    return lambda curie: load_prefixes().find_iri(curie)


def _split_version(source: str) -> tuple[str, str]:
    """Return a file name without suffixes and version, and the version ("" for none)."""
    name = strip_format_suffixes(re.split(r"[/\\]", source.split("?")[0])[-1])
    match = _VERSION_SUFFIX.search(name)
    return (name[: match.start()], match["version"]) if match else (name, "")


def _require_file(path: Path) -> None:
    """Raise BadData when there is nothing at `path`."""
    if not path.exists():
        hint = "Give the path of a file, or of the folder of a release."
        raise BadData("There is no such file.", location=str(path), hint=hint)


def _load_content(
    stage: StagedStore,
    reading: SourceReading,
    graph: ox.NamedNode,
    expand_curie: Callable[[str], str],
    load_relations: Callable[[], Mapping[str, CodeRelation]],
) -> None:
    """Load the content of a file into `graph`; raises BadData with file, line and column.

    N-Triples that a reader wrote are loaded without checking their IRIs again.
    """
    content = read_content(reading, stage.scratch_dir, expand_curie, load_relations)
    if isinstance(content, RdfStream):
        blocks, form, lenient = _read_blocks(content), content.format, reading.options.lenient
    else:
        blocks, form, lenient = content, ox.RdfFormat.N_TRIPLES, True
    try:
        stage.load_blocks(blocks, form, graph, lenient=lenient)
    except SyntaxError as error:
        problem = describe_syntax_error(error)
        # a broken line of N-Triples could be skipped; here the loader has given up, so this always raises
        skippable = reading.choose_format() in RDF_FORMATS and form == ox.RdfFormat.N_TRIPLES
        reading.skip_or_raise(problem, skippable=skippable)
        raise BadData(problem.message, location=reading.name, line=problem.line) from error


def _read_blocks(rdf: RdfStream) -> Iterator[bytes]:
    """Yield the bytes of an RDF file, in blocks, and close it."""
    with rdf.stream as stream:
        while block := stream.read(_BLOCK_SIZE):
            yield block


def _describe_reading(
    store: Store, reading: SourceReading, request: ImportRequest, import_id: str, settings: Settings
) -> ImportedDataset:
    """Return the import's description: as the user gave it, else from the file, else from the file's name.

    Raises BadData for an import without a triple.
    """
    triples, terms = _count_triples_and_terms(store, import_id, settings)
    if not triples:
        raise BadData(
            "The file contains no triples; check that it is complete.",
            location=reading.name,
        )
    facts = _read_ontology_header(store, import_id, settings) | {str(k): v for k, v in reading.facts.items()}
    return ImportedDataset(
        id=import_id,
        title=facts.get("title") or import_id,
        source=request.source,
        format=reading.choose_format().value,
        version=request.version or facts.get("version") or _split_version(request.source)[1] or NOT_STATED,
        licence=request.licence or facts.get("licence") or NOT_STATED,
        sha256=_hash_file(reading.path),
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        triples=triples,
        terms=terms,
        skipped=len(reading.problems),
    )


def _count_triples_and_terms(store: Store, import_id: str, settings: Settings) -> tuple[int, int]:
    """Return the number of triples and of labelled terms of an import."""
    row = next(iter(_select_from_import(store, "size", import_id, settings)))
    return int(get_term_text(row["triples"])), int(get_term_text(row["terms"]))


def _read_ontology_header(store: Store, import_id: str, settings: Settings) -> dict[str, str]:
    """Return title, version and licence as far as the owl:Ontology of an import states them."""
    facts: dict[str, str] = {}
    for row in _select_from_import(store, "ontology-header", import_id, settings):
        facts.setdefault(get_term_text(row["fact"]), get_term_text(row["value"]))
    return facts


def _select_from_import(store: Store, query: str, import_id: str, settings: Settings) -> Solutions:
    """Return the rows of a query of `queries/imports/`, asked of the graph of one import."""
    question = parse_question(query, read_text(settings.root / _QUERIES / f"{query}.rq"))
    return store.select(question.bind_values({"graph": IMPORT_GRAPH[import_id]}))


def _hash_file(path: Path) -> str:
    """Return the SHA-256 of a file, compressed as it is; of a folder, that of its files' in their order."""
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.is_file())
        return hashlib.sha256("".join(map(_hash_file, files)).encode()).hexdigest()
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
