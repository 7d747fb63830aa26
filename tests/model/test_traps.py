"""The 18 traps of the inventory, and those points of its reviewer's checklist that no other test makes."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from kg.namespaces import PREFIXES
from sparqlhost.store.interface import Store
from tests.model.conftest import patterns

TRAPS = patterns("traps.tsv")
_PREFIXES = "".join(f"PREFIX {prefix}: <{iri}>\n" for prefix, iri in PREFIXES.items())


def test_all_traps_are_tried() -> None:
    assert [name[:2] for name in TRAPS] == [f"{number:02}" for number in range(1, 19)]


@pytest.mark.parametrize("name", TRAPS)
def test_the_published_graph_has_not_fallen_into(store: Store, name: str) -> None:
    assert store.ask(f"{_PREFIXES}ASK {{ {TRAPS[name]} }}")


@pytest.mark.parametrize(
    "path", ["/claim/S07-1", "/intervention/Blinatumomab", "/situation/RelapsedBALL", "/"]
)
def test_each_view_of_a_claim_says_of_when_the_text_is(client: FlaskClient, path: str) -> None:
    """Trap 18: a text of 2014 is not today's practice."""
    page = client.get(path, headers={"Accept": "text/html"}).get_data(as_text=True)
    assert "last revised in December 2014" in page


def test_every_negative_row_is_reached_by_the_query_for_limits(store: Store, root: Path) -> None:
    negative = store.select(f"{_PREFIXES}SELECT ?claim {{ ?claim a kg:Claim ; kg:polarity hedge:negative }}")
    question = next((root / "queries" / "questions").glob("20-*.rq")).read_text("utf-8")
    reached = {row["claim"] for row in store.select(question)}
    assert {row["claim"] for row in negative} == reached
    assert len(reached) == 8
