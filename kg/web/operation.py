"""One operation of the REST parts, and how OpenAPI 3.1 says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
JSON, HTML, PROBLEM, FORM = (
    "application/json",
    "text/html",
    "application/problem+json",
    "application/x-www-form-urlencoded",
)
QUERY, UPDATE = "application/sparql-query", "application/sparql-update"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of an operation."""

    name: str
    help: str
    required: bool = False
    where: str = "query"
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})

    def described(self) -> Json:
        """Return it as OpenAPI has it."""
        given = {"name": self.name, "in": self.where, "description": self.help, "schema": dict(self.schema)}
        return given | {"required": self.required or self.where == "path"}


@dataclass(frozen=True, slots=True)
class Operation:
    """One method at one address."""

    method: str
    path: str
    summary: str
    returns: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    body: tuple[str, ...] | Mapping[str, Json] = ()
    status: tuple[int, ...] = (200,)
    schema: Mapping[str, Any] = field(default_factory=dict)
    writes: bool = False

    def described(self) -> Json:
        """Return it as OpenAPI has it."""
        content = {media: {"schema": self._schema(media)} for media in self.returns}
        answers: Json = {str(code): {"description": _WORDS[code]} for code in self.status}
        answers[str(self.status[0])] |= {"content": content} if content else {}
        answers["default"] = {"$ref": "#/components/responses/Problem"}
        found: Json = {
            "summary": self.summary,
            "operationId": _identifier(self),
            "parameters": [parameter.described() for parameter in self.parameters],
            "responses": answers,
        }
        if self.body:
            found["requestBody"] = {"required": True, "content": _bodies(self.body)}
        if self.writes:
            found["security"] = [{"token": []}]
        return found

    def _schema(self, media: str) -> Json:
        """Return the schema of an answer in one type: known for JSON, text for the others."""
        return (
            dict(self.schema) if media == JSON else {"type": "string"} if not media.endswith("json") else {}
        )


_WORDS = {
    200: "The answer.",
    201: "Made.",
    204: "Done; nothing to say.",
    206: "Broken off.",
    304: "The client's copy is the present one.",
    503: "Not ready.",
}


def _identifier(operation: Operation) -> str:
    """Return a name for programs that are made from the document."""
    words = "".join(letter if letter.isalnum() else " " for letter in operation.path).split()
    return "_".join([operation.method, *words])


def _bodies(bodies: tuple[str, ...] | Mapping[str, Json]) -> Json:
    """Return the types of a request body; a mapping tells the schema of each."""
    if isinstance(bodies, Mapping):
        return {media: {"schema": schema} for media, schema in bodies.items()}
    return {media: _body(media) for media in bodies}


def _body(media: str) -> Json:
    """Return what a request body of one type holds."""
    if media == FORM:
        return {"schema": {"type": "object", "additionalProperties": {"type": "string"}}}
    return {"schema": {"type": "string"}}
