"""Refuses parameters that an address does not read: an answer that ignores one would pass for its answer."""

from __future__ import annotations

from types import MappingProxyType

from flask import Blueprint, request

from kg.errors import BadQuery

blueprint = Blueprint("strict", __name__)

#: what each address reads of its query string; questions and the SPARQL protocol look after theirs
READS: MappingProxyType[str, frozenset[str]] = MappingProxyType(
    {
        endpoint: frozenset(names.split())
        for endpoint, names in {
            "case.form": "",
            "explain.explain": "s p o all format",
            "search.search": "q",
            "search.suggest": "q",
            "resolve.resolved": "curie format",
            "resolve.cross_references": "curie",
            "mappings.mappings": "q page",
            "ontology.ontology": "q",
            "source.source": "document",
            "pages.entities": "page",
            "pages.api_neighbourhood": "iri",
        }.items()
    }
)


@blueprint.before_app_request
def refuse_unknown() -> None:
    """Raise BadQuery for a parameter that a reading request's address does not have."""
    reads = READS.get(request.endpoint or "")
    if reads is None or request.method not in ("GET", "HEAD") or reads.issuperset(request.args):
        return
    if request.endpoint == "case.form":  # what was sent may be a patient's, so it is not said back
        raise BadQuery(
            "A case is not asked for in an address.",
            where="/case",
            todo="POST the features, as JSON or as a form: they would stand in logs here. See /openapi.json.",
        )
    unknown = ", ".join(sorted(set(request.args) - reads))[:80]
    taken = ", ".join(sorted(reads)) or "none"
    raise BadQuery(
        f"This address has no parameter {unknown}.", where=request.path, todo=f"Parameters here: {taken}."
    )
