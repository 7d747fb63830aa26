"""A request: its parameters and body, read strictly, and the facts that handlers and outer layers exchange.

Parameters and bodies must be valid UTF-8 and within the limits. The facts stand in the WSGI environment: the
log and the metrics read the route, the query and its rows; the cache reads whether the answer is complete.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from flask import Request, request

from sparqlhost.errors import BadData, BadQuery, TooLarge, UnsupportedMedia
from sparqlhost.protocol.negotiation import FORM_MEDIA_TYPE
from sparqlhost.settings import HostSettings

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

#: the Flask rule that answered (str).
ROUTE = "sparqlhost.route"
#: the text of the query that was run (str); the log writes its digest only.
QUERY_TEXT = "sparqlhost.query_text"
#: how many rows or triples the answer has (int).
ROW_COUNT = "sparqlhost.row_count"
#: set when a body that is being sent broke or was cut: no cache may keep it.
IS_INCOMPLETE = "sparqlhost.is_incomplete"
#: who wrote, or tried to: `token` (its name, "" for a wrong one) and `client` (dict).
WRITE_ACCESS = "sparqlhost.write_access"
#: why the request is not answered (UserError), when the server found something in its head.
REFUSAL = "sparqlhost.refusal"

RequestParameters = Mapping[str, list[str]]

_MAX_FIELDS = 1000
_MAX_CACHED_LENGTH = 8000  # characters of a query string whose parameters are cached
_REQUEST_ID = "sparqlhost.request_id"
_PLAIN_WORD = re.compile(r"[A-Za-z0-9._-]{1,64}")


def assign_request_id(environ: WSGIEnvironment) -> str:
    """Return the id of a request, chosen at the first call.

    It is the caller's `X-Request-Id` where that is a plain word, so that it may stand in a log; else a new
    one.
    """
    known: str | None = environ.get(_REQUEST_ID)
    if known is None:
        proposed: str = environ.get("HTTP_X_REQUEST_ID", "")
        known = proposed if _PLAIN_WORD.fullmatch(proposed) else _make_id()
        environ[_REQUEST_ID] = known
    return known


def get_request_id() -> str:
    """Return the id of the current request: in its log line, in `X-Request-Id`, in problem documents."""
    return assign_request_id(request.environ)


def _make_id() -> str:
    """Return 16 hexadecimal digits: no secret, so the generator that asks the kernel once is enough."""
    return f"{random.getrandbits(64):016x}"


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


def read_operation(
    name: str, media_type: str, address: RequestParameters, max_text_bytes: int, max_form_bytes: int
) -> tuple[str, RequestParameters]:
    """Return the text of a POST request, a "query" or an "update" (`name`), and the parameters beside it.

    It is the body of that media type, or a field of a form (SPARQL Protocol 2.1.2, 2.1.3, 2.2.1, 2.2.2).
    """
    if request.mimetype == media_type:
        if name in address:
            raise BadQuery(f"The {name} is given in the address and in the body.", hint="Send one of them.")
        return read_body_text(request, max_text_bytes), address
    if request.mimetype != FORM_MEDIA_TYPE:
        raise UnsupportedMedia(
            f"A body of type {request.mimetype or '(none)'} is not supported here.",
            hint=f"Send {media_type} or {FORM_MEDIA_TYPE}.",
        )
    form = read_form_parameters(request, max_form_bytes)
    parameters = {**address, **form}
    if name == "query" and "update" in form:
        raise BadQuery("This address takes queries.", hint="POST updates to /update.")
    if name == "update" and "query" in form:
        raise BadQuery("This address takes updates.", hint="Send queries to /sparql.")
    return require_single_value(parameters if name == "query" else form, name), parameters


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
