"""Rules in term numbers, and how one is matched against facts.

Two rules are not matched as they are written but specialized, once for each axiom of the ontology, with the
axiom's terms put in: prp-trp for each transitive property and prp-spo2 for each property chain. This turns a
pattern with a variable predicate into one with a fixed predicate, which is one array rather than all of them,
and lets a chain have any length. The axiom's triples stay with the rule as *ground premises* for the proofs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from pyoxigraph import Literal, NamedNode

from rlreason.datatypes import parse_value
from rlreason.join import BindingTable, Slot, TriplePattern, match_patterns
from rlreason.rdf_lists import filter_for_all_members, read_sequences
from rlreason.relation import FIRST_TERM_NUMBER, Fact, FactSet, IntArray
from rlreason.row_conditions import Assignment, Filter, Negation, RowCondition, apply_conditions
from rlreason.rules import Atom, Expression, Rule, RuleTerm, Var, composes_relation
from rlreason.term_dictionary import TermDictionary
from rlreason.vocabulary import OWL, RDF


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule ready to match.

    `member` and `conditions` are the condition on all members of a list. `ground_premises` are body atoms
    whose variables are all replaced, by the values in `fixed_bindings`. `merged_variables` are a variable and
    the one that stands for it too (see `make_reflexive_variant`). `row_conditions` are what a rule of one's
    own asks beyond its patterns, in the order in which they are applied.
    """

    rule: Rule
    head: tuple[TriplePattern, ...]
    body: tuple[TriplePattern, ...]
    member: TriplePattern | None = None
    conditions: tuple[TriplePattern, ...] = ()
    ground_premises: tuple[Fact, ...] = ()
    fixed_bindings: dict[str, int] = field(default_factory=dict)
    merged_variables: tuple[str, str] | None = None
    row_conditions: tuple[RowCondition, ...] = ()

    def head_variables(self) -> frozenset[str]:
        """Return the variables that the conclusion needs."""
        return frozenset().union(*(pattern.variable_names() for pattern in self.head))

    def list_patterns(self) -> Iterator[TriplePattern]:
        """Yield the patterns of the body, and of what it negates."""
        yield from self.body
        for condition in self.row_conditions:
            if isinstance(condition, Negation):
                yield from condition.patterns

    def composed_predicate(self) -> int | None:
        """Return the predicate that this rule composes with itself, as scm-sco does; None for others."""
        if self.member or self.row_conditions or not composes_relation(self.head, self.body):
            return None
        predicate = self.head[0].p
        return predicate if isinstance(predicate, int) else None


def instantiate_slots(pattern: TriplePattern, bindings: Mapping[str, int]) -> Fact:
    """Return the fact that a pattern stands for, or the pair of a walk along a list."""
    s, p, o = (
        bindings[slot] if isinstance(slot, str) else slot for slot in (pattern.s, pattern.p, pattern.o)
    )
    return s, p, o


def instantiate_pattern(pattern: TriplePattern, bindings: Mapping[str, int]) -> Fact | None:
    """Return the fact that a pattern stands for; None for a walk along a list, which is not a triple."""
    fact = instantiate_slots(pattern, bindings)
    return fact if fact[1] >= FIRST_TERM_NUMBER else None


def compile_rule(rule: Rule, dictionary: TermDictionary) -> CompiledRule:
    """Return the rule in numbers."""

    def compile_atoms(atoms: Iterable[Atom], *, is_body: bool = True) -> tuple[TriplePattern, ...]:
        return tuple(
            TriplePattern(
                *(
                    _compile_term(term, dictionary, is_body and _matches_by_value(term, atom, rule))
                    for term in atom.terms()
                )
            )
            for atom in atoms
        )

    def compile_filters(filters: Iterable[Expression]) -> tuple[Filter, ...]:
        return tuple(Filter(expression, dictionary) for expression in filters)

    head, body, every = compile_atoms(rule.head, is_body=False), compile_atoms(rule.body), rule.for_all
    if every is not None:
        (member,) = compile_atoms([every.member])
        return CompiledRule(rule, head, body, member, compile_atoms(every.conditions))
    row_conditions: tuple[RowCondition, ...] = (
        *(Assignment(name, expression, dictionary) for name, expression in rule.assignments),
        *compile_filters(rule.filters),
        *(Negation(compile_atoms(each.atoms), compile_filters(each.filters)) for each in rule.negations),
    )
    return CompiledRule(rule, head, body, row_conditions=row_conditions)


def _compile_term(term: RuleTerm, dictionary: TermDictionary, by_value: bool) -> Slot:
    """Return a variable's name or a term's number, of its own for a literal that is matched by value."""
    if isinstance(term, Var):
        return term.name
    if isinstance(term, Literal) and by_value:
        return dictionary.number_rule_constant(term)
    return dictionary.number_term(term)


def _matches_by_value(term: RuleTerm, atom: Atom, rule: Rule) -> bool:
    """Return whether a literal stands for all of its value, in a rule of one's own only a number or its like.

    A plain string is matched as it is written; so is all else where the predicate is a variable.
    """
    if not isinstance(term, Literal):
        return False
    if rule.table:
        return True
    value = parse_value(term)
    return isinstance(atom.p, NamedNode) and value is not None and value[0] != "text"


def bind_variables(step: CompiledRule, values: dict[str, int]) -> CompiledRule:
    """Return the rule with some variables replaced; body atoms left without variables become premises."""

    def bind_pattern(pattern: TriplePattern) -> TriplePattern:
        slots = (pattern.s, pattern.p, pattern.o)
        return TriplePattern(*(values.get(slot, slot) if isinstance(slot, str) else slot for slot in slots))

    body = [bind_pattern(pattern) for pattern in step.body]
    ground = [instantiate_pattern(pattern, {}) for pattern in body if not pattern.variable_names()]
    return replace(
        step,
        head=tuple(bind_pattern(pattern) for pattern in step.head),
        body=tuple(pattern for pattern in body if pattern.variable_names()),
        ground_premises=(*step.ground_premises, *(fact for fact in ground if fact is not None)),
        fixed_bindings=step.fixed_bindings | values,
    )


def make_reflexive_variant(step: CompiledRule, same_as: int) -> CompiledRule | None:
    """Return a rule of contradictions for the case that eq-ref would match its owl:sameAs atom.

    eq-ref (everything is the same as itself) is never stored: it would double the facts and only matters
    where a rule asks for owl:sameAs. eq-diff1, for instance, must find `x differentFrom x`, so it is matched
    a second time without its owl:sameAs atom and with both sides the same variable. None for all other rules.
    """
    reflexive = next((p for p in step.body if p.p == same_as and isinstance(p.o, str)), None)
    if reflexive is None or not step.rule.finds_violations or step.row_conditions:
        return None
    left, right = reflexive.s, str(reflexive.o)
    body = tuple(
        TriplePattern(*(left if slot == right else slot for slot in (p.s, p.p, p.o)))
        for p in step.body
        if p is not reflexive
    )
    return replace(step, body=body, merged_variables=(right, str(left)))


def specialize_transitivity(
    step: CompiledRule, facts: FactSet, dictionary: TermDictionary
) -> Iterator[CompiledRule]:
    """Yield prp-trp for every property declared transitive."""
    type_, declared = dictionary.number_term(RDF["type"]), dictionary.number_term(OWL["TransitiveProperty"])
    _, properties = facts[type_].find_linked(np.array([declared]), backwards=True)
    for predicate in properties.tolist():
        yield bind_variables(step, {"p": predicate})


def specialize_chains(
    step: CompiledRule, facts: FactSet, dictionary: TermDictionary, cut_lists: set[int]
) -> Iterator[CompiledRule]:
    """Yield prp-spo2 for every property chain, of any length; add to `cut_lists` those not read whole."""
    axiom, first, rest, nil = (
        dictionary.number_term(term)
        for term in (OWL["propertyChainAxiom"], RDF["first"], RDF["rest"], RDF["nil"])
    )
    for predicate, head in facts[axiom].iterate_pairs():
        sequences, is_cut = read_sequences(head, facts[first], facts[rest], nil)
        cut_lists |= {head} if is_cut else set()
        for cells in filter(None, sequences):
            # The axiom and its list, cell by cell: what a proof shows, and what tells one chain from
            # another.
            following = [*(cell for cell, _ in cells[1:]), nil]
            ground = [(predicate, axiom, head)]
            for (cell, member), after in zip(cells, following, strict=True):
                ground += [(cell, first, member), (cell, rest, after)]
            yield _specialize_chain(step, predicate, head, [m for _, m in cells], ground)


def _specialize_chain(
    step: CompiledRule, predicate: int, head: int, members: list[int], ground: list[Fact]
) -> CompiledRule:
    """Return prp-spo2 for one chain of properties; `ground` are the triples of the axiom and its list."""
    # ?x0 p1 ?x1 . ?x1 p2 ?x2 ... -> ?x0 p ?xn (table 5, prp-spo2)
    body = (TriplePattern(f"x{i}", member, f"x{i + 1}") for i, member in enumerate(members))
    return replace(
        step,
        head=(TriplePattern("x0", predicate, f"x{len(members)}"),),
        body=tuple(body),
        ground_premises=tuple(ground),
        fixed_bindings={"p": predicate, "l": head},
    )


def match_rule(
    step: CompiledRule, facts: FactSet, delta: FactSet | None, kept_variables: frozenset[str] | None
) -> Iterator[BindingTable]:
    """Yield the matches of a rule in `facts`; with `delta`, only those that use at least one fact of it.

    `delta` is a subset of `facts`. A body of n atoms is joined n times, atom i looked up in `delta` and the
    others in `facts`; a match that uses several new facts is found several times, which does not matter,
    since conclusions are a set. Of the columns only `kept_variables` are wanted, None keeps all.
    """
    # Conditions are checked after the join, so their variables must survive it.
    wanted = kept_variables
    if wanted is not None:
        wanted = wanted.union(*(condition.variables for condition in step.row_conditions))
    if wanted is not None and step.member is not None:
        wanted = wanted.union(*(p.variable_names() for p in (step.member, *step.conditions)))
    count = len(step.body)
    if delta is None:
        yield _keep_fulfilled_rows(step, match_patterns(step.body, (facts,) * count, wanted), facts)
        return
    for i, pattern in enumerate(step.body):
        # An atom whose predicate has no new facts cannot be the one that matches a new fact.
        if not isinstance(pattern.p, int) or len(delta[pattern.p]):
            sources = (*(facts,) * i, delta, *(facts,) * (count - i - 1))
            yield _keep_fulfilled_rows(step, match_patterns(step.body, sources, wanted), facts)


def match_conclusions(step: CompiledRule, facts: FactSet, wanted: FactSet) -> Iterator[BindingTable]:
    """Yield the matches of a rule in `facts` that conclude one of `wanted`."""
    kept = step.head_variables().union(*(condition.variables for condition in step.row_conditions))
    if step.member is not None:
        kept = kept.union(*(p.variable_names() for p in (step.member, *step.conditions)))
    for head in step.head:
        for predicate in [head.p] if isinstance(head.p, int) else list(wanted.by_predicate):
            facts_wanted = wanted[predicate]
            table = unify_head(head, predicate, facts_wanted.subjects(), facts_wanted.objects())
            if table.row_count:
                table = match_patterns(step.body, (facts,) * len(step.body), kept, table)
                yield _keep_fulfilled_rows(step, table, facts)


def unify_head(
    head: TriplePattern, predicate: int, subjects: IntArray, objects: IntArray, **kept: IntArray
) -> BindingTable:
    """Return the facts of one predicate that a head can say, as values of its variables, beside `kept`."""
    predicates = np.full(len(subjects), predicate, dtype=np.int64)
    columns: dict[str, IntArray] = {}
    fits = np.ones(len(subjects), dtype=bool)
    for slot, column in ((head.s, subjects), (head.p, predicates), (head.o, objects)):
        known = columns.setdefault(slot, column) if isinstance(slot, str) else slot
        fits &= column == known
    return BindingTable(len(subjects), columns | kept).take_rows(np.flatnonzero(fits))


def _keep_fulfilled_rows(step: CompiledRule, table: BindingTable, facts: FactSet) -> BindingTable:
    """Return the rows for which the condition on all members of the list, and other conditions, hold too."""
    table = apply_conditions(step.row_conditions, table, facts)
    if step.member is None or not table.row_count:
        return table
    return filter_for_all_members(table, step.member, step.conditions, facts)
