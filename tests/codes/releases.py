"""Small releases in the true formats, made by hand; identifiers from 999000 on are invented."""

from __future__ import annotations

from pathlib import Path

from kg.linking.readers.file_formats import read_code_layouts

#: code, type and name of RxNorm concepts; relations as RXCUI2 RELA RXCUI1
CONCEPTS = (
    ("282388", "IN", "imatinib"),
    ("284924", "PIN", "Imatinib mesylate"),
    ("282386", "BN", "Gleevec"),
    ("406051", "SCDC", "imatinib 400 MG"),
    ("403879", "SCD", "imatinib 400 MG Oral Tablet"),
    ("404589", "SBD", "imatinib 400 MG Oral Tablet [Gleevec]"),
    ("1191", "IN", "Aspirin"),
    ("1886", "IN", "Caffeine"),
    ("214250", "MIN", "Aspirin / Caffeine"),
    ("999001", "SCD", "Aspirin / Caffeine Oral Tablet"),
    ("999002", "IN", "Normorphine"),
)
RELATIONS = (
    ("284924", "form_of", "282388"),
    ("282386", "tradename_of", "282388"),
    ("406051", "has_ingredient", "282388"),
    ("406051", "has_precise_ingredient", "284924"),
    ("403879", "consists_of", "406051"),
    ("404589", "tradename_of", "403879"),
    ("404589", "has_ingredient", "282386"),
    ("214250", "has_part", "1191"),
    ("214250", "has_part", "1886"),
    ("999001", "has_ingredient", "1191"),
    ("999001", "has_ingredient", "1886"),
)


def write_rrf(folder: Path) -> Path:
    """Write a release of RxNorm into `folder`."""
    conso = [
        {"RXCUI": code, "LAT": "ENG", "SAB": "RXNORM", "TTY": kind, "STR": name, "SUPPRESS": "N"}
        for code, kind, name in CONCEPTS
    ]
    rel = [
        {"RXCUI1": to, "STYPE1": "CUI", "RXCUI2": start, "STYPE2": "CUI", "RELA": name, "SAB": "RXNORM"}
        for start, name, to in RELATIONS
    ]
    sat = [{"RXCUI": "404589", "ATN": "NDC", "SAB": "RXNORM", "ATV": "00078043815", "SUPPRESS": "N"}]
    archive = [{"RXCUI": "999777", "SAB": "RXNORM", "TTY": "SCD", "MERGED_TO_RXCUI": "403879"}]
    for name, rows in (("RXNCONSO", conso), ("RXNREL", rel), ("RXNSAT", sat), ("RXNATOMARCHIVE", archive)):
        columns = next(layout.columns for layout in read_code_layouts() if layout.kind == name)
        lines = ("|".join(row.get(column, "") for column in columns) + "|\n" for row in rows)
        (folder / f"{name}.RRF").write_text("".join(lines), "utf-8")
    return folder


RF2 = {
    "sct2_Description_Snapshot-en_INT_20240101.txt": (
        "id effectiveTime active moduleId conceptId languageCode typeId term caseSignificanceId",
        ('1 20240101 1 9 110004001 en 900000000000003001 ALL_"in"_remission 9',),
    ),
    "sct2_Relationship_Snapshot_INT_20240101.txt": (
        "id effectiveTime active moduleId sourceId destinationId relationshipGroup typeId"
        " characteristicTypeId modifierId",
        (
            "1 20240101 1 9 110004001 91857003 0 116680003 900000000000011006 9",
            "2 20240101 0 9 110005000 91857003 0 116680003 900000000000011006 9",
            "3 20240101 1 9 110005000 91857003 0 363698007 900000000000011006 9",
        ),
    ),
    "der2_cRefset_AssociationSnapshot_INT_20240101.txt": (
        "id effectiveTime active moduleId refsetId referencedComponentId targetComponentId",
        ("u 20240101 1 9 900000000000526001 110006004 91857003",),
    ),
}
ATHENA = {
    "CONCEPT.csv": (
        "concept_id concept_name domain_id vocabulary_id concept_class_id standard_concept concept_code"
        " valid_start_date valid_end_date invalid_reason",
        (
            "1304107 imatinib Drug RxNorm Ingredient S 282388 19700101 20991231 ",
            "1304108 imatinib_400_MG_Oral_Tablet Drug RxNorm Clinical_Drug S 403879 19700101 20991231 ",
        ),
    ),
    "CONCEPT_RELATIONSHIP.csv": (
        "concept_id_1 concept_id_2 relationship_id valid_start_date valid_end_date invalid_reason",
        ("45000001 1304108 Maps_to 19700101 20991231 ",),
    ),
    "CONCEPT_ANCESTOR.csv": (
        "ancestor_concept_id descendant_concept_id min_levels_of_separation max_levels_of_separation",
        ("1304107 1304108 2 2", "1304107 1304107 0 0"),
    ),
}


def write_tables(folder: Path, tables: dict[str, tuple[str, tuple[str, ...]]]) -> Path:
    """Write tab-separated files: a blank divides cells, `_` is a blank."""
    for name, (header, rows) in tables.items():
        lines = [header.replace(" ", "\t"), *(r.replace(" ", "\t").replace("_", " ") for r in rows)]
        (folder / name).write_text("\n".join(lines) + "\n", "utf-8")
    return folder
