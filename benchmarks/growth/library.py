"""Makes a library of N documents: `python -m benchmarks.growth.library FOLDER 10 [--own-concepts]`.

The first document is copied under other names, its claims with it, so every copy passes `kg check`. Copies
speak of the same concepts, or with `--own-concepts` of copied ones too. FOLDER is a project for KG_ROOT.
"""

from __future__ import annotations

import argparse
import re
import shutil
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
FIRST = "rrall-2014"
#: what a document owns: its claims, sentences, decisions and relations between sentences.
OWNED = re.compile(r"\b(claim|sent|decision|rel):(?=[A-Z])")
#: concepts, which copies share or own.
CONCEPTS = re.compile(r"\b(int|sit|feat|goal|prob|dis|site):(?=\w)")
SEGMENT = re.compile(r"^(?=S\d)", re.MULTILINE)
GOVERNOR = re.compile(r"\t(?=S\d+$)", re.MULTILINE)


def make_library(folder: Path, documents: int, own_concepts: bool = False) -> Path:
    """Write a project of `documents` documents into `folder` and return it."""
    for name in ("ontology", "queries", "data"):
        shutil.copytree(ROOT / name, folder / name, dirs_exist_ok=True)
    for number in range(2, documents + 1):
        copy_document(folder / "data", f"copy{number}", own_concepts)
    return folder


def copy_document(data: Path, copy: str, own_concepts: bool) -> None:
    """Write the first document and its claims once more, everything it owns under the name `copy`."""

    def rename(text: str) -> str:
        text = OWNED.sub(rf"\1:{copy}-", text.replace(FIRST, copy))
        text = re.sub(r'skos:notation "([AX]\d+)"', rf'skos:notation "{copy}-\1"', text)
        text = re.sub(r'(rdfs:label "[AX]\d+): ', rf"\1 of {copy}: ", text)
        text = re.sub(r'((?:rdfs|skos):(?:label|prefLabel) "Patient text)', rf"\1 ({copy})", text)
        return CONCEPTS.sub(rf"\1:{copy}-", text) if own_concepts else text

    sources = data / "sources"
    for file in sorted((sources / FIRST).iterdir()):
        text = rename(file.read_text("utf-8"))
        if file.suffix == ".tsv":
            text = GOVERNOR.sub(f"\t{copy}-", SEGMENT.sub(f"{copy}-", text))
        target = sources / copy / file.name
        target.parent.mkdir(exist_ok=True)
        target.write_text(text, "utf-8")
    if own_concepts:
        copy_concepts(data, rename)
        copy_background(data, rename)
    for file in sorted((data / "claims").glob("[0-9]*.ttl")):
        (data / "claims" / f"{copy}-{file.name}").write_text(rename(file.read_text("utf-8")), "utf-8")


def copy_concepts(data: Path, rename: Callable[[str], str]) -> None:
    """Write the concepts once more, and that the copies have no counterpart outside."""
    for name in ("diseases", "features", "goals", "interventions", "problems", "situations"):
        text = rename((data / "concepts" / f"{name}.ttl").read_text("utf-8"))
        copy = rename("int:X").removeprefix("int:").removesuffix("-X")
        text = re.sub(r'((?:prefLabel|altLabel) ")', rf"\1{copy} ", text)
        text = re.sub(r'"(?:@en)?, "', rf"\g<0>{copy} ", text)
        (data / "concepts" / f"{copy}-{name}.ttl").write_text(text, "utf-8")
        with (data / "mappings" / "unmapped.tsv").open("a", encoding="utf-8") as rows:
            for entity in sorted(set(re.findall(rf"^\w+:{copy}-\w+", text, re.MULTILINE))):
                rows.write(f"{entity}\tA copy made by a benchmark.\n")


def copy_background(data: Path, rename: Callable[[str], str]) -> None:
    """Append the background of the copied concepts to the first."""
    copy = rename("int:X").removeprefix("int:").removesuffix("-X")
    first = (ROOT / "data" / "background.ttl").read_text("utf-8")
    with (data / "background.ttl").open("a", encoding="utf-8") as background:
        background.write(rename(first).replace("kg:background-", f"kg:{copy}-background-"))


def main() -> None:
    """Make a library in a folder."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("documents", type=int)
    parser.add_argument("--own-concepts", action="store_true")
    arguments = parser.parse_args()
    make_library(arguments.folder, arguments.documents, arguments.own_concepts)


if __name__ == "__main__":
    main()
