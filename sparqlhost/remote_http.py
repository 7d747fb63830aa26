"""One exchange with a SPARQL 1.1 server through SPARQLWrapper: no redirect, a deadline on the whole.

Every way in which a server can fail is told in a sentence.
"""

from __future__ import annotations

import http.client
import io
import re
import time
import urllib.error
import urllib.request
from http.client import HTTPResponse
from urllib.parse import urlsplit, urlunsplit

from SPARQLWrapper import BASIC, POST, SPARQLWrapper

from sparqlhost.deadline_http import DeadlineHTTPHandler, DeadlineHTTPSHandler
from sparqlhost.errors import BadQuery, StoreUnavailable, TooExpensive
from sparqlhost.sparql.syntax_errors import explain_syntax_error

RESULTS_JSON = "application/sparql-results+json"
N_TRIPLES = "application/n-triples"
#: what a CONSTRUCT may come back as: N-Triples streams, Turtle is what every server can.
RDF_ACCEPT = f"{N_TRIPLES}, text/turtle;q=0.8, application/rdf+xml;q=0.5"

_BLOCK_SIZE = 1 << 16
#: how Oxigraph's own server begins; it is the engine we know, so its words can be translated.
_SYNTAX_ERROR_POSITION = re.compile(r"error at \d+:\d+")
_COMPLAINT_LENGTH = 200  # characters of a server's complaint that are passed on
_BAD_QUERY_STATUSES = frozenset({400, 422})
_TIMEOUT_STATUSES = frozenset({408, 504})


class _NoRedirectHandler(urllib.request.HTTPRedirectHandler):
    """A redirect may lead to a host that the user never named, so none is followed."""

    def redirect_request(self, *_: object, **__: object) -> None:
        """Refuse."""
        return


class SparqlExchange(SPARQLWrapper):
    """A SPARQL server's query and update address; one instance an exchange, as SPARQLWrapper keeps state."""

    def __init__(self, query: str, update: str, deadline: float) -> None:
        """Reach the server at `query` and `update`; user and password may stand in the address."""
        address, user, password = _split_credentials(query)
        super().__init__(address, updateEndpoint=_split_credentials(update)[0], agent="rrall-kg")
        self.public_address = address
        self.expires_at = time.monotonic() + deadline
        self.setMethod(POST)
        self.setOnlyConneg(True)  # no format parameter beside the header: Virtuoso finds them at odds
        if user:
            self.setHTTPAuth(BASIC)
            self.setCredentials(user, password)
        self._accept = RESULTS_JSON

    def send_query(self, query: str, accept: str) -> ResponseBody:
        """Return the body of the answer to `query`; raises StoreUnavailable, BadQuery or TooExpensive."""
        self.setQuery(query)
        self._accept = accept
        body = self._send_prepared()
        if body.media_type not in {part.partition(";")[0].strip() for part in accept.split(",")}:
            body.close()
            raise self._unavailable_error(
                f"answered {body.media_type or 'without a type'} where {accept.partition(',')[0]} was asked for"
            )
        return body

    def send_update(self, update: str) -> None:
        """Run an update; raises StoreUnavailable, BadQuery or TooExpensive."""
        self.setQuery(update)
        self._accept = "*/*"
        # SPARQLWrapper guesses the form from the text, and errs on comments: the caller has parsed it.
        self.queryType = "INSERT"
        self._send_prepared().read()

    def _getAcceptHeader(self) -> str:  # noqa: N802 - SPARQLWrapper's name
        """Return what was asked for instead of SPARQLWrapper's guess."""
        return self._accept

    def _send_prepared(self) -> ResponseBody:
        """Send the query or update; return the body, or raise the sentence for what went wrong."""
        return self._send_request(self._createRequest())

    def _build_opener(self) -> urllib.request.OpenerDirector:
        """Return what opens the address."""
        return urllib.request.build_opener(_NoRedirectHandler, DeadlineHTTPHandler, DeadlineHTTPSHandler)

    def _send_request(self, request: urllib.request.Request) -> ResponseBody:
        """Send a request; return the body, or raise the sentence for what went wrong."""
        try:
            response = self._build_opener().open(request, timeout=self._remaining_seconds())
        except urllib.error.HTTPError as error:
            with error:
                raise self._status_error(error) from error
        except TimeoutError as error:
            raise self._timeout_error() from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            reason = getattr(error, "reason", error)
            if isinstance(reason, TimeoutError):
                raise self._timeout_error() from error
            raise self._unavailable_error(f"cannot be reached ({_describe_error(reason)})") from error
        return ResponseBody(response, self)

    def _remaining_seconds(self) -> float:
        """Return the seconds left; raises TooExpensive when there are none."""
        left = self.expires_at - time.monotonic()
        if left <= 0:
            raise self._timeout_error()
        return left

    def _status_error(self, error: urllib.error.HTTPError) -> BadQuery | StoreUnavailable | TooExpensive:
        """Return what an HTTP status means."""
        if 300 <= error.code < 400:
            host = urlsplit(error.headers.get("Location", "")).netloc or "elsewhere"
            return self._unavailable_error(f"redirects to {host}, which is not followed")
        if error.code in _TIMEOUT_STATUSES:
            return self._timeout_error()
        complaint = _read_complaint(error)
        if error.code in _BAD_QUERY_STATUSES:
            if _SYNTAX_ERROR_POSITION.search(complaint):
                return explain_syntax_error(SyntaxError(complaint), str(self.queryString))
            return BadQuery(f"The remote store refused the text: {complaint}", location=self.public_address)
        return self._unavailable_error(f"answered status {error.code}: {complaint}")

    def _timeout_error(self) -> TooExpensive:
        """Return the error of a deadline that passed."""
        return TooExpensive(
            "The remote store did not answer in time.",
            location="deadline",
            hint="Narrow the query, or add a LIMIT.",
        )

    def _unavailable_error(self, failure: str) -> StoreUnavailable:
        """Return the error of a server that did what none should."""
        return StoreUnavailable(
            f"The remote store {self.public_address} {failure}.", hint="Look at that server, then try again."
        )


class ResponseBody(io.RawIOBase):
    """The body of an answer as a file that keeps the deadline and notices an end before the end."""

    def __init__(self, response: HTTPResponse, exchange: SparqlExchange) -> None:
        """Read from `response`."""
        super().__init__()
        self._response = response
        self._exchange = exchange
        self.media_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    def readable(self) -> bool:
        """Say yes."""
        return True

    def readall(self) -> bytes:
        """Return the whole rest."""
        parts = []
        while part := self._read_available(_BLOCK_SIZE):
            parts.append(part)
        return b"".join(parts)

    def read(self, size: int = -1) -> bytes:
        """Return up to `size` bytes, b"" at the end; raises StoreUnavailable where it broke off."""
        return self.readall() if size is None or size < 0 else self._read_available(size)

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill `buffer`."""
        part = self._read_available(len(buffer))
        buffer[: len(part)] = part
        return len(part)

    def _read_available(self, size: int) -> bytes:
        """Return what is there, at most `size` bytes, while the deadline lasts."""
        endpoint = self._exchange
        endpoint._remaining_seconds()
        try:
            part = self._response.read1(min(size, _BLOCK_SIZE))
        except TimeoutError as error:
            raise endpoint._timeout_error() from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise endpoint._unavailable_error(
                f"broke off in the middle of its answer ({_describe_error(error)})"
            ) from error
        if not part and size and self._response.length:
            raise endpoint._unavailable_error("ended its answer before it was whole")
        return part

    def close(self) -> None:
        """Let go of the connection."""
        self._response.close()
        super().close()


def _split_credentials(address: str) -> tuple[str, str, str]:
    """Return the address without user and password, and these two."""
    parts = urlsplit(address)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=host)), parts.username or "", parts.password or ""


def _describe_error(error: object) -> str:
    """Return the short text of a system error."""
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _read_complaint(error: urllib.error.HTTPError) -> str:
    """Return the first words of a plain-text complaint; pages of HTML are only named."""
    if "html" in error.headers.get("Content-Type", ""):
        return "with a page of HTML"
    try:
        text = error.read(4 * _COMPLAINT_LENGTH).decode("utf-8", "replace")
    except (OSError, http.client.HTTPException):
        return "without a word"
    return " ".join(text.split())[:_COMPLAINT_LENGTH] or "without a word"
