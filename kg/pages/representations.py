"""The representations of a page, HTML, JSON and RDF, chosen by suffix or Accept (RFC 9110 section 12.5.1)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import pyoxigraph as ox
from flask import Response, request

from kg.errors import BadQuery, NotAcceptable
from kg.namespaces import BASE, PREFIXES
from kg.pages.term_refs import as_json
from sparqlhost.pool.query_runner import RDF_FORMATS, find_used_prefixes
from sparqlhost.protocol.negotiation import (
    GRAPH_MEDIA_TYPES,
    HTML_MEDIA_TYPE,
    JSON_MEDIA_TYPE,
    MediaType,
    find_media_type,
    find_representation,
    list_media_types,
)

_MAX_FILTER_LENGTH = 200  # characters


def _find_rdf_media_type(suffix: str) -> MediaType:
    """Return an RDF format of the host under one suffix only: `.json` of a page is not JSON-LD."""
    media_type = find_media_type(suffix, GRAPH_MEDIA_TYPES)
    assert media_type is not None  # noqa: S101 - a constant of this module
    return replace(media_type, aliases=(suffix,))


HTML = MediaType("html", HTML_MEDIA_TYPE, ("html",), has_charset=True)
JSON = MediaType("json", JSON_MEDIA_TYPE, ("json",))
_RDF = tuple(map(_find_rdf_media_type, ("ttl", "jsonld", "nt", "rdf", "trig", "nq")))
#: what a page may come as, best first; a page that shows no graph comes as the first and the last only.
REPRESENTATIONS = (HTML, *_RDF, JSON)
PAGE_REPRESENTATIONS = (HTML, JSON)
#: their media types, as an endpoint's `formats`.
ALL_FORMATS = tuple(representation.name for representation in REPRESENTATIONS)
HTML_AND_JSON = tuple(representation.name for representation in PAGE_REPRESENTATIONS)
SUFFIXES = tuple(representation.format_key for representation in REPRESENTATIONS)


@dataclass(frozen=True, slots=True)
class RepresentationLink:
    """The address of another representation of the same page."""

    label: str
    href: str
    media: str


def split_suffix(name: str) -> tuple[str, str]:
    """Return a name without the suffix of a representation, and the suffix, "" where it has none."""
    stem, dot, suffix = name.rpartition(".")
    return (stem, suffix) if dot and suffix in SUFFIXES else (name, "")


def choose_representation(
    suffix: str = "",
    representations: tuple[MediaType, ...] = REPRESENTATIONS,
    *,
    default: MediaType | None = None,
) -> MediaType:
    """Return the representation called `suffix`, else the best for Accept, where `default` wins among equals.

    Raises NotAcceptable with the formats of the page.
    """
    if default is not None:
        representations = (default, *(each for each in representations if each != default))
    chosen = find_representation(representations, request.headers.get("Accept", ""), suffix)
    if chosen is None:
        raise NotAcceptable(
            "This page has no format that was asked for.",
            hint=f"Formats: {list_media_types(representations)}.",
        )
    return chosen


def read_filter(representation: MediaType) -> str:
    """Return the words of `?q=` that a list is filtered by; raises BadQuery for RDF, which has all rows."""
    words = request.args.get("q", "").strip()[:_MAX_FILTER_LENGTH]
    if words and representation in _RDF:
        raise BadQuery(
            "The RDF form of this page cannot be filtered.",
            location="q",
            hint="Leave q out, or select what you need with a query at /sparql.",
        )
    return words


def read_page_number() -> int:
    """Return the number of `?page=`, from 1; 0, which no list has, for what is not a number."""
    number = request.args.get("page", "1")
    return int(number) if number.isascii() and number.isdigit() and len(number) < 6 else 0


def link_representations(path: str) -> tuple[RepresentationLink, ...]:
    """Return the links to the other representations of the page at `path`."""
    return tuple(
        RepresentationLink(f".{each.format_key}", f"{path}.{each.format_key}", each.name)
        for each in REPRESENTATIONS
        if each != HTML
    )


def make_page_response(
    representation: MediaType,
    view: object,
    render_html: Callable[[], str],
    make_quads: Callable[[], Iterable[ox.Quad]] = tuple,
    *,
    canonical: str = "",
) -> Response:
    """Return a page in its negotiated representation; `canonical` is the IRI of what it describes."""
    body: str | bytes
    if representation == HTML:
        body = render_html()
    elif representation == JSON:
        body = json.dumps(as_json(view), ensure_ascii=False, indent=1)
    else:
        body = serialize_quads(make_quads(), representation)
    response = Response(body, content_type=representation.content_type)
    response.vary.add("Accept")
    if canonical:
        response.headers["Link"] = f'<{canonical}>; rel="describes"'
    return response


def serialize_quads(quads: Iterable[ox.Quad], representation: MediaType) -> bytes:
    """Return quads in an RDF format, sorted; formats without graphs get each triple once."""
    rdf_format = RDF_FORMATS[representation.format_key]
    rows: list[ox.Quad] | list[ox.Triple]
    if rdf_format.supports_datasets and rdf_format != ox.RdfFormat.JSON_LD:
        rows = sorted({*quads}, key=str)
    else:
        rows = sorted({quad.triple for quad in quads}, key=str)
    # JSON-LD is written with full IRIs: its context would have to repeat every prefix
    prefixes = {} if rdf_format == ox.RdfFormat.JSON_LD else find_used_prefixes(rows, PREFIXES)
    return ox.serialize(rows, format=rdf_format, prefixes=prefixes) or b""


def make_entity_iri(path: str) -> str:
    """Return the IRI of the entity whose page has this path."""
    return BASE + path.removeprefix("/")
