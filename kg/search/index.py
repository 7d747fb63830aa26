"""What can be found: entries with their names, codes and text, folded once."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

_SPLIT = re.compile(r"[^\w:.+]+", re.UNICODE)


@dataclass(frozen=True, slots=True)
class Name:
    """One way to call an entry, and what sort of name it is ("brand name", "as printed")."""

    text: str
    sort: str


@dataclass(frozen=True, slots=True)
class Entry:
    """Something a reader can look for."""

    iri: str
    label: str
    kind: str
    names: tuple[Name, ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class FoldedName:
    """A name made ready for comparison; `main` marks the label."""

    name: Name
    folded: str
    words: tuple[str, ...]
    main: bool


@dataclass(frozen=True, slots=True)
class Indexed:
    """An entry with its folded names and text."""

    entry: Entry
    names: tuple[FoldedName, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Index:
    """All entries, folded."""

    entries: tuple[Indexed, ...]

    @classmethod
    def build(cls, entries: Iterable[Entry]) -> Index:
        """Return the index of `entries`; initials of a label of three words or more are names too."""
        return cls(tuple(_indexed(entry) for entry in entries))


def fold(text: str) -> str:
    """Return `text` without case, accents, registered signs and punctuation between words."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return " ".join(_SPLIT.split(plain.casefold().replace("®", ""))).strip()


def initials(label: str) -> str:
    """Return the initials of a label of three words or more: what people abbreviate it to."""
    words = [word for word in _SPLIT.split(label) if word]
    return "".join(word[0] for word in words).upper() if len(words) > 2 else ""


def _indexed(entry: Entry) -> Indexed:
    names = [Name(entry.label, "name"), *entry.names]
    if short := initials(entry.label):
        names.append(Name(short, "initials"))
    folded = tuple(
        _folded(name, main=position == 0) for position, name in enumerate(names) if fold(name.text)
    )
    return Indexed(entry, folded, fold(entry.text))


def _folded(name: Name, *, main: bool) -> FoldedName:
    text = fold(name.text)
    return FoldedName(name, text, tuple(text.split()), main)
