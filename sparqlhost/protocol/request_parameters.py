"""The parameters of a SPARQL Protocol request, read strictly: UTF-8, and each where the protocol has it."""

from __future__ import annotations

import binascii
import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from urllib.parse import parse_qsl

from flask import Request

from sparqlhost.errors import BadData, BadQuery, TooLarge, UnsupportedMedia

FORM_MEDIA_TYPE = "application/x-www-form-urlencoded"
_MAX_FIELDS = 1000
_MAX_CACHED_LENGTH = 8000  # letters of a query string that is kept for the next time
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})|[^!-~]")

RequestParameters = Mapping[str, list[str]]


def read_query_parameters(request: Request) -> RequestParameters:
    """Return the parameters of the query string."""
    text = request.environ.get("QUERY_STRING", "")
    return _parse_form_cached(text) if len(text) <= _MAX_CACHED_LENGTH else _parse_form(text)


@lru_cache(maxsize=256)
def _parse_form_cached(text: str) -> RequestParameters:
    """Return what was read before of this very query string: dashboards and pages ask the same ones."""
    return _parse_form(text)


def read_form_parameters(request: Request, max_bytes: int) -> RequestParameters:
    """Return the parameters of a form body of at most `limit` bytes."""
    return _parse_form(read_body_text(request, max_bytes))


def _parse_form(text: str) -> RequestParameters:
    """Return name -> values of a form-encoded text; raises BadQuery for a broken one."""
    try:
        if _BROKEN_ESCAPE.search(text):
            pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS)
        else:
            pairs = [_parse_pair(part) for part in text.split("&", _MAX_FIELDS) if part]
    except UnicodeDecodeError as error:
        raise BadQuery("A parameter is not UTF-8.", hint="Encode the request as UTF-8.") from error
    except ValueError as error:
        raise BadQuery(f"The parameters cannot be read: {error}.", hint="Send fewer parameters.") from error
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return MappingProxyType(found)


def _parse_pair(part: str) -> tuple[str, str]:
    """Return name and value of one well-formed `name=value`."""
    name, _, value = part.partition("=")
    return _decode_percent_escapes(name), _decode_percent_escapes(value)


def _decode_percent_escapes(text: str) -> str:
    """Return `text` without its percent escapes, as `unquote_plus` but in C.

    A query is mostly escapes, and the standard library undoes them in a Python loop. Quoted-printable
    differs in its sign only; every escape is known to be whole here.
    """
    if "%" not in text:
        return text.replace("+", " ")
    raw = text.replace("+", " ").replace("=", "%3D").replace("%", "=").encode("utf-8", "surrogateescape")
    return binascii.a2b_qp(raw).decode("utf-8")


def read_body_text(request: Request, max_bytes: int) -> str:
    """Return the body as text; raises UnsupportedMedia for another charset, BadQuery for broken UTF-8."""
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if charset not in ("utf-8", "utf8", "us-ascii"):
        raise UnsupportedMedia(f"The charset {charset} is not understood.", hint="Send UTF-8.")
    try:
        return read_body(request, max_bytes).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadQuery(f"The body is not UTF-8 (byte {error.start}).", hint="Send UTF-8.") from error


def read_body(request: Request, max_bytes: int) -> bytes:
    """Return the body; raises TooLarge over `limit` bytes, without reading on, BadData for half a body."""
    told = request.content_length
    if told is not None and told > max_bytes:
        raise _make_too_large_error(max_bytes)
    data = request.stream.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise _make_too_large_error(max_bytes)
    if told is not None and len(data) < told:  # the client went away; half a graph may well parse
        raise BadData(
            f"The body ended after {len(data)} of {told} bytes.", hint="Send it again; nothing was changed."
        )
    return data


def _make_too_large_error(max_bytes: int) -> TooLarge:
    """Return the error for a body over its limit."""
    return TooLarge(f"The body is larger than {max_bytes} bytes.", hint="Send less at a time.")


def require_single_value(parameters: RequestParameters, name: str) -> str:
    """Return the one value of a parameter that must be there once; raises BadQuery otherwise."""
    values = parameters.get(name, [])
    if len(values) != 1:
        said = f"{len(values)} times" if values else "not at all"
        raise BadQuery(
            f"The parameter '{name}' is given {said}; it must be given once.", hint=f"Send one {name}."
        )
    return values[0]
