"""The about page."""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, Response, request

from kg.views.about import about_page
from kg.web.content import PAGES, negotiate, respond
from kg.web.layout import page, reader, settings
from kg.web.network import checks
from kg.web.security import CSP

blueprint = Blueprint("about", __name__)


@blueprint.get("/about")
def about() -> Response:
    """Answer what this server holds, allows and reaches."""
    form = negotiate(offers=PAGES)
    view = about_page(reader(), settings())

    def html() -> str:
        port = int(request.environ.get("SERVER_PORT") or 0)
        found = checks(settings(), CSP, Path(__file__).parent, port)
        return page("about.html", view, title="About", csp=CSP, checks=found)

    response = respond(form, view, html, tuple)
    response.headers["Cache-Control"] = "no-store"  # the self-test is of this moment
    return response
