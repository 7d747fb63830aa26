"""The fixed list: what people type, and what must come first in the real graph."""

from __future__ import annotations

from pathlib import Path

import pytest

from kg.model.search_index import SearchIndex
from kg.pages.page_queries import PageQueryReader
from kg.pages.search.view import build_search_index, search_page, suggest_entities, suggest_similar_names
from sparqlhost.store.interface import Store


@pytest.fixture(scope="module")
def index(store: Store, root: Path) -> SearchIndex:
    return build_search_index(PageQueryReader(store, root / "queries" / "pages"))


FIRST = [
    # exact names
    ("blinatumomab", "/intervention/Blinatumomab"),
    ("Blinatumomab", "/intervention/Blinatumomab"),
    ("chemotherapy", "/intervention/Chemotherapy"),
    ("imatinib", "/intervention/Imatinib"),
    ("nelarabine", "/intervention/Nelarabine"),
    ("stem cell transplant", "/intervention/StemCellTransplant"),
    ("relapsed B-cell ALL", "/situation/RelapsedBALL"),
    ("refractory ALL", "/situation/RefractoryALL"),
    ("pain", "/problem/Pain"),
    ("nausea", "/problem/Nausea"),
    # brands, as printed and as they are
    ("Gleevec", "/intervention/Imatinib"),
    ("Blincyto", "/intervention/Blinatumomab"),
    ("Blinocyt", "/intervention/Blinatumomab"),
    ("Arranon", "/intervention/Nelarabine"),
    ("arranon®", "/intervention/Nelarabine"),
    # abbreviations and other names
    ("SCT", "/intervention/StemCellTransplant"),
    ("chemo", "/intervention/Chemotherapy"),
    ("ALL", "/disease/ALL"),
    ("acute lymphocytic leukemia", "/disease/ALL"),
    # prefixes
    ("blin", "/intervention/Blinatumomab"),
    ("nelar", "/intervention/Nelarabine"),
    # slips of the finger
    ("blinatumumab", "/intervention/Blinatumomab"),
    ("imatinb", "/intervention/Imatinib"),
    ("nelarabin", "/intervention/Nelarabine"),
    ("morphin", "/intervention/Morphine"),
    ("chemoterapy", "/intervention/Chemotherapy"),
    ("glivec", "/intervention/Imatinib"),
    ("gleevic", "/intervention/Imatinib"),
    ("imaitnib", "/intervention/Imatinib"),
    # the beginning of a name, sent before it is whole
    ("blina", "/intervention/Blinatumomab"),
    # names of the graph itself
    ("S07-1", "/claim/S07-1"),
    ("claim:S07-1", "/claim/S07-1"),
    ("S07", "/sentence/S07"),
    ("int:Blinatumomab", "/intervention/Blinatumomab"),
    # outside codes
    ("L01FX07", "/intervention/Blinatumomab"),
    ("ATC:L01FX07", "/intervention/Blinatumomab"),
]


def test_the_fixed_list_is_whole() -> None:
    assert len(FIRST) == 36


@pytest.mark.parametrize(("query", "href"), FIRST)
def test_what_is_typed_comes_first(index: SearchIndex, query: str, href: str) -> None:
    found = search_page(index, query)
    assert [hit.href for hit in found.hits[:1]] == [href], [(hit.href, hit.how) for hit in found.hits[:4]]


def test_an_outside_code_of_any_mapping_leads_to_its_entity(
    index: SearchIndex, store: Store, root: Path
) -> None:
    rows = PageQueryReader(store, root / "queries" / "pages").select_rows("codes")
    codes = {str(row["code"].value): set[str]() for row in rows}  # type: ignore[union-attr]
    for row in rows:
        codes[str(row["code"].value)].add(str(row["entity"].value).partition("rrall-kg")[2])  # type: ignore[union-attr]
    assert len(codes) > 200
    lost = [code for code, hrefs in codes.items() if search_page(index, code).hits[0].href not in hrefs]
    assert lost == []


@pytest.mark.parametrize("query", ["CAR-T", "car t", "gene therapy"])
def test_what_the_graph_does_not_speak_of_has_no_hits(index: SearchIndex, query: str) -> None:
    assert [hit.label for hit in search_page(index, query).hits] == []


def test_a_misspelt_page_name_has_near_names(index: SearchIndex) -> None:
    assert suggest_similar_names(index, "Blinatumoma")[0].href == "/intervention/Blinatumomab"
    assert suggest_similar_names(index, "RelapsedBAL")[0].href == "/situation/RelapsedBALL"


def test_suggestions_are_few_and_searching_takes_no_time_to_speak_of(index: SearchIndex) -> None:
    assert len(suggest_entities(index, "a")) == 8
