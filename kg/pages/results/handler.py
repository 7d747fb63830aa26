"""The answer to a query at /sparql as a page, for browsers without scripts: a table with labels and links."""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter

from flask import Response

from kg.errors import UserError
from kg.pages.rendering import page_reader, render_page
from kg.pages.results.view import RESULT_ROWS_SHOWN, ResultsPage, make_results_page
from sparqlhost.pool.jobs import QueryJob, ResultStream
from sparqlhost.protocol.app_context import get_sparql_service
from sparqlhost.protocol.endpoint_table import forbid_storing
from sparqlhost.protocol.problem_details import find_status


def make_results_response(job: QueryJob) -> Response:
    """Run a query and answer its page; an error is shown above the query, with the status of the error."""
    started = perf_counter()
    rows = min(job.row_limit or RESULT_ROWS_SHOWN, RESULT_ROWS_SHOWN)
    capped = replace(job, results_format="json", rdf_format="nt", row_limit=rows)
    status = 200
    try:
        view = _make_results_page(get_sparql_service().answer(capped), started)
    except UserError as error:
        status, view = find_status(error), ResultsPage(problem=str(error))
    html = render_page("results/page.html", view, title="SPARQL", query=job.text)
    response = Response(html, status, content_type="text/html; charset=utf-8")
    forbid_storing(response)
    response.vary.add("Accept")
    return response


def _make_results_page(reply: ResultStream, started: float) -> ResultsPage:
    """Return the view of an answer; `started` is the `perf_counter` time at which the query was sent."""
    form, body = reply.head["form"], reply.read_body()
    milliseconds = round((perf_counter() - started) * 1000)
    truncated = bool(reply.head["truncated"] or reply.trailer.get("truncated"))
    return make_results_page(page_reader(), form, body, milliseconds, truncated=truncated)
