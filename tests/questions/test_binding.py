"""Values enter a query as terms: nothing a user writes becomes syntax."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyoxigraph import Literal, NamedNode

from kg.errors import BadData, BadQuery, NotFound
from kg.model.questions import Question, find_question, parse_question
from kg.questions.question_answers import (
    QuestionVocabulary,
    answer_question,
    load_library,
)
from kg.settings import PROJECT_ROOT
from sparqlhost.store.interface import Store
from sparqlhost.store.local_store import MemoryStore

TEXT = """# title: T
# question: Q?
# param: word text - a word
# param: thing intervention+ - a thing
# returns: rows
SELECT ?word ?thing WHERE {
  VALUES ?word { "x" }
  VALUES ?thing { <http://example.org/a> }
}
"""
ECHO = parse_question("07-echo", TEXT)


def echoed(query: str) -> list[tuple[object, ...]]:
    with MemoryStore() as empty:
        return list(empty.select(query).rows)


def test_a_header_gives_name_parameters_and_example() -> None:
    assert (ECHO.name, ECHO.title, ECHO.query_form) == ("echo", "T", "SELECT")
    assert [(p.name, p.type, p.is_repeatable, p.example) for p in ECHO.params] == [
        ("word", "text", False, '"x"'),
        ("thing", "intervention", True, "<http://example.org/a>"),
    ]


@pytest.mark.parametrize(
    ("cut", "what"),
    [
        ("# title: T\n", "needs one line `# title:`"),
        ("# returns: rows\n", "needs one line `# returns:`"),
        ('  VALUES ?word { "x" }\n', "needs a line `VALUES ?word { example }`"),
        (" - a word", "is not `name type - help`"),
    ],
)
def test_a_header_that_is_not_whole_says_what_is_missing(cut: str, what: str) -> None:
    with pytest.raises(BadData, match=r"echo\.rq") as caught:
        parse_question("07-echo", TEXT.replace(cut, ""))
    assert what in caught.value.message


@pytest.mark.parametrize(
    "attack",
    [
        '" } UNION { ?s ?p ?o } #',
        '"^^<http://x> } } INSERT DATA { <a> <b> <c> } #',
        "x\\",
        'x"\n} ORDER BY ?word #',
        "  VALUES ?thing { <http://evil> }",
        "\u0000\ufeff'''\"\"\"",
    ],
)
def test_a_literal_stays_a_literal(attack: str) -> None:
    assert echoed(ECHO.bind_values({"word": attack})) == [
        (Literal(attack), NamedNode("http://example.org/a"))
    ]


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_any_text_comes_back_as_it_was_given(word: str) -> None:
    assert echoed(ECHO.bind_values({"word": word}))[0][0] == Literal(word)


@given(st.text(max_size=30))
def test_any_text_is_one_iri_or_is_refused(text: str) -> None:
    try:
        query = ECHO.bind_values({"thing": text})
    except BadQuery:
        return
    assert len(echoed(query)) == 1


@pytest.mark.parametrize("attack", ["http://a> } #", "a b", "", "<http://a>", "int:x }", "http://a/{x}"])
def test_what_is_no_iri_is_refused_with_an_example(attack: str) -> None:
    with pytest.raises(BadQuery, match="for example"):
        ECHO.bind_values({"thing": attack})


def test_several_values_make_several_rows_only_where_allowed() -> None:
    assert len(echoed(ECHO.bind_values({"thing": ["A", "int:B", "http://example.org/C"]}))) == 3
    with pytest.raises(BadQuery, match="takes one value, not 2"):
        ECHO.bind_values({"word": ["a", "b"]})
    with pytest.raises(BadQuery, match="takes one or more values, not 0"):
        ECHO.bind_values({"thing": []})


def test_an_unknown_parameter_names_the_ones_there_are() -> None:
    with pytest.raises(BadQuery, match=r"Did you mean word\? Parameters: word, thing"):
        ECHO.bind_values({"wrod": "x"})


@pytest.mark.parametrize("name", ["echo", "1", "01", "01-echo"])
def test_a_question_is_found_by_name_or_number(name: str) -> None:
    assert find_question([ECHO], name) is ECHO


def test_a_near_name_is_offered() -> None:
    with pytest.raises(NotFound, match="Did you mean echo"):
        find_question([ECHO], "ecko")


def question(name: str) -> Question:
    return load_library(PROJECT_ROOT).find(name)


@pytest.mark.parametrize(
    "given_",
    [
        "Blinatumomab",
        "blinatumomab",
        "int:Blinatumomab",
        "https://w3id.org/rrall-kg/intervention/Blinatumomab",
    ],
)
def test_a_value_may_be_a_local_name_a_label_a_curie_or_an_iri(store: Store, given_: str) -> None:
    choices = QuestionVocabulary(store, PROJECT_ROOT)
    assert len(answer_question(store, question("option-where"), {"intervention": given_}, choices).rows) == 2


def test_a_wrong_value_lists_the_values_there_are(store: Store) -> None:
    choices = QuestionVocabulary(store, PROJECT_ROOT)
    with pytest.raises(BadQuery, match=r"Did you mean Blinatumomab\? Values: .*Nelarabine"):
        answer_question(store, question("option-where"), {"intervention": "Blinatumab"}, choices)


def test_every_parameter_that_is_no_literal_has_choices_and_a_working_example(store: Store) -> None:
    choices = QuestionVocabulary(store, PROJECT_ROOT)
    checked = 0
    for each in load_library(PROJECT_ROOT).questions[:38]:
        for parameter in each.params:
            if parameter.type == "text":
                continue
            values = {choice.value for choice in choices.list_choices(parameter)}
            assert {parameter.parse_value(example) for example in parameter.example.split()} <= values, (
                each.name
            )
            checked += 1
    assert checked == 24
