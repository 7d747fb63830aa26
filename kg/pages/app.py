"""The Flask application: `create_app(settings, store)`, nothing opened at import.

It is the SPARQL host (`sparqlhost.host_app`) with the pages of this project; here stands what the project
adds to the host: problem types, `/openapi.json`, and what the service description says of the data.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from pathlib import Path

from flask import Blueprint, Flask, Response, current_app, jsonify, render_template
from pyoxigraph import Literal, NamedNode, Triple

from kg.build.hosted_data import describe_hosted_data
from kg.errors import InvalidFiles, UserError
from kg.model.graphs import INFERRED, is_from_build, is_import
from kg.namespaces import (
    BASE,
    CC,
    DCTERMS,
    ENTAILMENT,
    ENTITY_KINDS,
    GRAPH,
    KG,
    OWL,
    OWL_PROFILE,
    RDFS,
    SD,
    VOID,
)  # fmt: skip
from kg.pages import rendering
from kg.pages.questions.handler import describe_question_endpoint, question_library
from kg.pages.rendering import JSON
from kg.pages.results.handler import make_results_response
from kg.settings import Settings
from sparqlhost.host_app import make_host_app
from sparqlhost.protocol.app_context import HostedPages
from sparqlhost.protocol.endpoint_table import (
    Endpoint,
    check_endpoint_table,
    get_endpoint_table,
    make_openapi_document,
    route,
)
from sparqlhost.protocol.problem_details import ProblemType
from sparqlhost.protocol.service_description import LIMITS, DescribedDataset, DescribedGraph
from sparqlhost.settings import StoreKind
from sparqlhost.store.interface import Store

openapi_blueprint = Blueprint("openapi", __name__)

#: programs compare slugs, so these stay although the classes were renamed since.
_PROBLEM_TYPES: Mapping[type[UserError], ProblemType] = {
    UserError: ProblemType(400, "Bad request", "kg-error"),
    InvalidFiles: ProblemType(400, "The data cannot be read", "bad-files"),
}
_LICENCE = CC["by/4.0/"]
_DEFAULT_GRAPH_DESCRIPTION = (
    "All that stands in the graphs ontology, source, asserted, every claim's assertion, "
    "background, edits and inferred; not of mappings, imports, provenance and publication info."
)


def create_app(settings: Settings, store: Store) -> Flask:
    """Return the application over an open store."""
    flask = Flask("kg.pages", template_folder=".")
    app = make_host_app(settings, store, describe_hosted_data(settings), _describe_pages(settings), flask)
    for blueprint in (rendering.blueprint, openapi_blueprint, *find_page_blueprints()):
        app.register_blueprint(blueprint)
    check_endpoint_table(app)
    return app


def find_page_blueprints() -> Iterator[Blueprint]:
    """Yield `blueprint` of the handler of each page folder, so that a new folder needs no entry in a list."""
    for path in sorted(Path(__file__).parent.glob("*/handler.py")):
        module = importlib.import_module(f"{__package__}.{path.parent.name}.handler")
        if hasattr(module, "blueprint"):  # the page of query results has none: /sparql is the host's
            yield module.blueprint


def _describe_pages(settings: Settings) -> HostedPages:
    def is_build_present() -> bool:
        needs_build = settings.store_kind is StoreKind.MEMORY and not settings.empty
        return not needs_build or (settings.build_dir / "current").exists()

    return HostedPages(
        html_results=make_results_response,
        html_query_form=lambda: render_template("sparql.html"),
        html_problem=lambda problem: render_template("error.html", problem=problem),
        suggested_addresses=tuple(f"/{kind}/" for kind in ENTITY_KINDS if kind != "scenario"),
        problem_namespace=f"{BASE}problem/",
        problem_types=_PROBLEM_TYPES,
        describe_dataset=None if settings.empty else describe_dataset,
        limit_terms={name: KG[name] for name in LIMITS},
        health_checks={"build": is_build_present},
        code_version=version("rrall-kg"),
    )


@route(
    openapi_blueprint,
    Endpoint(
        "/openapi.json",
        "This document",
        formats=(JSON.name,),
        response_schema={"type": "object", "required": ["openapi", "info", "paths"]},
    ),
)
def get_openapi_document() -> Response:
    """Answer every endpoint in OpenAPI 3.1, then each named question with its own parameters."""
    info = {
        "title": "rrall-kg",
        "version": version("rrall-kg"),
        "summary": rendering.describe_texts(),
        "description": f"Not medical advice. IRIs begin with {BASE}; the same paths answer here.",
        "license": {"name": "MIT (code); see LICENSE-DATA for the data", "identifier": "MIT"},
    }
    questions = map(describe_question_endpoint, question_library())
    return jsonify(make_openapi_document(info, (*get_endpoint_table(current_app), *questions)))


def describe_dataset(described: DescribedDataset) -> Iterator[Triple]:
    """Yield the triples about the build; the store may hold imports and graphs of users beside it."""
    dataset, service = described.dataset, described.service
    yield Triple(service, SD["defaultEntailmentRegime"], ENTAILMENT["OWL-RDF-Based"])
    yield Triple(service, SD["defaultSupportedEntailmentProfile"], OWL_PROFILE["RL"])
    yield Triple(dataset, RDFS["seeAlso"], NamedNode(f"{described.root}.well-known/sparql-examples"))
    yield Triple(dataset, DCTERMS["license"], _LICENCE)
    yield Triple(dataset, VOID["uriSpace"], Literal(BASE))
    yield Triple(dataset, DCTERMS["title"], Literal(rendering.describe_texts(), language="en"))
    description = Literal(_DEFAULT_GRAPH_DESCRIPTION, language="en")
    yield Triple(described.default_graph, DCTERMS["description"], description)
    for graph in described.graphs:
        if graph.name.value.startswith(GRAPH) and not is_import(graph.name):
            yield from _describe_graph(graph, described.version)
    for family in described.families:
        if is_from_build(family.example):
            yield Triple(family.name, DCTERMS["license"], _LICENCE)
        yield Triple(family.name, OWL["versionInfo"], Literal(described.version))


def _describe_graph(graph: DescribedGraph, version: str) -> Iterator[Triple]:
    """Yield licence, version and entailment regime of a graph of this project.

    Only what the build made is under this project's licence: extracts of other vocabularies keep their own.
    """
    stated = {predicate for predicate, _ in graph.metadata}
    if is_from_build(graph.name) and DCTERMS["license"] not in stated:
        yield Triple(graph.name, DCTERMS["license"], _LICENCE)
    if OWL["versionInfo"] not in stated:
        yield Triple(graph.name, OWL["versionInfo"], Literal(version))
    regime = ENTAILMENT["OWL-RDF-Based" if graph.name == INFERRED else "Simple"]
    yield Triple(graph.name, SD["entailmentRegime"], regime)
