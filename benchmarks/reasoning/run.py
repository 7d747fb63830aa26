"""The reasoning benchmark: all rows side by side in one run; `python -m benchmarks.reasoning.run [ROW...]`.

Rows: own maxo mondo compare engines over one file of N-Triples and the sets of triples that come out; rules
counts the cases of tests/rlreason/cases that each engine gets right; chebi all cases proofs are ours. A job
is a process of its own, so its peak memory is its own. The big files stand beside the project
(../shared/ontologies); a row without its file, an engine that is not installed and one that takes longer than
MAX_SECONDS are left out with a word. Writes benchmarks/reasoning/results.json as it goes.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyoxigraph as ox

from benchmarks.reasoning.jobs import ENGINES
from kg.linking.readers.format_dispatch import read_triples_of_files
from kg.settings import PROJECT_ROOT
from rlreason.vocabulary import OWL, RDF, RDFS, XSD

SHARED = PROJECT_ROOT.parent / "shared" / "ontologies"
MAXO = SHARED / "ontologies" / "maxo-base.owl.gz"
CHEBI = SHARED / "large" / "chebi.nt.gz"
MONDO = SHARED / "ontologies" / "mondo.nt.gz"
MANY = (MONDO, CHEBI, SHARED / "ontologies" / "hp-2025-01-16.obo.gz", MAXO)
#: longest run of one job
MAX_SECONDS = 600
BUILT_IN = tuple(f"<{namespace}" for namespace in (OWL, RDF, RDFS, XSD))
RESULTS = Path(__file__).parent / "results.json"


def job(name: str, *arguments: Path | str) -> dict[str, Any]:
    """Run a job and return what it measured, or why it did not."""
    command = [sys.executable, "-m", "benchmarks.reasoning.jobs", name, *map(str, arguments)]
    try:
        done = subprocess.run(
            command, cwd=PROJECT_ROOT, capture_output=True, text=True, check=False, timeout=MAX_SECONDS
        )
    except subprocess.TimeoutExpired:
        return {"left_out": f"longer than {MAX_SECONDS} s"}
    if done.returncode:
        return {"left_out": done.stderr.strip().rpartition("\n")[2] or f"ended with {done.returncode}"}
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def compare_engines(path: Path, folder: Path) -> dict[str, Any]:
    """Close one file with every engine; return what each measured, and how its triples differ from ours."""
    given = folder / "given.nt"
    with given.open("wb") as stream:
        ox.serialize(read_triples_of_files([path]), stream, format=ox.RdfFormat.N_TRIPLES)
    results: dict[str, Any] = {"given": given.read_bytes().count(b"\n")}
    ours: set[str] = set()
    for engine in ENGINES:
        output = folder / f"{engine}.nt"
        results[engine] = found = job("compare", given, output, engine)
        if "left_out" not in found:
            closed = set(output.read_text("utf-8").splitlines())
            ours = closed if engine == "rlreason" else ours
            found["only_ours"], found["only_theirs"] = (
                dict(Counter(map(classify, lines)).most_common()) for lines in (ours - closed, closed - ours)
            )
    return results


def classify(line: str) -> str:
    """Return what kind of triple a line of N-Triples is, for the reason why two closures differ."""
    subject, predicate, rest = line.split(" ", 2)
    obj = rest.removesuffix(" .")
    name = re.split(r"[#/]", predicate)[-1].rstrip(">")
    if subject == obj:
        return f"x {name} x"
    if obj == str(OWL["Thing"]):
        return f"x {name} owl:Thing"
    if obj == str(OWL["Nothing"]) or subject == str(OWL["Nothing"]):
        return "of owl:Nothing"
    if subject.startswith(BUILT_IN):
        return "of built-in terms"
    if name == "type" and obj.startswith(BUILT_IN):
        return f"x type {re.split('[#/]', obj)[-1].rstrip('>')}"
    return name if predicate.startswith(BUILT_IN) else "facts"


def write_own_graph(folder: Path) -> tuple[Path, Path]:
    """Write the reasoner's input of this project's graph, and its mappings; return the two files."""
    own, mappings = folder / "own.nt", folder / "mappings.nt"
    found = job("own_graph", "-", own, mappings)
    if "left_out" in found:
        sys.exit(f"This project's own graph cannot be read: {found['left_out']}")
    return own, mappings


def list_rows(folder: Path) -> dict[str, tuple[Callable[[], dict[str, Any]], tuple[Path, ...]]]:
    """Return row -> what measures it, and the files it needs."""
    own, mappings = write_own_graph(folder)
    return {
        "own": (lambda: compare_engines(own, folder), ()),
        "maxo": (lambda: compare_engines(MAXO, folder), (MAXO,)),
        "mondo": (lambda: compare_engines(MONDO, folder), (MONDO,)),
        "rules": (lambda: {engine: job("rule_cases", engine) for engine in ENGINES}, ()),
        "proofs": (lambda: {"proofs": job("proofs")}, ()),
        "cases": (lambda: {"cases": job("cases")}, ()),
        "chebi": (lambda: {"ours": job("ours", CHEBI)}, (CHEBI,)),
        "all": (lambda: {"beside_mappings": job("beside_mappings", *MANY, own, mappings)}, MANY),
    }


def main() -> None:
    """Run the rows asked for, or all, and print the table."""
    results: dict[str, Any] = json.loads(RESULTS.read_text()) if RESULTS.exists() and sys.argv[1:] else {}
    with tempfile.TemporaryDirectory() as name:
        for row, (measure, files) in list_rows(Path(name)).items():
            if sys.argv[1:] and row not in sys.argv[1:]:
                continue
            absent = [str(file) for file in files if not file.exists()]
            if absent:
                print(f"{row}: left out, {absent[0]} is absent")
                continue
            results[row] = {"load_average": round(os.getloadavg()[0], 1), **measure()}
            print(row, json.dumps(results[row]), flush=True)
            RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    print(table(results))


def table(results: dict[str, Any]) -> str:
    """Return the results as text."""
    lines = []
    for row, found in results.items():
        for engine, one in found.items():
            if isinstance(one, dict):
                lines.append(f"{row:8} {engine:12} {_describe(one)}")
    return "\n".join(lines)


def _describe(one: dict[str, Any]) -> str:
    """Return one result as text."""
    if "left_out" in one:
        return f"left out: {one['left_out']}"
    if "right" in one:
        return f"{one['right']} of {one['cases']} cases right"
    if "read" not in one["seconds"]:
        spread = f"median {one['median_ms']} ms, 95th percentile {one['p95_ms']} ms"
        return f"{spread} (processor {one['p95_cpu_ms']} ms), worst {one['worst_ms']} ms, n={one['count']}"
    clock, busy = (one[measure]["read"] + one[measure]["close"] for measure in ("seconds", "cpu_seconds"))
    count = f"{one['named']:,} named triples" if "named" in one else f"{one['inferred']:,} inferred"
    differences = (
        f"; only ours {one['only_ours']}, only theirs {one['only_theirs']}" if "only_ours" in one else ""
    )
    return f"{clock:.2f} s (processor {busy:.2f}), {one['peak_closed']} MiB, {count}{differences}"


if __name__ == "__main__":
    main()
