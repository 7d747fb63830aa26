"""The about page."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, request

from kg.pages.about.view import about_page
from kg.pages.layout import app_settings, page_reader, render_page
from kg.pages.representations import (
    HTML_AND_JSON,
    PAGE_REPRESENTATIONS,
    choose_representation,
    make_page_response,
)
from sparqlhost.ops.network_self_test import run_network_checks
from sparqlhost.protocol.endpoint_table import CachePolicy, Endpoint, get_endpoint_table, route
from sparqlhost.protocol.security import CONTENT_SECURITY_POLICY

blueprint = Blueprint("about", __name__)


@route(
    blueprint,
    Endpoint(
        "/about",
        "What this server holds, allows and reaches",
        formats=HTML_AND_JSON,
        cache=CachePolicy.NO_STORE,  # the self-test is of this moment
    ),
)
def show_about() -> Response:
    """Answer what this server holds, allows and reaches."""
    form = choose_representation(representations=PAGE_REPRESENTATIONS)
    view = about_page(page_reader(), app_settings(), get_endpoint_table(current_app))

    def render_html() -> str:
        port = int(request.environ.get("SERVER_PORT") or 0)
        checks = run_network_checks(app_settings(), CONTENT_SECURITY_POLICY, port)
        return render_page("about/page.html", view, title="About", csp=CONTENT_SECURITY_POLICY, checks=checks)

    return make_page_response(form, view, render_html, tuple)
