"""Names of drug products taken apart: ingredients, strength, salt, brand; as RxNorm makes its names.

`substance 400 MG Oral Tablet [Brand]` has one ingredient; `A / B 5 MG` is a combination. An ingredient is
known only by a whole name: similar letters mean nothing here. The words are those of name_words.tsv.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kg.model.code_spellings import parse_rows

_BRAND = re.compile(r"\s*\[([^\[\]]+)\]\s*$")
_PARTS = re.compile(r"\s+/\s+|\s*;\s*|\s*\+\s*|\s+&\s+|\s+(?:and|with)\s+", re.IGNORECASE)
_NUMBER = re.compile(r"\d[\d.,]*(?:-\d[\d.,]*)?")
_NUMBER_WITH_UNIT = re.compile(r"(?<![\w/])(\d[\d.,]*)([a-z%µ][\w/%]*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class NameWords:
    """The words of the table by kind, folded."""

    forms: frozenset[str]
    salts: frozenset[str]
    units: frozenset[str]
    abbreviations: Mapping[str, str]
    qualifiers: frozenset[str]
    vocabularies: frozenset[str]
    product_vocabularies: frozenset[str]


def parse_name_words(text: str, file_name: str = "") -> NameWords:
    """Return the words of the table; raises BadData with the line of a broken row."""
    by_kind: dict[str, dict[str, str]] = defaultdict(dict)
    for _, (word, kind, expansion, _) in parse_rows(text, 4, file_name):
        by_kind[kind][word.casefold()] = expansion
    return NameWords(
        frozenset(by_kind["form"]),
        frozenset(by_kind["salt"]),
        frozenset(by_kind["unit"]),
        by_kind["abbreviation"],
        frozenset(by_kind["qualifier"]),
        frozenset(by_kind["substance vocabulary"]),
        frozenset(by_kind["product vocabulary"]),
    )


@dataclass(frozen=True, slots=True)
class NamedIngredient:
    """A part of a product's name: `target` is the IRI of the ingredient, "" for an unknown one.

    `form` has the words of forms, routes and packages that were left out of the name.
    """

    name: str
    strength: str
    target: str
    is_salt: bool
    form: str = ""


@dataclass(frozen=True, slots=True)
class ProductName:
    """A name taken apart; `has_form` says that a dose form, a route or a package was named."""

    ingredients: tuple[NamedIngredient, ...]
    brand: str
    has_form: bool

    @property
    def targets(self) -> frozenset[str]:
        """Return the known ingredients."""
        return frozenset(part.target for part in self.ingredients if part.target)

    @property
    def is_bare(self) -> bool:
        """Return whether the name is that of one substance: no strength, form or brand."""
        return not (self.brand or self.has_form or any(part.strength for part in self.ingredients))


class ProductNames:
    """Takes names apart; `ingredients` gives the IRI of each known ingredient by any of its names."""

    def __init__(self, ingredients: Mapping[str, str], words: NameWords) -> None:
        self._ingredients = {fold_name(name): iri for name, iri in ingredients.items()}
        self._words = words

    def find_ingredient(self, name: str) -> tuple[str, bool]:
        """Return the IRI of an ingredient by its whole name, and whether the name is that of a salt.

        The IRI is "" for any other name.
        """
        folded = fold_name(name)
        if known := self._ingredients.get(folded):
            return known, False
        words = folded.split()
        while len(words) > 1 and words[-1] in self._words.salts:
            words.pop()
            if known := self._ingredients.get(" ".join(words)):
                return known, True
        return "", False

    def parse(self, text: str) -> ProductName:
        """Return the parts of a name."""
        brand = _BRAND.search(text)
        bare = text[: brand.start()] if brand else text
        parts = [self._parse_part(part) for part in _PARTS.split(bare) if part.strip()]
        named = tuple(part for part in parts if part.name or part.strength)
        return ProductName(named, brand[1] if brand else "", any(part.form for part in parts))

    def strip_form(self, text: str) -> str:
        """Return a name without the strength and the words of forms, routes and packages."""
        return " ".join(part.name for part in self.parse(text).ingredients)

    def _parse_part(self, text: str) -> NamedIngredient:
        """Return one ingredient."""
        words = _NUMBER_WITH_UNIT.sub(r"\1 \2", text.replace("(", " ").replace(")", " ")).split()
        name: list[str] = []
        strength: list[str] = []
        form: list[str] = []
        for position, word in enumerate(words):
            folded = word.casefold().strip(",.")
            after_number = position > 0 and _NUMBER.fullmatch(words[position - 1])
            is_strength = _NUMBER.fullmatch(word) and self._is_unit(words[position + 1 : position + 2])
            if is_strength or (after_number and self._is_unit([word])):
                strength.append(word)
            elif folded in self._words.forms:
                form.append(word)
            else:
                name.append(word.strip(","))
        target, is_salt = self.find_ingredient(" ".join(name))
        return NamedIngredient(" ".join(name), " ".join(strength), target, is_salt, " ".join(form))

    def _is_unit(self, words: list[str]) -> bool:
        """Return whether a word is a unit, or units by a slash: `mg`, `mg/ml`, `mg/50ml`."""
        return bool(words) and all(
            part.lstrip("0123456789.") in self._words.units for part in words[0].casefold().split("/") if part
        )


def split_parts(text: str) -> list[str]:
    """Return the ingredients that a name joins by `/`, `;`, `+`, a comma or "and"."""
    return [
        part.strip()
        for part in re.split(rf"{_PARTS.pattern}|,\s+", text, flags=re.IGNORECASE)
        if part.strip()
    ]


def fold_name(name: str) -> str:
    """Return a name without case and double blanks."""
    return " ".join(name.casefold().replace(",", " ").split())


def list_brands(names: Iterable[ProductName]) -> dict[str, frozenset[str]]:
    """Return the known ingredients of each brand (folded) of which every product has the same ingredients.

    A brand of several products that differ, and one with an unknown ingredient, is left out.
    """
    by_brand: dict[str, set[tuple[frozenset[str], bool]]] = defaultdict(set)
    for name in names:
        if name.brand:
            is_known = all(part.target for part in name.ingredients)
            by_brand[fold_name(name.brand)].add((name.targets, is_known))
    return {
        brand: next(iter(found))[0]
        for brand, found in by_brand.items()
        if len(found) == 1 and next(iter(found))[0] and next(iter(found))[1]
    }
