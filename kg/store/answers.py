"""Answering one query job: engine in, frames out, rows counted and cut where the limit says.

Runs in the process and thread that queried (pyoxigraph aborts otherwise). Nothing is sent before the first
block is full or some time has passed, so a small answer is one message and an early error is only an error.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from types import MappingProxyType

import pyoxigraph as ox

from kg.errors import BadQuery, NotAcceptable
from kg.namespaces import PREFIXES
from kg.store.dataset import dataset_for
from kg.store.jobs import END, HEAD, QueryJob, frame_of
from kg.store.rows import CsvRows, JsonRows, LineRows, RowCounter, XmlRows
from kg.store.sink import Cut, Send, Sink
from kg.store.syntax import bad_query, engine_trouble

#: key -> the engine's results format; `csv-excel` is CSV for spreadsheets: BOM, formulas made harmless.
RESULTS = MappingProxyType(
    {
        "json": ox.QueryResultsFormat.JSON,
        "xml": ox.QueryResultsFormat.XML,
        "csv": ox.QueryResultsFormat.CSV,
        "tsv": ox.QueryResultsFormat.TSV,
        "csv-excel": ox.QueryResultsFormat.CSV,
    }
)
#: key -> the engine's RDF format.
GRAPHS = MappingProxyType(
    {
        "ttl": ox.RdfFormat.TURTLE,
        "nt": ox.RdfFormat.N_TRIPLES,
        "rdf": ox.RdfFormat.RDF_XML,
        "jsonld": ox.RdfFormat.JSON_LD,
        "trig": ox.RdfFormat.TRIG,
        "nq": ox.RdfFormat.N_QUADS,
        "n3": ox.RdfFormat.N3,
    }
)
_GLANCE = 500  # triples looked at to choose prefixes
_NO_LIMIT = 1 << 62
_FORMULA = re.compile(r"^[=+\-@\t\r]")
_NUMBER = re.compile(r"^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$")

Answer = ox.QuerySolutions | ox.QueryBoolean | ox.QueryTriples


def answer(engine: ox.Store, job: QueryJob, send: Send) -> None:
    """Run `job` on `engine` and send its frames; raises KgError for what cannot be answered."""
    if job.parse_only:
        return _parse_only(job, send)
    if job.whole_graph is not None:
        return _triples(_whole_graph(engine, job), "GRAPH", job, send)
    return send_result(_evaluate(engine, job), job, send)


def send_result(result: Answer | Iterable[ox.Triple], job: QueryJob, send: Send) -> None:
    """Send the frames of what an engine, here or on another server, answered to `job`."""
    if isinstance(result, ox.QuerySolutions):
        return _solutions(result, job, send)
    if isinstance(result, ox.QueryBoolean):
        return _boolean(result, job, send)
    return _triples(result, "CONSTRUCT", job, send)


def _evaluate(engine: ox.Store, job: QueryJob) -> Answer:
    """Return the engine's answer over the dataset the job and its query name."""
    chosen = dataset_for(engine, job)
    try:
        return chosen.engine.query(
            chosen.text,
            base_iri=job.base,
            default_graph=chosen.default_graphs,
            named_graphs=chosen.named_graphs,
        )
    except SyntaxError as error:
        if _is_update(job):
            raise BadQuery("This is an update, not a query.", todo="POST it to /update.") from error
        raise bad_query(error, job.text) from error
    except (OSError, RuntimeError, ValueError) as error:
        raise engine_trouble(error) from error


def _is_update(job: QueryJob) -> bool:
    """Say whether the text, which is no query, parses as an update; tried on an empty store."""
    try:
        ox.Store().update(job.text, base_iri=job.base)
    except SyntaxError:
        return False
    except (OSError, RuntimeError, ValueError):
        return True
    return True


def _whole_graph(engine: ox.Store, job: QueryJob) -> Iterator[ox.Triple]:
    """Return the triples of the graph the job names."""
    name = ox.NamedNode(job.whole_graph) if job.whole_graph else ox.DefaultGraph()
    return (quad.triple for quad in engine.quads_for_pattern(None, None, None, name))


def _counter(key: str) -> RowCounter:
    """Return the counter of a results or line format."""
    if key == "nt":
        return LineRows(0)
    kinds: dict[str, Callable[[], RowCounter]] = {"json": JsonRows, "xml": XmlRows, "csv": CsvRows}
    return kinds.get(key, lambda: LineRows(1))()


def _solutions(result: ox.QuerySolutions, job: QueryJob, send: Send) -> None:
    """Send the rows of a SELECT."""
    key = _wanted(job.results, "SELECT")
    rows = _counter("csv" if key == "csv-excel" else key)
    names = [variable.value for variable in result.variables]
    head: dict[str, object] = {"form": "SELECT", "format": key, "variables": names}
    sink = Sink(send, head, rows, job.rows)
    try:
        if key == "csv-excel":
            _spreadsheet(result, names, sink)
        else:
            _push(lambda: result.serialize(sink.file, format=RESULTS[key]), sink)
    except Cut:
        pass
    tail = _cut_rows(sink, key, job.rows) if sink.cut else b""
    empty = key == "json" and not sink.cut and sink.held.endswith(b"[]}}")
    sink.finish(tail, job.rows if sink.cut else 0 if empty else rows.total)


def _cut_rows(sink: Sink, key: str, limit: int) -> bytes:
    """Say in the document that it was cut, and return how it ends.

    JSON says so in its head while that is still here, which every parser takes; later, only behind the rows.
    """
    said = b'"truncated":{"rows":%d}' % limit
    if key == "json" and not sink.sent_head:
        sink.insert(b'{"head":{', said + b",")
        return b"]}}"
    return {"json": b"]}," + said + b"}", "xml": _XML_TAIL % limit}.get(key, b"")


_XML_TAIL = b"</results><!-- truncated: the answer was cut at the limit of %d rows --></sparql>"


def _boolean(result: ox.QueryBoolean, job: QueryJob, send: Send) -> None:
    """Send the answer of an ASK."""
    key = _wanted(job.results, "ASK")
    sink = Sink(send, {"form": "ASK", "format": key}, None, 0)
    sink.write(result.serialize(None, format=RESULTS[key]) or b"")
    sink.finish(b"", 1)


def _triples(result: Iterable[ox.Triple], form: str, job: QueryJob, send: Send) -> None:
    """Send the triples of a CONSTRUCT, a DESCRIBE or a graph."""
    key = _wanted(job.triples, form)
    lines = key in ("nt", "nq")
    sink = Sink(send, {"form": form, "format": key}, LineRows(0) if lines else None, job.rows)
    counted = _Counted(result, _NO_LIMIT if lines or not job.rows else job.rows)
    try:
        if lines and isinstance(result, ox.QueryTriples):
            _push(lambda: result.serialize(sink.file, format=GRAPHS[key]), sink)
        else:
            _push(lambda: _written(counted, sink, key), sink)
    except Cut:
        pass
    sink.cut = sink.cut or counted.more
    total = sink.rows.total if sink.rows else counted.total
    sink.finish(_GRAPH_TAILS.get(key, b"") % job.rows if sink.cut and key in _GRAPH_TAILS else b"", total)


_HASH_TAIL = b"\n# truncated: the answer was cut at the limit of %d triples\n"
_GRAPH_TAILS = dict.fromkeys(("ttl", "nt", "nq", "trig", "n3"), _HASH_TAIL) | {
    "rdf": b"\n<!-- truncated: the answer was cut at the limit of %d triples -->\n"
}


def _written(triples: Iterable[ox.Triple], sink: Sink, key: str) -> None:
    """Serialise `triples` into `sink`, abbreviated with those of the project's prefixes that occur early."""
    triples = iter(triples)
    first = list(islice(triples, _GLANCE)) if key in ("ttl", "trig", "rdf") else []
    prefixes = used_prefixes(first)
    ox.serialize(chain(first, triples), sink.file, format=GRAPHS[key], prefixes=prefixes)


def used_prefixes(triples: Iterable[ox.Triple] | Iterable[ox.Quad]) -> dict[str, str]:
    """Return the project's prefixes whose namespaces occur in `triples`, read once and to the end."""
    triples = [*triples]
    terms = {term.value for triple in triples for term in triple if isinstance(term, ox.NamedNode)}
    terms |= {t.object.datatype.value for t in triples if isinstance(t.object, ox.Literal)}
    return {name: iri for name, iri in PREFIXES.items() if any(term.startswith(iri) for term in terms)}


class _Counted:
    """Triples up to a limit; `more` tells whether one was left."""

    def __init__(self, triples: Iterable[ox.Triple], limit: int) -> None:
        self._triples, self._limit = iter(triples), limit
        self.total, self.more = 0, False

    def __iter__(self) -> Iterator[ox.Triple]:
        for triple in islice(self._triples, self._limit):
            self.total += 1
            yield triple
        if self.total == self._limit:
            self.more = next(self._triples, None) is not None


def _push(act: Callable[[], object], sink: Sink) -> None:
    """Let the engine push into `sink`; its errors are translated, a cut is a cut."""
    try:
        act()
    except Cut:
        raise
    except (BrokenPipeError, ConnectionError, TimeoutError):
        raise
    except (OSError, RuntimeError) as error:
        if sink.cut:
            raise Cut from error
        raise engine_trouble(error) from error


def _spreadsheet(result: ox.QuerySolutions, names: list[str], sink: Sink) -> None:
    """Write CSV that a spreadsheet opens: a byte order mark, and no cell that it would run as a formula."""
    line = io.StringIO()
    writer = csv.writer(line)
    line.write("\ufeff")
    writer.writerow(names)
    for row in result:
        sink.write(line.getvalue().encode())
        line.seek(0)
        line.truncate()
        writer.writerow([_harmless(term) for term in row])
    sink.write(line.getvalue().encode())


def _harmless(term: object) -> str:
    """Return the text of a term, quoted with an apostrophe where a spreadsheet would compute it."""
    text = term.value if isinstance(term, ox.NamedNode | ox.Literal) else "" if term is None else str(term)
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.match(text) else text


def _wanted(key: str | None, form: str) -> str:
    """Return the format the client takes for this form of query; raises NotAcceptable for none."""
    if key is None:
        raise NotAcceptable(f"No format on offer for {form} answers fits the Accept header.", where=form)
    return key


def _parse_only(job: QueryJob, send: Send) -> None:
    """Send whether the text parses: its form and variables; raises BadQuery where it does not."""
    empty = ox.Store()
    found: dict[str, object] = {"form": "UPDATE", "variables": []}
    try:
        if job.parse_only == "update":
            empty.update(job.text, base_iri=job.base)
        else:
            result = empty.query(job.text, base_iri=job.base)
            found = {"form": _FORMS[type(result)], "variables": []}
            if isinstance(result, ox.QuerySolutions):
                found["variables"] = [variable.value for variable in result.variables]
    except SyntaxError as error:
        raise bad_query(error, job.text) from error
    except (OSError, RuntimeError):
        found["note"] = "parsed; running it would fail or reach another host"
    send(frame_of(HEAD, found) + frame_of(END, {"rows": 0, "truncated": False}))


_FORMS = {ox.QuerySolutions: "SELECT", ox.QueryBoolean: "ASK", ox.QueryTriples: "CONSTRUCT"}
