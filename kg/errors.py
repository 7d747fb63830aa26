"""The errors of the service, and the one that only this project raises: many mistakes at once."""

from __future__ import annotations

from collections.abc import Iterable

from sparqlhost.errors import (
    BadData,
    BadQuery,
    Busy,
    Cancelled,
    Forbidden,
    Inconsistent,
    NotAcceptable,
    NotFound,
    StoreUnavailable,
    TooExpensive,
    TooLarge,
    TooSlow,
    Unauthorized,
    UnsupportedMedia,
    UserError,
)

__all__ = [
    "BadData",
    "BadQuery",
    "Busy",
    "Cancelled",
    "Forbidden",
    "Inconsistent",
    "InvalidFiles",
    "NotAcceptable",
    "NotFound",
    "StoreUnavailable",
    "TooExpensive",
    "TooLarge",
    "TooSlow",
    "Unauthorized",
    "UnsupportedMedia",
    "UserError",
]


class InvalidFiles(BadData):
    """All the mistakes of a run, one sentence each, in the order of their places."""

    def __init__(self, mistakes: Iterable[UserError]) -> None:
        distinct = {str(mistake): mistake for mistake in mistakes}.values()
        self.mistakes = tuple(
            sorted(
                distinct,
                key=lambda mistake: (mistake.location, mistake.line, mistake.column, mistake.message),
            )
        )
        count = "1 mistake" if len(self.mistakes) == 1 else f"{len(self.mistakes)} mistakes"
        super().__init__(f"{count}; nothing was built.", hint="`kg check` lists them.")

    def __str__(self) -> str:
        """Return the mistakes, a line each."""
        return "\n".join(map(str, self.mistakes))
