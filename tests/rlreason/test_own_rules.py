"""Rules of one's own: applied as they are written, with proofs and deletion, or refused with their place."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyoxigraph import NamedNode, RdfFormat, Triple, parse

from rlreason import OWL2RL, Closure, Materialization, Rule, RuleError, close, iterate_leaves, load_own_rules
from rlreason.sparql_rules import parse_own_rule

EX = "http://example.org/"
PREFIXES = f"PREFIX : <{EX}>\nPREFIX owl: <http://www.w3.org/2002/07/owl#>\n"
FAMILY = ":a :parent :m . :b :parent :m . :c :parent :n . :a :age 3 . :b :age 10 . :c :age 04 ; :note 'x' ."


def rule(query: str, header: str = "") -> Rule:
    """Return a rule."""
    return parse_own_rule(f"{header}{PREFIXES}{query}", "own.rq", "own")


def triples(text: str) -> list[Triple]:
    """Return the triples of a text."""
    return [quad.triple for quad in parse(PREFIXES + text, RdfFormat.TURTLE)]


def short(closure: Closure) -> set[str]:
    """Return the inferred triples as three short names each."""
    return {" ".join(str(term).replace(EX, "").strip("<>").rpartition("#")[2] for term in t) for t in closure}


def closed(query: str, text: str = FAMILY) -> set[str]:
    """Return what follows with one rule; each triple must have a proof that replays from its own leaves."""
    rules = [*OWL2RL, rule(query)]
    closure = close(triples(text), rules)
    for triple in closure:
        (proof,) = closure.explain(triple)
        leaves = [Triple(*leaf.triple) for leaf in iterate_leaves(proof)]  # type: ignore[arg-type]
        assert set(leaves) <= set(triples(text))
        assert triple in close(leaves, rules)
    return short(closure)


def test_a_filter_of_inequality_is_applied() -> None:
    """It was dropped: each child was its own sibling."""
    query = "CONSTRUCT { ?x :sib ?z } WHERE { ?x :parent ?y . ?z :parent ?y . FILTER(?x != ?z) }"
    assert closed(query) == {"a sib b", "b sib a"}


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("?n > 3 && ?n < 10", "c"),
        ("?n >= 4 || ?x = :a", "abc"),
        ("!(?n = 10)", "ac"),
        ("?n != 4", "ab"),
        ("?n IN (3, 10)", "ab"),
        ("?n + 1 > 10", "b"),
        ("STRENDS(STR(?x), 'a')", "a"),
        ("isLiteral(?n)", "abc"),
        ("?x > 3", ""),
    ],
)
def test_comparisons_are_those_of_sparql(expression: str, found: str) -> None:
    query = f"CONSTRUCT {{ ?x a :Found }} WHERE {{ ?x :age ?n . FILTER({expression}) }}"
    assert closed(query) == {f"{name} type Found" for name in found}


def test_not_exists_asks_for_an_absence() -> None:
    """It was read as "for all": those who have children became childless."""
    query = "CONSTRUCT { ?x a :Childless } WHERE { ?x :age ?n . FILTER NOT EXISTS { ?y :parent ?x } }"
    assert closed(query, FAMILY + ":m :age 40 .") == {f"{name} type Childless" for name in "abc"}
    absence = "FILTER NOT EXISTS { ?z :parent ?m FILTER(?z != ?x) }"
    query = f"CONSTRUCT {{ ?x a :Only }} WHERE {{ ?x :parent ?m {absence} }}"
    assert closed(query) == {"c type Only"}


def test_an_absence_is_asked_for_when_all_else_is_closed() -> None:
    text = ":q <http://www.w3.org/2000/01/rdf-schema#subPropertyOf> :p . :a :q :b . :b :is 1 . :a :is 1 ."
    query = "CONSTRUCT { ?x a :Without } WHERE { ?x :is 1 FILTER NOT EXISTS { ?x :p ?y } }"
    assert closed(query, text) == {"a p b", "b type Without"}


def test_rules_feed_each_other_and_those_of_the_specification() -> None:
    rules = [
        rule("CONSTRUCT { ?x :elder ?y } WHERE { ?x :parent ?y }"),
        parse_own_rule(f"{PREFIXES}CONSTRUCT {{ ?y a :Elder }} WHERE {{ ?x :elder ?y }}", name="second"),
    ]
    text = ":a :parent :m . :elder a owl:TransitiveProperty . :m :parent :o ."
    assert {"a elder o", "m elder o", "o type Elder"} <= short(close(triples(text), [*OWL2RL, *rules]))


def test_bind_gives_constants_and_values_that_do_not_grow() -> None:
    assert closed("CONSTRUCT { ?x :kind ?k } WHERE { ?x :note ?n BIND(:noted AS ?k) }") == {"c kind noted"}
    (found,) = closed("CONSTRUCT { ?x :loud ?k } WHERE { ?x :note ?n BIND(UCASE(?n) AS ?k) }")
    assert found == 'c loud "X"'
    assert closed("CONSTRUCT { ?x a :K } WHERE { ?x :note ?n BIND('x' AS ?n2) ?x :note ?n2 }") == {"c type K"}


def test_numbers_of_a_body_match_by_value_and_do_not_come_out() -> None:
    assert closed("CONSTRUCT { ?x a :Four } WHERE { ?x :age 4 }") == {"c type Four"}
    assert closed("CONSTRUCT { ?x a :X } WHERE { ?x :note 'x' }") == {"c type X"}


def test_paths_of_steps_and_inverses_are_written_out() -> None:
    query = "CONSTRUCT { ?x :near ?z } WHERE { ?x :parent/^:parent ?z FILTER(?x != ?z) }"
    assert closed(query) == {"a near b", "b near a"}


def test_iris_lists_of_objects_and_blank_nodes_are_read() -> None:
    query = f"CONSTRUCT {{ ?x a <{EX}K> }} WHERE {{ ?x :age ?n , ?m . [] :parent ?y . ?x :parent ?y }}"
    assert closed(query) == {f"{name} type K" for name in "abc"}


def test_a_contradiction_of_one_s_own_is_worded_by_its_header() -> None:
    own = rule(
        "SELECT * WHERE { ?x :parent ?m . FILTER NOT EXISTS { ?x :age ?n } }",
        "# rule: ageless\n# wording: {x} has a parent and no age\n# inconsistent: error\n",
    )
    (found,) = close(triples(":a :parent :m ; :age 3 . :b :parent :m ."), [*OWL2RL, own]).inconsistencies
    assert str(found).startswith(f"error (ageless): <{EX}b> has a parent and no age.")


SIBLINGS = "CONSTRUCT { ?x :sib ?z } WHERE { ?x :parent ?y . ?z :parent ?y . FILTER(?x != ?z) }"
CHILDLESS = "CONSTRUCT { ?x a :Childless } WHERE { ?x :age ?n . FILTER NOT EXISTS { ?y :parent ?x } }"


@pytest.mark.parametrize("query", [SIBLINGS, CHILDLESS])
def test_changes_give_what_a_closure_from_scratch_gives(query: str) -> None:
    rules = [*OWL2RL, rule(query)]
    kept = Materialization(triples(FAMILY), rules)
    more, gone = (
        triples(":d :parent :m . :c :parent :a . :m :age 9 ."),
        triples(":b :parent :m . :a :age 3 ."),
    )
    what_if = kept.what_if(more)
    for change in (kept.add, kept.remove):
        before = kept.inferred
        told = change(more if change == kept.add else gone)
        fresh = close(kept.asserted, rules).inferred
        assert kept.inferred == fresh
        assert (told.added, told.removed) == (fresh - before, before - fresh)
        if change == kept.add:
            assert what_if == told.added


@pytest.mark.parametrize(
    ("query", "line", "reason"),
    [
        ("CONSTRUCT { ?x :p ?z }\nWHERE { ?x :q ?y }", 3, "does not bind ?z of the head"),
        ("CONSTRUCT { ?x :p [] }\nWHERE { ?x :q ?y }", 3, "new blank nodes"),
        ("CONSTRUCT { ?x :p ?y }\nWHERE {\n?x :q ?y OPTIONAL { ?x :r ?z } }", 5, "OPTIONAL is not supported"),
        ("CONSTRUCT { ?x :p ?y }\nWHERE { { ?x :q ?y } UNION { ?x :r ?y } }", 4, "UNION is not supported"),
        ("CONSTRUCT { ?x :p ?y }\nWHERE { ?x :q ?y MINUS { ?x :r ?z } }", 4, "MINUS is not supported"),
        ("CONSTRUCT { ?x :p ?y }\nWHERE { GRAPH ?g { ?x :q ?y } }", 4, "GRAPH is not supported"),
        ("CONSTRUCT { ?x :p ?y }\nWHERE { ?x :q ?y VALUES ?y { 1 } }", 4, "VALUES or a SELECT within"),
        (
            "CONSTRUCT { ?x :p ?n }\nWHERE { SELECT ?x (COUNT(?y) AS ?n) { ?x :q ?y } GROUP BY ?x }",
            4,
            "VALUES or a SELECT within is not supported",
        ),
        ("CONSTRUCT { ?x :p ?y }\nWHERE { ?x :q+ ?y }", 4, "of the paths only"),
        (
            "CONSTRUCT { ?x :p ?n }\nWHERE { ?x :q ?y BIND(?y + 1 AS ?n) }",
            4,
            "arithmetic could make new values",
        ),
        ("CONSTRUCT { ?x :p ?n }\nWHERE { ?x :q ?y BIND(CONCAT(?y, 'a') AS ?n) }", 4, "CONCAT could make"),
        ("CONSTRUCT { ?x :p ?y }\nWHERE { ?x :q ?y FILTER(?y < NOW()) }", 4, "NOW is not supported"),
        (
            "CONSTRUCT { ?x :p ?y }\nWHERE { ?x :q ?y FILTER EXISTS { ?x :r ?y } }",
            4,
            "EXISTS is not supported",
        ),
        ("CONSTRUCT { ?x :p ?y }\nWHERE { ?x :q ?y FILTER(?z > 1) }", 4, "nothing in its group binds ?z"),
        (
            "CONSTRUCT { ?x :p ?y }\nWHERE { ?x :q ?y . { ?x :r ?z FILTER(?y > 1) } }",
            4,
            "nothing in its group binds ?y",
        ),
        ("CONSTRUCT { ?x :p ?y }\nWHERE { ?x ?x ?y }", 4, "?x is both predicate and subject"),
        ("CONSTRUCT { :a :p :b }\nWHERE { }", 4, "no triple pattern"),
        ("CONSTRUCT { ?x :p ?y }\nWHERE { ?x foo:q ?y }", 4, "foo"),
        ("CONSTRUCT { ?x :p ?y }\nWHERE { ?x :q ?? }", 4, "This is not SPARQL"),
        ("SELECT * WHERE { ?x :q ?y }", 3, "a SELECT * with `# inconsistent:` finds"),
        (
            "CONSTRUCT { ?x :p ?y }\nWHERE { ?x :q ?y FILTER NOT EXISTS { ?x ?r ?y } }",
            4,
            "a variable or a path as predicate",
        ),
    ],
)
def test_what_is_not_supported_or_not_safe_is_refused_with_its_place(
    query: str, line: int, reason: str
) -> None:
    with pytest.raises(RuleError) as refused:
        rule(query)
    assert reason in str(refused.value)
    assert refused.value.file == "own.rq"
    assert refused.value.line == line


def test_an_absence_in_a_circle_is_refused() -> None:
    circle = rule("CONSTRUCT { ?x a :A } WHERE { ?x :q ?y FILTER NOT EXISTS { ?x a :A } }")
    with pytest.raises(RuleError, match="the absence of what it leads to: FILTER NOT EXISTS in a circle"):
        close([], [*OWL2RL, circle])
    apart = rule("CONSTRUCT { ?x a :A } WHERE { ?x :q ?y FILTER NOT EXISTS { ?x a :B } }")
    text = ":a :q :b ."
    assert "a type A" in short(close(triples(text), [*OWL2RL, apart]))
    axiom = ":A <http://www.w3.org/2000/01/rdf-schema#subClassOf> :B ."
    with pytest.raises(RuleError, match="does not hold once all is closed"):
        close(triples(text + axiom), [*OWL2RL, apart])
    kept = Materialization(triples(text), [*OWL2RL, apart])
    before = kept.inferred
    with pytest.raises(RuleError, match="does not hold once all is closed"):
        kept.add(triples(axiom))
    assert kept.inferred == before
    assert kept.asserted == set(triples(text))


def test_a_folder_is_read_whole_and_names_are_its_files(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match="no rules in this folder"):
        load_own_rules(tmp_path)
    (tmp_path / "deep").mkdir()
    for name in ("b", "deep/a"):
        (tmp_path / f"{name}.rq").write_text(
            f"{PREFIXES}CONSTRUCT {{ ?x :{name[-1]} ?y }} WHERE {{ ?x :p ?y }}"
        )
    rules = load_own_rules(tmp_path)
    assert [each.name for each in rules] == ["b", "a"]
    assert short(close(triples(":s :p :o ."), rules)) == {"s a o", "s b o"}
    (tmp_path / "c.rq").write_text(f"# rule: a\n{PREFIXES}CONSTRUCT {{ ?x :c ?y }} WHERE {{ ?x :p ?y }}")
    with pytest.raises(RuleError, match=r"c\.rq|a\.rq"):
        load_own_rules(tmp_path)


def test_a_wording_may_name_only_what_the_body_binds() -> None:
    own = rule("CONSTRUCT { ?x :p ?y } WHERE { ?x :q ?y }", "# wording: {x} is near {y}\n")
    closure = close(triples(":a :q :b ."), [own])
    (proof,) = closure.explain((NamedNode(EX + "a"), NamedNode(EX + "p"), NamedNode(EX + "b")))
    assert f"<{EX}a> is near <{EX}b>" in str(proof)
    with pytest.raises(RuleError, match=r"wording names \{zz\}"):
        rule("CONSTRUCT { ?x :p ?y } WHERE { ?x :q ?y }", "# wording: {zz}\n")


def test_the_rule_of_the_readme_is_read() -> None:
    readme = Path(__file__).parents[2] / "ontology" / "rules" / "README.md"
    text = readme.read_text("utf-8").partition("```sparql\n")[2].partition("```")[0]
    own = parse_own_rule(text)
    assert own.name == "half-sibling"
    given = triples(":a :parent :m, :o . :b :parent :m, :p . :c :parent :m, :o .")
    assert {"a halfSibling b", "c halfSibling b"} <= short(close(given, [own]))
    assert "a halfSibling c" not in short(close(given, [own]))
