"""`/store`: the SPARQL 1.1 Graph Store HTTP Protocol, indirect (`?graph=`, `?default`) and direct."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

import pyoxigraph as ox
from flask import Blueprint, Response, request

from sparqlhost.errors import BadQuery, NotFound, UnsupportedMedia
from sparqlhost.pool.jobs import QueryJob, WriteJob
from sparqlhost.protocol.app_context import get_settings, get_sparql_service
from sparqlhost.protocol.endpoint_table import (
    FORMAT_PARAMETER,
    GRAPH_FORMATS,
    Endpoint,
    EndpointParameter,
    route,
)
from sparqlhost.protocol.negotiation import (
    FORMAT_BY_BODY_TYPE,
    GRAPH_MEDIA_TYPES,
    choose_representation,
)
from sparqlhost.protocol.query_operation import AcceptedFormats, make_options_response, make_query_response
from sparqlhost.protocol.request_facts import read_body, read_query_parameters
from sparqlhost.protocol.write_access import require_update_token
from sparqlhost.sparql.lexer import parse_graph_iri

blueprint = Blueprint("graph_store", __name__)

GRAPH_STORE_METHODS = ("GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS")
_MULTIPART_MEDIA_TYPE = "multipart/form-data"
_WRITE_DEADLINE_FACTOR = 4  # query deadlines that a write may take


@dataclass(frozen=True, slots=True)
class TargetGraph:
    """The graph that a request reads or writes; `graph` None is the default graph."""

    graph: str | None
    is_new: bool = False

    @property
    def base_iri(self) -> str:
        """The IRI that relative IRIs of a body are resolved against (section 4.1)."""
        return self.graph or request.base_url


_GRAPH_PARAMETERS = (
    EndpointParameter("graph", "the IRI of a named graph", schema={"type": "string", "format": "uri"}),
    EndpointParameter(
        "default", "the default graph; its value is not read", schema={"type": "string", "maxLength": 0}
    ),
    EndpointParameter("name", "names the graph whose IRI is this address", location="path"),
)


def _declare_endpoint(method: str, summary: str, **differing: Any) -> Endpoint:
    """Return the endpoint of one method; all have the same addresses and name the graph alike."""
    common: dict[str, Any] = {"parameters": _GRAPH_PARAMETERS, "requires_token": method != "GET"}
    return Endpoint(
        "/store",
        summary,
        other_addresses=("/store/", "/store/<path:name>"),
        methods=(method,),
        handles_options=True,
        allows_other_parameters=True,
        **(common | differing),
    )


_WRITTEN: dict[str, Any] = {"body": tuple(FORMAT_BY_BODY_TYPE), "statuses": (204, 201)}


@route(
    blueprint,
    _declare_endpoint(
        "GET", "Read a graph", parameters=(*_GRAPH_PARAMETERS, FORMAT_PARAMETER), formats=GRAPH_FORMATS
    ),
)
@route(blueprint, _declare_endpoint("PUT", "Replace a graph", **_WRITTEN))
@route(blueprint, _declare_endpoint("POST", "Add to a graph", **_WRITTEN))
@route(blueprint, _declare_endpoint("DELETE", "Remove a graph", statuses=(204,)))
def handle_graph_request(name: str = "") -> Response:
    """Read, replace, extend or remove one graph."""
    if request.method == "OPTIONS":
        return make_options_response(", ".join(GRAPH_STORE_METHODS), ", ".join(sorted(FORMAT_BY_BODY_TYPE)))
    if request.method in ("GET", "HEAD"):
        return _get_graph(_read_target_graph(name))
    require_update_token()
    target = _read_target_graph(name)
    if request.method != "DELETE":
        return _write_graph(request.method.lower(), target)
    get_sparql_service().write(WriteJob("delete", graph=target.graph))
    return Response(status=204)


def _read_target_graph(name: str) -> TargetGraph:
    """Return the graph that the request names; raises BadQuery unless it names exactly one.

    `name` is the path below /store: the address itself is the graph's IRI then (section 4.1).
    """
    parameters = read_query_parameters(request)
    graphs, default = parameters.get("graph", []), "default" in parameters
    if name:
        if graphs or default:
            raise BadQuery("The graph is named by the path and by a parameter.", hint="Use one of them.")
        return TargetGraph(parse_graph_iri(request.base_url).value)
    if len(graphs) + default > 1:
        raise BadQuery("The address names more than one graph.", hint="Use ?default or one ?graph=IRI.")
    if default:
        return TargetGraph(None)
    if graphs:
        return TargetGraph(parse_graph_iri(graphs[0]).value)
    if request.method == "POST":
        return TargetGraph(f"{request.base_url.rstrip('/')}/{uuid.uuid4()}", is_new=True)
    raise BadQuery("The address names no graph.", hint="Add ?default or ?graph=IRI.")


def _get_graph(target: TargetGraph) -> Response:
    """Answer the triples of a graph; 404 when there is none of that name."""
    settings = get_settings()
    store = get_sparql_service()
    name = read_query_parameters(request).get("format", [""])[0]
    media_type = choose_representation(GRAPH_MEDIA_TYPES, "graphs", request.headers.get("Accept", ""), name)
    if target.graph is not None and not store.has_graph(ox.NamedNode(target.graph)):
        raise NotFound(
            f"There is no graph <{target.graph}>.",
            hint="The service description at /sparql lists the graphs of this store.",
        )
    job = QueryJob(
        "",
        rdf_format=media_type.format_key,
        graph_to_dump=target.graph or "",
        deadline=settings.query_deadline,
    )
    return make_query_response(store.answer(job), AcceptedFormats(None, media_type))


def _write_graph(operation: str, target: TargetGraph) -> Response:
    """Replace a graph ("put") or merge into it ("post") the body; 201 if it was created (section 5.3)."""
    settings = get_settings()
    if request.mimetype == _MULTIPART_MEDIA_TYPE:
        body_format, data = _read_multipart_body(settings.body_size)
    else:
        # section 5.1: without a Content-Type, RDF/XML
        body_format = _find_body_format(request.mimetype or "application/rdf+xml")
        data = read_body(request, settings.body_size)
    deadline = settings.query_deadline * _WRITE_DEADLINE_FACTOR
    job = WriteJob(
        operation, graph=target.graph, body_format=body_format, base=target.base_iri, deadline=deadline
    )
    created = get_sparql_service().write(job, data) or target.is_new
    response = Response(status=201 if created else 204)
    if created and target.graph:
        response.headers["Location"] = target.graph
        response.autocorrect_location_header = False
    return response


def _find_body_format(media_type: str) -> str:
    """Return the format of a media type; raises UnsupportedMedia with the list of those accepted."""
    if media_type not in FORMAT_BY_BODY_TYPE:
        raise UnsupportedMedia(
            f"A body of type {media_type} is not supported.",
            hint=f"Accepted: {', '.join(sorted(FORMAT_BY_BODY_TYPE))}.",
        )
    return FORMAT_BY_BODY_TYPE[media_type]


def _read_multipart_body(max_bytes: int) -> tuple[str, bytes]:
    """Return the formats, with lengths, and the content of the parts (section 5.5)."""
    request.max_content_length = max_bytes
    parts = [(_find_body_format(part.mimetype), part.stream.read()) for part in request.files.values()]
    return " ".join(f"{key}:{len(data)}" for key, data in parts), b"".join(data for _, data in parts)
