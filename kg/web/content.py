"""The forms a page comes in: HTML, JSON and RDF, by suffix or by Accept (RFC 9110 section 12.5.1)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import pyoxigraph as ox
from flask import Response, request

from kg.errors import BadQuery, NotAcceptable
from kg.namespaces import BASE
from kg.store.answers import used_prefixes
from kg.views.terms import as_json
from kg.web.negotiation import HTML, Offer, choose, offered

JSON = "application/json"
_LONGEST = 200  # letters of a filter


@dataclass(frozen=True, slots=True)
class Form:
    """A representation: its suffix, its media type, and for RDF its serialisation."""

    offer: Offer
    rdf: ox.RdfFormat | None = None
    quads: bool = False

    @property
    def suffix(self) -> str:
        """Return the suffix of an address that asks for this form."""
        return self.offer.key

    @property
    def media(self) -> str:
        """Return the media type."""
        return self.offer.media


def _form(suffix: str, media: str, rdf: ox.RdfFormat | None = None, *, quads: bool = False) -> Form:
    return Form(Offer(suffix, media, (suffix,), charset=media.startswith("text/")), rdf, quads)


#: in the order of the server's preference among equals
FORMS = (
    _form("html", HTML),
    _form("ttl", "text/turtle", ox.RdfFormat.TURTLE),
    _form("jsonld", "application/ld+json", ox.RdfFormat.JSON_LD),
    _form("nt", "application/n-triples", ox.RdfFormat.N_TRIPLES),
    _form("rdf", "application/rdf+xml", ox.RdfFormat.RDF_XML),
    _form("trig", "application/trig", ox.RdfFormat.TRIG, quads=True),
    _form("nq", "application/n-quads", ox.RdfFormat.N_QUADS, quads=True),
    _form("json", JSON),
)
PAGES = tuple(form for form in FORMS if form.media in {HTML, JSON})
_BY_SUFFIX = {form.suffix: form for form in FORMS}


@dataclass(frozen=True, slots=True)
class FormLink:
    """The address of another form of the same page."""

    label: str
    href: str
    media: str


def split(name: str) -> tuple[str, str]:
    """Return a name without its known suffix, and the suffix or nothing."""
    stem, dot, suffix = name.rpartition(".")
    return (stem, suffix) if dot and suffix in _BY_SUFFIX else (name, "")


def negotiate(suffix: str = "", offers: Iterable[Form] = FORMS) -> Form:
    """Return the form asked for by suffix, or else by Accept; raises NotAcceptable with the offers."""
    forms = {form.offer: form for form in offers}
    wanted = tuple(forms)
    if suffix:
        if suffix not in _BY_SUFFIX:
            raise NotAcceptable(
                f"There is no form {suffix[:40]!r} of this page.", todo=f"On offer: {offered(wanted)}."
            )
        return _BY_SUFFIX[suffix]
    offer = choose(request.headers.get("Accept", ""), wanted)
    if offer is None:
        raise NotAcceptable(
            "This page has no form that the Accept header allows.", todo=f"On offer: {offered(wanted)}."
        )
    return forms[offer]


def filter_words(form: Form) -> str:
    """Return the words of `?q=` that a list is filtered by; raises BadQuery where the form comes whole."""
    asked = request.args.get("q", "").strip()[:_LONGEST]
    if asked and form.rdf is not None:
        raise BadQuery("RDF of this page comes whole.", where="q", todo="Leave q out, or ask /sparql.")
    return asked


def page_number() -> int:
    """Return the page of a list asked for; 0, which no list has, for what is no number."""
    number = request.args.get("page", "1")
    return int(number) if number.isascii() and number.isdigit() and len(number) < 6 else 0


def links(path: str, offers: Iterable[Form] = FORMS[1:]) -> tuple[FormLink, ...]:
    """Return the links to the other forms of the page at `path`."""
    return tuple(FormLink(f".{form.suffix}", f"{path}.{form.suffix}", form.media) for form in offers)


def respond(
    form: Form,
    view: object,
    html: Callable[[], str],
    quads: Callable[[], Iterable[ox.Quad]],
    *,
    canonical: str = "",
) -> Response:
    """Return a page in the negotiated form; `canonical` is the IRI of what it describes."""
    response = Response(_body(form, view, html, quads), content_type=form.offer.content_type)
    response.vary.add("Accept")
    if canonical:
        response.headers["Link"] = f'<{canonical}>; rel="describes"'
    return response


def _body(
    form: Form, view: object, html: Callable[[], str], quads: Callable[[], Iterable[ox.Quad]]
) -> str | bytes:
    if form.media == HTML:
        return html()
    if form.rdf is None:
        return json.dumps(as_json(view), ensure_ascii=False, indent=1)
    return serialize(quads(), form)


def serialize(quads: Iterable[ox.Quad], form: Form) -> bytes:
    """Return quads in an RDF form; formats without graphs get each triple once."""
    kept: list[ox.Quad] | list[ox.Triple]
    kept = sorted({*quads}, key=str) if form.quads else sorted({quad.triple for quad in quads}, key=str)
    prefixes = {} if form.rdf == ox.RdfFormat.JSON_LD else used_prefixes(kept)  # JSON-LD carries whole IRIs
    return ox.serialize(kept, format=form.rdf, prefixes=prefixes) or b""


def ours(path: str) -> str:
    """Return the IRI whose page stands at a path of ours."""
    return BASE + path.removeprefix("/")
