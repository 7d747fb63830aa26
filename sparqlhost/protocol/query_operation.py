"""`/sparql`: queries of SPARQL 1.1 Protocol (section 2.1), answered as a stream; a page for browsers.

The text of a query is never read here to tell what it is: the engine's parser decides, in a worker.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from flask import Blueprint, Response, after_this_request, current_app, g, redirect, render_template, request
from jinja2 import TemplateNotFound
from werkzeug.wrappers import Response as BaseResponse

from kg.pages.results.handler import make_results_response
from sparqlhost.errors import BadQuery, Forbidden, NotAcceptable, UnsupportedMedia, UserError
from sparqlhost.pool.engine_store import ResultStream
from sparqlhost.pool.jobs import QueryJob, new_job_id
from sparqlhost.protocol import service_description
from sparqlhost.protocol.app_context import get_sparql_service
from sparqlhost.protocol.negotiation import (
    GRAPH_MEDIA_TYPES,
    RESULT_MEDIA_TYPES,
    MediaType,
    choose_media_type,
    find_media_type,
    make_not_acceptable_error,
    prefers_html,
)
from sparqlhost.protocol.request_parameters import (
    FORM_MEDIA_TYPE,
    RequestParameters,
    read_body_text,
    read_form_parameters,
    read_query_parameters,
    require_single_value,
)
from sparqlhost.remote.service_calls import inline_service_calls
from sparqlhost.remote_endpoint import REMOTE_DEADLINE
from sparqlhost.settings import HostSettings
from sparqlhost.sparql.lexer import check_size_and_nesting, find_outgoing_calls, locate_offset

blueprint = Blueprint("sparql", __name__)

QUERY_MEDIA_TYPE = "application/sparql-query"
_QUERY_ID = re.compile("[0-9a-f]{16}")
QUERY_METHODS = ("GET", "HEAD", "POST", "OPTIONS")
#: formats whose documents are whole only with their last bracket; a broken one cannot be taken for whole.
_SELF_DELIMITING_FORMATS = ("json", "jsonld")


@dataclass(frozen=True, slots=True)
class AcceptedFormats:
    """What the client takes for rows and for triples; None where it takes nothing we offer."""

    results: MediaType | None
    triples: MediaType | None


@blueprint.route("/sparql", methods=QUERY_METHODS, provide_automatic_options=False)
def handle_query_request() -> BaseResponse:
    """Answer a query, describe the service, or show the editor."""
    if request.method == "OPTIONS":
        return make_options_response("GET, HEAD, POST, OPTIONS")
    address = read_query_parameters(request)
    text, parameters = _read_query(address)
    if text is None:
        return _respond_without_query(parameters)
    if _wants_result_page(parameters):
        g.kg_query = text
        return make_results_response(
            make_query_job(text, parameters, AcceptedFormats(RESULT_MEDIA_TYPES[0], GRAPH_MEDIA_TYPES[1]))
        )
    formats = negotiate_formats(parameters)
    job = make_query_job(text, parameters, formats)
    g.kg_query = text
    response = make_query_response(_start_query(job), formats)
    response.headers["X-Result-Limit"] = str(job.row_limit)  # up front: a cut may show when headers are gone
    return response


def _wants_result_page(parameters: RequestParameters) -> bool:
    """Say whether a browser asks for the answer as a page: no format is named, and a page is liked best."""
    named_one = any(parameters.get("format", []))
    return request.method != "HEAD" and not named_one and prefers_html(request.headers.get("Accept", ""))


def _start_query(job: QueryJob) -> ResultStream:
    """Start a query; a format refused for its form is told with those on offer for it."""
    try:
        return get_sparql_service().answer(job)
    except NotAcceptable as error:
        rows = error.location in ("SELECT", "ASK")
        asked = error.location if rows else "CONSTRUCT and DESCRIBE"  # the engine tells these two not apart
        raise make_not_acceptable_error(
            f"{asked} queries", RESULT_MEDIA_TYPES if rows else GRAPH_MEDIA_TYPES
        ) from error


def _read_query(address: RequestParameters) -> tuple[str | None, RequestParameters]:
    """Return the text of the query and the parameters beside it (Protocol 2.1.1 to 2.1.3)."""
    settings: HostSettings = current_app.extensions["kg_settings"]
    if request.method != "POST":
        if "update" in address:
            raise BadQuery("An update cannot be asked with GET.", hint="POST it to /update.")
        return (require_single_value(address, "query") if "query" in address else None), address
    if request.mimetype == QUERY_MEDIA_TYPE:
        if "query" in address:
            raise BadQuery("The query is given in the address and in the body.", hint="Send one of them.")
        return read_body_text(request, settings.query_size), address
    if request.mimetype == FORM_MEDIA_TYPE:
        form = read_form_parameters(request, settings.query_size * 3 + 65536)
        if "update" in form:
            raise BadQuery("This address takes queries.", hint="POST updates to /update.")
        return require_single_value({**address, **form}, "query"), {**address, **form}
    raise UnsupportedMedia(
        f"A body of type {request.mimetype or '(none)'} is not understood here.",
        hint=f"Send {QUERY_MEDIA_TYPE} or {FORM_MEDIA_TYPE}.",
    )


def negotiate_formats(parameters: RequestParameters) -> AcceptedFormats:
    """Return the formats the client takes: `?format=` first, else `Accept`, for each form of query."""
    wanted = parameters.get("format", [])
    if wanted and wanted[0]:
        formats = AcceptedFormats(
            find_media_type(wanted[0], RESULT_MEDIA_TYPES), find_media_type(wanted[0], GRAPH_MEDIA_TYPES)
        )
    else:
        formats = _negotiate_accept_header(request.headers.get("Accept", ""))
    if formats.results is None and formats.triples is None:
        raise make_not_acceptable_error("queries", RESULT_MEDIA_TYPES + GRAPH_MEDIA_TYPES)
    return formats


@lru_cache(maxsize=256)
def _negotiate_accept_header(accept: str) -> AcceptedFormats:
    """Return the formats that an `Accept` header takes."""
    return AcceptedFormats(
        choose_media_type(accept, RESULT_MEDIA_TYPES), choose_media_type(accept, GRAPH_MEDIA_TYPES)
    )


def make_query_job(text: str, parameters: RequestParameters, formats: AcceptedFormats) -> QueryJob:
    """Return the job of a request; raises BadQuery or TooLarge for a text the engine must not see."""
    settings: HostSettings = current_app.extensions["kg_settings"]
    check_size_and_nesting(text, settings.query_size)
    text = resolve_service_calls(text, settings)
    refuse_remote_calls(text, "SERVICE", settings.service_allow)
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
    """Return the id a client chose so that it can stop its query; none where it is not 16 hex digits."""
    return text if _QUERY_ID.fullmatch(text) else ""


def resolve_service_calls(text: str, settings: HostSettings) -> str:
    """Return `text` with its calls to allowed remotes answered; failed ones are told of in a header."""
    seconds = min(settings.query_deadline, REMOTE_DEADLINE)
    found = inline_service_calls(text, settings.service_allow, seconds, settings.private_hosts)
    if found.call_count:
        after_this_request(lambda response: _report_failed_remotes(response, found.failures))
    return found.text


def _report_failed_remotes(response: Response, notes: tuple[str, ...]) -> Response:
    """Note what failed; an answer with other hosts' data in it is not kept."""
    for note in notes:
        response.headers.add("X-Remote-Failed", note.encode("ascii", "replace").decode())
    response.headers["Cache-Control"] = "no-store"
    return response


def refuse_remote_calls(text: str, keyword: str, allowed: tuple[str, ...]) -> None:
    """Raise Forbidden for a text that calls another host.

    A SILENT call may go on where the kernel keeps the engine from every network: it fails, silently, there.
    """
    walled = getattr(get_sparql_service(), "has_network_sandbox", False)
    for call in find_outgoing_calls(text, keyword):
        if call.silent and walled:
            continue
        line, column = locate_offset(text, call.keyword.start)
        hosts = f" Allowed here: {', '.join(allowed)}." if allowed else ""
        raise Forbidden(
            f"{keyword} would reach another host, and this server reaches none.{hosts}",
            line=line,
            column=column,
            hint="Ask that host yourself, or ask the operator to set KG_SERVICE_ALLOW.",
        )


def make_query_response(reply: ResultStream, formats: AcceptedFormats) -> Response:
    """Return the streamed response of an answer."""
    head = reply.head
    is_rows = head["form"] in ("SELECT", "ASK")
    offer = formats.results if is_rows else formats.triples
    assert offer is not None  # noqa: S101 - the worker refuses a form without a format
    content: Any = (
        reply.read_body() if head.get("complete") else _stream_blocks(reply, head["format"], request.environ)
    )
    response = Response(content, content_type=offer.content_type)
    response.headers["Vary"] = "Accept"
    allow_cross_origin_reads(response)
    if head["truncated"]:
        set_truncation_headers(response)
    if reply.trailer:
        g.kg_rows = reply.trailer["rows"]
    return response


def set_truncation_headers(response: Response) -> None:
    """Say in the headers that the answer was cut at the row limit."""
    limit = current_app.extensions["kg_settings"].query_rows
    response.headers["X-Result-Truncated"] = f"true; rows={limit}"
    response.headers["Warning"] = f'299 - "the answer was cut at {limit} rows"'


def _stream_blocks(reply: ResultStream, format_key: str, environ: dict[str, Any]) -> Iterator[bytes]:
    """Yield the blocks; a stream that breaks says so and ends in an error, so that its end is never met."""
    try:
        yield from reply.blocks
    except UserError as error:
        environ["kg.broken"] = True  # no layer outside may keep it
        yield _make_failure_trailer(format_key, f"incomplete: {error.message}")
        raise
    if reply.trailer.get("truncated") and format_key in ("csv", "csv-excel", "tsv", "jsonld"):
        environ["kg.broken"] = True  # no layer outside may keep it
        yield f"\r\n# truncated: the answer was cut at the limit of {reply.trailer['rows']} rows\r\n".encode()


def _make_failure_trailer(format_key: str, text: str) -> bytes:
    """Return what the end of a broken stream says: a comment, or in CSV and TSV a line that is no row."""
    if format_key in ("xml", "rdf"):
        return f"<!-- {text.replace('--', '- -')} -->".encode()
    return f"\r\n# {text}\r\n".encode() if format_key not in _SELF_DELIMITING_FORMATS else b""


def _respond_without_query(parameters: RequestParameters) -> BaseResponse:
    """Answer an address without a query: the editor to browsers, the service description to others."""
    if "default-graph-uri" in parameters or "named-graph-uri" in parameters:
        require_single_value(parameters, "query")
    if prefers_html(request.headers.get("Accept", "")):
        try:
            return Response(render_template("sparql.html"), content_type="text/html; charset=utf-8")
        except TemplateNotFound:
            return redirect("/")
    return service_description.make_description_response()


def make_options_response(allowed_methods: str) -> Response:
    """Answer OPTIONS: what may be done here, and the CORS preflight of a read."""
    response = Response(status=204)
    response.headers["Allow"] = allowed_methods
    response.headers["Accept-Post"] = f"{QUERY_MEDIA_TYPE}, {FORM_MEDIA_TYPE}"
    response.headers["Access-Control-Allow-Methods"] = allowed_methods
    response.headers["Access-Control-Allow-Headers"] = "Accept, Content-Type"
    response.headers["Access-Control-Max-Age"] = "86400"
    return allow_cross_origin_reads(response)


def allow_cross_origin_reads(response: Response) -> Response:
    """Let pages of other origins read it; no credentials, so nothing of the user's goes along."""
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Access-Control-Expose-Headers"] = (
        "X-Result-Limit, X-Result-Truncated, X-Request-Id, Link, ETag"
    )
    return response
