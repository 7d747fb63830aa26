"""Plays the HTTP exchanges that the protocol and graph store manifests write down, and checks the answers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pyoxigraph as ox
import requests

from tests.w3c.cases import Case, Node
from tests.w3c.judge import read_graph, same_graph

if TYPE_CHECKING:
    from tests.w3c.runner import Server

HT = "http://www.w3.org/2011/http#"
HTS = "http://www.w3.org/2011/http-statusCodes#"
CNT = "http://www.w3.org/2011/content#"
UT = "http://www.w3.org/2009/sparql/tests/test-update#"
RDFS = "http://www.w3.org/2000/01/rdf-schema#"
STATUS = {"OK": 200, "Created": 201, "NoContent": 204, "NotFound": 404}
BOOLEAN = "application/sparql-results+json"
TABULAR = (BOOLEAN, "application/sparql-results+xml", "text/csv", "text/tab-separated-values")
RDF_TYPES = ("text/turtle", "application/n-triples", "application/rdf+xml", "application/ld+json")


def protocol(case: Case, server: Server) -> None:
    """Play a case of the protocol manifest."""
    server.empty()
    for data in case.graph.values(case.node, f"{UT}graphData"):
        path = case.graph.file(case.graph.value(data, f"{UT}graph"))
        assert path is not None
        server.load(read_graph(path, ""), case.graph.text(data, f"{RDFS}label"))
    for request in _requests(case):
        rest = case.graph.text(request, f"{HT}absolutePath").removeprefix("/sparql/").removeprefix("/sparql")
        to_update = "update" in case.name and not _is_query(case, request)
        answer = _send(case, server, request, (server.update if to_update else server.query) + rest)
        _check(case, request, answer, "")


def graph_store(case: Case, server: Server) -> None:
    """Play a case of the graph store manifests, whose graphs live under `http://www.example/gsp`."""
    server.empty()
    location = ""
    for request in _requests(case):
        path = case.graph.text(request, f"{HT}absolutePath").replace("$LOCATION$", location)
        answer = _send(case, server, request, server.store + path.removeprefix("/gsp"), location)
        _check(case, request, answer, location, server.store)
        if case.graph.value(case.graph.value(request, f"{HT}resp"), "expectedLocation"):
            location = requests.compat.urljoin(server.store, answer.headers.get("Location", ""))
            assert location, "no Location"


def _requests(case: Case) -> list[Node]:
    """Return the requests of a case, in order."""
    action = case.graph.value(case.node, "action")
    return case.graph.members(case.graph.value(action, f"{HT}requests"))


def _header(case: Case, message: Node | None, name: str) -> str:
    """Return a header of a request or response of the manifest."""
    for header in case.graph.members(case.graph.value(message, f"{HT}headers")):
        if case.graph.text(header, f"{HT}fieldName").lower() == name:
            return case.graph.text(header, f"{HT}fieldValue")
    return ""


def _body(case: Case, message: Node | None) -> str:
    """Return the text of a body of the manifest."""
    return case.graph.text(case.graph.value(message, f"{HT}body"), f"{CNT}chars")


def _is_query(case: Case, request: Node) -> bool:
    """Say whether a request of an update case asks what the update did."""
    kind, body = _header(case, request, "content-type"), _body(case, request)
    path = case.graph.text(request, f"{HT}absolutePath")
    return kind == "application/sparql-query" or body.startswith("query=") or "?query=" in path


def _send(case: Case, server: Server, request: Node, address: str, location: str = "") -> requests.Response:
    """Send one request of the manifest."""
    encoding = case.graph.text(case.graph.value(request, f"{HT}body"), f"{CNT}characterEncoding") or "utf-8"
    headers = {
        case.graph.text(h, f"{HT}fieldName"): case.graph.text(h, f"{HT}fieldValue")
        for h in case.graph.members(case.graph.value(request, f"{HT}headers"))
    }
    body = _body(case, request).replace("$LOCATION$", location).encode(encoding)
    made = requests.Request(
        case.graph.text(request, f"{HT}methodName"),
        headers=headers | server.headers,
        data=body or None,
        url="http://x",
    ).prepare()
    made.url = address  # as the manifest spells it, percent signs and all
    if "content-type" not in {name.lower() for name in headers}:
        made.headers.pop("Content-Type", None)
    return server.session.send(made, timeout=60, allow_redirects=True)


def _check(case: Case, request: Node, answer: requests.Response, location: str, store: str = "") -> None:
    """Compare an answer with what the manifest expects; raises AssertionError."""
    response = case.graph.value(request, f"{HT}resp")
    allowed = [
        s.value[len(HTS) :]
        for s in case.graph.values(response, "expectedStatus")
        if isinstance(s, ox.NamedNode)
    ]
    fits = any(_fits(answer.status_code, word) for word in allowed)
    assert fits or not allowed, f"status {answer.status_code} for {allowed}: {answer.text[:200]}"
    _check_format(case.graph.text(response, "expectedFormat"), answer)
    boolean = case.graph.text(response, "expectedBoolean")
    if boolean:
        assert answer.headers["Content-Type"].startswith(BOOLEAN), answer.headers["Content-Type"]
        assert answer.json()["boolean"] is (boolean == "true"), answer.text[:200]
    body = _body(case, response)
    if body and "turtle" in _header(case, response, "content-type"):
        _check_graph(body.replace("$LOCATION$", location), answer, store or answer.url)


def _fits(status: int, word: str) -> bool:
    """Say whether a status is the one of its name, or in the class `StatusCode4xx`."""
    classed = re.fullmatch(r"StatusCode(\d)xx", word)
    return status // 100 == int(classed[1]) if classed else status == STATUS.get(word)


def _check_format(wanted: str, answer: requests.Response) -> None:
    """Check the kind of format an answer came in."""
    kind = answer.headers.get("Content-Type", "").partition(";")[0]
    fits = {"boolean": TABULAR, "tabular": TABULAR, "RDF": RDF_TYPES}
    assert not wanted or kind in fits[wanted], f"{kind} for {wanted}"


def _check_graph(expected: str, answer: requests.Response, base: str) -> None:
    """Compare the graph of an answer."""
    left = [q.triple for q in ox.parse(expected, format=ox.RdfFormat.TURTLE, base_iri=base)]
    kind = answer.headers.get("Content-Type", "").partition(";")[0]
    read = ox.RdfFormat.from_media_type(kind)
    assert read is not None, kind
    right = [q.triple for q in ox.parse(answer.content, format=read, base_iri=base)]
    assert same_graph(left, right), answer.text[:300]
