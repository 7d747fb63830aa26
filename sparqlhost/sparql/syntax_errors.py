"""Error messages for SPARQL and RDF texts that the engine rejects: one sentence, with line and column.

The engine reports the furthest position that its parser reached, often after the mistake, and a list of
tokens that it would have accepted there. The usual mistakes can be seen in the tokens of the text: a string
or group that is not closed, an unknown prefix, a misspelled first word, a triple without its object. Only if
none of them is found the engine's list is put into words. All of this is heuristic, and used only for a text
that is known to be wrong.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sparqlhost.errors import BadData, BadQuery, Forbidden, StoreUnavailable, TooExpensive, UserError
from sparqlhost.sparql.lexer import Token, find_outgoing_calls, locate_offset, tokenize

_FIRST_KEYWORDS = (
    "SELECT", "ASK", "CONSTRUCT", "DESCRIBE", "INSERT", "DELETE", "LOAD", "CLEAR", "DROP", "CREATE",
    "ADD", "MOVE", "COPY", "WITH",
)  # fmt: skip
_CLOSING_BRACKETS = {"{": "}", "(": ")", "[": "]", "<<": ">>", "<<(": ")>>"}
_TERM_KINDS = ("iri", "name", "variable", "blank", "string", "number")
_TERM_KEYWORDS = ("A", "TRUE", "FALSE")
_OPERATORS = ("<", ">", "=", "&", "|", "-")
_NO_TRIPLE = -1_000
#: for stores whose application names no prefixes
NO_PREFIXES: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A sentence, and the offset in the text that it is about."""

    message: str
    offset: int


def diagnose_query(text: str, prefixes: Mapping[str, str] = NO_PREFIXES) -> Diagnosis | None:
    """Return the first mistake that is recognized, or None; `prefixes` are known ones, for suggestions."""
    words = list(tokenize(text))
    if not words:
        return Diagnosis("The text is empty.", 0)
    return (
        _check_first_keyword(words)
        or _check_strings(words)
        or _check_brackets(words)
        or _check_prefixes(words, prefixes)
        or _check_triples(words)
    )


def _check_first_keyword(words: list[Token]) -> Diagnosis | None:
    """Find a first word, after the prologue, that does not begin a query or update."""
    at = 0
    while at < len(words) and words[at].is_keyword("BASE", "PREFIX", "VERSION"):
        at += 3 if words[at].is_keyword("PREFIX") else 2
    if at >= len(words):
        return Diagnosis("The text ends before the query begins.", words[-1].end)
    if words[at].is_keyword(*_FIRST_KEYWORDS):
        return None
    return Diagnosis(f"`{words[at].text[:40]}` does not begin a query or an update.", words[at].start)


def _check_strings(words: list[Token]) -> Diagnosis | None:
    """Find a quotation mark that opens a string without an end."""
    opening = next((word for word in words if word.kind == "other" and word.text in "'\""), None)
    return Diagnosis("The string that begins here is not closed.", opening.start) if opening else None


def _check_brackets(words: list[Token]) -> Diagnosis | None:
    """Find a bracket without its partner, and an operator before `)` without a right operand."""
    open_brackets: list[Token] = []
    for before, word in zip([words[0], *words], words, strict=False):
        if word.text == ")" and before.text in _OPERATORS:
            return Diagnosis(f"`{before.text}` has no right operand.", before.start)
        if word.kind == "open":
            open_brackets.append(word)
        elif word.kind == "close":
            if not open_brackets:
                return Diagnosis(f"`{word.text}` closes a group that was not opened.", word.start)
            opening = open_brackets.pop()
            if _CLOSING_BRACKETS.get(opening.text) != word.text:
                expected = _CLOSING_BRACKETS.get(opening.text, "another sign")
                return Diagnosis(f"Expected `{expected}` instead of `{word.text}`.", word.start)
    return (
        Diagnosis(f"The `{open_brackets[-1].text}` here is not closed.", open_brackets[-1].start)
        if open_brackets
        else None
    )


def _check_prefixes(words: list[Token], prefixes: Mapping[str, str]) -> Diagnosis | None:
    """Find a prefixed name whose prefix is not declared."""
    declared: set[str] = set()
    for before, word in zip([None, *words], words, strict=False):
        if before is not None and before.is_keyword("PREFIX"):
            declared.add(word.text)
        elif word.kind == "name" and word.text.partition(":")[0] + ":" not in declared:
            return Diagnosis(
                f"The prefix of `{word.text}` is not declared; {_suggest_declaration(word.text, prefixes)}.",
                word.start,
            )
    return None


def _suggest_declaration(name: str, prefixes: Mapping[str, str]) -> str:
    """Return how to declare the prefix of a name: the complete line if the prefix is a known one."""
    prefix = name.partition(":")[0]
    known = prefixes.get(prefix)
    line = f"`PREFIX {prefix}: <{known}>`"
    return f"add {line} at the start" if known else "declare it with PREFIX at the start"


def _check_triples(words: list[Token]) -> Diagnosis | None:
    """Find a `.`, `;` or `}` after a subject or a predicate that needs more terms."""
    counts, before = [_NO_TRIPLE], words[0]
    for word in words:
        if word.text in (".", ";", "}") and counts[-1] in (1, 2) and word.kind in ("other", "close"):
            missing = "an object" if counts[-1] == 2 else "a predicate and an object"
            return Diagnosis(f"A triple needs {missing} before this `{word.text}`.", word.start)
        _count_terms(word, before, counts)
        before = word
    return None


def _count_terms(word: Token, before: Token, counts: list[int]) -> None:
    """Update `counts`: for each open bracket, the terms of the current triple in it (_NO_TRIPLE: no triples).

    A group in brackets counts as one term of the triple outside.
    """
    if word.kind == "open":
        counts.append(0 if word.text == "{" and not before.is_keyword("VALUES") else _NO_TRIPLE)
        if word.text == "{" and counts[-2] < 0 and before.kind == "variable":
            counts[-1] = _NO_TRIPLE  # the block of VALUES ?x { ... }, or of GRAPH ?g
    elif word.kind == "close":
        if len(counts) > 1:
            counts.pop()
        counts[-1] = 0 if word.text == "}" and counts[-1] != _NO_TRIPLE else counts[-1] + 1
    elif word.kind == "word" and word.text.upper() not in _TERM_KEYWORDS:
        counts[-1] = _NO_TRIPLE
    elif word.kind in _TERM_KINDS or word.kind == "word":
        counts[-1] += 0 if before.text in ("^", "/", "|") and counts[-1] > 0 else 1
    elif word.text in (".", ";", ","):
        counts[-1] = {".": 0, ";": 1, ",": 2}[word.text]


_CORRECTION_HINT = "Correct it there and send it again."
_ERROR_POSITION = re.compile(r"error at (\d+):(\d+): expected (?:one of )?(.*)", re.DOTALL)
_QUOTED_SIGN = re.compile(r'"((?:[^"\\]|\\.)+)"')
_CHARACTER_CLASS = re.compile(r"\['.*?\]", re.DOTALL)  # a class of letters, ['a'..='z' | ...]
_KEYWORD = re.compile(r"\b[A-Z][A-Z]+\b")
_SENTENCE = re.compile(r"\b[A-Z][a-z]+(?: [\w`?-]+){2,}")
#: how a term can begin, in the engine's list; several of them together mean "a term".
_TERM_STARTS = frozenset("<?$_:\"'+-(") | {"true", "false", "'''", '"""'}
_UNKNOWN_FUNCTION = "The custom function"
_NETWORK_ERROR = re.compile(r"permission denied|dns|port \d+ is|http|connect|invalid format", re.IGNORECASE)


def explain_syntax_error(
    error: SyntaxError, text: str, prefixes: Mapping[str, str] = NO_PREFIXES
) -> BadQuery:
    """Return the error for a `text` that the engine rejected with `error`; see `diagnose_query`."""
    message = str(error.msg or error)
    position = _ERROR_POSITION.search(message)
    if position is None:
        return BadQuery(
            _make_sentence(message.split("\n")[0]), line=error.lineno or 0, column=error.offset or 0
        )
    diagnosis = diagnose_query(text, prefixes)
    if diagnosis is not None:
        line, column = locate_offset(text, diagnosis.offset)
        return BadQuery(diagnosis.message, line=line, column=column, hint=_CORRECTION_HINT)
    line, column = int(position[1]), int(position[2])
    quoted = _quote_text_at(text, line, column)
    reason = _SENTENCE.search(position[3])
    if reason:
        explanation = f"{_make_sentence(reason[0])} The error is at {quoted}."
    else:
        expected = _describe_expected(position[3])
        explanation = f"The text does not parse at {quoted}{': expected ' if expected else ''}{expected}."
    return BadQuery(explanation, line=line, column=column, hint=_CORRECTION_HINT)


def explain_rdf_error(error: SyntaxError, subject: str, location: str, hint: str) -> BadData:
    """Return the error for RDF that the engine's parser rejected; `subject` begins the sentence."""
    return BadData(
        f"{subject} does not parse: {str(error.msg).splitlines()[0]}.",
        location=location,
        line=error.lineno or 0,
        column=error.offset or 0,
        hint=hint,
    )


def _describe_expected(engine_message: str) -> str:
    """Return what the engine expected, in words, such as "a term, `.` or `}`"."""
    signs = [sign.replace('\\"', '"') for sign in _QUOTED_SIGN.findall(engine_message)]
    terms = [sign for sign in signs if sign in _TERM_STARTS]
    others = [f"`{sign}`" for sign in signs if sign not in _TERM_STARTS]
    words = list(
        dict.fromkeys(_KEYWORD.findall(_CHARACTER_CLASS.sub("", _QUOTED_SIGN.sub("", engine_message))))
    )
    named = (["a term"] if len(terms) > 2 else [f"`{sign}`" for sign in terms]) + (others + words)[:6]
    if not signs and len(words) < 2:
        return ""  # a single keyword is just where the parser stopped, not what is missing
    return named[0] if len(named) == 1 else f"{', '.join(named[:-1])} or {named[-1]}"


def _quote_text_at(text: str, line: int, column: int) -> str:
    """Return the text at a position, quoted, or "its end"."""
    lines = text.split("\n")
    rest = lines[line - 1][column - 1 :].strip() if 0 < line <= len(lines) else ""
    if not rest and not "".join(lines[line:]).strip():
        return "its end"
    return f"`{rest[:24]}`" if rest else "the end of the line"


def _make_sentence(text: str) -> str:
    text = text.strip().rstrip(".")
    return f"{text[:1].upper()}{text[1:]}."


def explain_engine_error(error: Exception, query: str = "") -> UserError:
    """Return the error for the client when the engine failed while it ran `query`, or another update.

    The engine's message may hold an IRI of the query, so only a query that calls out can be refused for that.
    """
    text = str(error).split("\n")[0]
    calls_out = any(find_outgoing_calls(query, keyword) for keyword in ("SERVICE", "LOAD"))
    if calls_out and not text.startswith(_UNKNOWN_FUNCTION) and _NETWORK_ERROR.search(text):
        return Forbidden(
            "The query calls another host (SERVICE or LOAD), and this server may not reach it.",
            hint="Ask that host yourself, or ask the operator to allow its address (service_allow).",
        )
    if isinstance(error, MemoryError):
        return TooExpensive("The query used more memory than allowed.", hint="Ask for less at a time.")
    if isinstance(error, ValueError | RuntimeError) or "exist" in text:
        return BadQuery(_make_sentence(text), hint="Change the query and send it again.")
    return StoreUnavailable(
        f"The store could not answer: {text}.", hint="Try again; tell the operator if it happens again."
    )
