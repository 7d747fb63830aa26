"""The parameters of a SPARQL Protocol request, read strictly: UTF-8, and each where the protocol has it."""

from __future__ import annotations

import binascii
import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from urllib.parse import parse_qsl

from flask import Request

from kg.errors import BadData, BadQuery, TooLarge, UnsupportedMedia

FORM = "application/x-www-form-urlencoded"
_FIELDS = 1000
_OFTEN = 8000  # letters of a query string that is kept for the next time
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})|[^!-~]")

Parameters = Mapping[str, list[str]]


def in_address(request: Request) -> Parameters:
    """Return the parameters of the query string."""
    text = request.environ.get("QUERY_STRING", "")
    return _read_again(text) if len(text) <= _OFTEN else _read(text)


@lru_cache(maxsize=256)
def _read_again(text: str) -> Parameters:
    """Return what was read before of this very query string: dashboards and pages ask the same ones."""
    return _read(text)


def in_body(request: Request, limit: int) -> Parameters:
    """Return the parameters of a form body of at most `limit` bytes."""
    return _read(body_text(request, limit))


def _read(text: str) -> Parameters:
    """Return name -> values of a form-encoded text; raises BadQuery for a broken one."""
    try:
        if _BROKEN_ESCAPE.search(text):
            pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_FIELDS)
        else:
            pairs = [_pair(part) for part in text.split("&", _FIELDS) if part]
    except UnicodeDecodeError as error:
        raise BadQuery("A parameter is not UTF-8.", todo="Encode the request as UTF-8.") from error
    except ValueError as error:
        raise BadQuery(f"The parameters cannot be read: {error}.", todo="Send fewer parameters.") from error
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return MappingProxyType(found)


def _pair(part: str) -> tuple[str, str]:
    """Return name and value of one well-formed `name=value`."""
    name, _, value = part.partition("=")
    return _decoded(name), _decoded(value)


def _decoded(text: str) -> str:
    """Return `text` without its percent escapes, as `unquote_plus` but in C.

    A query is mostly escapes, and the standard library undoes them in a Python loop. Quoted-printable
    differs in its sign only; every escape is known to be whole here.
    """
    if "%" not in text:
        return text.replace("+", " ")
    raw = text.replace("+", " ").replace("=", "%3D").replace("%", "=").encode("utf-8", "surrogateescape")
    return binascii.a2b_qp(raw).decode("utf-8")


def body_text(request: Request, limit: int) -> str:
    """Return the body as text; raises UnsupportedMedia for another charset, BadQuery for broken UTF-8."""
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if charset not in ("utf-8", "utf8", "us-ascii"):
        raise UnsupportedMedia(f"The charset {charset} is not understood.", todo="Send UTF-8.")
    try:
        return body(request, limit).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadQuery(f"The body is not UTF-8 (byte {error.start}).", todo="Send UTF-8.") from error


def body(request: Request, limit: int) -> bytes:
    """Return the body; raises TooLarge over `limit` bytes, without reading on, BadData for half a body."""
    told = request.content_length
    if told is not None and told > limit:
        raise _too_large(limit)
    data = request.stream.read(limit + 1)
    if len(data) > limit:
        raise _too_large(limit)
    if told is not None and len(data) < told:  # the client went away; half a graph may well parse
        raise BadData(
            f"The body ended after {len(data)} of {told} bytes.", todo="Send it again; nothing was changed."
        )
    return data


def _too_large(limit: int) -> TooLarge:
    """Return the error for a body over its limit."""
    return TooLarge(f"The body is larger than {limit} bytes.", todo="Send less at a time.")


def one(parameters: Parameters, name: str) -> str:
    """Return the one value of a parameter that must be there once; raises BadQuery otherwise."""
    values = parameters.get(name, [])
    if len(values) != 1:
        said = f"{len(values)} times" if values else "not at all"
        raise BadQuery(
            f"The parameter '{name}' is given {said}; it must be given once.", todo=f"Send one {name}."
        )
    return values[0]
