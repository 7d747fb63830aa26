"""The words that hedge, deny, restrict or count, as `data/lexicon/` lists them, and where a text has them."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from kg.errors import BadData
from kg.namespaces import expand_curie

Interval = tuple[int, int]  # code points [start, end) of a text

#: classes whose words every sentence must account for
ACCOUNTABLE_CLASSES = frozenset({"modal", "negation", "contrast", "condition", "exception", "frequency"})
#: the others tell a whole cue from a part of one: openers of lists, words of plain statements, articles
_CLASSES = ACCOUNTABLE_CLASSES | {"list", "statement", "article"}
LEXICON_HEADER = "phrase\tclass\teffect"
PRINTED_FORMS_HEADER = "entity\tprinted"
_ONLY = "only"  # an effect that says which links a claim with the phrase may have, as in `only kg:offersIf`
_ANY_STEM = "*"  # at the start of a phrase: any letters, as in `*n't`
_HINT = "data/lexicon/README.md says how such a row is written."


@dataclass(frozen=True, slots=True)
class LexiconEntry:
    """One phrase in lower case, its class, and what it does to a statement."""

    phrase: str
    word_class: str
    effect: str

    @property
    def is_accountable(self) -> bool:
        """Return whether a sentence with this phrase must account for it."""
        return self.word_class in ACCOUNTABLE_CLASSES

    @property
    def permitted_links(self) -> frozenset[str]:
        """Return the only properties by which a claim with the phrase may link something; empty: any."""
        only, _, links = self.effect.partition(" ")
        return frozenset(links.replace("kg:", "").split()) if only == _ONLY else frozenset()

    @property
    def limits(self) -> bool:
        """Return whether the phrase denies or lowers what is said."""
        return self.effect in ("denies", "lowers")


@dataclass(frozen=True, slots=True)
class LexiconMatch:
    """A phrase of the lexicon in a text: code points [start, end)."""

    start: int
    end: int
    entry: LexiconEntry


class Lexicon:
    """All phrases of the lexicon files; a longer phrase wins over a shorter one inside it."""

    def __init__(self, entries: Iterable[LexiconEntry]) -> None:
        self._entries = {entry.phrase: entry for entry in entries}
        # stems first: "can't" does not contain "can"
        phrases = sorted(self._entries, key=lambda phrase: (not phrase.startswith(_ANY_STEM), -len(phrase)))
        self._pattern = compile_phrases(phrases)

    def __len__(self) -> int:
        """Return the number of phrases."""
        return len(self._entries)

    def find_matches(self, text: str) -> list[LexiconMatch]:
        """Return the phrases in a text, in their order; no two overlap."""
        if not self._entries:
            return []
        return [
            LexiconMatch(found.start(), found.end(), self._get_entry(found.group()))
            for found in self._pattern.finditer(text)
        ]

    def _get_entry(self, printed: str) -> LexiconEntry:
        phrase = fold_phrase(printed)
        if phrase in self._entries:
            return self._entries[phrase]
        return next(
            entry
            for stem, entry in self._entries.items()
            if stem.startswith(_ANY_STEM) and phrase.endswith(stem[1:])
        )


def parse_lexicon(text: str, name: str) -> list[LexiconEntry]:
    """Return the rows of a lexicon file; raises BadData, with the line, for the first broken one."""
    entries: dict[str, LexiconEntry] = {}
    for number, cells in _read_rows(text, name, LEXICON_HEADER):
        entry = LexiconEntry(*cells)
        message = ""
        if entry.word_class not in _CLASSES:
            message = f"There is no class {entry.word_class!r} of words."
        elif entry.phrase != fold_phrase(entry.phrase):
            message = f"The phrase {entry.phrase!r} is not in lower case with straight apostrophes."
        elif entry.phrase in entries:
            message = f"The phrase {entry.phrase!r} is listed twice."
        if message:
            raise BadData(message, location=name, line=number, hint=_HINT)
        entries[entry.phrase] = entry
    return list(entries.values())


def parse_printed_forms(text: str, name: str, entities: Container[str]) -> dict[str, set[str]]:
    """Return entity IRI -> its printed forms; raises BadData for the first broken row or unknown entity."""
    forms: dict[str, set[str]] = {}
    for number, (entity, form) in _read_rows(text, name, PRINTED_FORMS_HEADER):
        iri = expand_curie(entity)
        if iri not in entities:
            raise BadData(f"There is no {entity}.", location=name, line=number, hint=_HINT)
        forms.setdefault(iri, set()).add(fold_phrase(form))
    return forms


def _read_rows(text: str, name: str, header: str) -> Iterator[tuple[int, list[str]]]:
    """Yield line number and cells of each row under a header; raises BadData for a row of other cells."""
    count = len(header.split("\t"))
    for number, line in enumerate(text.splitlines(), 1):
        cells = line.split("\t")
        if not line or line.startswith("#") or line == header:
            continue
        if len(cells) != count or any(cell.strip() != cell or not cell for cell in cells):
            what = f"A row here has {count} cells: {header.replace(chr(9), ', ')}."
            raise BadData(what, location=name, line=number, hint=_HINT)
        yield number, cells


def compile_phrases(phrases: Iterable[str]) -> re.Pattern[str]:
    """Return a pattern of whole phrases, without case; any blank and any apostrophe match."""
    alternatives = "|".join(_make_pattern(phrase) for phrase in phrases)
    return re.compile(rf"(?<!\w)(?:{alternatives})(?!\w)", re.IGNORECASE)


def fold_phrase(printed: str) -> str:
    """Return a printed phrase as the lexicon writes it: lower case, straight apostrophes, single blanks."""
    return " ".join(printed.replace("\u2019", "'").lower().split())


def _make_pattern(phrase: str) -> str:
    stem = r"\w+" if phrase.startswith(_ANY_STEM) else ""
    words = re.escape(phrase.removeprefix(_ANY_STEM)).replace("'", "['\u2019]")
    return stem + words.replace(r"\ ", r"\s+")


def locate_cue(cue: str, text: str, start: int = 0, end: int | None = None) -> tuple[Interval, ...]:
    """Return where the parts of a cue are in `text[start:end]`, whole words in their order; or nothing.

    An ellipsis in a cue stands for words left out.
    """
    found: list[Interval] = []
    for part in (piece.strip() for piece in cue.split("\u2026")):
        whole = re.compile(rf"(?<!\w){re.escape(part)}(?!\w)")
        match = whole.search(text, found[-1][1] if found else start, len(text) if end is None else end)
        if match is None or not part:
            return ()
        found.append(match.span())
    return tuple(found)


def find_whole_forms(forms: Iterable[str], text: str) -> list[Interval]:
    """Return where whole forms are in a text, without those that are part of a longer one."""
    found = [match.span() for form in forms if form for match in _compile_form(form).finditer(text)]
    return [a for a in found if not any(b != a and b[0] <= a[0] and a[1] <= b[1] for b in found)]


@lru_cache(maxsize=4096)
def _compile_form(form: str) -> re.Pattern[str]:
    return compile_phrases([form])
