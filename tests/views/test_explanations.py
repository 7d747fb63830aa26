"""Every inferred triple of the published graph has a well-founded proof down to asserted triples."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask.testing import FlaskClient
from pyoxigraph import NamedNode, RdfFormat, Triple, parse

from kg.cli import cli
from kg.errors import NotFound, UserError
from kg.namespaces import GRAPH, KG, OWL, PREFIXES, RDF
from kg.pages.explain.proof_steps import AnchorCache, number_proof
from kg.pages.explain.proof_text import render_text
from kg.pages.explain.statement_input import load_term_names, parse_statement
from kg.pages.explain.view import explain_triple
from kg.pages.page_queries import PageQueryReader, ReasonerInput
from kg.pages.term_refs import HEDGE_LEVELS, TermLabels
from rlreason import OWL2RL, Asserted, Derived, Materialization, Proof, Prover, close, iterate_leaves
from sparqlhost.store.interface import Store


@pytest.fixture(scope="module")
def prover(store: Store) -> Prover:
    """Return the prover over the session's build."""
    return ReasonerInput.load(store, tuple(OWL2RL)).make_prover()


def prove_from(asserted: dict[Triple, tuple[NamedNode, ...]]) -> Prover:
    """Return the prover over triples, each with its graphs."""
    return Prover(close(asserted), asserted)


@pytest.fixture(scope="module")
def reader(store: Store, root: Path) -> PageQueryReader:
    """Return the reader of page queries over the session's build."""
    return PageQueryReader.from_root(store, root)


@pytest.fixture(scope="module")
def naming(reader: PageQueryReader) -> TermLabels:
    """Return the labels of terms."""
    return reader.load_all_labels()


def term(curie: str) -> NamedNode:
    """Return the term of a CURIE."""
    prefix, _, local = curie.partition(":")
    return NamedNode(PREFIXES[prefix] + local)


def edge(text: str) -> Triple:
    """Return the triple of three CURIEs."""
    s, p, o = text.split()
    return Triple(term(s), term(p), term(o))


OPTION = edge("int:Blinatumomab kg:optionFor sit:RelapsedBALL")
CONDITIONAL = edge("int:StemCellTransplant kg:raisedFor sit:RefractoryALL")


def no_circle(proof: Proof, above: frozenset[object] = frozenset()) -> bool:
    """Say whether no statement rests on itself."""
    if isinstance(proof, Asserted):
        return True
    return proof.triple not in above and all(no_circle(p, above | {proof.triple}) for p in proof.premises)


def test_every_published_inference_has_a_well_founded_proof(store: Store, prover: Prover) -> None:
    inferred = list(store.read_graph(GRAPH["inferred"]))
    assert len(inferred) > 1000
    for triple in inferred:
        (proof,) = prover.prove(triple)
        assert isinstance(proof, Derived), triple
        assert no_circle(proof), triple
        for leaf in iterate_leaves(proof):
            assert leaf.graph is not None
            assert leaf.graph in prover.asserted[Triple(*leaf.triple)]  # type: ignore[arg-type]


def test_every_kind_of_graph_is_reached_by_some_leaf(store: Store, prover: Prover) -> None:
    (proof,) = prover.prove(OPTION)
    graphs = {str(leaf.graph) for leaf in iterate_leaves(proof)}
    assert str(GRAPH["ontology"]) in graphs
    assert any("/claim/S15-1/assertion" in graph for graph in graphs)


def test_removing_a_leaf_makes_the_proof_fail(prover: Prover) -> None:
    (proof,) = prover.prove(OPTION)
    found = {Triple(*leaf.triple) for leaf in iterate_leaves(proof)}  # type: ignore[arg-type]
    assert len(found) > 3
    for leaf in found:
        poorer = prove_from({t: g for t, g in prover.asserted.items() if t != leaf})
        proofs = poorer.prove(OPTION)
        left = {each.triple for proof in proofs for each in iterate_leaves(proof)}
        assert (leaf.subject, leaf.predicate, leaf.object) not in left


def test_removing_the_claim_removes_the_edge(prover: Prover) -> None:
    claim = GRAPH["claim/S15-1/assertion"]
    poorer = prove_from({t: g for t, g in prover.asserted.items() if claim not in g})
    assert poorer.prove(OPTION) == ()


def test_removing_any_leaf_of_a_sample_is_noticed_by_the_kept_closure(prover: Prover) -> None:
    (proof,) = prover.prove(CONDITIONAL)
    kept = Materialization(prover.asserted)
    claims = [leaf for leaf in iterate_leaves(proof) if leaf.graph and "/claim/" in leaf.graph.value]
    assert claims
    kept.remove([Triple(*leaf.triple) for leaf in claims])  # type: ignore[arg-type]
    assert CONDITIONAL not in kept.inferred


def test_alternatives_come_shortest_first_and_are_bounded(prover: Prover) -> None:
    from rlreason import count_rule_applications

    proofs = prover.prove(edge("sit:RelapsedBALL kg:broaderSituation sit:RRALL"), limit=5)
    assert 1 <= len(proofs) <= 5
    assert [count_rule_applications(p) for p in proofs] == sorted(count_rule_applications(p) for p in proofs)


def test_alternatives_never_circle_and_are_found_without_search(store: Store, prover: Prover) -> None:
    """A step rests on the smallest proofs of its premises; trying others took exponential time in cliques."""
    for triple in sorted(store.read_graph(GRAPH["inferred"]), key=str)[::7]:
        proofs = prover.prove(triple, limit=21)
        assert 1 <= len(proofs) <= 21
        assert all(no_circle(proof) for proof in proofs), triple


def stored_hedges(store: Store, edge: Triple) -> set[str]:
    """Return the hedges that the build wrote for an edge."""
    graph = list(store.read_graph(GRAPH["weakest-hedges"]))
    parts = {(RDF["subject"], edge.subject), (RDF["predicate"], edge.predicate), (RDF["object"], edge.object)}
    edges = {
        triple.subject
        for triple in graph
        if parts <= {(other.predicate, other.object) for other in graph if other.subject == triple.subject}
    }
    return {
        triple.object.value
        for triple in graph
        if triple.subject in edges
        and triple.predicate == KG["weakestHedge"]
        and isinstance(triple.object, NamedNode)
    }


def test_an_edge_states_the_weakest_hedge_that_the_build_stored(
    store: Store, reader: PageQueryReader, prover: Prover, naming: TermLabels
) -> None:
    page = explain_triple(prover, reader, naming, OPTION)
    hedge = page.proofs[0].hedge
    assert page.status == "inferred"
    assert hedge is not None
    assert stored_hedges(store, OPTION) == {hedge.iri}
    assert hedge.label in page.summary


def test_a_proof_from_two_claims_reads_no_stronger_than_the_weaker_one(
    reader: PageQueryReader, naming: TermLabels
) -> None:
    """The minimum of the ranks, whichever claim comes first: a maximum would overstate one of both proofs."""
    subject, hop, middle, target = term("int:A"), term("kg:broaderSituation"), term("sit:B"), term("sit:C")
    first, second = Triple(subject, hop, middle), Triple(middle, hop, target)
    transitive = Triple(hop, RDF["type"], OWL["TransitiveProperty"])
    weak, strong = GRAPH["claim/S07-1/assertion"], GRAPH["claim/S18-1/assertion"]
    levels = {}
    for graphs in ((weak, strong), (strong, weak)):
        prover = prove_from({first: (graphs[0],), second: (graphs[1],), transitive: (GRAPH["ontology"],)})
        (proof,) = prover.prove(Triple(subject, hop, target))
        view = number_proof(proof, naming, AnchorCache(reader, naming))
        hedges = {step.anchor.hedge for step in view.steps if step.anchor and step.anchor.hedge}
        assert view.hedge is not None
        levels[graphs] = view.hedge.level
        assert min(map(HEDGE_LEVELS.index, (h.level for h in hedges))) == HEDGE_LEVELS.index(view.hedge.level)
        assert len({hedge.level for hedge in hedges}) == 2
    assert len(set(levels.values())) == 1


def test_leaves_say_whether_text_ontology_or_background_speaks(
    reader: PageQueryReader, prover: Prover, naming: TermLabels
) -> None:
    page = explain_triple(prover, reader, naming, OPTION)
    asserted = [step for step in page.proofs[0].steps if step.kind == "asserted"]
    assert {step.origin for step in asserted} >= {"text", "ontology"}
    anchors = [step.anchor for step in asserted if step.anchor]
    assert anchors
    assert all(a.sentence is not None and a.span is not None and a.cue for a in anchors)
    background = explain_triple(
        prover, reader, naming, edge("feat:spinalFluidRelapse kg:satisfies feat:activeRelapse")
    )
    assert {step.origin for step in background.proofs[0].steps if step.kind == "asserted"} >= {"background"}


def test_an_edge_that_does_not_hold_names_the_missing_premise(
    reader: PageQueryReader, prover: Prover, naming: TermLabels
) -> None:
    page = explain_triple(
        prover, reader, naming, edge("int:StemCellTransplant kg:optionFor sit:RefractoryALL")
    )
    assert page.status == "absent"
    assert page.missing[0].rule == "prp-spo2"
    assert page.missing[0].premise[2].curie == "claim:S07-1"
    assert "kg:conditionallyOfferedBy" in {ref.curie for ref in page.missing[0].instead}


@pytest.mark.parametrize(
    ("statement", "summary"),
    [
        (
            "int:Nelarabine kg:optionFor sit:RelapsedALL",
            "It is said of “relapsed or refractory T-cell ALL”, which also asks for “T-cell lineage”.",
        ),
        (
            "int:Blinatumomab kg:optionFor sit:RelapsedALL",
            "It is said of the narrower “relapsed B-cell ALL”, which also asks for “B-cell lineage”.",
        ),
        (
            "int:TrialParticipation kg:optionFor sit:RefractoryBALL",
            "It is said of the broader “refractory ALL”.",
        ),
    ],
)
def test_a_negative_answer_says_where_the_same_is_said_and_what_is_missing(
    reader: PageQueryReader, prover: Prover, naming: TermLabels, statement: str, summary: str
) -> None:
    """It named premises of rules, such as an offer by a claim that defines a word."""
    page = explain_triple(prover, reader, naming, edge(statement))
    assert page.status == "absent"
    assert page.summary.endswith(summary)
    assert page.missing == ()


def test_the_words_beside_the_weakest_hedge_are_its_own(
    reader: PageQueryReader, prover: Prover, naming: TermLabels
) -> None:
    """S22-1 says that something may become clear, and within it what is extremely unlikely."""
    page = explain_triple(prover, reader, naming, edge("claim:S22-1 kg:hasIntervention int:FurtherTreatment"))
    assert "may become clear (“may become clear”)" in page.summary


@pytest.mark.parametrize("form", ["text", "json", "ttl"])
def test_kg_explain_answers_in_each_form(
    form: str, settings: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_dir = str(getattr(settings, "build_dir", ""))
    arguments = ["explain", "blinatumomab", "option for", "relapsed B-cell ALL", "--all", "--format", form]
    result = CliRunner(env={"KG_BUILD_DIR": build_dir}).invoke(cli, arguments)
    assert result.exit_code == 0, result.output
    assert "S15-1" in result.output
    if form == "json":
        assert json.loads(result.output)["status"] == "inferred"
    if form == "ttl":
        assert any(
            "wasDerivedFrom" in str(q.predicate) for q in parse(result.output, format=RdfFormat.TURTLE)
        )


@pytest.mark.parametrize("word", ["treats", "kg:treats"])
def test_a_word_that_is_no_property_is_answered_by_the_question_on_it(word: str, settings: object) -> None:
    """The word that the project exists to refuse was answered by names of like spelling."""
    env = {"KG_BUILD_DIR": str(getattr(settings, "build_dir", ""))}
    result = CliRunner(env=env).invoke(cli, ["explain", "int:Blinatumomab", word, "sit:RelapsedBALL"])
    assert isinstance(result.exception, NotFound)
    assert "No: `kg ask treats-anything`" in str(result.exception.hint)


def test_kg_explain_says_what_is_absent_with_exit_code_one(settings: object) -> None:
    env = {"KG_BUILD_DIR": str(getattr(settings, "build_dir", ""))}
    result = CliRunner(env=env).invoke(cli, ["explain", "nelarabine", "kg:optionFor", "sit:RelapsedBALL"])
    assert result.exit_code == 1
    assert "not in the graph" in result.output
    assert "also asks for “T-cell lineage”" in result.output
    arguments = ["explain", "int:StemCellTransplant", "kg:optionFor", "sit:RefractoryALL"]
    assert "missing:" in CliRunner(env=env).invoke(cli, arguments).output


def test_explain_address_answers_json_text_and_rdf(client: FlaskClient) -> None:
    query = {"s": "int:Blinatumomab", "p": "kg:optionFor", "o": "sit:RelapsedBALL"}
    found = client.get("/explain", query_string=query, headers={"Accept": "application/json"})
    assert found.status_code == 200
    assert found.get_json()["proofs"][0]["hedge"]["level"]
    text = client.get("/explain", query_string=query, headers={"Accept": "text/plain"})
    assert text.mimetype == "text/plain"
    assert "prp-spo2" in text.get_data(as_text=True)
    rdf = client.get("/explain", query_string={**query, "format": "ttl"})
    assert "wasQuotedFrom" in rdf.get_data(as_text=True)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({}, 400),
        ({"s": "int:Blinatumomab", "p": "kg:optionFor"}, 400),
        ({"s": "nosuchthing", "p": "a", "o": "b"}, 404),
    ],
)
def test_explain_address_refuses_what_it_cannot_read(
    client: FlaskClient, query: dict[str, str], status: int
) -> None:
    found = client.get("/explain", query_string=query, headers={"Accept": "application/json"})
    assert found.status_code == status


def test_without_a_statement_a_reader_gets_a_form_with_examples_that_hold(client: FlaskClient) -> None:
    """A bare 400 met who followed the address in the README."""
    found = client.get("/explain", headers={"Accept": "text/html"})
    page = found.get_data(as_text=True)
    examples = [unescape(link) for link in re.findall(r'href="(/explain\?[^"]+)"', page)]
    assert found.status_code == 200
    assert [f'name="{part}"' in page for part in "spo"] == [True] * 3
    assert len(examples) == 3
    for link in examples:
        assert client.get(link, headers={"Accept": "application/json"}).get_json()["status"] == "inferred"


@pytest.mark.parametrize(
    ("query", "status", "told"),
    [
        ({"s": "blinatumomab"}, 400, "The statement lacks p, o."),
        (
            {"s": "blinatumomap", "p": "option for", "o": "relapsed B-cell ALL"},
            404,
            "Similar names: blinatumomab",
        ),
    ],
)
def test_a_form_that_cannot_be_read_comes_back_filled_in(
    client: FlaskClient, query: dict[str, str], status: int, told: str
) -> None:
    found = client.get("/explain", query_string=query, headers={"Accept": "text/html"})
    page = found.get_data(as_text=True)
    assert found.status_code == status
    assert told in page
    assert f'value="{query["s"]}"' in page


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("relapsed B-cell ALL|option for|blinatumomab", "The other way round it holds"),
        ("int:Blinatumomab|skos:prefLabel|blinatumomab", 'It holds of the literal "blinatumomab"@en'),
        ('int:Blinatumomab|skos:prefLabel|"blinatumomab"', 'It holds of the literal "blinatumomab"@en'),
        ("int:Blinatumomab|a|kg:Intervention", "is an intervention"),
    ],
)
def test_what_was_meant_is_said_beside_what_does_not_hold(
    reader: PageQueryReader, prover: Prover, naming: TermLabels, asked: str, told: str
) -> None:
    triple = parse_statement(load_term_names(reader), reader, *asked.split("|"))
    assert told in render_text(explain_triple(prover, reader, naming, triple))


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (
            "int:Blinatumomb|kg:optionFor|sit:RelapsedBALL",
            "no int:Blinatumomb in the graph. Did you mean int:Bl",
        ),
        (
            "int:Blinatumomab|kg:optionFr|sit:RelapsedBALL",
            "no property kg:optionFr in the graph. Did you mean",
        ),
        ("int:Blinatumomab|kg:treats|sit:RelapsedBALL", "There is no property kg:treats in the graph."),
        ("int:Blinatumomab|kg:optionFor|sit:RelapsedBAL", "Did you mean sit:RelapsedBALL"),
        ("int:Blinatumomab|a|kg:Drug", "There is no kg:Drug in the graph."),
    ],
)
def test_a_misspelling_never_reads_as_something_the_text_does_not_say(
    reader: PageQueryReader, prover: Prover, naming: TermLabels, client: FlaskClient, asked: str, told: str
) -> None:
    triple = parse_statement(load_term_names(reader), reader, *asked.split("|"))
    with pytest.raises(NotFound) as refused:
        explain_triple(prover, reader, naming, triple)
    assert told in str(refused.value)
    query = dict(zip("spo", asked.split("|"), strict=True))
    for media in ("application/json", "text/html"):
        answer = client.get("/explain", query_string=query, headers={"Accept": media})
        assert answer.status_code == 404
        assert "does not say" not in answer.get_data(as_text=True)


def test_an_outside_identifier_is_no_misspelling(
    store: Store, reader: PageQueryReader, prover: Prover, naming: TermLabels
) -> None:
    """Mappings are in graphs that the reasoner does not read."""
    row = next(
        iter(
            store.select("SELECT ?o { GRAPH ?g { ?s <http://www.w3.org/2004/02/skos/core#closeMatch> ?o } }")
        )
    )
    triple = Triple(OPTION.subject, KG["optionFor"], row["o"])
    assert explain_triple(prover, reader, naming, triple).status == "absent"


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("foo:bar|kg:optionFor|sit:RelapsedBALL", "foo: is not a known prefix"),
        ("|kg:optionFor|sit:RelapsedBALL", "Nothing is given"),
        ("blinatumumab|kg:optionFor|sit:RelapsedBALL", "Similar names: blinatumomab."),
        ("blinatumomab|options for|sit:RelapsedBALL", "Similar names: option for"),
        ("blinatumomab|blinatumomab|sit:RelapsedBALL", "predicate"),
        ('blinatumomab|kg:optionFor|"relapsed', "is not a literal"),
    ],
)
def test_a_name_that_is_not_understood_is_told_with_what_to_do(
    reader: PageQueryReader, asked: str, told: str
) -> None:
    with pytest.raises(UserError) as refused:
        parse_statement(load_term_names(reader), reader, *asked.split("|"))
    assert told in str(refused.value)


def test_text_is_a_tree_in_which_axioms_stand_with_their_step(
    reader: PageQueryReader, prover: Prover, naming: TermLabels
) -> None:
    page = explain_triple(prover, reader, naming, edge("int:Blinatumomab kg:optionFor sit:RelapsedBALL"))
    lines = render_text(page).splitlines()
    said = [line for line in lines if "said by the text" in line]
    assert said
    assert all("revised 2014-12-03)" in line for line in said)
    heads = [line for line in lines if re.match(r" *[0-9]+\. ", line)]
    assert [line.strip().split(". ")[0] for line in heads] == ["1", "2", "4", "6", "7"]
    assert [len(line) - len(line.lstrip()) for line in heads] == [0, 2, 4, 6, 2]
    assert any("of the ontology (kg:offers owl:inverseOf kg:offeredBy)" in line for line in lines)
    assert len(page.proofs[0].steps) == 8


def test_a_gap_that_a_fact_would_fill_comes_without_those_that_ask_for_an_axiom(
    reader: PageQueryReader, prover: Prover, naming: TermLabels
) -> None:
    page = explain_triple(
        prover, reader, naming, edge("int:StemCellTransplant kg:optionFor sit:RelapsedBALL")
    )
    assert {gap.rule for gap in page.missing} == {"prp-spo2"}
