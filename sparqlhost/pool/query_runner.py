"""The dataset of a query: what the protocol names, else what its FROM clauses name, else the store.

The engine keeps duplicates when several graphs make the default graph (a triple in three graphs counts three
times); an RDF merge has it once (SPARQL 1.1, section 13.1), so then a scratch store holds the merge.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, islice
from types import MappingProxyType

import pyoxigraph as ox

from kg.namespaces import PREFIXES
from sparqlhost.errors import BadQuery, NotAcceptable
from sparqlhost.pool.jobs import END_FRAME, HEAD_FRAME, QueryJob, make_json_frame
from sparqlhost.pool.result_writer import (
    CsvRowCounter,
    JsonRowCounter,
    LineRowCounter,
    ResultWriter,
    RowCounter,
    RowLimitReached,
    SendBytes,
    XmlRowCounter,
)
from sparqlhost.sparql.dataset_clauses import parse_from_clauses
from sparqlhost.sparql.syntax_errors import explain_engine_error, explain_syntax_error


@dataclass(frozen=True, slots=True)
class QueryDataset:
    """An engine, the text to run on it, and the graphs to give along (None: as text and engine have it)."""

    oxigraph: ox.Store
    text: str
    default_graphs: list[ox.NamedNode | ox.BlankNode | ox.DefaultGraph] | None = None
    named_graphs: list[ox.NamedNode | ox.BlankNode] | None = None


def resolve_dataset(oxigraph: ox.Store, job: QueryJob) -> QueryDataset:
    """Return what to run `job` on; raises BadQuery for a graph name that is no IRI."""
    if job.default_graphs is None and job.named_graphs is None:
        defaults, named = parse_from_clauses(job.text, job.base)
        if len(defaults) < 2:
            return QueryDataset(oxigraph, job.text)
        job = replace(job, default_graphs=defaults, named_graphs=named)
    default = [_parse_graph_iri(iri) for iri in dict.fromkeys(job.default_graphs or ())]
    kept: list[ox.NamedNode | ox.BlankNode] = [
        _parse_graph_iri(iri) for iri in dict.fromkeys(job.named_graphs or ())
    ]
    if len(default) < 2:
        return QueryDataset(oxigraph, job.text, list(default), kept)
    return QueryDataset(_merge_graphs(oxigraph, default, kept), job.text, [ox.DefaultGraph()], kept)


def _merge_graphs(
    oxigraph: ox.Store, default: list[ox.NamedNode], named: list[ox.NamedNode | ox.BlankNode]
) -> ox.Store:
    """Return a scratch store with the merge of `default` as its default graph, and the `named` graphs."""
    scratch = ox.Store()
    for graph in default:
        scratch.bulk_extend(
            ox.Quad(quad.subject, quad.predicate, quad.object)
            for quad in oxigraph.quads_for_pattern(None, None, None, graph)
        )
    for name in named:
        if oxigraph.contains_named_graph(name):
            scratch.add_graph(name)
        scratch.bulk_extend(oxigraph.quads_for_pattern(None, None, None, name))
    return scratch


def _parse_graph_iri(iri: str) -> ox.NamedNode:
    """Return the graph name of `iri`."""
    try:
        return ox.NamedNode(iri)
    except ValueError as error:
        raise BadQuery(f"{iri!r} is not an absolute IRI.", hint="Name a graph by its whole IRI.") from error


#: MERGED kg.store.answers
#: MERGED Answering one query job: engine in, frames out, rows counted and cut where the limit says.
#: MERGED
#: MERGED Runs in the process and thread that queried (pyoxigraph aborts otherwise). Nothing is sent before the first
#: MERGED block is full or some time has passed, so a small answer is one message and an early error is only an error.


#: key -> the engine's results format; `csv-excel` is CSV for spreadsheets: BOM, formulas made harmless.
RESULT_FORMATS = MappingProxyType(
    {
        "json": ox.QueryResultsFormat.JSON,
        "xml": ox.QueryResultsFormat.XML,
        "csv": ox.QueryResultsFormat.CSV,
        "tsv": ox.QueryResultsFormat.TSV,
        "csv-excel": ox.QueryResultsFormat.CSV,
    }
)
#: key -> the engine's RDF format.
RDF_FORMATS = MappingProxyType(
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
_PREFIX_SAMPLE_SIZE = 500  # triples looked at to choose prefixes
_NO_LIMIT = 1 << 62
_FORMULA_START = re.compile(r"^[=+\-@\t\r]")
_NUMBER = re.compile(r"^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$")

EngineResult = ox.QuerySolutions | ox.QueryBoolean | ox.QueryTriples


def run_query_job(oxigraph: ox.Store, job: QueryJob, send: SendBytes) -> None:
    """Run `job` on `engine` and send its frames; raises UserError for what cannot be answered."""
    if job.parse_only:
        return _send_parse_result(job, send)
    if job.graph_to_dump is not None:
        return _send_triples(_triples_of_graph(oxigraph, job), "GRAPH", job, send)
    return send_result(_evaluate_query(oxigraph, job), job, send)


def send_result(result: EngineResult | Iterable[ox.Triple], job: QueryJob, send: SendBytes) -> None:
    """Send the frames of what an engine, here or on another server, answered to `job`."""
    if isinstance(result, ox.QuerySolutions):
        return _send_solutions(result, job, send)
    if isinstance(result, ox.QueryBoolean):
        return _send_boolean(result, job, send)
    return _send_triples(result, "CONSTRUCT", job, send)


def _evaluate_query(oxigraph: ox.Store, job: QueryJob) -> EngineResult:
    """Return the engine's answer over the dataset the job and its query name."""
    chosen = resolve_dataset(oxigraph, job)
    try:
        return chosen.oxigraph.query(
            chosen.text,
            base_iri=job.base,
            default_graph=chosen.default_graphs,
            named_graphs=chosen.named_graphs,
        )
    except SyntaxError as error:
        if _parses_as_update(job):
            raise BadQuery("This is an update, not a query.", hint="POST it to /update.") from error
        raise explain_syntax_error(error, job.text) from error
    except (OSError, RuntimeError, ValueError) as error:
        raise explain_engine_error(error) from error


def _parses_as_update(job: QueryJob) -> bool:
    """Say whether the text, which is no query, parses as an update; tried on an empty store."""
    try:
        ox.Store().update(job.text, base_iri=job.base)
    except SyntaxError:
        return False
    except (OSError, RuntimeError, ValueError):
        return True
    return True


def _triples_of_graph(oxigraph: ox.Store, job: QueryJob) -> Iterator[ox.Triple]:
    """Return the triples of the graph the job names."""
    name = ox.NamedNode(job.graph_to_dump) if job.graph_to_dump else ox.DefaultGraph()
    return (quad.triple for quad in oxigraph.quads_for_pattern(None, None, None, name))


def _make_row_counter(format_key: str) -> RowCounter:
    """Return the counter of a results or line format."""
    if format_key == "nt":
        return LineRowCounter(0)
    kinds: dict[str, Callable[[], RowCounter]] = {
        "json": JsonRowCounter,
        "xml": XmlRowCounter,
        "csv": CsvRowCounter,
    }
    return kinds.get(format_key, lambda: LineRowCounter(1))()


def _send_solutions(result: ox.QuerySolutions, job: QueryJob, send: SendBytes) -> None:
    """Send the rows of a SELECT."""
    key = _require_format(job.results_format, "SELECT")
    rows = _make_row_counter("csv" if key == "csv-excel" else key)
    names = [variable.value for variable in result.variables]
    head: dict[str, object] = {"form": "SELECT", "format": key, "variables": names}
    sink = ResultWriter(send, head, rows, job.row_limit)
    try:
        if key == "csv-excel":
            _write_spreadsheet_csv(result, names, sink)
        else:
            _run_serializer(lambda: result.serialize(sink.file, format=RESULT_FORMATS[key]), sink)
    except RowLimitReached:
        pass
    tail = _insert_truncation_mark(sink, key, job.row_limit) if sink.is_truncated else b""
    empty = key == "json" and not sink.is_truncated and sink.held_back.endswith(b"[]}}")
    sink.finish(tail, job.row_limit if sink.is_truncated else 0 if empty else rows.total)


def _insert_truncation_mark(result_writer: ResultWriter, format_key: str, limit: int) -> bytes:
    """Say in the document that it was cut, and return how it ends.

    JSON says so in its head while that is still here, which every parser takes; later, only behind the rows.
    """
    said = b'"truncated":{"rows":%d}' % limit
    if format_key == "json" and not result_writer.head_sent:
        result_writer.insert_after(b'{"head":{', said + b",")
        return b"]}}"
    return {"json": b"]}," + said + b"}", "xml": _XML_TRUNCATION_TAIL % limit}.get(format_key, b"")


_XML_TRUNCATION_TAIL = b"</results><!-- truncated: the answer was cut at the limit of %d rows --></sparql>"


def _send_boolean(result: ox.QueryBoolean, job: QueryJob, send: SendBytes) -> None:
    """Send the answer of an ASK."""
    key = _require_format(job.results_format, "ASK")
    sink = ResultWriter(send, {"form": "ASK", "format": key}, None, 0)
    sink.write(result.serialize(None, format=RESULT_FORMATS[key]) or b"")
    sink.finish(b"", 1)


def _send_triples(result: Iterable[ox.Triple], form: str, job: QueryJob, send: SendBytes) -> None:
    """Send the triples of a CONSTRUCT, a DESCRIBE or a graph."""
    key = _require_format(job.rdf_format, form)
    lines = key in ("nt", "nq")
    sink = ResultWriter(
        send, {"form": form, "format": key}, LineRowCounter(0) if lines else None, job.row_limit
    )
    counted = _CountedTriples(result, _NO_LIMIT if lines or not job.row_limit else job.row_limit)
    try:
        if lines and isinstance(result, ox.QueryTriples):
            _run_serializer(lambda: result.serialize(sink.file, format=RDF_FORMATS[key]), sink)
        else:
            _run_serializer(lambda: _serialize_with_prefixes(counted, sink, key), sink)
    except RowLimitReached:
        pass
    sink.is_truncated = sink.is_truncated or counted.has_more
    total = sink.row_counter.total if sink.row_counter else counted.total
    sink.finish(
        _RDF_TRUNCATION_TAILS.get(key, b"") % job.row_limit
        if sink.is_truncated and key in _RDF_TRUNCATION_TAILS
        else b"",
        total,
    )


_COMMENT_TRUNCATION_TAIL = b"\n# truncated: the answer was cut at the limit of %d triples\n"
_RDF_TRUNCATION_TAILS = dict.fromkeys(("ttl", "nt", "nq", "trig", "n3"), _COMMENT_TRUNCATION_TAIL) | {
    "rdf": b"\n<!-- truncated: the answer was cut at the limit of %d triples -->\n"
}


def _serialize_with_prefixes(
    triples: Iterable[ox.Triple], result_writer: ResultWriter, format_key: str
) -> None:
    """Serialise `triples` into `sink`, abbreviated with those of the project's prefixes that occur early."""
    triples = iter(triples)
    first = list(islice(triples, _PREFIX_SAMPLE_SIZE)) if format_key in ("ttl", "trig", "rdf") else []
    prefixes = find_used_prefixes(first)
    ox.serialize(chain(first, triples), result_writer.file, format=RDF_FORMATS[format_key], prefixes=prefixes)


def find_used_prefixes(triples: Iterable[ox.Triple] | Iterable[ox.Quad]) -> dict[str, str]:
    """Return the project's prefixes whose namespaces occur in `triples`, read once and to the end."""
    triples = [*triples]
    terms = {term.value for triple in triples for term in triple if isinstance(term, ox.NamedNode)}
    terms |= {t.object.datatype.value for t in triples if isinstance(t.object, ox.Literal)}
    return {name: iri for name, iri in PREFIXES.items() if any(term.startswith(iri) for term in terms)}


class _CountedTriples:
    """Triples up to a limit; `more` tells whether one was left."""

    def __init__(self, triples: Iterable[ox.Triple], limit: int) -> None:
        self._triples, self._limit = iter(triples), limit
        self.total, self.has_more = 0, False

    def __iter__(self) -> Iterator[ox.Triple]:
        for triple in islice(self._triples, self._limit):
            self.total += 1
            yield triple
        if self.total == self._limit:
            self.has_more = next(self._triples, None) is not None


def _run_serializer(serialize: Callable[[], object], result_writer: ResultWriter) -> None:
    """Let the engine push into `sink`; its errors are translated, a cut is a cut."""
    try:
        serialize()
    except RowLimitReached:
        raise
    except (BrokenPipeError, ConnectionError, TimeoutError):
        raise
    except (OSError, RuntimeError) as error:
        if result_writer.is_truncated:
            raise RowLimitReached from error
        raise explain_engine_error(error) from error


def _write_spreadsheet_csv(result: ox.QuerySolutions, names: list[str], result_writer: ResultWriter) -> None:
    """Write CSV that a spreadsheet opens: a byte order mark, and no cell that it would run as a formula."""
    line = io.StringIO()
    writer = csv.writer(line)
    line.write("\ufeff")
    writer.writerow(names)
    for row in result:
        result_writer.write(line.getvalue().encode())
        line.seek(0)
        line.truncate()
        writer.writerow([_escape_formula(term) for term in row])
    result_writer.write(line.getvalue().encode())


def _escape_formula(term: object) -> str:
    """Return the text of a term, quoted with an apostrophe where a spreadsheet would compute it."""
    text = term.value if isinstance(term, ox.NamedNode | ox.Literal) else "" if term is None else str(term)
    return f"'{text}" if _FORMULA_START.match(text) and not _NUMBER.match(text) else text


def _require_format(format_key: str | None, form: str) -> str:
    """Return the format the client takes for this form of query; raises NotAcceptable for none."""
    if format_key is None:
        raise NotAcceptable(f"No format on offer for {form} answers fits the Accept header.", location=form)
    return format_key


def _send_parse_result(job: QueryJob, send: SendBytes) -> None:
    """Send whether the text parses: its form and variables; raises BadQuery where it does not."""
    empty = ox.Store()
    found: dict[str, object] = {"form": "UPDATE", "variables": []}
    try:
        if job.parse_only == "update":
            empty.update(job.text, base_iri=job.base)
        else:
            result = empty.query(job.text, base_iri=job.base)
            found = {"form": _FORM_OF_RESULT[type(result)], "variables": []}
            if isinstance(result, ox.QuerySolutions):
                found["variables"] = [variable.value for variable in result.variables]
    except SyntaxError as error:
        raise explain_syntax_error(error, job.text) from error
    except (OSError, RuntimeError):
        found["note"] = "parsed; running it would fail or reach another host"
    send(make_json_frame(HEAD_FRAME, found) + make_json_frame(END_FRAME, {"rows": 0, "truncated": False}))


_FORM_OF_RESULT = {ox.QuerySolutions: "SELECT", ox.QueryBoolean: "ASK", ox.QueryTriples: "CONSTRUCT"}
