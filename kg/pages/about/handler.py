"""The about page."""

from __future__ import annotations

from functools import partial

from flask import Blueprint, Response, current_app, request

from kg.pages.about.view import about_page
from kg.pages.rendering import HTML_AND_JSON, answer_page, app_settings, page_reader
from sparqlhost.ops.monitoring import run_network_checks
from sparqlhost.protocol.endpoint_table import CachePolicy, Endpoint, get_endpoint_table, route
from sparqlhost.protocol.response_headers import CONTENT_SECURITY_POLICY

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
    view = about_page(page_reader(), app_settings(), get_endpoint_table(current_app))
    port = int(request.environ.get("SERVER_PORT") or 0)
    check = partial(run_network_checks, app_settings(), CONTENT_SECURITY_POLICY, port)
    return answer_page("about/page.html", view, title="About", csp=CONTENT_SECURITY_POLICY, run_checks=check)
