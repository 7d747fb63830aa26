"""The start page."""

from __future__ import annotations

from flask import Blueprint, Response

from kg.pages.layout import page_reader, render_page
from kg.pages.questions.handler import question_library
from kg.pages.representations import (
    HTML_AND_JSON,
    PAGE_REPRESENTATIONS,
    choose_representation,
    make_page_response,
)
from kg.pages.start.view import start_page
from sparqlhost.protocol.endpoint_table import Endpoint, route

blueprint = Blueprint("start", __name__)


@route(blueprint, Endpoint("/", "What the graph holds, and where to start", formats=HTML_AND_JSON))
def show_start() -> Response:
    """Answer the start page."""
    representation = choose_representation(representations=PAGE_REPRESENTATIONS)
    view = start_page(page_reader(), question_library())
    return make_page_response(
        representation,
        view,
        lambda: render_page("start/page.html", view, title="What is said, and where"),
        tuple,
    )
