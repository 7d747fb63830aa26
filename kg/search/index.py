"""What can be found: entries with their names, codes and text, folded once."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

_WORD_SEPARATORS = re.compile(r"[^\w:.+]+", re.UNICODE)


@dataclass(frozen=True, slots=True)
class SearchName:
    """One way to call an entry, and what sort of name it is ("brand name", "as printed")."""

    text: str
    category: str


@dataclass(frozen=True, slots=True)
class SearchEntry:
    """Something a reader can look for."""

    iri: str
    label: str
    kind: str
    names: tuple[SearchName, ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class FoldedName:
    """A name made ready for comparison; `main` marks the label."""

    name: SearchName
    folded: str
    words: tuple[str, ...]
    is_label: bool


@dataclass(frozen=True, slots=True)
class IndexedEntry:
    """An entry with its folded names and text."""

    entry: SearchEntry
    names: tuple[FoldedName, ...]
    text: str


@dataclass(frozen=True, slots=True)
class SearchIndex:
    """All entries, folded."""

    entries: tuple[IndexedEntry, ...]

    @classmethod
    def build(cls, entries: Iterable[SearchEntry]) -> SearchIndex:
        """Return the index of `entries`; initials of a label of three words or more are names too."""
        return cls(tuple(_index_entry(entry) for entry in entries))


def fold_text(text: str) -> str:
    """Return `text` without case, accents, registered signs and punctuation between words."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return " ".join(_WORD_SEPARATORS.split(plain.casefold().replace("®", ""))).strip()


def make_initials(label: str) -> str:
    """Return the initials of a label of three words or more: what people abbreviate it to."""
    words = [word for word in _WORD_SEPARATORS.split(label) if word]
    return "".join(word[0] for word in words).upper() if len(words) > 2 else ""


def _index_entry(entry: SearchEntry) -> IndexedEntry:
    names = [SearchName(entry.label, "name"), *entry.names]
    if short := make_initials(entry.label):
        names.append(SearchName(short, "initials"))
    folded = tuple(
        _fold_name(name, is_label=position == 0)
        for position, name in enumerate(names)
        if fold_text(name.text)
    )
    return IndexedEntry(entry, folded, fold_text(entry.text))


def _fold_name(name: SearchName, *, is_label: bool) -> FoldedName:
    text = fold_text(name.text)
    return FoldedName(name, text, tuple(text.split()), is_label)
