"""Codes as people write them: one reading function for resolve, for-codes, pages and the command line."""

from __future__ import annotations

import pytest

from kg.errors import BadData, NotFound
from kg.mapping_files import read_prefixes
from kg.model.code_spellings import has_verhoeff_digit
from tests.conftest import ROOT

PREFIXES = read_prefixes(ROOT)


@pytest.mark.parametrize(
    ("written", "system", "readings"),
    [
        ("NDC:0078-0401-05", "", ["ndc:00078-0401-05"]),
        ("NDC 50242-040-62", "", ["ndc:50242-0040-62"]),
        ("ndc:54868-5427-0", "", ["ndc:54868-5427-00"]),
        ("00078-0401-05", "NDC", ["ndc:00078-0401-05"]),
        ("00078040105", "ndc", ["ndc:00078-0401-05"]),
        ("0078-0401", "NDC", ["ndc:00078-0401"]),
        ("0078040105", "NDC", ["ndc:00078-0401-05", "ndc:00780-0401-05", "ndc:00780-4010-05"]),
        ("ICD10CM:C9101", "", ["icd10cm:C91.01"]),
        ("c91.01", "http://hl7.org/fhir/sid/icd-10-cm", ["icd10cm:C91.01"]),
        ("SNOMED CT:91857003", "", ["snomedct:91857003"]),
        ("http://snomed.info/sct|91857003", "", ["snomedct:91857003"]),
        ("http://snomed.info/sct|http://snomed.info/sct/731000124108|91857003", "", ["snomedct:91857003"]),
        ("urn:oid:2.16.840.1.113883.6.88|282388", "", ["rxnorm:282388"]),
        ("282388.0", "RxNorm", ["rxnorm:282388"]),
        ("RXNORM:282388", "NDC", ["rxnorm:282388"]),
        ("ICD9CM:20400", "", ["icd9cm:204.00"]),
        ("HCPCS:J9261", "", ["hcpcs:J9261"]),
        ("icd10pcs:30233n1", "", ["icd10pcs:30233N1"]),
        ("omop:1304107", "", ["omop:1304107"]),
    ],
)
def test_a_code_is_read_in_every_spelling(written: str, system: str, readings: list[str]) -> None:
    assert [str(curie) for curie in PREFIXES.read_code(written, system)] == readings


@pytest.mark.parametrize(
    ("written", "error", "said"),
    [
        ("SCTID:91857004", BadData, "check digit"),
        ("NDC:12345", BadData, "is not an identifier of National Drug Codes"),
        ("urn:oid:1.2.3|5", NotFound, "is unknown"),
        ("aspirin 81 mg", BadData, "is not an identifier"),
    ],
)
def test_what_is_no_code_is_told_why(written: str, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        PREFIXES.read_code(written)


def test_an_ambiguous_code_is_no_single_identifier() -> None:
    with pytest.raises(BadData, match=r"ambiguous: it may be ndc:00078-0401-05 or ndc:00780-0401-05"):
        PREFIXES.parse_identifier("NDC:0078040105")


def test_a_wrong_or_swapped_digit_fails_the_check() -> None:
    assert has_verhoeff_digit("91857003")
    assert not has_verhoeff_digit("91875003")
    assert not any(has_verhoeff_digit(f"9185700{digit}") for digit in "012456789")
