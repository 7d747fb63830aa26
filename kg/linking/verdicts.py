"""A curator's verdict on one pair: one SSSOM row, in one file, written canonically."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from kg.errors import BadData, KgError, NotFound
from kg.files.mappings import FOLDER, VOCABULARIES, read_mappings
from kg.linking.candidates import Candidate
from kg.mappings.prefixes import Prefixes
from kg.mappings.rows import Mapping, Mappings, MappingSet
from kg.mappings.sssom import sort, write
from kg.mappings.triples import curie_map

#: what a curator may say -> the predicate; `reject` and `skip` have none of their own.
PREDICATES = {
    "exact": "skos:exactMatch",
    "broad": "skos:broadMatch",
    "narrow": "skos:narrowMatch",
    "close": "skos:closeMatch",
    "related": "skos:relatedMatch",
}
#: key -> verdict, on the command line and on the page.
KEYS = {"e": "exact", "b": "broad", "n": "narrow", "c": "close", "r": "related", "x": "reject", "s": "skip"}
_CURATED = "semapv:ManualMappingCuration"
_LICENCE = "https://creativecommons.org/licenses/by/4.0/"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one curator said of one candidate, and when."""

    candidate: Candidate
    word: str
    author: str
    day: date
    comment: str = ""
    source: str = ""


def row(verdict: Verdict, prefixes: Prefixes, mappings: Mappings) -> Mapping:
    """Return the SSSOM row of a verdict; raises BadData for what cannot be one."""
    candidate = verdict.candidate
    if verdict.word not in (*PREDICATES, "reject"):
        known = ", ".join([*PREDICATES, "reject", "skip"])
        raise BadData(f"{verdict.word!r} is not a verdict.", todo=f"Say one of {known}.")
    if not verdict.author.strip() or any(c in verdict.author for c in "\t\r\n"):
        raise BadData("A verdict needs the name of its author.", todo="Give --author, or the field author.")
    if not candidate.entity.curie:
        raise BadData(
            "Only an entity of the graph can be linked.", todo="Name one, as in kg link review ENTITY."
        )
    curie = prefixes.parse(candidate.curie)
    rejected = verdict.word == "reject"
    return Mapping(
        subject_id=candidate.entity.curie,
        subject_label=candidate.entity.label,
        predicate_modifier="Not" if rejected else "",
        predicate_id=PREDICATES.get(verdict.word, "skos:exactMatch"),
        object_id=str(curie),
        object_label=_label(str(curie), candidate, mappings),
        mapping_justification=_CURATED,
        author_label=" ".join(verdict.author.split()),
        mapping_date=verdict.day.isoformat(),
        object_source=f"bioregistry:{curie.prefix.lower()}",
        object_source_version=" ".join(candidate.version.split()),
        mapping_source=f"proof:{Path(verdict.source or candidate.imported).name.replace(' ', '_')}",
        comment=" ".join(verdict.comment.split()),
    )


def unwritable(candidate: Candidate, prefixes: Prefixes) -> str:
    """Return why no verdict on a candidate could be written, with what would mend it; "" where one can."""
    try:
        prefixes.parse(candidate.curie)
    except KgError as error:
        return f"{error.what} Describe its vocabulary in a row of {VOCABULARIES}, then review again."
    return ""


def _label(curie: str, candidate: Candidate, mappings: Mappings) -> str:
    """Return the label an outside term goes by already, else the import's."""
    for verdict in ("accepted", "undecided", "rejected"):
        for known in mappings.rows(verdict):
            if known.object_id == curie and known.object_label:
                return known.object_label
    return " ".join(candidate.label.split())


def record(verdict: Verdict, prefixes: Prefixes, root: Path) -> Mapping:
    """Write a verdict into data/mappings below `root`, out of any file that had the pair; return the row.

    Files are read anew under a lock, so that two curators at work lose nothing.
    """
    with _locked(root / FOLDER):
        mappings = read_mappings(root)
        made = row(verdict, prefixes, mappings)
        folder = "rejected" if verdict.word == "reject" else "accepted"
        home = _home(made, folder, mappings, prefixes)
        for mapping_set in mappings.sets:
            kept = tuple(known for known in mapping_set.rows if known.pair != made.pair)
            if len(kept) < len(mapping_set.rows) and mapping_set.where != home.where:
                _write(root, mapping_set, kept, prefixes)
        kept = tuple(known for known in home.rows if known.pair != made.pair)
        _write(root, home, (*kept, made), prefixes)
    return made


def _home(made: Mapping, folder: str, mappings: Mappings, prefixes: Prefixes) -> MappingSet:
    """Return the file of a folder that has rows of the same vocabulary, or a new one."""
    prefix = made.object_id.partition(":")[0]
    same = [s for s in mappings.sets if any(r.object_id.startswith(f"{prefix}:") for r in s.rows)]
    for mapping_set in same:
        if mapping_set.verdict == folder:
            return mapping_set
    name = Path(same[0].where).name if same else f"{prefix.lower()}.sssom.tsv"
    for mapping_set in mappings.sets:
        if mapping_set.verdict == folder and Path(mapping_set.where).name == name:
            return mapping_set
    stem = name.removesuffix(".sssom.tsv")
    header = (
        ("license", _LICENCE),
        ("mapping_set_id", f"https://w3id.org/rrall-kg/mappings/{folder}/{stem}"),
        ("mapping_set_title", f"rrall-kg to {prefixes.vocabularies[prefix].name}: {folder}"),
    )
    return MappingSet(header, (), (), folder, f"{FOLDER}/{folder}/{name}")


def _write(root: Path, mapping_set: MappingSet, rows: tuple[Mapping, ...], prefixes: Prefixes) -> None:
    """Write one file canonically and at once; a file that lost its last row is removed."""
    path = root / mapping_set.where
    if not rows:
        path.unlink(missing_ok=True)
        return
    made = replace(mapping_set, rows=sort(rows), curie_map=curie_map(rows, prefixes))
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    path.parent.mkdir(parents=True, exist_ok=True)
    beside.write_text(write(made), "utf-8")
    beside.replace(path)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Hold the lock of the mapping files."""
    if not folder.is_dir():
        raise NotFound("There is no folder of mappings.", where=str(folder), todo="Check KG_ROOT.")
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
