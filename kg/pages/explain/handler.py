"""`GET /explain?s=&p=&o=`: why a statement holds, as HTML, text, JSON or RDF (PROV-O); a form without."""

from __future__ import annotations

from flask import Blueprint, Response, request

from kg.build.project_rules import load_project_rules
from kg.errors import BadQuery, NotFound, UserError
from kg.model.questions import QuestionParameter
from kg.pages.explain.proof_text import render_prov, render_text
from kg.pages.explain.statement_input import (
    ExplainForm,
    build_explain_form,
    parse_statement,
)
from kg.pages.explain.view import ExplanationPage, explain_triple
from kg.pages.page_queries import ReasonerInput
from kg.pages.questions.handler import load_vocabulary
from kg.pages.rendering import (
    ALL_FORMATS,
    HTML,
    REPRESENTATIONS,
    app_settings,
    make_page_response,
    memoize_per_version,
    page_reader,
    render_page,
)
from kg.pages.term_refs import TermLabels
from rlreason.proofs import Prover
from sparqlhost.protocol.endpoint_table import FORMAT_PARAMETER, Endpoint, EndpointParameter, route
from sparqlhost.protocol.negotiation import MediaType, choose_representation
from sparqlhost.protocol.problem_details import find_status

blueprint = Blueprint("explain", __name__)

_TEXT_FORMAT = MediaType("txt", "text/plain", ("txt", "text"), has_charset=True)
_FORMATS = (*REPRESENTATIONS, _TEXT_FORMAT)


@route(
    blueprint,
    Endpoint(
        "/explain",
        "Why a statement holds: its proof",
        parameters=(
            *(
                EndpointParameter(name, f"{part}: an IRI, a CURIE or a label", True)
                for name, part in (("s", "subject"), ("p", "predicate"), ("o", "object"))
            ),
            EndpointParameter("all", "1: other proofs too", schema={"enum": ["1", "0"]}),
            FORMAT_PARAMETER,
        ),
        formats=(*ALL_FORMATS, "text/plain"),
    ),
)
def show_explanation() -> Response:
    """Answer with the proofs of a statement, or with the missing premise where it does not hold."""
    form = choose_representation(
        _FORMATS,
        "proofs",
        request.headers.get("Accept", ""),
        request.args.get("format", ""),
        is_checked=True,
    )
    try:
        view = _explain_request()
    except (BadQuery, NotFound) as error:
        if form != HTML:
            raise
        return _respond_form(error)
    if form is _TEXT_FORMAT:
        return Response(render_text(view), content_type=form.content_type)
    return make_page_response(
        form,
        view,
        lambda: render_page("explain/page.html", view, title="Why?"),
        lambda: list(render_prov(view)),
    )


def _respond_form(error: UserError) -> Response:
    """Answer the form: empty, or as it was filled in, with the error and its status."""
    form_values = {name: request.args.get(name, "").strip() for name in "spo"}
    problem = error if any(form_values.values()) else None
    html = render_page(
        "explain/form.html",
        memoize_per_version("explain-form", _build_form),
        title="Why?",
        problem=problem,
        form_values=form_values,
    )
    status = find_status(error) if problem else 200
    return Response(html, status, content_type=HTML.content_type)


def _build_form() -> ExplainForm:
    things, properties = (
        load_vocabulary().list_choices(QuestionParameter("", kind, "", "")) for kind in ("entity", "property")
    )
    return build_explain_form(page_reader(), things, properties)


def _explain_request() -> ExplanationPage:
    """Return the explanation of the statement asked for; raises BadQuery when a part is missing."""
    parts = {name: request.args.get(name, "").strip() for name in ("s", "p", "o")}
    absent = [name for name, value in parts.items() if not value]
    if absent:
        raise BadQuery(
            f"The statement lacks {', '.join(absent)}.",
            location="/explain",
            hint="Give s, p and o: each an IRI, a CURIE or a label.",
        )
    reader = page_reader()
    term_names = load_vocabulary().load_term_names()
    triple = parse_statement(term_names, reader, parts["s"], parts["p"], parts["o"])
    wants_all = request.args.get("all", "").casefold() in ("1", "true", "yes", "all")
    return explain_triple(_cached_prover(), reader, _cached_labels(), triple, all_proofs=wants_all)


def cached_reasoner_input() -> ReasonerInput:
    """Return what the reasoner reads, for the current version of the data."""
    return memoize_per_version(
        "reasoner-input",
        lambda: ReasonerInput.load(page_reader().store, load_project_rules(app_settings().root)),
    )


def _cached_prover() -> Prover:
    return memoize_per_version("prover", lambda: cached_reasoner_input().make_prover())


def _cached_labels() -> TermLabels:
    return memoize_per_version("all-labels", lambda: page_reader().load_all_labels())
