"""What each kind of evidence is worth, on an invented ontology: sentence, weight, what makes it weaker."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from kg.linking.candidate_reasons import AcceptedRow
from kg.linking.candidates import Candidate, JudgedMappings, LinkableEntity, find_candidates
from kg.linking.importing import ImportRequest, import_file
from kg.linking.name_similarity import make_head_variants, make_word_bag
from kg.linking.workbench import Workbench, open_workbench
from kg.model.mapping_sets import MappingCollection, MappingRow, MappingSet
from kg.settings import Settings

KITES = """format-version: 1.2
ontology: kites

[Term]
id: MONDO:9999911
name: paper kite
synonym: "folded flyer" EXACT []
synonym: "windbird" RELATED []
synonym: "toy" BROAD []
xref: DOID:9999911

[Term]
id: MONDO:9999912
name: aggressive stunt kite

[Term]
id: MONDO:9999913
name: stunt kite 2

[Term]
id: MONDO:9999914
name: stunt

[Term]
id: MONDO:9999915
name: XYZ

[Term]
id: MONDO:9999916
name: gale medication

[Term]
id: MONDO:9999917
name: box kite R
"""


OTHER = """format-version: 1.2
ontology: other

[Term]
id: DOID:9999912
name: z
xref: MONDO:9999912
xref: HP:9999912
"""


@pytest.fixture(scope="module")
def kites(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    """The workbench over two imports: the kites, and an ontology that refers to one of them."""
    folder = tmp_path_factory.mktemp("kites")
    own = replace(settings, imports_dir=folder / "imports")
    for name, text in (("kites", KITES), ("other", OTHER)):
        path = folder / f"{name}.obo"
        path.write_text(text, "utf-8")
        import_file(path, ImportRequest(name, name), own.locate_import_store(), own)
    with open_workbench(own) as opened:
        yield opened


def candidates(
    bench: Workbench,
    judged: JudgedMappings | None = None,
    *names: tuple[str, str],
    broader: tuple[str, ...] = (),
) -> dict[str, Candidate]:
    """Return number -> candidate of an entity with these names."""
    entity = LinkableEntity("x:1", "", "", names, broader)
    found = find_candidates(entity, bench.indexes, judged or JudgedMappings({}, {}), bench.curies, top=20)
    return {one.curie.removeprefix("MONDO:99999"): one for one in found}


@pytest.mark.parametrize(
    ("name", "kind", "term", "weight"),
    [
        ("paper kite", "label", "11", 1.0),
        ("Paper Kite", "other name", "11", 0.97),
        ("paper kite", "spelling in the source", "11", 0.9),
        ("folded flyer", "label", "11", 0.97),
        ("windbird", "label", "11", 0.85),
        ("folded flyer", "brand name", "11", 0.921),  # 0.95 * 0.97
        ("kite of paper", "label", "11", 0.96),  # the same words
        ("gale therapy", "label", "16", 0.864),  # another head word: 0.96 * 0.9
        ("xyz", "label", "15", 1.0),  # a word, not an abbreviation
        ("XYz", "label", "15", 1.0),
        ("Xyz", "label", "15", 1.0),
        ("papre kite", "label", "11", 0.828),  # 90 %: 0.92 * 0.9
        ("kite stunt agressive", "label", "12", 0.597),  # sorted words: 0.92 * 0.95 * 0.976 * 0.7
        ("qaper kite", "label", "11", 0.58),  # another first letter: 0.92 * 0.9 * 0.7
        ("stunt kite", "label", "13", 0.585),  # 91 %, one of a series: 0.92 * 0.909 * 0.7
        ("box kite", "label", "17", 0.572),  # 89 %, one of a series: 0.92 * 0.889 * 0.7
        ("stunt kite", "label", "14", 0.675),  # a part, half as long: 0.75 * (0.8 + 0.2 * 5 / 10)
        ("stunt kite", "label", "12", 0.671),  # all its words and more: 0.75 * (0.8 + 0.2 * 10 / 21)
    ],
)
def test_a_name_is_worth_what_it_has_in_common(
    kites: Workbench, name: str, kind: str, term: str, weight: float
) -> None:
    found = candidates(kites, None, (name, kind))[term]
    assert found.reasons[0].weight == pytest.approx(weight, abs=0.0006)
    assert f"project {kind} {name!r} " in found.reasons[0].sentence


def test_an_abbreviation_in_another_case_is_worth_less(kites: Workbench) -> None:
    assert candidates(kites, None, ("XYZ", "label"))["15"].score == 1.0
    weights = {r.sentence: r.weight for r in candidates(kites, None, ("TOY", "label"))["11"].reasons}
    assert weights["project label 'TOY' equals its broad synonym 'toy'"] == 0.48  # 0.8 * 0.6


@pytest.mark.parametrize("name", ["gust", "kit", "toz", "stungs"])
def test_short_or_unlike_names_find_nothing(kites: Workbench, name: str) -> None:
    assert candidates(kites, None, (name, "label")) == {}


@pytest.mark.parametrize(
    ("predicate", "label", "weight"),
    [
        ("skos:exactMatch", "paper kite", 0.9),
        ("skos:closeMatch", "paper kite", 0.88),
        ("skos:broadMatch", "paper kite", 0.8),
        ("skos:narrowMatch", "paper kite", 0.75),
        ("skos:relatedMatch", "paper kite", 0.75),
        ("skos:exactMatch", "folded flyer", 0.873),  # 0.9 * 0.97
        ("skos:exactMatch", "windbird", 0.765),  # 0.9 * 0.85
        ("skos:exactMatch", "kite of paper", 0.855),  # 0.9 * 0.95
    ],
)
def test_the_label_of_an_accepted_row_is_worth_what_its_predicate_says(
    kites: Workbench, predicate: str, label: str, weight: float
) -> None:
    rows: dict[str, tuple[AcceptedRow, ...]] = {"x:1": ((predicate, "HP:0", label),)}
    found = candidates(kites, JudgedMappings({}, {}, {}, rows))["11"]
    assert [reason.weight for reason in found.reasons] == [pytest.approx(weight, abs=0.0006)]
    assert f"accepted as {predicate.partition(':')[2]}" in found.reasons[0].sentence


@pytest.mark.parametrize(
    ("target", "term", "weight", "sentence"),
    [
        ("DOID:9999911", "11", 0.98, "it refers to DOID:9999911, an accepted match"),
        ("DOID:9999912", "12", 0.85, "other maps it to DOID:9999912, an accepted match"),
        ("HP:9999912", "12", 0.85, "other maps it to HP:9999912, an accepted match"),
    ],
)
def test_what_an_accepted_target_refers_to_is_found_over_every_import(
    kites: Workbench, target: str, term: str, weight: float, sentence: str
) -> None:
    found = candidates(kites, JudgedMappings({}, {"x:1": (target,)}))[term]
    assert [(reason.sentence, reason.weight) for reason in found.reasons] == [(sentence, weight)]


def test_a_target_of_a_broader_entity_is_worth_a_broad_match(kites: Workbench) -> None:
    judged = JudgedMappings({}, {}, {"x:2": ("MONDO:9999914",)})
    (reason,) = candidates(kites, judged, broader=("x:2",))["14"].reasons
    assert reason.weight == 0.8


def test_a_further_reason_closes_a_tenth_of_the_distance_to_one(kites: Workbench) -> None:
    rows: dict[str, tuple[AcceptedRow, ...]] = {"x:1": (("skos:exactMatch", "HP:0", "paper kite"),)}
    found = candidates(kites, JudgedMappings({}, {"x:1": ("DOID:9999911",)}, {}, rows))["11"]
    assert [reason.weight for reason in found.reasons] == [0.98, 0.9]
    assert found.score == 0.982


def row(predicate: str, target: str) -> MappingRow:
    """Return a row of x:1."""
    return MappingRow("x:1", "x", predicate, target, "t", "semapv:ManualMappingCuration", "A", "", "", "", "")


def test_only_exact_and_close_rows_lead_on_and_only_equal_or_broader_ones_reach_below() -> None:
    predicates = ("exactMatch", "closeMatch", "broadMatch", "narrowMatch", "relatedMatch")
    rows = tuple(row(f"skos:{name}", f"HP:{number}") for number, name in enumerate(predicates))
    accepted = MappingSet((), (), rows, "accepted")
    rejected = MappingSet((), (), (row("skos:exactMatch", "HP:9"),), "rejected")
    judged = JudgedMappings.from_mappings(MappingCollection((accepted, rejected)))
    assert judged.equivalent_targets == {"x:1": ("HP:0", "HP:1")}
    assert judged.broader_targets == {"x:1": ("HP:0", "HP:1", "HP:2")}
    assert [target for _, target, _ in judged.accepted_rows["x:1"]] == [f"HP:{n}" for n in range(5)]
    assert judged.verdicts["x:1", "HP:9"] == "rejected"
    assert judged.verdicts["x:1", "HP:4"] == "accepted"


def test_a_name_is_no_variant_of_itself() -> None:
    """An equal name counted twice, once as its own variant."""
    for name in ("antibacterial agent", "anti bacterial agents", "chemotherapy"):
        assert make_word_bag(name) not in make_head_variants(name)
    assert make_word_bag("antibacterial drug") in make_head_variants("anti bacterial agents")
