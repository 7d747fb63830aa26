"""Review: the pairs that wait for a verdict, and what is said of one of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from kg.errors import NotFound
from kg.linking.candidates import Candidate
from kg.linking.effects import Changed, trial
from kg.linking.entities import Entity
from kg.linking.verdicts import PREDICATES, Verdict, record
from kg.linking.workbench import Workbench
from kg.mappings.rows import Mapping
from kg.settings import Settings


@dataclass(frozen=True, slots=True)
class Said:
    """A verdict that came in: the pair by CURIE, the word, who said it and why; `label` is the target's."""

    subject: str
    object: str
    word: str
    author: str
    comment: str = ""
    label: str = ""


def pending(bench: Workbench, wanted: Sequence[str] = (), top: int = 5) -> Iterator[tuple[Entity, Candidate]]:
    """Yield the pairs nobody judged yet, entity by entity, best first."""
    for entity in bench.pick(wanted):
        if entity.curie:
            for candidate in bench.candidates(entity, top, lambda verdict: verdict == ""):
                yield entity, candidate


def judge(bench: Workbench, said: Said, day: date) -> tuple[Mapping, tuple[Changed, ...]]:
    """Write a verdict; return the row and the questions whose answers will change with it.

    Raises NotFound for what is no entity of ours, BadData for what is no verdict or identifier.
    """
    candidate = _candidate(bench, said)
    verdict = Verdict(candidate, said.word, said.author, day, said.comment, bench.source(candidate.imported))
    made = record(verdict, bench.prefixes, bench.settings.root)
    return made, changes(bench.settings, bench, made) if said.word in PREDICATES else ()


def changes(settings: Settings, bench: Workbench, made: Mapping) -> tuple[Changed, ...]:
    """Return the questions whose answers change with a new row."""
    with trial(settings, bench.prefixes) as tried:
        return tried.add(made)


def _candidate(bench: Workbench, said: Said) -> Candidate:
    """Return the pair as a candidate, described by the first import that has the term."""
    entity = next((e for e in bench.entities if e.curie == said.subject), None)
    if entity is None:
        raise NotFound(f"The graph has no entity {said.subject!r}.", todo="Give its CURIE.")
    curie = str(bench.prefixes.parse(said.object))
    iri = bench.curies.iri(curie)
    for index in bench.indexes:
        if term := index.called(curie):
            about = (index.imported.id, term.iri, curie, term.label, term.definition, (), term.obsolete)
            return Candidate(entity, *about, term.replaced, 0.0, (), "", index.imported.version)
    return Candidate(entity, "by hand", iri, curie, said.label, "", (), False, "", 0.0, ())
