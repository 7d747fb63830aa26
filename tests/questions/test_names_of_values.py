"""A value is called what pages call it: label, other label, brand, printed slip, local name, CURIE."""

from pathlib import Path

import pytest

from kg.errors import BadQuery
from kg.questions.question_answers import load_library, resolve_value
from sparqlhost.store.interface import Store

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("question", "text", "name"),
    [
        ("raised-for", "recurrent ALL", "situation/RelapsedALL"),
        ("raised-for", "ALL in relapse", "situation/RelapsedALL"),
        ("raised-for", "SIT:RelapsedALL", "situation/RelapsedALL"),
        ("option-where", "Blincyto", "intervention/Blinatumomab"),
        ("option-where", "Blinocyt", "intervention/Blinatumomab"),
        ("option-where", "gleevec", "intervention/Imatinib"),
        ("option-where", "SCT", "intervention/StemCellTransplant"),
        ("option-where", " stem cell transplantation ", "intervention/StemCellTransplant"),
    ],
)
def test_each_name_leads_to_its_term(store: Store, question: str, text: str, name: str) -> None:
    library = load_library(ROOT)
    (parameter,) = library.find(question).params
    found = resolve_value(parameter, text, library.make_vocabulary(store))
    assert found.value == f"https://w3id.org/rrall-kg/{name}"


def test_a_near_name_is_proposed_from_what_fits_the_parameter(store: Store) -> None:
    library = load_library(ROOT)
    (parameter,) = library.find("raised-for").params
    with pytest.raises(BadQuery) as refused:
        resolve_value(parameter, "ALL in relapsed", library.make_vocabulary(store))
    assert refused.value.hint.startswith("Did you mean RelapsedALL? Values: ")
    with pytest.raises(BadQuery):  # the name of a drug is no situation
        resolve_value(parameter, "Gleevec", library.make_vocabulary(store))
