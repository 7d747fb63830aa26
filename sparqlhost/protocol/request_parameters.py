"""Parameters and body of a SPARQL Protocol request, read strictly: valid UTF-8, within the limits."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from urllib.parse import parse_qsl

from flask import Request

from sparqlhost.errors import BadData, BadQuery, TooLarge, UnsupportedMedia
from sparqlhost.settings import HostSettings

_MAX_FIELDS = 1000
_MAX_CACHED_LENGTH = 8000  # characters of a query string whose parameters are cached

RequestParameters = Mapping[str, list[str]]


def max_form_bytes(settings: HostSettings) -> int:
    """Return the bytes that a form with a query may have: three for each, where all are percent-encoded."""
    return settings.query_size * 3 + 65536


def read_query_parameters(request: Request) -> RequestParameters:
    """Return the parameters of the query string; raises BadQuery as `parse_form` does."""
    text = request.environ.get("QUERY_STRING", "")
    return _parse_form_cached(text) if len(text) <= _MAX_CACHED_LENGTH else parse_form(text)


@lru_cache(maxsize=256)
def _parse_form_cached(text: str) -> RequestParameters:
    """Return `parse_form(text)`: dashboards and pages send the same query strings again and again."""
    return parse_form(text)


def read_form_parameters(request: Request, max_bytes: int) -> RequestParameters:
    """Return the parameters of a form body; raises as `read_body_text` and `parse_form` do."""
    return parse_form(read_body_text(request, max_bytes))


def parse_form(text: str) -> RequestParameters:
    """Return name -> values of `application/x-www-form-urlencoded` text.

    Raises BadQuery for percent escapes that are not UTF-8 and for more than 1,000 fields.

    >>> dict(parse_form("query=ASK+%7B%7D&default="))
    {'query': ['ASK {}'], 'default': ['']}
    """
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS)
    except UnicodeDecodeError as error:
        raise BadQuery("A parameter is not UTF-8.", hint="Encode the request as UTF-8.") from error
    except ValueError as error:
        raise BadQuery(f"The parameters cannot be read: {error}.", hint="Send fewer parameters.") from error
    parameters: dict[str, list[str]] = {}
    for name, value in pairs:
        parameters.setdefault(name, []).append(value)
    return MappingProxyType(parameters)


def read_body_text(request: Request, max_bytes: int) -> str:
    """Return the body as text; raises UnsupportedMedia for another charset, BadQuery for invalid UTF-8."""
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if charset not in ("utf-8", "utf8", "us-ascii"):
        raise UnsupportedMedia(f"The charset {charset} is not supported.", hint="Send UTF-8.")
    try:
        return read_body(request, max_bytes).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadQuery(f"The body is not UTF-8 (byte {error.start}).", hint="Send UTF-8.") from error


def read_body(request: Request, max_bytes: int) -> bytes:
    """Return the body.

    Raises TooLarge for more than `max_bytes`, without reading the rest, and BadData for a body shorter than
    its Content-Length: the client went away, and half a graph may well parse.
    """
    announced = request.content_length
    if announced is not None and announced > max_bytes:
        raise _make_too_large_error(max_bytes)
    request.max_content_length = max_bytes + 1
    data = request.stream.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise _make_too_large_error(max_bytes)
    if announced is not None and len(data) < announced:
        raise BadData(
            f"The body ended after {len(data)} of {announced} bytes.",
            hint="Send it again; nothing was changed.",
        )
    return data


def _make_too_large_error(max_bytes: int) -> TooLarge:
    return TooLarge(f"The body is larger than {max_bytes} bytes.", hint="Send less at a time.")


def require_single_value(parameters: RequestParameters, name: str) -> str:
    """Return the value of a parameter; raises BadQuery unless it is given exactly once."""
    values = parameters.get(name, [])
    if len(values) != 1:
        times = f"{len(values)} times" if values else "not at all"
        raise BadQuery(
            f"The parameter '{name}' is given {times}; it must be given once.", hint=f"Send one {name}."
        )
    return values[0]
