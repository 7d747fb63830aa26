"""Small ontologies made by Hypothesis: every axiom shape of OWL 2 RL over a handful of names."""

from __future__ import annotations

from hypothesis import strategies as st
from pyoxigraph import BlankNode, NamedNode, Triple

from rlreason.vocabulary import OWL, RDF, RDFS

EX = "http://example.org/"
CLASSES = [NamedNode(EX + name) for name in ("C", "D", "E")]
PROPERTIES = [NamedNode(EX + name) for name in ("p", "q", "r")]
THINGS = [NamedNode(EX + name) for name in ("a", "b", "c")]

classes, properties, things = (st.sampled_from(names) for names in (CLASSES, PROPERTIES, THINGS))
kinds = st.sampled_from(
    [
        OWL[n]
        for n in (
            "SymmetricProperty",
            "TransitiveProperty",
            "FunctionalProperty",
            "InverseFunctionalProperty",
        )
    ]
)


def _triple(
    subject: st.SearchStrategy[NamedNode], predicate: NamedNode, obj: st.SearchStrategy[NamedNode]
) -> st.SearchStrategy[list[Triple]]:
    return st.builds(lambda s, o: [Triple(s, predicate, o)], subject, obj)


@st.composite
def listed(
    draw: st.DrawFn,
    predicate: NamedNode,
    members: st.SearchStrategy[NamedNode],
    subject: st.SearchStrategy[NamedNode],
) -> list[Triple]:
    """Return an axiom with a list of one to four members; its cells are named, so that two runs agree."""
    head = draw(subject)
    items = draw(st.lists(members, min_size=1, max_size=4))
    stem = f"{head.value}/{predicate.value.rpartition('#')[2]}/{'-'.join(i.value[-1] for i in items)}"
    cells = [NamedNode(f"{stem}/{n}") for n in range(len(items))]
    found = [Triple(head, predicate, cells[0])]
    for cell, item, after in zip(cells, items, [*cells[1:], RDF["nil"]], strict=True):
        found += [Triple(cell, RDF["first"], item), Triple(cell, RDF["rest"], after)]
    return found


@st.composite
def restriction(draw: st.DrawFn) -> list[Triple]:
    """Return a restriction under the name of a class."""
    node, prop = draw(classes), draw(properties)
    name, filler = draw(
        st.one_of(
            st.tuples(st.sampled_from(["someValuesFrom", "allValuesFrom"]), classes),
            st.tuples(st.just("hasValue"), things),
        )
    )
    return [Triple(node, OWL["onProperty"], prop), Triple(node, OWL[name], filler)]


@st.composite
def unnamed_restriction(draw: st.DrawFn) -> list[Triple]:
    """Return an existential restriction without a name, stated as OWL files do, and one use of it."""
    node = BlankNode(f"r{draw(st.integers(0, 3))}")
    other, prop, filler, annotation = draw(classes), draw(properties), draw(classes), BlankNode("axiom")
    stated = [
        Triple(node, RDF["type"], OWL["Restriction"]),
        Triple(node, OWL["onProperty"], prop),
        Triple(node, OWL["someValuesFrom"], filler),
    ]
    above = Triple(other, RDFS["subClassOf"], node)
    uses = [
        [above],
        [
            above,
            Triple(annotation, OWL["annotatedProperty"], RDFS["subClassOf"]),
            Triple(annotation, OWL["annotatedTarget"], node),
        ],
        [Triple(node, RDFS["subClassOf"], other)],
        [Triple(other, OWL["equivalentClass"], node)],
        [Triple(draw(things), RDF["type"], node)],
        [Triple(prop, RDFS["domain"], node)],
        [above, Triple(RDFS["subClassOf"], RDFS["domain"], other)],
    ]
    return [*stated, *draw(st.sampled_from(uses))]


axioms = st.one_of(
    _triple(classes, RDFS["subClassOf"], classes),
    _triple(classes, OWL["equivalentClass"], classes),
    _triple(properties, RDFS["subPropertyOf"], properties),
    _triple(properties, OWL["inverseOf"], properties),
    _triple(properties, RDFS["domain"], classes),
    _triple(properties, RDFS["range"], classes),
    _triple(properties, RDF["type"], kinds),
    listed(OWL["intersectionOf"], classes, classes),
    listed(OWL["unionOf"], classes, classes),
    listed(OWL["oneOf"], things, classes),
    listed(OWL["propertyChainAxiom"], properties, properties),
    restriction(),
)
facts = st.one_of(
    _triple(things, RDF["type"], classes),
    _triple(things, OWL["sameAs"], things),
    st.builds(lambda s, p, o: [Triple(s, p, o)], things, properties, things),
)


def _flat(parts: list[list[Triple]]) -> list[Triple]:
    return list(dict.fromkeys(triple for part in parts for triple in part))


ontologies = st.builds(
    lambda one, two: _flat(one + two), st.lists(axioms, max_size=6), st.lists(facts, max_size=6)
)


#: the same with class expressions that are blank nodes
with_unnamed = st.builds(
    lambda one, two: _flat([*one, two]), st.lists(unnamed_restriction(), min_size=1, max_size=5), ontologies
)


def blank(triples: list[Triple], prefix: str) -> list[Triple]:
    """Return triples with the named things made blank nodes of some names."""

    def node(term: object) -> object:
        return BlankNode(prefix + term.value[-1]) if term in THINGS and isinstance(term, NamedNode) else term

    return [Triple(node(t.subject), t.predicate, node(t.object)) for t in triples]  # type: ignore[arg-type]
