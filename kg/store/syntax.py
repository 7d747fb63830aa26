"""The engine's syntax errors, translated: one sentence with line and column for its dump of tokens."""

from __future__ import annotations

import re

from kg.errors import BadQuery

_PLACE = re.compile(r"\bat (?:line )?(\d+)(?::| column )(\d+)", re.IGNORECASE)


def bad_query(error: SyntaxError, text: str) -> BadQuery:
    """Return the BadQuery that says what `error` of the engine says about `text`, in one sentence."""
    message = str(error.msg or error)
    place = _PLACE.search(message)
    line, column = (int(place[1]), int(place[2])) if place else (error.lineno or 0, error.offset or 0)
    return BadQuery(message, line=line, column=column, todo="Mend the text there.")
