"""Why something does not hold: the rule instances that lack just one premise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from pyoxigraph import NamedNode, Triple

from kg.namespaces import OWL, RDF, RDFS
from kg.reasoning.compiled import Compiled
from kg.reasoning.dictionary import Node
from kg.reasoning.engine import Engine
from kg.reasoning.join import FIRST_TERM, Pattern, Slot, Table, match
from kg.reasoning.state import State
from kg.reasoning.violations import Numbers

#: a term of the missing premise; None where any would do
Hole = tuple[Node | None, Node | None, Node | None]
#: rows of one rule that are looked at
ROWS = 40
#: distinct gaps that are compared
LOOKED_AT = 200
_SCHEMA = (str(OWL), str(RDFS), str(RDF) + "first", str(RDF) + "rest")


@dataclass(frozen=True, slots=True)
class Gap:
    """A rule that would derive the triple if `missing` held; `held` are its other premises.

    `instead` are the predicates that do link the two terms of the missing premise.
    """

    rule: str
    wording: str
    bindings: Mapping[str, Node]
    missing: Hole
    held: tuple[tuple[Node, Node, Node], ...]
    instead: tuple[Node, ...] = ()


def gaps(engine: Engine, state: State, triple: Triple, limit: int) -> tuple[Gap, ...]:
    """Return the nearest rule instances, best first; none when a term of the triple occurs nowhere."""
    numbers = engine.dictionary.numbers
    goal = (numbers.get(triple.subject), numbers.get(triple.predicate), numbers.get(triple.object))
    if goal[1] is None:
        return ()
    found = [
        gap
        for step in (*engine.steps, *state.derived_steps.values())
        if not step.rule.inconsistency and step.member is None
        for pattern in step.head
        if (bound := _unified(pattern, goal)) is not None
        for gap in _gaps(engine, state, step, bound)
        if gap.missing != (triple.subject, triple.predicate, triple.object)
    ]
    found.sort(key=_distance)
    near = [replace(gap, instead=_links(engine, state, gap)) for gap in _distinct(found)[:LOOKED_AT]]
    near.sort(key=lambda gap: (_distance(gap)[:2], not gap.instead, _distance(gap)))
    facts = [gap for gap in near if not _wants_axiom(gap)]
    return tuple(facts[:limit] or near[:1])


def _distinct(found: list[Gap]) -> list[Gap]:
    """Return the first gap of each missing premise."""
    first: dict[Hole, Gap] = {}
    for gap in found:
        first.setdefault(gap.missing, gap)
    return list(first.values())


def _links(engine: Engine, state: State, gap: Gap) -> tuple[Node, ...]:
    """Return the predicates that link the ends of a missing premise."""
    numbers, terms = engine.dictionary.numbers, engine.dictionary.terms
    s, o = numbers.get(gap.missing[0]), numbers.get(gap.missing[2])
    if s is None or o is None:
        return ()
    pair = np.array([s], dtype=np.int64), np.array([o], dtype=np.int64)
    return tuple(terms[p] for p, relation in state.facts if p >= FIRST_TERM and relation.holds(*pair)[0])


def _unified(head: Pattern, goal: tuple[int | None, int | None, int | None]) -> dict[str, int] | None:
    """Return what the head's variables must be for it to say the goal; None when it cannot."""
    bound: dict[str, int] = {}
    for slot, number in zip((head.s, head.p, head.o), goal, strict=True):
        if number is None:
            return None
        if isinstance(slot, int):
            if slot != number:
                return None
        elif bound.setdefault(slot, number) != number:
            return None
    return bound


def _gaps(engine: Engine, state: State, step: Compiled, bound: dict[str, int]) -> Iterator[Gap]:
    """Yield the instances of one rule that lack one premise."""
    start = Table(1, {name: np.array([value], dtype=np.int64) for name, value in bound.items()})
    for left_out in step.body:
        others = [pattern for pattern in step.body if pattern is not left_out]
        if isinstance(left_out.p, int) and left_out.p < FIRST_TERM:
            continue
        table = match(others, (state.facts,) * len(others), None, start) if others else start
        for row in range(min(table.n, ROWS)):
            values = {name: int(column[row]) for name, column in table.columns.items()}
            yield _gap(engine, step, values, left_out, others)


def _gap(
    engine: Engine, step: Compiled, values: dict[str, int], left_out: Pattern, others: list[Pattern]
) -> Gap:
    """Return one instance as a value."""
    terms = engine.dictionary.terms

    def term(slot: Slot) -> Node | None:
        number = values.get(slot) if isinstance(slot, str) else slot
        return None if number is None else terms[number]

    facts: list[Numbers] = list(step.ground)
    for pattern in others:
        s, p, o = (
            values[slot] if isinstance(slot, str) else slot for slot in (pattern.s, pattern.p, pattern.o)
        )
        if p >= FIRST_TERM:
            facts.append((s, p, o))
    held = tuple((terms[s], terms[p], terms[o]) for s, p, o in facts)
    bindings = {name: terms[number] for name, number in (values | step.fixed).items()}
    missing = (term(left_out.s), term(left_out.p), term(left_out.o))
    return Gap(step.rule.name, step.rule.wording, MappingProxyType(bindings), missing, held)


def _distance(gap: Gap) -> tuple[int, int, int, int, str]:
    """Return how far a gap is: facts before axioms, known terms before unknown, more support before less."""
    data = sum(not (isinstance(h[1], NamedNode) and h[1].value.startswith(_SCHEMA)) for h in gap.held)
    unknown = sum(term is None for term in gap.missing)
    return (int(_wants_axiom(gap)), unknown, -data, len(gap.held), gap.rule)


def _wants_axiom(gap: Gap) -> bool:
    """Say whether a gap asks to change the ontology, or to make two things one, in the place of a fact."""
    predicate = gap.missing[1]
    axiom = predicate is None or (isinstance(predicate, NamedNode) and predicate.value.startswith(_SCHEMA))
    return axiom or gap.rule.startswith("eq-")
