"""The one small hierarchy of errors; it knows nothing of HTTP or exit codes.

`sparqlhost/protocol/problem_details.py` maps these to statuses and problem documents, `kg/cli` to exit codes.
"""

from __future__ import annotations


class UserError(Exception):
    """Something a user can mend: what went wrong, where, and what to do next."""

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
        """Return one sentence: `where:line:column: what To mend it: todo`."""
        place = ":".join(str(part) for part in (self.location, self.line, self.column) if part)
        head = f"{place}: {self.message}" if place else self.message
        return f"{head} {self.hint}".strip()


class NotFound(UserError):
    """A name, IRI, file or page that does not exist; `todo` names near ones."""


class BadQuery(UserError):
    """A query, update or parameter that cannot be read; carries line and column."""


class BadData(UserError):
    """A file or RDF body that cannot be read or breaks a rule; carries line and column."""


class Forbidden(UserError):
    """The act is switched off, or the caller may not do it."""


class Unauthorized(Forbidden):
    """A token is missing or wrong."""


class NotAcceptable(UserError):
    """No representation on offer fits what was asked; `todo` lists the offers."""


class UnsupportedMedia(UserError):
    """The body's media type is not understood; `todo` lists the accepted ones."""


class TooSlow(UserError):
    """A body that comes too slowly to be waited for."""


class TooLarge(UserError):
    """A body, query or file over its limit."""


class TooExpensive(UserError):
    """A query that passed its deadline, memory or row limit and was stopped."""


class Cancelled(UserError):
    """A query that was stopped because whoever asked it said so."""


class Busy(UserError):
    """The queue is full; try again after `retry_after` seconds."""

    retry_after = 1


class StoreUnavailable(UserError):
    """The store or a remote server cannot be reached, is locked, full or damaged."""


class Inconsistent(UserError):
    """The data contradict each other, by the rules of the application."""
