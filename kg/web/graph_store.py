"""`/store`: the SPARQL 1.1 Graph Store HTTP Protocol, indirect (`?graph=`, `?default`) and direct."""

from __future__ import annotations

import io
import uuid
from dataclasses import dataclass
from urllib.parse import urlsplit

import pyoxigraph as ox
from flask import Blueprint, Response, current_app, request

from kg.errors import BadData, BadQuery, NotFound, UnsupportedMedia
from kg.settings import Settings
from kg.store.answers import GRAPHS as FORMATS
from kg.store.jobs import QueryJob, WriteJob
from kg.web.endpoint import endpoint
from kg.web.negotiation import BODIES, GRAPHS, choose, named, not_acceptable
from kg.web.parameters import body, in_address
from kg.web.sparql import Formats, allow_reading, respond
from kg.web.writing import require_token

blueprint = Blueprint("graph_store", __name__)

METHODS = ("GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS")
_MULTIPART = "multipart/form-data"
_PATIENCE = 4  # a body may take so many query deadlines


@dataclass(frozen=True, slots=True)
class Target:
    """The graph a request is about; `graph` None is the default graph."""

    graph: str | None
    is_new: bool = False

    @property
    def base(self) -> str:
        """Return what relative IRIs of a body are resolved against (section 4.1)."""
        return self.graph or request.base_url


@blueprint.route("/store", methods=METHODS, provide_automatic_options=False)
@blueprint.route("/store/", methods=METHODS, provide_automatic_options=False)
@blueprint.route("/store/<path:name>", methods=METHODS, provide_automatic_options=False)
def graph_store(name: str = "") -> Response:
    """Read, replace, extend or remove one graph."""
    if request.method == "OPTIONS":
        return _options()
    if request.method in ("GET", "HEAD"):
        return _get(_target(name))
    require_token()
    target = _target(name)
    return {"PUT": _put, "POST": _post, "DELETE": _delete}[request.method](target)


def _target(name: str) -> Target:
    """Return the graph the address names; raises BadQuery when it names none, or two."""
    parameters = in_address(request)
    graphs, default = parameters.get("graph", []), "default" in parameters
    if name:
        if graphs or default:
            raise BadQuery("The graph is named by the path and by a parameter.", todo="Use one of them.")
        return Target(request.base_url)
    if len(graphs) + default > 1:
        raise BadQuery("The address names more than one graph.", todo="Use ?default or one ?graph=IRI.")
    if default:
        return Target(None)
    if graphs:
        return Target(_absolute(graphs[0]))
    if request.method == "POST":
        return Target(f"{request.base_url.rstrip('/')}/{uuid.uuid4()}", is_new=True)
    raise BadQuery("The address names no graph.", todo="Add ?default or ?graph=IRI.")


def _absolute(iri: str) -> str:
    """Return `iri` when it is an absolute IRI (section 4.2)."""
    try:
        parts = urlsplit(iri)
        ox.NamedNode(iri)
    except ValueError as error:
        raise BadQuery(f"graph={iri!r} is not an IRI.", todo="Name the graph by its whole IRI.") from error
    if not parts.scheme:
        raise BadQuery(f"graph={iri!r} is a relative IRI.", todo="Name the graph by its whole IRI.")
    return iri


def _get(target: Target) -> Response:
    """Answer the triples of a graph; 404 when there is none of that name."""
    settings: Settings = current_app.extensions["kg_settings"]
    store = endpoint()
    wanted = in_address(request).get("format", [""])[0]
    offer = named(wanted, GRAPHS) if wanted else choose(request.headers.get("Accept", ""), GRAPHS)
    if offer is None:
        raise not_acceptable("graphs", GRAPHS)
    if target.graph is not None and not store.has_graph(ox.NamedNode(target.graph)):
        raise NotFound(f"There is no graph <{target.graph}>.", todo="/sparql lists the graphs of this store.")
    job = QueryJob("", triples=offer.key, whole_graph=target.graph or "", deadline=settings.query_deadline)
    return respond(store.answer(job), Formats(None, offer))


def _put(target: Target) -> Response:
    """Replace a graph."""
    return _answer(target, _write("put", target))


def _post(target: Target) -> Response:
    """Merge into a graph, or make one of a new name."""
    return _answer(target, _write("post", target))


def _delete(target: Target) -> Response:
    """Remove a graph."""
    job = WriteJob("delete", graph=target.graph)
    endpoint().write(job)
    return Response(status=204)


def _answer(target: Target, created: bool) -> Response:
    """Return 201 for a graph that was made, 204 for one that was there."""
    response = Response(status=201 if created else 204)
    if created and target.graph:
        response.headers["Location"] = target.graph
        response.autocorrect_location_header = False
    return response


def _write(act: str, target: Target) -> bool:
    """Send the body to the store; return whether it made a graph."""
    settings: Settings = current_app.extensions["kg_settings"]
    if request.mimetype == _MULTIPART:
        media, data = "nt", _parts(target, settings.body_size)
    else:
        media, data = _key(request.mimetype or "application/rdf+xml"), body(request, settings.body_size)
    deadline = settings.query_deadline * _PATIENCE
    job = WriteJob(act, graph=target.graph, media=media, base=target.base, deadline=deadline)
    return endpoint().write(job, data) or target.is_new


def _key(media: str) -> str:
    """Return the format of a media type; raises UnsupportedMedia with the list of those accepted."""
    if media not in BODIES:
        raise UnsupportedMedia(
            f"A body of type {media} is not understood.", todo=f"Accepted: {', '.join(sorted(BODIES))}."
        )
    return BODIES[media]


def _parts(target: Target, limit: int) -> bytes:
    """Return the triples of a multipart body as N-Triples (section 5.5)."""
    request.max_content_length = limit
    triples: list[ox.Triple] = []
    for part in request.files.values():
        data, key = part.stream.read(), _key(part.mimetype)
        try:
            quads = ox.parse(io.BytesIO(data), FORMATS[key], base_iri=target.base, rename_blank_nodes=True)
            triples += [quad.triple for quad in quads]
        except SyntaxError as error:
            raise BadData(
                f"A part of the body cannot be read: {error.msg}.",
                where=part.filename or "part",
                line=error.lineno or 0,
                column=error.offset or 0,
                todo="Mend it; nothing was changed.",
            ) from error
    return ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES) or b""


def _options() -> Response:
    """Answer OPTIONS; only reads are open to pages of other origins."""
    allow = ", ".join(METHODS)
    response = Response(status=204, headers={"Allow": allow, "Accept-Post": ", ".join(sorted(BODIES))})
    response.headers["Access-Control-Allow-Methods"] = "GET, HEAD, OPTIONS"
    response.headers["Access-Control-Allow-Headers"] = "Accept"
    return allow_reading(response)
