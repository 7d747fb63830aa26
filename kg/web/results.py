"""The answer of a query as a page, for browsers without scripts: a table with labels and links."""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter

from flask import Response

from kg.errors import KgError
from kg.store.client import Reply
from kg.store.jobs import QueryJob
from kg.views.results import MOST_ROWS, ResultsPage, rows, triples, truth
from kg.web.endpoint import endpoint
from kg.web.errors import status_of
from kg.web.layout import page, reader


def answer_page(job: QueryJob) -> Response:
    """Run a query and answer its page; what goes wrong is said above the query, with its status."""
    begun = perf_counter()
    capped = replace(job, results="json", triples="nt", rows=min(job.rows or MOST_ROWS, MOST_ROWS))
    status = 200
    try:
        view = _view(endpoint().answer(capped), begun)
    except KgError as error:
        status, view = status_of(error)[0], ResultsPage(problem=str(error))
    html = page("results.html", view, title="SPARQL", query=job.text)
    response = Response(html, status, content_type="text/html; charset=utf-8")
    response.headers["Cache-Control"] = "no-store"
    response.vary.add("Accept")
    return response


def _view(reply: Reply, begun: float) -> ResultsPage:
    """Return the view of an answer; its form is what the engine's parser found."""
    form = reply.head["form"]
    body = reply.body()
    spent = round((perf_counter() - begun) * 1000)
    if form == "ASK":
        return truth(body, spent)
    make = rows if form == "SELECT" else triples
    return make(reader(), body, spent, truncated=bool(reply.head["truncated"] or reply.end.get("truncated")))
