"""The engine's complaints, translated: one sentence with line and column for its dump of tokens."""

from __future__ import annotations

import re

from kg.errors import BadData, BadQuery, Forbidden, StoreUnavailable, TooExpensive, UserError
from kg.store.diagnosis import diagnose_query
from kg.store.lexer import locate_offset as position

_ERROR_POSITION = re.compile(r"error at (\d+):(\d+): expected (?:one of )?(.*)", re.DOTALL)
_QUOTED_SIGN = re.compile(r'"((?:[^"\\]|\\.)+)"')
_CHARACTER_CLASS = re.compile(r"\['.*?\]", re.DOTALL)  # a class of letters, ['a'..='z' | ...]
_KEYWORD = re.compile(r"\b[A-Z][A-Z]+\b")
_SENTENCE = re.compile(r"\b[A-Z][a-z]+(?: [\w`?-]+){2,}")
#: what the first letters of a term look like in the engine's list; together they mean "a term".
_TERM_STARTS = frozenset("<?$_:\"'+-(") | {"true", "false", "'''", '"""'}
_NETWORK_ERROR = re.compile(r"permission denied|dns|port \d+ is|http|connect|invalid format", re.IGNORECASE)


def explain_syntax_error(error: SyntaxError, text: str) -> BadQuery:
    """Return the BadQuery that says in one sentence what `error` of the engine says about `text`."""
    message = str(error.msg or error)
    place = _ERROR_POSITION.search(message)
    if place is None:
        return BadQuery(
            _make_sentence(message.split("\n")[0]), line=error.lineno or 0, column=error.offset or 0
        )
    known = diagnose_query(text)
    if known is not None:
        line, column = position(text, known.offset)
        return BadQuery(known.message, line=line, column=column, hint="Mend it there and send it again.")
    line, column = int(place[1]), int(place[2])
    found = _quote_text_at(text, line, column)
    reason = _SENTENCE.search(place[3])
    if reason:
        what = f"{_make_sentence(reason[0])} The text goes wrong at {found}."
    else:
        expected = _describe_expected(place[3])
        what = f"The text cannot be read at {found}{': expected ' if expected else ''}{expected}."
    return BadQuery(what, line=line, column=column, hint="Mend it there and send it again.")


def explain_rdf_error(error: SyntaxError, subject: str, location: str, hint: str) -> BadData:
    """Return the BadData that says at which line and column of RDF the engine's parser gave up."""
    return BadData(
        f"{subject} cannot be read: {str(error.msg).splitlines()[0]}.",
        location=location,
        line=error.lineno or 0,
        column=error.offset or 0,
        hint=hint,
    )


def _describe_expected(engine_message: str) -> str:
    """Return what the engine expected, in words: "a term, `.` or `}`"."""
    signs = [sign.replace('\\"', '"') for sign in _QUOTED_SIGN.findall(engine_message)]
    terms = [sign for sign in signs if sign in _TERM_STARTS]
    others = [f"`{sign}`" for sign in signs if sign not in _TERM_STARTS]
    words = list(
        dict.fromkeys(_KEYWORD.findall(_CHARACTER_CLASS.sub("", _QUOTED_SIGN.sub("", engine_message))))
    )
    named = (["a term"] if len(terms) > 2 else [f"`{sign}`" for sign in terms]) + (others + words)[:6]
    if not signs and len(words) < 2:
        return ""  # a lone keyword is where the engine gave up, not what was missing
    return named[0] if len(named) == 1 else f"{', '.join(named[:-1])} or {named[-1]}"


def _quote_text_at(text: str, line: int, column: int) -> str:
    """Return the words at a place, quoted, or "its end"."""
    lines = text.split("\n")
    rest = lines[line - 1][column - 1 :].strip() if 0 < line <= len(lines) else ""
    if not rest and not "".join(lines[line:]).strip():
        return "its end"
    return f"`{rest[:24]}`" if rest else "the end of the line"


def _make_sentence(text: str) -> str:
    """Return `text` with a capital and a full stop."""
    text = text.strip().rstrip(".")
    return f"{text[:1].upper()}{text[1:]}."


def explain_engine_error(error: Exception) -> UserError:
    """Return what an error of the engine while it ran means to the one who asked."""
    text = str(error).split("\n")[0]
    if _NETWORK_ERROR.search(text):
        return Forbidden(
            "The query asks another host (SERVICE or LOAD); this server reaches none.",
            hint="Ask that host yourself, or let the operator list its address in KG_SERVICE_ALLOW.",
        )
    if isinstance(error, MemoryError):
        return TooExpensive("The query used more memory than it may.", hint="Ask for less at a time.")
    if isinstance(error, ValueError | RuntimeError) or "exist" in text:
        return BadQuery(_make_sentence(text), hint="Change the query and send it again.")
    return StoreUnavailable(
        f"The store could not answer: {text}.", hint="Try again; tell the operator if it stays."
    )
