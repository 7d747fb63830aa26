"""A curator's verdict on one pair becomes one SSSOM row, in one file of data/mappings.

A pair (entity, outside term) is in one file only, so a later verdict replaces an earlier one. Files are
written canonically (`kg.model.mapping_sets.format_sssom`), so that a diff shows what was judged and nothing
else.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from kg.errors import BadData, NotFound, UserError
from kg.linking.candidates import Candidate, LinkableEntity
from kg.linking.link_checking import AnswerChange, open_mapping_trial
from kg.linking.name_index import OutsideTerm
from kg.linking.workbench import Workbench
from kg.mapping_files import MAPPINGS_FOLDER, PREFIX_TABLE_FILE, read_mappings
from kg.model.identifiers import PrefixTable
from kg.model.mapping_sets import (
    MATCH_PREDICATES,
    MappingCollection,
    MappingRow,
    MappingSet,
    format_sssom,
    sort_rows,
)
from kg.model.mapping_triples import make_curie_map
from kg.text_files import write_atomically

#: key -> choice, on the command line and on the page
VERDICT_KEYS = {
    "e": "exact",
    "b": "broad",
    "n": "narrow",
    "c": "close",
    "r": "related",
    "x": "reject",
    "s": "skip",
}
#: choice -> predicate; `reject` and `skip` have none
VERDICT_PREDICATES = {
    choice: f"skos:{choice}Match"
    for choice in VERDICT_KEYS.values()
    if f"skos:{choice}Match" in MATCH_PREDICATES
}
_MANUAL_CURATION = "semapv:ManualMappingCuration"
_LICENCE = "https://creativecommons.org/licenses/by/4.0/"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One curator's verdict on one candidate; `source` is the file that proves it, "" for the import's."""

    candidate: Candidate
    choice: str
    author: str
    judged_on: date
    comment: str = ""
    source: str = ""


def make_mapping_row(verdict: Verdict, prefixes: PrefixTable, mappings: MappingCollection) -> MappingRow:
    """Return the SSSOM row of a verdict; raises BadData for an unknown choice, no author or no entity."""
    candidate = verdict.candidate
    if verdict.choice not in (*VERDICT_PREDICATES, "reject"):
        known = ", ".join([*VERDICT_PREDICATES, "reject", "skip"])
        raise BadData(f"{verdict.choice!r} is not a verdict.", hint=f"Use one of {known}.")
    if not verdict.author.strip() or any(c in verdict.author for c in "\t\r\n"):
        raise BadData("A verdict needs the name of its author.", hint="Give --author or the field author.")
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
    """Return why no verdict on a candidate can be written and what to do; "" when one can."""
    try:
        prefixes.parse_identifier(candidate.curie)
    except UserError as error:
        return f"{error.message} Describe its vocabulary in a row of {PREFIX_TABLE_FILE}, then review again."
    return ""


def _choose_label(curie: str, candidate: Candidate, mappings: MappingCollection) -> str:
    """Return the label that an outside term has in the mapping files, else in the import."""
    for verdict in ("accepted", "undecided", "rejected"):
        for known in mappings.rows(verdict):
            if known.object_id == curie and known.object_label:
                return known.object_label
    return " ".join(candidate.label.split())


def record_verdict(verdict: Verdict, prefixes: PrefixTable, root: Path) -> MappingRow:
    """Write a verdict into data/mappings below `root`, remove the pair from other files; return the new row.

    The files are read again under a lock, so that verdicts of two curators at the same time are both kept.
    """
    with _lock_folder(root / MAPPINGS_FOLDER):
        mappings = read_mappings(root)
        new_row = make_mapping_row(verdict, prefixes, mappings)
        folder = "rejected" if verdict.choice == "reject" else "accepted"
        target = _choose_mapping_set(new_row, folder, mappings, prefixes)
        # First out of the other files, then into its own: killed in between, the pair has no verdict and is
        # offered again; the other way round it would have two, and the next build would fail.
        for mapping_set in mappings.sets:
            others = _exclude_pair(mapping_set, new_row)
            if len(others) < len(mapping_set.rows) and mapping_set.file_name != target.file_name:
                _write_mapping_set(root, mapping_set, others, prefixes)
        _write_mapping_set(root, target, (*_exclude_pair(target, new_row), new_row), prefixes)
    return new_row


def _exclude_pair(mapping_set: MappingSet, new_row: MappingRow) -> tuple[MappingRow, ...]:
    """Return the rows of a file that are about other pairs."""
    return tuple(row for row in mapping_set.rows if row.subject_and_object != new_row.subject_and_object)


def _choose_mapping_set(
    new_row: MappingRow, folder: str, mappings: MappingCollection, prefixes: PrefixTable
) -> MappingSet:
    """Return the file in a folder for rows of this vocabulary, or a new one named like its siblings."""
    prefix = new_row.object_id.partition(":")[0]
    siblings = [s for s in mappings.sets if any(r.object_id.startswith(f"{prefix}:") for r in s.rows)]
    for mapping_set in siblings:
        if mapping_set.verdict == folder:
            return mapping_set
    name = Path(siblings[0].file_name).name if siblings else f"{prefix.lower()}.sssom.tsv"
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
    """Write one file canonically; a file without rows is removed."""
    path = root / mapping_set.file_name
    if not rows:
        path.unlink(missing_ok=True)
        return
    updated = replace(mapping_set, rows=sort_rows(rows), curie_map=make_curie_map(rows, prefixes))
    with write_atomically(path) as partial:
        partial.write_text(format_sssom(updated), "utf-8")


@contextmanager
def _lock_folder(folder: Path) -> Iterator[None]:
    """Hold an exclusive lock on the folder of the mapping files; raises NotFound when there is none."""
    if not folder.is_dir():
        raise NotFound("There is no folder of mappings.", location=str(folder), hint="Check KG_ROOT.")
    descriptor = os.open(
        folder, os.O_RDONLY
    )  # the folder itself: its files are replaced, a lock would go too
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


# -- review: pairs without a verdict, and verdicts from outside ---


@dataclass(frozen=True, slots=True)
class SubmittedVerdict:
    """A verdict as a client sends it: the pair by CURIE; `label` is the target's, for a term of no import."""

    subject: str
    object: str
    choice: str
    author: str
    comment: str = ""
    label: str = ""


def find_unjudged_pairs(
    bench: Workbench, wanted: Sequence[str] = (), top: int = 5
) -> Iterator[tuple[LinkableEntity, Candidate]]:
    """Yield the pairs without a verdict, by entity, the best candidate first."""
    for entity in bench.pick_entities(wanted):
        if entity.curie:
            for candidate in bench.find_candidates(entity, top, lambda verdict: verdict == ""):
                yield entity, candidate


def record_submitted_verdict(
    bench: Workbench, submitted: SubmittedVerdict, day: date
) -> tuple[MappingRow, tuple[AnswerChange, ...]]:
    """Write a verdict; return its row and the questions whose answers will change with it.

    Raises NotFound for an unknown entity or prefix, BadData for an invalid choice or identifier.
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
    new_row = record_verdict(verdict, bench.prefixes, bench.settings.root)
    if submitted.choice not in VERDICT_PREDICATES:
        return new_row, ()
    with open_mapping_trial(bench.settings, bench.prefixes) as trial:
        return new_row, trial.add_mapping(new_row)


def _find_candidate(bench: Workbench, submitted: SubmittedVerdict) -> Candidate:
    """Return the pair as a candidate, described by the first import that has the term, else by the client."""
    entity = next((e for e in bench.entities if e.curie == submitted.subject), None)
    if entity is None:
        raise NotFound(f"The graph has no entity {submitted.subject!r}.", hint="Give its CURIE.")
    curie = str(bench.prefixes.parse_identifier(submitted.object))
    term = OutsideTerm(bench.prefixes.find_iri(curie), submitted.label, "", False, "")
    source, version = "by hand", ""
    for index in bench.indexes:
        if found := index.find_term_by_curie(curie):
            term, source, version = found, index.imported.id, index.imported.version
            break
    return Candidate(
        entity=entity,
        imported=source,
        iri=term.iri,
        curie=curie,
        label=term.label,
        definition=term.definition,
        path=(),
        obsolete=term.obsolete,
        replaced=term.replaced_by,
        score=0.0,
        reasons=(),
        version=version,
    )
