"""Reads expected and actual answers and says whether they are the same, blank nodes apart."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pyoxigraph as ox

RS = "http://www.w3.org/2001/sw/DataAccess/tests/result-set#"
FORMATS = {
    ".ttl": ox.RdfFormat.TURTLE,
    ".nt": ox.RdfFormat.N_TRIPLES,
    ".rdf": ox.RdfFormat.RDF_XML,
    ".trig": ox.RdfFormat.TRIG,
    ".nq": ox.RdfFormat.N_QUADS,
}
Term = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple
Row = dict[str, Term]


@dataclass(frozen=True, slots=True)
class Table:
    """Variables and rows; `ordered` where the expected answer says in which order."""

    variables: frozenset[str]
    rows: tuple[Row, ...]
    ordered: bool = False


def read_quads(path: Path, base: str) -> list[ox.Quad]:
    """Return the quads of an RDF file."""
    return list(ox.parse(path=path, format=FORMATS[path.suffix], base_iri=base))


def read_graph(path: Path, base: str) -> list[ox.Triple]:
    """Return the triples of an RDF file, whatever graph they are in."""
    return [quad.triple for quad in read_quads(path, base)]


def read_results(body: bytes, suffix: str) -> Table | bool:
    """Return the answer in a SPARQL results format."""
    if suffix == ".csv":
        return _read_csv(body)
    formats = {
        ".srx": ox.QueryResultsFormat.XML,
        ".srj": ox.QueryResultsFormat.JSON,
        ".tsv": ox.QueryResultsFormat.TSV,
    }
    read = ox.parse_query_results(body, format=formats[suffix])
    if isinstance(read, ox.QueryBoolean):
        return bool(read)
    names = [v.value for v in read.variables]
    rows = tuple({n: t for n, t in zip(names, row, strict=True) if t is not None} for row in read)
    return Table(frozenset(names), rows)


def _read_csv(body: bytes) -> Table:
    """Return a CSV answer, its values as plain strings; blank nodes as blank nodes."""
    lines = list(csv.reader(io.StringIO(body.decode(), newline="")))
    rows = tuple({name: _cell(text) for name, text in zip(lines[0], line, strict=True)} for line in lines[1:])
    return Table(frozenset(lines[0]), rows)


def _cell(text: str) -> Term:
    """Return a CSV cell, which has lost its type: numbers are compared as numbers."""
    if text.startswith("_:"):
        return ox.BlankNode(text[2:])
    try:
        return ox.Literal(float(text))
    except ValueError:
        return ox.Literal(text)


def read_result_set(triples: list[ox.Triple]) -> Table | bool | None:
    """Return a result set written in RDF, None when the graph is none."""
    of: dict[tuple[str, str], list[Term]] = {}
    for t in triples:
        of.setdefault((str(t.subject), t.predicate.value), []).append(t.object)
    heads = [str(t.subject) for t in triples if str(t.object) == f"<{RS}ResultSet>"]
    if not heads:
        return None
    boolean = of.get((heads[0], f"{RS}boolean"))
    if boolean:
        return getattr(boolean[0], "value", "") in ("true", "1")
    names = [getattr(v, "value", "") for v in of.get((heads[0], f"{RS}resultVariable"), [])]
    found = []
    for solution in of.get((heads[0], f"{RS}solution"), []):
        row = {}
        for binding in of.get((str(solution), f"{RS}binding"), []):
            name = getattr(of[(str(binding), f"{RS}variable")][0], "value", "")
            row[name] = of[(str(binding), f"{RS}value")][0]
        index = of.get((str(solution), f"{RS}index"))
        found.append((int(getattr(index[0], "value", "0")) if index else 0, row))
    found.sort(key=lambda item: item[0])
    return Table(frozenset(names), tuple(row for _, row in found), any(index for index, _ in found))


def same_graph(left: list[ox.Triple], right: list[ox.Triple]) -> bool:
    """Say whether two graphs are isomorphic, numbers compared by value."""
    return _canonical([_plain_triple(t) for t in left]) == _canonical([_plain_triple(t) for t in right])


def same_table(expected: Table, actual: Table, lax: bool = False) -> bool:
    """Say whether two tables hold the same rows; `lax`: each as often as expected or less (REDUCED)."""
    if expected.variables != actual.variables:
        return False
    if lax:
        allowed, given = _counted(expected), _counted(actual)
        return set(allowed) == set(given) and all(given[row] <= allowed[row] for row in given)
    if len(expected.rows) != len(actual.rows):
        return False
    ordered = expected.ordered
    return _canonical(_as_graph(expected, ordered)) == _canonical(_as_graph(actual, ordered))


def _counted(table: Table) -> Counter[frozenset[tuple[str, str]]]:
    return Counter(frozenset((n, str(_plain(t))) for n, t in row.items()) for row in table.rows)


def _as_graph(table: Table, ordered: bool) -> list[ox.Triple]:
    """Return the rows as a graph, so that blank nodes shared by rows are compared too."""
    triples = []
    for index, row in enumerate(table.rows):
        node = ox.BlankNode()
        triples.append(ox.Triple(node, ox.NamedNode("x:row"), ox.Literal(index if ordered else 0)))
        for name, term in row.items():
            triples.append(ox.Triple(node, ox.NamedNode(f"x:var/{name}"), _plain(term)))
    return triples


def _canonical(triples: list[ox.Triple]) -> set[str]:
    dataset = ox.Dataset(ox.Quad(t.subject, t.predicate, t.object) for t in triples)
    dataset.canonicalize(ox.CanonicalizationAlgorithm.UNSTABLE)
    return {str(quad) for quad in dataset}


def _plain_triple(triple: ox.Triple) -> ox.Triple:
    subject = _plain(triple.subject)
    assert not isinstance(subject, ox.Literal)
    return ox.Triple(subject, triple.predicate, _plain(triple.object))


def _plain(term: Term) -> Term:
    """Return a term with its literals as the engine spells them: values are compared, not digits."""
    store = ox.Store()
    store.add(ox.Quad(ox.NamedNode("x:s"), ox.NamedNode("x:p"), term))
    kept: Term = next(iter(store)).object
    return kept
