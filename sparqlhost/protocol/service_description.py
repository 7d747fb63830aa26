"""What this service is and holds, as RDF: SPARQL 1.1 Service Description, VoID and DCAT.

The host describes the endpoint, its limits and the graphs of its store; what the data are about, their
licence and what was inferred, the application adds (`HostedPages.describe_dataset`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import pyoxigraph as ox
from flask import Blueprint, Response, request

from sparqlhost.errors import UserError
from sparqlhost.pool.query_runner import RDF_FORMATS, find_used_prefixes
from sparqlhost.protocol.app_context import get_host_context
from sparqlhost.protocol.endpoint_table import FORMAT_PARAMETER, GRAPH_FORMATS, Endpoint, route
from sparqlhost.protocol.negotiation import GRAPH_MEDIA_TYPES, choose_representation
from sparqlhost.protocol.request_facts import read_query_parameters
from sparqlhost.protocol.write_access import is_writing_enabled
from sparqlhost.settings import HostSettings
from sparqlhost.store.interface import Store

blueprint = Blueprint("service_description", __name__)


def _list_terms(namespace: str, names: str) -> dict[str, ox.NamedNode]:
    """Return name -> term for the terms of a vocabulary that this module uses; any other raises KeyError."""
    return {name: ox.NamedNode(namespace + name) for name in names.split()}


_RDF = _list_terms("http://www.w3.org/1999/02/22-rdf-syntax-ns#", "type")
_RDFS = _list_terms("http://www.w3.org/2000/01/rdf-schema#", "comment label")
_OWL = _list_terms("http://www.w3.org/2002/07/owl#", "versionInfo")
_DCTERMS = _list_terms("http://purl.org/dc/terms/", "hasPart license title description source")
_VOID = _list_terms("http://rdfs.org/ns/void#", "Dataset exampleResource sparqlEndpoint subset triples")
_DCAT = _list_terms("http://www.w3.org/ns/dcat#", "Dataset")
_SD = _list_terms(
    "http://www.w3.org/ns/sparql-service-description#",
    "Service endpoint defaultDataset supportedLanguage SPARQL11Query SPARQL11Update resultFormat inputFormat "
    "feature BasicFederatedQuery defaultEntailmentRegime Dataset defaultGraph Graph namedGraph NamedGraph "
    "name graph",
)
_SIMPLE_ENTAILMENT = ox.NamedNode("http://www.w3.org/ns/entailment/Simple")
_FORMATS = _list_terms(
    "http://www.w3.org/ns/formats/",
    "SPARQL_Results_JSON SPARQL_Results_XML SPARQL_Results_CSV SPARQL_Results_TSV "
    "Turtle N-Triples RDF_XML JSON-LD TriG N-Quads",
)
_INPUT_FORMATS = ("Turtle", "N-Triples", "RDF_XML", "JSON-LD")
_GRAPH_SIZES_QUERY = "SELECT ?g (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } } GROUP BY ?g"
_DEFAULT_GRAPH_SIZE_QUERY = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"
_GRAPH_METADATA_QUERY = f"""SELECT DISTINCT ?g ?p ?o {{
  VALUES ?p {{ {_DCTERMS["license"]} {_DCTERMS["title"]} {_DCTERMS["description"]} {_DCTERMS["source"]}
               {_OWL["versionInfo"]} {_RDFS["label"]} }}
  GRAPH ?g {{}} {{ ?g ?p ?o }} UNION {{ GRAPH ?m {{ ?g ?p ?o }} }} }}"""

TripleIterator = Iterator[ox.Triple]
Facts = tuple[tuple[ox.NamedNode, ox.NamedNode | ox.Literal], ...]


@dataclass(frozen=True, slots=True)
class DescribedGraph:
    """A named graph: its size, and what the data state of it (title, licence, version)."""

    name: ox.NamedNode
    size: ox.Literal | None
    metadata: Facts

    def make_triples(self, dataset: ox.NamedNode) -> TripleIterator:
        """Yield its description."""
        named_graph = ox.BlankNode()
        yield ox.Triple(dataset, _SD["namedGraph"], named_graph)
        yield ox.Triple(named_graph, _RDF["type"], _SD["NamedGraph"])
        yield ox.Triple(named_graph, _SD["name"], self.name)
        yield ox.Triple(named_graph, _SD["graph"], self.name)
        for kind in (_SD["Graph"], _VOID["Dataset"]):
            yield ox.Triple(self.name, _RDF["type"], kind)
        if self.size is not None:
            yield ox.Triple(self.name, _VOID["triples"], self.size)
        for predicate, value in self.metadata:
            yield ox.Triple(self.name, predicate, value)


@dataclass(frozen=True, slots=True)
class DescribedFamily:
    """Graphs of one kind, described together: their number and size, and one of them."""

    name: ox.NamedNode
    count: int
    triples: int
    example: ox.NamedNode

    def make_triples(self, dataset: ox.NamedNode) -> TripleIterator:
        """Yield its description."""
        yield ox.Triple(dataset, _VOID["subset"], self.name)
        yield ox.Triple(self.name, _RDF["type"], _VOID["Dataset"])
        yield ox.Triple(self.name, _VOID["triples"], ox.Literal(self.triples))
        yield ox.Triple(self.name, _VOID["exampleResource"], self.example)
        sentence = f"{self.count} named graphs of one kind; a query with GRAPH lists them."
        yield ox.Triple(self.name, _RDFS["comment"], ox.Literal(sentence, language="en"))


@dataclass(frozen=True, slots=True)
class DescribedDataset:
    """The names under which a service is described, and the graphs it holds."""

    root: str  # the address of the server, with a slash at its end
    version: str  # of the data
    graphs: tuple[DescribedGraph, ...]
    families: tuple[DescribedFamily, ...] = ()

    @property
    def service(self) -> ox.NamedNode:
        """The endpoint."""
        return ox.NamedNode(f"{self.root}sparql")

    @property
    def dataset(self) -> ox.NamedNode:
        """All graphs together."""
        return ox.NamedNode(f"{self.root}.well-known/void#dataset")

    @property
    def default_graph(self) -> ox.NamedNode:
        """The graph that queries without GRAPH and FROM read."""
        return ox.NamedNode(f"{self.dataset.value}-default")


@route(
    blueprint,
    Endpoint(
        "/.well-known/void",
        "What this server offers: VoID, DCAT, service description",
        parameters=(FORMAT_PARAMETER,),
        formats=GRAPH_FORMATS,
        allows_other_parameters=True,
    ),
)
def get_void_description() -> Response:
    """Describe the data served."""
    return make_description_response()


def make_description_response() -> Response:
    """Answer the description in the RDF format the client takes; raises NotAcceptable for none."""
    host = get_host_context()
    return make_rdf_response(
        lambda: describe_service(host.store, host.settings), "descriptions of the service"
    )


def make_rdf_response(make_triples: Callable[[], list[ox.Triple]], what: str) -> Response:
    """Return triples in the format of the request.

    `what` (a plural) names them in the error; raises NotAcceptable before any triple is made.
    """
    media_type = choose_representation(
        GRAPH_MEDIA_TYPES,
        what,
        request.headers.get("Accept", ""),
        read_query_parameters(request).get("format", [""])[0],
    )
    triples = make_triples()
    prefixes = find_used_prefixes(triples, get_host_context().data.prefixes)
    body = ox.serialize(triples, format=RDF_FORMATS[media_type.format_key], prefixes=prefixes)
    response = Response(body or b"", content_type=media_type.content_type)
    response.vary.add("Accept")
    return response


def describe_service(store: Store, settings: HostSettings) -> list[ox.Triple]:
    """Return the triples that describe the service and its data."""
    host = get_host_context()
    graphs = list(_describe_graphs(store))
    alone = tuple(graph for graph in graphs if not host.data.name_graph_family(graph.name))
    families = tuple(_group_families(graphs, host.data.name_graph_family))
    described = DescribedDataset(request.url_root, store.version, alone, families)
    added = [*host.pages.describe_dataset(described)] if host.pages.describe_dataset else []
    if not any(triple.predicate == _SD["defaultEntailmentRegime"] for triple in added):
        added.append(ox.Triple(described.service, _SD["defaultEntailmentRegime"], _SIMPLE_ENTAILMENT))
    triples = [
        *_describe_endpoint(described, settings),
        *_describe_limits(described.service, settings, host.pages.limit_terms),
        *_describe_dataset(described, store),
    ]
    for graph in described.graphs:
        triples += graph.make_triples(described.dataset)
        if host.data.is_default_graph_member(graph.name):
            triples.append(ox.Triple(described.default_graph, _DCTERMS["hasPart"], graph.name))
    for family in described.families:
        triples += family.make_triples(described.dataset)
        if host.data.is_default_graph_member(family.example):
            triples.append(ox.Triple(described.default_graph, _DCTERMS["hasPart"], family.name))
    return triples + added


def _group_families(
    graphs: Iterable[DescribedGraph], name_family: Callable[[ox.NamedNode], str]
) -> Iterator[DescribedFamily]:
    """Yield the kinds of the graphs that belong to one."""
    members: dict[str, list[DescribedGraph]] = {}
    for graph in graphs:
        if family := name_family(graph.name):
            members.setdefault(family, []).append(graph)
    for family, of_kind in sorted(members.items()):
        triples = sum(int(graph.size.value) for graph in of_kind if graph.size)
        name = ox.NamedNode(f"{request.url_root}.well-known/void#{family}")
        yield DescribedFamily(name, len(of_kind), triples, of_kind[0].name)


def _describe_endpoint(described: DescribedDataset, settings: HostSettings) -> TripleIterator:
    """Yield what the endpoint can do."""
    facts = [
        (_RDF["type"], _SD["Service"]),
        (_SD["endpoint"], described.service),
        (_SD["defaultDataset"], described.dataset),
        (_SD["supportedLanguage"], _SD["SPARQL11Query"]),
    ]
    if is_writing_enabled(settings):
        facts.append((_SD["supportedLanguage"], _SD["SPARQL11Update"]))
    facts += [(_SD["resultFormat"], term) for term in _FORMATS.values()]
    facts += [(_SD["inputFormat"], _FORMATS[name]) for name in _INPUT_FORMATS]
    if settings.service_allow:
        facts.append((_SD["feature"], _SD["BasicFederatedQuery"]))
    return (ox.Triple(described.service, predicate, value) for predicate, value in facts)


#: limit -> the setting that holds it, and what it counts.
LIMITS = {
    "queryDeadline": ("query_deadline", "seconds a query may run"),
    "queryMemory": ("query_memory", "MiB of memory a query may use"),
    "queryRows": ("query_rows", "rows an answer may have; a cut answer says so"),
    "querySize": ("query_size", "bytes a query may have"),
    "querySlots": ("query_slots", "queries that run at a time"),
    "queryQueue": ("query_queue", "queries that may wait; beyond, 503"),
}


def _describe_limits(
    service: ox.NamedNode, settings: HostSettings, limit_terms: Mapping[str, ox.NamedNode]
) -> TripleIterator:
    """Yield the limits in force: in words, and by the application's property for each where it has one."""
    for name, (setting, meaning) in LIMITS.items():
        value = ox.Literal(getattr(settings, setting))
        if name in limit_terms:
            yield ox.Triple(service, limit_terms[name], value)
        sentence = ox.Literal(f"Limit: {value.value} {meaning}.", language="en")
        yield ox.Triple(service, _RDFS["comment"], sentence)


def _describe_dataset(described: DescribedDataset, store: Store) -> TripleIterator:
    """Yield what holds of the data as a whole."""
    for kind in (_SD["Dataset"], _VOID["Dataset"], _DCAT["Dataset"]):
        yield ox.Triple(described.dataset, _RDF["type"], kind)
    yield ox.Triple(described.dataset, _VOID["sparqlEndpoint"], described.service)
    yield ox.Triple(described.dataset, _SD["defaultGraph"], described.default_graph)
    yield ox.Triple(described.dataset, _OWL["versionInfo"], ox.Literal(described.version))
    yield ox.Triple(described.default_graph, _RDF["type"], _SD["Graph"])
    if size := _count_default_graph(store):
        yield ox.Triple(described.default_graph, _VOID["triples"], size)


def _select_if_quick(store: Store, query: str) -> Iterable[Mapping[str, object]]:
    """Return the rows of a query; none when it takes too long."""
    try:
        return [*store.select(query)]
    except UserError:
        return ()


def _count_default_graph(store: Store) -> ox.Literal | None:
    """Return the number of triples of the default graph; None when counting takes too long."""
    counts = (row["n"] for row in _select_if_quick(store, _DEFAULT_GRAPH_SIZE_QUERY))
    return next((count for count in counts if isinstance(count, ox.Literal)), None)


def _describe_graphs(store: Store) -> Iterator[DescribedGraph]:
    """Yield what is known of each named graph: its size, and the title, licence and version the data give."""
    sizes = {row["g"]: row["n"] for row in _select_if_quick(store, _GRAPH_SIZES_QUERY) if "g" in row}
    metadata: dict[object, list[tuple[ox.NamedNode, ox.NamedNode | ox.Literal]]] = {}
    for row in _select_if_quick(store, _GRAPH_METADATA_QUERY):
        predicate, value = row["p"], row["o"]
        if isinstance(predicate, ox.NamedNode) and isinstance(value, ox.NamedNode | ox.Literal):
            metadata.setdefault(row["g"], []).append((predicate, value))
    for name in store.graph_names():
        size = sizes.get(name)
        facts = tuple(metadata.get(name, ()))
        yield DescribedGraph(name, size if isinstance(size, ox.Literal) else None, facts)
