"""Rules in term numbers, and those specialised from the ontology's own axioms: chains, transitivity."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from pyoxigraph import Literal

from kg.namespaces import OWL, RDF
from kg.reasoning.dictionary import Dictionary
from kg.reasoning.join import NO_MATCH, UNIT, Pattern, Slot, Table, match
from kg.reasoning.lists import sequences
from kg.reasoning.quantified import for_every
from kg.reasoning.relation import Facts
from kg.reasoning.rules import Atom, Rule, RuleTerm, Var


@dataclass(frozen=True, slots=True)
class Compiled:
    """A rule ready to match; `ground` are premises without variables, `fixed` variables already replaced."""

    rule: Rule
    head: tuple[Pattern, ...]
    body: tuple[Pattern, ...]
    member: Pattern | None = None
    each: tuple[Pattern, ...] = ()
    ground: tuple[tuple[int, int, int], ...] = ()
    fixed: dict[str, int] = field(default_factory=dict)
    alike: tuple[str, str] | None = None

    def head_names(self) -> frozenset[str]:
        """Return the variables that the conclusion needs."""
        return frozenset().union(*(pattern.names() for pattern in self.head))

    def transitive(self) -> int | None:
        """Return the predicate that this rule composes with itself, if that is what it does."""
        if len(self.body) != 2 or len(self.head) != 1 or self.member:
            return None
        (one, two), head = self.body, self.head[0]
        same = one.p == two.p == head.p and isinstance(head.p, int)
        chained = one.o == two.s and head.s == one.s and head.o == two.o and one.s != two.o
        return int(head.p) if same and chained else None


def compile_rule(rule: Rule, dictionary: Dictionary) -> Compiled:
    """Return the rule in numbers."""
    every = rule.for_all
    return Compiled(
        rule,
        _patterns(rule.head, dictionary),
        _patterns(rule.body, dictionary),
        _pattern(every.member, dictionary) if every else None,
        _patterns(every.each, dictionary) if every else (),
    )


def _patterns(atoms: Iterable[Atom], dictionary: Dictionary) -> tuple[Pattern, ...]:
    """Return atoms in numbers."""
    return tuple(_pattern(atom, dictionary) for atom in atoms)


def _pattern(atom: Atom, dictionary: Dictionary) -> Pattern:
    """Return an atom in numbers."""
    s, p, o = (_slot(term, dictionary) for term in atom.terms())
    return Pattern(s, p, o)


def _slot(term: RuleTerm, dictionary: Dictionary) -> Slot:
    """Return a variable's name or a term's number."""
    if isinstance(term, Var):
        return term.name
    return dictionary.constant(term) if isinstance(term, Literal) else dictionary.number(term)


def fixed_by(step: Compiled, values: dict[str, int], ground: Sequence[tuple[int, int, int]]) -> Compiled:
    """Return the rule with some variables replaced; body atoms left without variables are dropped."""
    head = tuple(_replaced(pattern, values) for pattern in step.head)
    body = tuple(found for p in step.body if (found := _replaced(p, values)).names())
    return replace(step, head=head, body=body, ground=(*step.ground, *ground), fixed=step.fixed | values)


def _replaced(pattern: Pattern, values: dict[str, int]) -> Pattern:
    """Return a pattern with variables replaced by numbers."""
    s, p, o = (
        values.get(slot, slot) if isinstance(slot, str) else slot
        for slot in (pattern.s, pattern.p, pattern.o)
    )
    return Pattern(s, p, o)


def reflexive(step: Compiled, same_as: int) -> Compiled | None:
    """Return a violation rule for the case that eq-ref gives its owl:sameAs atom.

    That rule is never stored.
    """
    found = [p for p in step.body if p.p == same_as and isinstance(p.o, str)]
    if not (step.rule.inconsistency and found):
        return None
    kept, gone = found[0].s, str(found[0].o)
    swap = {gone: kept}
    body = tuple(
        Pattern(*(swap.get(x, x) if isinstance(x, str) else x for x in (p.s, p.p, p.o)))
        for p in step.body
        if p is not found[0]
    )
    return replace(step, body=body, alike=(gone, str(kept)))


def transitive_steps(step: Compiled, facts: Facts, dictionary: Dictionary) -> Iterator[Compiled]:
    """Yield prp-trp for every property declared transitive."""
    type_, declared = dictionary.number(RDF["type"]), dictionary.number(OWL["TransitiveProperty"])
    table = match((Pattern("p", type_, declared),), (facts,))
    for predicate in table.columns.get("p", ()):
        yield fixed_by(step, {"p": int(predicate)}, [(int(predicate), type_, declared)])


def chain_steps(step: Compiled, facts: Facts, dictionary: Dictionary) -> Iterator[Compiled]:
    """Yield prp-spo2 for every property chain, of whatever length."""
    axiom, first, rest, nil = (
        dictionary.number(term) for term in (OWL["propertyChainAxiom"], RDF["first"], RDF["rest"], RDF["nil"])
    )
    relation = facts[axiom]
    for p, head in zip(relation.subjects().tolist(), relation.objects().tolist(), strict=True):
        for cells in sequences(head, facts[first], facts[rest], nil):
            if cells:
                yield _chain(step, p, head, cells, (axiom, first, rest, nil))


def _chain(
    step: Compiled, p: int, head: int, cells: tuple[tuple[int, int], ...], names: tuple[int, int, int, int]
) -> Compiled:
    """Return prp-spo2 for one chain."""
    axiom, first, rest, nil = names
    following = [*(cell for cell, _ in cells[1:]), nil]
    ground = [(p, axiom, head)]
    for (cell, member), after in zip(cells, following, strict=True):
        ground += [(cell, first, member), (cell, rest, after)]
    body = tuple(Pattern(f"x{i}", member, f"x{i + 1}") for i, (_, member) in enumerate(cells))
    return replace(
        step,
        head=(Pattern("x0", p, f"x{len(cells)}"),),
        body=body,
        ground=tuple(ground),
        fixed={"p": p, "l": head},
    )


def matches(
    step: Compiled, facts: Facts, delta: Facts | None, keep: frozenset[str] | None
) -> Iterator[Table]:
    """Yield the matches of a rule; with `delta`, those that use at least one fact of it."""
    wanted = None if keep is None else keep.union(*(p.names() for p in (*step.each, *_some(step.member))))
    count = len(step.body)
    if delta is None:
        yield _complete(step, match(step.body, (facts,) * count, wanted), facts)
        return
    for i, pattern in enumerate(step.body):
        if not isinstance(pattern.p, int) or len(delta[pattern.p]):
            sources = (*(facts,) * i, delta, *(facts,) * (count - i - 1))
            yield _complete(step, match(step.body, sources, wanted), facts)


def matches_from(step: Compiled, facts: Facts, values: dict[str, int]) -> Table:
    """Return the matches of a rule in which some variables have the given values."""
    bound = fixed_by(step, values, ())
    table = match(bound.body, (facts,) * len(bound.body), None, UNIT)
    return _complete(step, table, facts) if table.n else NO_MATCH


def _some(member: Pattern | None) -> tuple[Pattern, ...]:
    """Return what is there."""
    return (member,) if member else ()


def _complete(step: Compiled, table: Table, facts: Facts) -> Table:
    """Return the rows for which the condition on all members of the list holds too."""
    if step.member is None or not table.n:
        return table
    return for_every(table, step.member, step.each, facts)
