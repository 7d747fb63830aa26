"""Annotations: what inferred triples rest on, computed in a semiring that the caller gives.

Every asserted triple has a label. A proof multiplies the labels of its leaves, and the proofs of a triple are
added up (Green, Karvounarakis and Tannen 2007). With `max` and `min` that is the strongest proof, each being
as strong as its weakest leaf; with union and union, all leaves that some proof uses:

>>> from pyoxigraph import NamedNode, Triple
>>> from rlreason import Annotator, Materialization, Semiring
>>> a, b, c, part_of = (NamedNode(f"http://e/{name}") for name in ("a", "b", "c", "partOf"))
>>> rdf, owl = "http://www.w3.org/1999/02/22-rdf-syntax-ns#", "http://www.w3.org/2002/07/owl#"
>>> transitive = Triple(part_of, NamedNode(rdf + "type"), NamedNode(owl + "TransitiveProperty"))
>>> grades = {Triple(a, part_of, b): 3, Triple(b, part_of, c): 2, transitive: 5}
>>> strongest = Annotator(Semiring(one=5, add=max, multiply=min))
>>> strongest.annotate(Materialization(grades), [Triple(a, part_of, c)], grades.__getitem__).popitem()[1]
2

Only proofs count in which no fact is used for itself. Facts that support each other in a circle are therefore
followed along each way through it, while they are at most `MAX_FOLLOWED`. In a larger circle circular proofs
count too, which changes nothing where adding absorbs them, as `max` does. A triple that is asserted and
follows as well has both kinds of proofs, but where its label is `one`: that needs no other. Rules with FILTER
NOT EXISTS are labelled by what they match.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeVar

import numpy as np
from pyoxigraph import Triple

from rlreason.compiled_rules import match_rule
from rlreason.relation import (
    FIRST_TERM_NUMBER,
    OBJECT_MASK,
    SUBJECT_SHIFT,
    Fact,
    FactSet,
    IntArray,
    Relation,
    pack_pairs,
)
from rlreason.rule_engine import ClosureState, Conclusions, RuleEngine
from rlreason.rule_instances import FactNumbering, InstanceBlock, InstanceMatcher
from rlreason.term_dictionary import TermDictionary

#: facts in a circle of which every way through it is followed
MAX_FOLLOWED = 6

Label = TypeVar("Label")
Premises = tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Semiring(Generic[Label]):
    """How labels combine: `one` is neutral in `multiply`; to `add` a label to itself changes nothing."""

    one: Label
    add: Callable[[Label, Label], Label]
    multiply: Callable[[Label, Label], Label]


class ClosedFacts(Protocol):
    """What a Closure and a Materialization have in common."""

    @property
    def engine(self) -> RuleEngine:
        """Return the rules in numbers, over one dictionary."""
        ...

    @property
    def state(self) -> ClosureState:
        """Return the closed state."""
        ...

    @property
    def asserted_facts(self) -> FactSet:
        """Return the asserted triples, in numbers."""
        ...


class Annotator(Generic[Label]):
    """Annotates the triples of one closure after another; each costs what it differs from the last."""

    def __init__(self, semiring: Semiring[Label]) -> None:
        self._semiring = semiring
        self._engine: RuleEngine | None = None
        self._state = ClosureState()
        self._facts = self._asserted = FactSet()
        #: of each fact at or below the annotated ones: the premises of its rule instances
        self._instances: dict[Fact, list[Premises]] = {}
        #: of the asserted ones among them: the label
        self._labels: dict[Fact, Label] = {}
        self._values: dict[Fact, Label] = {}

    def annotate(
        self, closed: ClosedFacts, triples: Iterable[Triple], label: Callable[[Triple], Label]
    ) -> dict[Triple, Label]:
        """Return the value of each of some triples; without those that neither are asserted nor follow.

        `label` gives the label of an asserted triple; it may have changed since the last call.
        """
        self._forget_changed(closed, label)
        encode = closed.engine.dictionary.encode_triple
        goals = {triple: fact for triple in triples if (fact := encode(triple)) is not None}
        missing = [fact for fact in goals.values() if fact not in self._values]
        if missing:
            self._find_instances(missing, label)
            for component in _order_components(missing, self._instances, self._values):
                self._evaluate_component(component)
        return {triple: self._values[fact] for triple, fact in goals.items() if fact in self._values}

    # What a change of the closure leaves as it was.

    def _forget_changed(self, closed: ClosedFacts, label: Callable[[Triple], Label]) -> None:
        """Drop what was found of facts that changed, or rest on what changed."""
        if self._engine is not closed.engine:
            self._renumber(closed.engine)
        new = _select_changed(closed.state.facts, self._facts)
        if _changes_instances_anywhere(closed.engine, new):
            self._instances, self._labels, self._values = {}, {}, {}
        else:
            differences = (
                new,
                _select_changed(self._facts, closed.state.facts),
                _select_changed(closed.asserted_facts, self._asserted),
                _select_changed(self._asserted, closed.asserted_facts),
            )
            changed = {fact for facts in differences for fact in _iterate_facts(facts)}
            changed |= self._find_relabelled(label, changed)
            changed |= self._find_new_conclusions(closed, new)
            self._drop_with_dependents(changed)
        self._facts, self._asserted = closed.state.facts, closed.asserted_facts
        self._state = replace(closed.state, layers=[closed.asserted_facts])

    def _renumber(self, engine: RuleEngine) -> None:
        """Say what was found in the numbers of another closure, which was made from scratch."""
        known, self._engine = self._engine, engine
        if known is None or known.rules != engine.rules:
            self._instances, self._labels, self._values = {}, {}, {}
            return
        numbers = _map_numbers(known.dictionary, engine.dictionary)

        def renumber(fact: Fact) -> Fact:
            s, p, o = fact
            return int(numbers[s]), int(numbers[p]), int(numbers[o])

        unknown = set(np.flatnonzero(numbers < 0).tolist())
        gone = {fact for fact in self._instances if not unknown.isdisjoint(fact)}
        self._drop_with_dependents(gone)
        self._instances = {
            renumber(fact): [tuple(map(renumber, each)) for each in instances if gone.isdisjoint(each)]
            for fact, instances in self._instances.items()
        }
        self._labels = {renumber(fact): label for fact, label in self._labels.items()}
        self._values = {renumber(fact): value for fact, value in self._values.items()}
        self._facts, self._asserted = (
            FactSet({int(numbers[p]): _renumber_pairs(r, numbers) for p, r in facts if numbers[p] >= 0})
            for facts in (self._facts, self._asserted)
        )

    def _find_relabelled(self, label: Callable[[Triple], Label], changed: set[Fact]) -> set[Fact]:
        """Return the leaves whose label is another one now."""
        return {
            fact
            for fact, held in self._labels.items()
            if fact not in changed and label(self._decode(fact)) != held
        }

    def _decode(self, fact: Fact) -> Triple:
        assert self._engine is not None  # noqa: S101 - set by the first call, before any fact is known
        return Triple(*self._engine.dictionary.decode_fact(fact))  # type: ignore[arg-type]  # asserted: valid

    def _find_new_conclusions(self, closed: ClosedFacts, new: FactSet) -> set[Fact]:
        """Return what new facts are a premise of, of the facts whose instances are known."""
        conclusions: Conclusions = {}
        if self._instances and len(new):
            for step in closed.engine.list_rules(closed.state):
                if not step.rule.finds_violations:
                    for table in match_rule(step, closed.state.facts, new, step.head_variables()):
                        closed.engine.add_conclusions(step, table, conclusions)
        facts = _iterate_facts(FactSet().select_new(conclusions))
        return {fact for fact in facts if fact in self._instances}

    def _drop_with_dependents(self, changed: set[Fact]) -> None:
        """Forget facts, and the values of all that rests on them."""
        users: dict[Fact, list[Fact]] = {}
        for conclusion, instances in self._instances.items() if changed else ():
            for premise in {premise for premises in instances for premise in premises}:
                users.setdefault(premise, []).append(conclusion)
        for fact in changed:
            self._instances.pop(fact, None)
            self._labels.pop(fact, None)
        waiting = list(changed)
        seen = set(changed)
        while waiting:
            fact = waiting.pop()
            self._values.pop(fact, None)
            fresh = [user for user in users.get(fact, ()) if user not in seen]
            seen.update(fresh)
            waiting += fresh

    # The rule instances below some facts.

    def _find_instances(self, goals: Iterable[Fact], label: Callable[[Triple], Label]) -> None:
        """Find the instances of facts and of all that they rest on, as far as they are not known."""
        assert self._engine is not None  # noqa: S101 - set before
        matcher = InstanceMatcher(self._engine, self._state)
        waiting = self._list_unknown(goals)
        while waiting:
            leaves = {fact: label(self._decode(fact)) for fact in waiting if fact in self._asserted}
            self._labels |= leaves
            self._instances |= {fact: [] for fact in waiting}
            derived = (fact for fact in waiting if leaves.get(fact) != self._semiring.one)
            numbers = [n for fact in derived if (n := matcher.numbering.number_fact(fact)) is not None]
            found: dict[tuple[Fact, Premises], None] = {}
            for block in matcher.find_concluding(np.array(sorted(numbers), dtype=np.int64)):
                found |= dict.fromkeys(_list_instances(block, matcher.numbering))
            for conclusion, premises in found:
                self._instances[conclusion].append(premises)
            waiting = {p for _, premises in found for p in premises if p not in self._instances}

    def _list_unknown(self, goals: Iterable[Fact]) -> set[Fact]:
        """Return the facts at and below some goals whose instances are not known."""
        waiting = list(goals)
        seen = set(waiting)
        while waiting:
            for premises in self._instances.get(waiting.pop(), ()):
                fresh = [p for p in premises if p not in seen and p not in self._values]
                seen.update(fresh)
                waiting += fresh
        return seen - self._instances.keys()

    # Values, from premises to what follows.

    def _evaluate_component(self, component: list[Fact]) -> None:
        """Set the values of facts that support each other in circles, or of one fact that is in none."""
        inside = frozenset(component)
        ways = {fact: self._multiply_outside(fact, inside) for fact in component}
        if len(component) <= MAX_FOLLOWED:
            found = {fact: self._add_ways(fact, ways, {}, frozenset({fact})) for fact in component}
        else:
            found, before = {}, None
            while found != before:
                before = found
                found = {fact: self._add_ways(fact, ways, before) for fact in component}
        self._values |= {fact: value for fact, value in found.items() if value is not None}

    def _multiply_outside(self, fact: Fact, inside: frozenset[Fact]) -> dict[Premises, Label]:
        """Return the ways to conclude a fact: premises within the circle -> the value of all others."""
        ways: dict[Premises, Label] = {(): self._labels[fact]} if fact in self._labels else {}
        for premises in self._instances[fact]:
            value = self._semiring.one
            outside = [premise for premise in premises if premise not in inside]
            if all(premise in self._values for premise in outside):
                for premise in outside:
                    value = self._semiring.multiply(value, self._values[premise])
                key = tuple(premise for premise in premises if premise in inside)
                ways[key] = self._semiring.add(ways[key], value) if key in ways else value
        return ways

    def _add_ways(
        self,
        fact: Fact,
        ways: dict[Fact, dict[Premises, Label]],
        values: dict[Fact, Label | None],
        above: frozenset[Fact] | None = None,
    ) -> Label | None:
        """Return the sum over the ways to conclude a fact; None where there is no proof.

        A premise in the circle has the value in `values`; with `above`, the facts that this proof is for, its
        proofs are followed instead, never through one of those: a recursion of MAX_FOLLOWED levels at most.
        """
        total: Label | None = None
        for premises, outside in ways[fact].items():
            value: Label | None = outside
            for premise in premises:
                part = (
                    values.get(premise)
                    if above is None
                    else None
                    if premise in above
                    else self._add_ways(premise, ways, values, above | {premise})
                )
                value = None if part is None or value is None else self._semiring.multiply(value, part)
            if value is not None:
                total = value if total is None else self._semiring.add(total, value)
        return total


def _map_numbers(known: TermDictionary, other: TermDictionary) -> IntArray:
    """Return the number in another dictionary of each number of one, -1 of a term that it lacks."""
    numbers = [other.numbers.get(term, -1) for term in known.terms]
    numbers[:FIRST_TERM_NUMBER] = range(FIRST_TERM_NUMBER)
    for literal, number in known.rule_constants.items():
        numbers[number] = other.rule_constants.get(literal, -1)
    return np.array(numbers, dtype=np.int64)


def _renumber_pairs(relation: Relation, numbers: IntArray) -> Relation:
    """Return the pairs whose terms both have a number, in those numbers."""
    s, o = numbers[relation.subjects()], numbers[relation.objects()]
    return Relation(np.sort(pack_pairs(s, o)[(s >= 0) & (o >= 0)]))


def _changes_instances_anywhere(engine: RuleEngine, new: FactSet) -> bool:
    """Return whether new facts make instances that matching the new facts would not find."""
    return (
        bool(engine.negated_rules)
        or engine.changes_rules(new)
        or not engine.constant_predicates.isdisjoint(new.by_predicate)
    )


def _select_changed(facts: FactSet, others: FactSet) -> FactSet:
    """Return the facts that are not in `others`; relations that both share are not looked at."""
    differing = {p: r for p, r in facts if others.by_predicate.get(p) is not r}
    return FactSet({p: r.difference(others[p].keys) for p, r in differing.items()})


def _iterate_facts(facts: FactSet) -> Iterator[Fact]:
    for predicate, relation in facts:
        for subject, obj in relation.iterate_pairs():
            yield subject, predicate, obj


def _list_instances(block: InstanceBlock, numbering: FactNumbering) -> Iterator[tuple[Fact, Premises]]:
    """Yield conclusion and premises of each instance of a block."""
    premises = _decode_numbers(block.premises, numbering)
    bounds = np.searchsorted(block.rows, np.arange(len(block.conclusions) + 1)).tolist()
    for row, conclusion in enumerate(_decode_numbers(block.conclusions, numbering)):
        yield conclusion, tuple(dict.fromkeys(premises[bounds[row] : bounds[row + 1]]))


def _decode_numbers(numbers: IntArray, numbering: FactNumbering) -> list[Fact]:
    facts: list[Fact] = [(0, 0, 0)] * len(numbers)
    for predicate, rows, keys in numbering.group_by_predicate(numbers):
        for row, key in zip(rows.tolist(), keys.tolist(), strict=True):
            facts[row] = key >> SUBJECT_SHIFT, predicate, key & OBJECT_MASK
    return facts


def _order_components(
    goals: Iterable[Fact], instances: dict[Fact, list[Premises]], values: dict[Fact, Label]
) -> Iterator[list[Fact]]:
    """Yield the facts at and below the goals that have no value, premises first; a circle as one list.

    Tarjan's algorithm, with a stack of its own. Values may be set while this runs.
    """
    order: dict[Fact, int] = {}
    lowest: dict[Fact, int] = {}
    unfinished: dict[Fact, None] = {}

    def enter(fact: Fact) -> tuple[Fact, Iterator[Fact]]:
        order[fact] = lowest[fact] = len(order)
        unfinished[fact] = None
        return fact, (premise for premises in instances.get(fact, ()) for premise in premises)

    for goal in goals:
        waiting = [] if goal in order or goal in values else [enter(goal)]
        while waiting:
            fact, premises = waiting[-1]
            premise = next(
                (p for p in premises if p in unfinished or (p not in order and p not in values)), None
            )
            if premise is None:
                waiting.pop()
                if waiting:
                    lowest[waiting[-1][0]] = min(lowest[waiting[-1][0]], lowest[fact])
                if lowest[fact] == order[fact]:
                    component = [unfinished.popitem()[0]]
                    while component[-1] != fact:
                        component.append(unfinished.popitem()[0])
                    yield component
            elif premise in unfinished:
                lowest[fact] = min(lowest[fact], order[premise])
            else:
                waiting.append(enter(premise))
