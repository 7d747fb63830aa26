"""One operation of the REST parts, and how OpenAPI 3.1 says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from flask import Blueprint, request

from sparqlhost.errors import BadQuery

JsonObject = dict[str, Any]
JSON_MEDIA_TYPE, HTML_MEDIA_TYPE, PROBLEM_MEDIA_TYPE, FORM_MEDIA_TYPE = (
    "application/json",
    "text/html",
    "application/problem+json",
    "application/x-www-form-urlencoded",
)
QUERY_MEDIA_TYPE, UPDATE_MEDIA_TYPE = "application/sparql-query", "application/sparql-update"


@dataclass(frozen=True, slots=True)
class EndpointParameter:
    """A parameter of an operation."""

    name: str
    help: str
    required: bool = False
    location: str = "query"
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})

    def to_openapi(self) -> JsonObject:
        """Return it as OpenAPI has it."""
        given = {
            "name": self.name,
            "in": self.location,
            "description": self.help,
            "schema": dict(self.schema),
        }
        return given | {"required": self.required or self.location == "path"}


@dataclass(frozen=True, slots=True)
class Operation:
    """One method at one address."""

    method: str
    path: str
    summary: str
    response_types: tuple[str, ...] = ()
    parameters: tuple[EndpointParameter, ...] = ()
    request_types: tuple[str, ...] | Mapping[str, JsonObject] = ()
    statuses: tuple[int, ...] = (200,)
    response_schema: Mapping[str, Any] = field(default_factory=dict)
    requires_token: bool = False

    def to_openapi(self) -> JsonObject:
        """Return it as OpenAPI has it."""
        content = {media: {"schema": self._get_response_schema(media)} for media in self.response_types}
        answers: JsonObject = {
            str(code): {"description": _DESCRIPTION_BY_STATUS[code]} for code in self.statuses
        }
        answers[str(self.statuses[0])] |= {"content": content} if content else {}
        answers["default"] = {"$ref": "#/components/responses/Problem"}
        found: JsonObject = {
            "summary": self.summary,
            "operationId": _make_operation_id(self),
            "parameters": [parameter.to_openapi() for parameter in self.parameters],
            "responses": answers,
        }
        if self.request_types:
            found["requestBody"] = {"required": True, "content": _describe_request_body(self.request_types)}
        if self.requires_token:
            found["security"] = [{"token": []}]
        return found

    def _get_response_schema(self, media_type: str) -> JsonObject:
        """Return the schema of an answer in one type: known for JSON, text for the others."""
        return (
            dict(self.response_schema)
            if media_type == JSON_MEDIA_TYPE
            else {"type": "string"}
            if not media_type.endswith("json")
            else {}
        )


_DESCRIPTION_BY_STATUS = {
    200: "The answer.",
    201: "Made.",
    204: "Done; nothing to say.",
    206: "Broken off.",
    304: "The client's copy is the present one.",
    503: "Not ready.",
}


def _make_operation_id(operation: Operation) -> str:
    """Return a name for programs that are made from the document."""
    words = "".join(letter if letter.isalnum() else " " for letter in operation.path).split()
    return "_".join([operation.method, *words])


def _describe_request_body(request_types: tuple[str, ...] | Mapping[str, JsonObject]) -> JsonObject:
    """Return the types of a request body; a mapping tells the schema of each."""
    if isinstance(request_types, Mapping):
        return {media: {"schema": schema} for media, schema in request_types.items()}
    return {media: _describe_media_type(media) for media in request_types}


def _describe_media_type(media_type: str) -> JsonObject:
    """Return what a request body of one type holds."""
    if media_type == FORM_MEDIA_TYPE:
        return {"schema": {"type": "object", "additionalProperties": {"type": "string"}}}
    return {"schema": {"type": "string"}}


#: MERGED kg.web.strict
#: MERGED Refuses parameters that an address does not read: an answer that ignores one would pass for its answer.


blueprint = Blueprint("strict", __name__)

#: what each address reads of its query string; questions and the SPARQL protocol look after theirs
QUERY_PARAMETERS: MappingProxyType[str, frozenset[str]] = MappingProxyType(
    {
        endpoint: frozenset(names.split())
        for endpoint, names in {
            "case.show_case_form": "",
            "explain.show_explanation": "s p o all format",
            "search.show_search": "q",
            "search.suggest_names": "q",
            "resolve.show_resolution": "curie format",
            "resolve.list_xrefs": "curie",
            "mappings.show_mappings": "q page",
            "ontology.show_ontology": "q",
            "source.show_source": "document",
            "pages.list_entities": "page",
            "pages.show_neighbourhood": "iri",
        }.items()
    }
)


@blueprint.before_app_request
def reject_unknown_parameters() -> None:
    """Raise BadQuery for a parameter that a reading request's address does not have."""
    reads = QUERY_PARAMETERS.get(request.endpoint or "")
    if reads is None or request.method not in ("GET", "HEAD") or reads.issuperset(request.args):
        return
    if request.endpoint == "case.show_case_form":  # what was sent may be a patient's, so it is not said back
        raise BadQuery(
            "A case is not asked for in an address.",
            location="/case",
            hint="POST the features, as JSON or as a form: they would stand in logs here. See /openapi.json.",
        )
    unknown = ", ".join(sorted(set(request.args) - reads))[:80]
    taken = ", ".join(sorted(reads)) or "none"
    raise BadQuery(
        f"This address has no parameter {unknown}.", location=request.path, hint=f"Parameters here: {taken}."
    )
