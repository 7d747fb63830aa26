"""The about page."""

from __future__ import annotations

from pathlib import Path

from flask import Blueprint, Response, request

from kg.pages.about.view import about_page
from kg.pages.layout import app_settings, page_reader, render_page
from kg.pages.representations import PAGE_REPRESENTATIONS, choose_representation, make_page_response
from sparqlhost.ops.network_self_test import run_network_checks
from sparqlhost.protocol.security import CONTENT_SECURITY_POLICY

blueprint = Blueprint("about", __name__)


@blueprint.get("/about")
def show_about() -> Response:
    """Answer what this server holds, allows and reaches."""
    form = choose_representation(representations=PAGE_REPRESENTATIONS)
    view = about_page(page_reader(), app_settings())

    def render_html() -> str:
        port = int(request.environ.get("SERVER_PORT") or 0)
        found = run_network_checks(app_settings(), CONTENT_SECURITY_POLICY, Path(__file__).parent, port)
        return render_page("about.html", view, title="About", csp=CONTENT_SECURITY_POLICY, checks=found)

    response = make_page_response(form, view, render_html, tuple)
    response.headers["Cache-Control"] = "no-store"  # the self-test is of this moment
    return response
