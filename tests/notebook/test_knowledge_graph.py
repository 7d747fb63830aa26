"""`kg.open()`: the same calls, with equal answers, over the build in memory and over a real server."""

import dataclasses
import inspect
from collections.abc import Iterator
from pathlib import Path

import pandas
import pytest
from rdflib import Literal

import kg
from kg.errors import BadQuery, NotFound
from kg.notebook import Answer, KnowledgeGraph, Table, Term
from sparqlhost.errors import StoreUnavailable
from tests.serving.servers import running


@pytest.fixture(scope="module")
def graph() -> KnowledgeGraph:
    return kg.open()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KnowledgeGraph]:
    with running(tmp_path_factory.mktemp("served")) as server:
        yield kg.open(server.address)


def _without_links(value: object) -> object:
    """Return an answer without the links, which name the server."""
    if isinstance(value, Term):
        return value.label, value.iri, value.curie
    if isinstance(value, Answer):
        return {name: _without_links(part) for name, part in value.parts.items()}
    if isinstance(value, tuple):
        return tuple(map(_without_links, value))
    if isinstance(value, Table):
        return value.columns, _without_links(value.rows), value.title, value.note
    return value


def test_a_server_and_the_memory_answer_alike(graph: KnowledgeGraph, served: KnowledgeGraph) -> None:
    def ask(asked: KnowledgeGraph) -> list[object]:
        return [
            asked.questions,
            asked.ask("raised-for", situation="RelapsedALL"),
            asked.ask.case_claims(feature=["ALL", "B-cell lineage"]),
            asked.case("ALL", "B-cell lineage", absent=["adult"]),
            asked.compare("RelapsedALL", "blinatumomab"),
            asked.explain("blinatumomab", "option for", "relapsed B-cell ALL"),
            asked.resolve("RXNORM:282388"),
            asked.search("blina"),
            asked.sparql("SELECT ?s ?o { ?s kg:optionFor ?o } ORDER BY ?s ?o"),
            asked.sparql("ASK { ?s kg:treats ?o }"),
        ]

    here, there = (list(map(_without_links, ask(asked))) for asked in (graph, served))
    assert len(here) == 10
    assert here == there
    assert here[-1] is False


def test_a_table_is_pandas_polars_and_html(served: KnowledgeGraph) -> None:
    table = served.ask("raised-for", situation="RelapsedALL")
    frame = table.to_pandas()
    assert isinstance(frame, pandas.DataFrame)
    assert list(frame["intervention"]) == ["more chemotherapy", "stem cell transplant"]
    assert table.to_pandas(iris=True)["intervention"][0].endswith("/intervention/MoreChemotherapy")
    assert table.to_polars().rows() == [tuple(row) for row in frame.itertuples(index=False)]
    shown = table._repr_html_()
    assert 'intervention/MoreChemotherapy" title="int:MoreChemotherapy">more chemotherapy</a>' in shown
    assert table["hedge"][1].label in repr(table)
    with pytest.raises(KeyError, match="intervention, how, hedge"):
        table["drug"]


def test_questions_and_parameters_are_completed(graph: KnowledgeGraph) -> None:
    assert len(dir(graph.ask)) == len(graph.questions) > 40
    assert "raised_for" in dir(graph.ask)
    assert list(inspect.signature(graph.ask.raised_for).parameters) == ["situation"]
    with pytest.raises(AttributeError, match="no question 'raise_for'"):
        graph.ask.raise_for  # noqa: B018


def test_an_answer_has_parts_and_is_frozen(graph: KnowledgeGraph) -> None:
    case = graph.case("ALL", "second remission")
    assert "not medical advice" in case.notice
    assert {claim.status for claim in case.claims} >= {"applies if", "undecided"}
    assert "stem cell transplant" in repr(case)
    assert "<details open><summary>claims</summary>" in case._repr_html_()
    with pytest.raises(AttributeError, match="no part 'claimz'; there are notice"):
        case.claimz  # noqa: B018
    with pytest.raises(dataclasses.FrozenInstanceError):
        case.parts = {}  # type: ignore[misc] # frozen


def test_wrong_input_is_one_sentence(graph: KnowledgeGraph) -> None:
    with pytest.raises(BadQuery, match="There is no situation 'ALL in Rome'"):
        graph.ask("raised-for", situation="ALL in Rome")
    with pytest.raises(NotFound, match="raised-for"):
        graph.ask("raised-four")
    with pytest.raises(BadQuery, match="has no parameter 'drug'"):
        graph.ask("raised-for", drug="imatinib")
    with pytest.raises(BadQuery):
        graph.sparql("SELECT")
    with pytest.raises(StoreUnavailable, match="cannot be reached"):
        kg.open("http://127.0.0.1:9").search("x")
    with pytest.raises(StoreUnavailable):
        kg.open(Path("/nowhere"))


@pytest.mark.filterwarnings("ignore:Dataset.default_context:DeprecationWarning")  # rdflib's own query()
def test_plain_strings_of_the_dataset_equal_literals() -> None:
    dataset = kg.load()
    rows = list(dataset.query("SELECT ?cue { ?claim kg:cue ?cue }"))
    assert Literal("may be an option") in {row.cue for row in rows}  # type: ignore[union-attr]
    assert Literal("may be an option") in {o for _, _, o in dataset.triples((None, None, None))}
