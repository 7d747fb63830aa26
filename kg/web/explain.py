"""`GET /explain?s=&p=&o=`: why a statement holds, as HTML, text, JSON or RDF (PROV-O); a form without."""

from __future__ import annotations

from flask import Blueprint, Response, request
from pyoxigraph import Triple

from kg.errors import BadQuery, KgError, NotAcceptable, NotFound
from kg.pipeline.answers import Choices, choices_folder
from kg.questions import Parameter
from kg.reasoning.proofs import Prover
from kg.views import proving
from kg.views.explain_form import ExplainForm, explain_form
from kg.views.explanation import ExplanationPage
from kg.views.hedges import Hedge
from kg.views.proof_text import as_quads, as_text
from kg.views.terms import Naming
from kg.web.content import FORMS, Form, respond
from kg.web.errors import status_of
from kg.web.layout import kept, page, reader, settings
from kg.web.negotiation import HTML, Offer, choose, offered

blueprint = Blueprint("explain", __name__)

_TEXT = Form(Offer("txt", "text/plain", ("txt", "text"), charset=True))
_OFFERS = (*FORMS, _TEXT)


@blueprint.get("/explain")
def explain() -> Response:
    """Answer with the proofs of a statement, or with the missing premise where it does not hold."""
    form = _form(request.args.get("format", ""))
    try:
        view = _explained()
    except (BadQuery, NotFound) as error:
        if form.media != HTML:
            raise
        return _asking(error)
    if form is _TEXT:
        return Response(as_text(view), content_type=form.offer.content_type)
    return respond(form, view, lambda: page("explain.html", view, title="Why?"), lambda: list(as_quads(view)))


def _asking(error: KgError) -> Response:
    """Answer the form; with what is wrong in it, and its status, once anything is filled in."""
    given = {name: request.args.get(name, "").strip() for name in "spo"}
    problem = error if any(given.values()) else None
    html = page("explain_form.html", kept("explain-form", _empty), title="Why?", problem=problem, given=given)
    status = status_of(error)[0] if problem else 200
    return Response(html, status, content_type=f"{HTML}; charset=utf-8")


def _empty() -> ExplainForm:
    """Return the form with the names it suggests."""
    choices = Choices(reader().store, choices_folder(settings().root))
    things, properties = (choices.of(Parameter("", kind, "", "")) for kind in ("entity", "property"))
    return explain_form(reader(), things, properties)


def _explained() -> ExplanationPage:
    """Return the explanation of the statement asked for; raises BadQuery when a part is missing."""
    parts = {name: request.args.get(name, "").strip() for name in ("s", "p", "o")}
    absent = [name for name, value in parts.items() if not value]
    if absent:
        raise BadQuery(
            f"The statement lacks {', '.join(absent)}.",
            where="/explain",
            todo="Give s, p and o: each an IRI, a CURIE or a label.",
        )
    store = reader().store
    known = kept("explain-names", lambda: proving.names(store))
    triple = proving.asked(known, parts["s"], parts["p"], parts["o"])
    prover, naming = _prover()
    every = request.args.get("all", "").casefold() in ("1", "true", "yes", "all")
    return proving.explain(prover, store, naming, triple, every=every)


def wording(triple: Triple) -> Hedge | None:
    """Return the weakest hedge a derived triple rests on; kept, as every page of its ends asks for it."""
    store = reader().store
    prover, naming = _prover()
    return kept(f"wording {triple}", lambda: proving.wording(prover, store, naming, triple))


def _prover() -> tuple[Prover, Naming]:
    """Return the prover and the names, made once a version of the data."""
    store = reader().store
    prover = kept("prover", lambda: proving.prover(store))
    return prover, kept("explain-naming", lambda: proving.naming(store))


def _form(wanted: str) -> Form:
    """Return the form asked for by `format=`, or else by Accept."""
    for form in _OFFERS:
        if wanted in (form.suffix, form.media):
            return form
    if wanted == "text":
        return _TEXT
    if wanted:
        raise BadQuery(
            f"There is no format {wanted!r}.",
            where="format",
            todo=f"Formats: {', '.join(form.suffix for form in _OFFERS)}.",
        )
    offers = tuple(form.offer for form in _OFFERS)
    chosen = choose(request.headers.get("Accept", ""), offers)
    if chosen is None:
        raise NotAcceptable(
            "No form of this page is allowed by Accept.", todo=f"On offer: {offered(offers)}."
        )
    return next(form for form in _OFFERS if form.offer == chosen)
