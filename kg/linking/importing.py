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

from kg.errors import BadData, KgError
from kg.external.formats import stem
from kg.external.rdf import FORMATS, Native, refused
from kg.external.readers import content
from kg.external.reading import Options, Problem, Reading
from kg.linking.beside import bring_build, bring_outside, is_stale
from kg.linking.registry import Imported, described, forget, text
from kg.namespaces import DCTERMS, GRAPH, IMPORT, OWL, RDFS
from kg.settings import Settings
from kg.store.imports import Stage, staged
from kg.store.protocol import Store

if TYPE_CHECKING:
    from kg.mappings.prefixes import Prefixes

_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
#: dates and version numbers at the end of a file's name: `hp-2025-01-16` is a version of `hp`.
_TAIL = re.compile(r"[\s._-]v?(?P<version>\d{4}[-_]\d{2}[-_]\d{2}|\d+(?:\.\d+)+)$")
_BLOCK = 1 << 20
NOT_STATED = "not stated"


@dataclass(frozen=True, slots=True)
class Wish:
    """What the user asked for; empty strings are filled from the file, `source` is written down."""

    source: str
    id: str = ""
    version: str = ""
    licence: str = ""
    options: Options = field(default_factory=Options)


@dataclass(frozen=True, slots=True)
class Result:
    """An import that is in place, what was skipped, and an unknown identifier for each strange prefix."""

    imported: Imported
    problems: tuple[Problem, ...]
    strangers: Mapping[str, str] = field(default_factory=dict)


def import_file(
    path: Path, wish: Wish, target: Path, settings: Settings, seen: Callable[[int], None] = lambda _: None
) -> Result:
    """Put the file at `path` into the store at `target` as one graph, in the place of an earlier one.

    `seen(n)` hears of every n packed bytes read. Raises BadData, TooLarge or StoreUnavailable, and
    KeyboardInterrupt; the store is then as it was.
    """
    ident = import_id(wish)
    graph = IMPORT[ident]
    _readable(path)
    reading = Reading(path, wish.source, wish.options, seen=seen)
    reading.format()
    with staged(target, without=(graph,), imports_only=is_stale(target, settings)) as stage:
        bring_build(stage, settings)
        stage.store.update(forget(ident))
        _load(stage, reading, graph, expander(settings))
        imported = _describe(stage.store, reading, wish, ident)
        stage.add(described(imported))
        bring_outside(stage, settings)
    return Result(imported, tuple(reading.problems), dict(reading.strangers))


def remove(ident: str, target: Path) -> None:
    """Remove an import with its description and what was taken from it for the questions."""
    with staged(target, without=(IMPORT[ident], GRAPH[f"outside/{ident}"])) as stage:
        stage.store.update(forget(ident))


def import_id(wish: Wish) -> str:
    """Return the name the import gets: the one asked for, or the file's without date and suffixes."""
    given = wish.id or re.sub(r"[^a-z0-9._-]+", "-", _split(wish.source)[0].lower()).strip("-._")
    if not _ID.fullmatch(given):
        raise BadData(
            f"{given!r} cannot name an import.",
            where=wish.source,
            todo="Give --id with small letters, digits, '.', '_' and '-'.",
        )
    return given


def expander(settings: Settings) -> Callable[[str], str]:
    """Return a function from a CURIE in any spelling to its IRI, or "" when its prefix is not known."""

    @cache
    def prefixes() -> Prefixes:
        from kg.files.mappings import read_prefixes  # only mapping sets and tables need it

        return read_prefixes(settings.root)

    def expand(curie: str) -> str:
        try:
            return prefixes().iri(prefixes().parse(curie))
        except KgError:
            return ""

    return expand


def _split(source: str) -> tuple[str, str]:
    """Return a file's bare name and the version at its end, if any."""
    name = stem(re.split(r"[/\\]", source.split("?")[0])[-1])
    found = _TAIL.search(name)
    return (name[: found.start()], found["version"]) if found else (name, "")


def _readable(path: Path) -> None:
    """Raise BadData when `path` is no file that can be read."""
    if not path.is_file():
        what = "This is a folder." if path.is_dir() else "There is no such file."
        raise BadData(what, where=str(path), todo="Give the file itself.")


def _load(stage: Stage, reading: Reading, graph: ox.NamedNode, expand: Callable[[str], str]) -> None:
    """Load what the file holds into `graph`; raises BadData with file, line and column."""
    found = content(reading, stage.scratch, expand)
    blocks, form = (
        (_read(found), found.format) if isinstance(found, Native) else (found, ox.RdfFormat.N_TRIPLES)
    )
    try:
        stage.load(blocks, form, graph, lenient=not isinstance(found, Native) or reading.options.lenient)
    except SyntaxError as error:
        reading.skip(refused(error), mendable=reading.format() in FORMATS and form == ox.RdfFormat.N_TRIPLES)
        raise BadData(refused(error).what, where=reading.name, line=error.lineno or 0) from error


def _read(native: Native) -> Iterator[bytes]:
    """Yield the bytes of RDF that the loader parses itself."""
    with native.stream as stream:
        while block := stream.read(_BLOCK):
            yield block


def _describe(store: Store, reading: Reading, wish: Wish, ident: str) -> Imported:
    """Return the import's description: as given, else as the file says, else as its name shows."""
    graph = IMPORT[ident]
    triples, terms = _count(store, graph, "*"), _count(store, graph, "DISTINCT ?s")
    if not triples:
        raise BadData("Nothing was found in this file.", where=reading.name, todo="Check that it is whole.")
    about = _ontology_says(store, graph) | {str(k): v for k, v in reading.about.items()}
    return Imported(
        id=ident,
        title=about.get("title") or ident,
        source=wish.source,
        format=reading.format().value,
        version=wish.version or about.get("version") or _split(wish.source)[1] or NOT_STATED,
        licence=wish.licence or about.get("licence") or NOT_STATED,
        sha256=_sha256(reading.path),
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        triples=triples,
        terms=terms,
        skipped=len(reading.problems),
    )


def _count(store: Store, graph: ox.NamedNode, what: str) -> int:
    """Return the number of triples (`*`) or of labelled subjects (`DISTINCT ?s`)."""
    pattern = "?s ?p ?o" if what == "*" else f"?s {RDFS['label']} ?o"
    row = next(iter(store.select(f"SELECT (COUNT({what}) AS ?n) {{ GRAPH {graph} {{ {pattern} }} }}")))
    return int(text(row["n"]))


def _ontology_says(store: Store, graph: ox.NamedNode) -> dict[str, str]:
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
                found.setdefault(about, text(row["o"]))
    return found


def _sha256(path: Path) -> str:
    """Return the SHA-256 of a file as it lies there."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
