"""`/.well-known/sparql-examples`: the named questions as examples for editors, in the SHACL shape they share.

The shape is that of the SPARQL examples project: `sh:SPARQLExecutable` with its text, comment and target.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyoxigraph as ox
from flask import Blueprint, Response, current_app, request

from kg.namespaces import DCTERMS, RDF, RDFS, SCHEMA, SH
from kg.questions import Question, load
from kg.settings import Settings
from kg.web.negotiation import GRAPHS, choose, named, not_acceptable
from kg.web.parameters import in_address
from kg.web.service_description import serialised

blueprint = Blueprint("examples", __name__)

#: form of a query -> the SHACL class of its executable, and the property that holds its text.
_FORMS = {
    "SELECT": ("SPARQLSelectExecutable", "select"),
    "ASK": ("SPARQLAskExecutable", "ask"),
    "CONSTRUCT": ("SPARQLConstructExecutable", "construct"),
}


@blueprint.get("/.well-known/sparql-examples")
def sparql_examples() -> Response:
    """Answer the example queries in the RDF format the client takes."""
    wanted = in_address(request).get("format", [""])[0]
    offer = named(wanted, GRAPHS) if wanted else choose(request.headers.get("Accept", ""), GRAPHS)
    if offer is None:
        raise not_acceptable("the examples", GRAPHS)
    return serialised(list(examples(current_app.extensions["kg_settings"], request.url_root)), offer)


def examples(settings: Settings, root: str) -> Iterator[ox.Triple]:
    """Yield each named question as a SHACL executable of the endpoint under `root`."""
    if settings.empty:
        return
    for question in load(settings.root / "queries" / "questions"):
        yield from _example(question, root)


def _example(question: Question, root: str) -> Iterator[ox.Triple]:
    """Yield one question."""
    name = ox.NamedNode(f"{root}questions/{question.name}")
    kind, text = _FORMS.get(question.form, _FORMS["SELECT"])
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
