"""What holds of every closure: it is idempotent, monotone, free of order and of blank-node names."""

from __future__ import annotations

import random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyoxigraph import BlankNode, Triple

from rlreason import close
from tests.rlreason.generated import blank, ontologies, with_unnamed

quick = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@quick
@given(ontologies)
def test_closure_is_idempotent(triples: list[Triple]) -> None:
    inferred = close(triples).inferred
    assert close([*triples, *inferred]).inferred == frozenset()


@quick
@given(ontologies, ontologies)
def test_closure_is_monotone(some: list[Triple], more: list[Triple]) -> None:
    less = close(some)
    assert less.inferred <= {*close([*some, *more]).inferred, *more}


@quick
@given(ontologies, st.randoms(use_true_random=False))
def test_closure_does_not_depend_on_order(triples: list[Triple], shuffler: random.Random) -> None:
    mixed = list(triples)
    shuffler.shuffle(mixed)
    one, other = close(triples), close(mixed)
    assert one.inferred == other.inferred
    assert bool(one.inconsistencies) == bool(other.inconsistencies)


@quick
@given(ontologies)
def test_closure_does_not_depend_on_the_names_of_blank_nodes(triples: list[Triple]) -> None:
    one = close(blank(triples, "x")).inferred
    other = close(blank(triples, "yy")).inferred
    renamed = {str(t).replace("_:x", "_:yy") for t in one}
    assert renamed == {str(t) for t in other}


@quick
@given(ontologies)
def test_default_output_is_the_axiomatic_one_without_noise(triples: list[Triple]) -> None:
    assert close(triples).inferred <= close(triples, axiomatic=True).inferred


@settings(quick, max_examples=150)
@given(with_unnamed)
def test_leaving_out_unnamed_expressions_leaves_out_nothing_else(triples: list[Triple]) -> None:
    full, named = close(triples), close(triples, unnamed_expressions=False)
    expressions = {
        t.subject for t in triples if isinstance(t.subject, BlankNode) and t.subject.value != "axiom"
    }
    assert named.inferred == {t for t in full if not expressions & {t.subject, t.object}}
    assert {each.rule for each in named.inconsistencies} == {each.rule for each in full.inconsistencies}
    assert all(triple in named for triple in triples)
    assert all(named.explain(triple) for triple in named)
