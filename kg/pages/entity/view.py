"""All entities of one kind, by name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pyoxigraph import Literal, NamedNode, Triple

from kg.namespaces import BASE, DCTERMS, KG, PREFIXES, RDF, RDFS, SKOS
from kg.pages.edge_rows import (
    INFERRED,
    OUTSIDE,
    EdgeRow,
    TermTriple,
    is_negative,
    origin_of_graphs,
    proof_address,
    weakest_hedges_by_triple,
)
from kg.pages.mappings.view import OutsideIdentifier, list_identifiers
from kg.pages.page_queries import PageQueryReader, QueryRow, cell_text, terms_in_rows
from kg.pages.statements import ClaimStatement, group_claim_facts, make_statement
from kg.pages.term_refs import HedgeBadge, Term, TermLabels, TermRef, compress_iri, entity_kind, link_address

ENTITIES_PER_PAGE = 100


@dataclass(frozen=True, slots=True)
class ListedEntity:
    """An entity in a list, with its definition."""

    ref: TermRef
    definition: str


@dataclass(frozen=True, slots=True)
class ListPage:
    """A page of a list: which rows of how many, and where its neighbours are."""

    kind: str
    title: str
    total: int
    first: int
    items: tuple[ListedEntity, ...]
    previous: str
    next: str
    range: str


def list_page(reader: PageQueryReader, kind: str, page: int = 1) -> ListPage | None:
    """Return page `page` (from 1) of the entities of `kind`, or None when there is no such page."""
    rows = reader.select_rows("entities", base=[Literal(f"{BASE}{kind}/")])
    first = (page - 1) * ENTITIES_PER_PAGE
    if first < 0 or first >= len(rows):
        return None
    shown = rows[first : first + ENTITIES_PER_PAGE]
    return ListPage(
        kind=kind,
        title={"claim": "Claims", "sentence": "Segments of the text"}.get(kind, f"{kind.capitalize()}s"),
        total=len(rows),
        first=first + 1,
        items=tuple(
            _listed_entity(
                cell_text(row, "entity"), cell_text(row, "label"), cell_text(row, "definition"), kind
            )
            for row in shown
        ),
        previous=_list_address(kind, page - 1) if page > 1 else "",
        next=_list_address(kind, page + 1) if first + ENTITIES_PER_PAGE < len(rows) else "",
        range=f"{first + 1} to {first + len(shown)} of {len(rows)}",
    )


def _listed_entity(iri: str, label: str, definition: str, kind: str) -> ListedEntity:
    return ListedEntity(
        TermRef(label=label, iri=iri, curie=compress_iri(iri), href=link_address(iri), kind=kind), definition
    )


def _list_address(kind: str, page: int) -> str:
    return f"/{kind}/?page={page}"


#: MERGED kg.views.entity
#: MERGED The page of one entity: what is said of it, what limits it, what follows, and where it stands.


#: the weakest hedge a derived triple rests on, None where it rests on no claim
ProofHedgeFinder = Callable[[Triple], HedgeBadge | None]

_LABEL_PROPERTIES = (SKOS["prefLabel"].value, RDFS["label"].value)
_DEFINITION_PROPERTIES = (SKOS["definition"].value, DCTERMS["description"].value, RDFS["comment"].value)
_RDF_TYPE = RDF["type"].value
_BROADER_PROPERTIES = tuple(
    KG[name].value for name in ("kindOf", "broaderSituation", "satisfies", "exampleOf")
)
_NARROWER_PROPERTIES = tuple(KG[name].value for name in ("hasKind", "narrowerSituation", "hasExample"))
#: kinds between which an inferred edge says something to a reader; other inferred edges are plumbing
_CONCEPT_KINDS = frozenset({"disease", "situation", "feature", "intervention", "problem", "goal"})


@dataclass(frozen=True, slots=True)
class EntityName:
    """Another name of the entity and what sort of name it is."""

    text: str
    sort: str
    language: str


@dataclass(frozen=True, slots=True)
class EntityPage:
    """Everything the page of an entity shows; its JSON has the same fields."""

    ref: TermRef
    title: str
    kind: str
    types: tuple[TermRef, ...]
    definition: str
    names: tuple[EntityName, ...]
    offers: tuple[ClaimStatement, ...]
    cautions: tuple[ClaimStatement, ...]
    other_claims: tuple[ClaimStatement, ...]
    facts: tuple[EdgeRow, ...]
    inferred: tuple[EdgeRow, ...]
    plumbing: tuple[EdgeRow, ...]
    incoming: tuple[EdgeRow, ...]
    parents: tuple[TermRef, ...]
    children: tuple[TermRef, ...]
    identifiers: tuple[OutsideIdentifier, ...]

    @property
    def in_sparql(self) -> str:
        """Return the query for the claims that speak of the entity."""
        prefix = self.ref.curie.partition(":")[0]
        return _CLAIMS_QUERY.format(
            prefix=prefix, namespace=PREFIXES[prefix], kg=KG, skos=SKOS, said=self.ref.curie
        )


#: the claims of an entity as a query to take along; `said` is the entity as a CURIE
_CLAIMS_QUERY = """\
PREFIX {prefix}: <{namespace}>
PREFIX kg: <{kg}>
PREFIX skos: <{skos}>
SELECT ?claim ?cue ?hedge ?situation ?sentence WHERE {{
  ?claim kg:hasIntervention|kg:appliesTo|kg:targetsProblem {said} ; kg:cue ?cue ; kg:hasHedge ?hedge ;
    kg:hasSourceSpan/kg:inSentence/skos:notation ?sentence .
  OPTIONAL {{ ?claim kg:appliesTo ?situation }}
}} ORDER BY ?sentence ?claim
"""


@dataclass(frozen=True, slots=True)
class _OriginTriple:
    """A triple near the entity with the graphs it stands in."""

    subject: Term
    predicate: NamedNode
    object: Term
    mark: str
    general: bool = False


def entity_page(
    reader: PageQueryReader, iri: str, find_proof_hedge: ProofHedgeFinder | None = None
) -> EntityPage | None:
    """Return the page of `iri`, or None when the graph says nothing of it.

    `wording` finds the weakest hedge of a derived edge for which the build wrote none.
    """
    node = NamedNode(iri)
    out = list(_triples_with_origin(reader.select_rows("entity-out", entity=[node]), node, outgoing=True))
    back = list(_triples_with_origin(reader.select_rows("entity-in", entity=[node]), node, outgoing=False))
    if not out and not back:
        return None
    # a document has every claim; the source page shows them where they stand
    claim_rows = [] if entity_kind(iri) == "document" else reader.select_rows("claims-about", entity=[node])
    hedge_rows = reader.select_rows("edge-hedges", entity=[node])
    naming = reader.load_labels(
        _terms_in_triples(out)
        | _terms_in_triples(back)
        | terms_in_rows(claim_rows)
        | terms_in_rows(hedge_rows)
        | {node}
    )
    hedged = weakest_hedges_by_triple(hedge_rows, naming)
    said = [make_statement(facts, naming) for facts in group_claim_facts(claim_rows)]
    telling = _select_informative(out, back)
    edges = [_make_edge_row(triple, naming, hedged) for triple in telling if not triple.general]
    derived = [edge for edge in edges if edge.mark == INFERRED]
    mirrored = {(edge.object.iri, edge.subject.iri) for edge in edges if edge.mark not in {INFERRED, OUTSIDE}}
    shown = [edge for edge in derived if _is_informative_edge(edge, mirrored)]
    umbrella = [_make_edge_row(t, naming, hedged) for t in telling if t.general and t.mark == INFERRED]
    return EntityPage(
        ref=naming.ref_of_iri(iri),
        title=naming.ref_of_iri(iri).label,
        kind=entity_kind(iri),
        types=_stated_types(out, naming),
        definition=_find_definition(out),
        names=_other_names(out, naming),
        offers=tuple(item for item in said if not item.negative and item.interventions),
        cautions=tuple(item for item in said if item.negative),
        other_claims=tuple(item for item in said if not item.negative and not item.interventions),
        facts=tuple(
            edge for edge in edges if edge.subject.iri == iri and edge.mark not in {INFERRED, OUTSIDE}
        ),
        inferred=tuple(_add_proof_hedge(e, find_proof_hedge) for e in sorted(shown, key=_pair_sort_key)),
        plumbing=(*(e for e in derived if not _is_informative_edge(e, mirrored)), *umbrella),
        incoming=_incoming_edges(edges, iri),
        parents=_stated_relatives(out, _BROADER_PROPERTIES, naming),
        children=_stated_relatives(_reverse_triples(back, _BROADER_PROPERTIES), _BROADER_PROPERTIES, naming)
        or _stated_relatives(out, _NARROWER_PROPERTIES, naming),
        identifiers=list_identifiers(reader, node),
    )


def _add_proof_hedge(edge: EdgeRow, find_proof_hedge: ProofHedgeFinder | None) -> EdgeRow:
    """Return a derived edge with the weakest hedge of its proof, where the build wrote none."""
    if edge.hedges or find_proof_hedge is None:
        return edge
    triple = Triple(NamedNode(edge.subject.iri), NamedNode(edge.property.iri), NamedNode(edge.object.iri))
    found = find_proof_hedge(triple)
    return replace(edge, hedges=(found,)) if found else edge


def _triples_with_origin(
    rows: Sequence[QueryRow], node: NamedNode, *, outgoing: bool
) -> Iterator[_OriginTriple]:
    """Yield the triples of the rows once each, marked by the graphs they stand in."""
    graphs: dict[tuple[Term, Term, bool], list[str]] = defaultdict(list)
    for row in rows:
        graphs[row["p"], row["o" if outgoing else "s"], cell_text(row, "general") == "true"].append(
            cell_text(row, "graph")
        )
    for (predicate, other, general), names in graphs.items():
        if isinstance(predicate, NamedNode):
            ends = (node, other) if outgoing else (other, node)
            yield _OriginTriple(ends[0], predicate, ends[1], origin_of_graphs(names), general)


def _terms_in_triples(triples: Iterable[_OriginTriple]) -> set[Term]:
    return {term for t in triples for term in (t.subject, t.predicate, t.object)}


def _make_edge_row(
    triple: _OriginTriple, naming: TermLabels, hedges_by_triple: Mapping[TermTriple, tuple[HedgeBadge, ...]]
) -> EdgeRow:
    return EdgeRow(
        subject=naming.ref(triple.subject),
        property=naming.ref(triple.predicate),
        object=naming.ref(triple.object),
        mark=triple.mark,
        negative=is_negative(triple.predicate.value),
        why=proof_address(triple.subject, triple.predicate, triple.object) if triple.mark == INFERRED else "",
        hedges=hedges_by_triple.get((triple.subject, triple.predicate, triple.object), ()),
    )


def _select_informative(outgoing: list[_OriginTriple], incoming: list[_OriginTriple]) -> list[_OriginTriple]:
    """Return the triples worth a row: not names, definitions or stated types, nor a claim's own parts."""
    hidden = {*_LABEL_PROPERTIES, *_DEFINITION_PROPERTIES}
    own = [
        t
        for t in outgoing
        if t.predicate.value not in hidden
        and not (t.predicate.value == _RDF_TYPE and t.mark != INFERRED)
        and not (isinstance(t.object, Literal) and _is_name_property(t.predicate.value))
    ]
    return sorted([*own, *incoming], key=lambda t: (t.predicate.value, str(t.subject), str(t.object)))


def _is_informative_edge(edge: EdgeRow, stated_pairs_reversed: set[tuple[str, str]]) -> bool:
    """Say whether a derived edge joins two concepts and is more than a stated one read from the other end."""
    pair = (edge.subject.iri, edge.object.iri)
    return (
        edge.subject.kind in _CONCEPT_KINDS
        and edge.object.kind in _CONCEPT_KINDS
        and pair not in stated_pairs_reversed
    )


def _pair_sort_key(edge: EdgeRow) -> tuple[str, str, str]:
    """Keep what is said of one pair together, so that a limit stands next to what it limits."""
    return edge.subject.label.casefold(), edge.object.label.casefold(), edge.property.label


def _incoming_edges(edges: Iterable[EdgeRow], iri: str) -> tuple[EdgeRow, ...]:
    """Return stated links from elsewhere; claims are shown as sentences, so their own links are left out."""
    return tuple(
        edge
        for edge in edges
        if edge.object.iri == iri
        and edge.mark not in {INFERRED, OUTSIDE}
        and edge.subject.iri
        and edge.subject.kind != "claim"
    )


def _stated_types(outgoing: Iterable[_OriginTriple], naming: TermLabels) -> tuple[TermRef, ...]:
    return tuple(
        naming.ref(t.object) for t in outgoing if t.predicate.value == _RDF_TYPE and t.mark != INFERRED
    )


def _find_definition(outgoing: Iterable[_OriginTriple]) -> str:
    found = {t.predicate.value: t.object.value for t in outgoing if isinstance(t.object, Literal)}
    return next((found[name] for name in _DEFINITION_PROPERTIES if name in found), "")


def _is_name_property(predicate: str) -> bool:
    return predicate in {
        SKOS["altLabel"].value,
        SKOS["hiddenLabel"].value,
        *(KG[n].value for n in NAME_PROPERTIES),
    }


#: literal properties of ours that hold names
NAME_PROPERTIES = ("brandName", "sourceSpelling", "abbreviation", "printedAs", "printedForm")


def _other_names(outgoing: Iterable[_OriginTriple], naming: TermLabels) -> tuple[EntityName, ...]:
    found = [
        EntityName(t.object.value, naming.ref(t.predicate).label, t.object.language or "")
        for t in outgoing
        if isinstance(t.object, Literal) and _is_name_property(t.predicate.value)
    ]
    telling = {name.text for name in found if name.sort != "also called"}
    told = [name for name in found if name.sort != "also called" or name.text not in telling]
    return tuple(sorted(told, key=lambda name: (name.sort, name.text)))


def _reverse_triples(triples: Iterable[_OriginTriple], properties: Iterable[str]) -> list[_OriginTriple]:
    wanted = set(properties)
    return [
        _OriginTriple(t.object, t.predicate, t.subject, t.mark)
        for t in triples
        if t.predicate.value in wanted
    ]


def _stated_relatives(
    triples: Iterable[_OriginTriple], properties: Iterable[str], naming: TermLabels
) -> tuple[TermRef, ...]:
    """Return the stated neighbours by some properties, each once."""
    wanted = set(properties)
    found: Mapping[str, TermRef] = {
        t.object.value: naming.ref(t.object)
        for t in triples
        if t.predicate.value in wanted and t.mark != INFERRED and isinstance(t.object, NamedNode)
    }
    return tuple(sorted(found.values(), key=lambda ref: ref.label.casefold()))
