"""`/openapi.json`: the REST parts in OpenAPI 3.1, the named questions with their typed parameters included.

The document is a table: one `Operation` an address and method. A test compares it with the routes.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version

from flask import Blueprint, Response, jsonify

from kg.namespaces import BASE, ENTITY_KINDS
from kg.questions import Question
from kg.views.xrefs import MATCHES
from kg.web.negotiation import BODIES, GRAPHS, RESULTS
from kg.web.operation import FORM, HTML, JSON, PROBLEM, QUERY, UPDATE, Json, Operation, Parameter
from kg.web.questions import library

blueprint = Blueprint("openapi", __name__)

_RESULTS = tuple(dict.fromkeys(offer.media for offer in RESULTS))
_GRAPHS = tuple(dict.fromkeys(offer.media for offer in GRAPHS))
_PAGES = (HTML, JSON, *_GRAPHS)

PROBLEM_SCHEMA: Json = {
    "type": "object",
    "description": "RFC 9457 problem details: what, where, and what to do next.",
    "required": ["type", "title", "status", "detail", "request_id"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
        "next": {"type": "string"},
        "line": {"type": "integer", "minimum": 1},
        "column": {"type": "integer", "minimum": 1},
        "request_id": {"type": "string"},
    },
}
_XREF_LIST: Json = {
    "type": "array",
    "items": {"type": "object", "required": ["curie", "label", "subject", "predicate", "object", "proof"]},
}
#: members by match type; `others` is all but exactMatch, `beyond` what the same entity is matched to besides.
_XREFS: Json = {
    "type": "object",
    "required": ["curie", *MATCHES, "others"],
    "properties": {
        "curie": {"type": "string"},
        **{name: _XREF_LIST for name in (*MATCHES, "others")},
        "beyond": {"type": "array", "items": {"type": "object"}},
    },
}
_STRINGS: Json = {"type": "array", "items": {"type": "string"}}


_DATASET = (
    Parameter(
        "default-graph-uri", "a graph of the default graph", schema={"type": "string", "format": "uri"}
    ),
    Parameter("named-graph-uri", "a named graph", schema={"type": "string", "format": "uri"}),
)
_FORMAT = Parameter("format", "json, xml, csv, tsv, csv-excel, ttl, nt, rdf, jsonld ...: instead of Accept")
_GRAPH = (
    Parameter("graph", "the IRI of a named graph", schema={"type": "string", "format": "uri"}),
    Parameter(
        "default", "the default graph; its value is not read", schema={"type": "string", "maxLength": 0}
    ),
)
_KIND = Parameter(
    "kind", "what kind of thing", where="path", schema={"enum": [k for k in ENTITY_KINDS if k != "scenario"]}
)
_IRI = {"type": "string", "format": "uri"}
_FEATURES: Json = {**_STRINGS, "description": "features as labels, CURIEs or IRIs; GET /case lists them"}
_CASE: Mapping[str, Json] = {
    JSON: {
        "type": "object",
        "properties": {"yes": _FEATURES, "no": _FEATURES},
        "additionalProperties": False,
    },
    FORM: {
        "type": "object",
        "description": "fields yes and no, or a field a feature, which says yes, no or unknown",
        "properties": {"yes": _STRINGS, "no": _STRINGS},
        "additionalProperties": {"enum": ["yes", "no", "unknown"]},
    },
}
_CASE_ANSWER: Json = {
    "type": "object",
    "required": ["asked", "choices", "claims", "ask_next"],
    "properties": {
        "choices": {"type": "array", "description": "the features that may be named"},
        "claims": {"type": "array", "description": "each with its status and why"},
        "ask_next": {"type": "array", "description": "features whose answer decides most claims"},
    },
}
_ROWS: Json = {"type": "object", "required": ["head"]}

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "get",
        "/sparql",
        "Ask a SPARQL query; without one, the service description",
        (*_RESULTS, *_GRAPHS, HTML),
        (Parameter("query", "the text of the query"), *_DATASET, _FORMAT),
        status=(200, 304),
        schema=_ROWS,
    ),
    Operation(
        "post",
        "/sparql",
        "Ask a SPARQL query",
        (*_RESULTS, *_GRAPHS, HTML),
        _DATASET,
        (QUERY, FORM),
        schema=_ROWS,
    ),
    Operation(
        "post",
        "/sparql/cancel",
        "Stop a query, by the 16 hexadecimal digits sent with it as X-Query-Id",
        (JSON,),
        (),
        (FORM,),
        schema={"type": "object", "required": ["cancelled"]},
    ),
    Operation("post", "/update", "Run a SPARQL update", body=(UPDATE, FORM), status=(204, 200), writes=True),
    Operation("get", "/store", "Read a graph", _GRAPHS, (*_GRAPH, _FORMAT), status=(200, 304)),
    Operation("put", "/store", "Replace a graph", (), _GRAPH, tuple(BODIES), (204, 201), writes=True),
    Operation("post", "/store", "Add to a graph", (), _GRAPH, tuple(BODIES), (204, 201), writes=True),
    Operation("delete", "/store", "Remove a graph", (), _GRAPH, status=(204,), writes=True),
    Operation(
        "post",
        "/validate",
        "Say whether a query or update parses",
        (JSON,),
        (),
        (QUERY, UPDATE, FORM),
        schema={"type": "object", "required": ["ok"], "properties": {"ok": {"type": "boolean"}}},
    ),
    Operation(
        "get",
        "/.well-known/void",
        "What this server offers: VoID, DCAT, service description",
        _GRAPHS,
        (_FORMAT,),
        status=(200, 304),
    ),
    Operation("get", "/questions", "The named questions", (HTML, JSON, *_GRAPHS), status=(200, 304)),
    Operation("get", "/{kind}/", "The entities of one kind", _PAGES, (_KIND,), status=(200, 304)),
    Operation(
        "get",
        "/{kind}/{name}",
        "One entity",
        _PAGES,
        (_KIND, Parameter("name", "its local name", where="path")),
        status=(200, 304),
    ),
    Operation(
        "get",
        "/search",
        "Find entities by name",
        (HTML, JSON),
        (Parameter("q", "what to look for"),),
        status=(200, 304),
    ),
    Operation(
        "get",
        "/api/suggest",
        "Names that begin or sound like it",
        (JSON,),
        (Parameter("q", "what was typed"),),
        status=(200, 304),
        schema={"type": "array", "items": {"type": "object"}},
    ),
    Operation(
        "get",
        "/api/terms",
        "Classes, properties and entities for a query editor",
        (JSON,),
        status=(200, 304),
        schema={"type": "object"},
    ),
    Operation(
        "get",
        "/api/neighbourhood",
        "What stands around an entity",
        (JSON,),
        (Parameter("iri", "the entity", True, schema=_IRI),),
        status=(200, 304),
        schema={"type": "object"},
    ),
    Operation(
        "get",
        "/api/ontology",
        "The classes and how they hang together",
        (JSON,),
        status=(200, 304),
        schema={"type": "object"},
    ),
    Operation(
        "get",
        "/api/xrefs",
        "Identifiers of the same thing elsewhere",
        (JSON,),
        (Parameter("curie", "a CURIE, ours or of an outside vocabulary", True),),
        status=(200, 304),
        schema=_XREFS,
    ),
    Operation(
        "get",
        "/resolve",
        "What an outside identifier stands for here",
        (JSON, HTML, *_GRAPHS),
        (Parameter("curie", "a CURIE or IRI", True),),
        status=(200, 304),
    ),
    Operation(
        "get",
        "/explain",
        "Why a statement holds: its proof",
        (JSON, HTML, "text/plain", *_GRAPHS),
        (
            *(
                Parameter(name, help, True)
                for name, help in (("s", "subject"), ("p", "predicate"), ("o", "object"))
            ),
            Parameter("all", "1: other proofs too", schema={"enum": ["1", "0"]}),
            _FORMAT,
        ),
        status=(200, 304),
    ),
    Operation(
        "get",
        "/case",
        "The features that a case may name",
        (JSON, HTML),
        schema=_CASE_ANSWER,
    ),
    Operation(
        "post",
        "/case",
        "What the text raises for a case: features that hold and that do not; the rest is unknown",
        (JSON, HTML),
        body=_CASE,
        schema=_CASE_ANSWER,
    ),
    Operation(
        "get",
        "/mappings",
        "Mappings to outside vocabularies",
        (JSON, HTML, *_GRAPHS),
        (
            Parameter("q", "words that the rows hold; not for RDF"),
            Parameter("page", "50 rows a page, in HTML"),
        ),
        status=(200, 304),
    ),
    Operation("get", "/export", "What can be downloaded whole", (JSON, HTML), status=(200, 304)),
    Operation("get", "/context.jsonld", "The JSON-LD context", ("application/ld+json",), status=(200, 304)),
    Operation("get", "/backup", "Everything, as it is at one moment", ("application/n-quads",)),
    Operation(
        "put",
        "/backup",
        "Another store in the place of everything",
        (JSON,),
        (),
        ("application/n-quads",),
        schema={"type": "object", "required": ["restored", "version"]},
        writes=True,
    ),
    Operation(
        "get",
        "/health/live",
        "The process answers",
        (JSON,),
        schema={"type": "object", "required": ["status"], "properties": {"status": {"const": "live"}}},
    ),
    Operation(
        "get",
        "/health/ready",
        "Questions would be answered",
        (JSON,),
        status=(200, 503),
        schema={"type": "object", "required": ["status", "checks", "version"]},
    ),
    Operation("get", "/metrics", "Numbers for Prometheus", ("text/plain",)),
    Operation(
        "get",
        "/openapi.json",
        "This document",
        (JSON,),
        status=(200, 304),
        schema={"type": "object", "required": ["openapi", "info", "paths"]},
    ),
)


def _question(question: Question) -> Operation:
    """Return the operation of a named question."""
    parameters = tuple(
        Parameter(
            p.name,
            f"{p.help} ({p.type}); left out: {p.example}",
            schema=_STRINGS if p.many else {"type": "string"},
        )
        for p in question.params
    )
    address = f"/questions/{question.name}"
    return Operation(
        "get",
        address,
        question.question,
        (HTML, JSON, "text/csv", QUERY, *_GRAPHS),
        (*parameters, _FORMAT),
        status=(200, 304),
    )


def document(questions: tuple[Question, ...]) -> Json:
    """Return the OpenAPI document."""
    paths: Json = {}
    for operation in (*OPERATIONS, *map(_question, questions)):
        paths.setdefault(operation.path, {})[operation.method] = operation.described()
    problem = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "rrall-kg",
            "version": version("rrall-kg"),
            "summary": "What its source texts say can be done for refractory or relapsed adult ALL.",
            "description": f"Not medical advice. IRIs begin with {BASE}; the same paths answer here.",
            "license": {"name": "MIT (code); see LICENSE-DATA for the data", "identifier": "MIT"},
        },
        "paths": paths,
        "components": {
            "schemas": {"Problem": PROBLEM_SCHEMA},
            "responses": {
                "Problem": {
                    "description": "What went wrong, where, and what to do next.",
                    "content": {PROBLEM: problem, HTML: {"schema": {"type": "string"}}},
                }
            },
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


@blueprint.get("/openapi.json")
def openapi() -> Response:
    """Answer the document."""
    return jsonify(document(library()))
