"""A contradiction as a value: rule, severity, the triples involved, one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from kg.reasoning.dictionary import Node
from kg.reasoning.relation import LOW, SHIFT, Facts
from kg.reasoning.violations import Found, Match
from kg.reasoning.wording import statement, worded

if TYPE_CHECKING:
    from kg.reasoning.engine import Engine

#: subject, predicate, object; generalised, since rules may put a literal in front
Statement = tuple[Node, Node, Node]


@dataclass(frozen=True, slots=True)
class Inconsistency:
    """One contradiction: the rule that found it, what its variables stand for and the triples that clash."""

    rule: str
    severity: str
    bindings: Mapping[str, Node]
    premises: tuple[Statement, ...]
    reason: str

    def __str__(self) -> str:
        """Return it as one paragraph."""
        clash = "; ".join(statement(*premise) for premise in self.premises)
        return f"{self.severity} ({self.rule}): {self.reason}. The triples that clash: {clash}."


def inconsistencies(found: Found, engine: Engine, given: Facts) -> tuple[Inconsistency, ...]:
    """Return the violations as values, by rule and text."""
    told = [_told(match, engine) for match in found.matches.values()]
    told += [_ill_typed(number, engine, given) for number in found.ill_typed]
    told += [_pair("dt-diff", pair, engine, engine.same_as) for pair in found.unequal]
    told += [_pair("dt-not-type", pair, engine, engine.type) for pair in found.misplaced]
    return tuple(sorted(told, key=lambda one: (one.rule, str(one))))


def _told(match: Match, engine: Engine) -> Inconsistency:
    """Return one match of a rule."""
    terms = engine.dictionary.terms
    bindings = {name: terms[number] for name, number in match.bindings}
    premises = tuple((terms[s], terms[p], terms[o]) for s, p, o in match.premises)
    rule = match.step.rule
    return Inconsistency(
        rule.name, rule.severity, MappingProxyType(bindings), premises, worded(rule.wording, bindings)
    )


def _ill_typed(number: int, engine: Engine, given: Facts) -> Inconsistency:
    """Return a literal whose text is none of its datatype."""
    literal = engine.dictionary.terms[number]
    datatype = getattr(literal, "datatype", literal)
    bindings: dict[str, Node] = {"lt": literal, "dt": datatype}
    wording = engine.rules["dt-not-type"].wording if "dt-not-type" in engine.rules else "{lt} is no {dt}"
    return Inconsistency(
        "dt-not-type",
        "error",
        MappingProxyType(bindings),
        _uses(number, engine, given),
        worded(wording, bindings),
    )


def _uses(number: int, engine: Engine, given: Facts) -> tuple[Statement, ...]:
    """Return the first given triple that has a literal."""
    terms = engine.dictionary.terms
    for predicate, relation in given:
        at = np.flatnonzero((relation.keys & LOW) == number)
        if len(at):
            return ((terms[int(relation.keys[at[0]]) >> SHIFT], terms[predicate], terms[number]),)
    return ()


def _pair(rule: str, pair: tuple[int, int], engine: Engine, predicate: int) -> Inconsistency:
    """Return a triple that the values of its literals contradict."""
    terms = engine.dictionary.terms
    first, second = terms[pair[0]], terms[pair[1]]
    names = ("lt1", "lt2") if rule == "dt-diff" else ("lt", "dt")
    bindings = dict(zip(names, (first, second), strict=True))
    wording = engine.rules[rule].wording if rule in engine.rules else rule
    premises = ((first, terms[predicate], second),)
    return Inconsistency(rule, "error", MappingProxyType(bindings), premises, worded(wording, bindings))
