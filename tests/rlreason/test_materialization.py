"""After any sequence of additions and deletions the kept closure is the one from scratch."""

from __future__ import annotations

from unittest.mock import patch

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyoxigraph import BlankNode, Literal, NamedNode, Triple

from rlreason import Materialization, close
from rlreason.vocabulary import OWL, RDF, RDFS, XSD
from tests.rlreason.generated import axioms, facts, ontologies, properties, things

EX = "http://example.org/"


def n(name: str) -> NamedNode:
    """Return a name of the examples."""
    return NamedNode(EX + name)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    ontologies,
    st.lists(
        st.tuples(st.booleans(), st.one_of(axioms, facts), st.integers(0, 10**6)), min_size=1, max_size=6
    ),
)
def test_kept_closure_equals_one_from_scratch(
    start: list[Triple], moves: list[tuple[bool, list[Triple], int]]
) -> None:
    kept, held = Materialization(start), set(start)
    for adds, triples, seed in moves:
        if adds:
            kept.add(triples)
            held |= set(triples)
        elif held:
            ordered = sorted(held, key=str)
            gone = {ordered[seed % len(ordered)], ordered[seed // 7 % len(ordered)]}
            kept.remove(gone)
            held -= gone
        fresh = close(held)
        assert kept.inferred == fresh.inferred
        assert bool(kept.inconsistencies) == bool(fresh.inconsistencies)


nodes = st.sampled_from([n(name) for name in "ABCDEFGH"])
links = st.one_of(
    st.builds(lambda s, o: Triple(s, RDFS["subClassOf"], o), nodes, nodes),
    st.builds(lambda s, o: Triple(s, n("p"), o), nodes, nodes),
    st.builds(lambda s, o: Triple(s, OWL["equivalentClass"], o), nodes, nodes),
    st.builds(lambda s, o: Triple(s, RDFS["subClassOf"], o), nodes, st.just(OWL["Thing"])),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(links, max_size=12),
    st.lists(st.tuples(st.booleans(), st.lists(links, min_size=1, max_size=3)), min_size=2, max_size=9),
)
def test_kept_closure_of_large_relations_equals_one_from_scratch(
    start: list[Triple], moves: list[tuple[bool, list[Triple]]]
) -> None:
    """What is known of large transitive relations is kept over deletions too; here they are large early."""
    transitive = Triple(n("p"), RDF["type"], OWL["TransitiveProperty"])
    with patch("rlreason.transitive_closure.LARGE_RELATION", 2):
        kept, held = Materialization([transitive, *start]), {transitive, *start}
        for adds, triples in moves:
            before = kept.inferred
            change = kept.add(triples) if adds else kept.remove(triples)
            held = held | set(triples) if adds else held - set(triples)
            fresh = close(held).inferred
            assert kept.inferred == fresh
            assert (change.added, change.removed) == (fresh - before, before - fresh)


def test_a_large_relation_that_deletions_made_small_is_closed_again() -> None:
    transitive = Triple(n("p"), RDF["type"], OWL["TransitiveProperty"])
    there, back = Triple(n("A"), n("p"), n("B")), Triple(n("B"), n("p"), n("A"))
    with patch("rlreason.transitive_closure.LARGE_RELATION", 2):
        kept = Materialization([transitive, there, back])
        kept.remove([there])
        assert kept.add([there]).added == {Triple(n("A"), n("p"), n("A")), Triple(n("B"), n("p"), n("B"))}


def test_addition_tells_what_the_inferred_graph_gains_and_loses() -> None:
    kept = Materialization([Triple(n("C"), RDFS["subClassOf"], n("D"))])
    gained = kept.add([Triple(n("a"), RDF["type"], n("C"))])
    assert gained.added == {Triple(n("a"), RDF["type"], n("D"))}
    said = kept.add([Triple(n("a"), RDF["type"], n("D"))])
    assert said.removed == {Triple(n("a"), RDF["type"], n("D"))}


def test_deletion_keeps_what_still_follows_another_way() -> None:
    one, two = Triple(n("a"), RDF["type"], n("C")), Triple(n("a"), RDF["type"], n("E"))
    kept = Materialization(
        [one, two, Triple(n("C"), RDFS["subClassOf"], n("D")), Triple(n("E"), RDFS["subClassOf"], n("D"))]
    )
    assert kept.remove([one]).removed == frozenset()
    assert kept.remove([two]).removed == {Triple(n("a"), RDF["type"], n("D"))}


def test_deletion_of_a_cycle_of_support_does_not_keep_itself_alive() -> None:
    edge = Triple(n("a"), n("p"), n("b"))
    kept = Materialization([Triple(n("p"), RDF["type"], OWL["SymmetricProperty"]), edge])
    assert kept.inferred == {Triple(n("b"), n("p"), n("a"))}
    kept.remove([edge])
    assert kept.inferred == frozenset()


def test_deletion_lifts_a_contradiction() -> None:
    both = [Triple(n("a"), RDF["type"], n(c)) for c in "CD"]
    kept = Materialization([Triple(n("C"), OWL["disjointWith"], n("D")), *both])
    assert [each.rule for each in kept.inconsistencies] == ["cax-dw"]
    kept.remove(both[:1])
    assert kept.inconsistencies == ()


def test_literals_of_equal_value_come_and_go() -> None:
    one = Triple(n("a"), n("p"), Literal("1", datatype=XSD["integer"]))
    two = Triple(n("b"), n("q"), Literal("01", datatype=XSD["integer"]))
    kept = Materialization([one])
    kept.add([two])
    assert Triple(n("a"), n("p"), two.object) in kept.inferred
    kept.remove([two])
    assert kept.inferred == close([one]).inferred == frozenset()


def test_a_declaration_that_was_inferred_goes_with_all_it_led_to() -> None:
    """Rules were specialized from it, so no round can follow its deletion: three inferences stayed."""
    told = Triple(n("p"), RDF["type"], n("Chained"))
    steps = [Triple(n(a), n("p"), n(b)) for a, b in ("ab", "bc", "cd")]
    base = [Triple(n("Chained"), RDFS["subClassOf"], OWL["TransitiveProperty"]), *steps]
    kept = Materialization([*base, told])
    led_to = {Triple(n(a), n("p"), n(b)) for a, b in ("ac", "bd", "ad")}
    assert led_to < kept.inferred
    assert kept.remove([told]).removed == {*led_to, Triple(n("p"), RDF["type"], OWL["TransitiveProperty"])}
    assert kept.inferred == close(base).inferred == frozenset()


def test_what_a_literal_is_by_its_value_stays_when_a_range_said_it_too() -> None:
    """dt-type2 is no rule that rederivation could run: a type was lost with one of its two reasons."""
    own = BlankNode("own")
    base = [
        Triple(own, RDF["type"], OWL["Restriction"]),
        Triple(own, OWL["onProperty"], n("q")),
        Triple(own, OWL["someValuesFrom"], XSD["string"]),
        Triple(own, RDFS["subClassOf"], n("E")),
        Triple(n("r"), RDFS["range"], XSD["string"]),
        Triple(n("a"), n("p"), Literal("x")),
        Triple(n("b"), n("q"), Literal("x")),
    ]
    other = Triple(n("p"), RDFS["subPropertyOf"], n("r"))
    kept = Materialization([*base, other])
    assert Triple(n("b"), RDF["type"], n("E")) in kept.inferred
    kept.remove([other])
    assert Triple(n("b"), RDF["type"], n("E")) in kept.inferred
    assert kept.inferred == close(base).inferred


def test_a_string_a_token_and_a_number_that_come_together_are_compared() -> None:
    """A string waits unread until a literal of another text type is there, whatever else comes with it."""
    told = [
        Triple(n("a"), n("p"), Literal("x", datatype=XSD["token"])),
        Triple(n("b"), n("q"), Literal("x")),
        Triple(n("c"), n("r"), Literal("1", datatype=XSD["integer"])),
    ]
    expected = {Triple(n("a"), n("p"), told[1].object), Triple(n("b"), n("q"), told[0].object)}
    assert Materialization(told).inferred == close(told).inferred == expected


def test_what_if_changes_nothing() -> None:
    kept = Materialization([Triple(n("C"), RDFS["subClassOf"], n("D"))])
    before = kept.inferred
    assert kept.what_if([Triple(n("a"), RDF["type"], n("C"))]) == {Triple(n("a"), RDF["type"], n("D"))}
    assert kept.inferred == before
    assert kept.asserted == {Triple(n("C"), RDFS["subClassOf"], n("D"))}


def test_what_if_leaves_no_literal_behind() -> None:
    """Its literals stayed in the dictionary, and the next addition concluded that others equal them."""
    two = Literal("2", datatype=XSD["nonNegativeInteger"])
    first, last = Triple(n("a"), n("u"), two), Triple(n("c"), n("w"), n("d"))
    kept = Materialization([first])
    kept.what_if([Triple(n("b"), n("v"), Literal("2", datatype=XSD["integer"]))])
    kept.add([last])
    assert kept.inferred == close([first, last]).inferred == frozenset()
    kept.add([Triple(n("d"), n("u"), Literal("2", datatype=XSD["integer"]))])
    assert Triple(n("d"), n("u"), two) in kept.inferred


def test_what_if_compares_its_literals_with_those_asserted() -> None:
    one, other = Literal("1", datatype=XSD["integer"]), Literal("01", datatype=XSD["integer"])
    kept = Materialization([Triple(n("a"), n("p"), one)])
    assert Triple(n("b"), n("p"), one) in kept.what_if([Triple(n("b"), n("p"), other)])


def test_additions_to_lists_chains_transitivity_and_typed_literals_are_not_closed_anew() -> None:
    """Only what is not monotone is: a list that grows after "for all members" was asked of it."""
    head, cell = BlankNode("head"), BlankNode("cell")
    base = [
        Triple(n("a"), n("p"), n("b")),
        Triple(n("b"), n("p"), n("c")),
        Triple(n("a"), RDF["type"], n("C")),
    ]
    steps = [
        [Triple(n("p"), RDF["type"], OWL["TransitiveProperty"])],
        [Triple(n("q"), OWL["propertyChainAxiom"], head)],
        [Triple(head, RDF["first"], n("p")), Triple(head, RDF["rest"], cell)],
        [Triple(cell, RDF["first"], n("p")), Triple(cell, RDF["rest"], RDF["nil"])],
        [Triple(n("D"), OWL["intersectionOf"], cell)],
        [Triple(n("a"), n("size"), Literal("1", datatype=XSD["integer"]))],
        [Triple(n("b"), n("size"), Literal("01", datatype=XSD["integer"]))],
        [Triple(n("size"), RDFS["range"], XSD["decimal"])],
        [Triple(n("c"), n("size"), Literal("one"))],
    ]
    kept, held = Materialization(base), set(base)
    dictionary = kept._dictionary
    for triples in steps:
        kept.add(triples)
        held |= set(triples)
        assert kept.inferred == close(held).inferred
        assert bool(kept.inconsistencies) == bool(close(held).inconsistencies)
    assert kept._dictionary is dictionary
    kept.add([Triple(cell, RDF["first"], n("r"))])
    assert kept._dictionary is not dictionary


texts = st.sampled_from(
    [Literal("1", datatype=XSD["integer"]), Literal("1.0", datatype=XSD["decimal"])]
    + [Literal(text, datatype=XSD["token"]) for text in ("1", "one")]
    + [Literal(text) for text in ("1", "one", "two")]
)
said = st.builds(
    lambda s, p, o: [Triple(s, p, o)], things, st.sampled_from([n("p"), n("q"), OWL["sameAs"]]), texts
)
ranges = st.builds(
    lambda p, d: [Triple(p, RDFS["range"], XSD[d])],
    properties,
    st.sampled_from(["token", "integer", "string"]),
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(st.booleans(), st.one_of(said, said, ranges, facts, axioms), st.integers(0, 10**6)),
        min_size=2,
        max_size=9,
    )
)
def test_kept_closure_follows_literals_that_come_and_go(moves: list[tuple[bool, list[Triple], int]]) -> None:
    kept, held = Materialization(), set[Triple]()
    for adds, triples, seed in moves:
        if adds or not held:
            kept.add(triples)
            held |= set(triples)
        else:
            gone = {sorted(held, key=str)[seed % len(held)]}
            kept.remove(gone)
            held -= gone
        fresh = close(held)
        assert kept.inferred == fresh.inferred
        assert bool(kept.inconsistencies) == bool(fresh.inconsistencies)
