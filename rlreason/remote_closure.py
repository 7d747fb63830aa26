"""The same rules run by a SPARQL 1.1 server, where the graph lives, as SPARQL Update.

Nothing is sent here: the caller's `SparqlConnection` runs the texts. A round is one INSERT for each rule;
rounds run until the number of triples does not grow. What RDF cannot say no such server can hold, a literal
as subject: so dt-type2 and dt-diff, and what rests on them, are found by `close` only.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import permutations
from typing import Protocol

from pyoxigraph import Literal, NamedNode

from rlreason.datatypes import parse_value
from rlreason.omitted_triples import PROPERTIES_WITH_TOP, REFLEXIVE_PROPERTIES
from rlreason.rule_engine import ProgressCallback
from rlreason.rules import OWL2RL, Atom, ListWalk, Rule, RuleError, RuleTerm, Var, composes_relation
from rlreason.term_dictionary import Term
from rlreason.vocabulary import OWL, RDF, RDFS
from rlreason.wording import TermFormatter, fill_wording, format_standard_term

#: literals compared in one update
PAIRS_PER_UPDATE = 500
_FIRST, _REST = RDF["first"], RDF["rest"]
_PATH_BY_WALK = {
    ListWalk.MEMBER: f"{_REST}*/{_FIRST}",
    ListWalk.CELL: f"{_REST}*",
    ListWalk.LATER: f"{_REST}+/{_FIRST}",
}


@dataclass(frozen=True, slots=True)
class ClosureGraphs:
    """The graphs of a closure on a server: asserted, inferred by plain rules, inferred by axiomatic rules."""

    asserted: NamedNode
    inferred: NamedNode
    axiomatic: NamedNode

    def using_clauses(self) -> str:
        """Return the USING clauses over all three."""
        return f"USING {self.asserted} USING {self.inferred} USING {self.axiomatic}"

    def from_clauses(self) -> str:
        """Return the FROM clauses over all three."""
        return f"FROM {self.asserted} FROM {self.inferred} FROM {self.axiomatic}"


def format_rule_term(rule_term: RuleTerm) -> str:
    """Return a term, variable or list walk as SPARQL."""
    if isinstance(rule_term, Var):
        return f"?{rule_term.name}"
    return _PATH_BY_WALK[rule_term] if isinstance(rule_term, ListWalk) else str(rule_term)


def format_atom(atom: Atom) -> str:
    """Return an atom as SPARQL."""
    return " ".join(format_rule_term(term) for term in atom.terms()) + " ."


def format_body(rule: Rule, use_paths: bool = True) -> str:
    """Return the body of a rule as the content of a group pattern.

    A relation composed with itself becomes a property path, which closes it in one round; Virtuoso has no
    paths between two unbound ends (`use_paths` False).
    """
    if use_paths and composes_relation(rule.head, rule.body) and isinstance(rule.head[0].p, NamedNode):
        start, path, end = (format_rule_term(term) for term in rule.head[0].terms())
        return f"{start} {path}+ {end} ."
    lines = [format_atom(atom) for atom in rule.body]
    if rule.for_all:
        each = " ".join(format_atom(atom) for atom in rule.for_all.conditions)
        lines.append(
            f"FILTER NOT EXISTS {{ {format_atom(rule.for_all.member)} FILTER NOT EXISTS {{ {each} }} }}"
        )
    return "\n  ".join(lines)


def _build_insert(graphs: ClosureGraphs, target: NamedNode, triple: str, where: str) -> str:
    """Return the INSERT of a triple, of what is not there yet."""
    return (
        f"INSERT {{ GRAPH {target} {{ {triple} }} }}\n{graphs.using_clauses()}\n"
        f"WHERE {{ {where}\n  FILTER NOT EXISTS {{ {triple} }} }}"
    )


def build_rule_updates(
    rule: Rule, graphs: ClosureGraphs, target: NamedNode, use_paths: bool = True
) -> Iterator[str]:
    """Yield one INSERT for each triple of the head."""
    for head in rule.head:
        condition = ""
        if head.p == OWL["sameAs"]:
            condition = f"FILTER(!sameTerm({format_rule_term(head.s)}, {format_rule_term(head.o)}))"
        if isinstance(head.p, Var):  # some servers refuse the update where others leave the triple out
            condition = f"FILTER(isIRI({format_rule_term(head.p)}))"
        yield _build_insert(
            graphs, target, format_atom(head), f"{format_body(rule, use_paths)}\n  {condition}"
        )


def build_violation_queries(rule: Rule, graphs: ClosureGraphs, limit: int = 50) -> Iterator[str]:
    """Yield the SELECTs whose rows are contradictions, with eq-ref as in `make_reflexive_variant`."""
    for variant in (rule, *_build_reflexive_variants(rule)):
        yield f"SELECT * {graphs.from_clauses()}\nWHERE {{\n  {format_body(variant)}\n}} LIMIT {limit}"


def _build_reflexive_variants(rule: Rule) -> Iterator[Rule]:
    """Yield the rule without its owl:sameAs atom, both sides of it the same variable."""
    for atom in rule.body:
        if atom.p == OWL["sameAs"] and isinstance(atom.o, Var):
            merged = atom.o
            body = tuple(_replace_variable(other, merged, atom.s) for other in rule.body if other is not atom)
            yield replace(rule, body=body)


def _replace_variable(atom: Atom, variable: Var, replacement: RuleTerm) -> Atom:
    """Return an atom with one variable replaced."""
    return Atom(*(replacement if term == variable else term for term in atom.terms()))


def build_chain_update(head: NamedNode, steps: Sequence[str], graphs: ClosureGraphs) -> str:
    """Return the INSERT for one property chain; `steps` are properties, `^` before those read backwards."""
    links = " ".join(f"?x{i} {step} ?x{i + 1} ." for i, step in enumerate(steps))
    return _build_insert(graphs, graphs.inferred, f"?x0 {head} ?x{len(steps)} .", links)


def build_chains_query(graphs: ClosureGraphs) -> str:
    """Return the query for the cells of all property chains; `?inverse` is what an unnamed member inverts."""
    return (
        f"SELECT ?p ?list ?cell ?member ?next ?inverse {graphs.from_clauses()} WHERE {{\n"
        f"  ?p {OWL['propertyChainAxiom']} ?list . ?list {_REST}* ?cell .\n"
        f"  ?cell {_FIRST} ?member ; {_REST} ?next .\n"
        f"  OPTIONAL {{ ?member {OWL['inverseOf']} ?inverse FILTER isBlank(?member) }}\n}}"
    )


def build_equality_update(pairs: Iterable[tuple[str, str]], graphs: ClosureGraphs) -> str:
    """Return the INSERT by which literals of one value stand for each other (dt-eq with eq-rep-o)."""
    # literals as N-Triples: nothing to inject
    values = " ".join(f"({literal} {other})" for literal, other in pairs)
    where = f"VALUES (?literal ?other) {{ {values} }} ?s ?p ?literal ."
    return _build_insert(graphs, graphs.inferred, "?s ?p ?other", where)


def build_cleanup_updates(graphs: ClosureGraphs) -> Iterator[str]:
    """Yield the updates that delete trivial triples, as `omitted_triples` leaves them out."""
    thing, nothing = OWL["Thing"], OWL["Nothing"]
    reflexive, upward = (" ".join(map(str, terms)) for terms in (REFLEXIVE_PROPERTIES, PROPERTIES_WITH_TOP))
    for graph, triple, values in (
        (graphs.inferred, "?s ?p ?s", f"?p {{ {reflexive} }}"),
        (graphs.axiomatic, "?s ?p ?s", f"?p {{ {reflexive} }}"),
        (graphs.axiomatic, f"?s ?p {thing}", f"?p {{ {upward} }}"),
        (graphs.axiomatic, f"?s {RDFS['subClassOf']} ?o", f"?s {{ {nothing} }}"),
        (graphs.axiomatic, f"?s {RDF['type']} ?o", f"?s {{ {thing} {nothing} }}"),
    ):
        found = f"GRAPH {graph} {{ {triple} }}"
        yield f"DELETE {{ {found} }} WHERE {{ VALUES {values} {found} }}"


class RemoteError(Exception):
    """A SPARQL server failed or refused a query or an update; raised by the caller's connection."""


class SparqlConnection(Protocol):
    """A SPARQL server; both methods raise RemoteError when it fails or refuses."""

    def select_rows(self, query: str) -> Iterable[dict[str, Term]]:
        """Return the rows of a SELECT."""
        ...

    def run_update(self, update: str) -> None:
        """Run a SPARQL update."""
        ...


@dataclass(frozen=True, slots=True)
class RemoteClosure:
    """How a closure on a server ended: rounds, inferred triples, contradictions as sentences."""

    rounds: int
    inferred: int
    inconsistencies: tuple[str, ...]


def close_remotely(
    connection: SparqlConnection,
    graphs: ClosureGraphs,
    rules: Iterable[Rule] = OWL2RL,
    *,
    format_term: TermFormatter = format_standard_term,
    progress: ProgressCallback | None = None,
) -> RemoteClosure:
    """Close `graphs.asserted` into `graphs.inferred` on a server, replacing what the latter held.

    Raises RemoteError when the server fails; the graphs may then hold part of the closure. Raises RuleError
    for rules of one's own that are more than a join.
    """
    every = tuple(rules)
    for rule in every:
        if rule.filters or rule.assignments or rule.negations:
            raise RuleError(
                f"The rule {rule.name} has filters, BIND or NOT EXISTS: not supported on a server."
            )
    for graph in (graphs.inferred, graphs.axiomatic):
        connection.run_update(f"DROP SILENT GRAPH {graph}")
    plain = [r for r in every if not (r.axiomatic or r.finds_violations or r.builtin or r.unroll)]
    seeds = [r for r in every if r.axiomatic and r.name != "eq-ref" and not r.only_declares]
    paths = _supports_open_paths(connection, graphs)
    rounds = _run_remote_rounds(connection, graphs, plain, graphs.inferred, progress, 0, paths)
    rounds = _run_remote_rounds(
        connection, graphs, [*seeds, *plain], graphs.axiomatic, progress, rounds, paths
    )
    contradictions = tuple(_find_contradictions(connection, graphs, every, format_term))
    for text in build_cleanup_updates(graphs):
        connection.run_update(text)
    connection.run_update(f"ADD SILENT GRAPH {graphs.axiomatic} TO GRAPH {graphs.inferred}")
    connection.run_update(f"DROP SILENT GRAPH {graphs.axiomatic}")
    return RemoteClosure(rounds, _count_triples(connection, graphs.inferred), contradictions)


def _supports_open_paths(connection: SparqlConnection, graphs: ClosureGraphs) -> bool:
    """Return whether the server evaluates property paths with both ends unbound; Virtuoso refuses."""
    try:
        list(
            connection.select_rows(
                f"SELECT * {graphs.from_clauses()} WHERE {{ ?s {RDFS['subClassOf']}+ ?o }} LIMIT 1"
            )
        )
    except RemoteError:
        return False
    return True


def _run_remote_rounds(
    connection: SparqlConnection,
    graphs: ClosureGraphs,
    rules: list[Rule],
    target: NamedNode,
    progress: ProgressCallback | None,
    round_number: int,
    use_paths: bool,
) -> int:
    """Apply rules until a round adds nothing; return the number of the last round."""
    before, after = -1, _count_triples(connection, target)
    while after != before:
        started, before, round_number = time.perf_counter(), after, round_number + 1
        for text in _build_round_updates(connection, graphs, rules, target, use_paths):
            connection.run_update(text)
        after = _count_triples(connection, target)
        if progress:
            progress(round_number, after - before, time.perf_counter() - started)
    return round_number


def _build_round_updates(
    connection: SparqlConnection, graphs: ClosureGraphs, rules: list[Rule], target: NamedNode, use_paths: bool
) -> Iterator[str]:
    """Yield the updates of one round."""
    for rule in rules:
        yield from build_rule_updates(rule, graphs, target, use_paths)
    for head, steps in _read_chains(connection.select_rows(build_chains_query(graphs))):
        yield build_chain_update(head, steps, graphs)
    pairs = list(
        _pair_equal_literals(
            connection.select_rows(
                f"SELECT DISTINCT ?o {graphs.from_clauses()} WHERE {{ ?s ?p ?o FILTER isLiteral(?o) }}"
            )
        )
    )
    for start in range(0, len(pairs), PAIRS_PER_UPDATE):
        yield build_equality_update(pairs[start : start + PAIRS_PER_UPDATE], graphs)


def _read_chains(rows: Iterable[dict[str, Term]]) -> Iterator[tuple[NamedNode, list[str]]]:
    """Yield each property chain with its steps, from the cells of its list."""
    heads: dict[tuple[Term, Term], dict[Term, tuple[Term, str]]] = {}
    for row in rows:
        step = f"^{row['inverse']}" if "inverse" in row else str(row["member"])
        heads.setdefault((row["p"], row["list"]), {})[row["cell"]] = (row["next"], step)
    for (head, cell), cells in heads.items():
        steps: list[str] = []
        while cell in cells and len(steps) <= len(cells):
            cell, step = cells[cell]
            steps.append(step)
        if isinstance(head, NamedNode) and cell == RDF["nil"] and not any(s.startswith("_:") for s in steps):
            yield head, steps


def _pair_equal_literals(rows: Iterable[dict[str, Term]]) -> Iterator[tuple[str, str]]:
    """Yield the pairs of literals that are written differently and have one value."""
    by_value: dict[object, list[str]] = {}
    for row in rows:
        literal = row["o"]
        if isinstance(literal, Literal) and not literal.language:
            value = _parse_value_or_none(literal)
            if value is not None:
                by_value.setdefault(value, []).append(str(literal))
    for equal in by_value.values():
        yield from permutations(equal, 2)


def _parse_value_or_none(literal: Literal) -> object | None:
    """Return the value of a literal; None when it has none."""
    try:
        return parse_value(literal)
    except ValueError:
        return None


def _find_contradictions(
    connection: SparqlConnection, graphs: ClosureGraphs, rules: tuple[Rule, ...], format_term: TermFormatter
) -> Iterator[str]:
    """Yield a sentence for each contradiction."""
    for rule in rules:
        if rule.finds_violations and not rule.builtin:
            for query in build_violation_queries(rule, graphs):
                for row in connection.select_rows(query):
                    yield f"{rule.severity} ({rule.name}): {fill_wording(rule.wording, row, format_term)}."


def _count_triples(connection: SparqlConnection, graph: NamedNode) -> int:
    """Return the number of triples of a graph."""
    rows = connection.select_rows(f"SELECT (COUNT(*) AS ?n) WHERE {{ GRAPH {graph} {{ ?s ?p ?o }} }}")
    return sum(int(getattr(row["n"], "value", "0")) for row in rows)
