"""`/sparql`: queries of SPARQL 1.1 Protocol (section 2.1), answered as a stream; a page for browsers.

`POST /sparql/cancel` stops a query by the id that its client sent in `X-Query-Id`; `POST /validate` parses
one.
The form of a query (SELECT, ASK ...) is not guessed here: the engine's parser finds it, in a worker process.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, after_this_request, request

from sparqlhost.errors import BadQuery, NotAcceptable, NotFound, TooExpensive, TooLarge, UserError
from sparqlhost.pool.engine_store import EngineStore
from sparqlhost.pool.jobs import QueryJob, ResultStream, new_job_id
from sparqlhost.protocol import service_description
from sparqlhost.protocol.app_context import get_host_context, get_settings, get_sparql_service
from sparqlhost.protocol.endpoint_table import (
    FORMAT_PARAMETER,
    GRAPH_FORMATS,
    ROW_FORMATS,
    Endpoint,
    EndpointParameter,
    forbid_storing,
    route,
)
from sparqlhost.protocol.negotiation import (
    FORM_MEDIA_TYPE,
    GRAPH_MEDIA_TYPES,
    HTML_MEDIA_TYPE,
    JSON_MEDIA_TYPE,
    QUERY_MEDIA_TYPE,
    RESULT_MEDIA_TYPES,
    UPDATE_MEDIA_TYPE,
    MediaType,
    find_representation,
    make_not_acceptable_error,
    prefers_html,
)
from sparqlhost.protocol.request_facts import (
    IS_INCOMPLETE,
    QUERY_TEXT,
    ROW_COUNT,
    RequestParameters,
    max_form_bytes,
    read_body_text,
    read_form_parameters,
    read_operation,
    read_query_parameters,
    require_single_value,
)
from sparqlhost.remote.service_calls import OutgoingPolicy, answer_service_calls
from sparqlhost.settings import HostSettings
from sparqlhost.sparql.lexer import check_size_and_nesting

blueprint = Blueprint("sparql", __name__)

_QUERY_ID = re.compile("[0-9a-f]{16}")
_MAX_CANCEL_BODY_BYTES = 1000
_PARSE_DEADLINE_SECONDS = 2.0
#: formats in which a document without its last bracket is invalid: a broken answer needs no marker.
_SELF_DELIMITING_FORMATS = ("json", "jsonld")


@dataclass(frozen=True, slots=True)
class AcceptedFormats:
    """What the client accepts for rows and for triples; None where it accepts none of the formats."""

    results: MediaType | None
    triples: MediaType | None


_IRI_SCHEMA = {"type": "string", "format": "uri"}
_DATASET_PARAMETERS = (
    EndpointParameter("default-graph-uri", "a graph of the default graph", schema=_IRI_SCHEMA),
    EndpointParameter("named-graph-uri", "a named graph", schema=_IRI_SCHEMA),
)
_QUERY_FORMATS = (*ROW_FORMATS, *GRAPH_FORMATS, HTML_MEDIA_TYPE)


@route(
    blueprint,
    Endpoint(
        "/sparql",
        "Run a SPARQL query; without one, get the service description",
        parameters=(
            EndpointParameter("query", "the text of the query"),
            *_DATASET_PARAMETERS,
            FORMAT_PARAMETER,
        ),
        formats=_QUERY_FORMATS,
        response_schema={"type": "object", "required": ["head"]},
        handles_options=True,
        allows_other_parameters=True,
    ),
)
@route(
    blueprint,
    Endpoint(
        "/sparql",
        "Run a SPARQL query",
        methods=("POST",),
        parameters=_DATASET_PARAMETERS,
        body=(QUERY_MEDIA_TYPE, FORM_MEDIA_TYPE),
        formats=_QUERY_FORMATS,
        response_schema={"type": "object", "required": ["head"]},
        handles_options=True,
    ),
)
def handle_query_request() -> Response:
    """Answer a query; without one, describe the service or show the query form."""
    if request.method == "OPTIONS":
        return make_options_response("GET, HEAD, POST, OPTIONS", f"{QUERY_MEDIA_TYPE}, {FORM_MEDIA_TYPE}")
    address = read_query_parameters(request)
    text, parameters = _read_query(address)
    if text is None:
        return _respond_without_query(parameters)
    html_results = get_host_context().pages.html_results
    if html_results is not None and _wants_result_page(parameters):
        # the page is made from the JSON rows or the N-Triples of the answer
        formats = AcceptedFormats(RESULT_MEDIA_TYPES[0], GRAPH_MEDIA_TYPES[1])
        job = make_query_job(text, parameters, formats)
        request.environ[QUERY_TEXT] = text
        return html_results(job)
    formats = negotiate_formats(parameters)
    job = make_query_job(text, parameters, formats)
    request.environ[QUERY_TEXT] = text
    response = make_query_response(_start_query(job), formats)
    # sent with every answer: when a stream is cut, its headers have left already
    response.headers["X-Result-Limit"] = str(job.row_limit)
    return response


def _wants_result_page(parameters: RequestParameters) -> bool:
    """Return whether a browser asks, and names no format."""
    names_format = any(parameters.get("format", []))
    return request.method != "HEAD" and not names_format and prefers_html(request.headers.get("Accept", ""))


def _start_query(job: QueryJob) -> ResultStream:
    """Start a query; where its form has no acceptable format, the error lists the formats of that form."""
    try:
        return get_sparql_service().answer(job)
    except NotAcceptable as error:
        is_rows = error.location in ("SELECT", "ASK")
        form = error.location if is_rows else "CONSTRUCT and DESCRIBE"  # the engine has one kind for both
        media_types = RESULT_MEDIA_TYPES if is_rows else GRAPH_MEDIA_TYPES
        raise make_not_acceptable_error(f"answers to {form} queries", media_types) from error


def _read_query(address: RequestParameters) -> tuple[str | None, RequestParameters]:
    """Return the text of the query and the parameters beside it (Protocol 2.1.1 to 2.1.3)."""
    settings = get_settings()
    if request.method != "POST":
        if "update" in address:
            raise BadQuery("An update cannot be sent with GET.", hint="POST it to /update.")
        return (require_single_value(address, "query") if "query" in address else None), address
    return read_operation("query", QUERY_MEDIA_TYPE, address, settings.query_size, max_form_bytes(settings))


def negotiate_formats(parameters: RequestParameters) -> AcceptedFormats:
    """Return a format for either form of answer; raises NotAcceptable where the client accepts neither."""
    name, accept = parameters.get("format", [""])[0], request.headers.get("Accept", "")
    formats = AcceptedFormats(
        find_representation(RESULT_MEDIA_TYPES, accept, name),
        find_representation(GRAPH_MEDIA_TYPES, accept, name),
    )
    if formats.results is None and formats.triples is None:
        raise make_not_acceptable_error("answers to queries", RESULT_MEDIA_TYPES + GRAPH_MEDIA_TYPES)
    return formats


def make_query_job(text: str, parameters: RequestParameters, formats: AcceptedFormats) -> QueryJob:
    """Return the job of a request.

    Raises BadQuery or TooLarge for a text that the engine must not see, Forbidden for one that calls other
    hosts.
    """
    settings = get_settings()
    check_size_and_nesting(text, settings.query_size)
    text = _answer_service_calls(text)
    default, graphs = parameters.get("default-graph-uri"), parameters.get("named-graph-uri")
    return QueryJob(
        text,
        base=f"{request.scheme}://{request.host}{request.path}",
        results_format=formats.results.format_key if formats.results else None,
        rdf_format=formats.triples.format_key if formats.triples else None,
        default_graphs=tuple(default or ()) if default or graphs else None,
        named_graphs=tuple(graphs or ()) if default or graphs else None,
        row_limit=settings.query_rows,
        deadline=settings.query_deadline,
        id=parse_query_id(request.headers.get("X-Query-Id", "")) or new_job_id(),
    )


def parse_query_id(text: str) -> str:
    """Return the id that a client chose so that it can stop its query; "" unless it is 16 hex digits."""
    return text if _QUERY_ID.fullmatch(text) else ""


def get_outgoing_policy() -> OutgoingPolicy:
    """Return which hosts a client's text may call."""
    # Without the sandbox (a remote store), a SILENT call would not fail but reach its host.
    service = get_sparql_service()
    is_sandboxed = isinstance(service, EngineStore) and service.has_network_sandbox
    return OutgoingPolicy.from_settings(get_settings(), has_network_sandbox=is_sandboxed)


def _answer_service_calls(text: str) -> str:
    """Return `text` with the results of its calls to allowed remotes in their place; refuse other calls.

    Failed calls are reported in the header `X-Remote-Failed` of the response.
    """
    answered = answer_service_calls(text, get_outgoing_policy())
    if answered.call_count:
        after_this_request(lambda response: _report_failed_remotes(response, answered.failures))
    return answered.text


def _report_failed_remotes(response: Response, failures: tuple[str, ...]) -> Response:
    """Add a header for each failure; an answer that holds other hosts' data must not be cached."""
    for failure in failures:
        response.headers.add("X-Remote-Failed", failure.encode("ascii", "replace").decode())
    forbid_storing(response)
    return response


def make_query_response(reply: ResultStream, formats: AcceptedFormats) -> Response:
    """Return the streamed response of an answer."""
    head = reply.head
    is_rows = head["form"] in ("SELECT", "ASK")
    media_type = formats.results if is_rows else formats.triples
    assert media_type is not None  # noqa: S101 - the worker refuses a form without a format
    content: Any = (
        reply.read_body() if head.get("complete") else _stream_blocks(reply, head["format"], request.environ)
    )
    response = Response(content, content_type=media_type.content_type)
    response.headers["Vary"] = "Accept"
    if head["truncated"]:
        set_truncation_headers(response)
    if reply.trailer:
        request.environ[ROW_COUNT] = reply.trailer["rows"]
    return response


def set_truncation_headers(response: Response) -> None:
    """Report in the headers that the answer was cut at the row limit."""
    limit = get_settings().query_rows
    response.headers["X-Result-Truncated"] = f"true; rows={limit}"
    response.headers["Warning"] = f'299 - "the answer was cut at {limit} rows"'


def _stream_blocks(reply: ResultStream, format_key: str, environ: dict[str, Any]) -> Iterator[bytes]:
    """Yield the blocks; a stream that breaks gets a last line that says so, then raises.

    The error keeps the server from ending the chunked body in order, so that clients notice it.
    """
    try:
        yield from reply.blocks
    except UserError as error:
        environ[IS_INCOMPLETE] = True
        yield _make_failure_trailer(format_key, f"incomplete: {error.message}")
        raise
    if reply.trailer.get("truncated") and format_key in ("csv", "csv-excel", "tsv", "jsonld"):
        environ[IS_INCOMPLETE] = True
        yield f"\r\n# truncated: the answer was cut at the limit of {reply.trailer['rows']} rows\r\n".encode()


def _make_failure_trailer(format_key: str, text: str) -> bytes:
    """Return the end of a broken stream: a comment, or in CSV and TSV a line that is not a valid row."""
    if format_key in ("xml", "rdf"):
        return f"<!-- {text.replace('--', '- -')} -->".encode()
    return f"\r\n# {text}\r\n".encode() if format_key not in _SELF_DELIMITING_FORMATS else b""


def _respond_without_query(parameters: RequestParameters) -> Response:
    """Answer an address without a query: the query form to browsers, the service description to others."""
    if "default-graph-uri" in parameters or "named-graph-uri" in parameters:
        require_single_value(parameters, "query")
    html_query_form = get_host_context().pages.html_query_form
    if html_query_form is not None and prefers_html(request.headers.get("Accept", "")):
        return Response(html_query_form(), content_type=f"{HTML_MEDIA_TYPE}; charset=utf-8")
    return service_description.make_description_response()


def make_options_response(allowed_methods: str, body_types: str) -> Response:
    """Answer OPTIONS with the methods and the media types of bodies."""
    return Response(status=204, headers={"Allow": allowed_methods, "Accept-Post": body_types})


@route(
    blueprint,
    Endpoint(
        "/sparql/cancel",
        "Stop a query, by the 16 hexadecimal digits sent with it as X-Query-Id",
        methods=("POST",),
        body=(FORM_MEDIA_TYPE,),
        formats=(JSON_MEDIA_TYPE,),
        response_schema={"type": "object", "required": ["cancelled"]},
    ),
)
def cancel_query() -> Response:
    """Answer `{"cancelled": id}`; only the client that chose an id knows it, so no token is needed."""
    job = parse_query_id(read_form_parameters(request, _MAX_CANCEL_BODY_BYTES).get("id", [""])[-1])
    if not job or not get_sparql_service().cancel(job):
        raise NotFound(
            "No query of that id is running.",
            location="id",
            hint="Send the 16 hexadecimal digits that went with the query as X-Query-Id.",
        )
    answer = json.dumps({"cancelled": job}) + "\n"
    return Response(answer, content_type=JSON_MEDIA_TYPE)


@route(
    blueprint,
    Endpoint(
        "/validate",
        "Check whether a query or update parses",
        methods=("POST",),
        body=(QUERY_MEDIA_TYPE, UPDATE_MEDIA_TYPE, FORM_MEDIA_TYPE),
        formats=(JSON_MEDIA_TYPE,),
        response_schema={"type": "object", "required": ["ok"], "properties": {"ok": {"type": "boolean"}}},
    ),
)
def check_syntax() -> Response:
    """Answer `{"ok": true, "form", "variables"}` or `{"ok": false, "message", "line", "column", "next"}`."""
    settings = get_settings()
    text, kind = _read_text_and_kind(settings)
    try:
        check_size_and_nesting(text, settings.query_size)
        job = QueryJob(text, base=request.url_root, parse_only=kind, deadline=_PARSE_DEADLINE_SECONDS)
        head = get_sparql_service().answer(job).head
        result: dict[str, object] = {"ok": True}
        result |= {name: head[name] for name in ("form", "variables", "note") if name in head}
    except (BadQuery, TooLarge, TooExpensive) as error:
        result = {
            "ok": False,
            "message": error.message,
            "line": error.line,
            "column": error.column,
            "next": error.hint,
        }
    return Response(json.dumps(result, ensure_ascii=False) + "\n", content_type=JSON_MEDIA_TYPE)


def _read_text_and_kind(settings: HostSettings) -> tuple[str, str]:
    """Return the text to parse, and "query" or "update"."""
    if request.mimetype == FORM_MEDIA_TYPE:
        form = read_form_parameters(request, max_form_bytes(settings))
        kind = "update" if "update" in form else "query"
        return form.get(kind, [""])[0], kind
    kind = "update" if request.mimetype == UPDATE_MEDIA_TYPE else "query"
    return read_body_text(request, settings.query_size), kind
