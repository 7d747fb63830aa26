"""The maps of codes, read back by libraries that are not ours: fhir.resources, and pandas for OMOP."""

from __future__ import annotations

import importlib
import io
from pathlib import Path
from typing import Any

import pytest

from kg.build.opening import open_build
from kg.exports.code_maps import make_concept_map, make_source_to_concept_map
from kg.linking.importing import ImportRequest, import_file
from kg.mapping_files import read_mappings
from kg.namespaces import BASE, expand_curie
from kg.settings import Settings
from sparqlhost.store.interface import Store
from tests.codes.releases import ATHENA, write_tables
from tests.conftest import ROOT

#: the value sets concept-map-relationship of FHIR R5 and concept-map-equivalence of R4, as far as used
R5_WORDS = {
    "related-to",
    "equivalent",
    "source-is-narrower-than-target",
    "source-is-broader-than-target",
    "not-related-to",
}
R4_WORDS = {"relatedto", "equivalent", "wider", "narrower", "disjoint"}
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"


def _read_targets(store: Store, release: str) -> dict[tuple[str, str, str], Any]:
    """Return the targets of a map, as fhir.resources reads them, by system, code and target."""
    module = "fhir.resources.conceptmap" if release == "R5" else "fhir.resources.R4B.conceptmap"
    reader = pytest.importorskip(module).ConceptMap
    read = reader.model_validate_json(make_concept_map(store, ROOT, release))
    assert read.status == "active"
    return {
        (group.source, element.code, target.code): target
        for group in read.group
        for element in group.element
        for target in element.target
    }


def test_a_concept_map_of_r5_says_each_judged_pair(store: Store) -> None:
    targets = _read_targets(store, "R5")
    mappings = read_mappings(ROOT)
    judged = [*mappings.rows(), *mappings.rows("rejected")]
    assert len(targets) == len({row.subject_and_object for row in judged})
    assert {target.relationship for target in targets.values()} == R5_WORDS
    assert targets[RXNORM, "282388", "intervention/Imatinib"].relationship == "related-to"  # close, not equal
    assert targets["http://hl7.org/fhir/sid/icd-10-cm", "C91.0", "disease/ALL"].relationship == "equivalent"
    accepted = {
        (row.object_id.partition(":")[2], expand_curie(row.subject_id).removeprefix(BASE))
        for row in mappings.rows()
    }
    refused = {key[1:] for key, target in targets.items() if target.relationship == "not-related-to"}
    assert not refused & accepted


def test_a_refused_pair_is_not_related_but_a_brand_is(store: Store) -> None:
    targets = _read_targets(store, "R5")
    assert targets[RXNORM, "114189", "intervention/StrongerOpioids"].relationship == "not-related-to"
    brand = targets[RXNORM, "282386", "intervention/Imatinib"]
    assert brand.relationship == "related-to"
    assert brand.comment.startswith("no match; brand of")


def test_the_map_of_r4_has_its_words_turned_round(store: Store) -> None:
    """In R4 `narrower` means that the target is narrower: the code above an entity has a narrower target."""
    r5, r4 = _read_targets(store, "R5"), _read_targets(store, "R4")
    assert r5.keys() == r4.keys()
    pairs = {(r5[key].relationship, r4[key].equivalence) for key in r5}
    assert ("source-is-broader-than-target", "narrower") in pairs
    assert ("source-is-narrower-than-target", "wider") in pairs
    assert {word for _, word in pairs} == R4_WORDS
    assert len(pairs) == len(R5_WORDS)
    assert all(target.comment for target in r4.values())  # cmd-1 asks it of narrower and inexact ones


def _read_omop(text: str) -> Any:
    pandas = importlib.import_module("pandas")  # carries no types
    dates = ["valid_start_date", "valid_end_date"]
    return pandas.read_csv(io.StringIO(text), parse_dates=dates, keep_default_na=False)


def test_rows_for_omop_name_concept_0_where_no_download_was_imported(store: Store) -> None:
    frame = _read_omop(make_source_to_concept_map(store, ROOT))
    assert set(frame["target_concept_id"]) == {0}
    assert set(frame["target_vocabulary_id"]) == {"None"}
    assert frame["source_code"].is_unique
    assert frame["source_code"].str.len().max() <= 50
    assert len(frame) == len({row.subject_id for row in read_mappings(ROOT).rows()})


def test_rows_for_omop_name_the_concepts_of_an_imported_download(built: Path, tmp_path: Path) -> None:
    settings = Settings(root=ROOT, build_dir=built, imports_dir=tmp_path / "imports")
    (tmp_path / "omop").mkdir()
    write_tables(tmp_path / "omop", ATHENA)
    import_file(tmp_path / "omop", ImportRequest("omop", "omop"), settings.locate_import_store(), settings)
    with open_build(settings) as opened:
        frame = _read_omop(make_source_to_concept_map(opened, ROOT))
    known = frame[frame["target_concept_id"] != 0]
    assert known[["source_code", "target_concept_id", "target_vocabulary_id"]].values.tolist() == [
        ["int:Imatinib", 1304107, "RxNorm"]
    ]
