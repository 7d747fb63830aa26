"""Rules in term numbers, and those specialised from the ontology's own axioms: chains, transitivity."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from pyoxigraph import Literal

from kg.namespaces import OWL, RDF
from rlreason.join import EMPTY_TABLE, UNIT_TABLE, BindingTable, Slot, TriplePattern, match_patterns
from rlreason.rdf_lists import filter_for_all_members, iterate_sequences
from rlreason.relation import FactSet
from rlreason.rules import Atom, Rule, RuleTerm, Var
from rlreason.term_dictionary import TermDictionary


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule ready to match; `ground` are premises without variables, `fixed` variables already replaced."""

    rule: Rule
    head: tuple[TriplePattern, ...]
    body: tuple[TriplePattern, ...]
    member: TriplePattern | None = None
    conditions: tuple[TriplePattern, ...] = ()
    ground_premises: tuple[tuple[int, int, int], ...] = ()
    fixed_bindings: dict[str, int] = field(default_factory=dict)
    merged_variables: tuple[str, str] | None = None

    def head_variables(self) -> frozenset[str]:
        """Return the variables that the conclusion needs."""
        return frozenset().union(*(pattern.variable_names() for pattern in self.head))

    def composed_predicate(self) -> int | None:
        """Return the predicate that this rule composes with itself, if that is what it does."""
        if len(self.body) != 2 or len(self.head) != 1 or self.member:
            return None
        (one, two), head = self.body, self.head[0]
        same = one.p == two.p == head.p and isinstance(head.p, int)
        chained = one.o == two.s and head.s == one.s and head.o == two.o and one.s != two.o
        return int(head.p) if same and chained else None


def compile_rule(rule: Rule, dictionary: TermDictionary) -> CompiledRule:
    """Return the rule in numbers."""
    every = rule.for_all
    return CompiledRule(
        rule,
        _compile_atoms(rule.head, dictionary),
        _compile_atoms(rule.body, dictionary),
        _compile_atom(every.member, dictionary) if every else None,
        _compile_atoms(every.conditions, dictionary) if every else (),
    )


def _compile_atoms(atoms: Iterable[Atom], dictionary: TermDictionary) -> tuple[TriplePattern, ...]:
    """Return atoms in numbers."""
    return tuple(_compile_atom(atom, dictionary) for atom in atoms)


def _compile_atom(atom: Atom, dictionary: TermDictionary) -> TriplePattern:
    """Return an atom in numbers."""
    s, p, o = (_compile_term(term, dictionary) for term in atom.terms())
    return TriplePattern(s, p, o)


def _compile_term(term: RuleTerm, dictionary: TermDictionary) -> Slot:
    """Return a variable's name or a term's number."""
    if isinstance(term, Var):
        return term.name
    return (
        dictionary.number_rule_constant(term) if isinstance(term, Literal) else dictionary.number_term(term)
    )


def bind_variables(
    step: CompiledRule, values: dict[str, int], ground_premises: Sequence[tuple[int, int, int]]
) -> CompiledRule:
    """Return the rule with some variables replaced; body atoms left without variables are dropped."""
    head = tuple(_bind_pattern(pattern, values) for pattern in step.head)
    body = tuple(found for p in step.body if (found := _bind_pattern(p, values)).variable_names())
    return replace(
        step,
        head=head,
        body=body,
        ground_premises=(*step.ground_premises, *ground_premises),
        fixed_bindings=step.fixed_bindings | values,
    )


def _bind_pattern(pattern: TriplePattern, values: dict[str, int]) -> TriplePattern:
    """Return a pattern with variables replaced by numbers."""
    s, p, o = (
        values.get(slot, slot) if isinstance(slot, str) else slot
        for slot in (pattern.s, pattern.p, pattern.o)
    )
    return TriplePattern(s, p, o)


def make_reflexive_variant(step: CompiledRule, same_as: int) -> CompiledRule | None:
    """Return a violation rule for the case that eq-ref gives its owl:sameAs atom.

    That rule is never stored.
    """
    found = [p for p in step.body if p.p == same_as and isinstance(p.o, str)]
    if not (step.rule.finds_violations and found):
        return None
    kept, gone = found[0].s, str(found[0].o)
    swap = {gone: kept}
    body = tuple(
        TriplePattern(*(swap.get(x, x) if isinstance(x, str) else x for x in (p.s, p.p, p.o)))
        for p in step.body
        if p is not found[0]
    )
    return replace(step, body=body, merged_variables=(gone, str(kept)))


def specialize_transitivity(
    step: CompiledRule, facts: FactSet, dictionary: TermDictionary
) -> Iterator[CompiledRule]:
    """Yield prp-trp for every property declared transitive."""
    type_, declared = dictionary.number_term(RDF["type"]), dictionary.number_term(OWL["TransitiveProperty"])
    table = match_patterns((TriplePattern("p", type_, declared),), (facts,))
    for predicate in table.columns.get("p", ()):
        yield bind_variables(step, {"p": int(predicate)}, [(int(predicate), type_, declared)])


def specialize_chains(
    step: CompiledRule, facts: FactSet, dictionary: TermDictionary
) -> Iterator[CompiledRule]:
    """Yield prp-spo2 for every property chain, of whatever length."""
    axiom, first, rest, nil = (
        dictionary.number_term(term)
        for term in (OWL["propertyChainAxiom"], RDF["first"], RDF["rest"], RDF["nil"])
    )
    relation = facts[axiom]
    for p, head in zip(relation.subjects().tolist(), relation.objects().tolist(), strict=True):
        for cells in iterate_sequences(head, facts[first], facts[rest], nil):
            if cells:
                yield _specialize_chain(step, p, head, cells, (axiom, first, rest, nil))


def _specialize_chain(
    step: CompiledRule,
    p: int,
    head: int,
    cells: tuple[tuple[int, int], ...],
    vocabulary_numbers: tuple[int, int, int, int],
) -> CompiledRule:
    """Return prp-spo2 for one chain."""
    axiom, first, rest, nil = vocabulary_numbers
    following = [*(cell for cell, _ in cells[1:]), nil]
    ground = [(p, axiom, head)]
    for (cell, member), after in zip(cells, following, strict=True):
        ground += [(cell, first, member), (cell, rest, after)]
    body = tuple(TriplePattern(f"x{i}", member, f"x{i + 1}") for i, (_, member) in enumerate(cells))
    return replace(
        step,
        head=(TriplePattern("x0", p, f"x{len(cells)}"),),
        body=body,
        ground_premises=tuple(ground),
        fixed_bindings={"p": p, "l": head},
    )


def match_rule(
    step: CompiledRule, facts: FactSet, delta: FactSet | None, kept_variables: frozenset[str] | None
) -> Iterator[BindingTable]:
    """Yield the matches of a rule; with `delta`, those that use at least one fact of it."""
    wanted = (
        None
        if kept_variables is None
        else kept_variables.union(*(p.variable_names() for p in (*step.conditions, *_as_tuple(step.member))))
    )
    count = len(step.body)
    if delta is None:
        yield _keep_fulfilled_rows(step, match_patterns(step.body, (facts,) * count, wanted), facts)
        return
    for i, pattern in enumerate(step.body):
        if not isinstance(pattern.p, int) or len(delta[pattern.p]):
            sources = (*(facts,) * i, delta, *(facts,) * (count - i - 1))
            yield _keep_fulfilled_rows(step, match_patterns(step.body, sources, wanted), facts)


def matches_from(step: CompiledRule, facts: FactSet, values: dict[str, int]) -> BindingTable:
    """Return the matches of a rule in which some variables have the given values."""
    bound = bind_variables(step, values, ())
    table = match_patterns(bound.body, (facts,) * len(bound.body), None, UNIT_TABLE)
    return _keep_fulfilled_rows(step, table, facts) if table.row_count else EMPTY_TABLE


def _as_tuple(member: TriplePattern | None) -> tuple[TriplePattern, ...]:
    """Return what is there."""
    return (member,) if member else ()


def _keep_fulfilled_rows(step: CompiledRule, table: BindingTable, facts: FactSet) -> BindingTable:
    """Return the rows for which the condition on all members of the list holds too."""
    if step.member is None or not table.row_count:
        return table
    return filter_for_all_members(table, step.member, step.conditions, facts)
