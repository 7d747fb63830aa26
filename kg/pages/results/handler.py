"""The answer of a query as a page, for browsers without scripts: a table with labels and links."""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter

from flask import Response

from kg.errors import UserError
from kg.pages.layout import page_reader, render_page
from kg.pages.results.view import RESULT_ROWS_SHOWN, ResultsPage, ask_result, construct_result, select_result
from sparqlhost.pool.engine_store import ResultStream
from sparqlhost.pool.jobs import QueryJob
from sparqlhost.protocol.app_context import get_sparql_service
from sparqlhost.protocol.problem_details import find_status


def make_results_response(job: QueryJob) -> Response:
    """Run a query and answer its page; what goes wrong is said above the query, with its status."""
    begun = perf_counter()
    capped = replace(
        job,
        results_format="json",
        rdf_format="nt",
        row_limit=min(job.row_limit or RESULT_ROWS_SHOWN, RESULT_ROWS_SHOWN),
    )
    status = 200
    try:
        view = _make_results_page(get_sparql_service().answer(capped), begun)
    except UserError as error:
        status, view = find_status(error)[0], ResultsPage(problem=str(error))
    html = render_page("results.html", view, title="SPARQL", query=job.text)
    response = Response(html, status, content_type="text/html; charset=utf-8")
    response.headers["Cache-Control"] = "no-store"
    response.vary.add("Accept")
    return response


def _make_results_page(reply: ResultStream, started: float) -> ResultsPage:
    """Return the view of an answer; its form is what the engine's parser found."""
    form = reply.head["form"]
    body = reply.read_body()
    spent = round((perf_counter() - started) * 1000)
    if form == "ASK":
        return ask_result(body, spent)
    make = select_result if form == "SELECT" else construct_result
    return make(
        page_reader(), body, spent, truncated=bool(reply.head["truncated"] or reply.trailer.get("truncated"))
    )
