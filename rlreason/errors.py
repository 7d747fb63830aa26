"""The errors of this library; it knows nothing of the errors of the application that uses it."""

from __future__ import annotations


class RuleError(Exception):
    """A rule file that cannot be read as a rule, or a folder without any.

    `file` is the path as it was given; `line` and `column` count from 1, 0 means unknown.
    """

    def __init__(
        self, message: str, *, file: str = "", line: int = 0, column: int = 0, hint: str = ""
    ) -> None:
        super().__init__(message)
        self.message, self.file, self.line, self.column, self.hint = message, file, line, column, hint

    def __str__(self) -> str:
        """Return `file:line:column: message hint`, without the parts that are unknown."""
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part)
        return " ".join(part for part in (f"{place}:" if place else "", self.message, self.hint) if part)


class RemoteError(Exception):
    """A SPARQL server failed or refused a query or an update; raised by the caller's connection."""
