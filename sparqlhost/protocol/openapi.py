"""The OpenAPI 3.1 document of a table of endpoints. It must not know any endpoint."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from sparqlhost.protocol.endpoint_table import CachePolicy, Endpoint, EndpointParameter, JsonObject
from sparqlhost.protocol.negotiation import FORM_MEDIA_TYPE, HTML_MEDIA_TYPE, PROBLEM_MEDIA_TYPE

PROBLEM_SCHEMA: JsonObject = {
    "type": "object",
    "description": "RFC 9457 problem details: what, where, and what to do next.",
    "required": ["type", "title", "status", "detail", "request_id"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
        "next": {"type": "string"},
        "where": {"type": "string"},
        "line": {"type": "integer", "minimum": 1},
        "column": {"type": "integer", "minimum": 1},
        "request_id": {"type": "string"},
    },
}
_DESCRIPTION_BY_STATUS = MappingProxyType(
    {
        200: "The answer.",
        201: "Created.",
        204: "Done, no content.",
        302: "Another address has it.",
        304: "The client's copy is current.",
        503: "Not ready.",
    }
)


def make_openapi_document(info: JsonObject, endpoints: Iterable[Endpoint]) -> JsonObject:
    """Return the document; `info` is its Info object (OpenAPI 3.1 section 4.8.2)."""
    paths: JsonObject = {}
    for endpoint in endpoints:
        for path in endpoint.list_path_templates():
            for method in endpoint.methods:
                paths.setdefault(path, {})[method.lower()] = _describe_operation(endpoint, path, method)
    problem = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {
        "openapi": "3.1.0",
        "info": info,
        "paths": paths,
        "components": {
            "schemas": {"Problem": PROBLEM_SCHEMA},
            "responses": {
                "Problem": {
                    "description": "What went wrong, where, and what to do next.",
                    "content": {PROBLEM_MEDIA_TYPE: problem, HTML_MEDIA_TYPE: {"schema": {"type": "string"}}},
                }
            },
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _describe_operation(endpoint: Endpoint, path: str, method: str) -> JsonObject:
    """Return the Operation object of one method at one path."""
    operation: JsonObject = {
        "summary": endpoint.summary,
        "operationId": _make_operation_id(method, path),
        "parameters": [
            _describe_parameter(parameter)
            for parameter in endpoint.parameters
            if parameter.location != "path" or f"{{{parameter.name}}}" in path
        ],
        "responses": _describe_responses(endpoint, method),
    }
    if endpoint.body:
        operation["requestBody"] = {"required": True, "content": _describe_request_body(endpoint.body)}
    if endpoint.requires_token:
        operation["security"] = [{"token": []}]
    return operation


def _make_operation_id(method: str, path: str) -> str:
    """Return a name for generated client code, such as `get_api_xrefs`."""
    words = "".join(letter if letter.isalnum() else " " for letter in path).split()
    return "_".join([method.lower(), *words])


def _describe_parameter(parameter: EndpointParameter) -> JsonObject:
    return {
        "name": parameter.name,
        "in": parameter.location,
        "description": parameter.help,
        "schema": dict(parameter.schema),
        "required": parameter.required or parameter.location == "path",
    }


def _describe_responses(endpoint: Endpoint, method: str) -> JsonObject:
    """Return the Responses object; an answer that is kept with an ETag may also be 304."""
    statuses = endpoint.statuses
    if method == "GET" and endpoint.cache is CachePolicy.REVALIDATE:
        statuses = (*statuses, 304)
    responses: JsonObject = {str(code): {"description": _DESCRIPTION_BY_STATUS[code]} for code in statuses}
    if endpoint.formats:
        responses[str(statuses[0])]["content"] = {
            media_type: {"schema": _choose_response_schema(endpoint, media_type)}
            for media_type in endpoint.formats
        }
    responses["default"] = {"$ref": "#/components/responses/Problem"}
    return responses


def _choose_response_schema(endpoint: Endpoint, media_type: str) -> JsonObject:
    """Return the schema of an answer: the endpoint's for plain JSON, any for other JSON, else a text."""
    if media_type == "application/json":
        return dict(endpoint.response_schema)
    return {} if media_type.endswith("json") else {"type": "string"}


def _describe_request_body(body: tuple[str, ...] | Mapping[str, JsonObject]) -> JsonObject:
    if isinstance(body, Mapping):
        return {media_type: {"schema": schema} for media_type, schema in body.items()}
    form = {"type": "object", "additionalProperties": {"type": "string"}}
    return {
        media_type: {"schema": form if media_type == FORM_MEDIA_TYPE else {"type": "string"}}
        for media_type in body
    }
