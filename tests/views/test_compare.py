"""Texts face to face: comparisons made by hand over leaflets of the tests, and what never follows."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask.testing import FlaskClient

from kg.build.building import build, load_documents
from kg.build.opening import open_build
from kg.build.reasoning import load_reasoner
from kg.model.graphs import INFERRED
from kg.pages.app import create_app
from kg.settings import Settings
from sparqlhost.store.interface import Store, get_term_text
from tests.conftest import NO_IMPORTS
from tests.demo_document import add_compared_document, add_demo_document, add_shapes_document, copy_project

LEAFLETS = {"demo": add_demo_document, "leaf": add_shapes_document, "garden": add_compared_document}
_UNRELATED = ["LeafSunburn", "LeafNeckBurn"]


@dataclass(frozen=True)
class Texts:
    """The first document and three leaflets in one build."""

    settings: Settings
    store: Store
    client: FlaskClient

    def compare(self, situation: str, thing: str = "", *documents: str) -> Any:
        """Return the page as JSON."""
        query = {"situation": situation, "intervention": thing, "document": list(documents)}
        return self.client.get(
            "/compare", query_string=query, headers={"Accept": "application/json"}
        ).get_json()


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Texts]:
    base = tmp_path_factory.mktemp("compare")
    settings = Settings(root=base / "project", build_dir=base / "build", imports_dir=NO_IMPORTS)
    copy_project(settings.root)
    for add_leaflet in LEAFLETS.values():
        add_leaflet(settings.root)
    build(settings)
    store = open_build(settings)
    yield Texts(settings, store, create_app(settings, store).test_client())
    store.close()


def list_relations(page: Any) -> set[tuple[str, str, str]]:
    """Return (claim, relation, other claim or silent document) of every comparison of a page."""
    return {
        (item["statement"]["name"], found["relation"], _name(found["other"] or found["document"]))
        for thing in page["things"]
        for cell in thing["texts"]
        for item in cell["statements"]
        for found in item["comparisons"]
    }


def _name(ref: Any) -> str:
    return str(ref["curie"]).partition(":")[2]


#: read by hand, the leaflets beside: situation, thing, claim, relation, other claim or silent text, and back
GOLDEN = [
    ("LeafSunburn", "LeafColdSoup", "garden-S02-1", "same", "leaf-S03-1", "same"),
    ("DemoTired", "DemoShortWalks", "demo-S01-1", "same", "garden-S09-1", "same"),
    ("DemoTiredRelapse", "DemoShortWalks", "garden-S10-1", "stronger", "demo-S02-2", "weaker"),
    ("LeafNeckBurn", "LeafStandardLemonBalm", "garden-S07-1", "stronger", "leaf-S14-1", "weaker"),
    ("LeafSunburn", "LeafWetTowels", "garden-S05-1", "under another condition", "leaf-S17-1", ""),
    ("LeafSunburn", "LeafAloe", "garden-S06-1", "under another condition", "leaf-S09-1", ""),
    ("LeafSunburn", "LeafSailsThenChairs", "garden-S03-1", "another kind of statement", "leaf-S04-1", ""),
    ("LeafSunburn", "LeafMintTea", "garden-S04-1", "another kind of statement", "leaf-S05-1", ""),
    ("DemoTiredRelapse", "DemoRest", "demo-S02-1", "other polarity", "garden-S11-1", ""),
    ("DemoTired", "DemoShortWalks", "garden-S09-1", "other polarity", "demo-S02-2", ""),
    ("LeafSunburn", "GardenBarleyWater", "garden-S08-1", "only here", "leaf", "silent"),
    ("LeafSunburn", "LeafColdSoup", "leaf-S03-1", "only here", "demo", "silent"),
    ("LeafSunburn", "LeafPlumCure", "leaf-S10-1", "only here", "garden", "silent"),
    ("RelapsedALL", "StemCellTransplant", "S18-1", "only here", "garden", "silent"),
    ("RelapsedBALL", "Blinatumomab", "S15-1", "only here", "demo", "silent"),
    ("RRTALL", "Nelarabine", "S17-1", "only here", "leaf", "silent"),
    ("LeafCooling", "LeafWetTowels", "leaf-S17-1", "under another condition", "garden-S05-1", ""),
    ("LeafCooling", "LeafColdSoup", "leaf-S03-1", "same", "garden-S02-1", "same"),
    ("AdultALL", "LeafMintTea", "leaf-S05-1", "another kind of statement", "garden-S04-1", ""),
    ("AdultALL", "LeafStandardLemonBalm", "leaf-S14-1", "weaker", "garden-S07-1", "stronger"),
    ("LeafSunburn", "LeafHatsAndShirts", "leaf-S07-1", "only here", "garden", "silent"),
    ("LeafSunburn", "LeafCreamMaybeFeathers", "leaf-S08-1", "only here", "garden", "silent"),
    ("LeafNeckBurn", "LeafStandardLemonBalm", "leaf-S14-1", "only here", "demo", "silent"),
    ("DemoTired", "DemoRest", "garden-S11-1", "only here", "leaf", "silent"),
    ("DemoTired", "DemoShortWalks", "garden-S10-1", "only here", "rrall-2014", "silent"),
    ("DemoTired", "DemoShortWalks", "demo-S01-1", "other polarity", "garden-S10-1", ""),
]


@pytest.mark.parametrize(("situation", "thing", "claim", "relation", "other", "back"), GOLDEN)
def test_two_statements_compare_as_read_by_hand(
    texts: Texts, situation: str, thing: str, claim: str, relation: str, other: str, back: str
) -> None:
    page = texts.compare(situation, thing)
    found = {name for one, name, end in list_relations(page) if (one, end) == (claim, other)}
    assert found == {relation}
    if back == "silent":
        cells = {_name(cell["document"]): cell for cell in page["things"][0]["texts"]}
        assert (cells[other]["silent"], cells[other]["statements"]) == (True, [])
    else:
        assert (other, back or relation, claim) in list_relations(page)


def test_silence_is_never_shown_as_speaking_against(texts: Texts) -> None:
    """A silent text has no words, no polarity and no limit, in the rows of the question and on the page."""
    rows = texts.client.get("/questions/face-to-face.csv?situation=LeafSunburn").get_data(as_text=True)
    silent = [row for row in csv.DictReader(io.StringIO(rows)) if row["relation"] == "only here"]
    assert len(silent) > 10
    own = ("other_hedge", "other_cue", "other_claim", "other_sentence", "other_said_of", "other_condition")
    assert not any(row[name] for row in silent for name in own)
    address = "/compare?situation=LeafSunburn&intervention=GardenBarleyWater"
    html = texts.client.get(address, headers={"Accept": "text/html"}).get_data(as_text=True)
    assert "silent speaks\nneither for nor against" in html
    assert html.count("Silent: it says nothing") == 3
    assert "limits-word" not in html.partition("<section")[2]
    assert "polarity" not in html


def test_the_match_of_two_situations_is_explained_by_their_features(texts: Texts) -> None:
    (thing,) = texts.compare("LeafSunburn", "LeafWetTowels", "garden", "leaf")["things"]
    items = {item["statement"]["name"]: item for cell in thing["texts"] for item in cell["statements"]}
    towels = items["leaf-S17-1"]
    assert (towels["match"], items["garden-S05-1"]["match"]) == ("narrower", "here")
    assert [_name(ref) for ref in towels["gap"]["only_here"]] == ["LeafCoolingPhase"]
    (comparison,) = towels["comparisons"]
    assert [_name(ref) for ref in comparison["gap"]["only_here"]] == ["LeafCoolingPhase"]
    assert comparison["gap"]["only_there"] == []
    # of patients of the first text, who are adults by its scope, the broader situation is said
    walks = texts.compare("DemoTiredRelapse", "DemoShortWalks")["things"][0]
    broader = next(
        item for cell in walks["texts"] for item in cell["statements"] if item["match"] == "broader"
    )
    assert [_name(ref) for ref in broader["gap"]["only_there"]] == ["activeRelapse"]


def test_situations_that_only_overlap_are_not_compared(texts: Texts) -> None:
    """A burn on the neck is no kind of sunburn here: neither has all features of the other."""
    for situation, other in zip(_UNRELATED, reversed(_UNRELATED), strict=True):
        said_of = {
            _name(item["situation"])
            for thing in texts.compare(situation)["things"]
            for cell in thing["texts"]
            for item in cell["statements"]
        }
        assert situation in said_of
        assert other not in said_of


def test_strength_is_compared_within_one_kind_and_one_polarity_only(texts: Texts) -> None:
    """Every row of every situation, against the hedges themselves."""
    hedges = {
        get_term_text(row["hedge"]): (row["kind"], int(get_term_text(row["rank"])))
        for row in texts.store.select(
            "PREFIX kg: <https://w3id.org/rrall-kg/ont#> SELECT ?hedge ?kind ?rank "
            "WHERE { ?hedge kg:hedgeKind ?kind ; kg:strengthRank ?rank }"
        )
    }
    seen = set()
    for situation in ("LeafSunburn", "LeafNeckBurn", "DemoTired", "DemoTiredRelapse", "RelapsedALL", "RRALL"):
        rows = texts.client.get(f"/compare?situation={situation}&format=csv").get_data(as_text=True)
        for row in csv.DictReader(io.StringIO(rows)):
            seen.add(row["relation"])
            if row["relation"] in ("same", "stronger", "weaker"):
                (kind, rank), (other_kind, other_rank) = hedges[row["hedge"]], hedges[row["other_hedge"]]
                assert kind == other_kind
                expected = "same" if rank == other_rank else "stronger" if rank > other_rank else "weaker"
                assert row["relation"] == expected
    assert seen == {relation for *_, relation, _, _ in GOLDEN} | {"weaker"}


def test_texts_in_one_build_let_nothing_follow_that_follows_from_none_alone(texts: Texts) -> None:
    """0 new conclusions from mixing: what is inferred from all texts is inferred from one of them."""
    root = texts.settings.root
    rules = load_reasoner("rules", root)
    alone = [
        load_documents(root, [name], rules).dataset.graphs[INFERRED] for name in ("rrall-2014", *LEAFLETS)
    ]
    together = frozenset(texts.store.read_graph(INFERRED))
    assert len(together) > max(map(len, alone))
    assert together <= frozenset().union(*alone)


def test_a_wrong_name_gets_a_sentence(texts: Texts) -> None:
    for query in ("situation=LeafSunburns", "intervention=LeafAloes", "document=gardens"):
        refused = texts.client.get(f"/compare?{query}", headers={"Accept": "application/json"})
        assert refused.status_code == 400
        assert "Did you mean" in refused.get_json()["next"]
