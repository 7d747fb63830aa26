"""One object to ask: the same calls over the build in memory and over a server.

Both are asked over the addresses of the web application: in memory without a socket, by the application's
own test client; a server by HTTP. So an answer in a notebook is what `curl` gets, and there is one of each.
"""

from __future__ import annotations

import inspect
import json
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from kg.errors import BadQuery, NotFound
from kg.namespaces import compress_iri, declare_prefixes, expand_curie
from kg.notebook.answers import Answer, Table, Term, read_answer, read_table
from kg.settings import Settings
from sparqlhost.errors import StoreUnavailable, TooLarge
from sparqlhost.http import Peer, RequestLimits, send_request

_LIMITS = RequestLimits(120.0, max_bytes=200_000_000, private_hosts=None)  # the user named this very address
_RESULTS = "application/sparql-results+json"
_ERRORS = {404: NotFound, 413: TooLarge, 503: StoreUnavailable}


@dataclass(frozen=True, slots=True)
class Exchange:
    """What an address answered."""

    status: int
    body: bytes


#: method, path with query string, body or None, the wanted media type -> what came back
Transport = Callable[[str, str, bytes | None, str], Exchange]


class KnowledgeGraph:
    """The graph to ask; made by `kg.open()`.

    Every call raises BadQuery for a name or value that does not exist (its sentence proposes others),
    NotFound, or StoreUnavailable when the server does not answer.
    """

    def __init__(self, transport: Transport, address: str = "") -> None:
        self._transport = transport
        self._address = address
        self.ask = NamedQuestions(self)

    def __repr__(self) -> str:
        """Return where the answers come from."""
        return f"<KnowledgeGraph of {self._address or 'the build in memory'}>"

    @cached_property
    def questions(self) -> Table:
        """The named questions: name and question."""
        listed = self._fetch("GET", "/questions")["questions"]
        rows = [(question["name"], question["question"]) for question in listed]
        return read_table(("name", "question"), rows, self._address, title="questions")

    def case(self, *features: str, absent: Iterable[str] = ()) -> Answer:
        """Return what the texts say for a case of features (label, local name, CURIE or IRI)."""
        page = self._fetch("POST", "/case", body={"yes": features, "no": tuple(absent)})
        found: Answer = read_answer({k: part for k, part in page.items() if k != "choices"}, self._address)
        return found

    def compare(self, situation: str, intervention: str = "", *, documents: Iterable[str] = ()) -> Answer:
        """Return what each text says of a thing (default: of each) in a situation, and how they compare.

        `documents` are the texts to compare (one: with all others). A silent text does not speak against.
        """
        query = {"situation": situation, "intervention": intervention, "document": [*documents]}
        found: Answer = self._read("GET", "/compare", query)
        return found

    def explain(self, subject: str, predicate: str, object: str, *, all_proofs: bool = False) -> Answer:
        """Return the proof of a statement down to its sentence, or the premise that is missing."""
        statement = {"s": subject, "p": predicate, "o": object} | ({"all": "1"} if all_proofs else {})
        found: Answer = self._read("GET", "/explain", statement)
        return found

    def resolve(self, code: str) -> Answer:
        """Return what the graph has for an outside code, as `RXNORM:282388`, or an IRI."""
        found: Answer = self._read("GET", "/resolve", {"curie": code})
        return found

    def search(self, text: str) -> Table:
        """Return the entities and claims that a name finds, best first."""
        hits = self._fetch("GET", "/search", {"q": text})["hits"]
        rows = [
            ({"iri": expand_curie(hit["curie"]), **hit}, hit["kind"], hit["match"], hit["text"])
            for hit in hits
        ]
        return read_table(("hit", "kind", "match", "text"), rows, self._address, title=f"search: {text}")

    def claims(self) -> Table:
        """Return every claim of the texts as one flat table."""
        return self.ask("claims-table")

    def sparql(self, query: str) -> Table | bool | str:
        """Return the rows of a SELECT, the answer of an ASK, or the N-Triples of a CONSTRUCT or DESCRIBE.

        The project's own prefixes need no declaration.
        """
        body = urlencode({"query": declare_prefixes(query)}).encode()
        accept = f"{_RESULTS}, application/n-triples;q=0.9"
        answered = self._send("POST", "/sparql", body, accept)
        if not answered.startswith(b"{"):
            return answered.decode()
        results = json.loads(answered)
        if "boolean" in results:
            return bool(results["boolean"])
        columns = results["head"]["vars"]
        rows = [
            [_read_binding(row.get(column)) for column in columns] for row in results["results"]["bindings"]
        ]
        return Table(tuple(columns), tuple(map(tuple, rows)))

    def fetch_question(self, name: str, values: Mapping[str, Any]) -> Table:
        """Return the answer of a named question; `self.ask` is the way to call it."""
        given = {
            key: [*value] if isinstance(value, list | tuple) else [value] for key, value in values.items()
        }
        found = self._fetch("GET", f"/questions/{quote(name)}", given)
        texts = {"title": str(found["heading"]), "note": str(found.get("notice", ""))}
        return read_table(found["variables"], found["rows"], self._address, **texts)

    def fetch_parameters(self, name: str) -> tuple[str, ...]:
        """Return the parameter names of a named question."""
        return tuple(field["name"] for field in self._fetch("GET", f"/questions/{quote(name)}")["fields"])

    def _read(self, method: str, path: str, query: Mapping[str, Any] | None = None, body: Any = None) -> Any:
        return read_answer(self._fetch(method, path, query, body), self._address)

    def _fetch(self, method: str, path: str, query: Mapping[str, Any] | None = None, body: Any = None) -> Any:
        address = f"{path}?{urlencode(query, doseq=True)}" if query else path
        sent = None if body is None else json.dumps(body).encode()
        return json.loads(self._send(method, address, sent, "application/json"))

    def _send(self, method: str, path: str, body: bytes | None, accept: str) -> bytes:
        """Return the body of an answer; raises the error that a refusal describes (RFC 9457)."""
        answered = self._transport(method, path, body, accept)
        if answered.status < 300:
            return answered.body
        try:
            problem = json.loads(answered.body)
        except ValueError:
            problem = {"detail": f"The server answered {answered.status}."}
        if "detail" not in problem:  # an address that answers its own JSON with 404, as /resolve
            return answered.body
        error = _ERRORS.get(answered.status, BadQuery)
        raise error(problem["detail"], location=problem.get("where", ""), hint=problem.get("next", ""))


class NamedQuestions:
    """The named questions: `graph.ask("raised-for", situation="NAME")`.

    A name is an attribute too, which notebooks complete: `graph.ask.raised_for(situation="NAME")`.
    """

    def __init__(self, graph: KnowledgeGraph) -> None:
        self._graph = graph

    def __call__(self, name: str, /, **values: str | list[str] | tuple[str, ...]) -> Table:
        """Return the answer; parameters not given keep the question's example."""
        return self._graph.fetch_question(name, values)

    def __dir__(self) -> list[str]:
        """Return the names of the questions as attributes."""
        return [name.label.replace("-", "_") for name in self._graph.questions["name"]]

    def __getattr__(self, attribute: str) -> Callable[..., Table]:
        """Return a question as a function whose signature names its parameters; raises AttributeError."""
        if attribute.startswith("_") or attribute not in dir(self):
            raise AttributeError(f"no question {attribute!r}; graph.questions lists them")
        name = attribute.replace("_", "-")

        def ask_question(**values: str | list[str]) -> Table:
            return self(name, **values)

        keyword = inspect.Parameter.KEYWORD_ONLY
        parameters = [inspect.Parameter(p, keyword, default=None) for p in self._graph.fetch_parameters(name)]
        ask_question.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined] # read by Jupyter
        return ask_question


def open_knowledge_graph(source: str | Path | None = None) -> KnowledgeGraph:
    """Return the graph of a server's address, a store directory or the current build; see `kg.open`."""
    if isinstance(source, str) and source.startswith(("http://", "https://")):
        return KnowledgeGraph(_make_remote_transport(source), source.rstrip("/") + "/")
    return KnowledgeGraph(_make_local_transport(None if source is None else Path(source)))


def _make_local_transport(folder: Path | None) -> Transport:
    """Return a transport over the application in this process; `folder` holds builds or is a store."""
    from kg.build.opening import open_build
    from kg.pages.app import create_app
    from sparqlhost.store.staging import open_readonly

    is_build = folder is None or (folder / "current").exists()
    settings = Settings.from_environment(os.environ, build_dir=folder if is_build else None)
    store = open_build(settings) if is_build else open_readonly(Path(folder or ""))
    client = create_app(settings, store).test_client()

    def send(method: str, path: str, body: bytes | None, accept: str) -> Exchange:
        answered = client.open(path, method=method, data=body, headers=_make_headers(path, accept))
        return Exchange(answered.status_code, answered.data)

    return send


def _make_remote_transport(address: str) -> Transport:
    """Return a transport over HTTP to a server that the user named."""
    hint = "Check the address, or start the server, then try again."
    peer = Peer("The server", "", address, hint, hint, timeout_error=StoreUnavailable)

    def send(method: str, path: str, body: bytes | None, accept: str) -> Exchange:
        headers = _make_headers(path, accept)
        with send_request(method, address.rstrip("/") + path, peer, _LIMITS, headers, body) as answered:
            return Exchange(answered.status, answered.readall())

    return send


def _make_headers(path: str, accept: str) -> dict[str, str]:
    sent = "application/x-www-form-urlencoded" if path == "/sparql" else "application/json"
    return {"Accept": accept, "Content-Type": sent}


def _read_binding(binding: Mapping[str, str] | None) -> Term:
    """Return a term of SPARQL's JSON results; an unbound variable is an empty label."""
    if binding is None:
        return Term("")
    if binding["type"] != "uri":
        return Term(str(binding["value"]))
    curie = compress_iri(binding["value"])
    return Term(curie, binding["value"], curie)
