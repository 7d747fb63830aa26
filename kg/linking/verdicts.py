"""A curator's verdict on one pair: one SSSOM row, in one file, written canonically."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from kg.build.mapping_files import MAPPINGS_FOLDER, PREFIX_TABLE_FILE, read_mappings
from kg.errors import BadData, NotFound, UserError
from kg.linking.answer_changes import AnswerChange, open_mapping_trial
from kg.linking.candidates import Candidate
from kg.linking.linkable_entities import LinkableEntity
from kg.linking.workbench import Workbench
from kg.model.identifiers import PrefixTable
from kg.model.mapping_sets import MappingCollection, MappingRow, MappingSet, format_sssom, sort_rows
from kg.model.mapping_triples import make_curie_map
from kg.settings import Settings

#: what a curator may say -> the predicate; `reject` and `skip` have none of their own.
VERDICT_PREDICATES = {
    "exact": "skos:exactMatch",
    "broad": "skos:broadMatch",
    "narrow": "skos:narrowMatch",
    "close": "skos:closeMatch",
    "related": "skos:relatedMatch",
}
#: key -> verdict, on the command line and on the page.
VERDICT_KEYS = {
    "e": "exact",
    "b": "broad",
    "n": "narrow",
    "c": "close",
    "r": "related",
    "x": "reject",
    "s": "skip",
}
_MANUAL_CURATION = "semapv:ManualMappingCuration"
_LICENCE = "https://creativecommons.org/licenses/by/4.0/"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one curator said of one candidate, and when."""

    candidate: Candidate
    choice: str
    author: str
    judged_on: date
    comment: str = ""
    source: str = ""


def make_mapping_row(verdict: Verdict, prefixes: PrefixTable, mappings: MappingCollection) -> MappingRow:
    """Return the SSSOM row of a verdict; raises BadData for what cannot be one."""
    candidate = verdict.candidate
    if verdict.choice not in (*VERDICT_PREDICATES, "reject"):
        known = ", ".join([*VERDICT_PREDICATES, "reject", "skip"])
        raise BadData(f"{verdict.choice!r} is not a verdict.", hint=f"Say one of {known}.")
    if not verdict.author.strip() or any(c in verdict.author for c in "\t\r\n"):
        raise BadData("A verdict needs the name of its author.", hint="Give --author, or the field author.")
    if not candidate.entity.curie:
        raise BadData(
            "Only an entity of the graph can be linked.", hint="Name one, as in kg link review ENTITY."
        )
    curie = prefixes.parse_identifier(candidate.curie)
    rejected = verdict.choice == "reject"
    return MappingRow(
        subject_id=candidate.entity.curie,
        subject_label=candidate.entity.label,
        predicate_modifier="Not" if rejected else "",
        predicate_id=VERDICT_PREDICATES.get(verdict.choice, "skos:exactMatch"),
        object_id=str(curie),
        object_label=_choose_label(str(curie), candidate, mappings),
        mapping_justification=_MANUAL_CURATION,
        author_label=" ".join(verdict.author.split()),
        mapping_date=verdict.judged_on.isoformat(),
        object_source=f"bioregistry:{curie.prefix.lower()}",
        object_source_version=" ".join(candidate.version.split()),
        mapping_source=f"proof:{Path(verdict.source or candidate.imported).name.replace(' ', '_')}",
        comment=" ".join(verdict.comment.split()),
    )


def explain_unwritable(candidate: Candidate, prefixes: PrefixTable) -> str:
    """Return why no verdict on a candidate could be written, with what would mend it; "" where one can."""
    try:
        prefixes.parse_identifier(candidate.curie)
    except UserError as error:
        return f"{error.message} Describe its vocabulary in a row of {PREFIX_TABLE_FILE}, then review again."
    return ""


def _choose_label(curie: str, candidate: Candidate, mappings: MappingCollection) -> str:
    """Return the label an outside term goes by already, else the import's."""
    for verdict in ("accepted", "undecided", "rejected"):
        for known in mappings.rows(verdict):
            if known.object_id == curie and known.object_label:
                return known.object_label
    return " ".join(candidate.label.split())


def record_verdict(verdict: Verdict, prefixes: PrefixTable, root: Path) -> MappingRow:
    """Write a verdict into data/mappings below `root`, out of any file that had the pair; return the row.

    Files are read anew under a lock, so that two curators at work lose nothing.
    """
    with _lock_folder(root / MAPPINGS_FOLDER):
        mappings = read_mappings(root)
        made = make_mapping_row(verdict, prefixes, mappings)
        folder = "rejected" if verdict.choice == "reject" else "accepted"
        home = _choose_mapping_set(made, folder, mappings, prefixes)
        for mapping_set in mappings.sets:
            kept = tuple(
                known for known in mapping_set.rows if known.subject_and_object != made.subject_and_object
            )
            if len(kept) < len(mapping_set.rows) and mapping_set.file_name != home.file_name:
                _write_mapping_set(root, mapping_set, kept, prefixes)
        kept = tuple(known for known in home.rows if known.subject_and_object != made.subject_and_object)
        _write_mapping_set(root, home, (*kept, made), prefixes)
    return made


def _choose_mapping_set(
    new_row: MappingRow, folder: str, mappings: MappingCollection, prefixes: PrefixTable
) -> MappingSet:
    """Return the file of a folder that has rows of the same vocabulary, or a new one."""
    prefix = new_row.object_id.partition(":")[0]
    same = [s for s in mappings.sets if any(r.object_id.startswith(f"{prefix}:") for r in s.rows)]
    for mapping_set in same:
        if mapping_set.verdict == folder:
            return mapping_set
    name = Path(same[0].file_name).name if same else f"{prefix.lower()}.sssom.tsv"
    for mapping_set in mappings.sets:
        if mapping_set.verdict == folder and Path(mapping_set.file_name).name == name:
            return mapping_set
    stem = name.removesuffix(".sssom.tsv")
    header = (
        ("license", _LICENCE),
        ("mapping_set_id", f"https://w3id.org/rrall-kg/mappings/{folder}/{stem}"),
        ("mapping_set_title", f"rrall-kg to {prefixes.vocabularies[prefix].name}: {folder}"),
    )
    return MappingSet(header, (), (), folder, f"{MAPPINGS_FOLDER}/{folder}/{name}")


def _write_mapping_set(
    root: Path, mapping_set: MappingSet, rows: tuple[MappingRow, ...], prefixes: PrefixTable
) -> None:
    """Write one file canonically and at once; a file that lost its last row is removed."""
    path = root / mapping_set.file_name
    if not rows:
        path.unlink(missing_ok=True)
        return
    made = replace(mapping_set, rows=sort_rows(rows), curie_map=make_curie_map(rows, prefixes))
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    path.parent.mkdir(parents=True, exist_ok=True)
    beside.write_text(format_sssom(made), "utf-8")
    beside.replace(path)


@contextmanager
def _lock_folder(folder: Path) -> Iterator[None]:
    """Hold the lock of the mapping files."""
    if not folder.is_dir():
        raise NotFound("There is no folder of mappings.", location=str(folder), hint="Check KG_ROOT.")
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


#: MERGED kg.linking.reviewing
#: MERGED Review: the pairs that wait for a verdict, and what is said of one of them.


@dataclass(frozen=True, slots=True)
class SubmittedVerdict:
    """A verdict that came in: the pair by CURIE, the word, who said it and why; `label` is the target's."""

    subject: str
    object: str
    choice: str
    author: str
    comment: str = ""
    label: str = ""


def find_unjudged_pairs(
    bench: Workbench, wanted: Sequence[str] = (), top: int = 5
) -> Iterator[tuple[LinkableEntity, Candidate]]:
    """Yield the pairs nobody judged yet, entity by entity, best first."""
    for entity in bench.pick_entities(wanted):
        if entity.curie:
            for candidate in bench.find_candidates(entity, top, lambda verdict: verdict == ""):
                yield entity, candidate


def record_submitted_verdict(
    bench: Workbench, submitted: SubmittedVerdict, day: date
) -> tuple[MappingRow, tuple[AnswerChange, ...]]:
    """Write a verdict; return the row and the questions whose answers will change with it.

    Raises NotFound for what is no entity of ours, BadData for what is no verdict or identifier.
    """
    candidate = _find_candidate(bench, submitted)
    verdict = Verdict(
        candidate,
        submitted.choice,
        submitted.author,
        day,
        submitted.comment,
        bench.find_source_file(candidate.imported),
    )
    made = record_verdict(verdict, bench.prefixes, bench.settings.root)
    return made, find_answer_changes(
        bench.settings, bench, made
    ) if submitted.choice in VERDICT_PREDICATES else ()


def find_answer_changes(
    settings: Settings, bench: Workbench, new_row: MappingRow
) -> tuple[AnswerChange, ...]:
    """Return the questions whose answers change with a new row."""
    with open_mapping_trial(settings, bench.prefixes) as tried:
        return tried.add_mapping(new_row)


def _find_candidate(bench: Workbench, submitted: SubmittedVerdict) -> Candidate:
    """Return the pair as a candidate, described by the first import that has the term."""
    entity = next((e for e in bench.entities if e.curie == submitted.subject), None)
    if entity is None:
        raise NotFound(f"The graph has no entity {submitted.subject!r}.", hint="Give its CURIE.")
    curie = str(bench.prefixes.parse_identifier(submitted.object))
    iri = bench.curies.expand_curie(curie)
    for index in bench.indexes:
        if term := index.find_term_by_curie(curie):
            about = (index.imported.id, term.iri, curie, term.label, term.definition, (), term.obsolete)
            return Candidate(entity, *about, term.replaced_by, 0.0, (), "", index.imported.version)
    return Candidate(entity, "by hand", iri, curie, submitted.label, "", (), False, "", 0.0, ())
