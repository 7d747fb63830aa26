"""The start page."""

from __future__ import annotations

from flask import Blueprint, Response

from kg.pages.matrix.handler import cached_matrix_claims
from kg.pages.questions.handler import question_library
from kg.pages.rendering import HTML_AND_JSON, answer_page, memoize_per_version, page_reader
from kg.pages.start.view import start_page
from sparqlhost.protocol.endpoint_table import Endpoint, route

blueprint = Blueprint("start", __name__)


@route(blueprint, Endpoint("/", "What the graph holds, and where to start", formats=HTML_AND_JSON))
def show_start() -> Response:
    """Answer the start page."""
    view = memoize_per_version(
        "start", lambda: start_page(page_reader(), question_library(), cached_matrix_claims())
    )
    return answer_page("start/page.html", view, title="What is said, and where")
