"""How a term reads on a page: label, CURIE, address and kind; no store, no Flask."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from functools import lru_cache
from typing import Any

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from kg.namespaces import BASE, DCTERMS, ENTITY_KINDS, KG, OA, OBO, PREFIXES, PROV, RDF, RDFS, SKOS

Term = NamedNode | BlankNode | Literal | Triple

_PREFIXES_LONGEST_FIRST = sorted(PREFIXES.items(), key=lambda item: -len(item[1]))


@dataclass(frozen=True, slots=True)
class TermRef:
    """A term as a page shows it; a literal has no `iri`, an address abroad is `outside`."""

    label: str
    iri: str = ""
    curie: str = ""
    href: str = ""
    kind: str = ""
    outside: bool = False
    language: str = ""
    datatype: str = ""


@lru_cache(maxsize=8192)
def compress_iri(iri: str) -> str:
    """Return the short form of an IRI, or the IRI where no prefix fits."""
    if iri.startswith(OBO) and re.fullmatch(r"[A-Za-z]+_\w+", iri[len(OBO) :]):
        return iri[len(OBO) :].replace("_", ":", 1)
    for prefix, namespace in _PREFIXES_LONGEST_FIRST:
        if iri.startswith(namespace) and iri != namespace:
            return f"{prefix}:{iri[len(namespace) :]}"
    return iri


def expand_curie(name: str) -> str:
    """Return the IRI of a CURIE of our prefixes; anything else comes back unchanged."""
    prefix, colon, local = name.partition(":")
    return PREFIXES[prefix] + local if colon and prefix in PREFIXES else name


def entity_kind(iri: str) -> str:
    """Return the kind of one of our entities ("intervention"), "term" for the ontology's, else ""."""
    if iri.startswith(KG):
        return "term"
    if not iri.startswith(BASE):
        return ""
    kind = iri[len(BASE) :].partition("/")[0]
    return kind if kind in ENTITY_KINDS else ""


def link_address(iri: str) -> str:
    """Return where a link to `iri` leads: a path of ours, or the web address abroad."""
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
    """The labels of one page (and the strength of its hedges), asked for once."""

    labels: Mapping[str, str]
    ranks: Mapping[str, int] = field(default_factory=dict)
    _refs: dict[str, TermRef] = field(default_factory=dict, repr=False, compare=False)

    def ref(self, term: Term) -> TermRef:
        """Return the reader's form of `term`."""
        if isinstance(term, NamedNode):
            return self.ref_of_iri(term.value)
        if isinstance(term, Literal):
            plain = term.datatype.value.endswith(("#string", "#langString"))
            shown = "" if plain else compress_iri(term.datatype.value)
            return TermRef(label=term.value, language=_foreign_language(term.language), datatype=shown)
        return TermRef(label="(unnamed node)" if isinstance(term, BlankNode) else str(term))

    def ref_of_iri(self, iri: str) -> TermRef:
        """Return the reader's form of an IRI, the same object each time."""
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
    """Return a language tag that differs from the page's own."""
    return language if language and not language.startswith("en") else ""


def as_json(value: Any) -> Any:
    """Return a page object as plain JSON values; empty fields stay, so that the shape is fixed."""
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: as_json(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, Mapping):
        return {key: as_json(item) for key, item in value.items()}
    if isinstance(value, (tuple, list, frozenset)):
        return [as_json(item) for item in value]
    return value


#: MERGED kg.views.hedges
#: MERGED The hedge scale: words of the text in the order of their strength; numbers would be invention.


#: weakest to plainly stated, in the order of `kg:strengthRank`; the line under a badge has the same name
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
    """Return the name of a place on the scale."""
    return HEDGE_LEVELS[min(max(rank, 1), len(HEDGE_LEVELS)) - 1]
