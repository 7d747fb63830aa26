"""Small ontologies and code tables to import, made of the project's own mapping rows and of invented terms.

A term with a real identifier is one that a row of data/mappings names, with the label that the row gives and
with cross-references to what the same entity is exactly matched to elsewhere. Everything else (identifiers
from 9999900 on, definitions, groups) was invented here. So linking is tested where no ontology is at hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from kg.linking.importing import ImportRequest, import_file
from kg.linking.readers.source_reading import ReadOptions
from kg.mapping_files import read_mappings
from kg.model.mapping_sets import MappingCollection
from kg.settings import Settings

#: invented; no row judges it. Its name is near to several entities.
UNJUDGED = "MONDO:9999901"
#: invented: the root, the parent of ALL, an obsolete term
MONDO_ROOT, MONDO_PARENT, MONDO_OBSOLETE = "MONDO:9999900", "MONDO:9999902", "MONDO:9999903"
PARENT_LABEL = "leukemia of the tests"

_PREFIX_OF_FILE = {"mondo": "MONDO", "hp": "HP", "maxo": "MAXO", "doid": "DOID", "pharmgkb": "pharmgkb.drug"}
_ALL = "MONDO:0004967"
#: lines that a term has beside those of its rows
_FURTHER_LINES = {"pharmgkb.drug:PA166129524": ('synonym: "Blincyto" EXACT []',)}
_MONDO_TERMS = f"""
[Term]
id: {MONDO_ROOT}
name: disease

[Term]
id: {MONDO_PARENT}
name: {PARENT_LABEL}
is_a: {MONDO_ROOT}

[Term]
id: {UNJUDGED}
name: acute lymphoblastic leukemia, on rainy days
def: "Invented for the tests." []
is_a: {_ALL}

[Term]
id: {MONDO_OBSOLETE}
name: obsolete acute lymphoblastic leukemia
synonym: "acute lymphoblastic leukemia" EXACT []
is_obsolete: true
replaced_by: {_ALL}
"""
_PARENTS = {
    _ALL: MONDO_PARENT,
    "MONDO:0004963": _ALL,
    "MONDO:0020511": _ALL,
    "MONDO:0020512": _ALL,
    "MONDO:0003541": _ALL,
}
#: groups are named by the code alone; the last two codes are invented
_ATC_TERMS = {"N02AA": "opioids of one kind", "L01EA98": "umbrellanib", "L01EA99": "galoshnib"}

UNII = ReadOptions(columns=(("id", "UNII"), ("label", "Display Name"), ("synonym", "Name")), prefix="unii")
ATC = ReadOptions(columns=(("id", "atc_code"), ("label", "atc_name")), prefix="atc")


def list_labels(mappings: MappingCollection, prefix: str) -> dict[str, str]:
    """Return identifier -> label of the terms of a vocabulary that accepted or rejected rows name."""
    rows = [row for verdict in ("rejected", "accepted") for row in mappings.rows(verdict)]
    return {
        row.object_id: row.object_label
        for row in sorted(rows, key=lambda row: row.object_id)
        if row.object_id.startswith(f"{prefix}:") and row.object_label
    }


def list_xrefs(mappings: MappingCollection) -> dict[str, tuple[str, ...]]:
    """Return object -> the other objects that are exact matches of the same entity."""
    exact: dict[str, list[str]] = {}
    for row in mappings.rows():
        if row.predicate_id == "skos:exactMatch":
            exact.setdefault(row.subject_id, []).append(row.object_id)
    return {one: tuple(o for o in group if o != one) for group in exact.values() for one in group}


def format_obo(
    name: str, labels: Mapping[str, str], xrefs: Mapping[str, Iterable[str]], end: str = ""
) -> str:
    """Return an ontology in OBO with these terms, then the lines `end`."""
    lines = ["format-version: 1.2", "data-version: 1.0", f"ontology: {name}"]
    for identifier, label in labels.items():
        lines += ["", "[Term]", f"id: {identifier}", f"name: {label}", 'def: "Named for the tests." []']
        lines += _FURTHER_LINES.get(identifier, ())
        lines += [f"xref: {other}" for other in xrefs.get(identifier, ()) if " " not in other]
        if parent := _PARENTS.get(identifier):
            lines.append(f"is_a: {parent}")
    return "\n".join(lines) + "\n" + end


def write_samples(root: Path, folder: Path) -> dict[str, Path]:
    """Write the samples into a folder; return name -> file."""
    mappings = read_mappings(root)
    xrefs = list_xrefs(mappings)
    files = {}
    for name, prefix in _PREFIX_OF_FILE.items():
        end = _MONDO_TERMS if name == "mondo" else ""
        files[name] = folder / f"{name}.obo"
        files[name].write_text(format_obo(name, list_labels(mappings, prefix), xrefs, end), "utf-8")
    unii = [
        f"{label}\tcn\t{o.partition(':')[2]}\t{label}" for o, label in list_labels(mappings, "unii").items()
    ]
    unii.append("Blincyto\tbn\t4FR53SIF3A\tBLINATUMOMAB")
    files["unii"] = folder / "unii.tsv"
    files["unii"].write_text("\n".join(["Name\tTYPE\tUNII\tDisplay Name", *unii]) + "\n", "utf-8")
    codes = {o.partition(":")[2]: label for o, label in list_labels(mappings, "atc").items()} | _ATC_TERMS
    atc = [f'{code},"{label}"' for code, label in sorted(codes.items())]
    files["atc"] = folder / "atc.csv"
    files["atc"].write_text("\n".join(["atc_code,atc_name", *atc]) + "\n", "utf-8")
    return files


def import_sample(name: str, path: Path, settings: Settings) -> None:
    """Import a sample under its name."""
    options = {"unii": UNII, "atc": ATC}.get(name, ReadOptions())
    import_file(
        path, ImportRequest(path.name, name, options=options), settings.locate_import_store(), settings
    )
