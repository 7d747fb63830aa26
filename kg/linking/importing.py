"""Bring one ontology, mapping set or table in: read, load into a clone, describe, swap in; or nothing."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pyoxigraph as ox

from kg.errors import BadData, UserError
from kg.linking.build_overlay import holds_older_build, load_current_build, refresh_neighbourhood
from kg.linking.readers.file_formats import strip_format_suffixes
from kg.linking.readers.format_dispatch import read_content
from kg.linking.readers.rdf_reader import RDF_FORMATS, RdfStream, describe_syntax_error
from kg.linking.readers.source_reading import ReadOptions, ReadProblem, SourceReading
from kg.model.import_registry import ImportedDataset, describe_import, get_term_text, make_removal_update
from kg.namespaces import DCTERMS, GRAPH, IMPORT_GRAPH, OWL, RDFS
from kg.settings import Settings
from sparqlhost.store.interface import Store
from sparqlhost.store.staging import StagedStore, stage_store

if TYPE_CHECKING:
    from kg.model.identifiers import PrefixTable

_IMPORT_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
#: dates and version numbers at the end of a file's name: `hp-2025-01-16` is a version of `hp`.
_VERSION_SUFFIX = re.compile(r"[\s._-]v?(?P<version>\d{4}[-_]\d{2}[-_]\d{2}|\d+(?:\.\d+)+)$")
_BLOCK_SIZE = 1 << 20
NOT_STATED = "not stated"


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """What the user asked for; empty strings are filled from the file, `source` is written down."""

    source: str
    id: str = ""
    version: str = ""
    licence: str = ""
    options: ReadOptions = field(default_factory=ReadOptions)


@dataclass(frozen=True, slots=True)
class ImportResult:
    """An import that is in place, what was skipped, and an unknown identifier for each strange prefix."""

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
    """Put the file at `path` into the store at `target` as one graph, in the place of an earlier one.

    `seen(n)` hears of every n packed bytes read. Raises BadData, TooLarge or StoreUnavailable, and
    KeyboardInterrupt; the store is then as it was.
    """
    ident = choose_import_id(request)
    graph = IMPORT_GRAPH[ident]
    _require_file(path)
    reading = SourceReading(path, request.source, request.options, on_bytes_read=on_bytes_read)
    reading.choose_format()
    with stage_store(
        target, excluded_graphs=(graph,), imports_only=holds_older_build(target, settings)
    ) as stage:
        load_current_build(stage, settings)
        stage.store.update(make_removal_update(ident))
        _load_content(stage, reading, graph, make_curie_expander(settings))
        imported = _describe_reading(stage.store, reading, request, ident)
        stage.add_quads(describe_import(imported))
        refresh_neighbourhood(stage, settings)
    return ImportResult(imported, tuple(reading.problems), dict(reading.unknown_prefixes))


def remove_import(import_id: str, target: Path) -> None:
    """Remove an import with its description and what was taken from it for the questions."""
    with stage_store(
        target, excluded_graphs=(IMPORT_GRAPH[import_id], GRAPH[f"outside/{import_id}"])
    ) as stage:
        stage.store.update(make_removal_update(import_id))


def choose_import_id(request: ImportRequest) -> str:
    """Return the name the import gets: the one asked for, or the file's without date and suffixes."""
    given = request.id or re.sub(r"[^a-z0-9._-]+", "-", _split_version(request.source)[0].lower()).strip(
        "-._"
    )
    if not _IMPORT_ID.fullmatch(given):
        raise BadData(
            f"{given!r} cannot name an import.",
            location=request.source,
            hint="Give --id with small letters, digits, '.', '_' and '-'.",
        )
    return given


def make_curie_expander(settings: Settings) -> Callable[[str], str]:
    """Return a function from a CURIE in any spelling to its IRI, or "" when its prefix is not known."""

    @cache
    def load_prefixes() -> PrefixTable:
        from kg.build.mapping_files import read_prefixes  # only mapping sets and tables need it

        return read_prefixes(settings.root)

    def expand_curie(curie: str) -> str:
        try:
            return load_prefixes().expand_curie(load_prefixes().parse_identifier(curie))
        except UserError:
            return ""

    return expand_curie


def _split_version(source: str) -> tuple[str, str]:
    """Return a file's bare name and the version at its end, if any."""
    name = strip_format_suffixes(re.split(r"[/\\]", source.split("?")[0])[-1])
    found = _VERSION_SUFFIX.search(name)
    return (name[: found.start()], found["version"]) if found else (name, "")


def _require_file(path: Path) -> None:
    """Raise BadData when `path` is no file that can be read."""
    if not path.is_file():
        what = "This is a folder." if path.is_dir() else "There is no such file."
        raise BadData(what, location=str(path), hint="Give the file itself.")


def _load_content(
    stage: StagedStore, reading: SourceReading, graph: ox.NamedNode, expand_curie: Callable[[str], str]
) -> None:
    """Load what the file holds into `graph`; raises BadData with file, line and column."""
    found = read_content(reading, stage.scratch_dir, expand_curie)
    blocks, form = (
        (_read_blocks(found), found.format)
        if isinstance(found, RdfStream)
        else (found, ox.RdfFormat.N_TRIPLES)
    )
    try:
        stage.load_blocks(
            blocks, form, graph, lenient=not isinstance(found, RdfStream) or reading.options.lenient
        )
    except SyntaxError as error:
        reading.skip_or_raise(
            describe_syntax_error(error),
            skippable=reading.choose_format() in RDF_FORMATS and form == ox.RdfFormat.N_TRIPLES,
        )
        raise BadData(
            describe_syntax_error(error).message, location=reading.name, line=error.lineno or 0
        ) from error


def _read_blocks(rdf: RdfStream) -> Iterator[bytes]:
    """Yield the bytes of RDF that the loader parses itself."""
    with rdf.stream as stream:
        while block := stream.read(_BLOCK_SIZE):
            yield block


def _describe_reading(
    store: Store, reading: SourceReading, request: ImportRequest, import_id: str
) -> ImportedDataset:
    """Return the import's description: as given, else as the file says, else as its name shows."""
    graph = IMPORT_GRAPH[import_id]
    triples, terms = _count_in_graph(store, graph, "*"), _count_in_graph(store, graph, "DISTINCT ?s")
    if not triples:
        raise BadData(
            "Nothing was found in this file.", location=reading.name, hint="Check that it is whole."
        )
    about = _read_ontology_header(store, graph) | {str(k): v for k, v in reading.facts.items()}
    return ImportedDataset(
        id=import_id,
        title=about.get("title") or import_id,
        source=request.source,
        format=reading.choose_format().value,
        version=request.version or about.get("version") or _split_version(request.source)[1] or NOT_STATED,
        licence=request.licence or about.get("licence") or NOT_STATED,
        sha256=_hash_file(reading.path),
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        triples=triples,
        terms=terms,
        skipped=len(reading.problems),
    )


def _count_in_graph(store: Store, graph: ox.NamedNode, counted: str) -> int:
    """Return the number of triples (`*`) or of labelled subjects (`DISTINCT ?s`)."""
    pattern = "?s ?p ?o" if counted == "*" else f"?s {RDFS['label']} ?o"
    row = next(iter(store.select(f"SELECT (COUNT({counted}) AS ?n) {{ GRAPH {graph} {{ {pattern} }} }}")))
    return int(get_term_text(row["n"]))


def _read_ontology_header(store: Store, graph: ox.NamedNode) -> dict[str, str]:
    """Return title, version and licence from the owl:Ontology header, where there is one."""
    found: dict[str, str] = {}
    for about, predicates in (
        ("version", (OWL["versionInfo"], OWL["versionIRI"], DCTERMS["hasVersion"])),
        (
            "licence",
            (DCTERMS["license"], DCTERMS["rights"], ox.NamedNode("http://purl.org/dc/elements/1.1/rights")),
        ),
        ("title", (DCTERMS["title"], ox.NamedNode("http://purl.org/dc/elements/1.1/title"))),
    ):
        for predicate in predicates:
            pattern = f"GRAPH {graph} {{ ?s a {OWL['Ontology']} ; {predicate} ?o }}"
            for row in store.select(f"SELECT ?o {{ {pattern} }} ORDER BY ?o LIMIT 1"):
                found.setdefault(about, get_term_text(row["o"]))
    return found


def _hash_file(path: Path) -> str:
    """Return the SHA-256 of a file as it lies there."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
