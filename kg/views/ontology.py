"""The ontology as a page: classes and properties with their definitions, axioms in words, and use counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from kg.namespaces import GRAPH, KG, OWL, RDF, RDFS, SKOS
from kg.views.filtering import matching
from kg.views.marks import ASSERTED, is_negative
from kg.views.neighbourhood import Link, Neighbourhood, Node
from kg.views.reading import Reader, number, text
from kg.views.terms import Naming, Ref, Term

_CLASS = OWL["Class"]
_PROPERTIES = (OWL["ObjectProperty"], OWL["DatatypeProperty"], OWL["AnnotationProperty"])


@dataclass(frozen=True, slots=True)
class TermView:
    """A class or property as the page shows it."""

    name: str
    ref: Ref
    definition: str
    sort: str
    parents: tuple[Ref, ...]
    domain: tuple[Ref, ...]
    range: tuple[Ref, ...]
    axioms: tuple[str, ...]
    elsewhere: tuple[Ref, ...]
    uses: int


@dataclass(frozen=True, slots=True)
class TreeNode:
    """A class in the tree of classes, with its children."""

    ref: Ref
    uses: int
    children: tuple[TreeNode, ...]


@dataclass(frozen=True, slots=True)
class OntologyPage:
    """Everything the ontology page shows; its JSON has the same fields."""

    title: str
    version: str
    definition: str
    classes: tuple[TermView, ...]
    properties: tuple[TermView, ...]
    tree: tuple[TreeNode, ...]


class _Graph:
    """The triples of the ontology by subject and property; a reading aid that lives for one page."""

    def __init__(self, triples: Iterable[Triple]) -> None:
        self._objects: dict[tuple[Term, str], list[Term]] = defaultdict(list)
        self.subjects: dict[Term, None] = {}
        for triple in triples:
            self._objects[triple.subject, triple.predicate.value].append(triple.object)
            self.subjects.setdefault(triple.subject)

    def all(self, subject: Term, predicate: NamedNode) -> list[Term]:
        """Return the objects of a subject and property."""
        return self._objects.get((subject, predicate.value), [])

    def text(self, subject: Term, *predicates: NamedNode) -> str:
        """Return the first literal among some properties."""
        found = (o.value for p in predicates for o in self.all(subject, p) if isinstance(o, Literal))
        return next(found, "")

    def list(self, node: Term) -> list[Term]:
        """Return the members of an RDF list; a broken or endless one is cut."""
        members: list[Term] = []
        while node != RDF["nil"] and len(members) < 100:
            first = self.all(node, RDF["first"])
            rest = self.all(node, RDF["rest"])
            if not first or not rest:
                break
            members.append(first[0])
            node = rest[0]
        return members


def ontology_page(reader: Reader) -> OntologyPage:
    """Return the ontology page, from the ontology's own graph."""
    triples = list(reader.store.quads(GRAPH["ontology"]))
    graph = _Graph(triples)
    naming = reader.naming(term for t in triples for term in (t.subject, t.predicate, t.object))
    uses = {
        text(r, "term"): number(r, "count")
        for name in ("class-uses", "property-uses")
        for r in reader.rows(name)
    }
    classes = _views(graph, naming, uses, (_CLASS,))
    header = next((s for s in graph.subjects if OWL["Ontology"] in graph.all(s, RDF["type"])), None)
    return OntologyPage(
        title="The ontology",
        version=graph.text(header, OWL["versionInfo"]) if header else "",
        definition=graph.text(header, SKOS["definition"], RDFS["comment"]) if header else "",
        classes=classes,
        properties=_views(graph, naming, uses, _PROPERTIES),
        tree=_tree(classes),
    )


def filtered(page: OntologyPage, asked: str) -> OntologyPage:
    """Return the page with the terms whose name, label, definition or axioms hold every word asked for."""
    if not asked:
        return page
    return replace(
        page,
        classes=matching(page.classes, asked, _text),
        properties=matching(page.properties, asked, _text),
        tree=(),
    )


def _text(view: TermView) -> str:
    return " ".join((view.name, view.ref.label, view.definition, *view.axioms))


def _views(
    graph: _Graph, naming: Naming, uses: Mapping[str, int], sorts: Iterable[NamedNode]
) -> tuple[TermView, ...]:
    wanted = list(sorts)
    terms = [
        subject
        for subject in graph.subjects
        if isinstance(subject, NamedNode)
        and subject.value.startswith(KG)
        and any(sort in graph.all(subject, RDF["type"]) for sort in wanted)
    ]
    views = [_view(graph, naming, term, uses.get(term.value, 0)) for term in terms]
    return tuple(sorted(views, key=lambda view: view.name))


def _view(graph: _Graph, naming: Naming, term: NamedNode, uses: int) -> TermView:
    def refs(predicate: NamedNode) -> tuple[Ref, ...]:
        return tuple(naming.ref(o) for o in graph.all(term, predicate) if isinstance(o, NamedNode))

    sorts = [sort for sort in graph.all(term, RDF["type"]) if isinstance(sort, NamedNode)]
    return TermView(
        name=term.value.removeprefix(KG),
        ref=naming.ref(term),
        definition=graph.text(term, SKOS["definition"], RDFS["comment"]),
        sort=next((s.value.rsplit("#", 1)[-1] for s in sorts if s in {_CLASS, *_PROPERTIES}), ""),
        parents=refs(RDFS["subClassOf"]) + refs(RDFS["subPropertyOf"]),
        domain=refs(RDFS["domain"]),
        range=refs(RDFS["range"]),
        axioms=tuple(_axioms(graph, naming, term)),
        elsewhere=tuple(ref for name in _MATCHES for ref in refs(SKOS[name])),
        uses=uses,
    )


_MATCHES = ("exactMatch", "closeMatch", "broadMatch", "narrowMatch", "relatedMatch")


def _axioms(graph: _Graph, naming: Naming, term: NamedNode) -> Iterator[str]:
    """Yield what the axioms on a term say, one sentence each."""

    def name(node: Term) -> str:
        return _described(graph, naming, node)

    for other in graph.all(term, OWL["inverseOf"]):
        yield f"The same as {name(other)}, read from the other end."
    for other in graph.all(term, OWL["disjointWith"]):
        yield f"Nothing is both this and {name(other)}."
    for other in graph.all(term, OWL["equivalentClass"]):
        yield f"Exactly what is {name(other)}."
    for other in graph.all(term, RDFS["subClassOf"]):
        if isinstance(other, BlankNode):
            yield f"Each one {name(other)}."
    if OWL["TransitiveProperty"] in graph.all(term, RDF["type"]):
        yield "Carries over: from a to b and b to c follows a to c."
    for chain in graph.all(term, OWL["propertyChainAxiom"]):
        yield f"Follows from {' then '.join(name(step) for step in graph.list(chain))}."


def _described(graph: _Graph, naming: Naming, node: Term) -> str:
    """Return a class expression in words."""
    if not isinstance(node, BlankNode):
        return f"“{naming.ref(node).label}”"
    for part in graph.all(node, OWL["intersectionOf"]):
        return " and ".join(_described(graph, naming, member) for member in graph.list(part))
    for part in graph.all(node, OWL["unionOf"]):
        return " or ".join(_described(graph, naming, member) for member in graph.list(part))
    return _restriction(graph, naming, node)


def _restriction(graph: _Graph, naming: Naming, node: Term) -> str:
    on = next(iter(graph.all(node, OWL["onProperty"])), None)
    inverse = next(iter(graph.all(on, OWL["inverseOf"])), None) if isinstance(on, BlankNode) else None
    prop = _described(graph, naming, inverse or on) if on is not None else "some property"
    words = f"{prop} (from the other end)" if inverse else prop
    for value in graph.all(node, OWL["hasValue"]):
        return f"with {words} {naming.ref(value).label}"
    for filler in graph.all(node, OWL["someValuesFrom"]):
        return f"with {words} some {_described(graph, naming, filler)}"
    for filler in graph.all(node, OWL["allValuesFrom"]):
        return f"with {words} only {_described(graph, naming, filler)}"
    return f"restricted on {words}"


def _tree(classes: Iterable[TermView]) -> tuple[TreeNode, ...]:
    """Return the classes below one another; a class with two parents stands under both."""
    known = {view.ref.iri: view for view in classes}
    below: dict[str, list[TermView]] = defaultdict(list)
    for view in known.values():
        parents = [parent.iri for parent in view.parents if parent.iri in known] or [""]
        for parent in parents:
            below[parent].append(view)

    def grow(iri: str, seen: frozenset[str]) -> tuple[TreeNode, ...]:
        return tuple(
            TreeNode(view.ref, view.uses, grow(view.ref.iri, seen | {view.ref.iri}))
            for view in below[iri]
            if view.ref.iri not in seen
        )

    return grow("", frozenset())


def diagram(page: OntologyPage) -> Neighbourhood:
    """Return classes and the properties that join them as nodes and edges; unused classes are left out."""
    refs = {view.ref.iri: view.ref for view in page.classes}
    links = [
        Link(source.iri, target.iri, view.ref.label, ASSERTED, "", "fact", is_negative(view.ref.iri))
        for view in page.properties
        if view.uses
        for source in view.domain
        for target in view.range
        if source.iri in refs and target.iri in refs
    ]
    shown = {iri for link in links for iri in (link.source, link.target)}
    nodes = tuple(Node(ref.iri, ref.label, "class", ref.href) for iri, ref in refs.items() if iri in shown)
    return Neighbourhood(nodes, tuple(links), len(nodes) < len(refs))
