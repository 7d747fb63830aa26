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

from kg.errors import KgError
from kg.namespaces import RDF, RDFS
from kg.reasoning.datatypes import value
from kg.reasoning.dictionary import Node
from kg.reasoning.engine import Progress
from kg.reasoning.rulebook import owl2rl
from kg.reasoning.rules import Rule
from kg.reasoning.updates import Graphs, chain, chains_query, equal_literals, noise, updates, violations
from kg.reasoning.wording import worded

#: literals compared in one update
PAIRS = 500


class Server(Protocol):
    """What a server must do: answer a SELECT with rows, and run an update."""

    def rows(self, query: str) -> Iterable[dict[str, Node]]:
        """Yield the rows of a SELECT."""
        ...

    def update(self, text: str) -> None:
        """Run a SPARQL update."""
        ...


@dataclass(frozen=True, slots=True)
class RemoteClosure:
    """How a closure on a server ended: rounds, inferred triples, contradictions as sentences."""

    rounds: int
    inferred: int
    inconsistencies: tuple[str, ...]


def close_remotely(
    server: Server, graphs: Graphs, rules: Iterable[Rule] | None = None, progress: Progress | None = None
) -> RemoteClosure:
    """Close `graphs.given` into `graphs.inferred` on a server; what stood in the latter is replaced."""
    every = tuple(owl2rl() if rules is None else rules)
    for graph in (graphs.inferred, graphs.axiomatic):
        server.update(f"DROP SILENT GRAPH {graph}")
    plain = [r for r in every if not (r.axiomatic or r.inconsistency or r.builtin or r.unroll)]
    seeds = [r for r in every if r.axiomatic and r.name != "eq-ref" and not _declares(r)]
    paths = _has_paths(server, graphs)
    rounds = _rounds(server, graphs, plain, graphs.inferred, progress, 0, paths)
    rounds = _rounds(server, graphs, [*seeds, *plain], graphs.axiomatic, progress, rounds, paths)
    found = tuple(_contradictions(server, graphs, every))
    for text in noise(graphs):
        server.update(text)
    server.update(f"ADD SILENT GRAPH {graphs.axiomatic} TO GRAPH {graphs.inferred}")
    server.update(f"DROP SILENT GRAPH {graphs.axiomatic}")
    return RemoteClosure(rounds, _size(server, graphs.inferred), found)


def _has_paths(server: Server, graphs: Graphs) -> bool:
    """Say whether the server finds paths between any two things; Virtuoso wants one end given.

    Without them a relation is composed by joins, in more rounds.
    """
    try:
        list(server.rows(f"SELECT * {graphs.dataset()} WHERE {{ ?s {RDFS['subClassOf']}+ ?o }} LIMIT 1"))
    except KgError:
        return False
    return True


def _declares(rule: Rule) -> bool:
    """Say whether a rule only lists what OWL 2 declares."""
    return not rule.body and len(rule.head) > 1


def _rounds(
    server: Server,
    graphs: Graphs,
    rules: list[Rule],
    into: NamedNode,
    progress: Progress | None,
    number: int,
    paths: bool,
) -> int:
    """Apply rules until a round adds nothing; return the number of the last round."""
    before, after = -1, _size(server, into)
    while after != before:
        started, before, number = time.perf_counter(), after, number + 1
        for text in _texts(server, graphs, rules, into, paths):
            server.update(text)
        after = _size(server, into)
        if progress:
            progress(number, after - before, time.perf_counter() - started)
    return number


def _texts(server: Server, graphs: Graphs, rules: list[Rule], into: NamedNode, paths: bool) -> Iterator[str]:
    """Yield the updates of one round."""
    for rule in rules:
        yield from updates(rule, graphs, into, paths)
    for head, steps in _chains(server.rows(chains_query(graphs))):
        yield chain(head, steps, graphs)
    pairs = list(
        _equal(
            server.rows(f"SELECT DISTINCT ?o {graphs.dataset()} WHERE {{ ?s ?p ?o FILTER isLiteral(?o) }}")
        )
    )
    for start in range(0, len(pairs), PAIRS):
        yield equal_literals(pairs[start : start + PAIRS], graphs)


def _chains(rows: Iterable[dict[str, Node]]) -> Iterator[tuple[NamedNode, list[str]]]:
    """Yield each property chain with its steps, from the cells of its list."""
    heads: dict[tuple[Node, Node], dict[Node, tuple[Node, str]]] = {}
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


def _equal(rows: Iterable[dict[str, Node]]) -> Iterator[tuple[str, str]]:
    """Yield the pairs of literals that are written differently and have one value."""
    by_value: dict[object, list[str]] = {}
    for row in rows:
        literal = row["o"]
        if isinstance(literal, Literal) and not literal.language:
            found = _value(literal)
            if found is not None:
                by_value.setdefault(found, []).append(str(literal))
    for alike in by_value.values():
        yield from ((one, other) for one in alike for other in alike if one != other)


def _value(literal: Literal) -> object | None:
    """Return the value of a literal; None when it has none."""
    try:
        return value(literal)
    except ValueError:
        return None


def _contradictions(server: Server, graphs: Graphs, rules: tuple[Rule, ...]) -> Iterator[str]:
    """Yield what contradicts, a sentence each."""
    for rule in rules:
        if rule.inconsistency and not rule.builtin:
            for query in violations(rule, graphs):
                for row in server.rows(query):
                    yield f"{rule.severity} ({rule.name}): {worded(rule.wording, row)}."


def _size(server: Server, graph: NamedNode) -> int:
    """Return the number of triples of a graph."""
    rows = server.rows(f"SELECT (COUNT(*) AS ?n) WHERE {{ GRAPH {graph} {{ ?s ?p ?o }} }}")
    return sum(int(getattr(row["n"], "value", "0")) for row in rows)
