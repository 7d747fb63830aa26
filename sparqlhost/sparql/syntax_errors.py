"""What is most likely wrong with a text the engine could not read, in the words of its writer.

The engine tells how far its furthest attempt came, which is often behind the mistake. The usual mistakes
can be seen from the tokens: a string or group not closed, an unknown prefix, a misspelt first word, a triple
without its object. Only asked when the text is known to be wrong.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from kg.namespaces import PREFIXES
from sparqlhost.errors import BadData, BadQuery, Forbidden, StoreUnavailable, TooExpensive, UserError
from sparqlhost.sparql.lexer import Token, tokenize
from sparqlhost.sparql.lexer import locate_offset as position

_FIRST_KEYWORDS = (
    "SELECT", "ASK", "CONSTRUCT", "DESCRIBE", "INSERT", "DELETE", "LOAD", "CLEAR", "DROP", "CREATE",
    "ADD", "MOVE", "COPY", "WITH",
)  # fmt: skip
_CLOSING_BRACKETS = {"{": "}", "(": ")", "[": "]", "<<": ">>", "<<(": ")>>"}
_TERM_KINDS = ("iri", "name", "variable", "blank", "string", "number")
_TERM_KEYWORDS = ("A", "TRUE", "FALSE")
_OPERATORS = ("<", ">", "=", "&", "|", "-")
_NO_TRIPLE = -1_000


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One sentence, and the offset it is about."""

    message: str
    offset: int


def diagnose_query(text: str) -> Diagnosis | None:
    """Return the first mistake that can be named, or None."""
    words = list(tokenize(text))
    if not words:
        return Diagnosis("The text is empty.", 0)
    return (
        _check_first_keyword(words)
        or _check_strings(words)
        or _check_brackets(words)
        or _check_prefixes(words)
        or _check_triples(words)
    )


def _check_first_keyword(words: list[Token]) -> Diagnosis | None:
    """Find a first word that begins nothing."""
    at = 0
    while at < len(words) and words[at].is_keyword("BASE", "PREFIX", "VERSION"):
        at += 3 if words[at].is_keyword("PREFIX") else 2
    if at >= len(words):
        return Diagnosis("The text ends where a query should begin.", words[-1].end)
    if words[at].is_keyword(*_FIRST_KEYWORDS):
        return None
    return Diagnosis(f"`{words[at].text[:40]}` begins no query and no update.", words[at].start)


def _check_strings(words: list[Token]) -> Diagnosis | None:
    """Find a quotation mark that opens a string nobody closes."""
    stray = next((word for word in words if word.kind == "other" and word.text in "'\""), None)
    return Diagnosis("The string that begins here is not closed.", stray.start) if stray else None


def _check_brackets(words: list[Token]) -> Diagnosis | None:
    """Find a bracket without its partner."""
    waiting: list[Token] = []
    for before, word in zip([words[0], *words], words, strict=False):
        if word.text == ")" and before.text in _OPERATORS:
            return Diagnosis(f"`{before.text}` has nothing to its right.", before.start)
        if word.kind == "open":
            waiting.append(word)
        elif word.kind == "close":
            if not waiting:
                return Diagnosis(f"`{word.text}` closes nothing.", word.start)
            opened = waiting.pop()
            if _CLOSING_BRACKETS.get(opened.text) != word.text:
                expected = _CLOSING_BRACKETS.get(opened.text, "another sign")
                return Diagnosis(f"`{word.text}` stands where `{expected}` is expected.", word.start)
    return (
        Diagnosis(f"The `{waiting[-1].text}` that stands here is not closed.", waiting[-1].start)
        if waiting
        else None
    )


def _check_prefixes(words: list[Token]) -> Diagnosis | None:
    """Find a prefixed name whose prefix no PREFIX declares."""
    declared: set[str] = set()
    for before, word in zip([None, *words], words, strict=False):
        if before is not None and before.is_keyword("PREFIX"):
            declared.add(word.text)
        elif word.kind == "name" and word.text.partition(":")[0] + ":" not in declared:
            return Diagnosis(
                f"The prefix of `{word.text}` is not declared; {_suggest_declaration(word.text)}.", word.start
            )
    return None


def _suggest_declaration(name: str) -> str:
    """Return what declares the prefix of a name: the whole line where the prefix is one of the project's."""
    prefix = name.partition(":")[0]
    known = PREFIXES.get(prefix)
    return f"put `PREFIX {prefix}: <{known}>` at the head" if known else "PREFIX at the head does it"


def _check_triples(words: list[Token]) -> Diagnosis | None:
    """Find a `.`, `;` or `}` behind a subject and a verb without an object."""
    counts, before = [_NO_TRIPLE], words[0]
    for word in words:
        if word.text in (".", ";", "}") and counts[-1] in (1, 2) and word.kind in ("other", "close"):
            missing = "an object" if counts[-1] == 2 else "a verb and an object"
            return Diagnosis(f"A triple needs {missing} before this `{word.text}`.", word.start)
        _count_terms(word, before, counts)
        before = word
    return None


def _count_terms(word: Token, before: Token, counts: list[int]) -> None:
    """Count the terms of the statement that `word` belongs to; a group in brackets is one term."""
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


#: MERGED kg.store.syntax
#: MERGED The engine's complaints, translated: one sentence with line and column for its dump of tokens.


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
