"""A contradiction as a value: rule, severity, the triples involved, one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from kg.reasoning.dictionary import Term
from kg.reasoning.relation import OBJECT_MASK, SUBJECT_SHIFT, FactSet
from kg.reasoning.violations import RuleMatch, ViolationCollector
from kg.reasoning.wording import fill_wording, format_triple

if TYPE_CHECKING:
    from kg.reasoning.engine import RuleEngine

#: subject, predicate, object; generalised, since rules may put a literal in front
GeneralizedTriple = tuple[Term, Term, Term]


@dataclass(frozen=True, slots=True)
class Inconsistency:
    """One contradiction: the rule that found it, what its variables stand for and the triples that clash."""

    rule: str
    severity: str
    bindings: Mapping[str, Term]
    premises: tuple[GeneralizedTriple, ...]
    reason: str

    def __str__(self) -> str:
        """Return it as one paragraph."""
        clash = "; ".join(format_triple(*premise) for premise in self.premises)
        return f"{self.severity} ({self.rule}): {self.reason}. The triples that clash: {clash}."


def describe_inconsistencies(
    violations: ViolationCollector, engine: RuleEngine, asserted: FactSet
) -> tuple[Inconsistency, ...]:
    """Return the violations as values, by rule and text."""
    told = [_describe_match(match, engine) for match in violations.matches.values()]
    told += [_describe_ill_typed(number, engine, asserted) for number in violations.ill_typed]
    told += [_describe_literal_pair("dt-diff", pair, engine, engine.same_as) for pair in violations.unequal]
    told += [
        _describe_literal_pair("dt-not-type", pair, engine, engine.rdf_type) for pair in violations.misplaced
    ]
    return tuple(sorted(told, key=lambda one: (one.rule, str(one))))


def _describe_match(match: RuleMatch, engine: RuleEngine) -> Inconsistency:
    """Return one match of a rule."""
    terms = engine.dictionary.terms
    bindings = {name: terms[number] for name, number in match.bindings}
    premises = tuple((terms[s], terms[p], terms[o]) for s, p, o in match.premises)
    rule = match.step.rule
    return Inconsistency(
        rule.name, rule.severity, MappingProxyType(bindings), premises, fill_wording(rule.wording, bindings)
    )


def _describe_ill_typed(number: int, engine: RuleEngine, asserted: FactSet) -> Inconsistency:
    """Return a literal whose text is none of its datatype."""
    literal = engine.dictionary.terms[number]
    datatype = getattr(literal, "datatype", literal)
    bindings: dict[str, Term] = {"lt": literal, "dt": datatype}
    wording = engine.rules["dt-not-type"].wording if "dt-not-type" in engine.rules else "{lt} is no {dt}"
    return Inconsistency(
        "dt-not-type",
        "error",
        MappingProxyType(bindings),
        _find_first_use(number, engine, asserted),
        fill_wording(wording, bindings),
    )


def _find_first_use(number: int, engine: RuleEngine, asserted: FactSet) -> tuple[GeneralizedTriple, ...]:
    """Return the first given triple that has a literal."""
    terms = engine.dictionary.terms
    for predicate, relation in asserted:
        at = np.flatnonzero((relation.keys & OBJECT_MASK) == number)
        if len(at):
            return ((terms[int(relation.keys[at[0]]) >> SUBJECT_SHIFT], terms[predicate], terms[number]),)
    return ()


def _describe_literal_pair(
    rule: str, pair: tuple[int, int], engine: RuleEngine, predicate: int
) -> Inconsistency:
    """Return a triple that the values of its literals contradict."""
    terms = engine.dictionary.terms
    first, second = terms[pair[0]], terms[pair[1]]
    names = ("lt1", "lt2") if rule == "dt-diff" else ("lt", "dt")
    bindings = dict(zip(names, (first, second), strict=True))
    wording = engine.rules[rule].wording if rule in engine.rules else rule
    premises = ((first, terms[predicate], second),)
    return Inconsistency(rule, "error", MappingProxyType(bindings), premises, fill_wording(wording, bindings))
