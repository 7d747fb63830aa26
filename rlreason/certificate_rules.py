"""The rules as the checker of certificates reads them: from the `.rq` files, without the engine's parser."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from rlreason.certificate_files import Triple

_TYPE = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>"
#: walks along a list: how many cells they pass over, and whether they lead to members
WALKS = {"rdf:rest*/rdf:first": (0, True), "rdf:rest*": (0, False), "rdf:rest+/rdf:first": (1, True)}
_IRI, _LITERAL, _NAME = r"<[^>\s]*>", r'"[^"]*"(?:\^\^[\w:-]+)?', r"[\w-]*:[\w*+-]+(?:/[\w-]+:[\w-]+)?"
_TOKEN = re.compile(rf"{_IRI}|{_LITERAL}|\?\w+|{_NAME}|[{{}}.;]|[\w*]+|[^\s\w]")
#: what a rule of one's own may hold that is not read here
_UNREAD = re.compile(r"\b(?:BIND|VALUES)\b|(?<!\^)\^(?!\^)|[,\[]")


@dataclass(frozen=True)
class CheckedRule:
    """A rule as its file says it; `member` and `conditions` are what must hold of all members of a list."""

    head: list[Triple]
    body: list[Triple]
    member: list[Triple]
    conditions: list[Triple]
    header: dict[str, str]


def read_rules(folders: Iterable[Path]) -> dict[str, CheckedRule]:
    """Return the rules of some folders by name."""
    rules = {}
    for path in sorted(path for folder in folders for path in folder.rglob("*.rq")):
        text = path.read_text("utf-8")
        header = dict(re.findall(r"^# ([a-z]+): (.*)$", text, re.MULTILINE))
        prefixes = dict(re.findall(r"^PREFIX ([\w-]*:)\s*<([^>]*)>", text, re.MULTILINE))
        code = re.sub(r"^(#|PREFIX).*$", "", text, flags=re.MULTILINE)
        head, _, where = code.partition("WHERE")
        where, _, every = where.partition("FILTER")
        member, _, conditions = every.removeprefix(" NOT EXISTS").partition("FILTER NOT EXISTS")
        if _UNREAD.search(where) or (every and not conditions):
            header.setdefault("builtin", "expressions")
        groups = ["", "", "", ""] if "builtin" in header else [head, where, member, conditions]
        first, second, third, fourth = (_read_atoms(group, prefixes) for group in groups)
        rules[header.get("rule", path.stem)] = CheckedRule(first, second, third, fourth, header)
    return rules


def _read_atoms(text: str, prefixes: dict[str, str]) -> list[Triple]:
    """Return the triple patterns of a group; `;` repeats the subject."""
    atoms: list[Triple] = []
    terms: list[str] = []
    for part in _TOKEN.findall(text):
        if part in ".;{}":
            if terms:
                s, p, o = terms
                atoms.append((s, p, o))
            terms = terms[:1] if part == ";" else []
        elif part not in {"CONSTRUCT", "SELECT", "*"}:
            terms.append(_read_term(part, prefixes))
    return atoms


def _read_term(part: str, prefixes: dict[str, str]) -> str:
    if part[0] in "?<" or part in WALKS:
        return part
    text, mark, name = part.partition("^^") if part[0] == '"' else ("", "", part)
    prefix, colon, local = name.partition(":")
    iri = f"<{prefixes[prefix + colon]}{local}>" if colon else _TYPE
    return text + mark + iri if name else text
