"""The question `for-text`: what a line of a hospital's own list may mean.

Strength, form, route, package and salt are set aside and abbreviations spelt out (name_words.tsv); what is
left must be a whole name of an entity, or of a code that leads to one. Names that are only alike are
reported as such and are not candidates. Nothing here is an answer: a person chooses.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from pyoxigraph import Literal, NamedNode

from kg.mapping_files import MAPPINGS_FOLDER
from kg.model.code_links import CodeIndex
from kg.model.product_names import (
    NamedIngredient,
    NameWords,
    ProductNames,
    fold_name,
    parse_name_words,
)
from kg.model.term_names import find_similar_names
from kg.questions.code_answers import AnswerRow, load_code_index
from kg.text_files import read_text
from sparqlhost.store.interface import Store, Term, get_term_text

TEXT_COLUMNS = tuple("text status candidate relation reason changes parts path source".split())
CANDIDATE, WITHIN, NEAR, NOTHING = "candidate", "named within", "near by letters only", "nothing"
_SAME, _PRODUCT, _SALT, _BRAND = "same", "product of", "salt of", "brand of"
_NARROWER, _PART = "narrower than", "part of a combination"
#: capitals within or before a part of a word: vinCRIStine, HYDROmorphone
_TALL_MAN = re.compile(r"\b(?:[A-Z]?[a-z]+[A-Z]{2,}[A-Za-z]*|[A-Z]{3,}[a-z]{3,})\b")
_REGISTERED = re.compile(r"[\u00ae\u2122]")
_SLASH = re.compile(r"(?<=[A-Za-z]{3})/(?=[A-Za-z]{3})")
#: names in capitals of at most so many letters are not meant by a word in small letters (CAT, cat)
_ABBREVIATION_LETTERS = 5


@dataclass(frozen=True, slots=True)
class TextCandidate:
    """A candidate for a text: the entity's IRI ("" for none), what the text is to it, and why.

    `changes` tells what was set aside or spelt out, `parts` the other parts of a combination.
    """

    status: str
    candidate: str = ""
    relation: str = ""
    reason: str = ""
    changes: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    path: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class _EntityName:
    """A name of an entity, and its kind ("label", "brand name", ...)."""

    iri: str
    name: str
    kind: str


class TextAnswers:
    """Finds candidates for texts over one store; what it read of the store and of `root` is kept."""

    columns = TEXT_COLUMNS

    def __init__(self, store: Store, root: Path) -> None:
        path = root / MAPPINGS_FOLDER / "name_words.tsv"
        self._words: NameWords = parse_name_words(read_text(path), path.name)
        self._codes: CodeIndex = load_code_index(store, root)
        self._entities: dict[str, list[_EntityName]] = defaultdict(list)
        names = store.select(read_text(root / "queries" / "imports" / "entity-names.rq"))
        for row in sorted(names, key=lambda row: get_term_text(row["rank"])):
            name = _EntityName(*(get_term_text(row[key]) for key in ("entity", "name", "kind")))
            if name.kind != "definition":
                self._entities[_fold(name.name)].append(name)
        self._code_names: dict[str, list[str]] = defaultdict(list)
        for curie, label in self._codes.list_labels():
            if label:
                self._code_names[fold_name(label)].append(curie)
        self._parser = ProductNames({}, self._words)

    def iterate_rows(self, texts: Iterable[str], system: str = "") -> Iterator[AnswerRow]:
        """Yield the rows of each text in turn; `system` means nothing here."""
        for text in texts:
            for found in self.find(text):
                yield _make_row(text, found)

    def find(self, text: str) -> tuple[TextCandidate, ...]:
        """Return the candidates for a text, or one row that says that there is none."""
        changes = ["capitals within a word are ignored"] if _TALL_MAN.search(text) else []
        spelled = " ".join(self._spell_out(word, changes) for word in _REGISTERED.sub("", text).split())
        whole = self._match(spelled)
        parts = [part for part in self._parser.parse(_SLASH.sub(" / ", spelled)).ingredients if part.name]
        found = [(candidate, ()) for candidate in whole] or self._match_parts(parts)
        if not found:
            return (self._explain_nothing(spelled, parts, changes),)
        ranked = tuple(
            replace(candidate, changes=(*changes, *candidate.changes), parts=candidate.parts or others)
            for candidate, others in found
        )
        return tuple({(c.status, c.candidate, c.relation): c for c in reversed(ranked)}.values())[::-1]

    def _spell_out(self, word: str, changes: list[str]) -> str:
        """Return the expansion of an abbreviation, or the word; an expansion is noted in `changes`."""
        expansion = self._words.abbreviations.get(word.casefold().strip(",.()"), "")
        if expansion:
            changes.append(f"{word} is read as {expansion}; it may be short for something else")
        return expansion or word

    def _match_parts(self, parts: list[NamedIngredient]) -> list[tuple[TextCandidate, tuple[str, ...]]]:
        """Return the candidates for the parts of a text, each with the names of the other parts."""
        found = []
        for part in parts:
            others = tuple(other.name for other in parts if other is not part)
            for candidate in self._match_part(part):
                relation = _PART if others else candidate.relation
                if relation == _SAME and (part.strength or part.form):
                    relation = _PRODUCT
                found.append((replace(candidate, relation=relation), others))
        return found

    def _match_part(self, part: NamedIngredient) -> Iterator[TextCandidate]:
        """Yield the candidates for one part: by its name, without salt or qualifier, else within it."""
        set_aside = {"strength": part.strength, "form": part.form}
        changes = [f"{kind} {words}" for kind, words in set_aside.items() if words]
        words = part.name.split()
        salts = len(words)
        while salts > 1 and words[salts - 1].casefold() in self._words.salts:
            salts -= 1
        readings = [(part.name, "", "")]
        if salts < len(words):
            readings.append((" ".join(words[:salts]), _SALT, f"salt {' '.join(words[salts:])}"))
        if len(words) > 1 and words[0].casefold() in self._words.qualifiers:
            readings.append((" ".join(words[1:]), _NARROWER, f"qualifier {words[0]}"))
        for name, relation, change in readings:
            matches = list(self._match(name))
            for found in matches:
                changed = (*changes, change) if change else tuple(changes)
                yield replace(found, relation=relation or found.relation, changes=changed)
            if matches:
                return
        yield from self._match_within(words, changes)

    def _match_within(self, words: list[str], changes: list[str]) -> Iterator[TextCandidate]:
        """Yield the entities of the longest name that stands within other words."""
        for length in range(len(words) - 1, 0, -1):
            for first in range(len(words) - length + 1):
                for found in self._match_entity(" ".join(words[first : first + length])):
                    rest = " ".join((*words[:first], *words[first + length :]))
                    reason = f"{found.reason}; {rest!r} was not understood, and may change the meaning"
                    yield TextCandidate(WITHIN, found.candidate, WITHIN, reason, tuple(changes))
                    return

    def _match(self, name: str) -> Iterator[TextCandidate]:
        """Yield the entities with a name, else those that codes with this label lead to."""
        entities = list(self._match_entity(name))
        yield from entities or self._match_code(name)

    def _match_entity(self, name: str) -> Iterator[TextCandidate]:
        """Yield each entity that has a name."""
        named = [
            entity
            for entity in self._entities.get(_fold(name), ())
            if not (name.islower() and entity.name.isupper() and len(entity.name) <= _ABBREVIATION_LETTERS)
        ]
        for iri in dict.fromkeys(entity.iri for entity in named):
            kinds = {entity.kind: entity.name for entity in reversed(named) if entity.iri == iri}
            kind = "brand name" if "brand name" in kinds else list(kinds)[-1]
            relation = _BRAND if kind == "brand name" else _SAME
            reason = f"its {kind} is {kinds[kind]!r}"
            yield TextCandidate(CANDIDATE, iri, relation, reason, source="this graph")

    def _match_code(self, name: str) -> Iterator[TextCandidate]:
        """Yield the entities that the codes with this label lead to."""
        for curie in self._code_names.get(fold_name(name), ()):
            for link in self._codes.find(curie).links:
                reason = f"{curie} is called so; it is judged or stated: {link.relation} {link.entity_label}"
                yield TextCandidate(
                    CANDIDATE, link.entity, link.relation, reason, (), link.parts, link.path, link.source
                )

    def _explain_nothing(
        self, spelled: str, parts: list[NamedIngredient], changes: list[str]
    ) -> TextCandidate:
        """Return the row of a text without a candidate: names that are alike, and what was refused before."""
        if not spelled:
            return TextCandidate(NOTHING, reason="the text is empty")
        names = [part.name for part in parts] or [spelled]
        refused = [
            finding.note
            for name in names
            for curie in self._code_names.get(fold_name(name), ())
            if (finding := self._codes.find(curie)).note.startswith("judged and refused")
        ]
        known = [entities[0].name for entities in self._entities.values()]
        near = [other for name in names for other in find_similar_names(name, known)]
        if near:
            reason = f"Spelt alike: {', '.join(dict.fromkeys(near))}; it may be another thing."
            return TextCandidate(NEAR, reason=" ".join((reason, *refused[:1])), changes=tuple(changes))
        reason = refused[0] if refused else "no name of an entity here, or of a code that leads to one"
        return TextCandidate(NOTHING, reason=reason, changes=tuple(changes))


def _fold(name: str) -> str:
    return fold_name(_REGISTERED.sub("", name))


def _make_row(text: str, found: TextCandidate) -> AnswerRow:
    """Return the cells of a candidate; an empty text counts as absent."""
    texts = {
        "text": text,
        "status": found.status,
        "relation": found.relation,
        "reason": found.reason,
        "changes": "; ".join(found.changes),
        "parts": "; ".join(found.parts),
        "path": found.path,
        "source": found.source,
    }
    cells: dict[str, Term] = {name: Literal(cell) for name, cell in texts.items() if cell}
    if found.candidate:
        cells["candidate"] = NamedNode(found.candidate)
    return tuple(cells.get(name) for name in TEXT_COLUMNS)
