"""The shapes of real texts, over a leaflet that has them: what follows, what is refused, what shows them.

Lead-ins with lists, sequences and combinations, trials, tests, open criteria, doses, phases, risk, repeats,
a document without a date. Each careless encoding that once passed is refused by `kg check` alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from kg.build.building import build, check_project
from kg.build.opening import open_build
from kg.build.reader_copy import read_coverage
from kg.build.text_authoring import locate_claims
from kg.errors import InvalidFiles
from kg.exports.kgx import make_kgx, read_biolink_table
from kg.model.graphs import name_claim_graph
from kg.model.mapping_sets import MappingCollection
from kg.namespaces import PREFIXES
from kg.pages.app import create_app
from kg.questions.question_answers import load_library
from kg.settings import Settings
from sparqlhost.store.interface import Store
from tests.demo_document import SHAPES_FOLDER, SHAPES_TEXT, add_shapes_document, copy_project

_PREFIXES = "".join(f"PREFIX {prefix}: <{iri}>\n" for prefix, iri in PREFIXES.items())


def _read_rows(name: str) -> list[list[str]]:
    lines = (SHAPES_FOLDER / name).read_text("utf-8").splitlines()
    return [line.split("\t") for line in lines if not line.startswith("#")]


_EDGES = _read_rows("edges.tsv")


@dataclass(frozen=True)
class Leaflet:
    """The leaflet in a build beside the first document."""

    settings: Settings
    store: Store
    client: FlaskClient

    def ask(self, pattern: str) -> bool:
        """Return whether the published graph has a pattern."""
        return self.store.ask(f"{_PREFIXES}ASK {{ {pattern} }}")

    def read_page(self, address: str, media: str = "text/html") -> str:
        """Return a page."""
        return self.client.get(address, headers={"Accept": media}).get_data(as_text=True)


@pytest.fixture(scope="module")
def leaflet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Leaflet]:
    folder = tmp_path_factory.mktemp("shapes")
    add_shapes_document(copy_project(folder / "project"))
    settings = Settings(root=folder / "project", build_dir=folder / "build", source_text=SHAPES_TEXT)
    build(settings)
    store = open_build(settings)
    yield Leaflet(settings, store, create_app(settings, store).test_client())
    store.close()


@pytest.mark.parametrize(
    ("verdict", "pattern"), [(v, p) for v, _, p in _EDGES], ids=[n for _, n, _ in _EDGES]
)
def test_what_follows_from_such_words_and_what_does_not(leaflet: Leaflet, verdict: str, pattern: str) -> None:
    assert leaflet.ask(pattern) == (verdict == "wanted")


def test_all_edges_are_tried() -> None:
    assert {verdict: sum(v == verdict for v, _, _ in _EDGES) for verdict, _, _ in _EDGES} == {
        "wanted": 7,
        "absent": 17,
    }


@pytest.mark.parametrize("run", ["careless", "cut off"])
def test_careless_encodings_of_such_words_are_refused(project: Path, run: str) -> None:
    add_shapes_document(project)
    claims = project / "data" / "claims" / "leaf" / "claims.ttl"
    edits = [row[1:] for row in _read_rows("careless.tsv") if row[0] == run]
    for claim, old, new, _ in edits:
        text = claims.read_text("utf-8")
        start = text.index(f"claim:leaf-{claim} a")
        end = text.index(" .\n", start)
        assert old in text[start:end], claim
        claims.write_text(text[:start] + text[start:end].replace(old, new) + text[end:], "utf-8")
    locate_claims(project, "leaf", SHAPES_TEXT.read_text("utf-8"))
    told = _list_mistakes(project)
    missing = [said for *_, said in edits if not any(said in each for each in told)]
    assert not missing, (missing, told)


def test_careless_concepts_and_an_undated_document_are_refused(project: Path) -> None:
    add_shapes_document(project)
    concepts = project / "data" / "concepts" / "leaf.ttl"
    concepts.write_text(
        concepts.read_text("utf-8")
        .replace(
            "  kg:hasComponent int:LeafShadeSails",
            "  kg:kindOf int:LeafShadeSails ; kg:hasComponent int:LeafShadeSails",
        )
        .replace("feat:adult, feat:LeafNeckBurn", "feat:adult, feat:LeafNeckBurn, feat:LeafCertainPatients"),
        "utf-8",
    )
    document = project / "data" / "sources" / "leaf" / "document.ttl"
    document.write_text(document.read_text("utf-8").replace("kg:undatedBecause", "kg:topic"), "utf-8")
    told = "\n".join(_list_mistakes(project))
    assert "stands under its part int:LeafShadeSails" in told
    assert "leaves open is part of no situation" in told
    assert "no date of revision and does not say why" in told


def test_some_patients_are_not_all_whatever_the_cue_that_takes_the_word(project: Path) -> None:
    add_shapes_document(project)
    claims = project / "data" / "claims" / "leaf" / "claims.ttl"
    text = claims.read_text("utf-8").replace(
        "offersIf int:LeafAloe ; kg:hasPrerequisite feat:LeafCertainPatients ;", "offersToAll int:LeafAloe ;"
    )
    text = text.replace(
        'hedge:PRAC-plain ; kg:cue "is used" ; kg:prerequisiteCue "certain patients" ;',
        'hedge:OPT-may ; kg:cue "is used" ; kg:listCue "certain" ;',
    )
    claims.write_text(text, "utf-8")
    told = _list_mistakes(project)
    said = "links int:LeafAloe by kg:offersToAll, but 'certain' permits advisesIf or offersIf or"
    assert any(said in each for each in told), told


def _list_mistakes(project: Path) -> list[str]:
    with pytest.raises(InvalidFiles) as caught:
        check_project(Settings(root=project, source_text=SHAPES_TEXT))
    return [str(mistake) for mistake in caught.value.mistakes]


def test_a_lead_in_and_a_repeat_count_as_covered_by_the_claims_they_govern(leaflet: Leaflet) -> None:
    ((coverage, copy),) = read_coverage(leaflet.settings, "leaf")
    assert copy is not None
    assert [(row.segment.notation, row.state) for row in coverage.rows if row.state != "claimed"] == []
    found = {row.segment.notation: [claim.name for claim in row.claims] for row in coverage.rows}
    assert found["leaf-S06"] == ["leaf-S07-1", "leaf-S08-1"]
    assert found["leaf-S24"] == ["leaf-S09-1"]
    assert found["leaf-S22"] == ["leaf-S22-1", "leaf-S22-2"]


def test_a_nanopublication_is_derived_from_every_span_of_its_claim(leaflet: Leaflet) -> None:
    graph = name_claim_graph("leaf-S03-1", "provenance").value
    spans = "span:leaf-S03-1, <https://w3id.org/rrall-kg/span/leaf-S03-1#governor-1>"
    assert leaflet.ask(
        f"GRAPH <{graph}> {{ ?assertion prov:wasDerivedFrom {spans} ; prov:hadPrimarySource doc:leaf }}"
    )
    orphans = "GRAPH ?graph { ?s ?p ?o } FILTER (CONTAINS(STR(?graph), '#governor'))"
    assert not leaflet.ask(orphans)


def test_pages_show_what_governs_a_claim_and_which_claims_words_govern(leaflet: Leaflet) -> None:
    claim = leaflet.read_page("/claim/leaf-S03-1")
    assert "governed by" in claim
    assert 'href="/source/leaf#leaf-S02"' in claim
    source = leaflet.client.get("/source/leaf", headers={"Accept": "application/json"}).get_json()
    segments = {s["name"]: s for paragraph in source["paragraphs"] for s in paragraph["segments"]}
    assert [claim["name"] for claim in segments["leaf-S06"]["claims"]] == ["leaf-S07-1", "leaf-S08-1"]
    assert [claim["name"] for claim in segments["leaf-S24"]["claims"]] == ["leaf-S09-1"]
    assert source["open_segments"] == 0
    assert "mint tea" in leaflet.read_page("/intervention/LeafMintTea")
    assert "looking in the mirror" in leaflet.read_page("/test/LeafMirror")
    assert "wind" in leaflet.read_page("/variable/LeafWind")


def test_an_export_says_what_is_studied_and_offers_no_test(leaflet: Leaflet) -> None:
    table = read_biolink_table(leaflet.settings.root)
    edges = make_kgx(leaflet.store, table, MappingCollection(())).edges
    of_leaf = {str(e["subject"]): str(e["predicate"]) for e in edges if "leaf" in str(e["id"])}
    assert of_leaf["int:LeafMintTea"] == "biolink:in_clinical_trials_for"
    assert not [subject for subject in of_leaf if subject.startswith("test:")]
    soup = next(e for e in edges if e["subject"] == "int:LeafColdSoup")
    assert soup["kg_hedge_cue"] == ["may include"]


def test_the_age_of_an_undated_text_is_undated(leaflet: Leaflet) -> None:
    answer = load_library(leaflet.settings.root).ask(leaflet.store, "source-age", {"claim": "leaf-S03-1"})
    assert [answer.format_term(cell) for cell in answer.rows[0]][2] == "undated"
    assert "2 texts, last revised in December 2014, one without a date" in leaflet.read_page("/")


def test_a_criterion_left_open_cannot_be_chosen_and_is_not_asked_for(leaflet: Leaflet) -> None:
    features = {"yes": ["ALL", "adult", "LeafSunburn"], "no": []}
    case = leaflet.client.post("/case", json=features, headers={"Accept": "application/json"}).get_json()
    asked = str(case["ask_next"]) + str(case["choices"])
    assert "LeafPeeling" in asked
    assert "LeafCertainPatients" not in asked
    (aloe,) = [claim for claim in case["claims"] if claim["claim"]["curie"] == "claim:leaf-S09-1"]
    assert aloe["status"] == "applies if"
