"""Which representation a client gets: one table of media types, one function that reads `Accept`.

RFC 9110 section 12.5.1; media types of SPARQL 1.1 Protocol section 2.1 and of the RDF formats.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from kg.errors import NotAcceptable

HTML = "text/html"


@dataclass(frozen=True, slots=True)
class Offer:
    """A format on offer: its key in the store, its media type, and the words for it in `?format=`."""

    key: str
    media: str
    names: tuple[str, ...]
    charset: bool = False  # a text/* type, sent with charset=utf-8

    @property
    def content_type(self) -> str:
        """Return the Content-Type header."""
        return f"{self.media}; charset=utf-8" if self.charset else self.media


#: formats of SELECT and ASK answers, best first; aliases follow the types of the standard.
RESULTS = (
    Offer("json", "application/sparql-results+json", ("json", "srj")),
    Offer("xml", "application/sparql-results+xml", ("xml", "srx")),
    Offer("csv", "text/csv", ("csv",), charset=True),
    Offer("tsv", "text/tab-separated-values", ("tsv",), charset=True),
    Offer("csv-excel", "text/csv", ("csv-excel", "excel"), charset=True),
    Offer("json", "application/json", ()),
    Offer("xml", "application/xml", ()),
    Offer("xml", "text/xml", (), charset=True),
)
#: formats of CONSTRUCT and DESCRIBE answers and of graphs.
GRAPHS = (
    Offer("ttl", "text/turtle", ("ttl", "turtle"), charset=True),
    Offer("nt", "application/n-triples", ("nt", "ntriples", "n-triples")),
    Offer("rdf", "application/rdf+xml", ("rdf", "rdfxml", "xml")),
    Offer("jsonld", "application/ld+json", ("jsonld", "json-ld", "json")),
    Offer("trig", "application/trig", ("trig",)),
    Offer("nq", "application/n-quads", ("nq", "nquads", "n-quads")),
    Offer("n3", "text/n3", ("n3",), charset=True),
    Offer("jsonld", "application/json", ()),
    Offer("rdf", "application/xml", ()),
    Offer("rdf", "text/xml", (), charset=True),
    Offer("nt", "text/plain", (), charset=True),
    Offer("ttl", "application/x-turtle", ()),
)
#: what a graph store takes; a graph's body is one graph, so quads only where no graph is named.
BODIES = MappingProxyType({offer.media: offer.key for offer in reversed(GRAPHS)})


@dataclass(frozen=True, slots=True)
class Range:
    """One media range of an `Accept` header."""

    type: str
    subtype: str
    parameters: tuple[tuple[str, str], ...]
    quality: float

    def specificity(self, media: str) -> int:
        """Return how closely it names `media`: 0 not at all, 1 `*/*`, 2 `type/*`, 3 the type itself."""
        kind, _, sub = media.partition("/")
        if self.parameters:
            return 0
        if self.type == "*" and self.subtype == "*":
            return 1
        if self.type != kind:
            return 0
        return 2 if self.subtype == "*" else 3 if self.subtype == sub else 0


@lru_cache(maxsize=256)
def ranges(accept: str) -> tuple[Range, ...]:
    """Return the media ranges of an `Accept` header; an empty one accepts anything."""
    read = [_range(part) for part in accept.split(",") if part.strip()]
    return tuple(r for r in read if r is not None) or (Range("*", "*", (), 1.0),)


def _range(text: str) -> Range | None:
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
            quality = _quality(value)
            break
        if key not in ("charset", "version", "profile", ""):
            parameters.append((key, value))
    return Range(kind, sub, tuple(parameters), quality)


def _quality(text: str) -> float:
    """Return a weight between 0 and 1; what is no number counts as 0."""
    try:
        return min(1.0, max(0.0, float(text)))
    except ValueError:
        return 0.0


def quality(accept: str, media: str) -> float:
    """Return the weight that `accept` gives `media`: that of the most specific range that names it."""
    best = max(ranges(accept), key=lambda r: (r.specificity(media), r.quality))
    return best.quality if best.specificity(media) else 0.0


@lru_cache(maxsize=512)
def choose(accept: str, offers: tuple[Offer, ...]) -> Offer | None:
    """Return the offer the client likes best, the first of equals, or None when it takes none."""
    weighed = [(quality(accept, offer.media), -index, offer) for index, offer in enumerate(offers)]
    weight, _, offer = max(weighed, key=lambda item: item[:2])
    return offer if weight > 0 else None


def named(name: str, offers: Iterable[Offer]) -> Offer | None:
    """Return the offer of a `?format=`: a short name or a media type."""
    wanted = name.strip().lower()
    return next((offer for offer in offers if wanted in offer.names or wanted == offer.media), None)


@lru_cache(maxsize=256)
def prefers_html(accept: str) -> bool:
    """Say whether the client is a browser: it likes a page better than any data format."""
    html = quality(accept, HTML)
    if html == 0 or not any((r.type, r.subtype) == ("text", "html") for r in ranges(accept)):
        return False
    explicit = [r for r in ranges(accept) if (r.type, r.subtype) != ("*", "*")]
    rivals = (quality_in(explicit, offer.media) for offer in RESULTS + GRAPHS if "xml" not in offer.media)
    return html >= max(rivals, default=0.0)


def quality_in(given: list[Range], media: str) -> float:
    """Return the weight that some ranges give `media`."""
    return max((r.quality for r in given if r.specificity(media)), default=0.0)


def offered(offers: Iterable[Offer]) -> str:
    """Return the media types of `offers`, for a sentence."""
    return ", ".join(dict.fromkeys(offer.media for offer in offers))


def not_acceptable(what: str, offers: tuple[Offer, ...]) -> NotAcceptable:
    """Return the error that lists what is on offer, by media type and by short name."""
    short = ", ".join(dict.fromkeys(offer.names[0] for offer in offers if offer.names))
    return NotAcceptable(
        f"None of the formats asked for is on offer for {what}.",
        todo=f"On offer: {offered(offers)}; ?format= takes {short}.",
    )
