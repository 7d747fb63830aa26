"""Files of code systems as published: RxNorm and UMLS RRF, SNOMED CT RF2, OMOP Athena, NDC, ICD-10-CM.

A row becomes labels and relations of `data/mappings/code_relations.tsv`; rows that are inactive, suppressed
or of another kind are left out. Rows are read one by one: a file of any size takes the memory of a block.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from xml.etree import ElementTree

from kg.errors import BadData
from kg.linking.readers.code_layouts import (
    CODE_LINE,
    ORDER_LINE,
    detect_code_file,
    find_header,
    find_rrf_columns,
)
from kg.linking.readers.file_formats import FileFormat
from kg.linking.readers.ntriples_lines import (
    RDF_TYPE,
    XSD_BOOLEAN,
    format_iri,
    format_literal,
    write_ingredients,
)
from kg.linking.readers.source_reading import ReadProblem, SourceReading
from kg.model.code_links import CodeRelation
from kg.model.product_names import split_parts
from kg.namespaces import OBO, OBOINOWL, OWL, RDFS

_LABEL, _SYNONYM = str(RDFS["label"]), str(OBOINOWL["hasExactSynonym"])
_IS_A, _SAME = str(RDFS["subClassOf"]), str(OBOINOWL["hasDbXref"])
_REPLACED, _DEPRECATED = str(OBO["IAO_0100001"]), str(OWL["deprecated"])
_MAPPED = "<http://www.w3.org/2004/02/skos/core#mappingRelation>"
_ROWS_PER_BLOCK = 5_000

#: types of RxNorm names that are the name of a concept; the others are synonyms
_RXNORM_NAMES = frozenset("IN PIN MIN BN SCD SBD SCDC SBDC SCDF SBDF SCDG SBDG GPCK BPCK DF DFG".split())
_FSN, _RF2_SYNONYM, _INFERRED = "900000000000003001", "900000000000013009", "900000000000011006"
_RELEASE_DATE = re.compile(r"_(\d{8})\.txt$")
_READ_ORDER = ("CONSO", "CONCEPT.", "CONCEPT_", "DESCRIPTION", "PRODUCT")

Cells = Mapping[str, str]


@dataclass(slots=True)
class ReleaseFacts:
    """What one file of a release tells the others: known concepts, OMOP ingredients, the release's date."""

    concepts: set[str] = field(default_factory=set)
    ingredients: set[str] = field(default_factory=set)
    date: str = ""


@dataclass(frozen=True, slots=True)
class CodeFileReader:
    """Reads the files of one import; `expand` returns the IRI of a CURIE, or ""."""

    expand: Callable[[str], str]
    relations: Mapping[str, CodeRelation]
    facts: ReleaseFacts = field(default_factory=ReleaseFacts)

    def read(self, reading: SourceReading, form: FileFormat) -> Iterator[bytes]:
        """Yield the content of a file, or of each known file of a folder, as blocks of N-Triples."""
        if form is FileFormat.RELEASE:
            yield from self._read_folder(reading)
            return
        lines = self._read_xml(reading) if form is FileFormat.ICD10CM_XML else self._read_lines(reading, form)
        while block := list(islice(lines, _ROWS_PER_BLOCK)):
            yield "".join(block).encode()

    def _read_folder(self, folder: SourceReading) -> Iterator[bytes]:
        """Yield the files of a release, those that name the concepts first; raises BadData for a mixture."""
        dates: dict[str, str] = {}
        for path, form in _list_release_files(folder):
            reading = SourceReading(path, str(path), folder.options, folder.problems, folder.facts)
            reading.on_bytes_read = folder.on_bytes_read
            if (date := _RELEASE_DATE.search(path.name)) and dates and date[1] not in dates:
                known, name = next(iter(dates.items()))
                raise BadData(
                    f"This file is of the release {date[1]}, {name} of {known}.",
                    location=str(path),
                    hint="Import one release at a time.",
                )
            if date:
                dates.setdefault(date[1], path.name)
            yield from self.read(reading, form)
        folder.note_fact("version", next(iter(dates), ""))

    def _read_lines(self, reading: SourceReading, form: FileFormat) -> Iterator[str]:
        """Yield the N-Triples of each row of a text file."""
        encoding = "latin-1" if form is FileFormat.NDC else "utf-8"
        with reading.open_stream() as stream:
            rows = self._split_rows(reading, form, encoding, iter(stream))
            kind = ""
            for number, cells in rows:
                if not kind:
                    kind = cells["kind"]
                    write = getattr(self, f"_write_{kind.replace(' ', '_').lower()}")
                    continue
                try:
                    yield from write(cells)
                except ValueError as error:
                    reading.skip_or_raise(ReadProblem(number, 1, str(error)))

    def _split_rows(
        self, reading: SourceReading, form: FileFormat, encoding: str, lines: Iterator[bytes]
    ) -> Iterator[tuple[int, Cells]]:
        """Yield (0, {kind}) and then line number and cells of each row; raises BadData for a broken one."""
        if form is FileFormat.ICD10CM:
            yield 0, {"kind": "icd"}
            for number, raw in enumerate(lines, 1):
                yield number, {"line": _decode(raw, encoding, reading, number)}
            return
        divider = "|" if form is FileFormat.RRF else "\t"
        if form is FileFormat.RRF:
            kind, columns, first = *find_rrf_columns(reading.name), 1
        else:
            kind, columns = find_header(reading.name, _decode(next(lines, b""), encoding, reading, 1))
            first = 2
        yield 0, {"kind": kind}
        width = len(columns)
        for number, raw in enumerate(lines, first):
            cells = _decode(raw, encoding, reading, number).split(divider)
            if form is FileFormat.RRF and cells[-1] == "" and len(cells) == width + 1:
                cells.pop()
            if len(cells) != width:
                reading.skip_or_raise(ReadProblem(number, 1, _explain_width(cells, columns, divider, raw)))
                continue
            row = dict(zip(columns, cells, strict=True))
            if problem := self._find_release_problem(reading, row):
                reading.skip_or_raise(ReadProblem(number, 1, problem))
                continue
            yield number, row

    def _find_release_problem(self, reading: SourceReading, row: Cells) -> str:
        """Return why a row cannot be of the release that the file's name states, "" for a good row."""
        date = _RELEASE_DATE.search(reading.name)
        if date and row.get("effectiveTime", "") > date[1]:
            return (
                f"The row is of {row['effectiveTime']}, after the release {date[1]} that the file's name "
                "states; rows of another release were mixed in."
            )
        return ""

    # -- RRF: RXCUI2 RELA RXCUI1 is read from 2 to 1

    def _write_rxnconso(self, row: Cells) -> Iterator[str]:
        self.facts.concepts.add(row["RXCUI"])
        if row["SAB"] == "RXNORM" and row["SUPPRESS"] in ("N", ""):
            is_name = row["TTY"] in _RXNORM_NAMES
            yield from self._name("rxnorm", row["RXCUI"], row["STR"], _LABEL if is_name else _SYNONYM)

    def _write_mrconso(self, row: Cells) -> Iterator[str]:
        if row["LAT"] == "ENG" and row["SUPPRESS"] in ("N", ""):
            preferred = (row["TS"], row["STT"], row["ISPREF"]) == ("P", "PF", "Y")
            yield from self._name("umls", row["CUI"], row["STR"], _LABEL if preferred else _SYNONYM)
            if (code := self.expand(f"{row['SAB']}:{row['CODE']}")) and row["SAB"] != "UMLS":
                yield f"{format_iri(code)} {_SAME} {self._term('umls', row['CUI'])} .\n"

    def _write_rxnrel(self, row: Cells) -> Iterator[str]:
        if row["SAB"] == "RXNORM" and row["STYPE1"] == row["STYPE2"] == "CUI":
            yield from self._relate("rxnorm", row["RXCUI2"], row["RELA"], row["RXCUI1"], row["SUPPRESS"])

    def _write_mrrel(self, row: Cells) -> Iterator[str]:
        yield from self._relate("umls", row["CUI2"], row["RELA"], row["CUI1"], row["SUPPRESS"])

    def _relate(self, prefix: str, start: str, name: str, target: str, suppress: str) -> Iterator[str]:
        """Yield a relation that RxNorm names, or `isa` of another vocabulary."""
        known = self.facts.concepts
        if prefix == "rxnorm" and known and not {start, target} <= known:
            missing = start if start not in known else target
            raise ValueError(
                f"RXCUI {missing} is not in RXNCONSO: the files are of two releases, or cut short."
            )
        relation = self.expand("rxnorm:1")[:-1] + name
        if suppress in ("N", "") and relation in self.relations:
            yield f"{self._term(prefix, start)} <{relation}> {self._term(prefix, target)} .\n"
        elif prefix == "umls" and name == "isa" and start != target:
            yield f"{self._term(prefix, start)} {_IS_A} {self._term(prefix, target)} .\n"

    def _write_rxnsat(self, row: Cells) -> Iterator[str]:
        if (
            row["ATN"] == "NDC"
            and row["SUPPRESS"] in ("N", "")
            and (code := self.expand(f"ndc:{row['ATV']}"))
        ):
            if self.facts.concepts and row["RXCUI"] not in self.facts.concepts:
                raise ValueError(f"RXCUI {row['RXCUI']} is not in RXNCONSO: the files are of two releases.")
            relation = format_iri(self.expand("rxnorm:1")[:-1] + "NDC")
            yield f"{format_iri(code)} {relation} {self._term('rxnorm', row['RXCUI'])} .\n"

    def _write_rxncui(self, row: Cells) -> Iterator[str]:
        yield from self._replace("rxnorm", row["CUI1"], row["CUI2"] if row["CARDINALITY"] == "1" else "")

    def _write_rxnatomarchive(self, row: Cells) -> Iterator[str]:
        if row["SAB"] == "RXNORM":
            yield from self._replace("rxnorm", row["RXCUI"], row["MERGED_TO_RXCUI"])

    # -- RF2

    def _write_rf2_concept(self, row: Cells) -> Iterator[str]:
        if row["active"] == "0":
            yield f'{self._term("snomedct", row["id"])} {_DEPRECATED} "true"^^{XSD_BOOLEAN} .\n'

    def _write_rf2_description(self, row: Cells) -> Iterator[str]:
        if row["active"] == "1" and row["typeId"] in (_FSN, _RF2_SYNONYM):
            kind = _LABEL if row["typeId"] == _FSN else _SYNONYM
            yield from self._name("snomedct", row["conceptId"], row["term"], kind)

    def _write_rf2_relationship(self, row: Cells) -> Iterator[str]:
        relation = next((r.iri for r in self.relations.values() if r.snomedct == row["typeId"]), "")
        if row["active"] == "1" and row["characteristicTypeId"] == _INFERRED and relation:
            start, target = (self._term("snomedct", row[name]) for name in ("sourceId", "destinationId"))
            yield f"{start} <{relation}> {target} .\n"

    def _write_rf2_association(self, row: Cells) -> Iterator[str]:
        is_successor = any(row["refsetId"] in r.snomedct.split() for r in self.relations.values())
        if row["active"] == "1" and is_successor:
            yield from self._replace("snomedct", row["referencedComponentId"], row["targetComponentId"])

    def _write_rf2_map(self, row: Cells) -> Iterator[str]:
        is_first = (row["mapGroup"], row["mapPriority"]) == ("1", "1")
        if row["active"] == "1" and is_first and (code := self.expand(f"icd10cm:{row['mapTarget']}")):
            yield f"{self._term('snomedct', row['referencedComponentId'])} {_MAPPED} {format_iri(code)} .\n"

    # -- OMOP

    def _write_athena_concept(self, row: Cells) -> Iterator[str]:
        ident = row["concept_id"]
        if row["concept_class_id"] == "Ingredient":
            self.facts.ingredients.add(ident)
        yield from self._name("omop", ident, row["concept_name"], _LABEL)
        if row["invalid_reason"]:
            yield f'{self._term("omop", ident)} {_DEPRECATED} "true"^^{XSD_BOOLEAN} .\n'
        if code := self.expand(f"{row['vocabulary_id']}:{row['concept_code']}"):
            yield f"{self._term('omop', ident)} {_SAME} {format_iri(code)} .\n"

    def _write_athena_relationship(self, row: Cells) -> Iterator[str]:
        relation = next((r.iri for r in self.relations.values() if r.omop == row["relationship_id"]), "")
        if relation and not row["invalid_reason"] and row["concept_id_1"] != row["concept_id_2"]:
            start, target = (self._term("omop", row[name]) for name in ("concept_id_1", "concept_id_2"))
            yield f"{start} <{relation}> {target} .\n"

    def _write_athena_ancestor(self, row: Cells) -> Iterator[str]:
        below, above = row["descendant_concept_id"], row["ancestor_concept_id"]
        if above in self.facts.ingredients and below != above:
            relation = format_iri(self.expand("rxnorm:1")[:-1] + "has_ingredient")
            yield f"{self._term('omop', below)} {relation} {self._term('omop', above)} .\n"
        elif row["min_levels_of_separation"] == "1":
            yield f"{self._term('omop', below)} {_IS_A} {self._term('omop', above)} .\n"

    # -- NDC, ICD-10-CM

    def _write_ndc_product(self, row: Cells) -> Iterator[str]:
        details = [row[name] for name in ("NONPROPRIETARYNAME", "DOSAGEFORMNAME")]
        strength = f"{row['ACTIVE_NUMERATOR_STRENGTH']} {row['ACTIVE_INGRED_UNIT']}".strip()
        label = f"{row['PROPRIETARYNAME']} ({', '.join(filter(None, (*details, strength)))})"
        yield from self._name("ndc", row["PRODUCTNDC"], label, _LABEL)
        parts = (
            row["SUBSTANCENAME"].split("; ")
            if row["SUBSTANCENAME"]
            else split_parts(row["NONPROPRIETARYNAME"])
        )
        yield from write_ingredients(self._term("ndc", row["PRODUCTNDC"]), parts, self.expand)

    def _write_ndc_package(self, row: Cells) -> Iterator[str]:
        yield from self._name("ndc", row["NDCPACKAGECODE"], row["PACKAGEDESCRIPTION"], _LABEL)

    def _write_icd(self, row: Cells) -> Iterator[str]:
        line = row["line"]
        if found := ORDER_LINE.match(line) or CODE_LINE.match(line):
            yield from self._name("icd10cm", found["code"], found["label"], _LABEL)
        elif line.strip():
            raise ValueError("Not a line of an order file (number, code, flag, names) or of code and name.")

    def _read_xml(self, reading: SourceReading) -> Iterator[str]:
        """Yield the codes of the tabular list in XML."""
        with reading.open_stream() as stream:
            try:
                for _, element in ElementTree.iterparse(stream):  # noqa: S314 - expat bounds the expansion of entities
                    if element.tag == "diag":
                        code, label = element.findtext("name", ""), element.findtext("desc", "")
                        yield from self._name("icd10cm", code, label, _LABEL)
                        for child in element.findall("diag"):
                            element.remove(child)
            except ElementTree.ParseError as error:
                line, column = error.position
                reading.skip_or_raise(
                    ReadProblem(line, column + 1, f"Not XML: {error.msg}."), skippable=False
                )

    # -- lines

    def _term(self, prefix: str, code: str) -> str:
        """Return `<IRI>` of a code; raises ValueError for what is not a code of its vocabulary."""
        if iri := self.expand(f"{prefix}:{code}"):
            return format_iri(iri)
        raise ValueError(f"{code!r} is not a code of {prefix}.")

    def _name(self, prefix: str, code: str, name: str, predicate: str) -> Iterator[str]:
        subject = self._term(prefix, code)
        yield f"{subject} {RDF_TYPE} {OWL['Class']} .\n{subject} {predicate} {format_literal(name)} .\n"

    def _replace(self, prefix: str, old: str, new: str) -> Iterator[str]:
        if old and new and old != new:
            subject = self._term(prefix, old)
            yield f'{subject} {_DEPRECATED} "true"^^{XSD_BOOLEAN} .\n'
            yield f"{subject} {_REPLACED} {self._term(prefix, new)} .\n"


def _list_release_files(folder: SourceReading) -> list[tuple[Path, FileFormat]]:
    """Return the known files of a folder, those that name concepts first; raises BadData for none."""
    files = []
    for path in sorted(folder.path.rglob("*")):
        if path.is_file() and path.stat().st_size:
            with SourceReading(path, str(path)).open_stream(silent=True) as stream:
                form = detect_code_file(stream.read(1 << 14).decode("utf-8", "replace"), path.name)
            if form:
                files.append((path, form))
    if not files:
        raise BadData(
            "The folder has no file of RxNorm, UMLS, SNOMED CT, OMOP, NDC or ICD-10-CM.",
            location=folder.name,
            hint="Name the folder in which the .RRF, RF2 .txt or Athena .csv files are.",
        )

    def rank(item: tuple[Path, FileFormat]) -> tuple[int, str]:
        name = item[0].name.upper()
        return next((n for n, word in enumerate(_READ_ORDER) if word in name), len(_READ_ORDER)), name

    return sorted(files, key=rank)


def _decode(raw: bytes, encoding: str, reading: SourceReading, number: int) -> str:
    """Return a line as text; raises BadData, with the column, for one that is not in the encoding."""
    try:
        return raw.decode(encoding).rstrip("\r\n")
    except UnicodeDecodeError as error:
        problem = f"The line is not UTF-8 (byte 0x{raw[error.start]:02X}); it seems to be Latin-1."
        raise BadData(
            problem,
            location=reading.name,
            line=number,
            column=error.start + 1,
            hint="Convert it, as with iconv -f LATIN1 -t UTF-8, then import again.",
        ) from error


def _explain_width(cells: list[str], columns: list[str], divider: str, raw: bytes) -> str:
    """Return the sentence for a row with another number of fields than the file has columns."""
    name = {"|": "|", "\t": "tabs"}[divider]
    other = next(
        (n for d, n in (("\t", "tabs"), ("|", "|"), (",", "commas")) if d != divider and d.encode() in raw),
        "",
    )
    reason = "the file was cut short" if not raw.endswith(b"\n") else "fields are missing or too many"
    if len(cells) == 1 and other:
        reason = f"they are separated by {other}"
    return f"The row has {len(cells)} fields separated by {name} instead of {len(columns)}: {reason}."
