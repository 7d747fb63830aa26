"""What travels to other servers, and what they make of it."""

from __future__ import annotations

import io
from itertools import pairwise

import pytest
from pyoxigraph import BlankNode, Literal, NamedNode, Quad, QueryResultsFormat, parse_query_results

from sparqlhost.remote.remote_endpoint import (
    BlankNodeNormalizer,
    find_graphs_to_send,
    make_insert_update,
    parse_ask_answer,
    split_into_batches,
)
from sparqlhost.store.local_store import MemoryStore

P, Q = NamedNode("http://e/p"), NamedNode("http://e/q")


def test_statements_about_one_blank_node_travel_together() -> None:
    nodes = [BlankNode(f"n{i}") for i in range(30)]
    chain = [Quad(one, P, other) for one, other in pairwise(nodes)]
    plain = [Quad(NamedNode(f"http://e/{i}"), P, Literal(i)) for i in range(25)]
    single = [Quad(BlankNode(f"s{i}"), P, Literal(i)) for i in range(12)]
    mixed = [quad for row in zip(chain[:12], plain[:12], single, strict=True) for quad in row]
    found = list(split_into_batches([*mixed, *chain[12:], *plain[12:]], 10))
    assert sorted(str(quad) for batch in found for quad in batch) == sorted(
        map(str, [*chain, *plain, *single])
    )
    assert [batch for batch in found if set(chain) <= set(batch)]
    assert all(len(batch) <= 10 for batch in found if not set(chain) & set(batch))


@pytest.mark.parametrize("name", ["plain", "blank"])
def test_an_insertion_adds_its_quads(name: str) -> None:
    node = NamedNode("http://e/a") if name == "plain" else BlankNode("a")
    quads = [Quad(node, P, Literal("x")), Quad(node, Q, node, NamedNode("http://e/g"))]
    with MemoryStore() as store:
        store.update(make_insert_update(quads))
        assert store.ask("ASK { ?a <http://e/p> 'x' GRAPH <http://e/g> { ?a <http://e/q> ?a } }")


@pytest.mark.parametrize(
    ("text", "graphs"),
    [
        ("SELECT * { ?s ?p ?o }", ()),
        ("SELECT * { ?s ?p 'FROM <http://e/g>' }", ()),
        ("SELECT * FROM <http://e/g> { ?s ?p ?o }", None),
        ("INSERT { ?s ?p 1 } USING <http://e/g> WHERE { ?s ?p ?o }", None),
        ("SELECT * { GRAPH ?g { ?s ?p ?o } }", ()),
        ("SELECT * { GRAPH <http://e/g> { ?s ?p ?o } }", ("http://e/g",)),
        ("SELECT * { GRAPH <http://e/g> { ?s ?p ?o } GRAPH ?h { ?s ?p ?o } }", None),
    ],
)
def test_a_graph_stands_for_the_default_graph_where_the_text_lets_it(
    text: str, graphs: tuple[str, ...] | None
) -> None:
    assert find_graphs_to_send(text) == graphs


ROW = b'{ "s": { "type": "bnode", "value": "nodeID://b1%d" }, "o": { "type": "literal", "value": "%d" } }'


@pytest.mark.parametrize("block", [1, 7, 64, 4096])
def test_blank_nodes_called_by_addresses_get_names(block: int) -> None:
    rows = b", ".join(ROW % (i, i) for i in range(40))
    body = b'{ "head": { "vars": ["s", "o"] }, "results": { "bindings": [ ' + rows + b" ] } }"

    class Dripping(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(min(size or 0, block))

    read = io.BufferedReader(BlankNodeNormalizer(Dripping(body)))  # type: ignore[arg-type]
    found = [row["s"] for row in parse_query_results(read, format=QueryResultsFormat.JSON)]  # type: ignore[union-attr]
    assert found == [BlankNode(f"b1{i}") for i in range(40)]


@pytest.mark.parametrize(("value", "wanted"), [("1", True), ("0", False)])
def test_an_answer_to_ask_that_comes_as_a_row_is_yes_or_no(value: str, wanted: bool) -> None:
    body = (
        f'{{"head":{{"vars":["__ASK_RETVAL"]}},"results":{{"bindings":[{{"__ASK_RETVAL":{{"type":"typed-literal",\
"datatype":"http://www.w3.org/2001/XMLSchema#integer","value":"{value}"}}}}]}}}}'
    )
    found = parse_ask_answer(parse_query_results(body.encode(), format=QueryResultsFormat.JSON))
    assert found is not None
    assert bool(found) is wanted
