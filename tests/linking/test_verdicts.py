"""Verdicts become rows of SSSOM in one file each, by key or on the page; accepted links are checked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from kg.errors import BadData
from kg.linking.candidates import Candidate
from kg.linking.importing import ImportRequest, import_file
from kg.linking.link_checking import check_links
from kg.linking.readers.source_reading import ReadOptions
from kg.linking.verdicts import (
    VERDICT_PREDICATES,
    SubmittedVerdict,
    Verdict,
    record_submitted_verdict,
    record_verdict,
)
from kg.linking.workbench import Workbench, open_workbench
from kg.mapping_files import read_mappings, read_prefixes
from kg.model.mapping_checks import check_mappings
from kg.model.mapping_sets import format_sssom
from kg.pages.app import create_app
from kg.settings import Settings
from sparqlhost.store.interface import Store
from tests.outside_samples import UNJUDGED, format_obo, import_sample, list_labels, write_samples

KG = Path(sys.executable).with_name("kg")
DAY = date(2026, 11, 23)
SECRET = f"a-token-of-{DAY.isoformat()}"
TOKEN = {"Authorization": f"Bearer {SECRET}"}


def candidate(bench: Workbench, subject: str, curie: str) -> Candidate:
    entity = bench.pick_entities([subject])[0]
    return next(c for c in bench.find_candidates(entity, top=20) if c.curie == curie)


def kg(settings: Settings, *arguments: str, keys: str = "") -> subprocess.CompletedProcess[str]:
    own = {
        "KG_IMPORTS_DIR": settings.imports_dir,
        "KG_BUILD_DIR": settings.build_dir,
        "KG_ROOT": settings.root,
    }
    env = {**os.environ, **{name: str(value) for name, value in own.items()}}
    return subprocess.run([KG, *arguments], env=env, input=keys, capture_output=True, text=True, check=False)


def rows(settings: Settings, verdict: str) -> dict[tuple[str, str], str]:
    return {row.subject_and_object: row.predicate_id for row in read_mappings(settings.root).rows(verdict)}


def sound(settings: Settings) -> None:
    mappings = read_mappings(settings.root)
    assert list(check_mappings(mappings, read_prefixes(settings.root))) == []
    for mapping_set in mappings.sets:
        assert (settings.root / mapping_set.file_name).read_text("utf-8") == format_sssom(mapping_set)


@pytest.mark.parametrize("word", [*VERDICT_PREDICATES, "reject"])
def test_each_verdict_is_one_sound_row_with_author_and_date(
    curated: Settings, bench: Workbench, word: str
) -> None:
    verdict = Verdict(candidate(bench, "dis:ALL", UNJUDGED), word, "A. Curator", DAY, "why", "mondo.nt.gz")
    made = record_verdict(verdict, bench.prefixes, curated.root)
    assert (made.author_label, made.mapping_date, made.comment) == ("A. Curator", "2026-11-23", "why")
    folder = "rejected" if word == "reject" else "accepted"
    assert rows(curated, folder)[made.subject_and_object] == made.predicate_id
    sound(curated)


def test_a_second_verdict_moves_the_pair_to_the_other_file(curated: Settings, bench: Workbench) -> None:
    pair = candidate(bench, "dis:ALL", UNJUDGED)
    for word in ("exact", "reject", "broad"):
        record_verdict(Verdict(pair, word, "A", DAY, source="mondo"), bench.prefixes, curated.root)
    assert rows(curated, "accepted")["dis:ALL", UNJUDGED] == "skos:broadMatch"
    assert ("dis:ALL", UNJUDGED) not in rows(curated, "rejected")
    sound(curated)


@pytest.mark.parametrize(("word", "author"), [("same", "A"), ("exact", " "), ("exact", "A\tB")])
def test_what_is_no_verdict_is_refused(curated: Settings, bench: Workbench, word: str, author: str) -> None:
    with pytest.raises(BadData):
        record_verdict(
            Verdict(candidate(bench, "dis:ALL", UNJUDGED), word, author, DAY),
            bench.prefixes,
            curated.root,
        )


def test_the_questions_whose_answers_change_are_named(curated: Settings) -> None:
    with open_workbench(curated, build_indexes=False) as bench:
        said = SubmittedVerdict("dis:ALL", UNJUDGED, "broad", "A")
        _, changed = record_submitted_verdict(bench, said, DAY)
    assert "outside-identifiers" in {change.name for change in changed}
    assert all(change.before != change.after for change in changed)


def test_review_on_the_command_line_takes_keys(curated: Settings) -> None:
    before = rows(curated, "accepted"), rows(curated, "rejected")
    done = kg(
        curated,
        "link",
        "review",
        "dis:ALL",
        "--in",
        "mondo",
        "--author",
        "A. Curator",
        keys="b\nx\ns\nz\nq\n",
    )
    assert done.returncode == 0, done.stderr
    assert "dis:ALL broad MONDO:" in done.stdout
    assert "answers that change" in done.stdout
    assert "'z' is not one of the keys" in done.stdout
    assert "2 verdicts written" in done.stdout
    assert len(rows(curated, "accepted")) == len(before[0]) + 1
    assert len(rows(curated, "rejected")) == len(before[1]) + 1
    sound(curated)


def test_candidates_as_json(linked: Settings) -> None:
    done = kg(linked, "link", "Blinocyt", "--in", "pharmgkb", "--json")
    (first, *_) = json.loads(done.stdout)
    assert first["entity"] == "int:Blinatumomab"
    assert {"curie", "score", "reasons", "definition", "path", "obsolete"} <= set(first["candidates"][0])


def test_an_import_that_is_not_there_is_named(linked: Settings) -> None:
    done = kg(linked, "link", "dis:ALL", "--in", "nothing")
    assert done.returncode == 1
    assert "mondo" in done.stderr


# -- the page ---


@pytest.fixture
def page(curated: Settings, store: Store) -> FlaskClient:
    app = create_app(replace(curated, update_token=SECRET), store)
    return app.test_client()


SAID = {"subject": "dis:ALL", "object": UNJUDGED, "verdict": "close", "author": "A. Curator"}


def test_the_page_shows_pairs_side_by_side(page: FlaskClient, bench: Workbench) -> None:
    assert bench.indexes
    shown = page.get("/mappings/review?in=mondo&entity=dis:ALL")
    assert shown.status_code == 200
    assert UNJUDGED in shown.text
    assert 'data-key="e"' in shown.text
    asked = page.get("/mappings/review?entity=dis:ALL", headers={"Accept": "application/json"})
    assert asked.get_json()["items"][0]["entity"] == "dis:ALL"


def test_a_verdict_needs_the_token(page: FlaskClient, curated: Settings) -> None:
    before = rows(curated, "accepted")
    assert page.post("/mappings/review", json=SAID).status_code == 401
    assert page.post("/mappings/review", json=SAID, headers={"Authorization": "Bearer x"}).status_code == 401
    assert rows(curated, "accepted") == before


def test_a_verdict_with_the_token_is_a_row_and_says_what_changes(
    page: FlaskClient, curated: Settings
) -> None:
    answer = page.post("/mappings/review", data=SAID, headers=TOKEN)
    assert answer.status_code == 200, answer.text
    assert answer.get_json()["predicate"] == "skos:closeMatch"
    assert any("outside-identifiers" in change for change in answer.get_json()["changes"])
    assert rows(curated, "accepted")["dis:ALL", UNJUDGED] == "skos:closeMatch"
    sound(curated)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"verdict": "same"}, 400),
        ({"object": "nothing"}, 400),
        ({"object": "NOPE:1"}, 404),
        ({"subject": "dis:Nothing"}, 404),
        ({"author": ""}, 400),
    ],
)
def test_a_bad_verdict_is_a_sentence(page: FlaskClient, change: dict[str, str], status: int) -> None:
    answer = page.post("/mappings/review", json=SAID | change, headers=TOKEN)
    assert answer.status_code == status
    assert answer.get_json()["detail"]


def test_a_body_that_is_no_verdict_is_a_sentence(page: FlaskClient) -> None:
    for body, media, status in (
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b"x", "a/b", 415),
    ):
        answer = page.post("/mappings/review", data=body, content_type=media, headers=TOKEN)
        assert answer.status_code == status


def test_without_a_token_on_the_server_writing_is_off(curated: Settings, store: Store) -> None:
    off = create_app(curated, store).test_client()
    assert off.post("/mappings/review", json=SAID).status_code == 403


# -- kg link check ---

CHANGED = """format-version: 1.2
ontology: mondo

[Term]
id: MONDO:0004967
name: obsolete acute lymphoblastic leukemia
is_obsolete: true
replaced_by: MONDO:9999991

[Term]
id: MONDO:9999991
name: new acute lymphoblastic leukemia
alt_id: MONDO:0003541

[Term]
id: MONDO:0004947
name: something else altogether
"""


def test_check_finds_obsolete_gone_merged_and_relabelled_targets(curated: Settings, tmp_path: Path) -> None:
    own = replace(curated, imports_dir=tmp_path / "newer")
    path = tmp_path / "mondo.obo"
    path.write_text(CHANGED, "utf-8")
    import_file(path, ImportRequest("mondo.obo"), own.locate_import_store(), own)
    with open_workbench(own) as bench:
        checked, findings = check_links(bench)
    found = {finding.row.object_id: finding for finding in findings}
    assert checked >= len(found) > 3
    assert (found["MONDO:0004967"].problem, found["MONDO:0004967"].replacement) == (
        "moved",
        "MONDO:9999991",
    )
    assert (found["MONDO:0003541"].problem, found["MONDO:0003541"].replacement) == ("merged", "MONDO:9999991")
    assert found["MONDO:0004947"].problem == "reused"
    assert any("not in mondo; it was read in mondo.nt.gz" in finding.sentence for finding in findings)
    assert any(change.name == "outside-identifiers" for change in found["MONDO:0004967"].changes)
    done = kg(own, "link", "check", "--in", "mondo")
    assert done.returncode == 1
    assert "Use MONDO:9999991" in done.stdout


FORMULARY = "code,name\nL01EA01,imatinib\nN02AA01,morphine\nN02BA01,aspirin\n"


def test_a_formulary_is_no_version_of_the_vocabulary_it_takes_codes_from(
    curated: Settings, tmp_path: Path
) -> None:
    own = replace(curated, imports_dir=tmp_path / "formulary")
    path = tmp_path / "mycodes.csv"
    path.write_text(FORMULARY, "utf-8")
    options = ReadOptions(columns=(("id", "code"), ("label", "name")), prefix="atc")
    import_file(path, ImportRequest("mycodes.csv", options=options), own.locate_import_store(), own)
    with open_workbench(own) as bench:
        assert check_links(bench) == (0, ())


def test_an_ontology_that_borrows_from_another_is_no_version_of_it(curated: Settings, tmp_path: Path) -> None:
    own = replace(curated, imports_dir=tmp_path / "borrowing")
    mappings = read_mappings(own.root)
    symptoms = list_labels(mappings, "HP")
    borrowed = dict(list(symptoms.items())[:1])
    path = tmp_path / "maxo.obo"
    path.write_text(format_obo("maxo", list_labels(mappings, "MAXO") | borrowed, {}), "utf-8")
    import_file(path, ImportRequest("maxo", "maxo"), own.locate_import_store(), own)
    with open_workbench(own) as bench:
        checked, findings = check_links(bench)
    of_maxo = [row for row in mappings.rows("accepted") if row.object_id.startswith("MAXO:")]
    assert checked >= len(of_maxo) > 16
    assert len(symptoms) > 10
    assert {finding.row.object_id for finding in findings} == set()


def test_check_knows_a_term_by_its_identifier_whatever_iri_a_file_gives_it(
    curated: Settings, tmp_path: Path
) -> None:
    own = replace(curated, imports_dir=tmp_path / "pages")
    mappings = read_mappings(own.root)
    text = format_obo("pharmgkb.drug", list_labels(mappings, "pharmgkb.drug"), {})
    page = 'idspace: pharmgkb.drug http://www.pharmgkb.org/drug/ "pages"\nontology:'
    path = tmp_path / "pharmgkb.drug.obo"
    path.write_text(text.replace("ontology:", page, 1), "utf-8")
    import_file(path, ImportRequest("pharmgkb"), own.locate_import_store(), own)
    with open_workbench(own) as bench:
        checked, findings = check_links(bench)
    linked = [row for row in mappings.rows("accepted") if row.object_id.startswith("pharmgkb")]
    assert checked == len(linked) > 10
    assert findings == ()


def test_review_skips_a_term_of_an_unknown_vocabulary(curated: Settings, tmp_path: Path) -> None:
    own = replace(curated, imports_dir=tmp_path / "hospital")
    path = tmp_path / "hosp.obo"
    path.write_text("format-version: 1.2\nontology: hosp\n\n[Term]\nid: HOSP:1\nname: imatinib\n", "utf-8")
    import_file(path, ImportRequest("hosp.obo"), own.locate_import_store(), own)
    done = kg(own, "link", "review", "imatinib", "--in", "hosp", "--author", "A. Curator", keys="c\n")
    assert done.returncode == 0, done.stderr
    assert "HOSP:1, for int:Imatinib, is skipped" in done.stderr
    assert "data/mappings/prefixes.tsv" in done.stderr
    assert "Nothing written" in done.stdout


def test_of_many_entities_only_those_with_candidates_are_listed(linked: Settings) -> None:
    done = kg(linked, "link", "--in", "pharmgkb")
    assert done.returncode == 0, done.stderr
    assert "no candidate\n" not in done.stdout
    assert "entities without a candidate;" in done.stdout


def test_check_of_a_version_with_every_target_is_quiet(curated: Settings, tmp_path: Path) -> None:
    own = replace(curated, imports_dir=tmp_path / "same")
    import_sample("mondo", write_samples(own.root, tmp_path)["mondo"], own)
    with open_workbench(own) as bench:
        checked, findings = check_links(bench)
    assert checked > 20
    assert findings == ()


@pytest.mark.parametrize(
    ("name", "id", "lenient", "least"),
    [
        ("ontologies/maxo-2024-07-29.obo.gz", "maxo", True, 16),
        ("drugs/pharmgkb.drug.obo", "pharmgkb", False, 11),
        ("ontologies/mondo.nt.gz", "mondo", False, 21),
    ],
)
def test_check_of_the_real_files_that_proved_the_links_is_quiet(
    curated: Settings, shared: Path, tmp_path: Path, name: str, id: str, lenient: bool, least: int
) -> None:
    path = shared / "ontologies" / name
    own = replace(curated, imports_dir=tmp_path / "real")
    wish = ImportRequest(path.name, id, options=ReadOptions(lenient=lenient))
    import_file(path, wish, own.locate_import_store(), own)
    with open_workbench(own) as bench:
        checked, findings = check_links(bench)
    assert checked >= least
    assert findings == ()
