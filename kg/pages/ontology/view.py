"""The ontology as a page: classes and properties with their definitions, axioms in words, and use counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from kg.model.graphs import ONTOLOGY
from kg.namespaces import DCTERMS, KG, OWL, RDF, RDFS, SKOS, get_local_name
from kg.pages.entity.neighbourhood import DrawingLink, DrawingNode, Neighbourhood
from kg.pages.mappings.view import MATCH_TYPES
from kg.pages.page_queries import PageQueryReader, cell_number, cell_text, filter_by_words
from kg.pages.term_refs import CURATED, Term, TermLabels, TermRef, is_negative

_OWL_CLASS = OWL["Class"]
_MAX_LIST_LENGTH = 100
_PROPERTY_KIND_SENTENCES: Mapping[Term, str] = {
    OWL["TransitiveProperty"]: "Carries over: from a to b and b to c follows a to c.",
    OWL["SymmetricProperty"]: "Holds both ways: from a to b follows b to a.",
    OWL["AsymmetricProperty"]: "Never holds both ways.",
    OWL["IrreflexiveProperty"]: "Nothing has it to itself.",
}
_OWL_PROPERTY_CLASSES = (OWL["ObjectProperty"], OWL["DatatypeProperty"], OWL["AnnotationProperty"])


@dataclass(frozen=True, slots=True)
class OntologyTerm:
    """A class or property as the page shows it."""

    name: str
    ref: TermRef
    definition: str
    sort: str
    parents: tuple[TermRef, ...]
    domain: tuple[TermRef, ...]
    range: tuple[TermRef, ...]
    axioms: tuple[str, ...]
    elsewhere: tuple[TermRef, ...]
    uses: int


@dataclass(frozen=True, slots=True)
class ClassTreeNode:
    """A class in the tree of classes, with its children."""

    ref: TermRef
    uses: int
    children: tuple[ClassTreeNode, ...]


@dataclass(frozen=True, slots=True)
class OntologyPage:
    """Everything the ontology page shows; its JSON has the same fields."""

    title: str
    version: str
    definition: str
    classes: tuple[OntologyTerm, ...]
    properties: tuple[OntologyTerm, ...]
    tree: tuple[ClassTreeNode, ...]


class _OntologyGraph:
    """The triples of the ontology, by subject and property."""

    def __init__(self, triples: Iterable[Triple]) -> None:
        self._objects: dict[tuple[Term, str], list[Term]] = defaultdict(list)
        self.subjects: dict[Term, None] = {}
        for triple in triples:
            self._objects[triple.subject, triple.predicate.value].append(triple.object)
            self.subjects.setdefault(triple.subject)

    def objects_of(self, subject: Term, predicate: NamedNode) -> list[Term]:
        """Return the objects of a subject and property."""
        return self._objects.get((subject, predicate.value), [])

    def first_text(self, subject: Term, *predicates: NamedNode) -> str:
        """Return the first literal of the first property that has one, "" if none has."""
        texts = (o.value for p in predicates for o in self.objects_of(subject, p) if isinstance(o, Literal))
        return next(texts, "")

    def list_disjoint_with(self, term: Term) -> Iterator[list[Term]]:
        """Yield the other classes of each group of disjoint classes that has the term."""
        for node in self.subjects:
            for head in self.objects_of(node, OWL["members"]):
                if term in (members := self.list_members(head)):
                    yield [member for member in members if member != term]

    def list_members(self, node: Term) -> list[Term]:
        """Return the members of an RDF list, those before the fault if it is broken or cyclic."""
        members: list[Term] = []
        while node != RDF["nil"] and len(members) < _MAX_LIST_LENGTH:
            first, rest = self.objects_of(node, RDF["first"]), self.objects_of(node, RDF["rest"])
            if not first or not rest:
                break
            members.append(first[0])
            node = rest[0]
        return members


def ontology_page(reader: PageQueryReader) -> OntologyPage:
    """Return the ontology page, from the ontology's own graph."""
    triples = list(reader.store.read_graph(ONTOLOGY))
    graph = _OntologyGraph(triples)
    naming = reader.load_labels(term for t in triples for term in (t.subject, t.predicate, t.object))
    counted = (row for name in ("class-uses", "property-uses") for row in reader.select_rows(name))
    uses = {cell_text(row, "term"): cell_number(row, "count") for row in counted}
    classes = _ontology_terms(graph, naming, uses, (_OWL_CLASS,))
    header = next((s for s in graph.subjects if OWL["Ontology"] in graph.objects_of(s, RDF["type"])), None)
    return OntologyPage(
        title="The ontology",
        version=graph.first_text(header, OWL["versionInfo"]) if header else "",
        definition=graph.first_text(header, SKOS["definition"], RDFS["comment"]) if header else "",
        classes=classes,
        properties=_ontology_terms(graph, naming, uses, _OWL_PROPERTY_CLASSES),
        tree=_build_class_tree(classes),
    )


def filter_terms(page: OntologyPage, filter_text: str) -> OntologyPage:
    """Return the page with the terms whose name, label, definition or axioms contain every word."""
    if not filter_text:
        return page

    def text_of(view: OntologyTerm) -> str:
        return " ".join((view.name, view.ref.label, view.definition, *view.axioms))

    classes, properties = (
        filter_by_words(views, filter_text, text_of) for views in (page.classes, page.properties)
    )
    return replace(page, classes=classes, properties=properties, tree=())


def _ontology_terms(
    graph: _OntologyGraph, naming: TermLabels, uses: Mapping[str, int], owl_classes: Sequence[NamedNode]
) -> tuple[OntologyTerm, ...]:
    declared = [s for s in graph.subjects if isinstance(s, NamedNode) and s.value.startswith(KG)]
    terms = [term for term in declared if {*owl_classes} & {*graph.objects_of(term, RDF["type"])}]
    views = [_ontology_term(graph, naming, term, uses.get(term.value, 0)) for term in terms]
    return tuple(sorted(views, key=lambda view: view.name))


def _ontology_term(graph: _OntologyGraph, naming: TermLabels, term: NamedNode, uses: int) -> OntologyTerm:
    def refs_of(predicate: NamedNode) -> tuple[TermRef, ...]:
        return tuple(naming.ref(o) for o in graph.objects_of(term, predicate) if isinstance(o, NamedNode))

    sorts = [sort for sort in graph.objects_of(term, RDF["type"]) if isinstance(sort, NamedNode)]
    return OntologyTerm(
        name=term.value.removeprefix(KG),
        ref=naming.ref(term),
        definition=graph.first_text(term, SKOS["definition"], RDFS["comment"]),
        sort=next((get_local_name(s.value) for s in sorts if s in {_OWL_CLASS, *_OWL_PROPERTY_CLASSES}), ""),
        parents=refs_of(RDFS["subClassOf"]) + refs_of(RDFS["subPropertyOf"]),
        domain=refs_of(RDFS["domain"]),
        range=refs_of(RDFS["range"]),
        axioms=tuple(_axiom_sentences(graph, naming, term)),
        elsewhere=tuple(ref for name in MATCH_TYPES for ref in refs_of(SKOS[name])),
        uses=uses,
    )


def _axiom_sentences(graph: _OntologyGraph, naming: TermLabels, term: NamedNode) -> Iterator[str]:
    """Yield the axioms about a term in words, one sentence each."""
    describe_node = partial(_describe_class, graph, naming)
    for other in graph.objects_of(term, OWL["inverseOf"]):
        yield f"The same as {describe_node(other)}, read from the other end."
    for other in graph.objects_of(term, OWL["disjointWith"]):
        yield f"Nothing is both this and {describe_node(other)}."
    for others in graph.list_disjoint_with(term):
        yield f"Nothing is both this and one of {', '.join(describe_node(other) for other in others)}."
    for other in graph.objects_of(term, OWL["equivalentClass"]):
        yield f"Exactly what is {describe_node(other)}."
    for other in graph.objects_of(term, RDFS["subClassOf"]):
        if isinstance(other, BlankNode):
            yield f"Each one {describe_node(other)}."
    for chain in graph.objects_of(term, OWL["propertyChainAxiom"]):
        yield f"Follows from {' then '.join(describe_node(step) for step in graph.list_members(chain))}."
    yield from _kind_sentences(graph, naming, term)


def _kind_sentences(graph: _OntologyGraph, naming: TermLabels, term: NamedNode) -> Iterator[str]:
    """Yield what kind of property a term is, and what replaces a deprecated one."""
    types = graph.objects_of(term, RDF["type"])
    yield from (sentence for kind, sentence in _PROPERTY_KIND_SENTENCES.items() if kind in types)
    if graph.first_text(term, OWL["deprecated"]) == "true":
        successors = graph.objects_of(term, DCTERMS["isReplacedBy"])
        words = " and ".join(_describe_class(graph, naming, other) for other in successors)
        yield f"Deprecated: use {words}." if words else "Deprecated."


def _describe_class(graph: _OntologyGraph, naming: TermLabels, node: Term) -> str:
    """Return a class expression in words."""
    if not isinstance(node, BlankNode):
        return f"“{naming.ref(node).label}”"
    for name, conjunction in (("intersectionOf", " and "), ("unionOf", " or ")):
        for part in graph.objects_of(node, OWL[name]):
            return conjunction.join(_describe_class(graph, naming, m) for m in graph.list_members(part))
    return _describe_restriction(graph, naming, node)


def _describe_restriction(graph: _OntologyGraph, naming: TermLabels, node: Term) -> str:
    on = next(iter(graph.objects_of(node, OWL["onProperty"])), None)
    inverse = next(iter(graph.objects_of(on, OWL["inverseOf"])), None) if isinstance(on, BlankNode) else None
    prop = _describe_class(graph, naming, inverse or on) if on is not None else "some property"
    words = f"{prop} (from the other end)" if inverse else prop
    for value in graph.objects_of(node, OWL["hasValue"]):
        return f"with {words} {naming.ref(value).label}"
    for name, quantifier in (("someValuesFrom", "some"), ("allValuesFrom", "only")):
        for filler in graph.objects_of(node, OWL[name]):
            return f"with {words} {quantifier} {_describe_class(graph, naming, filler)}"
    return f"restricted on {words}"


def _build_class_tree(classes: Iterable[OntologyTerm]) -> tuple[ClassTreeNode, ...]:
    """Return the class hierarchy; a class with two parents occurs under both."""
    known = {view.ref.iri: view for view in classes}
    below: dict[str, list[OntologyTerm]] = defaultdict(list)
    for view in known.values():
        parents = [parent.iri for parent in view.parents if parent.iri in known] or [""]
        for parent in parents:
            below[parent].append(view)

    def grow_branch(iri: str, seen: frozenset[str]) -> tuple[ClassTreeNode, ...]:
        return tuple(
            ClassTreeNode(view.ref, view.uses, grow_branch(view.ref.iri, seen | {view.ref.iri}))
            for view in below[iri]
            if view.ref.iri not in seen
        )

    return grow_branch("", frozenset())


def draw_class_diagram(page: OntologyPage) -> Neighbourhood:
    """Return classes as nodes and the used properties between them as edges; `cut` if some have none."""
    refs = {view.ref.iri: view.ref for view in page.classes}
    links = [
        DrawingLink(source.iri, target.iri, view.ref.label, CURATED, "", "fact", is_negative(view.ref.iri))
        for view in page.properties
        if view.uses
        for source in view.domain
        for target in view.range
        if source.iri in refs and target.iri in refs
    ]
    shown = {iri for link in links for iri in (link.source, link.target)}
    drawn = [ref for iri, ref in refs.items() if iri in shown]
    nodes = tuple(DrawingNode(ref.iri, ref.label, "class", ref.href) for ref in drawn)
    return Neighbourhood(nodes, tuple(links), len(nodes) < len(refs))
