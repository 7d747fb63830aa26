"""What this service is and holds, as RDF: SPARQL 1.1 Service Description, VoID and DCAT."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pyoxigraph as ox
from flask import Blueprint, Response, current_app, request

from kg.build.inference_maintenance import INFERRED_GRAPH, is_member_graph
from kg.namespaces import (
    BASE,
    CC,
    DCAT,
    DCTERMS,
    ENTAILMENT,
    GRAPH,
    KG,
    OWL,
    OWL_PROFILE,
    RDF,
    RDFS,
    SD,
    VOID,
    W3C_FORMATS,
)
from kg.pages.layout import current_attribution
from sparqlhost.errors import UserError
from sparqlhost.pool.query_runner import RDF_FORMATS as WRITERS
from sparqlhost.pool.query_runner import find_used_prefixes
from sparqlhost.protocol.negotiation import (
    GRAPH_MEDIA_TYPES,
    MediaType,
    choose_media_type,
    find_media_type,
    make_not_acceptable_error,
)
from sparqlhost.protocol.request_parameters import read_query_parameters
from sparqlhost.protocol.security import is_writing_enabled
from sparqlhost.settings import HostSettings
from sparqlhost.store.interface import Store

blueprint = Blueprint("service_description", __name__)

_RESULT_FORMATS = (
    "SPARQL_Results_JSON", "SPARQL_Results_XML", "SPARQL_Results_CSV", "SPARQL_Results_TSV",
    "Turtle", "N-Triples", "RDF_XML", "JSON-LD", "TriG", "N-Quads",
)  # fmt: skip
_INPUT_FORMATS = ("Turtle", "N-Triples", "RDF_XML", "JSON-LD")
_GRAPH_SIZES_QUERY = "SELECT ?g (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } } GROUP BY ?g"
_DEFAULT_GRAPH_SIZE_QUERY = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"
_GRAPH_METADATA_QUERY = f"""PREFIX dcterms: <{DCTERMS}> PREFIX owl: <{OWL}> PREFIX rdfs: <{RDFS}>
SELECT DISTINCT ?g ?p ?o {{
  VALUES ?p {{ dcterms:license dcterms:title dcterms:description owl:versionInfo dcterms:source rdfs:label }}
  GRAPH ?g {{}} {{ ?g ?p ?o }} UNION {{ GRAPH ?m {{ ?g ?p ?o }} }} }}"""
TripleIterator = Iterator[ox.Triple]


@blueprint.get("/.well-known/void")
def get_void_description() -> Response:
    """Describe the data served."""
    return make_description_response()


def make_description_response() -> Response:
    """Answer the description in the RDF format the client takes; raises NotAcceptable for none."""
    wanted = read_query_parameters(request).get("format", [""])[0]
    offer = (
        find_media_type(wanted, GRAPH_MEDIA_TYPES)
        if wanted
        else choose_media_type(request.headers.get("Accept", ""), GRAPH_MEDIA_TYPES)
    )
    if offer is None:
        raise make_not_acceptable_error("the description of the service", GRAPH_MEDIA_TYPES)
    triples = describe_service(current_app.extensions["kg_store"], current_app.extensions["kg_settings"])
    return make_rdf_response(triples, offer)


def make_rdf_response(triples: list[ox.Triple], media_type: MediaType) -> Response:
    """Return triples in a format, open to pages of other origins."""
    body = ox.serialize(triples, format=WRITERS[media_type.format_key], prefixes=find_used_prefixes(triples))
    response = Response(body or b"", content_type=media_type.content_type)
    response.vary.add("Accept")
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


def describe_service(store: Store, settings: HostSettings) -> list[ox.Triple]:
    """Return the triples that describe the service and its data."""
    root = request.url_root
    endpoint = ox.NamedNode(f"{root}sparql")
    dataset = ox.NamedNode(f"{root}.well-known/void#dataset")
    facts = [*_describe_endpoint(endpoint, dataset, settings), *_describe_limits(endpoint, settings)]
    facts += _describe_dataset(endpoint, dataset, store, settings)
    for graph in describe_graphs(store):
        facts += graph.make_triples(dataset)
        if not settings.empty:
            facts += _describe_project_graph(graph, ox.NamedNode(f"{dataset.value}-default"), store.version)
    return facts


def _describe_project_graph(graph: GraphDescription, default: ox.NamedNode, version: str) -> TripleIterator:
    """Yield what holds of the project's own graphs: part of the default graph, licence, version, regime."""
    name = graph.name
    if is_member_graph(name) or name == INFERRED_GRAPH:
        yield ox.Triple(default, DCTERMS["hasPart"], name)
    if not name.value.startswith(GRAPH) or name.value.startswith(f"{GRAPH}import/"):
        return
    told = {verb for verb, _ in graph.metadata}
    if DCTERMS["license"] not in told:
        yield ox.Triple(name, DCTERMS["license"], CC["by/4.0/"])
    if OWL["versionInfo"] not in told:
        yield ox.Triple(name, OWL["versionInfo"], ox.Literal(version))
    regime = ENTAILMENT["OWL-RDF-Based" if name == INFERRED_GRAPH else "Simple"]
    yield ox.Triple(name, SD["entailmentRegime"], regime)


def _describe_endpoint(
    endpoint: ox.NamedNode, dataset: ox.NamedNode, settings: HostSettings
) -> TripleIterator:
    """Yield what the endpoint can do."""
    said = [(RDF["type"], SD["Service"]), (SD["endpoint"], endpoint), (SD["defaultDataset"], dataset)]
    said.append((SD["supportedLanguage"], SD["SPARQL11Query"]))
    if is_writing_enabled(settings):
        said.append((SD["supportedLanguage"], SD["SPARQL11Update"]))
    said += [(SD["resultFormat"], W3C_FORMATS[name]) for name in _RESULT_FORMATS]
    said += [(SD["inputFormat"], W3C_FORMATS[name]) for name in _INPUT_FORMATS]
    if settings.service_allow:
        said.append((SD["feature"], SD["BasicFederatedQuery"]))
    regime = "Simple" if settings.empty else "OWL-RDF-Based"
    said.append((SD["defaultEntailmentRegime"], ENTAILMENT[regime]))
    if not settings.empty:
        said.append((SD["defaultSupportedEntailmentProfile"], OWL_PROFILE["RL"]))
    return (ox.Triple(endpoint, verb, value) for verb, value in said)


def _describe_limits(endpoint: ox.NamedNode, settings: HostSettings) -> TripleIterator:
    """Yield the limits in force."""
    said = (
        ("queryDeadline", ox.Literal(settings.query_deadline), "seconds a query may run"),
        ("queryMemory", ox.Literal(settings.query_memory), "MiB of memory a query may use"),
        ("queryRows", ox.Literal(settings.query_rows), "rows an answer may have; a cut answer says so"),
        ("querySize", ox.Literal(settings.query_size), "bytes a query may have"),
        ("querySlots", ox.Literal(settings.query_slots), "queries that run at a time"),
        ("queryQueue", ox.Literal(settings.query_queue), "queries that may wait; beyond, 503"),
    )
    for name, value, words in said:
        yield ox.Triple(endpoint, KG[name], value)
        yield ox.Triple(
            endpoint, RDFS["comment"], ox.Literal(f"Limit: {value.value} {words}.", language="en")
        )


def _describe_dataset(
    endpoint: ox.NamedNode, dataset: ox.NamedNode, store: Store, settings: HostSettings
) -> TripleIterator:
    """Yield what the data are as a whole."""
    default = ox.NamedNode(f"{dataset.value}-default")
    said: list[tuple[ox.NamedNode, ox.NamedNode | ox.Literal]]
    said = [(RDF["type"], kind) for kind in (SD["Dataset"], VOID["Dataset"], DCAT["Dataset"])]
    said += [(VOID["sparqlEndpoint"], endpoint), (SD["defaultGraph"], default)]
    said.append((OWL["versionInfo"], ox.Literal(store.version)))
    if not settings.empty:
        said.append((RDFS["seeAlso"], ox.NamedNode(f"{request.url_root}.well-known/sparql-examples")))
    if not settings.empty:
        said += [(DCTERMS["license"], CC["by/4.0/"]), (VOID["uriSpace"], ox.Literal(BASE))]
        title = f"What {current_attribution()} about refractory or relapsed adult ALL"
        said.append((DCTERMS["title"], ox.Literal(title, language="en")))
    yield from (ox.Triple(dataset, verb, value) for verb, value in said)
    yield ox.Triple(default, RDF["type"], SD["Graph"])
    if count := _count_default_graph(store):
        yield ox.Triple(default, VOID["triples"], count)
    if not settings.empty:
        yield ox.Triple(
            default, DCTERMS["description"], ox.Literal(_DEFAULT_GRAPH_DESCRIPTION, language="en")
        )


_DEFAULT_GRAPH_DESCRIPTION = (
    "All that stands in the graphs ontology, source, asserted, every claim's assertion, "
    "background, edits and inferred; not of mappings, imports, provenance and publication info."
)


def _count_default_graph(store: Store) -> ox.Literal | None:
    """Return the number of triples of the default graph, or None when counting takes too long."""
    try:
        return next(
            (row["n"] for row in store.select(_DEFAULT_GRAPH_SIZE_QUERY) if isinstance(row["n"], ox.Literal)),
            None,
        )
    except UserError:
        return None


@dataclass(frozen=True, slots=True)
class GraphDescription:
    """A named graph: its size, and what the data say of it (title, licence, version)."""

    name: ox.NamedNode
    size: ox.Literal | None
    metadata: tuple[tuple[ox.NamedNode, ox.NamedNode | ox.Literal], ...]

    def make_triples(self, dataset: ox.NamedNode) -> TripleIterator:
        """Yield its description."""
        named_graph = ox.BlankNode()
        yield ox.Triple(dataset, SD["namedGraph"], named_graph)
        yield ox.Triple(named_graph, RDF["type"], SD["NamedGraph"])
        yield ox.Triple(named_graph, SD["name"], self.name)
        yield ox.Triple(named_graph, SD["graph"], self.name)
        for kind in (SD["Graph"], VOID["Dataset"]):
            yield ox.Triple(self.name, RDF["type"], kind)
        if self.size is not None:
            yield ox.Triple(self.name, VOID["triples"], self.size)
        for verb, value in self.metadata:
            yield ox.Triple(self.name, verb, value)


def describe_graphs(store: Store) -> Iterator[GraphDescription]:
    """Yield what is known of each named graph."""
    sizes, said = _count_graphs(store), _read_graph_metadata(store)
    for name in store.graph_names():
        yield GraphDescription(name, sizes.get(name), tuple(said.get(name, ())))


def _count_graphs(store: Store) -> dict[object, ox.Literal]:
    """Return the triples of each graph, or nothing when counting takes too long."""
    try:
        pairs = ((row["g"], row["n"]) for row in store.select(_GRAPH_SIZES_QUERY) if "g" in row)
        return {graph: size for graph, size in pairs if isinstance(size, ox.Literal)}
    except UserError:
        return {}


def _read_graph_metadata(store: Store) -> dict[object, list[tuple[ox.NamedNode, ox.NamedNode | ox.Literal]]]:
    """Return the licence, title and version that the data give each graph."""
    found: dict[object, list[tuple[ox.NamedNode, ox.NamedNode | ox.Literal]]] = {}
    try:
        for row in store.select(_GRAPH_METADATA_QUERY):
            verb, value = row["p"], row["o"]
            if isinstance(verb, ox.NamedNode) and isinstance(value, ox.NamedNode | ox.Literal):
                found.setdefault(row["g"], []).append((verb, value))
    except UserError:
        return {}
    return found
