"""What handlers leave in the WSGI environment of a request for the layers around the application.

The log and the metrics read the route, the query and its rows; the cache reads whether the answer is
complete.
"""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

from flask import request

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
#: why the request is not answered (UserError), when the server found something in its head.
REFUSAL = "sparqlhost.refusal"

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
        known = proposed if _PLAIN_WORD.fullmatch(proposed) else secrets.token_hex(8)
        environ[_REQUEST_ID] = known
    return known


def get_request_id() -> str:
    """Return the id of the current request: in its log line, in `X-Request-Id`, in problem documents."""
    return assign_request_id(request.environ)
