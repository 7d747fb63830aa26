"""What inferred triples rest on: compared with every proof of small rule systems, written out one by one."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st
from pyoxigraph import NamedNode, Triple

from rlreason import Annotator, Materialization, Semiring
from rlreason.sparql_rules import parse_own_rule
from tests.rlreason.generated import EX

LETTERS = "abcdef"
T = TypeVar("T")
_Rules = list[tuple[str, frozenset[str]]]

STRONGEST = Semiring(one=9, add=max, multiply=min)
USED: Semiring[frozenset[str]] = Semiring(frozenset(), frozenset.union, frozenset.union)

letters = st.sampled_from(LETTERS)
rule_systems = st.lists(
    st.tuples(letters, st.frozensets(letters, min_size=1, max_size=2)), min_size=1, max_size=9
).map(lambda rules: [(head, body) for head, body in rules if head not in body])
labelled = st.tuples(st.dictionaries(letters, st.integers(1, 9), max_size=4), st.booleans())


def fact(letter: str) -> Triple:
    """Return the one triple that a letter stands for."""
    return Triple(NamedNode(f"{EX}s"), NamedNode(EX + letter), NamedNode(f"{EX}o"))


def prove_all(
    goal: str,
    rules: _Rules,
    leaves: Mapping[str, T],
    semiring: Semiring[T],
    above: frozenset[str] = frozenset(),
) -> T | None:
    """Return the sum over the proofs of a letter in which no letter is used for itself: the definition."""
    total = leaves.get(goal)
    above |= {goal}
    usable = [body for head, body in rules if head == goal and not body & above]
    for body in usable if total != semiring.one else ():
        parts = [prove_all(premise, rules, leaves, semiring, above) for premise in body]
        if None not in parts:
            value = semiring.one
            for part in parts:
                value = semiring.multiply(value, part)  # type: ignore[arg-type]  # None was excluded
            total = value if total is None else semiring.add(total, value)
    return total


@settings(max_examples=150, deadline=None)
@given(rule_systems, st.lists(labelled, min_size=1, max_size=5))
def test_annotations_are_those_of_all_proofs_whatever_was_added_taken_back_and_relabelled(
    rules: _Rules, states: list[tuple[dict[str, int], bool]]
) -> None:
    """One annotator follows all states; it must say what the definition says of each."""
    texts = [
        f"CONSTRUCT {{ ?x <{EX}{head}> ?y }} WHERE {{ {patterns} }}"
        for head, body in rules
        if (patterns := " ".join(f"?x <{EX}{letter}> ?y ." for letter in sorted(body)))
    ]
    own_rules = [parse_own_rule(text, name=f"rule-{number}") for number, text in enumerate(texts)]
    kept = Materialization((), own_rules)
    strongest, used = Annotator(STRONGEST), Annotator(USED)
    held: set[Triple] = set()
    for grades, is_closed_anew in states:
        stated = {fact(letter) for letter in grades}
        kept.remove(held - stated)
        kept.add(stated - held)
        held = stated
        if is_closed_anew:  # other numbers for all terms, as after changes that cannot be followed
            kept = Materialization(sorted(held, key=str, reverse=True), own_rules)
        names = {
            letter: frozenset((letter,)) if grade < 9 else frozenset() for letter, grade in grades.items()
        }
        letter_of = {fact(letter): letter for letter in LETTERS}
        found = (
            strongest.annotate(kept, letter_of, lambda t: grades[letter_of[t]]),  # noqa: B023 - called at once
            used.annotate(kept, letter_of, lambda t: names[letter_of[t]]),  # noqa: B023
        )
        for letter in LETTERS:
            expected = prove_all(letter, rules, grades, STRONGEST), prove_all(letter, rules, names, USED)
            assert tuple(values.get(fact(letter)) for values in found) == expected, letter


def test_a_chain_longer_than_the_recursion_limit_is_followed() -> None:
    """Each step uses the one before; the end is as strong as the start."""
    names = [NamedNode(f"{EX}n{number}") for number in range(1200)]
    reaches, following = NamedNode(f"{EX}reaches"), NamedNode(f"{EX}next")
    rule = parse_own_rule(f"CONSTRUCT {{ ?x {reaches} ?z }} WHERE {{ ?x {reaches} ?y . ?y {following} ?z }}")
    links = [Triple(s, following, o) for s, o in pairwise(names)]
    start, end = Triple(names[0], reaches, names[0]), Triple(names[0], reaches, names[-1])
    kept = Materialization([start, *links], [rule])
    assert Annotator(STRONGEST).annotate(kept, [end], lambda t: 4 if t == start else 9) == {end: 4}
