"""The forms a page comes in: HTML, JSON and RDF, by suffix or by Accept (RFC 9110 section 12.5.1)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import pyoxigraph as ox
from flask import Response, request

from kg.errors import BadQuery, NotAcceptable
from kg.namespaces import BASE
from kg.pages.term_refs import as_json
from sparqlhost.pool.query_runner import find_used_prefixes
from sparqlhost.protocol.negotiation import HTML_MEDIA_TYPE, MediaType, choose_media_type, list_media_types

JSON_MEDIA_TYPE = "application/json"
_MAX_FILTER_LENGTH = 200  # letters of a filter


@dataclass(frozen=True, slots=True)
class Representation:
    """A representation: its suffix, its media type, and for RDF its serialisation."""

    media_type: MediaType
    rdf_format: ox.RdfFormat | None = None
    has_graphs: bool = False

    @property
    def suffix(self) -> str:
        """Return the suffix of an address that asks for this form."""
        return self.media_type.format_key

    @property
    def media_type_name(self) -> str:
        """Return the media type."""
        return self.media_type.name


def _make_representation(
    suffix: str, media_type_name: str, rdf_format: ox.RdfFormat | None = None, *, has_graphs: bool = False
) -> Representation:
    return Representation(
        MediaType(suffix, media_type_name, (suffix,), has_charset=media_type_name.startswith("text/")),
        rdf_format,
        has_graphs,
    )


#: in the order of the server's preference among equals
REPRESENTATIONS = (
    _make_representation("html", HTML_MEDIA_TYPE),
    _make_representation("ttl", "text/turtle", ox.RdfFormat.TURTLE),
    _make_representation("jsonld", "application/ld+json", ox.RdfFormat.JSON_LD),
    _make_representation("nt", "application/n-triples", ox.RdfFormat.N_TRIPLES),
    _make_representation("rdf", "application/rdf+xml", ox.RdfFormat.RDF_XML),
    _make_representation("trig", "application/trig", ox.RdfFormat.TRIG, has_graphs=True),
    _make_representation("nq", "application/n-quads", ox.RdfFormat.N_QUADS, has_graphs=True),
    _make_representation("json", JSON_MEDIA_TYPE),
)
PAGE_REPRESENTATIONS = tuple(
    form for form in REPRESENTATIONS if form.media_type_name in {HTML_MEDIA_TYPE, JSON_MEDIA_TYPE}
)
_REPRESENTATION_BY_SUFFIX = {form.suffix: form for form in REPRESENTATIONS}


@dataclass(frozen=True, slots=True)
class RepresentationLink:
    """The address of another form of the same page."""

    label: str
    href: str
    media: str


def split_suffix(name: str) -> tuple[str, str]:
    """Return a name without its known suffix, and the suffix or nothing."""
    stem, dot, suffix = name.rpartition(".")
    return (stem, suffix) if dot and suffix in _REPRESENTATION_BY_SUFFIX else (name, "")


def choose_representation(
    suffix: str = "", representations: Iterable[Representation] = REPRESENTATIONS
) -> Representation:
    """Return the form asked for by suffix, or else by Accept; raises NotAcceptable with the offers."""
    forms = {form.media_type: form for form in representations}
    wanted = tuple(forms)
    if suffix:
        if suffix not in _REPRESENTATION_BY_SUFFIX:
            raise NotAcceptable(
                f"There is no form {suffix[:40]!r} of this page.",
                hint=f"On offer: {list_media_types(wanted)}.",
            )
        return _REPRESENTATION_BY_SUFFIX[suffix]
    offer = choose_media_type(request.headers.get("Accept", ""), wanted)
    if offer is None:
        raise NotAcceptable(
            "This page has no form that the Accept header allows.",
            hint=f"On offer: {list_media_types(wanted)}.",
        )
    return forms[offer]


def read_filter(representation: Representation) -> str:
    """Return the words of `?q=` that a list is filtered by; raises BadQuery where the form comes whole."""
    asked = request.args.get("q", "").strip()[:_MAX_FILTER_LENGTH]
    if asked and representation.rdf_format is not None:
        raise BadQuery("RDF of this page comes whole.", location="q", hint="Leave q out, or ask /sparql.")
    return asked


def read_page_number() -> int:
    """Return the page of a list asked for; 0, which no list has, for what is no number."""
    number = request.args.get("page", "1")
    return int(number) if number.isascii() and number.isdigit() and len(number) < 6 else 0


def link_representations(
    path: str, representations: Iterable[Representation] = REPRESENTATIONS[1:]
) -> tuple[RepresentationLink, ...]:
    """Return the links to the other forms of the page at `path`."""
    return tuple(
        RepresentationLink(f".{form.suffix}", f"{path}.{form.suffix}", form.media_type_name)
        for form in representations
    )


def make_page_response(
    representation: Representation,
    view: object,
    render_html: Callable[[], str],
    make_quads: Callable[[], Iterable[ox.Quad]],
    *,
    canonical: str = "",
) -> Response:
    """Return a page in the negotiated form; `canonical` is the IRI of what it describes."""
    response = Response(
        _render_body(representation, view, render_html, make_quads),
        content_type=representation.media_type.content_type,
    )
    response.vary.add("Accept")
    if canonical:
        response.headers["Link"] = f'<{canonical}>; rel="describes"'
    return response


def _render_body(
    representation: Representation,
    view: object,
    render_html: Callable[[], str],
    make_quads: Callable[[], Iterable[ox.Quad]],
) -> str | bytes:
    if representation.media_type_name == HTML_MEDIA_TYPE:
        return render_html()
    if representation.rdf_format is None:
        return json.dumps(as_json(view), ensure_ascii=False, indent=1)
    return serialize_quads(make_quads(), representation)


def serialize_quads(quads: Iterable[ox.Quad], representation: Representation) -> bytes:
    """Return quads in an RDF form; formats without graphs get each triple once."""
    kept: list[ox.Quad] | list[ox.Triple]
    kept = (
        sorted({*quads}, key=str)
        if representation.has_graphs
        else sorted({quad.triple for quad in quads}, key=str)
    )
    prefixes = (
        {} if representation.rdf_format == ox.RdfFormat.JSON_LD else find_used_prefixes(kept)
    )  # JSON-LD carries whole IRIs
    return ox.serialize(kept, format=representation.rdf_format, prefixes=prefixes) or b""


def make_entity_iri(path: str) -> str:
    """Return the IRI whose page stands at a path of ours."""
    return BASE + path.removeprefix("/")
