"""How a term, a hedge and a statement between two terms read on a page; no store, no Flask.

Hedges keep the words of the text in the order of their strength; a number for it would be invented. The five
marks say who states a statement; they follow from the named graphs it stands in.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any
from urllib.parse import urlencode

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from kg.model.graphs import GraphOrigin, get_origin
from kg.namespaces import BASE, DCTERMS, ENTITY_KINDS, KG, OA, PROV, RDF, RDFS, SKOS, compress_iri

Term = NamedNode | BlankNode | Literal | Triple
TermTriple = tuple[Term, Term, Term]

#: kinds between which a statement means something to a reader; edges between other things are the graph's own
#: bookkeeping
CONCEPT_KINDS = frozenset("disease situation feature intervention problem goal test variable".split())


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
            language = term.language or ""
            foreign = "" if language.startswith("en") else language  # pages are in English
            return TermRef(term.value, language=foreign, datatype=shown)
        return TermRef(label="(unnamed node)" if isinstance(term, BlankNode) else str(term))

    def ref_of_iri(self, iri: str) -> TermRef:
        """Return an IRI as a page shows it."""
        if iri not in self._refs:
            label, outside = self.labels.get(iri) or label_from_iri(iri), not iri.startswith(BASE)
            kind = entity_kind(iri)
            self._refs[iri] = TermRef(label, iri, compress_iri(iri), link_address(iri), kind, outside)
        return self._refs[iri]


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
    the first IRI is taken, as `kg.build.edge_annotations` does.
    """
    return min(badges, key=lambda badge: (HEDGE_LEVELS.index(badge.level), badge.iri), default=None)


ASSERTED, INFERRED, CURATED = "asserted", "inferred", "curated"
BACKGROUND, OUTSIDE = "background", "outside"

#: properties that speak against something; their edges are never drawn like an offer
NEGATIVE_PROPERTIES = frozenset(
    KG[name].value
    for name in (
        "discounts discountedBy limitedBenefitFor inheritedLimitedBenefitFor cautionedAbout notAimedAt "
        "unavailable"
    ).split()
)


@dataclass(frozen=True, slots=True)
class OriginMeaning:
    """One of the five marks and what it tells."""

    mark: str
    word: str
    meaning: str


ORIGIN_MEANINGS = (
    OriginMeaning(ASSERTED, "stated", "A claim says it; its sentence number leads to the place in the text."),
    OriginMeaning(
        CURATED,
        "curated",
        "Curators modeled it to read the text: a term, a feature, a name, a place. No claim says it.",
    ),
    OriginMeaning(INFERRED, "inferred", "A rule derived it from what is stated; why? shows the proof."),
    OriginMeaning(BACKGROUND, "background", "A curator or a user added it; the text does not say it."),
    OriginMeaning(
        OUTSIDE, "outside", "An identifier or a label of another vocabulary; never a claim of the text."
    ),
)


_MARK_BY_ORIGIN = {
    GraphOrigin.TEXT: ASSERTED,
    GraphOrigin.MODEL: CURATED,
    GraphOrigin.ONTOLOGY: CURATED,
    GraphOrigin.RECORD: CURATED,
    GraphOrigin.RULES: INFERRED,
    GraphOrigin.CURATOR: BACKGROUND,
    GraphOrigin.USER: BACKGROUND,
    GraphOrigin.VOCABULARY: OUTSIDE,
}


#: of the marks of several graphs the first counts
_CLOSEST_FIRST = (ASSERTED, CURATED, BACKGROUND, INFERRED, OUTSIDE)


def find_origin_mark(graphs: Iterable[NamedNode]) -> str:
    """Return the mark of a statement that stands in `graphs`: that of the origin closest to the text."""
    marks = {_MARK_BY_ORIGIN[get_origin(graph)] for graph in graphs}
    return next((mark for mark in _CLOSEST_FIRST if mark in marks), CURATED)


def is_negative(property_iri: str) -> bool:
    """Return whether a property limits or denies something rather than offering it."""
    return property_iri in NEGATIVE_PROPERTIES


@dataclass(frozen=True, slots=True)
class EdgeSupport:
    """What a derived edge rests on: the claims of its proofs, and what all proofs ask for (`only_if`).

    `hedges` are the weakest of those claims and, where it is another one, the strongest reading that some
    proof allows. All are empty where no proof uses a claim.
    """

    hedges: tuple[HedgeBadge, ...] = ()
    claims: tuple[TermRef, ...] = ()
    only_if: tuple[TermRef, ...] = ()


@dataclass(frozen=True, slots=True)
class EdgeRow:
    """A statement with its mark and whether it limits; when derived, its proof and its EdgeSupport."""

    subject: TermRef
    property: TermRef
    object: TermRef
    mark: str
    negative: bool
    why: str
    hedges: tuple[HedgeBadge, ...] = ()
    claims: tuple[TermRef, ...] = ()
    only_if: tuple[TermRef, ...] = ()


def read_edge_support(
    rows: Iterable[Mapping[str, Term]], naming: TermLabels
) -> Mapping[TermTriple, EdgeSupport]:
    """Return what each derived triple rests on, from rows of `edge-support`."""
    stated: dict[TermTriple, dict[Term, list[Term]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        stated[row["s"], row["p"], row["o"]][row["says"]].append(row["value"])
    return {triple: _make_support(values, naming) for triple, values in stated.items()}


def _make_support(values: Mapping[Term, list[Term]], naming: TermLabels) -> EdgeSupport:
    hedges = [*values.get(KG["weakestHedge"], ()), *values.get(KG["strongestReading"], ())]
    return EdgeSupport(
        tuple(dict.fromkeys(make_hedge_badge(hedge, naming) for hedge in hedges)),
        tuple(naming.ref(claim) for claim in values.get(KG["restsOnClaim"], ())),
        tuple(naming.ref(feature) for feature in values.get(KG["onlyIf"], ())),
    )


def proof_address(subject: Term, predicate: Term, target: Term) -> str:
    """Return the address of the proof of a triple."""
    parts = {"s": subject, "p": predicate, "o": target}.items()
    return "/explain?" + urlencode(
        {name: compress_iri(t.value) if isinstance(t, NamedNode) else str(t) for name, t in parts}
    )


def make_edge_row(
    triple: TermTriple, naming: TermLabels, mark: str, support: EdgeSupport | None = None
) -> EdgeRow:
    """Return a statement as a row; a derived one has the address of its proof."""
    support = support or EdgeSupport()
    subject, predicate, target = (naming.ref(term) for term in triple)
    why = proof_address(*triple) if mark == INFERRED else ""
    is_limit = is_negative(predicate.iri)
    return EdgeRow(
        subject, predicate, target, mark, is_limit, why, support.hedges, support.claims, support.only_if
    )
