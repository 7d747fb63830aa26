"""The format is told by content: names may lie."""

from __future__ import annotations

from pathlib import Path

import pytest

from kg.errors import BadData
from kg.external.formats import Format, detect, stem
from tests.external.samples import CSV, FILES

EXPECTED = dict(zip(FILES, [f for f in Format if f is not Format.TABLE], strict=False)) | {
    "zz.obo": Format.OBO,
    "zz.json": Format.OBO_GRAPHS,
    "zz.owl": Format.RDF_XML,
    "zz.owx": Format.OWL_XML,
    "zz.ofn": Format.FUNCTIONAL,
    "zz.omn": Format.MANCHESTER,
    "zz.ttl": Format.TURTLE,
    "zz.nt": Format.N_TRIPLES,
    "zz.nq": Format.N_QUADS,
    "zz.trig": Format.TRIG,
    "zz.jsonld": Format.JSON_LD,
    "zz.sssom.tsv": Format.SSSOM,
}


@pytest.mark.parametrize("name", FILES)
def test_content_tells_the_format_whatever_the_name(name: str) -> None:
    assert detect(FILES[name].encode(), "mislabelled.owl") is EXPECTED[name]


def test_every_format_is_tried() -> None:
    assert len(FILES) == len(Format) - 1


def test_a_table_is_known_by_its_name_alone() -> None:
    assert detect(CSV.encode(), "codes.csv.gz") is Format.TABLE


def test_unknown_bytes_name_the_formats_there_are() -> None:
    with pytest.raises(BadData, match="obographs"):
        detect(b"hello world", "readme")


def test_a_web_page_is_called_one() -> None:
    with pytest.raises(BadData, match="web page"):
        detect(b"<!DOCTYPE html><html><body>404</body></html>", "mondo.owl")


def test_the_bare_name_has_no_suffixes() -> None:
    assert stem("hp-2025-01-16.obo.gz") == "hp-2025-01-16"
    assert stem("pharmgkb.drug.obo") == "pharmgkb.drug"
    assert stem("ncit.obographs.json") == "ncit"


def test_a_functional_file_named_owl_is_functional(shared: Path) -> None:
    import gzip

    with gzip.open(shared / "ontologies/drugs/drugcentral-2020-09-18.ofn.gz") as file:
        assert detect(file.read(65536), "drugcentral.owl") is Format.FUNCTIONAL
