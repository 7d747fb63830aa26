"""`/openapi.json`: every endpoint in OpenAPI 3.1, and each named question with its own parameters."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version

from flask import Blueprint, Response, current_app, jsonify

from kg.namespaces import BASE
from kg.pages.questions.handler import describe_question_endpoint, question_library
from kg.pages.representations import JSON
from sparqlhost.protocol.endpoint_table import Endpoint, get_endpoint_table, route
from sparqlhost.protocol.openapi import make_openapi_document

blueprint = Blueprint("openapi", __name__)


@route(
    blueprint,
    Endpoint(
        "/openapi.json",
        "This document",
        formats=(JSON.name,),
        response_schema={"type": "object", "required": ["openapi", "info", "paths"]},
    ),
)
def get_openapi_document() -> Response:
    """Answer the document."""
    info = {
        "title": "rrall-kg",
        "version": version("rrall-kg"),
        "summary": "What its source texts say can be done for refractory or relapsed adult ALL.",
        "description": f"Not medical advice. IRIs begin with {BASE}; the same paths answer here.",
        "license": {"name": "MIT (code); see LICENSE-DATA for the data", "identifier": "MIT"},
    }
    return jsonify(make_openapi_document(info, _list_endpoints()))


def _list_endpoints() -> Iterator[Endpoint]:
    """Yield the endpoints of the application, then one for each named question."""
    yield from get_endpoint_table(current_app)
    yield from map(describe_question_endpoint, question_library())
