"""`GET /explain?s=&p=&o=`: why a statement holds, as HTML, text, JSON or RDF (PROV-O)."""

from __future__ import annotations

from flask import Blueprint, Response, request
from pyoxigraph import Triple

from kg.errors import BadQuery, NotAcceptable
from kg.reasoning.proofs import Prover
from kg.views import proving
from kg.views.explanation import ExplanationPage
from kg.views.hedges import Hedge
from kg.views.proof_text import as_quads, as_text
from kg.views.terms import Naming
from kg.web.content import FORMS, Form, respond
from kg.web.layout import kept, page, reader
from kg.web.negotiation import Offer, choose, offered

blueprint = Blueprint("explain", __name__)

_TEXT = Form(Offer("txt", "text/plain", ("txt", "text"), charset=True))
_OFFERS = (*FORMS, _TEXT)


@blueprint.get("/explain")
def explain() -> Response:
    """Answer with the proofs of a statement, or with the missing premise where it does not hold."""
    form = _form(request.args.get("format", ""))
    view = _explained()
    if form is _TEXT:
        return Response(as_text(view), content_type=form.offer.content_type)
    return respond(form, view, lambda: page("explain.html", view, title="Why?"), lambda: list(as_quads(view)))


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
