"""`/openapi.json`: the REST parts in OpenAPI 3.1, the named questions with their typed parameters included.

The document is a table: one `Operation` an address and method. A test compares it with the routes.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version

from flask import Blueprint, Response, jsonify

from kg.model.questions import Question
from kg.namespaces import BASE, ENTITY_KINDS
from kg.pages.mappings.view import MATCH_TYPES
from kg.pages.questions.handler import question_library
from sparqlhost.protocol.endpoint_table import (
    FORM_MEDIA_TYPE,
    HTML_MEDIA_TYPE,
    JSON_MEDIA_TYPE,
    PROBLEM_MEDIA_TYPE,
    QUERY_MEDIA_TYPE,
    UPDATE_MEDIA_TYPE,
    EndpointParameter,
    JsonObject,
    Operation,
)
from sparqlhost.protocol.negotiation import FORMAT_BY_BODY_TYPE, GRAPH_MEDIA_TYPES, RESULT_MEDIA_TYPES

blueprint = Blueprint("openapi", __name__)

_RESULT_TYPES = tuple(dict.fromkeys(offer.name for offer in RESULT_MEDIA_TYPES))
_GRAPH_TYPES = tuple(dict.fromkeys(offer.name for offer in GRAPH_MEDIA_TYPES))
_PAGE_TYPES = (HTML_MEDIA_TYPE, JSON_MEDIA_TYPE, *_GRAPH_TYPES)

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
        "line": {"type": "integer", "minimum": 1},
        "column": {"type": "integer", "minimum": 1},
        "request_id": {"type": "string"},
    },
}
_XREF_LIST_SCHEMA: JsonObject = {
    "type": "array",
    "items": {"type": "object", "required": ["curie", "label", "subject", "predicate", "object", "proof"]},
}
#: members by match type; `others` is all but exactMatch, `beyond` what the same entity is matched to besides.
_XREFS_SCHEMA: JsonObject = {
    "type": "object",
    "required": ["curie", *MATCH_TYPES, "others"],
    "properties": {
        "curie": {"type": "string"},
        **{name: _XREF_LIST_SCHEMA for name in (*MATCH_TYPES, "others")},
        "beyond": {"type": "array", "items": {"type": "object"}},
    },
}
_STRING_LIST_SCHEMA: JsonObject = {"type": "array", "items": {"type": "string"}}


_DATASET_PARAMETERS = (
    EndpointParameter(
        "default-graph-uri", "a graph of the default graph", schema={"type": "string", "format": "uri"}
    ),
    EndpointParameter("named-graph-uri", "a named graph", schema={"type": "string", "format": "uri"}),
)
_FORMAT_PARAMETER = EndpointParameter(
    "format", "json, xml, csv, tsv, csv-excel, ttl, nt, rdf, jsonld ...: instead of Accept"
)
_GRAPH_PARAMETERS = (
    EndpointParameter("graph", "the IRI of a named graph", schema={"type": "string", "format": "uri"}),
    EndpointParameter(
        "default", "the default graph; its value is not read", schema={"type": "string", "maxLength": 0}
    ),
)
_KIND_PARAMETER = EndpointParameter(
    "kind",
    "what kind of thing",
    location="path",
    schema={"enum": [k for k in ENTITY_KINDS if k != "scenario"]},
)
_IRI_SCHEMA = {"type": "string", "format": "uri"}
_FEATURES_SCHEMA: JsonObject = {
    **_STRING_LIST_SCHEMA,
    "description": "features as labels, CURIEs or IRIs; GET /case lists them",
}
_CASE_BODY_SCHEMAS: Mapping[str, JsonObject] = {
    JSON_MEDIA_TYPE: {
        "type": "object",
        "properties": {"yes": _FEATURES_SCHEMA, "no": _FEATURES_SCHEMA},
        "additionalProperties": False,
    },
    FORM_MEDIA_TYPE: {
        "type": "object",
        "description": "fields yes and no, or a field a feature, which says yes, no or unknown",
        "properties": {"yes": _STRING_LIST_SCHEMA, "no": _STRING_LIST_SCHEMA},
        "additionalProperties": {"enum": ["yes", "no", "unknown"]},
    },
}
_CASE_ANSWER_SCHEMA: JsonObject = {
    "type": "object",
    "required": ["asked", "choices", "claims", "ask_next"],
    "properties": {
        "choices": {"type": "array", "description": "the features that may be named"},
        "claims": {"type": "array", "description": "each with its status and why"},
        "ask_next": {"type": "array", "description": "features whose answer decides most claims"},
    },
}
_ROWS_SCHEMA: JsonObject = {"type": "object", "required": ["head"]}

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "get",
        "/sparql",
        "Ask a SPARQL query; without one, the service description",
        (*_RESULT_TYPES, *_GRAPH_TYPES, HTML_MEDIA_TYPE),
        (EndpointParameter("query", "the text of the query"), *_DATASET_PARAMETERS, _FORMAT_PARAMETER),
        statuses=(200, 304),
        response_schema=_ROWS_SCHEMA,
    ),
    Operation(
        "post",
        "/sparql",
        "Ask a SPARQL query",
        (*_RESULT_TYPES, *_GRAPH_TYPES, HTML_MEDIA_TYPE),
        _DATASET_PARAMETERS,
        (QUERY_MEDIA_TYPE, FORM_MEDIA_TYPE),
        response_schema=_ROWS_SCHEMA,
    ),
    Operation(
        "post",
        "/sparql/cancel",
        "Stop a query, by the 16 hexadecimal digits sent with it as X-Query-Id",
        (JSON_MEDIA_TYPE,),
        (),
        (FORM_MEDIA_TYPE,),
        response_schema={"type": "object", "required": ["cancelled"]},
    ),
    Operation(
        "post",
        "/update",
        "Run a SPARQL update",
        request_types=(UPDATE_MEDIA_TYPE, FORM_MEDIA_TYPE),
        statuses=(204, 200),
        requires_token=True,
    ),
    Operation(
        "get",
        "/store",
        "Read a graph",
        _GRAPH_TYPES,
        (*_GRAPH_PARAMETERS, _FORMAT_PARAMETER),
        statuses=(200, 304),
    ),
    Operation(
        "put",
        "/store",
        "Replace a graph",
        (),
        _GRAPH_PARAMETERS,
        tuple(FORMAT_BY_BODY_TYPE),
        (204, 201),
        requires_token=True,
    ),
    Operation(
        "post",
        "/store",
        "Add to a graph",
        (),
        _GRAPH_PARAMETERS,
        tuple(FORMAT_BY_BODY_TYPE),
        (204, 201),
        requires_token=True,
    ),
    Operation(
        "delete", "/store", "Remove a graph", (), _GRAPH_PARAMETERS, statuses=(204,), requires_token=True
    ),
    Operation(
        "post",
        "/validate",
        "Say whether a query or update parses",
        (JSON_MEDIA_TYPE,),
        (),
        (QUERY_MEDIA_TYPE, UPDATE_MEDIA_TYPE, FORM_MEDIA_TYPE),
        response_schema={"type": "object", "required": ["ok"], "properties": {"ok": {"type": "boolean"}}},
    ),
    Operation(
        "get",
        "/.well-known/void",
        "What this server offers: VoID, DCAT, service description",
        _GRAPH_TYPES,
        (_FORMAT_PARAMETER,),
        statuses=(200, 304),
    ),
    Operation(
        "get",
        "/questions",
        "The named questions",
        (HTML_MEDIA_TYPE, JSON_MEDIA_TYPE, *_GRAPH_TYPES),
        statuses=(200, 304),
    ),
    Operation(
        "get", "/{kind}/", "The entities of one kind", _PAGE_TYPES, (_KIND_PARAMETER,), statuses=(200, 304)
    ),
    Operation(
        "get",
        "/{kind}/{name}",
        "One entity",
        _PAGE_TYPES,
        (_KIND_PARAMETER, EndpointParameter("name", "its local name", location="path")),
        statuses=(200, 304),
    ),
    Operation(
        "get",
        "/search",
        "Find entities by name",
        (HTML_MEDIA_TYPE, JSON_MEDIA_TYPE),
        (EndpointParameter("q", "what to look for"),),
        statuses=(200, 304),
    ),
    Operation(
        "get",
        "/api/suggest",
        "Names that begin or sound like it",
        (JSON_MEDIA_TYPE,),
        (EndpointParameter("q", "what was typed"),),
        statuses=(200, 304),
        response_schema={"type": "array", "items": {"type": "object"}},
    ),
    Operation(
        "get",
        "/api/terms",
        "Classes, properties and entities for a query editor",
        (JSON_MEDIA_TYPE,),
        statuses=(200, 304),
        response_schema={"type": "object"},
    ),
    Operation(
        "get",
        "/api/neighbourhood",
        "What stands around an entity",
        (JSON_MEDIA_TYPE,),
        (EndpointParameter("iri", "the entity", True, schema=_IRI_SCHEMA),),
        statuses=(200, 304),
        response_schema={"type": "object"},
    ),
    Operation(
        "get",
        "/api/ontology",
        "The classes and how they hang together",
        (JSON_MEDIA_TYPE,),
        statuses=(200, 304),
        response_schema={"type": "object"},
    ),
    Operation(
        "get",
        "/api/xrefs",
        "Identifiers of the same thing elsewhere",
        (JSON_MEDIA_TYPE,),
        (EndpointParameter("curie", "a CURIE, ours or of an outside vocabulary", True),),
        statuses=(200, 304),
        response_schema=_XREFS_SCHEMA,
    ),
    Operation(
        "get",
        "/resolve",
        "What an outside identifier stands for here",
        (JSON_MEDIA_TYPE, HTML_MEDIA_TYPE, *_GRAPH_TYPES),
        (EndpointParameter("curie", "a CURIE or IRI", True),),
        statuses=(200, 304),
    ),
    Operation(
        "get",
        "/explain",
        "Why a statement holds: its proof",
        (JSON_MEDIA_TYPE, HTML_MEDIA_TYPE, "text/plain", *_GRAPH_TYPES),
        (
            *(
                EndpointParameter(name, help, True)
                for name, help in (("s", "subject"), ("p", "predicate"), ("o", "object"))
            ),
            EndpointParameter("all", "1: other proofs too", schema={"enum": ["1", "0"]}),
            _FORMAT_PARAMETER,
        ),
        statuses=(200, 304),
    ),
    Operation(
        "get",
        "/case",
        "The features that a case may name",
        (JSON_MEDIA_TYPE, HTML_MEDIA_TYPE),
        response_schema=_CASE_ANSWER_SCHEMA,
    ),
    Operation(
        "post",
        "/case",
        "What the text raises for a case: features that hold and that do not; the rest is unknown",
        (JSON_MEDIA_TYPE, HTML_MEDIA_TYPE),
        request_types=_CASE_BODY_SCHEMAS,
        response_schema=_CASE_ANSWER_SCHEMA,
    ),
    Operation(
        "get",
        "/mappings",
        "Mappings to outside vocabularies",
        (JSON_MEDIA_TYPE, HTML_MEDIA_TYPE, *_GRAPH_TYPES),
        (
            EndpointParameter("q", "words that the rows hold; not for RDF"),
            EndpointParameter("page", "50 rows a page, in HTML"),
        ),
        statuses=(200, 304),
    ),
    Operation(
        "get",
        "/export",
        "What can be downloaded whole",
        (JSON_MEDIA_TYPE, HTML_MEDIA_TYPE),
        statuses=(200, 304),
    ),
    Operation("get", "/context.jsonld", "The JSON-LD context", ("application/ld+json",), statuses=(200, 304)),
    Operation("get", "/backup", "Everything, as it is at one moment", ("application/n-quads",)),
    Operation(
        "put",
        "/backup",
        "Another store in the place of everything",
        (JSON_MEDIA_TYPE,),
        (),
        ("application/n-quads",),
        response_schema={"type": "object", "required": ["restored", "version"]},
        requires_token=True,
    ),
    Operation(
        "get",
        "/health/live",
        "The process answers",
        (JSON_MEDIA_TYPE,),
        response_schema={
            "type": "object",
            "required": ["status"],
            "properties": {"status": {"const": "live"}},
        },
    ),
    Operation(
        "get",
        "/health/ready",
        "Questions would be answered",
        (JSON_MEDIA_TYPE,),
        statuses=(200, 503),
        response_schema={"type": "object", "required": ["status", "checks", "version"]},
    ),
    Operation("get", "/metrics", "Numbers for Prometheus", ("text/plain",)),
    Operation(
        "get",
        "/openapi.json",
        "This document",
        (JSON_MEDIA_TYPE,),
        statuses=(200, 304),
        response_schema={"type": "object", "required": ["openapi", "info", "paths"]},
    ),
)


def _make_question_operation(question: Question) -> Operation:
    """Return the operation of a named question."""
    parameters = tuple(
        EndpointParameter(
            p.name,
            f"{p.help} ({p.type}); left out: {p.example}",
            schema=_STRING_LIST_SCHEMA if p.is_repeatable else {"type": "string"},
        )
        for p in question.params
    )
    address = f"/questions/{question.name}"
    return Operation(
        "get",
        address,
        question.question,
        (HTML_MEDIA_TYPE, JSON_MEDIA_TYPE, "text/csv", QUERY_MEDIA_TYPE, *_GRAPH_TYPES),
        (*parameters, _FORMAT_PARAMETER),
        statuses=(200, 304),
    )


def make_openapi_document(questions: tuple[Question, ...]) -> JsonObject:
    """Return the OpenAPI document."""
    paths: JsonObject = {}
    for operation in (*OPERATIONS, *map(_make_question_operation, questions)):
        paths.setdefault(operation.path, {})[operation.method] = operation.to_openapi()
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
                    "content": {PROBLEM_MEDIA_TYPE: problem, HTML_MEDIA_TYPE: {"schema": {"type": "string"}}},
                }
            },
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


@blueprint.get("/openapi.json")
def get_openapi_document() -> Response:
    """Answer the document."""
    return jsonify(make_openapi_document(question_library()))
