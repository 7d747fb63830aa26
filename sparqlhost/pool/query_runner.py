"""Runs one query job: the dataset, the evaluation, and the result as frames, cut at the row limit.

All of it happens in the thread that queried: pyoxigraph aborts the process when a result changes threads.

The engine serializes a result itself and pushes the bytes into a ResultWriter (result_writer.py), which
counts rows in them; so a million rows cost nothing for each row in Python. The engine cannot be asked to
stop, but an exception from the writer's `write` ends its loop (RowLimitReached). After that the document is
completed by hand, and says in a way its format allows that it is truncated.
"""

from __future__ import annotations

import contextlib
import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain, islice
from types import MappingProxyType

import pyoxigraph as ox

from sparqlhost.errors import BadQuery, NotAcceptable
from sparqlhost.pool.jobs import END_FRAME, HEAD_FRAME, QueryJob, make_json_frame
from sparqlhost.pool.result_writer import (
    NO_LIMIT,
    CsvRowCounter,
    JsonRowCounter,
    LineRowCounter,
    ResultWriter,
    RowCounter,
    RowLimitReached,
    SendBytes,
    XmlRowCounter,
)
from sparqlhost.sparql.csv_cells import escape_formula
from sparqlhost.sparql.lexer import parse_from_clauses, parse_graph_iri
from sparqlhost.sparql.syntax_errors import NO_PREFIXES, explain_engine_error, explain_syntax_error


@dataclass(frozen=True, slots=True)
class QueryDataset:
    """A store, the text to evaluate on it, and its graphs (None: those the text names, or the store's)."""

    oxigraph: ox.Store
    text: str
    default_graphs: list[ox.NamedNode | ox.BlankNode | ox.DefaultGraph] | None = None
    named_graphs: list[ox.NamedNode | ox.BlankNode] | None = None


def resolve_dataset(oxigraph: ox.Store, job: QueryJob) -> QueryDataset:
    """Return the dataset that the protocol names, else that of the FROM clauses, else that of the store.

    Several default graphs are merged into a scratch store: the engine would read them one after another and
    so count a triple in three of them three times, whereas an RDF merge has it once (SPARQL 1.1 Query, 13.1).
    Raises BadQuery if a graph name is not an absolute IRI.
    """
    if job.default_graphs is None and job.named_graphs is None:
        from_iris, from_named_iris = parse_from_clauses(job.text, job.base)
        if len(from_iris) < 2:
            return QueryDataset(oxigraph, job.text)
        job = replace(job, default_graphs=from_iris, named_graphs=from_named_iris)
    default = [parse_graph_iri(iri) for iri in dict.fromkeys(job.default_graphs or ())]
    named: list[ox.NamedNode | ox.BlankNode] = [
        parse_graph_iri(iri) for iri in dict.fromkeys(job.named_graphs or ())
    ]
    if len(default) < 2:
        return QueryDataset(oxigraph, job.text, list(default), named)
    return QueryDataset(_merge_graphs(oxigraph, default, named), job.text, [ox.DefaultGraph()], named)


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


#: key -> the engine's results format; `csv-excel` is CSV for spreadsheets (csv_cells.py), with a byte order
#: mark.
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
_PREFIX_SAMPLE_SIZE = 500  # triples that are read ahead to choose prefixes

EngineResult = ox.QuerySolutions | ox.QueryBoolean | ox.QueryTriples


def run_query_job(
    oxigraph: ox.Store, job: QueryJob, send: SendBytes, prefixes: Mapping[str, str] = NO_PREFIXES
) -> None:
    """Run `job` on `oxigraph` and send its frames; raises UserError if it cannot be answered.

    `prefixes` are those that RDF answers may use and error messages suggest.
    """
    if job.parse_only:
        return _send_parse_result(job, send, prefixes)
    if job.graph_to_dump is not None:
        return _send_triples(_triples_of_graph(oxigraph, job), "GRAPH", job, send, prefixes)
    return send_result(_evaluate_query(oxigraph, job, prefixes), job, send, prefixes)


def send_result(
    result: EngineResult | Iterable[ox.Triple],
    job: QueryJob,
    send: SendBytes,
    prefixes: Mapping[str, str] = NO_PREFIXES,
) -> None:
    """Send the frames of a result, computed here or by another server."""
    if isinstance(result, ox.QuerySolutions):
        return _send_solutions(result, job, send)
    if isinstance(result, ox.QueryBoolean):
        return _send_boolean(result, job, send)
    return _send_triples(result, "CONSTRUCT", job, send, prefixes)


def _evaluate_query(oxigraph: ox.Store, job: QueryJob, prefixes: Mapping[str, str]) -> EngineResult:
    dataset = resolve_dataset(oxigraph, job)
    try:
        return dataset.oxigraph.query(
            dataset.text,
            base_iri=job.base,
            default_graph=dataset.default_graphs,
            named_graphs=dataset.named_graphs,
        )
    except SyntaxError as error:
        if _parses_as_update(job):
            raise BadQuery("This is an update, not a query.", hint="POST it to /update.") from error
        raise explain_syntax_error(error, job.text, prefixes) from error
    except (OSError, RuntimeError, ValueError) as error:
        raise explain_engine_error(error, job.text) from error


def _parses_as_update(job: QueryJob) -> bool:
    try:
        ox.Store().update(job.text, base_iri=job.base)
    except SyntaxError:
        return False
    except (OSError, RuntimeError, ValueError):
        return True
    return True


def _triples_of_graph(oxigraph: ox.Store, job: QueryJob) -> Iterator[ox.Triple]:
    name = ox.NamedNode(job.graph_to_dump) if job.graph_to_dump else ox.DefaultGraph()
    return (quad.triple for quad in oxigraph.quads_for_pattern(None, None, None, name))


def _make_row_counter(format_key: str) -> RowCounter:
    if format_key == "nt":
        return LineRowCounter(0)
    kinds: dict[str, Callable[[], RowCounter]] = {
        "json": JsonRowCounter,
        "xml": XmlRowCounter,
        "csv": CsvRowCounter,
    }
    return kinds.get(format_key, lambda: LineRowCounter(1))()


def _send_solutions(result: ox.QuerySolutions, job: QueryJob, send: SendBytes) -> None:
    key = _require_format(job.results_format, "SELECT")
    rows = _make_row_counter("csv" if key == "csv-excel" else key)
    names = [variable.value for variable in result.variables]
    head: dict[str, object] = {"form": "SELECT", "format": key, "variables": names}
    writer = ResultWriter(send, head, rows, job.row_limit)
    with contextlib.suppress(RowLimitReached):
        if key == "csv-excel":
            _write_spreadsheet_csv(result, names, writer)
        else:
            _run_serializer(
                lambda: result.serialize(writer.file, format=RESULT_FORMATS[key]), writer, job.text
            )
    tail = _insert_truncation_mark(writer, key, job.row_limit) if writer.is_truncated else b""
    # JSON rows are counted by the boundaries between them: one row and no row have none
    is_empty = key == "json" and not writer.is_truncated and writer.held_back.endswith(b"[]}}")
    writer.finish(tail, job.row_limit if writer.is_truncated else 0 if is_empty else rows.total)


def _insert_truncation_mark(result_writer: ResultWriter, format_key: str, limit: int) -> bytes:
    """Mark the document as truncated, and return the bytes that complete it.

    JSON gets the mark in its head as long as that was not sent, where every parser accepts it; later only
    after the rows. CSV and TSV have no place for a mark; their clients see the response header.
    """
    mark = b'"truncated":{"rows":%d}' % limit
    if format_key == "json" and not result_writer.head_sent:
        result_writer.insert_after(b'{"head":{', mark + b",")
        return b"]}}"
    return {"json": b"]}," + mark + b"}", "xml": _XML_TRUNCATION_TAIL % limit}.get(format_key, b"")


_XML_TRUNCATION_TAIL = b"</results><!-- truncated: the answer was cut at the limit of %d rows --></sparql>"


def _send_boolean(result: ox.QueryBoolean, job: QueryJob, send: SendBytes) -> None:
    key = _require_format(job.results_format, "ASK")
    writer = ResultWriter(send, {"form": "ASK", "format": key}, None, 0)
    writer.write(result.serialize(None, format=RESULT_FORMATS[key]) or b"")
    writer.finish(b"", 1)


def _send_triples(
    result: Iterable[ox.Triple], form: str, job: QueryJob, send: SendBytes, prefixes: Mapping[str, str]
) -> None:
    """Send the triples of a CONSTRUCT, a DESCRIBE or a graph.

    N-Triples and N-Quads have a line for each triple, so they are counted and cut in the bytes. In the other
    formats a cut in the bytes would break the syntax: there the triples are counted before they are
    serialized.
    """
    key = _require_format(job.rdf_format, form)
    is_line_based = key in ("nt", "nq")
    counter = LineRowCounter(0) if is_line_based else None
    writer = ResultWriter(send, {"form": form, "format": key}, counter, job.row_limit)
    counted = _CountedTriples(result, NO_LIMIT if is_line_based else job.row_limit or NO_LIMIT)
    with contextlib.suppress(RowLimitReached):
        if is_line_based and isinstance(result, ox.QueryTriples):
            _run_serializer(lambda: result.serialize(writer.file, format=RDF_FORMATS[key]), writer, job.text)
        else:
            _run_serializer(
                lambda: _serialize_with_prefixes(counted, writer, key, prefixes), writer, job.text
            )
    writer.is_truncated = writer.is_truncated or counted.has_more
    tail = _RDF_TRUNCATION_TAILS.get(key) if writer.is_truncated else None
    writer.finish(tail % job.row_limit if tail else b"", counter.total if counter else counted.total)


_COMMENT_TRUNCATION_TAIL = b"\n# truncated: the answer was cut at the limit of %d triples\n"
_RDF_TRUNCATION_TAILS = dict.fromkeys(("ttl", "nt", "nq", "trig", "n3"), _COMMENT_TRUNCATION_TAIL) | {
    "rdf": b"\n<!-- truncated: the answer was cut at the limit of %d triples -->\n"
}


def _serialize_with_prefixes(
    triples: Iterable[ox.Triple], result_writer: ResultWriter, format_key: str, prefixes: Mapping[str, str]
) -> None:
    """Serialize `triples` with those of `prefixes` that the first of them use."""
    triples = iter(triples)
    first = list(islice(triples, _PREFIX_SAMPLE_SIZE)) if format_key in ("ttl", "trig", "rdf") else []
    used = find_used_prefixes(first, prefixes)
    ox.serialize(chain(first, triples), result_writer.file, format=RDF_FORMATS[format_key], prefixes=used)


def find_used_prefixes(
    triples: Iterable[ox.Triple] | Iterable[ox.Quad], prefixes: Mapping[str, str]
) -> dict[str, str]:
    """Return those of `prefixes` whose namespaces occur in `triples`, which are read to the end."""
    triples = [*triples]
    terms = {term.value for triple in triples for term in triple if isinstance(term, ox.NamedNode)}
    terms |= {t.object.datatype.value for t in triples if isinstance(t.object, ox.Literal)}
    return {name: iri for name, iri in prefixes.items() if any(term.startswith(iri) for term in terms)}


class _CountedTriples:
    """Triples up to a limit; `has_more` says afterwards whether there were more."""

    def __init__(self, triples: Iterable[ox.Triple], limit: int) -> None:
        self._triples, self._limit = iter(triples), limit
        self.total, self.has_more = 0, False

    def __iter__(self) -> Iterator[ox.Triple]:
        for triple in islice(self._triples, self._limit):
            self.total += 1
            yield triple
        if self.total == self._limit:
            self.has_more = next(self._triples, None) is not None


def _run_serializer(serialize: Callable[[], object], result_writer: ResultWriter, query: str) -> None:
    """Run a serializer that writes the result of `query`; raises UserError for the engine's errors.

    The engine may report the exception that ended its loop as an error of its own; what it was about is known
    from the writer. Errors of the connection to the client are not the engine's and pass.
    """
    try:
        serialize()
    except (RowLimitReached, ConnectionError, TimeoutError):
        raise
    except (OSError, RuntimeError) as error:
        if result_writer.is_truncated:
            raise RowLimitReached from error
        raise explain_engine_error(error, query) from error


def _write_spreadsheet_csv(result: ox.QuerySolutions, names: list[str], result_writer: ResultWriter) -> None:
    """Write CSV for spreadsheets: a byte order mark (so they read UTF-8), no cell that they evaluate."""
    line = io.StringIO()
    writer = csv.writer(line)
    line.write("\ufeff")
    writer.writerow(names)
    for row in result:
        result_writer.write(line.getvalue().encode())
        line.seek(0)
        line.truncate()
        writer.writerow([escape_formula(_format_cell(term)) for term in row])
    result_writer.write(line.getvalue().encode())


def _format_cell(term: object) -> str:
    return term.value if isinstance(term, ox.NamedNode | ox.Literal) else "" if term is None else str(term)


def _require_format(format_key: str | None, form: str) -> str:
    """Return the format that the client accepts for a form of query; raises NotAcceptable for None."""
    if format_key is None:
        raise NotAcceptable(f"No format offered for {form} fits the Accept header.", location=form)
    return format_key


def _send_parse_result(job: QueryJob, send: SendBytes, prefixes: Mapping[str, str]) -> None:
    """Send the form and the variables of a text that parses; raises BadQuery for one that does not.

    The engine has no parser of its own to call, so the text is evaluated on an empty store.
    """
    empty = ox.Store()
    head: dict[str, object] = {"form": "UPDATE", "variables": []}
    try:
        if job.parse_only == "update":
            empty.update(job.text, base_iri=job.base)
        else:
            result = empty.query(job.text, base_iri=job.base)
            head["form"] = _FORM_OF_RESULT[type(result)]
            if isinstance(result, ox.QuerySolutions):
                head["variables"] = [variable.value for variable in result.variables]
    except SyntaxError as error:
        raise explain_syntax_error(error, job.text, prefixes) from error
    except (OSError, RuntimeError):
        head["note"] = "parsed; running it would fail or reach another host"
    send(make_json_frame(HEAD_FRAME, head) + make_json_frame(END_FRAME, {"rows": 0, "truncated": False}))


_FORM_OF_RESULT = {ox.QuerySolutions: "SELECT", ox.QueryBoolean: "ASK", ox.QueryTriples: "CONSTRUCT"}
