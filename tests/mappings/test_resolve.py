"""From an outside identifier to the graph, and both ways: on the command line and on the web."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path

import pyoxigraph as ox
import pytest
from click.testing import CliRunner, Result
from flask.testing import FlaskClient

from kg.build.opening import open_build
from kg.cli.resolve import resolve
from kg.errors import UserError
from kg.mapping_files import read_prefixes
from kg.namespaces import BASE, GRAPH, OWL, SKOS, compress_iri
from kg.pages.mappings.view import select_accepted_mappings
from kg.pages.page_queries import PageQueryReader
from kg.pages.resolve.view import list_claims_about
from kg.pages.resolve.view import resolve_identifier as resolution
from kg.questions.question_answers import load_library
from kg.settings import Settings
from sparqlhost.store.interface import Store
from sparqlhost.store.staging import open_readonly
from tests.conftest import ROOT
from tests.outside_samples import MONDO_PARENT, PARENT_LABEL, write_samples


def _run(built: Path, *arguments: str) -> Result:
    return CliRunner().invoke(resolve, list(arguments), env={"KG_BUILD_DIR": str(built)})


@pytest.mark.parametrize(
    ("asked", "entity", "match"),
    [
        ("RXNORM:282388", "int:Imatinib", "close"),
        ("rxnorm:282388", "int:Imatinib", "close"),
        ("ATC:L01FX07", "int:Blinatumomab", "close"),
        ("SNOMEDCT_US:91857003", "dis:ALL", "exact"),
        ("SCTID:91857003", "dis:ALL", "exact"),
        ("MONDO:0004967", "dis:ALL", "exact"),
        ("NCIT:C142810", "sit:RelapsedALL", "close"),
        ("UBERON:0000955", "feat:brain", "exact"),
        ("http://purl.obolibrary.org/obo/MONDO_0004963", "dis:TCellALL", "exact"),
    ],
)
def test_a_code_in_any_spelling_finds_its_entity_match_proof_and_claims(
    client: FlaskClient, asked: str, entity: str, match: str
) -> None:
    found = client.get("/resolve", query_string={"curie": asked}).get_json()
    by_entity = {term["entity_curie"]: term for term in found["matches"]}
    assert by_entity[entity]["match"] == match
    assert by_entity[entity]["proof"].rpartition(".")[2] in ("gz", "csv", "tsv", "obo", "json")
    assert found["claims"]
    assert all(claim["hedge"] and claim["sentence"] for claim in found["claims"])


def test_a_code_above_ours_shows_the_path_and_that_the_text_does_not_say_it(client: FlaskClient) -> None:
    found = client.get("/resolve?curie=ATC:N02").get_json()
    morphine = next(item for item in found["below"] if item["mapped"]["entity_curie"] == "int:Morphine")
    assert [step["curie"] for step in morphine["path"]] == ["atc:N02", "atc:N02A", "atc:N02AA", "atc:N02AA01"]
    assert morphine["marked"] == "not said by the text"
    page = client.get("/resolve?curie=ATC:N02", headers={"Accept": "text/html"}).get_data(as_text=True)
    assert "Not said by the text" in page


@pytest.mark.parametrize(
    ("asked", "path"),
    [
        ("ICD10CM:C00-D49", ["icd10cm:C00-D49", "icd10cm:C91", "icd10cm:C91.0"]),
        ("ICD10CM:C91", ["icd10cm:C91", "icd10cm:C91.0"]),
        ("icd-10:c81-c96", ["icd10:C81-C96", "icd10:C91", "icd10:C91.0"]),
    ],
)
def test_a_chapter_or_group_of_icd_finds_the_codes_inside(
    client: FlaskClient, asked: str, path: list[str]
) -> None:
    found = client.get("/resolve", query_string={"curie": asked}).get_json()
    ways = {
        item["mapped"]["entity_curie"]: [step["curie"] for step in item["path"]] for item in found["below"]
    }
    assert ways["dis:ALL"] == path


@pytest.mark.parametrize(
    ("address", "status", "said"),
    [
        ("/resolve", 400, "No identifier is given"),
        ("/resolve?curie=aspirin", 400, "is not an identifier"),
        ("/resolve?curie=MONDO:12", 400, "is not an identifier of Mondo"),
        ("/resolve?curie=RXNRM:1", 404, "is unknown"),
        ("/resolve?curie=RXNRM:1", 404, "Did you mean rxnorm? Known: atc"),
        ("/resolve?curie=OMIM:613065", 404, "no codes of a vocabulary of that name"),
        ("/resolve?curie=NDC:0078-0401-05", 404, "nothing for ndc:00078-0401-05"),
        ("/resolve?curie=C91.0", 400, "as in icd10:C91.0 or icd10cm:C91.0."),
        ("/resolve?curie=aspirin", 400, "as in MONDO:0004967."),
        ("/resolve?curie=ICD10CM:A00-B99", 404, "nothing for icd10cm:A00-B99"),
        ("/resolve?curie=ICD10:R11.2", 404, "In the same group: icd10:R11"),
        ("/resolve?curie=ICD10CM:C91.10", 404, "nothing for icd10cm:C91.10"),
        ("/resolve?curie=SCTID:91857004", 400, "check digit"),
        ("/resolve?curie=RXNORM:999999", 404, "Of RxNorm it links 6 other identifiers"),
        ("/resolve?curie=RXNORM:282389", 404, "Spelled similarly: rxnorm:282388 (imatinib)"),
        ("/resolve?curie=ATC:M09AB01", 404, "nothing for atc:M09AB01."),
        ("/resolve?curie=NCIT:C15194", 404, "Bone marrow only"),
        ("/resolve?curie=%00%ff", 400, ""),
        ("/api/xrefs", 400, "No identifier is given"),
        ("/api/xrefs?curie=MONDO:0000001", 404, "no cross-reference"),
        ("/api/xrefs?curie=x", 400, "is not an identifier"),
        ("/mappings.exe", 404, "no form .exe"),
    ],
)
def test_what_is_not_there_is_one_sentence_and_the_right_status(
    client: FlaskClient, address: str, status: int, said: str
) -> None:
    answer = client.get(address)
    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"
    assert said in answer.get_data(as_text=True)


def test_a_code_that_only_looks_alike_is_not_near(client: FlaskClient) -> None:
    """Vincristine was answered with ibuprofen, whose code has the same letters in other places."""
    said = client.get("/resolve?curie=ATC:L01CA02").get_json()
    assert said["detail"] == "The graph has nothing for atc:L01CA02."
    assert said["next"].startswith("In the same group: atc:L01 ")
    assert "M01AE01" not in said["next"]


@pytest.mark.parametrize(
    ("asked", "group", "claim"),
    [
        ("ATC:L01EA01", ["imatinib", "targeted drug"], "claim:S16-1"),
        ("ATC:N02AA01", ["morphine", "stronger opioid medicines"], "claim:S29-1"),
    ],
)
def test_what_is_said_of_a_wider_group_stands_apart_with_the_way(
    client: FlaskClient, built: Path, asked: str, group: list[str], claim: str
) -> None:
    found = client.get("/resolve", query_string={"curie": asked}).get_json()
    wider = next(item for item in found["wider"] if [step["label"] for step in item["path"]] == group)
    assert [step["by"] for step in wider["path"]] == ["", "example of"]
    assert claim in {said["claim"] for said in wider["claims"]}
    assert wider["marked"] == f"about the broader group {group[1]}, not {group[0]} itself"
    own = {said["claim"] for said in found["claims"]}
    assert not own & {said["claim"] for item in found["wider"] for said in item["claims"]}
    page = client.get(f"/resolve?curie={asked}", headers={"Accept": "text/html"}).get_data(as_text=True)
    assert f"About the broader group {group[1]}" in page
    assert claim not in (lines := _run(built, asked).output.partition("About the broader group"))[0]
    assert claim in lines[2]


def test_cross_references_go_both_ways_with_the_predicate(client: FlaskClient) -> None:
    ours = client.get("/api/xrefs?curie=dis:ALL").get_json()
    assert {"MONDO:0004967", "DOID:9952", "NCIT:C3167"} <= {row["curie"] for row in ours["exactMatch"]}
    assert {row["predicate"] for row in ours["exactMatch"]} == {"skos:exactMatch"}
    assert "mesh:D054198" in {row["curie"] for row in ours["others"]}
    theirs = client.get("/api/xrefs?curie=DOID:9952").get_json()
    assert [row["curie"] for row in theirs["exactMatch"]] == ["dis:ALL"]
    assert "MONDO:0004967" in {row["curie"] for row in theirs["beyond"]}


@pytest.mark.parametrize("asked", ["dis:ALL", "int:Aspirin", "NCIT:C142810"])
def test_cross_references_are_grouped_by_match_type(client: FlaskClient, asked: str) -> None:
    found = client.get("/api/xrefs", query_string={"curie": asked}).get_json()
    names = ("closeMatch", "broadMatch", "narrowMatch", "relatedMatch")
    for name in ("exactMatch", *names):
        assert {row["predicate"] for row in found[name]} <= {f"skos:{name}"}
    assert found["others"]
    assert sorted(row["subject"] + row["object"] for name in names for row in found[name]) == sorted(
        row["subject"] + row["object"] for row in found["others"]
    )


def test_a_resolution_is_served_as_page_json_and_rdf(client: FlaskClient) -> None:
    for accept, kind in (
        ("text/html", "text/html"),
        ("*/*", "application/json"),
        ("text/turtle", "text/turtle"),
    ):
        answer = client.get("/resolve?curie=RXNORM:282388", headers={"Accept": accept})
        assert (answer.status_code, answer.mimetype) == (200, kind)
    triples = list(ox.parse(answer.data, format=ox.RdfFormat.TURTLE))
    assert any(triple.predicate == OWL["annotatedSource"] for triple in triples)


def test_all_mappings_are_served_in_every_form(client: FlaskClient, store: Store) -> None:
    found = client.get("/mappings", headers={"Accept": "application/json"}).get_json()
    assert len(found["accepted"]) == 433
    assert len(found["rejected"]) >= 100
    assert {"name": "close", "rows": 184} in found["by_match"]
    turtle = list(ox.parse(client.get("/mappings.ttl").data, format=ox.RdfFormat.TURTLE))
    assert len(turtle) == len(set(store.read_graph(GRAPH["mappings"])))
    page = client.get("/mappings", headers={"Accept": "text/html"}).get_data(as_text=True)
    assert "Retired: the 2026 list has L01EA01" in page


def test_the_graph_holds_no_identity_and_the_default_graph_no_mapping(store: Store) -> None:
    assert not store.ask(f"ASK {{ GRAPH ?g {{ ?s {OWL['sameAs']} ?o }} }}")
    ours = f"FILTER(STRSTARTS(STR(?s), '{BASE}intervention/'))"
    assert not store.ask(f"ASK {{ ?s {SKOS['exactMatch']} ?o {ours} }}")


def test_the_command_prints_matches_and_claims(built: Path) -> None:
    done = _run(built, "SCTID:91857003")
    assert done.exit_code == 0
    assert "exact match of dis:ALL" in done.output
    assert "proof mondo_exactmatch_sctid.sssom.tsv.gz" in done.output
    as_json = json.loads(_run(built, "--format", "json", "RXNORM:282388").output)
    assert as_json["curie"] == "rxnorm:282388"


@pytest.mark.parametrize("asked", ["aspirin", "RXNRM:1", "RXNORM:999999"])
def test_the_command_fails_with_a_sentence(built: Path, asked: str) -> None:
    done = _run(built, asked)
    assert isinstance(done.exception, UserError)
    assert done.exception.message


def test_every_accepted_mapping_is_found_again_by_its_own_code(store: Store, client: FlaskClient) -> None:
    terms = select_accepted_mappings(PageQueryReader(store, ROOT / "queries" / "pages"))
    for curie in sorted({term.curie for term in terms}):
        assert client.get("/resolve", query_string={"curie": curie}).status_code == 200, curie


@pytest.fixture(scope="module")
def beside(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Return settings with samples of MONDO and ATC imported, by the command."""
    from kg.cli.import_ import import_

    folder = tmp_path_factory.mktemp("imports")
    environment = {**os.environ, "KG_IMPORTS_DIR": str(folder), "KG_BUILD_DIR": str(built)}
    files = write_samples(ROOT, tmp_path_factory.mktemp("samples"))
    for arguments in (
        [str(files["mondo"]), "--id", "mondo"],
        [str(files["atc"]), "--id", "atc", "--prefix", "atc", "--columns", "id=atc_code,label=atc_name"],
    ):
        done = CliRunner().invoke(import_, arguments, env=environment, catch_exceptions=False)
        assert done.exit_code == 0, done.output
    return Settings(root=ROOT, build_dir=built, imports_dir=folder)


def _asked(store: Store, name: str, values: Mapping[str, list[str]]) -> list[dict[str, str]]:
    answer = load_library(ROOT).ask(store, name, dict(values))
    return [
        {key: getattr(term, "value", "") for key, term in zip(answer.variables, row, strict=True)}
        for row in answer.rows
    ]


def test_an_ontology_that_is_not_imported_is_named_with_the_command(store: Store) -> None:
    for name, command in (
        ("opioids-outside", "kg import FILE --id chebi"),
        ("ancestors-outside", "kg import FILE --id mondo"),
        ("siblings-outside", "kg import FILE --id atc"),
    ):
        notes = [row["note"] for row in _asked(store, name, {})]
        assert any(command in note for note in notes), name


SPELLINGS = (
    "RXNORM:282388",
    "rxcui:282388",
    " RXNORM : 282388 ",
    "ATC:l01ea01",
    "CHEBI:CHEBI:45783",
    "chebi:CHEBI_45783",
    "http://purl.obolibrary.org/obo/CHEBI_45783",
    "PHARMGKB:PA10804",
    "NCI_Thesaurus:C62035",
)


def test_codes_in_any_spelling_get_their_claims_and_come_back_as_they_were_written(store: Store) -> None:
    rows = _asked(store, "for-codes", {"code": list(SPELLINGS)})
    for code in SPELLINGS:
        found = {
            (row["claim"].rpartition("/")[2], row["hedge"].rpartition("/")[2])
            for row in rows
            if row["code"] == code and row["claim"]
        }
        assert found == {("S16-1", "PRAC-often"), ("S16-2", "EXAMPLE"), ("S16-3", "PLAIN")}, code
    wider = {row["claim"].rpartition("/")[2] for row in rows if "said of a wider group" in row["note"]}
    assert wider == {"S16-1", "S16-2"}


def test_a_version_in_the_prefix_is_no_other_vocabulary(store: Store) -> None:
    rows = _asked(store, "for-codes", {"code": ["SNOMEDCT_US_2025_09_01:91857003", "SCTID:91857003"]})
    assert {(row["curie"], row["entity"].rpartition("/")[2]) for row in rows} == {
        ("snomedct:91857003", "ALL")
    }
    assert len({row["code"] for row in rows}) == 2


@pytest.mark.parametrize(
    ("code", "note"),
    [
        ("ATC:A10BA02", "not linked"),
        ("http://example.org/code", "not read as a code"),
        ("OMIM:613065", "not read as a code"),
        ("aspirin", "not read as a code"),
        ("UBERON:0000955", ""),
    ],
)
def test_a_code_without_a_link_keeps_a_row_that_says_so(store: Store, code: str, note: str) -> None:
    rows = [
        row for row in _asked(store, "for-codes", {"code": ["RXNORM:282388", code]}) if row["code"] == code
    ]
    assert rows
    if note:
        assert [(row["entity"], row["claim"], row["note"].startswith(note)) for row in rows] == [
            ("", "", True)
        ]
    else:
        assert all(row["entity"] for row in rows)


def test_every_linked_code_has_the_claims_that_resolve_gives(store: Store) -> None:
    reader = PageQueryReader(store, ROOT / "queries" / "pages")
    terms, prefixes = select_accepted_mappings(reader), read_prefixes(ROOT)
    curies = sorted({term.curie for term in terms})
    rows = _asked(store, "for-codes", {"code": curies})
    for curie in curies[::5]:
        found = resolution(reader, prefixes, curie, terms)
        here = {term.entity for term in found.matches}
        said = {claim.claim for claim in list_claims_about(reader, here)}
        wider = {c.claim for group in found.wider for c in group.claims}
        mine = [row for row in rows if row["code"] == curie and row["claim"]]
        about_group = {compress_iri(row["claim"]) for row in mine if "wider group" not in row["note"]}
        assert about_group == said, curie
        assert {compress_iri(row["claim"]) for row in mine} == said | wider, curie


def test_ancestors_are_shown_step_by_step_and_marked(beside: Settings) -> None:
    with open_build(beside) as store:
        rows = _asked(store, "ancestors-outside", {"condition": ["BCellALL"]})
    steps = {(row["below_label"], row["above_label"]) for row in rows}
    assert ("acute lymphoblastic leukemia", PARENT_LABEL) in steps
    assert {row["note"] for row in rows} == {"not said by the text"}


@pytest.mark.parametrize("name", ["39-opioids-outside", "40-ancestors-outside", "41-siblings-outside"])
def test_a_question_over_outside_hierarchies_names_its_graphs(name: str) -> None:
    """A variable there is tried with every graph: seconds, once whole imports are in the store."""
    text = (ROOT / "queries" / "questions" / f"{name}.rq").read_text("utf-8")
    assert "GRAPH <" in text
    assert "GRAPH ?" not in text


def test_a_page_query_follows_no_path_in_a_graph_that_is_a_variable() -> None:
    """It would be followed in every whole import: `/resolve` took 1.5 s beside five of them."""
    pages = sorted((ROOT / "queries" / "pages").glob("*.rq"))
    assert len(pages) > 25
    for page in pages:
        text = re.sub(r"#.*", "", page.read_text("utf-8"))
        for block in re.findall(r"GRAPH \?\w+ \{[^}]*", text):
            assert not re.search(r"[\w>)][*+]", block), page.name


def test_the_store_of_imports_that_a_server_opens_shows_the_same_ways_up(beside: Settings) -> None:
    asked: dict[str, dict[str, list[str]]] = {
        "siblings-outside": {"intervention": ["Imatinib"]},
        "opioids-outside": {},
    }
    with open_build(beside) as memory, open_readonly(beside.locate_import_store()) as directory:
        for name, values in asked.items():
            rows = _asked(directory, name, values)
            assert rows == _asked(memory, name, values)
            assert "not said by the text" in {row["note"] for row in rows}


def test_siblings_are_named_with_the_group_and_marked(beside: Settings) -> None:
    with open_build(beside) as store:
        rows = _asked(store, "siblings-outside", {"intervention": ["Imatinib"]})
        again = _asked(store, "opioids-outside", {})
    assert {row["sibling_label"] for row in rows} == {"umbrellanib", "galoshnib"}
    assert {row["group_label"] for row in rows} == {"BCR-ABL tyrosine kinase inhibitors"}
    assert {row["note"] for row in rows} == {"not said by the text"}
    assert any(row["below_label"] == "morphine" for row in again)


def test_the_neighbourhood_of_the_links_is_worked_out_once_and_read_again(beside: Settings) -> None:
    kept = list((beside.imports_dir / "store.outside").glob("*.nq"))
    with open_build(beside) as first, open_build(beside) as second:
        home = GRAPH["outside/atc"]
        assert set(first.read_graph(home)) == set(second.read_graph(home)) != set()
    assert len(kept) <= 1


def test_a_term_above_ours_in_an_imported_ontology_finds_ours_with_the_way(beside: Settings) -> None:
    with open_build(beside) as store:
        reader = PageQueryReader(store, ROOT / "queries" / "pages")
        found = resolution(reader, read_prefixes(ROOT), MONDO_PARENT, select_accepted_mappings(reader))
    ways = [(item.mapped.entity_curie, *(step.curie for step in item.path)) for item in found.below]
    assert ("dis:ALL", MONDO_PARENT, "MONDO:0004967") in ways
    assert ("dis:TCellALL", MONDO_PARENT, "MONDO:0004967", "MONDO:0004963") in ways
    assert ("dis:TCellALL", MONDO_PARENT, "MONDO:0004967", "MONDO:0020512") in ways
    assert {item.marked for item in found.below} == {"not said by the text"}
