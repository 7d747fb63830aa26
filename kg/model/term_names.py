"""What a user may call a term: its IRI, its CURIE, its label or another label; no store here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches

from pyoxigraph import NamedNode

from kg.errors import BadQuery, NotFound
from kg.namespaces import PREFIXES

#: longer labels are sentences, which nobody mistypes for a name
MAX_SUGGESTED_LETTERS = 60


@dataclass(slots=True)
class TermNames:
    """The names of some terms; `add` the preferred ones before the others."""

    terms: set[NamedNode] = field(default_factory=set)
    labels: dict[str, list[NamedNode]] = field(default_factory=dict)

    @classmethod
    def from_rows(cls, rows: Iterable[tuple[NamedNode, str, bool]]) -> TermNames:
        """Return the names of (term, label, preferred) rows; preferred labels win over others."""
        names = cls()
        for wanted in (True, False):
            taken = frozenset(names.labels)
            for term, label, preferred in rows:
                if preferred == wanted and label.casefold() not in taken:
                    names._add_label(term, label)
        return names

    def _add_label(self, term: NamedNode, label: str) -> None:
        """Note one label."""
        self.terms.add(term)
        found = self.labels.setdefault(label.casefold(), [])
        if term not in found:
            found.append(term)

    def restrict_to(self, is_wanted: Callable[[NamedNode], bool]) -> TermNames:
        """Return the names of some terms, so that a word means one of them and near names are theirs."""
        kept = {
            label: found for label, terms in self.labels.items() if (found := [*filter(is_wanted, terms)])
        }
        return TermNames({term for term in self.terms if is_wanted(term)}, kept)

    def find_term(self, text: str, where: str = "") -> NamedNode:
        """Return the term called `text`.

        Raises NotFound with near names, BadQuery when several are called so.
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
            several = ", ".join(shorten_term(term) for term in sorted(found, key=str))
            raise BadQuery(
                f"{text!r} is the name of several: {several}.", location=where, hint="Give one of these."
            )
        if found or len(local) == 1:
            return (found or local)[0]
        raise NotFound(f"Nothing is called {text!r}.", location=where, hint=self.suggest_similar(text))

    def suggest_similar(self, text: str) -> str:
        """Return a sentence with near names."""
        prefix, colon, _ = text.partition(":")
        if colon and prefix.isalnum():
            return f"The prefix {prefix}: is not one of ours: {', '.join(PREFIXES)}."
        labels = [label for label in sorted(self.labels) if len(label) <= MAX_SUGGESTED_LETTERS]
        near = get_close_matches(text.casefold(), labels, n=4, cutoff=0.55)
        if not near and len(text) > 1:
            near = [label for label in labels if text.casefold() in label][:4]
        return f"Near: {', '.join(near)}." if near else "Search with /search?q= or give a CURIE."

    def _find_by_local_name(self, text: str) -> list[NamedNode]:
        """Return the terms whose IRI ends in a name."""
        ends = (f"/{text}".casefold(), f"#{text}".casefold())
        return [term for term in self.terms if term.value.casefold().endswith(ends)]


def _parse_iri(text: str) -> NamedNode | None:
    """Return the term of an IRI or CURIE; None for a label."""
    if text.startswith("<") and text.endswith(">"):
        text = text[1:-1]
    prefix, colon, local = text.partition(":")
    if colon and prefix in PREFIXES and local and " " not in local:
        text = PREFIXES[prefix] + local
    elif not text.startswith(("http://", "https://", "urn:")):
        return None
    try:
        return NamedNode(text)
    except ValueError as error:
        raise BadQuery(f"{text!r} is no IRI: {error}.", hint="Give an IRI, a CURIE or a label.") from error


def shorten_term(term: NamedNode) -> str:
    """Return the CURIE of a term where a prefix fits."""
    for prefix, namespace in PREFIXES.items():
        if term.value.startswith(namespace) and len(term.value) > len(namespace):
            return f"{prefix}:{term.value[len(namespace) :]}"
    return f"<{term.value}>"
