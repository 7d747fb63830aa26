"""The layouts of files of code systems: their columns, and how a file is known by name and first lines."""

from __future__ import annotations

import re

from kg.errors import BadData
from kg.linking.readers.file_formats import FileFormat

#: columns of the headerless RRF files, from the RxNorm and UMLS documentation
RRF_COLUMNS = {
    "RXNCONSO": "RXCUI LAT TS LUI STT SUI ISPREF RXAUI SAUI SCUI SDUI SAB TTY CODE STR SRL SUPPRESS CVF",
    "MRCONSO": "CUI LAT TS LUI STT SUI ISPREF AUI SAUI SCUI SDUI SAB TTY CODE STR SRL SUPPRESS CVF",
    "RXNREL": "RXCUI1 RXAUI1 STYPE1 REL RXCUI2 RXAUI2 STYPE2 RELA RUI SRUI SAB SL DIR RG SUPPRESS CVF",
    "MRREL": "CUI1 AUI1 STYPE1 REL CUI2 AUI2 STYPE2 RELA RUI SRUI SAB SL RG DIR SUPPRESS CVF",
    "RXNSAT": "RXCUI LUI SUI RXAUI STYPE CODE ATUI SATUI ATN SAB ATV SUPPRESS CVF",
    "RXNCUI": "CUI1 VER_START VER_END CARDINALITY CUI2",
    "RXNATOMARCHIVE": "RXAUI AUI STR ARCHIVE_TIMESTAMP CREATED_TIMESTAMP UPDATED_TIMESTAMP CODE IS_BRAND LAT "
    "LAST_RELEASED SAUI VSAB RXCUI SAB TTY MERGED_TO_RXCUI",
}
#: kinds of files with a header: the columns that tell them, and those that are read
HEADERS = {
    "rf2 concept": "id effectiveTime active definitionStatusId",
    "rf2 description": "id effectiveTime active conceptId languageCode typeId term",
    "rf2 relationship": "id effectiveTime active sourceId destinationId typeId characteristicTypeId",
    "rf2 association": "id effectiveTime active refsetId referencedComponentId targetComponentId",
    "rf2 map": "id effectiveTime active referencedComponentId mapGroup mapPriority mapRule mapTarget",
    "athena concept": "concept_id concept_name vocabulary_id concept_class_id concept_code invalid_reason",
    "athena relationship": "concept_id_1 concept_id_2 relationship_id invalid_reason",
    "athena ancestor": "ancestor_concept_id descendant_concept_id min_levels_of_separation",
    "ndc product": "PRODUCTNDC PROPRIETARYNAME NONPROPRIETARYNAME DOSAGEFORMNAME SUBSTANCENAME "
    "ACTIVE_NUMERATOR_STRENGTH ACTIVE_INGRED_UNIT",
    "ndc package": "PRODUCTNDC NDCPACKAGECODE PACKAGEDESCRIPTION",
}
ORDER_LINE = re.compile(r"(?P<order>\d{5}) (?P<code>\S{3,7})\s+[01] (?P<short>.{60}) (?P<label>.+)")
CODE_LINE = re.compile(r"(?P<code>[A-Z]\d[0-9A-Z]{1,5})\s+(?P<label>\S.*)")


def detect_code_file(head: str, name: str) -> FileFormat | None:
    """Return the format of a file of a code system from its name and first lines, else None."""
    stem = re.split(r"[/\\]", name)[-1].upper().partition(".")[0]
    first = head.partition("\n")[0].rstrip("\r")
    if stem in RRF_COLUMNS or re.search(r"\.rrf\b", name, re.IGNORECASE):
        return FileFormat.RRF
    if re.match(r"(SCT2|DER2)_", stem):
        return FileFormat.RF2
    for kind, columns in HEADERS.items():
        if set(columns.split()) <= set(first.split("\t")):
            return FileFormat(kind.split()[0])
    if re.search(r"<ICD10CM\.tabular", head):
        return FileFormat.ICD10CM_XML
    lines = head.splitlines()[:20]
    if lines and all(ORDER_LINE.match(line) for line in lines[:-1] or lines):
        return FileFormat.ICD10CM
    return None


def find_rrf_columns(file_name: str) -> tuple[str, list[str]]:
    """Return the kind of an RRF file and its columns, which only its name tells; raises BadData."""
    stem = re.split(r"[/\\]", file_name)[-1].upper().partition(".")[0]
    if stem not in RRF_COLUMNS:
        raise BadData(
            f"{stem} is not one of the RRF files that are read.",
            location=file_name,
            hint=f"Known: {', '.join(RRF_COLUMNS)}; the name tells which columns the file has.",
        )
    return stem, RRF_COLUMNS[stem].split()


def find_header(file_name: str, first: str) -> tuple[str, list[str]]:
    """Return the kind of a file with a header, and its columns; raises BadData for a missing column."""
    names = first.split("\t")
    best = max(HEADERS, key=lambda kind: len(set(HEADERS[kind].split()) & set(names)))
    if missing := [name for name in HEADERS[best].split() if name not in names]:
        raise BadData(
            f"The file has no column {missing[0]!r}; its columns are {', '.join(names)[:300]}.",
            location=file_name,
            line=1,
            hint=f"As a file of kind {best} it needs {', '.join(HEADERS[best].split())}, separated by tabs.",
        )
    return best, names
