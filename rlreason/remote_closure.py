"""The same rules as SPARQL 1.1 Update, for a server where the graph lives.

Texts only, nothing is sent here.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from pyoxigraph import Literal, NamedNode

from kg.errors import UserError
from kg.namespaces import OWL, RDF, RDFS
from rlreason.datatypes import parse_value
from rlreason.rule_engine import ProgressCallback
from rlreason.rules import Atom, ListWalk, Rule, RuleTerm, Var, load_rules
from rlreason.term_dictionary import Term
from rlreason.wording import fill_wording

_FIRST, _REST = RDF["first"], RDF["rest"]
_PATH_BY_WALK = {
    ListWalk.MEMBER: f"{_REST}*/{_FIRST}",
    ListWalk.CELL: f"{_REST}*",
    ListWalk.LATER: f"{_REST}+/{_FIRST}",
}


@dataclass(frozen=True, slots=True)
class ClosureGraphs:
    """The graphs of a closure on a server: what was given, what plain rules and what axiomatic rules add."""

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
    return " ".join(format_rule_term(one) for one in atom.terms()) + " ."


def format_body(rule: Rule, use_paths: bool = True) -> str:
    """Return the body of a rule as a group pattern's content.

    A relation composed with itself becomes a path, where the server has paths between any two things.
    """
    composed = _format_path(rule) if use_paths else ""
    if composed:
        return composed
    lines = [format_atom(atom) for atom in rule.body]
    if rule.for_all:
        each = " ".join(format_atom(atom) for atom in rule.for_all.conditions)
        lines.append(
            f"FILTER NOT EXISTS {{ {format_atom(rule.for_all.member)} FILTER NOT EXISTS {{ {each} }} }}"
        )
    return "\n  ".join(lines)


def _format_path(rule: Rule) -> str:
    """Return the path for a rule that composes one fixed relation with itself; nothing for others."""
    if len(rule.body) != 2 or len(rule.head) != 1 or not isinstance(rule.head[0].p, NamedNode):
        return ""
    (one, two), head = rule.body, rule.head[0]
    if one.p == two.p == head.p and one.o == two.s and head.s == one.s and head.o == two.o and one.s != two.o:
        return f"{format_rule_term(one.s)} {format_rule_term(one.p)}+ {format_rule_term(two.o)} ."
    return ""


def build_rule_updates(
    rule: Rule, graphs: ClosureGraphs, target: NamedNode, use_paths: bool = True
) -> Iterator[str]:
    """Yield one INSERT for each triple of the head, of what is not there yet."""
    for head in rule.head:
        kept = (
            f"FILTER(!sameTerm({format_rule_term(head.s)}, {format_rule_term(head.o)}))"
            if head.p == OWL["sameAs"]
            else ""
        )
        if isinstance(head.p, Var):  # some servers refuse the update where others leave the triple out
            kept = f"FILTER(isIRI({format_rule_term(head.p)}))"
        yield (
            f"INSERT {{ GRAPH {target} {{ {format_atom(head)} }} }}\n{graphs.using_clauses()}\n"
            f"WHERE {{\n  {format_body(rule, use_paths)}\n  {kept}\n  FILTER NOT EXISTS {{ {format_atom(head)} }}\n}}"
        )


def build_violation_queries(rule: Rule, graphs: ClosureGraphs, limit: int = 50) -> Iterator[str]:
    """Yield the SELECTs whose rows contradict; eq-ref, which is not stored, by both sides being one."""
    for one in (rule, *_build_reflexive_variants(rule)):
        yield f"SELECT * {graphs.from_clauses()}\nWHERE {{\n  {format_body(one)}\n}} LIMIT {limit}"


def _build_reflexive_variants(rule: Rule) -> Iterator[Rule]:
    """Yield the rule with the two sides of its owl:sameAs atom made one."""
    for atom in rule.body:
        if atom.p == OWL["sameAs"] and isinstance(atom.o, Var):
            gone = atom.o
            body = tuple(_replace_variable(other, gone, atom.s) for other in rule.body if other is not atom)
            yield replace(rule, body=body)


def _replace_variable(atom: Atom, variable: Var, replacement: RuleTerm) -> Atom:
    """Return an atom with one variable replaced."""
    s, p, o = (replacement if one == variable else one for one in atom.terms())
    return Atom(s, p, o)


def build_chain_update(head: NamedNode, steps: Sequence[str], graphs: ClosureGraphs) -> str:
    """Return the INSERT for one property chain; `steps` are properties, `^` before those read backwards."""
    links = " ".join(f"?x{i} {step} ?x{i + 1} ." for i, step in enumerate(steps))
    said = f"?x0 {head} ?x{len(steps)} ."
    return (
        f"INSERT {{ GRAPH {graphs.inferred} {{ {said} }} }}\n{graphs.using_clauses()}\n"
        f"WHERE {{ {links} FILTER NOT EXISTS {{ {said} }} }}"
    )


def build_chains_query(graphs: ClosureGraphs) -> str:
    """Return the query for the cells of all property chains.

    `inverse` is what an unnamed member reads backwards.
    """
    return (
        f"SELECT ?p ?list ?cell ?member ?next ?inverse {graphs.from_clauses()} WHERE {{\n"
        f"  ?p {OWL['propertyChainAxiom']} ?list . ?list {_REST}* ?cell .\n"
        f"  ?cell {_FIRST} ?member ; {_REST} ?next .\n"
        f"  OPTIONAL {{ ?member {OWL['inverseOf']} ?inverse FILTER isBlank(?member) }}\n}}"
    )


def build_equality_update(pairs: Iterable[tuple[str, str]], graphs: ClosureGraphs) -> str:
    """Return the INSERT by which literals of one value stand for each other (dt-eq with eq-rep-o)."""
    values = " ".join(f"({one} {other})" for one, other in pairs)  # literals as N-Triples: nothing to inject
    insert = f"INSERT {{ GRAPH {graphs.inferred} {{ ?s ?p ?other }} }}"
    alike = f"VALUES (?one ?other) {{ {values} }} ?s ?p ?one . FILTER NOT EXISTS {{ ?s ?p ?other }}"
    return f"{insert}\n{graphs.using_clauses()}\nWHERE {{ {alike} }}"


def build_cleanup_updates(graphs: ClosureGraphs) -> Iterator[str]:
    """Yield the updates that take noise out: reflexive triples, and what only scm-cls says of owl:Thing."""
    reflexive = " ".join(
        str(p)
        for p in (
            OWL["sameAs"],
            OWL["equivalentClass"],
            OWL["equivalentProperty"],
            RDFS["subClassOf"],
            RDFS["subPropertyOf"],
        )
    )
    for graph in (graphs.inferred, graphs.axiomatic):
        loops = f"GRAPH {graph} {{ ?s ?p ?s }}"
        yield f"DELETE {{ {loops} }} WHERE {{ VALUES ?p {{ {reflexive} }} {loops} }}"
    extra = graphs.axiomatic
    upward = " ".join(str(p) for p in (RDF["type"], RDFS["subClassOf"], RDFS["domain"], RDFS["range"]))
    yield (
        f"DELETE {{ GRAPH {extra} {{ ?s ?p {OWL['Thing']} }} }} "
        f"WHERE {{ VALUES ?p {{ {upward} }} GRAPH {extra} {{ ?s ?p {OWL['Thing']} }} }}"
    )
    below = f"{OWL['Nothing']} {RDFS['subClassOf']} ?o"
    yield f"DELETE {{ GRAPH {extra} {{ {below} }} }} WHERE {{ GRAPH {extra} {{ {below} }} }}"
    ends = f"VALUES ?s {{ {OWL['Thing']} {OWL['Nothing']} }} GRAPH {extra} {{ ?s {RDF['type']} ?o }}"
    yield f"DELETE {{ GRAPH {extra} {{ ?s {RDF['type']} ?o }} }} WHERE {{ {ends} }}"


#: MERGED kg.reasoning.elsewhere
#: MERGED Rounds of the rules on a SPARQL server: the logic; who sends the texts is the caller's `Server`.
#: MERGED
#: MERGED What RDF cannot hold, no such server can: a literal in front of a triple. So dt-type2 and dt-diff, and what
#: MERGED rests on them, work in `close` only.


#: literals compared in one update
PAIRS_PER_UPDATE = 500


class SparqlConnection(Protocol):
    """What a server must do: answer a SELECT with rows, and run an update."""

    def select_rows(self, query: str) -> Iterable[dict[str, Term]]:
        """Yield the rows of a SELECT."""
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
    rules: Iterable[Rule] | None = None,
    progress: ProgressCallback | None = None,
) -> RemoteClosure:
    """Close `graphs.given` into `graphs.inferred` on a server; what stood in the latter is replaced."""
    every = tuple(load_rules() if rules is None else rules)
    for graph in (graphs.inferred, graphs.axiomatic):
        connection.run_update(f"DROP SILENT GRAPH {graph}")
    plain = [r for r in every if not (r.axiomatic or r.finds_violations or r.builtin or r.unroll)]
    seeds = [r for r in every if r.axiomatic and r.name != "eq-ref" and not _lists_declarations(r)]
    paths = _supports_open_paths(connection, graphs)
    rounds = _run_remote_rounds(connection, graphs, plain, graphs.inferred, progress, 0, paths)
    rounds = _run_remote_rounds(
        connection, graphs, [*seeds, *plain], graphs.axiomatic, progress, rounds, paths
    )
    found = tuple(_find_contradictions(connection, graphs, every))
    for text in build_cleanup_updates(graphs):
        connection.run_update(text)
    connection.run_update(f"ADD SILENT GRAPH {graphs.axiomatic} TO GRAPH {graphs.inferred}")
    connection.run_update(f"DROP SILENT GRAPH {graphs.axiomatic}")
    return RemoteClosure(rounds, _count_triples(connection, graphs.inferred), found)


def _supports_open_paths(connection: SparqlConnection, graphs: ClosureGraphs) -> bool:
    """Say whether the server finds paths between any two things; Virtuoso wants one end given.

    Without them a relation is composed by joins, in more rounds.
    """
    try:
        list(
            connection.select_rows(
                f"SELECT * {graphs.from_clauses()} WHERE {{ ?s {RDFS['subClassOf']}+ ?o }} LIMIT 1"
            )
        )
    except UserError:
        return False
    return True


def _lists_declarations(rule: Rule) -> bool:
    """Say whether a rule only lists what OWL 2 declares."""
    return not rule.body and len(rule.head) > 1


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
            found = _parse_value_or_none(literal)
            if found is not None:
                by_value.setdefault(found, []).append(str(literal))
    for alike in by_value.values():
        yield from ((one, other) for one in alike for other in alike if one != other)


def _parse_value_or_none(literal: Literal) -> object | None:
    """Return the value of a literal; None when it has none."""
    try:
        return parse_value(literal)
    except ValueError:
        return None


def _find_contradictions(
    connection: SparqlConnection, graphs: ClosureGraphs, rules: tuple[Rule, ...]
) -> Iterator[str]:
    """Yield what contradicts, a sentence each."""
    for rule in rules:
        if rule.finds_violations and not rule.builtin:
            for query in build_violation_queries(rule, graphs):
                for row in connection.select_rows(query):
                    yield f"{rule.severity} ({rule.name}): {fill_wording(rule.wording, row)}."


def _count_triples(connection: SparqlConnection, graph: NamedNode) -> int:
    """Return the number of triples of a graph."""
    rows = connection.select_rows(f"SELECT (COUNT(*) AS ?n) WHERE {{ GRAPH {graph} {{ ?s ?p ?o }} }}")
    return sum(int(getattr(row["n"], "value", "0")) for row in rows)
