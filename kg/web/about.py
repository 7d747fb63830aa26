"""The about page."""

from __future__ import annotations

from flask import Blueprint, Response

from kg.views.about import about_page
from kg.web.content import PAGES, negotiate, respond
from kg.web.layout import page, reader, settings
from kg.web.security import CSP

blueprint = Blueprint("about", __name__)

@blueprint.get("/about")
def about() -> Response:
    """Answer what this server holds, allows and reaches."""
    form = negotiate(offers=PAGES)
    view = about_page(reader(), settings())
    return respond(form, view, lambda: page("about.html", view, title="About", csp=CSP), tuple)
