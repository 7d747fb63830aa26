"""Which representation a client gets: one table of media types, one function that reads `Accept`.

RFC 9110 section 12.5.1; media types of SPARQL 1.1 Protocol section 2.1 and of the RDF formats.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from sparqlhost.errors import NotAcceptable

HTML_MEDIA_TYPE = "text/html"


@dataclass(frozen=True, slots=True)
class MediaType:
    """A format on offer: its key in the store, its media type, and the words for it in `?format=`."""

    format_key: str
    name: str
    aliases: tuple[str, ...]
    has_charset: bool = False  # a text/* type, sent with charset=utf-8

    @property
    def content_type(self) -> str:
        """Return the Content-Type header."""
        return f"{self.name}; charset=utf-8" if self.has_charset else self.name


#: formats of SELECT and ASK answers, best first; aliases follow the types of the standard.
RESULT_MEDIA_TYPES = (
    MediaType("json", "application/sparql-results+json", ("json", "srj")),
    MediaType("xml", "application/sparql-results+xml", ("xml", "srx")),
    MediaType("csv", "text/csv", ("csv",), has_charset=True),
    MediaType("tsv", "text/tab-separated-values", ("tsv",), has_charset=True),
    MediaType("csv-excel", "text/csv", ("csv-excel", "excel"), has_charset=True),
    MediaType("json", "application/json", ()),
    MediaType("xml", "application/xml", ()),
    MediaType("xml", "text/xml", (), has_charset=True),
)
#: formats of CONSTRUCT and DESCRIBE answers and of graphs.
GRAPH_MEDIA_TYPES = (
    MediaType("ttl", "text/turtle", ("ttl", "turtle"), has_charset=True),
    MediaType("nt", "application/n-triples", ("nt", "ntriples", "n-triples")),
    MediaType("rdf", "application/rdf+xml", ("rdf", "rdfxml", "xml")),
    MediaType("jsonld", "application/ld+json", ("jsonld", "json-ld", "json")),
    MediaType("trig", "application/trig", ("trig",)),
    MediaType("nq", "application/n-quads", ("nq", "nquads", "n-quads")),
    MediaType("n3", "text/n3", ("n3",), has_charset=True),
    MediaType("jsonld", "application/json", ()),
    MediaType("rdf", "application/xml", ()),
    MediaType("rdf", "text/xml", (), has_charset=True),
    MediaType("nt", "text/plain", (), has_charset=True),
    MediaType("ttl", "application/x-turtle", ()),
)
#: what a graph store takes; a graph's body is one graph, so quads only where no graph is named.
FORMAT_BY_BODY_TYPE = MappingProxyType(
    {offer.name: offer.format_key for offer in reversed(GRAPH_MEDIA_TYPES)}
)


@dataclass(frozen=True, slots=True)
class MediaRange:
    """One media range of an `Accept` header."""

    type: str
    subtype: str
    parameters: tuple[tuple[str, str], ...]
    quality: float

    def match_specificity(self, media_type: str) -> int:
        """Return how closely it names `media`: 0 not at all, 1 `*/*`, 2 `type/*`, 3 the type itself."""
        kind, _, sub = media_type.partition("/")
        if self.parameters:
            return 0
        if self.type == "*" and self.subtype == "*":
            return 1
        if self.type != kind:
            return 0
        return 2 if self.subtype == "*" else 3 if self.subtype == sub else 0


@lru_cache(maxsize=256)
def parse_accept(accept: str) -> tuple[MediaRange, ...]:
    """Return the media ranges of an `Accept` header; an empty one accepts anything."""
    read = [_parse_media_range(part) for part in accept.split(",") if part.strip()]
    return tuple(r for r in read if r is not None) or (MediaRange("*", "*", (), 1.0),)


def _parse_media_range(text: str) -> MediaRange | None:
    """Return one media range, or None for what is none; a charset parameter is let go."""
    name, *rest = (part.strip() for part in text.split(";"))
    kind, slash, sub = name.lower().partition("/")
    if not slash:
        kind, sub = (kind, "*") if kind == "*" else ("", "")
    if not kind or not sub:
        return None
    parameters, quality = [], 1.0
    for item in rest:
        key, _, value = item.partition("=")
        key, value = key.strip().lower(), value.strip().strip('"').lower()
        if key == "q":
            quality = _parse_quality(value)
            break
        if key not in ("charset", "version", "profile", ""):
            parameters.append((key, value))
    return MediaRange(kind, sub, tuple(parameters), quality)


def _parse_quality(text: str) -> float:
    """Return a weight between 0 and 1; what is no number counts as 0."""
    try:
        return min(1.0, max(0.0, float(text)))
    except ValueError:
        return 0.0


def compute_quality(accept: str, media_type: str) -> float:
    """Return the weight that `accept` gives `media`: that of the most specific range that names it."""
    best = max(parse_accept(accept), key=lambda r: (r.match_specificity(media_type), r.quality))
    return best.quality if best.match_specificity(media_type) else 0.0


@lru_cache(maxsize=512)
def choose_media_type(accept: str, media_types: tuple[MediaType, ...]) -> MediaType | None:
    """Return the offer the client likes best, the first of equals, or None when it takes none."""
    weighed = [
        (compute_quality(accept, offer.name), -index, offer) for index, offer in enumerate(media_types)
    ]
    weight, _, offer = max(weighed, key=lambda item: item[:2])
    return offer if weight > 0 else None


def find_media_type(name: str, media_types: Iterable[MediaType]) -> MediaType | None:
    """Return the offer of a `?format=`: a short name or a media type."""
    wanted = name.strip().lower()
    return next((offer for offer in media_types if wanted in offer.aliases or wanted == offer.name), None)


@lru_cache(maxsize=256)
def prefers_html(accept: str) -> bool:
    """Say whether the client is a browser: it likes a page better than any data format."""
    html = compute_quality(accept, HTML_MEDIA_TYPE)
    if html == 0 or not any((r.type, r.subtype) == ("text", "html") for r in parse_accept(accept)):
        return False
    explicit = [r for r in parse_accept(accept) if (r.type, r.subtype) != ("*", "*")]
    rivals = (
        compute_range_quality(explicit, offer.name)
        for offer in RESULT_MEDIA_TYPES + GRAPH_MEDIA_TYPES
        if "xml" not in offer.name
    )
    return html >= max(rivals, default=0.0)


def compute_range_quality(media_ranges: list[MediaRange], media_type: str) -> float:
    """Return the weight that some ranges give `media`."""
    return max((r.quality for r in media_ranges if r.match_specificity(media_type)), default=0.0)


def list_media_types(media_types: Iterable[MediaType]) -> str:
    """Return the media types of `offers`, for a sentence."""
    return ", ".join(dict.fromkeys(offer.name for offer in media_types))


def make_not_acceptable_error(what: str, media_types: tuple[MediaType, ...]) -> NotAcceptable:
    """Return the error that lists what is on offer, by media type and by short name."""
    short = ", ".join(dict.fromkeys(offer.aliases[0] for offer in media_types if offer.aliases))
    return NotAcceptable(
        f"None of the formats asked for is on offer for {what}.",
        hint=f"On offer: {list_media_types(media_types)}; ?format= takes {short}.",
    )
