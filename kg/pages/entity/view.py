"""The page of one entity, and the list of all entities of a kind.

A page shows what the text says of the entity, what limits it, what follows, and what the entity is linked to.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pyoxigraph import Literal, NamedNode

from kg.namespaces import BASE, DCTERMS, KG, RDF, RDFS, SKOS, compress_iri
from kg.pages.mappings.view import OutsideIdentifier, list_identifiers
from kg.pages.page_queries import (
    PageQueryReader,
    QueryRow,
    cell_text,
    number_addresses,
    slice_page,
    terms_in_rows,
)
from kg.pages.statements import ClaimStatement, group_claim_facts, make_statement
from kg.pages.term_refs import (
    CONCEPT_KINDS,
    INFERRED,
    OUTSIDE,
    EdgeRow,
    EdgeSupport,
    Term,
    TermLabels,
    TermRef,
    TermTriple,
    entity_kind,
    find_origin_mark,
    link_address,
    make_edge_row,
    read_edge_support,
)

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
    listed = slice_page(rows, page, number_addresses(f"/{kind}/"), per_page=ENTITIES_PER_PAGE)
    if not listed or not listed.items:
        return None
    return ListPage(
        kind=kind,
        title={"claim": "Claims", "sentence": "Segments of the text"}.get(kind, f"{kind.capitalize()}s"),
        total=len(rows),
        first=(page - 1) * ENTITIES_PER_PAGE + 1,
        items=tuple(_listed_entity(row, kind) for row in listed.items),
        previous=listed.previous,
        next=listed.next,
        range=listed.range,
    )


def _listed_entity(row: QueryRow, kind: str) -> ListedEntity:
    iri = cell_text(row, "entity")
    ref = TermRef(cell_text(row, "label"), iri, compress_iri(iri), link_address(iri), kind)
    return ListedEntity(ref, cell_text(row, "definition"))


_LABEL_PROPERTIES = (SKOS["prefLabel"].value, RDFS["label"].value)
_NAME_PROPERTIES = frozenset(
    {SKOS["altLabel"].value, SKOS["hiddenLabel"].value}
    | {KG[name].value for name in ("brandName", "sourceSpelling", "printedAs")}
)
_DEFINITION_PROPERTIES = (SKOS["definition"].value, DCTERMS["description"].value, RDFS["comment"].value)
_BROADER_PROPERTIES = tuple(
    KG[name].value for name in ("kindOf", "broaderSituation", "satisfies", "exampleOf")
)
_NARROWER_PROPERTIES = tuple(KG[name].value for name in ("hasKind", "narrowerSituation", "hasExample"))


@dataclass(frozen=True, slots=True)
class EntityName:
    """Another name of the entity and what sort of name it is."""

    text: str
    sort: str
    language: str


@dataclass(frozen=True, slots=True)
class EntityPage:
    """Everything the page of an entity shows; its JSON has the same fields.

    `nearby`, of a situation: what is said of broader and narrower ones, by the columns of that question.
    """

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
    nearby: tuple[Mapping[str, TermRef | None], ...] = ()


@dataclass(frozen=True, slots=True)
class _OriginTriple:
    """A triple near the entity with the graphs it stands in."""

    subject: Term
    predicate: NamedNode
    object: Term
    mark: str
    general: bool = False


def entity_page(reader: PageQueryReader, iri: str) -> EntityPage | None:
    """Return the page of `iri`, or None when no triple holds it."""
    node = NamedNode(iri)
    out = list(_triples_with_origin(reader.select_rows("entity-out", entity=[node]), node, outgoing=True))
    back = list(_triples_with_origin(reader.select_rows("entity-in", entity=[node]), node, outgoing=False))
    if not out and not back:
        return None
    # a document has every claim; the source page shows them where they stand
    claim_rows = [] if entity_kind(iri) == "document" else reader.select_rows("claims-about", entity=[node])
    support_rows = reader.select_rows("edge-support", entity=[node])
    near = {term for t in (*out, *back) for term in (t.subject, t.predicate, t.object)}
    naming = reader.load_labels(near | terms_in_rows([*claim_rows, *support_rows]) | {node})
    support = read_edge_support(support_rows, naming)
    statements = [make_statement(facts, naming) for facts in group_claim_facts(claim_rows)]
    informative = _select_informative(out, back)
    edges = [_make_edge_row(triple, naming, support) for triple in informative if not triple.general]
    derived = [edge for edge in edges if edge.mark == INFERRED]
    mirrored = {(edge.object.iri, edge.subject.iri) for edge in edges if edge.mark not in {INFERRED, OUTSIDE}}
    between_concepts = [edge for edge in derived if _is_informative_edge(edge, mirrored)]
    general = [_make_edge_row(t, naming, support) for t in informative if t.general and t.mark == INFERRED]
    return EntityPage(
        ref=naming.ref_of_iri(iri),
        title=naming.ref_of_iri(iri).label,
        kind=entity_kind(iri),
        types=tuple(naming.ref(t.object) for t in out if t.predicate == RDF["type"] and t.mark != INFERRED),
        definition=_find_definition(out),
        names=_other_names(out, naming),
        offers=tuple(item for item in statements if not item.negative and item.interventions),
        cautions=tuple(item for item in statements if item.negative),
        other_claims=tuple(item for item in statements if not item.negative and not item.interventions),
        facts=tuple(e for e in edges if e.subject.iri == iri and e.mark not in {INFERRED, OUTSIDE}),
        inferred=tuple(sorted(between_concepts, key=_by_pair)),
        plumbing=(*(e for e in derived if not _is_informative_edge(e, mirrored)), *general),
        incoming=_incoming_edges(edges, iri),
        parents=_stated_relatives(out, _BROADER_PROPERTIES, naming),
        children=_stated_relatives(back, _BROADER_PROPERTIES, naming, outgoing=False)
        or _stated_relatives(out, _NARROWER_PROPERTIES, naming),
        identifiers=list_identifiers(reader, node),
    )


def _triples_with_origin(
    rows: Sequence[QueryRow], node: NamedNode, *, outgoing: bool
) -> Iterator[_OriginTriple]:
    """Yield each triple of the rows once, with the mark of all its graphs."""
    graphs: dict[tuple[Term, Term, bool], list[NamedNode]] = defaultdict(list)
    for row in rows:
        if isinstance(graph := row["graph"], NamedNode):
            is_general = cell_text(row, "general") == "true"
            graphs[row["p"], row["o" if outgoing else "s"], is_general].append(graph)
    for (predicate, other, general), names in graphs.items():
        if isinstance(predicate, NamedNode):
            ends = (node, other) if outgoing else (other, node)
            yield _OriginTriple(ends[0], predicate, ends[1], find_origin_mark(names), general)


def _make_edge_row(
    triple: _OriginTriple, naming: TermLabels, support: Mapping[TermTriple, EdgeSupport]
) -> EdgeRow:
    terms = (triple.subject, triple.predicate, triple.object)
    return make_edge_row(terms, naming, triple.mark, support.get(terms))


def _select_informative(outgoing: list[_OriginTriple], incoming: list[_OriginTriple]) -> list[_OriginTriple]:
    """Return the triples worth a row: not names, definitions or stated types, nor a claim's own parts."""
    hidden = {*_LABEL_PROPERTIES, *_DEFINITION_PROPERTIES}
    own = [
        t
        for t in outgoing
        if t.predicate.value not in hidden
        and not (t.predicate == RDF["type"] and t.mark != INFERRED)
        and not (isinstance(t.object, Literal) and t.predicate.value in _NAME_PROPERTIES)
    ]
    return sorted([*own, *incoming], key=lambda t: (t.predicate.value, str(t.subject), str(t.object)))


def _is_informative_edge(edge: EdgeRow, stated_pairs_reversed: set[tuple[str, str]]) -> bool:
    """Return whether a derived edge joins two concepts and is not a stated edge read from its other end."""
    joins_concepts = {edge.subject.kind, edge.object.kind} <= CONCEPT_KINDS
    return joins_concepts and (edge.subject.iri, edge.object.iri) not in stated_pairs_reversed


def _by_pair(edge: EdgeRow) -> tuple[str, str, str]:
    """Sort edges by their pair of ends, so that a limit stands next to what it limits."""
    return edge.subject.label.casefold(), edge.object.label.casefold(), edge.property.label


def _incoming_edges(edges: Iterable[EdgeRow], iri: str) -> tuple[EdgeRow, ...]:
    """Return stated links from elsewhere; claims are shown as sentences, so their own links are left out."""
    stated = [e for e in edges if e.object.iri == iri and e.mark not in {INFERRED, OUTSIDE}]
    return tuple(edge for edge in stated if edge.subject.iri and edge.subject.kind != "claim")


def _find_definition(outgoing: Iterable[_OriginTriple]) -> str:
    texts = {t.predicate.value: t.object.value for t in outgoing if isinstance(t.object, Literal)}
    return next((texts[name] for name in _DEFINITION_PROPERTIES if name in texts), "")


def _other_names(outgoing: Iterable[_OriginTriple], naming: TermLabels) -> tuple[EntityName, ...]:
    """Return the other names, sorted; one that has a more special sort is not "also called" as well."""
    names = [
        EntityName(t.object.value, naming.ref(t.predicate).label, t.object.language or "")
        for t in outgoing
        if isinstance(t.object, Literal) and t.predicate.value in _NAME_PROPERTIES
    ]
    special = {name.text for name in names if name.sort != "also called"}
    shown = [name for name in names if name.sort != "also called" or name.text not in special]
    return tuple(sorted(shown, key=lambda name: (name.sort, name.text)))


def _stated_relatives(
    triples: Iterable[_OriginTriple], properties: Sequence[str], naming: TermLabels, *, outgoing: bool = True
) -> tuple[TermRef, ...]:
    """Return the stated neighbours by some properties, each once."""
    stated = [t for t in triples if t.predicate.value in properties and t.mark != INFERRED]
    others = {t.object if outgoing else t.subject for t in stated}
    refs = [naming.ref(other) for other in sorted(others, key=str) if isinstance(other, NamedNode)]
    return tuple(sorted(refs, key=lambda ref: ref.label.casefold()))
