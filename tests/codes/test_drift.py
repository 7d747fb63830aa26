"""What a newer release did to the links: moved, merged, retired and reused codes, in RRF, RF2 and Athena."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from kg.cli.link import link
from kg.mapping_files import read_mappings
from kg.model.mapping_sets import MappingRow
from tests.codes.releases import write_tables
from tests.codes.test_imports import rrf_row
from tests.conftest import ROOT


def _list_links(prefix: str) -> dict[str, MappingRow]:
    """Return the accepted rows of a vocabulary by code, one a code."""
    rows = (row for row in read_mappings(ROOT).rows() if row.object_id.startswith(f"{prefix}:"))
    return {row.object_id.partition(":")[2]: row for row in rows}


def _check(built: Path, *arguments: str) -> Result:
    environment = {"KG_BUILD_DIR": str(built)}
    return CliRunner().invoke(link, ["check", *arguments], env=environment, catch_exceptions=False)


def _problems(done: Result) -> dict[str, tuple[str, str]]:
    assert done.exit_code == 1, done.output
    return {item["object"]: (item["problem"], item["replacement"]) for item in json.loads(done.stdout)}


@pytest.mark.parametrize("archive", ["RXNCUI", "RXNATOMARCHIVE"])
def test_a_newer_rxnorm_tells_merged_reused_and_gone_codes(built: Path, tmp_path: Path, archive: str) -> None:
    labels = {code: row.object_label for code, row in _list_links("rxnorm").items()}
    merged, reused, gone, *_ = sorted(labels)
    labels[reused] = "Something Else"
    names = "".join(
        rrf_row(kind="RXNCONSO", RXCUI=code, LAT="ENG", SAB="RXNORM", TTY="IN", STR=label, SUPPRESS="N")
        for code, label in {**labels, "999500": "The successor"}.items()
        if code not in (merged, gone)
    )
    (tmp_path / "RXNCONSO.RRF").write_text(names, "utf-8")
    old = (
        rrf_row(kind="RXNCUI", CUI1=merged, CARDINALITY="1", CUI2="999500")
        if archive == "RXNCUI"
        else rrf_row(kind=archive, RXCUI=merged, SAB="RXNORM", MERGED_TO_RXCUI="999500")
    )
    (tmp_path / f"{archive}.RRF").write_text(old, "utf-8")
    done = _check(built, str(tmp_path), "--id", "rxnorm", "--json")
    assert _problems(done) == {
        f"rxnorm:{merged}": ("merged", "rxnorm:999500"),
        f"rxnorm:{reused}": ("reused", ""),
        f"rxnorm:{gone}": ("gone", ""),
    }
    assert any(item["changes"] for item in json.loads(done.stdout))


def test_a_newer_snomed_ct_tells_moved_and_retired_codes_as_csv(built: Path, tmp_path: Path) -> None:
    labels = {code: row.object_label for code, row in _list_links("snomedct").items()}
    moved, retired, renamed, *_ = sorted(labels)
    name = "sct2_Description_Snapshot-en_INT_20250101.txt"
    header = "id effectiveTime active moduleId conceptId languageCode typeId term caseSignificanceId"
    rows = [
        f"{n} 20250101 1 9 {code} en 900000000000003001 {label.replace(' ', '_')}_(disorder) 9"
        for n, (code, label) in enumerate(labels.items())
        if code != renamed
    ]
    rows += [
        f"x 20250101 1 9 {renamed} en 900000000000003001 A_newer_name_(disorder) 9",
        f"y 20250101 1 9 {renamed} en 900000000000013009 {labels[renamed].replace(' ', '_')} 9",
    ]
    concepts = [f"{code} 20250101 0 9 9" for code in (moved, retired)]
    association = "id effectiveTime active moduleId refsetId referencedComponentId targetComponentId"
    write_tables(
        tmp_path,
        {
            name: (header, tuple(rows)),
            "sct2_Concept_Snapshot_INT_20250101.txt": (
                "id effectiveTime active moduleId definitionStatusId",
                tuple(concepts),
            ),
            "der2_cRefset_AssociationSnapshot_INT_20250101.txt": (
                association,
                (f"u 20250101 1 9 900000000000526001 {moved} 110004001",),
            ),
        },
    )
    done = _check(built, str(tmp_path), "--id", "snomedct", "--csv")
    assert done.exit_code == 1, done.output
    found = {row["object"]: row for row in csv.DictReader(io.StringIO(done.stdout))}
    assert {code: (row["problem"], row["replacement"]) for code, row in found.items()} == {
        f"snomedct:{moved}": ("moved", "snomedct:110004001"),
        f"snomedct:{retired}": ("retired", ""),
        f"snomedct:{renamed}": ("relabelled", ""),
    }


def test_a_newer_athena_tells_the_successor_by_its_code(built: Path, tmp_path: Path) -> None:
    labels = {code: row.object_label.replace(" ", "_") for code, row in _list_links("rxnorm").items()}
    old, *_ = sorted(labels)
    concepts = [
        f"{n} {label} Drug RxNorm Ingredient S {code} 19700101 20991231 {'U' if code == old else ''}"
        for n, (code, label) in enumerate(labels.items(), 5001)
    ]
    concepts.append("9001 The_successor Drug RxNorm Ingredient S 999500 19700101 20991231 ")
    number = list(labels).index(old) + 5001
    write_tables(
        tmp_path,
        {
            "CONCEPT.csv": (
                "concept_id concept_name domain_id vocabulary_id concept_class_id standard_concept"
                " concept_code valid_start_date valid_end_date invalid_reason",
                tuple(concepts),
            ),
            "CONCEPT_RELATIONSHIP.csv": (
                "concept_id_1 concept_id_2 relationship_id valid_start_date valid_end_date invalid_reason",
                (f"{number} 9001 Concept_replaced_by 19700101 20991231 ",),
            ),
        },
    )
    done = _check(built, str(tmp_path), "--id", "omop", "--json")
    assert _problems(done) == {f"rxnorm:{old}": ("moved", "rxnorm:999500")}
