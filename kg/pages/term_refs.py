"""How a term reads on a page: label, CURIE, address and kind, and a hedge with its place on the scale.

Hedges keep the words of the text in the order of their strength; a number for it would be invented. No store,
no Flask.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from kg.namespaces import BASE, DCTERMS, ENTITY_KINDS, KG, OA, PROV, RDF, RDFS, SKOS, compress_iri

Term = NamedNode | BlankNode | Literal | Triple
TermTriple = tuple[Term, Term, Term]

#: kinds between which a statement means something to a reader; edges between other things are the graph's own
#: bookkeeping
CONCEPT_KINDS = frozenset({"disease", "situation", "feature", "intervention", "problem", "goal"})


@dataclass(frozen=True, slots=True)
class TermRef:
    """A term as a page shows it; a literal has no `iri`, a term of another vocabulary is `outside`."""

    label: str
    iri: str = ""
    curie: str = ""
    href: str = ""
    kind: str = ""
    outside: bool = False
    language: str = ""
    datatype: str = ""


def entity_kind(iri: str) -> str:
    """Return the kind of an entity of this project ("intervention"), "term" for the ontology's, else ""."""
    if iri.startswith(KG):
        return "term"
    if not iri.startswith(BASE):
        return ""
    kind = iri[len(BASE) :].partition("/")[0]
    return kind if kind in ENTITY_KINDS else ""


def link_address(iri: str) -> str:
    """Return the address of a link to `iri`: a path of this site, an external address, or "" for neither."""
    if iri.startswith(KG):
        return f"/ont#{iri[len(KG) :]}"
    if iri.startswith(BASE):
        return "/" + iri[len(BASE) :]
    return iri if iri.startswith(("http://", "https://")) else ""


#: terms of vocabularies that are not loaded, in words
_BORROWED_LABELS = {
    SKOS["altLabel"].value: "also called",
    SKOS["hiddenLabel"].value: "also written",
    SKOS["prefLabel"].value: "name",
    SKOS["definition"].value: "definition",
    SKOS["notation"].value: "notation",
    SKOS["note"].value: "note",
    RDF["type"].value: "is a",
    RDFS["label"].value: "label",
    RDFS["comment"].value: "comment",
    RDFS["subClassOf"].value: "is a kind of",
    RDFS["subPropertyOf"].value: "is a special case of",
    RDFS["seeAlso"].value: "see also",
    DCTERMS["title"].value: "title",
    DCTERMS["creator"].value: "creator",
    DCTERMS["created"].value: "created",
    DCTERMS["license"].value: "licence",
    DCTERMS["source"].value: "source",
    DCTERMS["description"].value: "description",
    DCTERMS["hasVersion"].value: "version",
    PROV["wasDerivedFrom"].value: "was derived from",
    PROV["wasAttributedTo"].value: "was attributed to",
    PROV["hadPrimarySource"].value: "primary source",
    OA["hasSource"].value: "source",
    OA["hasSelector"].value: "place",
    OA["start"].value: "start",
    OA["end"].value: "end",
}


def label_from_iri(iri: str) -> str:
    """Return a readable name made from the IRI alone, for terms without a label."""
    if iri in _BORROWED_LABELS:
        return _BORROWED_LABELS[iri]
    if iri.startswith(BASE + "graph/"):
        return "graph " + iri[len(BASE + "graph/") :]
    local = re.split(r"[/#]", iri.rstrip("/#"))[-1]
    if entity_kind(iri) in {"claim", "span", "sentence", "decision", "relation"}:
        return f"{entity_kind(iri)} {local}"
    if entity_kind(iri):
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z][a-z])", " ", local)
    return compress_iri(iri)


@dataclass(frozen=True, slots=True)
class TermLabels:
    """The labels of one page and the ranks of its hedges, read in one query.

    A reference is made once per IRI and shared: a page repeats the same terms hundreds of times.
    """

    labels: Mapping[str, str]
    ranks: Mapping[str, int] = field(default_factory=dict)
    _refs: dict[str, TermRef] = field(default_factory=dict, repr=False, compare=False)

    def ref(self, term: Term) -> TermRef:
        """Return `term` as a page shows it."""
        if isinstance(term, NamedNode):
            return self.ref_of_iri(term.value)
        if isinstance(term, Literal):
            plain = term.datatype.value.endswith(("#string", "#langString"))
            shown = "" if plain else compress_iri(term.datatype.value)
            return TermRef(label=term.value, language=_foreign_language(term.language), datatype=shown)
        return TermRef(label="(unnamed node)" if isinstance(term, BlankNode) else str(term))

    def ref_of_iri(self, iri: str) -> TermRef:
        """Return an IRI as a page shows it."""
        if iri not in self._refs:
            self._refs[iri] = self._make_ref(iri)
        return self._refs[iri]

    def _make_ref(self, iri: str) -> TermRef:
        kind = entity_kind(iri)
        return TermRef(
            label=self.labels.get(iri) or label_from_iri(iri),
            iri=iri,
            curie=compress_iri(iri),
            href=link_address(iri),
            kind=kind,
            outside=not iri.startswith(BASE),
        )


def _foreign_language(language: str | None) -> str:
    """Return a language tag other than English, the language of the pages; else ""."""
    return language if language and not language.startswith("en") else ""


def as_json(value: Any) -> Any:
    """Return a page object as JSON values; empty fields stay, so that the shape is always the same."""
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: as_json(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, Mapping):
        return {key: as_json(item) for key, item in value.items()}
    if isinstance(value, (tuple, list, frozenset)):
        return [as_json(item) for item in value]
    return value


#: weakest to plainly stated: level of `kg:strengthRank` 1 to 5; CSS names the line under a badge after it
HEDGE_LEVELS = ("weakest", "weak", "middle", "strong", "fact")


@dataclass(frozen=True, slots=True)
class HedgeBadge:
    """How strongly a claim is worded: the hedge's name and its place on the scale."""

    label: str
    href: str
    iri: str
    level: str


def make_hedge_badge(term: Term, naming: TermLabels) -> HedgeBadge:
    """Return the badge of a hedge; one without a rank counts as the weakest."""
    ref = naming.ref(term)
    return HedgeBadge(ref.label, ref.href, ref.iri, hedge_level(naming.ranks.get(ref.iri, 1)))


def hedge_level(rank: int) -> str:
    """Return the name of a rank; ranks beyond the scale count as its ends."""
    return HEDGE_LEVELS[min(max(rank, 1), len(HEDGE_LEVELS)) - 1]


def find_weakest_hedge(badges: Iterable[HedgeBadge]) -> HedgeBadge | None:
    """Return the weakest of some hedges, None of none.

    What rests on several claims must never read stronger than the most cautious of them. Of equally weak ones
    the first IRI is taken, as the build does for `graph/weakest-hedges`.
    """
    return min(badges, key=lambda badge: (HEDGE_LEVELS.index(badge.level), badge.iri), default=None)
