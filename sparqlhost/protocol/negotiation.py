"""Which representation a client gets: the table of media types and the one function that chooses from it.

Choice: RFC 9110 sections 12.4.2 and 12.5.1. Media types: the IANA registry, by the specification that
registers each (named beside it).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

from sparqlhost.errors import BadQuery, NotAcceptable

HTML_MEDIA_TYPE = "text/html"  # HTML, section 17.1
JSON_MEDIA_TYPE = "application/json"  # RFC 8259
PROBLEM_MEDIA_TYPE = "application/problem+json"  # RFC 9457
FORM_MEDIA_TYPE = "application/x-www-form-urlencoded"  # URL Standard, section 5
QUERY_MEDIA_TYPE = "application/sparql-query"  # SPARQL 1.1 Query, section 21
UPDATE_MEDIA_TYPE = "application/sparql-update"  # SPARQL 1.1 Update, appendix A


@dataclass(frozen=True, slots=True)
class MediaType:
    """A format: its key in the store, its registered name, and its short names in `?format=`."""

    format_key: str
    name: str
    aliases: tuple[str, ...]
    has_charset: bool = False  # a text/* type, sent with charset=utf-8

    @property
    def content_type(self) -> str:
        """Return the Content-Type header."""
        return f"{self.name}; charset=utf-8" if self.has_charset else self.name


#: formats of SELECT and ASK answers, best first (SPARQL 1.1 Results JSON, XML, CSV and TSV; RFC 4180), then
#: names that older clients send for the same documents.
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
#: formats of CONSTRUCT and DESCRIBE answers and of graphs, best first (each registered by the W3C
#: specification of its syntax), then names that older clients send.
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
#: media type of a body sent to the graph store -> format; where two share a name the first of the table
#: counts.
FORMAT_BY_BODY_TYPE = MappingProxyType({each.name: each.format_key for each in reversed(GRAPH_MEDIA_TYPES)})


#: parameters that do not narrow a range here: every text is UTF-8, and profiles and versions are not offered
_IGNORED_PARAMETER = re.compile(r';\s*(?:charset|profile|version)\s*=\s*(?:"[^"]*"|[^;,]*)', re.IGNORECASE)
_BARE_STAR = re.compile(r"(?<![^\s,])\*(?=\s*(?:[;,]|$))")  # `*` for `*/*`, as some HTTP clients of Java send


@lru_cache(maxsize=256)
def parse_accept(accept: str) -> MIMEAccept:
    """Return the media ranges of an `Accept` header; one without any range accepts everything."""
    text = _BARE_STAR.sub("*/*", _IGNORED_PARAMETER.sub("", accept))
    ranges = [(name.lower(), quality) for name, quality in parse_accept_header(text) if "/" in name]
    return MIMEAccept(ranges or [("*/*", 1.0)])


@lru_cache(maxsize=512)
def choose_media_type(accept: str, media_types: tuple[MediaType, ...]) -> MediaType | None:
    """Return the media type of the highest quality, the first of equals; None when none is acceptable.

    Not `MIMEAccept.best_match`: it takes the best quality of all ranges that match, where section 12.5.1
    takes that of the most specific one (`text/*, text/turtle;q=0.1`).
    """
    ranges = parse_accept(accept)
    best = max(media_types, key=lambda media_type: ranges.quality(media_type.name))
    return best if ranges.quality(best.name) > 0 else None


def find_media_type(name: str, media_types: Iterable[MediaType]) -> MediaType | None:
    """Return the media type of a short name or a full one; None when there is none."""
    wanted = name.strip().lower()
    return next((each for each in media_types if wanted in each.aliases or wanted == each.name), None)


def find_representation(media_types: tuple[MediaType, ...], accept: str, name: str = "") -> MediaType | None:
    """Return the format called `name` (by a suffix or `?format=`), without a name the best for `accept`.

    None when the named format does not exist, or nothing is acceptable.
    """
    return find_media_type(name, media_types) if name else choose_media_type(accept, media_types)


def choose_representation(
    media_types: tuple[MediaType, ...], what: str, accept: str, name: str = "", *, is_checked: bool = False
) -> MediaType:
    """Return what the client gets, as `find_representation` does.

    `what` (a plural) names the resource in the error. Raises NotAcceptable with the formats there are; with
    `is_checked`, BadQuery for a `name` that is not a format.
    """
    chosen = find_representation(media_types, accept, name)
    if chosen is None and name and is_checked:
        names = ", ".join(each.aliases[0] for each in media_types if each.aliases)
        raise BadQuery(f"There is no format {name!r}.", location="format", hint=f"Formats: {names}.")
    if chosen is None:
        raise make_not_acceptable_error(what, media_types)
    return chosen


@lru_cache(maxsize=256)
def prefers_html(accept: str) -> bool:
    """Return whether the client is a browser: it names HTML, and no data format with a higher quality.

    Ranges `*/*` and XML types do not count against HTML: browsers send both.
    """
    ranges = parse_accept(accept)
    if not any(name == HTML_MEDIA_TYPE and quality > 0 for name, quality in ranges):
        return False
    explicit = [pair for pair in ranges if pair[0] != "*/*"]
    data_types = [each.name for each in RESULT_MEDIA_TYPES + GRAPH_MEDIA_TYPES if "xml" not in each.name]
    rivals = (
        quality
        for name, quality in explicit
        if any(MIMEAccept([(name, 1)]).quality(data_type) for data_type in data_types)
    )
    return ranges.quality(HTML_MEDIA_TYPE) >= max(rivals, default=0.0)


def list_media_types(media_types: Iterable[MediaType]) -> str:
    """Return the names of media types, for a sentence."""
    return ", ".join(dict.fromkeys(each.name for each in media_types))


def make_not_acceptable_error(what: str, media_types: tuple[MediaType, ...]) -> NotAcceptable:
    """Return the error that lists the formats there are, by media type and by short name."""
    short = ", ".join(dict.fromkeys(each.aliases[0] for each in media_types if each.aliases))
    return NotAcceptable(
        f"{what[:1].upper()}{what[1:]} are not available in any format asked for.",
        hint=f"Formats: {list_media_types(media_types)}; ?format= takes {short}.",
    )
