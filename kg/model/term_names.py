"""What a user may call a term: its IRI, its CURIE, its label or another label; no store here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from pyoxigraph import NamedNode

from kg.errors import BadQuery, NotFound
from kg.model.similar_names import find_similar_names
from kg.namespaces import PREFIXES, compress_iri, expand_curie

#: longer labels are sentences, which nobody mistypes for a name
_MAX_SUGGESTED_LETTERS = 60


@dataclass(slots=True)
class TermNames:
    """The names of some terms; labels are case-folded."""

    terms: set[NamedNode] = field(default_factory=set)
    labels: dict[str, list[NamedNode]] = field(default_factory=dict)

    @classmethod
    def from_rows(cls, rows: Iterable[tuple[NamedNode, str, bool]]) -> TermNames:
        """Return the names of (term, label, is preferred) rows; preferred labels win over others."""
        names = cls()
        listed = list(rows)
        for is_preferred_round in (True, False):
            taken = frozenset(names.labels)
            for term, label, is_preferred in listed:
                if is_preferred == is_preferred_round and label.casefold() not in taken:
                    names._add_label(term, label)
        return names

    def _add_label(self, term: NamedNode, label: str) -> None:
        """Record one label."""
        self.terms.add(term)
        found = self.labels.setdefault(label.casefold(), [])
        if term not in found:
            found.append(term)

    def restrict_to(self, is_wanted: Callable[[NamedNode], bool]) -> TermNames:
        """Return the names of the terms that `is_wanted` accepts: only these are found and proposed."""
        labels = {
            label: wanted for label, terms in self.labels.items() if (wanted := [*filter(is_wanted, terms)])
        }
        return TermNames({term for term in self.terms if is_wanted(term)}, labels)

    def find_term(self, text: str, where: str = "") -> NamedNode:
        """Return the term called `text`.

        Raises NotFound that proposes similar names, BadQuery when several terms have the name.
        """
        text = text.strip()
        if not text:
            raise BadQuery("Nothing is given.", location=where, hint="Give an IRI, a CURIE or a label.")
        iri = _parse_iri(text)
        if iri is not None:
            return iri
        found = self.labels.get(text.casefold(), [])
        local = [] if found else self._find_by_local_name(text)
        if len(found) > 1:
            several = ", ".join(compress_iri(term.value) for term in sorted(found, key=str))
            raise BadQuery(
                f"{text!r} is the name of several: {several}.", location=where, hint="Give one of these."
            )
        if found or len(local) == 1:
            return (found or local)[0]
        raise NotFound(f"Nothing is called {text!r}.", location=where, hint=self.suggest_similar(text))

    def suggest_similar(self, text: str) -> str:
        """Return a sentence with similar names."""
        prefix, colon, _ = text.partition(":")
        if colon and prefix.isalnum():
            return f"{prefix}: is not a known prefix; known: {', '.join(PREFIXES)}."
        labels = [label for label in self.labels if len(label) <= _MAX_SUGGESTED_LETTERS]
        similar = find_similar_names(text, labels, limit=4)
        return (
            f"Similar names: {', '.join(similar)}." if similar else "Search with /search?q= or give a CURIE."
        )

    def _find_by_local_name(self, text: str) -> list[NamedNode]:
        """Return the terms whose IRI ends in a name."""
        ends = (f"/{text}".casefold(), f"#{text}".casefold())
        return [term for term in self.terms if term.value.casefold().endswith(ends)]


def _parse_iri(text: str) -> NamedNode | None:
    """Return the term of an IRI or CURIE; None for a label."""
    if text.startswith("<") and text.endswith(">"):
        text = text[1:-1]
    iri = text if " " in text or text.endswith(":") else expand_curie(text)
    if iri == text and not text.startswith(("http://", "https://", "urn:")):
        return None
    try:
        return NamedNode(iri)
    except ValueError as error:
        raise BadQuery(
            f"{iri!r} is not a valid IRI: {error}.", hint="Give an IRI, a CURIE or a label."
        ) from error
