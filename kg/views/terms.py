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

_BY_LENGTH = sorted(PREFIXES.items(), key=lambda item: -len(item[1]))


@dataclass(frozen=True, slots=True)
class Ref:
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
def curie(iri: str) -> str:
    """Return the short form of an IRI, or the IRI where no prefix fits."""
    if iri.startswith(OBO) and re.fullmatch(r"[A-Za-z]+_\w+", iri[len(OBO) :]):
        return iri[len(OBO) :].replace("_", ":", 1)
    for prefix, namespace in _BY_LENGTH:
        if iri.startswith(namespace) and iri != namespace:
            return f"{prefix}:{iri[len(namespace) :]}"
    return iri


def expand(name: str) -> str:
    """Return the IRI of a CURIE of our prefixes; anything else comes back unchanged."""
    prefix, colon, local = name.partition(":")
    return PREFIXES[prefix] + local if colon and prefix in PREFIXES else name


def kind_of(iri: str) -> str:
    """Return the kind of one of our entities ("intervention"), "term" for the ontology's, else ""."""
    if iri.startswith(KG):
        return "term"
    if not iri.startswith(BASE):
        return ""
    kind = iri[len(BASE) :].partition("/")[0]
    return kind if kind in ENTITY_KINDS else ""


def href(iri: str) -> str:
    """Return where a link to `iri` leads: a path of ours, or the web address abroad."""
    if iri.startswith(KG):
        return f"/ont#{iri[len(KG) :]}"
    if iri.startswith(BASE):
        return "/" + iri[len(BASE) :]
    return iri if iri.startswith(("http://", "https://")) else ""


#: terms of vocabularies that are not loaded, in words
_BORROWED = {
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


def spoken(iri: str) -> str:
    """Return a readable name made from the IRI alone, for terms without a label."""
    if iri in _BORROWED:
        return _BORROWED[iri]
    if iri.startswith(BASE + "graph/"):
        return "graph " + iri[len(BASE + "graph/") :]
    local = re.split(r"[/#]", iri.rstrip("/#"))[-1]
    if kind_of(iri) in {"claim", "span", "sentence", "decision", "relation"}:
        return f"{kind_of(iri)} {local}"
    if kind_of(iri):
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z][a-z])", " ", local)
    return curie(iri)


@dataclass(frozen=True, slots=True)
class Naming:
    """The labels of one page (and the strength of its hedges), asked for once."""

    labels: Mapping[str, str]
    ranks: Mapping[str, int] = field(default_factory=dict)
    _made: dict[str, Ref] = field(default_factory=dict, repr=False, compare=False)

    def ref(self, term: Term) -> Ref:
        """Return the reader's form of `term`."""
        if isinstance(term, NamedNode):
            return self.iri(term.value)
        if isinstance(term, Literal):
            plain = term.datatype.value.endswith(("#string", "#langString"))
            shown = "" if plain else curie(term.datatype.value)
            return Ref(label=term.value, language=_foreign(term.language), datatype=shown)
        return Ref(label="(unnamed node)" if isinstance(term, BlankNode) else str(term))

    def iri(self, iri: str) -> Ref:
        """Return the reader's form of an IRI, the same object each time."""
        if iri not in self._made:
            self._made[iri] = self._make(iri)
        return self._made[iri]

    def _make(self, iri: str) -> Ref:
        kind = kind_of(iri)
        return Ref(
            label=self.labels.get(iri) or spoken(iri),
            iri=iri,
            curie=curie(iri),
            href=href(iri),
            kind=kind,
            outside=not iri.startswith(BASE),
        )


def _foreign(language: str | None) -> str:
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
