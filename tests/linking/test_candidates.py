"""Candidates come with reasons; nothing is accepted by the machine; rejected pairs stay silent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from kg.linking.candidate_reasons import AcceptedRow
from kg.linking.candidates import Candidate, JudgedMappings, LinkableEntity, find_candidates, select_entities
from kg.linking.name_similarity import build_trigram_index, make_head_variants, make_word_bag, normalize_name
from kg.linking.workbench import Workbench, open_workbench
from kg.settings import Settings
from tests.outside_samples import MONDO_OBSOLETE, PARENT_LABEL, import_sample


def found(bench: Workbench, wanted: str) -> list[Candidate]:
    return [c for entity in bench.pick_entities([wanted]) for c in bench.find_candidates(entity)]


def test_a_name_misspelt_in_the_source_finds_the_drug(bench: Workbench) -> None:
    curies = {c.curie for c in found(bench, "Blinocyt")}
    assert {"pharmgkb.drug:PA166129524", "unii:4FR53SIF3A"} <= curies


def test_a_misspelt_text_finds_the_brand_in_an_import_by_likeness_alone(bench: Workbench) -> None:
    text = LinkableEntity("", "Blinocyt", "", (("Blinocyt", "text"),))
    best = find_candidates(text, bench.indexes, JudgedMappings({}, {}), bench.curies)
    assert any("Blincyto".casefold() in r.sentence.casefold() for c in best for r in c.reasons)
    assert all(r.sentence.startswith("the text 'Blinocyt' ") for c in best for r in c.reasons)


def test_a_candidate_tells_all_a_curator_needs(bench: Workbench) -> None:
    best = next(c for c in found(bench, "dis:ALL") if c.curie == "MONDO:0004967")
    assert best.label == "acute lymphoblastic leukemia"
    assert best.path == (PARENT_LABEL, "disease")
    assert best.score == 1.0
    assert not best.obsolete
    assert best.imported == "mondo"
    assert best.verdict == "accepted"
    assert "project label 'acute lymphoblastic leukemia' equals its label" in best.reasons[0].sentence


def test_real_slices_hold_the_same_candidates(settings: Settings, shared: Path, tmp_path: Path) -> None:
    own = replace(settings, imports_dir=tmp_path)
    slices = shared / "ontologies" / "slices"
    for name, file in (
        ("mondo", "mondo_acute_lymphoblastic_leukemia.obo"),
        ("pharmgkb", "pharmgkb_drugs.obo"),
    ):
        import_sample(name, slices / file, own)
    import_sample("unii", slices / "unii_drug_rows.tsv", own)
    with open_workbench(own) as bench:
        assert {"pharmgkb.drug:PA166129524", "unii:4FR53SIF3A"} <= {c.curie for c in found(bench, "Blinocyt")}
        best = next(c for c in found(bench, "dis:ALL") if c.curie == "MONDO:0004967")
        assert (best.score, best.path[-1]) == (1.0, "disease")
        assert any("an accepted match" in reason.sentence for reason in best.reasons)


def test_cross_references_of_accepted_rows_are_a_reason(bench: Workbench) -> None:
    best = next(c for c in found(bench, "dis:ALL") if c.curie == "MONDO:0004967")
    assert any("an accepted match" in reason.sentence for reason in best.reasons)


def test_what_a_broader_entity_is_linked_to_is_a_reason(bench: Workbench) -> None:
    entity = bench.pick_entities(["sit:KeepsComingBackALL"])[0]
    linked: dict[str, tuple[str, ...]] = {"sit:RRALL": ("MONDO:0003541",)}
    best = find_candidates(entity, bench.indexes, JudgedMappings({}, {}, linked), bench.curies)
    assert any(
        "sit:RRALL, a broader entity of the project, is linked to it" in reason.sentence
        for c in best
        if c.curie == "MONDO:0003541"
        for reason in c.reasons
    )
    assert "MONDO:0003541" not in {
        c.curie for c in find_candidates(entity, bench.indexes, JudgedMappings({}, {}), bench.curies)
    }


def test_the_label_of_a_row_accepted_elsewhere_is_a_search_key(bench: Workbench) -> None:
    text = LinkableEntity("x:1", "nothing alike", "", ())
    rows: dict[str, tuple[AcceptedRow, ...]] = {
        "x:1": (("skos:closeMatch", "mesh:D0", "Acute Lymphoblastic Leukemias"),)
    }
    best = find_candidates(text, bench.indexes, JudgedMappings({}, {}, {}, rows), bench.curies)
    found = next(c for c in best if c.curie == "MONDO:0004967")
    assert "mesh:D0 'Acute Lymphoblastic Leukemias', accepted as closeMatch" in found.reasons[0].sentence
    own: dict[str, tuple[AcceptedRow, ...]] = {
        "x:1": (
            ("skos:closeMatch", "MONDO:0", "acute lymphoblastic leukemia"),
            ("skos:closeMatch", "y:1", ""),
        )
    }
    none = find_candidates(text, bench.indexes, JudgedMappings({}, {}, {}, own), bench.curies)
    assert not [c for c in none if c.imported == "mondo"]


def test_a_reference_through_a_third_term_is_a_reason(bench: Workbench) -> None:
    mondo = next(i for i in bench.indexes if i.imported.id == "mondo")
    text = LinkableEntity("x:1", "nothing alike", "", ())
    term = mondo.find_term_by_curie("MONDO:0004967")
    assert term
    doid = next(x for x in mondo.get_xrefs(term.iri) if x.startswith("DOID:"))
    other = next(x for x in mondo.get_xrefs(term.iri) if not x.startswith("DOID:"))
    best = find_candidates(text, bench.indexes, JudgedMappings({}, {"x:1": (other,)}), bench.curies)
    found = {c.curie: c.reasons for c in best}
    assert doid in found
    assert any("an accepted match" in reason.sentence for reason in found[doid])


@pytest.mark.parametrize("one", ["antibacterial drugs", "anti-bacterial agents", "Antibacterial therapy"])
def test_one_word_for_agent_is_as_good_as_another(one: str) -> None:
    assert make_word_bag(normalize_name("antibacterial agent")) in make_head_variants(normalize_name(one))


def test_a_definition_stands_beside_the_label(bench: Workbench) -> None:
    assert any(c.definition for c in found(bench, "dis:ALL") if c.imported == "hp")


def test_rejected_pairs_stay_silent(bench: Workbench) -> None:
    entity = bench.pick_entities(["dis:ALL"])[0]
    judged = JudgedMappings({("dis:ALL", "MONDO:0004967"): "rejected"}, {})
    assert "MONDO:0004967" not in {
        c.curie for c in find_candidates(entity, bench.indexes, judged, bench.curies)
    }


def test_every_rejected_row_of_the_project_stays_silent(bench: Workbench) -> None:
    rejected = {row.subject_and_object for row in bench.mappings.rows("rejected")}
    assert len(rejected) > 20

    def pairs(shows: Callable[[str], bool]) -> set[tuple[str, str]]:
        return {(e.curie, c.curie) for e in bench.entities for c in bench.find_candidates(e, 20, shows)}

    assert len(pairs(lambda verdict: True) & rejected) > 10
    assert not pairs(lambda verdict: verdict != "rejected") & rejected


def test_an_obsolete_target_is_marked_and_ranked_down(bench: Workbench) -> None:
    obsolete = next(c for c in found(bench, "dis:ALL") if c.curie == MONDO_OBSOLETE)
    assert obsolete.obsolete
    assert obsolete.replaced.endswith("MONDO_0004967")
    assert obsolete.score < 0.8 < max(reason.weight for reason in obsolete.reasons)


@pytest.mark.parametrize("wanted", ["int:Imatinib", "Imatinib", "imatinib", "Gleevec"])
def test_an_entity_is_pointed_at_by_curie_name_or_brand(bench: Workbench, wanted: str) -> None:
    assert "int:Imatinib" in {entity.curie for entity in select_entities(bench.entities, [wanted])}


def test_abbreviations_in_names_are_spelt_out(bench: Workbench) -> None:
    relapsed = bench.pick_entities(["sit:RelapsedALL"])[0]
    assert ("relapsed acute lymphoblastic leukemia", "name spelt out") in relapsed.names


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("leukaemia, acute lymphoblastic", "Acute Lymphoblastic Leukemia"),
        ("infections of the blood", "blood infection"),
        ("tumour lysis", "lysis tumor"),
    ],
)
def test_spelling_number_and_order_do_not_matter(one: str, other: str) -> None:
    assert make_word_bag(normalize_name(one)) == make_word_bag(normalize_name(other))


def test_near_names_are_found_among_many() -> None:
    names = [f"compound {number} acid" for number in range(5000)] + ["blincyto", "blinatumomab"]
    near = build_trigram_index(names).find_similar("blinocyt", 5)
    assert names[near[0]] == "blincyto"


def test_an_index_of_nothing_finds_nothing() -> None:
    assert build_trigram_index([]).find_similar("x", 5) == []
    assert build_trigram_index(["a"]).find_similar("a", 5) == [0]
