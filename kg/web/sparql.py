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

from kg.errors import BadQuery, Forbidden, KgError, NotAcceptable, UnsupportedMedia
from kg.external.federation import joined
from kg.external.remote_endpoint import DEADLINE as REMOTE_DEADLINE
from kg.settings import Settings
from kg.store.client import Reply
from kg.store.jobs import QueryJob, new_id
from kg.store.lexer import calls_out, guard, place
from kg.web import service_description
from kg.web.endpoint import endpoint
from kg.web.negotiation import GRAPHS, RESULTS, Offer, choose, named, not_acceptable, prefers_html
from kg.web.parameters import FORM, Parameters, body_text, in_address, in_body, one
from kg.web.results import answer_page

blueprint = Blueprint("sparql", __name__)

DIRECT = "application/sparql-query"
_ID = re.compile("[0-9a-f]{16}")
METHODS = ("GET", "HEAD", "POST", "OPTIONS")
#: formats whose documents are whole only with their last bracket; a broken one cannot be taken for whole.
_CLOSED = ("json", "jsonld")


@dataclass(frozen=True, slots=True)
class Formats:
    """What the client takes for rows and for triples; None where it takes nothing we offer."""

    results: Offer | None
    triples: Offer | None


@blueprint.route("/sparql", methods=METHODS, provide_automatic_options=False)
def sparql() -> BaseResponse:
    """Answer a query, describe the service, or show the editor."""
    if request.method == "OPTIONS":
        return options("GET, HEAD, POST, OPTIONS")
    address = in_address(request)
    text, parameters = _query(address)
    if text is None:
        return _without_query(parameters)
    if _wants_page(parameters):
        g.kg_query = text
        return answer_page(query_job(text, parameters, Formats(RESULTS[0], GRAPHS[1])))
    formats = formats_of(parameters)
    job = query_job(text, parameters, formats)
    g.kg_query = text
    response = respond(_started(job), formats)
    response.headers["X-Result-Limit"] = str(job.rows)  # up front: a cut may show when headers are gone
    return response


def _wants_page(parameters: Parameters) -> bool:
    """Say whether a browser asks for the answer as a page: no format is named, and a page is liked best."""
    named_one = any(parameters.get("format", []))
    return request.method != "HEAD" and not named_one and prefers_html(request.headers.get("Accept", ""))


def _started(job: QueryJob) -> Reply:
    """Start a query; a format refused for its form is told with those on offer for it."""
    try:
        return endpoint().answer(job)
    except NotAcceptable as error:
        rows = error.where in ("SELECT", "ASK")
        asked = error.where if rows else "CONSTRUCT and DESCRIBE"  # the engine tells these two not apart
        raise not_acceptable(f"{asked} queries", RESULTS if rows else GRAPHS) from error


def _query(address: Parameters) -> tuple[str | None, Parameters]:
    """Return the text of the query and the parameters beside it (Protocol 2.1.1 to 2.1.3)."""
    settings: Settings = current_app.extensions["kg_settings"]
    if request.method != "POST":
        if "update" in address:
            raise BadQuery("An update cannot be asked with GET.", todo="POST it to /update.")
        return (one(address, "query") if "query" in address else None), address
    if request.mimetype == DIRECT:
        if "query" in address:
            raise BadQuery("The query is given in the address and in the body.", todo="Send one of them.")
        return body_text(request, settings.query_size), address
    if request.mimetype == FORM:
        form = in_body(request, settings.query_size * 3 + 65536)
        if "update" in form:
            raise BadQuery("This address takes queries.", todo="POST updates to /update.")
        return one({**address, **form}, "query"), {**address, **form}
    raise UnsupportedMedia(
        f"A body of type {request.mimetype or '(none)'} is not understood here.",
        todo=f"Send {DIRECT} or {FORM}.",
    )


def formats_of(parameters: Parameters) -> Formats:
    """Return the formats the client takes: `?format=` first, else `Accept`, for each form of query."""
    wanted = parameters.get("format", [])
    if wanted and wanted[0]:
        formats = Formats(named(wanted[0], RESULTS), named(wanted[0], GRAPHS))
    else:
        formats = _accepted(request.headers.get("Accept", ""))
    if formats.results is None and formats.triples is None:
        raise not_acceptable("queries", RESULTS + GRAPHS)
    return formats


@lru_cache(maxsize=256)
def _accepted(accept: str) -> Formats:
    """Return the formats that an `Accept` header takes."""
    return Formats(choose(accept, RESULTS), choose(accept, GRAPHS))


def query_job(text: str, parameters: Parameters, formats: Formats) -> QueryJob:
    """Return the job of a request; raises BadQuery or TooLarge for a text the engine must not see."""
    settings: Settings = current_app.extensions["kg_settings"]
    guard(text, settings.query_size)
    text = answer_calls(text, settings)
    refuse_calls(text, "SERVICE", settings.service_allow)
    default, graphs = parameters.get("default-graph-uri"), parameters.get("named-graph-uri")
    return QueryJob(
        text,
        base=f"{request.scheme}://{request.host}{request.path}",
        results=formats.results.key if formats.results else None,
        triples=formats.triples.key if formats.triples else None,
        default_graphs=tuple(default or ()) if default or graphs else None,
        named_graphs=tuple(graphs or ()) if default or graphs else None,
        rows=settings.query_rows,
        deadline=settings.query_deadline,
        id=asked_id(request.headers.get("X-Query-Id", "")) or new_id(),
    )


def asked_id(given: str) -> str:
    """Return the id a client chose so that it can stop its query; none where it is not 16 hex digits."""
    return given if _ID.fullmatch(given) else ""


def answer_calls(text: str, settings: Settings) -> str:
    """Return `text` with its calls to allowed remotes answered; failed ones are told of in a header."""
    seconds = min(settings.query_deadline, REMOTE_DEADLINE)
    found = joined(text, settings.service_allow, seconds, settings.private_hosts)
    if found.asked:
        after_this_request(lambda response: _tell_of_remotes(response, found.notes))
    return found.text


def _tell_of_remotes(response: Response, notes: tuple[str, ...]) -> Response:
    """Note what failed; an answer with other hosts' data in it is not kept."""
    for note in notes:
        response.headers.add("X-Remote-Failed", note.encode("ascii", "replace").decode())
    response.headers["Cache-Control"] = "no-store"
    return response


def refuse_calls(text: str, word: str, allowed: tuple[str, ...]) -> None:
    """Raise Forbidden for a text that calls another host.

    A SILENT call may go on where the kernel keeps the engine from every network: it fails, silently, there.
    """
    walled = getattr(endpoint(), "walled", False)
    for call in calls_out(text, word):
        if call.silent and walled:
            continue
        line, column = place(text, call.keyword.start)
        hosts = f" Allowed here: {', '.join(allowed)}." if allowed else ""
        raise Forbidden(
            f"{word} would reach another host, and this server reaches none.{hosts}",
            line=line,
            column=column,
            todo="Ask that host yourself, or ask the operator to set KG_SERVICE_ALLOW.",
        )


def respond(reply: Reply, formats: Formats) -> Response:
    """Return the streamed response of an answer."""
    head = reply.head
    is_rows = head["form"] in ("SELECT", "ASK")
    offer = formats.results if is_rows else formats.triples
    assert offer is not None  # noqa: S101 - the worker refuses a form without a format
    content: Any = reply.body() if head.get("complete") else _stream(reply, head["format"], request.environ)
    response = Response(content, content_type=offer.content_type)
    response.headers["Vary"] = "Accept"
    allow_reading(response)
    if head["truncated"]:
        tell_truncated(response)
    if reply.end:
        g.kg_rows = reply.end["rows"]
    return response


def tell_truncated(response: Response) -> None:
    """Say in the headers that the answer was cut at the row limit."""
    limit = current_app.extensions["kg_settings"].query_rows
    response.headers["X-Result-Truncated"] = f"true; rows={limit}"
    response.headers["Warning"] = f'299 - "the answer was cut at {limit} rows"'


def _stream(reply: Reply, key: str, environ: dict[str, Any]) -> Iterator[bytes]:
    """Yield the blocks; a stream that breaks says so and ends in an error, so that its end is never met."""
    try:
        yield from reply.blocks
    except KgError as error:
        environ["kg.broken"] = True  # no layer outside may keep it
        yield _last_words(key, f"incomplete: {error.what}")
        raise
    if reply.end.get("truncated") and key in ("csv", "csv-excel", "tsv", "jsonld"):
        environ["kg.broken"] = True  # no layer outside may keep it
        yield f"\r\n# truncated: the answer was cut at the limit of {reply.end['rows']} rows\r\n".encode()


def _last_words(key: str, text: str) -> bytes:
    """Return what the end of a broken stream says: a comment, or in CSV and TSV a line that is no row."""
    if key in ("xml", "rdf"):
        return f"<!-- {text.replace('--', '- -')} -->".encode()
    return f"\r\n# {text}\r\n".encode() if key not in _CLOSED else b""


def _without_query(parameters: Parameters) -> BaseResponse:
    """Answer an address without a query: the editor to browsers, the service description to others."""
    if "default-graph-uri" in parameters or "named-graph-uri" in parameters:
        one(parameters, "query")
    if prefers_html(request.headers.get("Accept", "")):
        try:
            return Response(render_template("sparql.html"), content_type="text/html; charset=utf-8")
        except TemplateNotFound:
            return redirect("/")
    return service_description.respond()


def options(allow: str) -> Response:
    """Answer OPTIONS: what may be done here, and the CORS preflight of a read."""
    response = Response(status=204)
    response.headers["Allow"] = allow
    response.headers["Accept-Post"] = f"{DIRECT}, {FORM}"
    response.headers["Access-Control-Allow-Methods"] = allow
    response.headers["Access-Control-Allow-Headers"] = "Accept, Content-Type"
    response.headers["Access-Control-Max-Age"] = "86400"
    return allow_reading(response)


def allow_reading(response: Response) -> Response:
    """Let pages of other origins read it; no credentials, so nothing of the user's goes along."""
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Access-Control-Expose-Headers"] = (
        "X-Result-Limit, X-Result-Truncated, X-Request-Id, Link, ETag"
    )
    return response
