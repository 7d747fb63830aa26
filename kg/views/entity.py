"""The page of one entity: what is said of it, what limits it, what follows, and where it stands."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pyoxigraph import Literal, NamedNode, Triple

from kg.namespaces import DCTERMS, KG, PREFIXES, RDF, RDFS, SKOS
from kg.views.edges import Edge, Triples, weakest, why
from kg.views.hedges import Hedge
from kg.views.marks import INFERRED, OUTSIDE, is_negative, mark_of
from kg.views.outside import Identifier, identifiers
from kg.views.reading import Reader, Row, terms_of, text
from kg.views.statements import Statement, claim_facts, statement
from kg.views.terms import Naming, Ref, Term, kind_of

#: the weakest hedge a derived triple rests on, None where it rests on no claim
Wording = Callable[[Triple], Hedge | None]

_LABELS = (SKOS["prefLabel"].value, RDFS["label"].value)
_DEFINITIONS = (SKOS["definition"].value, DCTERMS["description"].value, RDFS["comment"].value)
_TYPE = RDF["type"].value
_UP = tuple(KG[name].value for name in ("kindOf", "broaderSituation", "satisfies", "exampleOf"))
_DOWN = tuple(KG[name].value for name in ("hasKind", "narrowerSituation", "hasExample"))
#: kinds between which an inferred edge says something to a reader; other inferred edges are plumbing
_CONCEPTS = frozenset({"disease", "situation", "feature", "intervention", "problem", "goal"})


@dataclass(frozen=True, slots=True)
class Name:
    """Another name of the entity and what sort of name it is."""

    text: str
    sort: str
    language: str


@dataclass(frozen=True, slots=True)
class EntityPage:
    """Everything the page of an entity shows; its JSON has the same fields."""

    ref: Ref
    title: str
    kind: str
    types: tuple[Ref, ...]
    definition: str
    names: tuple[Name, ...]
    offers: tuple[Statement, ...]
    cautions: tuple[Statement, ...]
    other_claims: tuple[Statement, ...]
    facts: tuple[Edge, ...]
    inferred: tuple[Edge, ...]
    plumbing: tuple[Edge, ...]
    incoming: tuple[Edge, ...]
    parents: tuple[Ref, ...]
    children: tuple[Ref, ...]
    identifiers: tuple[Identifier, ...]

    @property
    def in_sparql(self) -> str:
        """Return the query for the claims that speak of the entity."""
        prefix = self.ref.curie.partition(":")[0]
        return _IN_SPARQL.format(
            prefix=prefix, namespace=PREFIXES[prefix], kg=KG, skos=SKOS, said=self.ref.curie
        )


#: the claims of an entity as a query to take along; `said` is the entity as a CURIE
_IN_SPARQL = """\
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
class _Triple:
    """A triple near the entity with the graphs it stands in."""

    subject: Term
    predicate: NamedNode
    object: Term
    mark: str
    general: bool = False


def entity_page(reader: Reader, iri: str, wording: Wording | None = None) -> EntityPage | None:
    """Return the page of `iri`, or None when the graph says nothing of it.

    `wording` finds the weakest hedge of a derived edge for which the build wrote none.
    """
    node = NamedNode(iri)
    out = list(_triples(reader.rows("entity-out", entity=[node]), node, outgoing=True))
    back = list(_triples(reader.rows("entity-in", entity=[node]), node, outgoing=False))
    if not out and not back:
        return None
    # a document has every claim; the source page shows them where they stand
    claim_rows = [] if kind_of(iri) == "document" else reader.rows("claims-about", entity=[node])
    hedge_rows = reader.rows("edge-hedges", entity=[node])
    naming = reader.naming(_terms(out) | _terms(back) | terms_of(claim_rows) | terms_of(hedge_rows) | {node})
    hedged = weakest(hedge_rows, naming)
    said = [statement(facts, naming) for facts in claim_facts(claim_rows)]
    telling = _telling(out, back)
    edges = [_edge(triple, naming, hedged) for triple in telling if not triple.general]
    derived = [edge for edge in edges if edge.mark == INFERRED]
    mirrored = {(edge.object.iri, edge.subject.iri) for edge in edges if edge.mark not in {INFERRED, OUTSIDE}}
    shown = [edge for edge in derived if _telling_edge(edge, mirrored)]
    umbrella = [_edge(t, naming, hedged) for t in telling if t.general and t.mark == INFERRED]
    return EntityPage(
        ref=naming.iri(iri),
        title=naming.iri(iri).label,
        kind=kind_of(iri),
        types=_types(out, naming),
        definition=_definition(out),
        names=_names(out, naming),
        offers=tuple(item for item in said if not item.negative and item.interventions),
        cautions=tuple(item for item in said if item.negative),
        other_claims=tuple(item for item in said if not item.negative and not item.interventions),
        facts=tuple(
            edge for edge in edges if edge.subject.iri == iri and edge.mark not in {INFERRED, OUTSIDE}
        ),
        inferred=tuple(_worded(e, wording) for e in sorted(shown, key=_by_pair)),
        plumbing=(*(e for e in derived if not _telling_edge(e, mirrored)), *umbrella),
        incoming=_incoming(edges, iri),
        parents=_relatives(out, _UP, naming),
        children=_relatives(_reversed(back, _UP), _UP, naming) or _relatives(out, _DOWN, naming),
        identifiers=identifiers(reader, node),
    )


def _worded(edge: Edge, wording: Wording | None) -> Edge:
    """Return a derived edge with the weakest hedge of its proof, where the build wrote none."""
    if edge.hedges or wording is None:
        return edge
    triple = Triple(NamedNode(edge.subject.iri), NamedNode(edge.property.iri), NamedNode(edge.object.iri))
    found = wording(triple)
    return replace(edge, hedges=(found,)) if found else edge


def _triples(rows: Sequence[Row], node: NamedNode, *, outgoing: bool) -> Iterator[_Triple]:
    """Yield the triples of the rows once each, marked by the graphs they stand in."""
    graphs: dict[tuple[Term, Term, bool], list[str]] = defaultdict(list)
    for row in rows:
        graphs[row["p"], row["o" if outgoing else "s"], text(row, "general") == "true"].append(
            text(row, "graph")
        )
    for (predicate, other, general), names in graphs.items():
        if isinstance(predicate, NamedNode):
            ends = (node, other) if outgoing else (other, node)
            yield _Triple(ends[0], predicate, ends[1], mark_of(names), general)


def _terms(triples: Iterable[_Triple]) -> set[Term]:
    return {term for t in triples for term in (t.subject, t.predicate, t.object)}


def _edge(triple: _Triple, naming: Naming, hedged: Mapping[Triples, tuple[Hedge, ...]]) -> Edge:
    return Edge(
        subject=naming.ref(triple.subject),
        property=naming.ref(triple.predicate),
        object=naming.ref(triple.object),
        mark=triple.mark,
        negative=is_negative(triple.predicate.value),
        why=why(triple.subject, triple.predicate, triple.object) if triple.mark == INFERRED else "",
        hedges=hedged.get((triple.subject, triple.predicate, triple.object), ()),
    )


def _telling(out: list[_Triple], back: list[_Triple]) -> list[_Triple]:
    """Return the triples worth a row: not names, definitions or stated types, nor a claim's own parts."""
    hidden = {*_LABELS, *_DEFINITIONS}
    own = [
        t
        for t in out
        if t.predicate.value not in hidden
        and not (t.predicate.value == _TYPE and t.mark != INFERRED)
        and not (isinstance(t.object, Literal) and _is_name(t.predicate.value))
    ]
    return sorted([*own, *back], key=lambda t: (t.predicate.value, str(t.subject), str(t.object)))


def _telling_edge(edge: Edge, mirrored: set[tuple[str, str]]) -> bool:
    """Say whether a derived edge joins two concepts and is more than a stated one read from the other end."""
    pair = (edge.subject.iri, edge.object.iri)
    return edge.subject.kind in _CONCEPTS and edge.object.kind in _CONCEPTS and pair not in mirrored


def _by_pair(edge: Edge) -> tuple[str, str, str]:
    """Keep what is said of one pair together, so that a limit stands next to what it limits."""
    return edge.subject.label.casefold(), edge.object.label.casefold(), edge.property.label


def _incoming(edges: Iterable[Edge], iri: str) -> tuple[Edge, ...]:
    """Return stated links from elsewhere; claims are shown as sentences, so their own links are left out."""
    return tuple(
        edge
        for edge in edges
        if edge.object.iri == iri
        and edge.mark not in {INFERRED, OUTSIDE}
        and edge.subject.iri
        and edge.subject.kind != "claim"
    )


def _types(out: Iterable[_Triple], naming: Naming) -> tuple[Ref, ...]:
    return tuple(naming.ref(t.object) for t in out if t.predicate.value == _TYPE and t.mark != INFERRED)


def _definition(out: Iterable[_Triple]) -> str:
    found = {t.predicate.value: t.object.value for t in out if isinstance(t.object, Literal)}
    return next((found[name] for name in _DEFINITIONS if name in found), "")


def _is_name(predicate: str) -> bool:
    return predicate in {
        SKOS["altLabel"].value,
        SKOS["hiddenLabel"].value,
        *(KG[n].value for n in NAME_PROPERTIES),
    }


#: literal properties of ours that hold names
NAME_PROPERTIES = ("brandName", "sourceSpelling", "abbreviation", "printedAs", "printedForm")


def _names(out: Iterable[_Triple], naming: Naming) -> tuple[Name, ...]:
    found = [
        Name(t.object.value, naming.ref(t.predicate).label, t.object.language or "")
        for t in out
        if isinstance(t.object, Literal) and _is_name(t.predicate.value)
    ]
    telling = {name.text for name in found if name.sort != "also called"}
    told = [name for name in found if name.sort != "also called" or name.text not in telling]
    return tuple(sorted(told, key=lambda name: (name.sort, name.text)))


def _reversed(triples: Iterable[_Triple], names: Iterable[str]) -> list[_Triple]:
    wanted = set(names)
    return [_Triple(t.object, t.predicate, t.subject, t.mark) for t in triples if t.predicate.value in wanted]


def _relatives(triples: Iterable[_Triple], names: Iterable[str], naming: Naming) -> tuple[Ref, ...]:
    """Return the stated neighbours by some properties, each once."""
    wanted = set(names)
    found: Mapping[str, Ref] = {
        t.object.value: naming.ref(t.object)
        for t in triples
        if t.predicate.value in wanted and t.mark != INFERRED and isinstance(t.object, NamedNode)
    }
    return tuple(sorted(found.values(), key=lambda ref: ref.label.casefold()))
