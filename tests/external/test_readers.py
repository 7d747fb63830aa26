"""Every format becomes the same triples; broken files are refused with their place, or skipped and listed."""

from __future__ import annotations

import codecs
import gzip
from pathlib import Path

import pyoxigraph as ox
import pytest

from kg.errors import BadData
from kg.linking.readers.file_formats import FileFormat
from kg.linking.readers.format_dispatch import read_content
from kg.linking.readers.rdf_reader import RdfStream
from kg.linking.readers.source_reading import ReadOptions, SourceReading
from tests.external.samples import BASE, CSV, FILES, LABEL, OBO, SUB, packed


def read(path: Path, options: ReadOptions | None = None) -> tuple[set[tuple[str, str, str]], SourceReading]:
    reading = SourceReading(path, path.name, options or ReadOptions())
    found = read_content(reading, path.parent, lambda curie: "")
    if isinstance(found, RdfStream):
        with found.stream as stream:
            quads = [q.triple for q in ox.parse(stream, format=found.format)]
    else:
        quads = [q.triple for q in ox.parse(b"".join(found), format=ox.RdfFormat.N_TRIPLES)]
    return {tuple(getattr(t, "value", str(t)) for t in triple) for triple in quads}, reading  # type: ignore[misc]


def write(folder: Path, name: str, data: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


GADGET = (f"{BASE}ZZ_1", LABEL, "gadget")
WIDGET = (f"{BASE}ZZ_2", LABEL, "widget")


@pytest.mark.parametrize("packing", ["", ".gz", ".bz2", ".zst"])
@pytest.mark.parametrize("name", FILES)
def test_every_format_packed_or_not_gives_the_same_labels(tmp_path: Path, name: str, packing: str) -> None:
    triples, _ = read(write(tmp_path, name + packing, packed(FILES[name].encode(), packing)))
    assert {GADGET, WIDGET} <= triples
    if "sssom" not in name:
        assert (f"{BASE}ZZ_2", SUB, f"{BASE}ZZ_1") in triples


@pytest.mark.parametrize("packing", ["", ".gz", ".zst"])
@pytest.mark.parametrize("name", FILES)
def test_a_byte_order_mark_before_utf_8_is_no_part_of_a_file(tmp_path: Path, name: str, packing: str) -> None:
    marked = codecs.BOM_UTF8 + FILES[name].encode()
    triples, _ = read(write(tmp_path, name + packing, packed(marked, packing)))
    assert {GADGET, WIDGET} <= triples


def test_a_packed_file_needs_no_suffix(tmp_path: Path) -> None:
    assert GADGET in read(write(tmp_path, "zz.obo", packed(OBO.encode(), ".bz2")))[0]


def test_obo_clauses_take_their_standard_places(tmp_path: Path) -> None:
    triples, reading = read(write(tmp_path, "zz.obo", OBO))
    owl = "http://www.w3.org/2002/07/owl#"
    oio = "http://www.geneontology.org/formats/oboInOwl#"
    assert {
        (f"{BASE}ZZ_2", f"{oio}hasExactSynonym", "wee gadget"),
        (f"{BASE}ZZ_2", f"{oio}hasDbXref", "MESH:D000001"),
        (f"{BASE}ZZ_2", f"{BASE}IAO_0000115", "A small gadget."),
        (f"{BASE}ZZ_3", f"{owl}deprecated", "true"),
        (f"{BASE}ZZ_3", f"{BASE}IAO_0100001", f"{BASE}ZZ_2"),
    } <= triples
    assert any(p == f"{owl}onProperty" and o == f"{BASE}BFO_0000050" for _, p, o in triples)
    assert reading.facts == {"id": "zz", "version": "2.5", "licence": "CC0"}


def test_edges_writes_relations_as_plain_triples(tmp_path: Path) -> None:
    triples, _ = read(write(tmp_path, "zz.obo", OBO), ReadOptions(edges=True))
    assert (f"{BASE}ZZ_2", f"{BASE}BFO_0000050", f"{BASE}ZZ_1") in triples
    assert not any(p.endswith("someValuesFrom") for _, p, _ in triples)


BROKEN = {
    "bad.obo": (OBO.replace("is_a: ZZ:1 ! gadget", "is_a: ! nothing"), 16),
    "bad.nt": (FILES["zz.nt"] + "<http://a> <http://b> .\n", 4),
    "bad.ttl": (FILES["zz.ttl"] + "obo:ZZ_3 rdfs:label .\n", 4),
    "bad.owl": (FILES["zz.owl"].replace("</owl:Class>\n</rdf", "</owl:Clas>\n</rdf"), 6),
    "bad.ofn": (FILES["zz.ofn"].replace("SubClassOf(", "SubClassOff("), 0),
    "bad.omn": (FILES["zz.omn"] + "    SubClassOf: a b c\n", 9),
    "bad.jsonld": (FILES["zz.jsonld"][:-4], 0),
    "bad.nq": (FILES["zz.nq"] + "nonsense\n", 4),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_refused_in_one_sentence_with_its_line(tmp_path: Path, name: str) -> None:
    text, line = BROKEN[name]
    path = write(tmp_path, name, text)
    with pytest.raises((BadData, SyntaxError)) as caught:
        read(path)
    if isinstance(caught.value, BadData) and line:
        assert caught.value.line == line
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("name", "kept"), [("bad.obo", True), ("bad.nt", True), ("bad.nq", True)])
def test_lenient_keeps_the_rest_and_lists_the_line(tmp_path: Path, name: str, kept: bool) -> None:
    text, line = BROKEN[name]
    triples, reading = read(write(tmp_path, name, text), ReadOptions(lenient=True))
    assert ({GADGET, WIDGET} <= triples) is kept
    assert [problem.line for problem in reading.problems] == [line]


def test_a_broken_frame_head_drops_that_frame_alone(tmp_path: Path) -> None:
    triples, reading = read(
        write(tmp_path, "zz.obo", OBO.replace("id: ZZ:1", "id:")), ReadOptions(lenient=True)
    )
    assert WIDGET in triples
    assert GADGET not in triples
    assert reading.problems


def test_a_cut_off_packed_file_says_so(tmp_path: Path) -> None:
    whole = packed(OBO.encode() * 50, ".gz")
    with pytest.raises(BadData, match="cannot be decompressed"):
        read(write(tmp_path, "zz.obo.gz", whole[: len(whole) // 2]))


def test_bytes_that_are_not_utf8_have_a_line(tmp_path: Path) -> None:
    with pytest.raises(BadData) as caught:
        read(write(tmp_path, "zz.obo", OBO.encode().replace(b"widget", b"w\xffdget", 1)))
    assert caught.value.line == 12


def test_an_empty_file_is_called_empty(tmp_path: Path) -> None:
    with pytest.raises(BadData, match="empty"):
        read(write(tmp_path, "zz.obo", ""))


def test_a_table_is_read_by_its_columns(tmp_path: Path) -> None:
    options = ReadOptions(columns=(("id", "Code"), ("label", "Name"), ("synonym", "Other")), prefix="zz")
    triples, _ = read(write(tmp_path, "codes.csv", CSV), options)
    oio = "http://www.geneontology.org/formats/oboInOwl#hasExactSynonym"
    assert {o for _, p, o in triples if p == oio} == {"wee gadget", "tiny gadget"}


def test_a_table_of_no_known_vocabulary_says_so_or_gets_the_address_that_was_given(tmp_path: Path) -> None:
    path = write(tmp_path, "codes.csv", CSV)
    columns = (("id", "Code"), ("label", "Name"))
    triples, reading = read(path, ReadOptions(columns=columns, prefix="zz"))
    assert list(reading.unknown_prefixes) == ["zz"]
    assert {reading.unknown_prefixes["zz"]} <= {
        s.removeprefix("https://bioregistry.io/") for s, _, _ in triples
    }
    for options in (
        ReadOptions(columns=columns, iri="https://example.org/code/{id}"),
        ReadOptions(columns=columns, prefix="zz", iri="https://example.org/code/{id}"),
    ):
        named, reading = read(path, options)
        assert {s.rpartition("/")[0] for s, _, _ in named} == {"https://example.org/code"}
        assert not reading.unknown_prefixes


def test_a_table_without_a_header_is_read_by_column_numbers(tmp_path: Path) -> None:
    path = write(tmp_path, "codes.tsv", "D1\tgadget\nD2\twidget\n")
    triples, _ = read(
        path, ReadOptions(columns=(("id", "1"), ("label", "2")), prefix="zz", format=FileFormat.TABLE)
    )
    assert {o for _, p, o in triples if p == LABEL} == {"gadget", "widget"}


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ((), "which column holds what"),
        ((("id", "Kode"),), "no column 'Kode'"),
        ((("id", "Code"), ("x", "Name")), "role"),
    ],
)
def test_a_table_says_what_its_columns_are(
    tmp_path: Path, columns: tuple[tuple[str, str], ...], said: str
) -> None:
    with pytest.raises(BadData, match=said):
        read(write(tmp_path, "codes.csv", CSV), ReadOptions(columns=columns, prefix="zz"))


def test_a_table_row_without_prefix_is_refused_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(BadData, match="--prefix") as caught:
        read(write(tmp_path, "codes.csv", CSV), ReadOptions(columns=(("id", "Code"),)))
    assert caught.value.line == 2


# -- the real files ---


@pytest.mark.parametrize(
    ("name", "line", "column"),
    [("maxo-2024-07-29.obo.gz", 20117, 45), ("doid-2016-09-01.obo.gz", 6229, 122)],
)
def test_the_dirty_real_files_are_refused_with_their_place(
    shared: Path, name: str, line: int, column: int
) -> None:
    with pytest.raises(BadData) as caught:
        read(shared / "ontologies/ontologies" / name)
    assert (caught.value.line, caught.value.column) == (line, column)
    assert "--lenient" in caught.value.hint


def test_lenient_reads_the_dirty_disease_ontology_but_for_its_broken_lines(shared: Path) -> None:
    path = shared / "ontologies/ontologies/doid-2016-09-01.obo.gz"
    triples, reading = read(path, ReadOptions(lenient=True))
    assert sum(p == LABEL for _, p, _ in triples) >= 9_344
    assert len(reading.problems) == 7
    with gzip.open(path, "rt", encoding="utf-8") as file:
        lines = file.readlines()
    assert all(lines[problem.line - 1].startswith("def:") for problem in reading.problems)


def test_every_obo_slice_is_read_whole(shared: Path) -> None:
    slices = sorted((shared / "ontologies/slices").glob("*.obo"))
    assert len(slices) == 8
    for path in slices:
        triples, _ = read(path)
        terms = path.read_text("utf-8").count("[Term]")
        assert sum(p.endswith("#type") and o.endswith("#Class") for _, p, o in triples) >= terms
