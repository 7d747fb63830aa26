"""The format is detected from the content, since names may be wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from kg.errors import BadData
from kg.linking.readers.file_formats import CODE_FORMATS, FileFormat, detect_format, strip_format_suffixes
from tests.external.samples import CSV, FILES

EXPECTED = dict(zip(FILES, [f for f in FileFormat if f is not FileFormat.TABLE], strict=False)) | {
    "zz.obo": FileFormat.OBO,
    "zz.json": FileFormat.OBO_GRAPHS,
    "zz.owl": FileFormat.RDF_XML,
    "zz.owx": FileFormat.OWL_XML,
    "zz.ofn": FileFormat.FUNCTIONAL,
    "zz.omn": FileFormat.MANCHESTER,
    "zz.ttl": FileFormat.TURTLE,
    "zz.nt": FileFormat.N_TRIPLES,
    "zz.nq": FileFormat.N_QUADS,
    "zz.trig": FileFormat.TRIG,
    "zz.jsonld": FileFormat.JSON_LD,
    "zz.sssom.tsv": FileFormat.SSSOM,
}


@pytest.mark.parametrize("name", FILES)
def test_the_content_decides_the_format_whatever_the_name(name: str) -> None:
    assert detect_format(FILES[name].encode(), "mislabelled.owl") is EXPECTED[name]


def test_every_format_is_tried() -> None:
    assert len(FILES) == len(FileFormat) - 1 - len(CODE_FORMATS)  # those are tried in tests/codes


def test_a_table_is_known_by_its_name_alone() -> None:
    assert detect_format(CSV.encode(), "codes.csv.gz") is FileFormat.TABLE


def test_unknown_bytes_name_the_formats_there_are() -> None:
    with pytest.raises(BadData, match="obographs"):
        detect_format(b"hello world", "readme")


def test_a_web_page_is_called_one() -> None:
    with pytest.raises(BadData, match="web page"):
        detect_format(b"<!DOCTYPE html><html><body>404</body></html>", "mondo.owl")


def test_the_bare_name_has_no_suffixes() -> None:
    assert strip_format_suffixes("hp-2025-01-16.obo.gz") == "hp-2025-01-16"
    assert strip_format_suffixes("pharmgkb.drug.obo") == "pharmgkb.drug"
    assert strip_format_suffixes("ncit.obographs.json") == "ncit"


def test_a_functional_file_named_owl_is_functional(shared: Path) -> None:
    import gzip

    with gzip.open(shared / "ontologies/drugs/drugcentral-2020-09-18.ofn.gz") as file:
        assert detect_format(file.read(65536), "drugcentral.owl") is FileFormat.FUNCTIONAL
