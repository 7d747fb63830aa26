"""Small ontologies made by Hypothesis: every axiom shape of OWL 2 RL over a handful of names.

`ontologies` are those in which owlrl and this library agree; `all_ontologies` have every construct of the
profile: keys, cardinalities, what excludes each other, literals and datatypes.
"""

from __future__ import annotations

from hypothesis import strategies as st
from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from rlreason.vocabulary import OWL, RDF, RDFS, XSD

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
    node = BlankNode(f"r{draw(st.integers(0, 9))}")
    other, prop, filler, annotation = draw(classes), draw(properties), draw(classes), BlankNode("axiom")
    stated = [
        Triple(node, RDF["type"], OWL["Restriction"]),
        Triple(node, OWL["onProperty"], prop),
        Triple(node, OWL["someValuesFrom"], filler),
        Triple(filler, RDF["type"], OWL["Class"]),
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
    lambda one, two: _flat([*one, two]), st.lists(unnamed_restriction(), min_size=2, max_size=6), ontologies
)


#: numbers and texts of which several have one value, and one of which is ill-typed
literals = st.sampled_from(
    [
        Literal("1", datatype=XSD["integer"]),
        Literal("01", datatype=XSD["byte"]),
        Literal("1.0", datatype=XSD["decimal"]),
        Literal("2", datatype=XSD["integer"]),
        Literal("x", datatype=XSD["integer"]),
        Literal("x", datatype=XSD["token"]),
        Literal("x"),
        Literal("x", language="en"),
    ]
)
limits = st.sampled_from(
    [
        Literal("0", datatype=XSD["nonNegativeInteger"]),
        Literal("1", datatype=XSD["nonNegativeInteger"]),
        Literal("1", datatype=XSD["int"]),
    ]
)
excluding_kinds = st.sampled_from([OWL["IrreflexiveProperty"], OWL["AsymmetricProperty"]])
datatypes = st.sampled_from([XSD[name] for name in ("integer", "byte", "string", "token")])


@st.composite
def cardinality(draw: st.DrawFn) -> list[Triple]:
    """Return a restriction of how many values a property may have, qualified or not."""
    node, prop, limit = draw(classes), draw(properties), draw(limits)
    qualifier = draw(st.sampled_from([None, OWL["Thing"], *CLASSES]))
    name = "maxCardinality" if qualifier is None else "maxQualifiedCardinality"
    found = [Triple(node, OWL["onProperty"], prop), Triple(node, OWL[name], limit)]
    return found if qualifier is None else [*found, Triple(node, OWL["onClass"], qualifier)]


@st.composite
def exclusion(draw: st.DrawFn) -> list[Triple]:
    """Return an axiom over a list whose members exclude each other."""
    kind, predicate, members = draw(
        st.sampled_from(
            [
                ("AllDifferent", "members", things),
                ("AllDifferent", "distinctMembers", things),
                ("AllDisjointClasses", "members", classes),
                ("AllDisjointProperties", "members", properties),
            ]
        )
    )
    node = NamedNode(f"{EX}{kind}/{predicate}")
    return [Triple(node, RDF["type"], OWL[kind]), *draw(listed(OWL[predicate], members, st.just(node)))]


@st.composite
def denial(draw: st.DrawFn) -> list[Triple]:
    """Return the assertion that a thing does not have a value."""
    node, value = NamedNode(EX + "denial"), draw(st.one_of(things, literals))
    name = "targetValue" if isinstance(value, Literal) else "targetIndividual"
    return [
        Triple(node, OWL["sourceIndividual"], draw(things)),
        Triple(node, OWL["assertionProperty"], draw(properties)),
        Triple(node, OWL[name], value),
    ]


all_axioms = st.one_of(
    axioms,
    axioms,
    listed(OWL["hasKey"], properties, classes),
    cardinality(),
    exclusion(),
    denial(),
    _triple(classes, OWL["disjointWith"], classes),
    _triple(classes, OWL["complementOf"], classes),
    _triple(properties, OWL["equivalentProperty"], properties),
    _triple(properties, OWL["propertyDisjointWith"], properties),
    _triple(properties, RDF["type"], excluding_kinds),
    _triple(properties, RDFS["range"], datatypes),
    _triple(classes, OWL["equivalentClass"], datatypes),
)
all_facts = st.one_of(
    facts,
    _triple(things, OWL["differentFrom"], things),
    _triple(classes, RDFS["subClassOf"], st.just(OWL["Nothing"])),
    st.builds(lambda s, o: [Triple(s, OWL["sameAs"], o)], things, literals),
    st.builds(lambda s, p, o: [Triple(s, p, o)], things, properties, literals),
)
all_ontologies = st.builds(
    lambda one, two: _flat(one + two), st.lists(all_axioms, max_size=9), st.lists(all_facts, max_size=9)
)


def blank(triples: list[Triple], prefix: str) -> list[Triple]:
    """Return triples with the named things made blank nodes of some names."""

    def node(term: object) -> object:
        return BlankNode(prefix + term.value[-1]) if term in THINGS and isinstance(term, NamedNode) else term

    return [Triple(node(t.subject), t.predicate, node(t.object)) for t in triples]  # type: ignore[arg-type]
