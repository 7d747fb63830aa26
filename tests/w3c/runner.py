"""Runs cases against a SPARQL server over HTTP and tells which fail, and why."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urljoin

import pyoxigraph as ox
import requests

from rlreason import close
from tests.w3c import exchanges
from tests.w3c.cases import BASE, ENTAILMENT, Case, Node
from tests.w3c.judge import (
    Table,
    read_graph,
    read_quads,
    read_result_set,
    read_results,
    same_graph,
    same_table,
)
from tests.w3c.services import Services

QT = "http://www.w3.org/2001/sw/DataAccess/tests/test-query#"
UT = "http://www.w3.org/2009/sparql/tests/test-update#"
RDFS = "http://www.w3.org/2000/01/rdf-schema#"
ACCEPT = {
    ".srx": "application/sparql-results+xml",
    ".srj": "application/sparql-results+json",
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
}


class FailedCaseError(AssertionError):
    """A case did not come out as its manifest says."""


@dataclass
class Server:
    """A server's three addresses, the token that lets it write, and the endpoints it may call."""

    query: str
    update: str
    store: str
    token: str = ""
    services: Services | None = None
    session: requests.Session = field(default_factory=requests.Session)

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers that allow writes."""
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    def run_query(self, text: str, accept: str) -> requests.Response:
        """Send a query."""
        head = {"Content-Type": "application/sparql-query", "Accept": accept}
        return self.session.post(self.query, data=text.encode(), headers=head, timeout=60)

    def run_update(self, text: str) -> requests.Response:
        """Send an update."""
        head = {"Content-Type": "application/sparql-update"} | self.headers
        return self.session.post(self.update, data=text.encode(), headers=head, timeout=60)

    def empty(self) -> None:
        """Remove everything."""
        self.run_update("DROP ALL").raise_for_status()

    def load(self, triples: list[ox.Triple], graph: str = "") -> None:
        """Put triples into the default or a named graph."""
        body = ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES)
        where = {"graph": graph} if graph else {"default": ""}
        head = {"Content-Type": "application/n-triples"} | self.headers
        self.session.post(self.store, params=where, data=body, headers=head, timeout=60).raise_for_status()

    def load_together(self, graphs: dict[str, list[ox.Triple]]) -> None:
        """Put graphs in place that may share blank nodes."""
        if len(graphs) == 1:
            return self.load(graphs[""])
        blocks = []
        for name, triples in graphs.items():
            lines = " ".join(f"{triple} ." for triple in triples)
            blocks.append(f"GRAPH <{name}> {{ {lines} }}" if name else lines)
        self.run_update(f"INSERT DATA {{ {' '.join(blocks)} }}").raise_for_status()
        return None

    def graph(self, name: str = "") -> list[ox.Triple]:
        """Return the triples of the default or a named graph."""
        where = {"graph": name} if name else {"default": ""}
        answer = self.session.get(
            self.store, params=where, headers={"Accept": "application/n-triples"}, timeout=60
        )
        answer.raise_for_status()
        return [q.triple for q in ox.parse(answer.content, format=ox.RdfFormat.N_TRIPLES)]

    def names(self) -> set[str]:
        """Return the names of the graphs that hold anything."""
        answer = self.run_query("SELECT DISTINCT ?g { GRAPH ?g { ?s ?p ?o } }", ACCEPT[".srj"])
        return {b["g"]["value"] for b in answer.json()["results"]["bindings"]}


def run(case: Case, server: Server) -> None:
    """Run one case; raises FailedCaseError, or what the exchange raised."""
    for pattern, act in _KINDS:
        if re.fullmatch(pattern, case.kind):
            act(case, server)
            return
    raise FailedCaseError(f"unknown kind {case.kind}")


def _text(case: Case, node: Node | None) -> str:
    path = case.graph.file(node)
    assert path is not None
    return path.read_bytes().decode("utf-8")


def _query_node(case: Case, action: Node | None) -> Node | None:
    return case.graph.value(action, f"{QT}query") or case.graph.value(action, f"{UT}request") or action


def _positive_query(case: Case, server: Server) -> None:
    text = _text(case, _query_node(case, case.graph.value(case.node, "action")))
    answer = server.run_query(text, f"{ACCEPT['.srj']}, application/n-triples")
    if answer.status_code == 400 or answer.status_code >= 500:
        raise FailedCaseError(f"{answer.status_code}: {answer.text[:200]}")


def _negative_query(case: Case, server: Server) -> None:
    path = case.graph.file(_query_node(case, case.graph.value(case.node, "action")))
    assert path is not None
    answer = server.run_query(path.read_bytes().decode("utf-8", "surrogateescape"), f"{ACCEPT['.srj']}, */*")
    if not 400 <= answer.status_code < 500:
        raise FailedCaseError(f"{answer.status_code} where the query should be refused")


def _positive_update(case: Case, server: Server) -> None:
    server.empty()
    answer = server.run_update(_text(case, _query_node(case, case.graph.value(case.node, "action"))))
    if answer.status_code == 400:
        raise FailedCaseError(f"{answer.status_code}: {answer.text[:200]}")


def _negative_update(case: Case, server: Server) -> None:
    server.empty()
    answer = server.run_update(_text(case, _query_node(case, case.graph.value(case.node, "action"))))
    if not 400 <= answer.status_code < 500:
        raise FailedCaseError(f"{answer.status_code} where the update should be refused")


def _load(case: Case, server: Server, action: Node | None, vocabulary: str) -> None:
    """Put the data of a case in place."""
    server.empty()
    manifest = case.graph
    for node in manifest.values(action, f"{vocabulary}data"):
        graphs = _data(case, node)
        if case.suite == ENTAILMENT:
            graphs[""] += close(graphs[""], axiomatic=True)
        server.load_together(graphs)
    for node in manifest.values(action, f"{vocabulary}graphData"):
        if isinstance(node, ox.NamedNode):
            server.load(_data(case, node)[""], node.value)
        else:
            name = manifest.text(node, f"{RDFS}label") or manifest.text(node, f"{vocabulary}graph")
            source = manifest.value(node, f"{vocabulary}graph") or manifest.value(node, f"{vocabulary}data")
            server.load(_data(case, source)[""], name)


def _load_services(case: Case, server: Server, action: Node | None) -> None:
    """Put the data of the endpoints that a case calls in place."""
    if server.services is None:
        return
    server.services.empty()
    for node in case.graph.values(action, f"{QT}serviceData"):
        endpoint = case.graph.text(node, f"{QT}endpoint")
        server.services.load(endpoint, _data(case, case.graph.value(node, f"{QT}data"))[""])


def _data(case: Case, node: Node | None) -> dict[str, list[ox.Triple]]:
    """Return the triples of a data file by graph; "" is the default graph."""
    path = case.graph.file(node)
    assert path is not None
    graphs: dict[str, list[ox.Triple]] = {"": []}
    for quad in read_quads(path, BASE + str(path.relative_to(case.graph.root))):
        name = quad.graph_name.value if isinstance(quad.graph_name, ox.NamedNode) else ""
        graphs.setdefault(name, []).append(quad.triple)
    return graphs


def _load_named_by_query(case: Case, server: Server, text: str, base: str) -> None:
    """Put in place the files that FROM names, for a case that gives no data of its own."""
    for relative in re.findall(r"\bFROM\s+(?:NAMED\s+)?<([^>]*)>", text):
        name = ox.NamedNode(urljoin(base, relative))
        if case.graph.file(name) is not None:
            server.load(_data(case, name)[""], name.value)


def _evaluation(case: Case, server: Server) -> None:
    """Evaluate a query and compare its answer."""
    manifest = case.graph
    action = manifest.value(case.node, "action")
    query = manifest.value(action, f"{QT}query")
    assert isinstance(query, ox.NamedNode)
    _load(case, server, action, QT)
    _load_services(case, server, action)
    expected_file = manifest.file(manifest.value(case.node, "result"))
    assert expected_file is not None
    text = f"BASE <{query.value}>\n{_text(case, query)}"
    if server.services is not None:
        text = server.services.here(text)
    if not manifest.values(action, f"{QT}data") and not manifest.values(action, f"{QT}graphData"):
        _load_named_by_query(case, server, text, query.value)
    expected = _expected(expected_file, manifest.text(case.node, "result"))
    if isinstance(expected, list):
        answer = server.run_query(text, "application/n-triples")
        _ok(answer)
        actual = [q.triple for q in ox.parse(answer.content, format=ox.RdfFormat.N_TRIPLES)]
        if not same_graph(expected, actual):
            raise FailedCaseError(f"another graph: {answer.text[:300]}")
        return
    suffix = expected_file.suffix if expected_file.suffix in ACCEPT else ".srj"
    answer = server.run_query(text, ACCEPT[suffix])
    _ok(answer)
    found = read_results(answer.content, suffix)
    if isinstance(expected, bool) or isinstance(found, bool):
        if expected != found:
            raise FailedCaseError(f"{found} for {expected}")
        return
    lax = manifest.text(case.node, "resultCardinality").endswith("LaxCardinality")
    if not same_table(expected, found, lax):
        raise FailedCaseError(f"other rows: {answer.text[:300]}")


def _ok(answer: requests.Response) -> None:
    if answer.status_code != 200:
        raise FailedCaseError(f"{answer.status_code}: {answer.text[:300]}")


def _expected(path: Path, base: str) -> Table | bool | list[ox.Triple]:
    """Return the expected answer: a table, a boolean or a graph."""
    if path.suffix in ACCEPT:
        return read_results(path.read_bytes(), path.suffix)
    triples = read_graph(path, base)
    table = read_result_set(triples)
    return triples if table is None else table


def _update(case: Case, server: Server) -> None:
    """Run an update and compare what it left."""
    manifest = case.graph
    action, result = manifest.value(case.node, "action"), manifest.value(case.node, "result")
    _load(case, server, action, UT)
    request = manifest.value(action, f"{UT}request")
    assert isinstance(request, ox.NamedNode)
    answer = server.run_update(f"BASE <{request.value}>\n{_text(case, request)}")
    if not answer.ok:
        raise FailedCaseError(f"{answer.status_code}: {answer.text[:300]}")
    named: dict[str, list[ox.Triple]] = {"": []}
    for node in manifest.values(result, f"{UT}data"):
        named |= _data(case, node)
    if not same_graph(named.pop(""), server.graph()):
        raise FailedCaseError("another default graph")
    for node in manifest.values(result, f"{UT}graphData"):
        name = manifest.text(node, f"{RDFS}label") or manifest.text(node, f"{UT}graph")
        triples = _data(case, manifest.value(node, f"{UT}graph"))[""]
        if triples:
            named[name] = triples
    if set(named) != server.names():
        raise FailedCaseError(f"graphs {server.names()} for {set(named)}")
    for name, triples in named.items():
        if not same_graph(triples, server.graph(name)):
            raise FailedCaseError(f"another graph {name}")


def _description(case: Case, server: Server) -> None:
    """Check the service description."""
    answer = server.session.get(server.query, headers={"Accept": "text/turtle"}, timeout=60)
    _ok(answer)
    triples = [q.triple for q in ox.parse(answer.content, format=ox.RdfFormat.TURTLE, base_iri=server.query)]
    sd = "http://www.w3.org/ns/sparql-service-description#"
    if case.name == "returns-rdf":
        return
    endpoints = {str(t.object) for t in triples if t.predicate.value == f"{sd}endpoint"}
    if f"<{server.query}>" not in endpoints:
        raise FailedCaseError(f"endpoint {endpoints}")
    services = {t.subject for t in triples if str(t.object) == f"<{sd}Service>"}
    if case.name == "conforms-to-schema" and len(services) != 1:
        raise FailedCaseError(f"{len(services)} services")


_KINDS: tuple[tuple[str, Callable[[Case, Server], None]], ...] = (
    (r"PositiveSyntaxTest(11)?", _positive_query),
    (r"NegativeSyntaxTest(11)?", _negative_query),
    (r"PositiveUpdateSyntaxTest(11)?", _positive_update),
    (r"NegativeUpdateSyntaxTest(11)?", _negative_update),
    (r"QueryEvaluationTest|CSVResultFormatTest", _evaluation),
    (r"UpdateEvaluationTest", _update),
    (r"ProtocolTest", exchanges.protocol),
    (r"GraphStoreProtocolTest", exchanges.graph_store),
    (r"ServiceDescriptionTest", _description),
)
