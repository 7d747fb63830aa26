"""Rounds of the rules on a SPARQL server: the logic; who sends the texts is the caller's `Server`.

What RDF cannot hold, no such server can: a literal in front of a triple. So dt-type2 and dt-diff, and what
rests on them, work in `close` only.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from pyoxigraph import Literal, NamedNode

from kg.errors import UserError
from kg.namespaces import RDF, RDFS
from kg.reasoning.datatypes import parse_value
from kg.reasoning.dictionary import Term
from kg.reasoning.engine import ProgressCallback
from kg.reasoning.rulebook import load_rules
from kg.reasoning.rules import Rule
from kg.reasoning.updates import (
    ClosureGraphs,
    build_chain_update,
    build_chains_query,
    build_cleanup_updates,
    build_equality_update,
    build_rule_updates,
    build_violation_queries,
)
from kg.reasoning.wording import fill_wording

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
