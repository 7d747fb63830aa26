"""`/.well-known/sparql-examples`: the named questions as examples for editors, in the SHACL shape they share.

The shape is that of the SPARQL examples project: `sh:SPARQLExecutable` with its text, comment and target.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyoxigraph as ox
from flask import Blueprint, Response, current_app, request

from kg.model.questions import Question, load_questions
from kg.namespaces import DCTERMS, RDF, RDFS, SCHEMA, SH
from kg.settings import Settings
from sparqlhost.protocol.negotiation import (
    GRAPH_MEDIA_TYPES,
    choose_media_type,
    find_media_type,
    make_not_acceptable_error,
)
from sparqlhost.protocol.request_parameters import read_query_parameters
from sparqlhost.protocol.service_description import make_rdf_response

blueprint = Blueprint("examples", __name__)

#: form of a query -> the SHACL class of its executable, and the property that holds its text.
_SHACL_TERMS = {
    "SELECT": ("SPARQLSelectExecutable", "select"),
    "ASK": ("SPARQLAskExecutable", "ask"),
    "CONSTRUCT": ("SPARQLConstructExecutable", "construct"),
}


@blueprint.get("/.well-known/sparql-examples")
def show_sparql_examples() -> Response:
    """Answer the example queries in the RDF format the client takes."""
    wanted = read_query_parameters(request).get("format", [""])[0]
    offer = (
        find_media_type(wanted, GRAPH_MEDIA_TYPES)
        if wanted
        else choose_media_type(request.headers.get("Accept", ""), GRAPH_MEDIA_TYPES)
    )
    if offer is None:
        raise make_not_acceptable_error("the examples", GRAPH_MEDIA_TYPES)
    return make_rdf_response(
        list(example_triples(current_app.extensions["kg_settings"], request.url_root)), offer
    )


def example_triples(settings: Settings, root: str) -> Iterator[ox.Triple]:
    """Yield each named question as a SHACL executable of the endpoint under `root`."""
    if settings.empty:
        return
    for question in load_questions(settings.root / "queries" / "questions"):
        yield from _question_triples(question, root)


def _question_triples(question: Question, root: str) -> Iterator[ox.Triple]:
    """Yield one question."""
    name = ox.NamedNode(f"{root}questions/{question.name}")
    kind, text = _SHACL_TERMS.get(question.query_form, _SHACL_TERMS["SELECT"])
    said: list[tuple[ox.NamedNode, ox.NamedNode | ox.Literal]] = [
        (RDF["type"], SH["SPARQLExecutable"]),
        (RDF["type"], SH[kind]),
        (SH[text], ox.Literal(question.text)),
        (RDFS["label"], ox.Literal(question.title, language="en")),
        (RDFS["comment"], ox.Literal(question.question, language="en")),
        (DCTERMS["identifier"], ox.Literal(question.name)),
        (SCHEMA["target"], ox.NamedNode(f"{root}sparql")),
    ]
    yield from (ox.Triple(name, verb, value) for verb, value in said)
