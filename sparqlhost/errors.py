"""The errors that users see; they know nothing of HTTP or exit codes.

`sparqlhost/protocol/problem_details.py` maps them to HTTP statuses; a command line maps them to exit codes.
"""

from __future__ import annotations


class UserError(Exception):
    """Something a user can correct: a message (a sentence), its location, and a hint (what to do next)."""

    def __init__(
        self, message: str, *, location: str = "", hint: str = "", line: int = 0, column: int = 0
    ) -> None:
        super().__init__(message)
        self.message = message
        self.location = location
        self.hint = hint
        self.line = line
        self.column = column

    def __str__(self) -> str:
        """Return `location:line:column: message hint`, without the parts that are not known."""
        place = ":".join(str(part) for part in (self.location, self.line, self.column) if part)
        head = f"{place}: {self.message}" if place else self.message
        return f"{head} {self.hint}".strip()


class NotFound(UserError):
    """A name, IRI, file or page that does not exist; the hint suggests similar ones."""


class BadQuery(UserError):
    """A query, update or parameter that does not parse; has line and column."""


class BadData(UserError):
    """A file or RDF body that does not parse or breaks a rule; has line and column."""


class Forbidden(UserError):
    """The operation is switched off, or the caller may not use it."""


class Unauthorized(Forbidden):
    """A token is missing or wrong."""


class NotAcceptable(UserError):
    """No available format is acceptable to the client; the hint lists the available ones."""


class UnsupportedMedia(UserError):
    """The media type of the body is not supported; the hint lists the supported ones."""


class TooSlow(UserError):
    """A request body arrives too slowly."""


class TooLarge(UserError):
    """A body, query or file over its limit."""


class HeadersTooLarge(TooLarge):
    """Headers of a request over their limit."""


class TooExpensive(UserError):
    """A query that passed its deadline, memory or row limit and was stopped."""


class Cancelled(UserError):
    """A query that its client cancelled."""


class Busy(UserError):
    """The queue is full; try again after `retry_after` seconds."""

    retry_after = 1


class TooManyRequests(Busy):
    """A client has its share of queries running; try again after `retry_after` seconds."""


class StoreUnavailable(UserError):
    """The store or a remote server cannot be reached, is full or damaged."""


class StoreFull(StoreUnavailable):
    """The disk of the store is full: reads are answered, writes are not."""


class StoreLocked(StoreUnavailable):
    """Another process has the store open for writing."""


class Inconsistent(UserError):
    """The data contradict each other, by the rules of the application."""
