"""Refuses parameters that an address does not read: an answer that ignores one would pass for its answer."""

from __future__ import annotations

from types import MappingProxyType

from flask import Blueprint, request

from kg.errors import BadQuery

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
