"""MONDO, ChEBI, HP, MAxO and DOID together beside the graph: time, memory, disk, times of questions.

Run: python benchmarks/import/beside.py [FOLDER]     FOLDER keeps the imports; else they are deleted
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from kg.model.import_registry import list_imports
from kg.questions.question_answers import load_library
from kg.settings import Settings
from sparqlhost.store.interface import Store
from sparqlhost.store.staging import open_readonly

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "ontologies"
FILES = {
    "mondo": "ontologies/mondo.nt.gz",
    "chebi": "large/chebi.nt.gz",
    "hp": "ontologies/hp-2025-01-16.obo.gz",
    "maxo": "ontologies/maxo-2024-07-29.obo.gz",
    "doid": "ontologies/doid.nt.gz",
}
ASKED: dict[str, dict[str, list[str]]] = {
    "opioids-outside": {},
    "ancestors-outside": {"condition": ["TCellALL"]},
    "siblings-outside": {"intervention": ["Imatinib"]},
}
BELOW = """
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#> PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
SELECT DISTINCT ?ours ?term WHERE {
  GRAPH <https://w3id.org/rrall-kg/graph/import/mondo> {
    ?term rdfs:subClassOf+ <http://purl.obolibrary.org/obo/MONDO_0005402> }
  GRAPH <https://w3id.org/rrall-kg/graph/mappings> { ?ours ?match ?term }
}"""
ROUNDS = 9


def bring(name: str, path: Path, settings: Settings) -> None:
    """Import one file in a process of its own and print what it took."""
    env = os.environ | {"KG_IMPORTS_DIR": str(settings.imports_dir), "KG_BUILD_DIR": str(settings.build_dir)}
    command = [str(Path(sys.executable).with_name("kg")), "import", str(path), "--id", name, "--lenient"]
    began = time.monotonic()
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)} failed")
    seconds, cpu = time.monotonic() - began, usage.ru_utime + usage.ru_stime
    print(
        f"import {name:8} {seconds:8.1f} s {cpu:8.1f} cpu s {usage.ru_maxrss / 1024:8,.0f} MB peak",
        flush=True,
    )


def ask(store: Store) -> None:
    """Time the questions that use the outside hierarchies, and a join of whole imports with our graph."""
    questions = load_library(ROOT)
    for name, values in ASKED.items():
        measure_question(
            "ask " + name, lambda name=name, values=values: len(questions.ask(store, name, values).rows)
        )
    measure_question("entities below lymphoid leukemia", lambda: len(store.select(BELOW)))


def measure_question(what: str, run: Callable[[], int]) -> None:
    """Print the median of some runs and the rows of the last."""
    times: list[float] = []
    rows = 0
    for _ in range(ROUNDS):
        began = time.perf_counter()
        rows = run()
        times.append(time.perf_counter() - began)
    print(f"{what:34} {statistics.median(times) * 1000:8.1f} ms, {rows} rows", flush=True)


def measure(folder: Path) -> None:
    settings = replace(Settings(), imports_dir=folder)
    for name, path in FILES.items():
        bring(name, SHARED / path, settings)
    place = settings.locate_import_store()
    size = sum(file.stat().st_size for file in place.rglob("*") if file.is_file())
    began = time.monotonic()
    with open_readonly(place) as store:
        triples = sum(imported.triples for imported in list_imports(store))
        graphs = len(store.graph_names())
        opened = time.monotonic() - began
        print(
            f"{triples:,} imported triples, {graphs} graphs, {size / 1e6:,.0f} MB, opened in {opened:.2f} s"
        )
        ask(store)


def main() -> None:
    if not all((SHARED / path).exists() for path in FILES.values()):
        sys.exit("skipped: the ontologies are not beside the project")
    if len(sys.argv) > 1:
        measure(Path(sys.argv[1]))
        return
    with tempfile.TemporaryDirectory(prefix="kg-bench-") as folder:
        measure(Path(folder))


if __name__ == "__main__":
    main()
