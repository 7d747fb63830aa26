"""`GET /explain?s=&p=&o=`: why a statement holds, as HTML, text, JSON or RDF (PROV-O); a form without."""

from __future__ import annotations

from flask import Blueprint, Response, request
from pyoxigraph import Triple

from kg.build.question_library import ParameterChoices, get_choices_folder
from kg.errors import BadQuery, NotAcceptable, NotFound, UserError
from kg.model.questions import QuestionParameter
from kg.pages.explain import view as proving
from kg.pages.explain.proof_text import render_prov, render_text
from kg.pages.explain.statement_input import ExplainForm, build_explain_form
from kg.pages.explain.view import ExplanationPage
from kg.pages.layout import app_settings, memoize_per_version, page_reader, render_page
from kg.pages.representations import REPRESENTATIONS, Representation, make_page_response
from kg.pages.term_refs import HedgeBadge, TermLabels
from rlreason.proofs import Prover
from sparqlhost.protocol.negotiation import HTML_MEDIA_TYPE, MediaType, choose_media_type, list_media_types
from sparqlhost.protocol.problem_details import find_status

blueprint = Blueprint("explain", __name__)

_TEXT_FORMAT = Representation(MediaType("txt", "text/plain", ("txt", "text"), has_charset=True))
_FORMATS = (*REPRESENTATIONS, _TEXT_FORMAT)


@blueprint.get("/explain")
def show_explanation() -> Response:
    """Answer with the proofs of a statement, or with the missing premise where it does not hold."""
    form = _choose_format(request.args.get("format", ""))
    try:
        view = _explain_request()
    except (BadQuery, NotFound) as error:
        if form.media_type_name != HTML_MEDIA_TYPE:
            raise
        return _respond_form(error)
    if form is _TEXT_FORMAT:
        return Response(render_text(view), content_type=form.media_type.content_type)
    return make_page_response(
        form, view, lambda: render_page("explain.html", view, title="Why?"), lambda: list(render_prov(view))
    )


def _respond_form(error: UserError) -> Response:
    """Answer the form; with what is wrong in it, and its status, once anything is filled in."""
    given = {name: request.args.get(name, "").strip() for name in "spo"}
    problem = error if any(given.values()) else None
    html = render_page(
        "explain_form.html",
        memoize_per_version("explain-form", _build_form),
        title="Why?",
        problem=problem,
        given=given,
    )
    status = find_status(error)[0] if problem else 200
    return Response(html, status, content_type=f"{HTML_MEDIA_TYPE}; charset=utf-8")


def _build_form() -> ExplainForm:
    """Return the form with the names it suggests."""
    choices = ParameterChoices(page_reader().store, get_choices_folder(app_settings().root))
    things, properties = (
        choices.list_choices(QuestionParameter("", kind, "", "")) for kind in ("entity", "property")
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
    store = page_reader().store
    known = memoize_per_version("explain-names", lambda: proving.load_term_names(store))
    triple = proving.parse_statement(known, parts["s"], parts["p"], parts["o"])
    prover, naming = _cached_prover()
    every = request.args.get("all", "").casefold() in ("1", "true", "yes", "all")
    return proving.explain_triple(prover, store, naming, triple, all_proofs=every)


def cached_proof_hedge(triple: Triple) -> HedgeBadge | None:
    """Return the weakest hedge a derived triple rests on; kept, as every page of its ends asks for it."""
    store = page_reader().store
    prover, naming = _cached_prover()
    return memoize_per_version(
        f"wording {triple}", lambda: proving.weakest_hedge_of_proof(prover, store, naming, triple)
    )


def _cached_prover() -> tuple[Prover, TermLabels]:
    """Return the prover and the names, made once a version of the data."""
    store = page_reader().store
    prover = memoize_per_version("prover", lambda: proving.make_prover(store))
    return prover, memoize_per_version("explain-naming", lambda: proving.load_all_labels(store))


def _choose_format(wanted: str) -> Representation:
    """Return the form asked for by `format=`, or else by Accept."""
    for form in _FORMATS:
        if wanted in (form.suffix, form.media_type_name):
            return form
    if wanted == "text":
        return _TEXT_FORMAT
    if wanted:
        raise BadQuery(
            f"There is no format {wanted!r}.",
            location="format",
            hint=f"Formats: {', '.join(form.suffix for form in _FORMATS)}.",
        )
    offers = tuple(form.media_type for form in _FORMATS)
    chosen = choose_media_type(request.headers.get("Accept", ""), offers)
    if chosen is None:
        raise NotAcceptable(
            "No form of this page is allowed by Accept.", hint=f"On offer: {list_media_types(offers)}."
        )
    return next(form for form in _FORMATS if form.media_type == chosen)
