"""What a user may call a term: IRI, CURIE, label or another label; and names near one that does not exist."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches

from pyoxigraph import NamedNode

from kg.errors import BadQuery, NotFound
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
                    names.terms.add(term)
                    terms = names.labels.setdefault(label.casefold(), [])
                    terms += [term] if term not in terms else []
        return names

    def restrict_to(self, is_wanted: Callable[[NamedNode], bool]) -> TermNames:
        """Return the names of the terms that `is_wanted` accepts: only these are found and proposed."""
        labels = {label: [*filter(is_wanted, terms)] for label, terms in self.labels.items()}
        return TermNames(
            {*filter(is_wanted, self.terms)}, {label: kept for label, kept in labels.items() if kept}
        )

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
        labeled = self.labels.get(text.casefold(), [])
        ends = (f"/{text}".casefold(), f"#{text}".casefold())
        by_local_name = [t for t in self.terms if not labeled and t.value.casefold().endswith(ends)]
        if len(labeled) > 1:
            several = ", ".join(compress_iri(term.value) for term in sorted(labeled, key=str))
            message = f"{text!r} is the name of several: {several}."
            raise BadQuery(message, location=where, hint="Give one of these.")
        if labeled or len(by_local_name) == 1:
            return (labeled or by_local_name)[0]
        raise NotFound(f"Nothing is called {text!r}.", location=where, hint=self.suggest_similar(text))

    def suggest_similar(self, text: str) -> str:
        """Return a sentence with similar names."""
        prefix, colon, _ = text.partition(":")
        if colon and prefix.isalnum():
            return f"{prefix}: is not a known prefix; known: {', '.join(PREFIXES)}."
        labels = [label for label in self.labels if len(label) <= _MAX_SUGGESTED_LETTERS]
        similar = find_similar_names(text, labels, limit=4)
        names = f"Similar names: {', '.join(similar)}."
        return names if similar else "Search with /search?q= or give a CURIE."


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
        message = f"{iri!r} is not a valid IRI: {error}."
        raise BadQuery(message, hint="Give an IRI, a CURIE or a label.") from error


#: ratio of difflib from which two names count as alike; at 0.6 `text` would be proposed for `treats`
_MIN_RATIO = 0.65
#: letters from which a text that is part of a name counts as its beginning or an abbreviation of it
_MIN_CONTAINED_LETTERS = 3


def find_similar_names(text: str, names: Iterable[str], limit: int = 3) -> list[str]:
    """Return at most `limit` of `names` that are spelt like `text` or contain it, best first.

    Case is ignored.

    >>> find_similar_names("Tirednes", ["remission", "tiredness"])
    ['tiredness']
    """
    wanted = text.casefold()
    by_folded = {name.casefold(): name for name in names}
    similar = get_close_matches(wanted, by_folded, n=limit, cutoff=_MIN_RATIO)
    if not similar and len(wanted) >= _MIN_CONTAINED_LETTERS:
        similar = [folded for folded in sorted(by_folded) if wanted in folded][:limit]
    return [by_folded[folded] for folded in similar]


def suggest_similar_names(text: str, names: Iterable[str], joint: str = ", ") -> str:
    """Return the sentence "Did you mean a, b? " with the similar names and a blank, or nothing.

    >>> suggest_similar_names("raised", ["raised-for", "case-claims"])
    'Did you mean raised-for? '
    """
    similar = find_similar_names(text, names)
    return f"Did you mean {joint.join(similar)}? " if similar else ""
