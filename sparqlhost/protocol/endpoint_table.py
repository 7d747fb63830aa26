"""The table of endpoints: what each address takes and answers, declared once, beside its handler.

`route` registers a handler with Flask and records its `Endpoint` when the blueprint joins an application.
From the table follow the rejection of unknown query parameters, `Cache-Control` and CORS
(`sparqlhost.protocol.response_headers`), the OpenAPI document and lists of addresses on pages. It must not
know any endpoint.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import Any, TypeVar

from flask import Blueprint, Flask, Response, current_app, request
from flask.sansio.app import App

from sparqlhost.errors import BadQuery, UserError
from sparqlhost.protocol.negotiation import (
    FORM_MEDIA_TYPE,
    GRAPH_MEDIA_TYPES,
    HTML_MEDIA_TYPE,
    PROBLEM_MEDIA_TYPE,
    RESULT_MEDIA_TYPES,
)

JsonObject = dict[str, Any]
_Handler = TypeVar("_Handler", bound=Callable[..., Any])

blueprint = Blueprint("endpoint_table", __name__)

#: a variable part of a Flask rule: `<name>` or `<converter(...):name>`.
_RULE_VARIABLE = re.compile(r"<(?:[^<>]+:)?(\w+)>")
#: methods that Flask answers by itself for a rule with GET, and that need no entry.
_IMPLIED_METHODS = frozenset({"HEAD", "OPTIONS"})


class CachePolicy(Enum):
    """The `Cache-Control` of an endpoint's successful answers to GET."""

    #: depends on the version of the data, the address and the negotiated type only: kept, with an ETag.
    REVALIDATE = "public, no-cache"
    #: depends on the state of the server, or on private input.
    NO_STORE = "no-store"


@dataclass(frozen=True, slots=True)
class EndpointParameter:
    """A parameter of an endpoint, in its query string (`location` "query") or in its path ("path")."""

    name: str
    help: str
    required: bool = False
    location: str = "query"
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})


#: the media types of rows and of triples, as an endpoint's `formats`.
ROW_FORMATS = tuple(dict.fromkeys(media_type.name for media_type in RESULT_MEDIA_TYPES))
GRAPH_FORMATS = tuple(dict.fromkeys(media_type.name for media_type in GRAPH_MEDIA_TYPES))
FORMAT_PARAMETER = EndpointParameter(
    "format", "json, xml, csv, tsv, csv-excel, ttl, nt, rdf, jsonld ...: instead of Accept"
)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What a handler takes and answers at its addresses (Flask rules), which differ in a path part only.

    `methods` needs neither HEAD nor OPTIONS: they follow from the others. `formats` and `body` are media
    types; `body` may give the JSON schema of each. The first of `statuses` is that of success and has
    `response_schema`. Raises ValueError unless exactly the variables of the addresses are described as path
    parameters.
    """

    address: str
    summary: str
    other_addresses: tuple[str, ...] = ()
    methods: tuple[str, ...] = ("GET",)
    parameters: tuple[EndpointParameter, ...] = ()
    formats: tuple[str, ...] = ()
    body: tuple[str, ...] | Mapping[str, JsonObject] = ()
    statuses: tuple[int, ...] = (200,)
    response_schema: Mapping[str, Any] = field(default_factory=dict)
    cache: CachePolicy = CachePolicy.REVALIDATE
    requires_token: bool = False
    #: the handler answers OPTIONS too, in the place of Flask.
    handles_options: bool = False
    #: not to be rejected here: the protocol allows other parameters, or the handler knows them and checks.
    allows_other_parameters: bool = False
    #: the error for any query parameter, where a message must not repeat what was sent.
    parameter_error: Callable[[], UserError] | None = None

    def __post_init__(self) -> None:
        """Compare the described path parameters with the variables of the addresses."""
        variables = {name for address in self.addresses for name in _RULE_VARIABLE.findall(address)}
        described = {p.name for p in self.parameters if p.location == "path"}
        if variables != described:
            raise ValueError(f"{self.address}: variables {variables}, described {described}")

    @property
    def addresses(self) -> tuple[str, ...]:
        """Return the Flask rules."""
        return (self.address, *self.other_addresses)

    @property
    def query_parameters(self) -> tuple[EndpointParameter, ...]:
        """Return the parameters of the query string."""
        return tuple(p for p in self.parameters if p.location == "query")

    def list_path_templates(self) -> tuple[str, ...]:
        """Return the addresses as URI templates (`/claim/{name}`), without `/a/` where there is `/a`."""
        paths = [format_path_template(address) for address in self.addresses]
        return tuple(path for path in paths if not path.endswith("/") or path[:-1] not in paths)

    def find_parameter_error(self) -> UserError | None:
        """Return the error for the query string of the current request; None when it is in order.

        An endpoint that reads parameters rejects all others: silently ignoring one, say a misspelled filter,
        would return a misleading result. One that reads none ignores what caches and trackers append.
        """
        known = {p.name for p in self.query_parameters}
        if self.allows_other_parameters or known.issuperset(request.args):
            return None
        if self.parameter_error is not None:
            return self.parameter_error()
        if not known:
            return None
        unknown = ", ".join(sorted(set(request.args) - known))[:80]
        return BadQuery(
            f"This address has no parameter {unknown}.",
            location=request.path,
            hint=f"Parameters here: {', '.join(sorted(known))}.",
        )


class EndpointTable:
    """The endpoints of one application, by rule and method, in the order of their declaration."""

    def __init__(self) -> None:
        """Start empty; `route` fills it while blueprints are registered."""
        self._endpoints: dict[tuple[str, str], Endpoint] = {}

    def __iter__(self) -> Iterator[Endpoint]:
        """Iterate over the endpoints, each once."""
        return iter({id(endpoint): endpoint for endpoint in self._endpoints.values()}.values())

    def keys(self) -> set[tuple[str, str]]:
        """Return every declared (rule, method)."""
        return set(self._endpoints)

    def add(self, endpoint: Endpoint) -> None:
        """Record an endpoint; raises ValueError for an address and method that another one has."""
        for address in endpoint.addresses:
            for method in endpoint.methods:
                if (address, method) in self._endpoints:
                    raise ValueError(f"{method} {address} is declared twice")
                self._endpoints[address, method] = endpoint

    def find(self, rule: str, method: str) -> Endpoint | None:
        """Return the endpoint of a Flask rule and a method; HEAD has that of GET."""
        return self._endpoints.get((rule, "GET" if method == "HEAD" else method))


def route(blueprint: Blueprint, endpoint: Endpoint) -> Callable[[_Handler], _Handler]:
    """Return a decorator that registers a handler with Flask and declares its endpoint.

    A handler of several methods that differ in what they take is decorated once for each.
    """
    options: dict[str, Any] = {"methods": endpoint.methods}
    if endpoint.handles_options:
        options = {"methods": (*endpoint.methods, "OPTIONS"), "provide_automatic_options": False}

    def register(handler: _Handler) -> _Handler:
        for address in endpoint.addresses:
            blueprint.add_url_rule(address, view_func=handler, **options)
        blueprint.record(lambda state: get_endpoint_table(state.app).add(endpoint))
        return handler

    return register


def get_endpoint_table(app: App) -> EndpointTable:
    """Return the table of an application, made at first use."""
    table: EndpointTable = app.extensions.setdefault("endpoint_table", EndpointTable())
    return table


def find_current_endpoint() -> Endpoint | None:
    """Return the endpoint of the current request; None for static files and for unknown addresses."""
    rule = request.url_rule
    return get_endpoint_table(current_app).find(rule.rule, request.method) if rule else None


def check_endpoint_table(app: Flask) -> None:
    """Raise ValueError for a Flask rule without an endpoint, or an endpoint without a rule.

    The rule of static files is Flask's own and stays out of the table.
    """
    routed = {
        (rule.rule, method)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - _IMPLIED_METHODS
        if rule.endpoint != "static"
    }
    if differing := routed ^ get_endpoint_table(app).keys():
        raise ValueError(f"only in the rules of Flask or only in the table of endpoints: {sorted(differing)}")


def format_path_template(address: str) -> str:
    """Return a Flask rule as a URI template.

    >>> format_path_template("/store/<path:name>")
    '/store/{name}'
    """
    return _RULE_VARIABLE.sub(r"{\1}", address)


def forbid_storing(response: Response) -> None:
    """Keep one answer of a cacheable endpoint out of every cache: it holds more than the served data."""
    response.headers["Cache-Control"] = CachePolicy.NO_STORE.value


@blueprint.before_app_request
def reject_unknown_parameters() -> None:
    """Raise BadQuery for a query parameter that the address of a reading request does not have."""
    endpoint = find_current_endpoint() if request.method in ("GET", "HEAD") else None
    if endpoint is not None and (error := endpoint.find_parameter_error()) is not None:
        raise error


# -- the OpenAPI 3.1 document of the table

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
