"""The reasoning benchmark: all rows side by side in one run; `python -m benchmarks.reasoning.run [ROW...]`.

Rows: own maxo chebi all cases proofs. Each job is a process of its own, so its peak memory is its own.
The big files stand beside the project (../shared/ontologies); a row without its file is left out.
Writes benchmarks/reasoning/results.json as it goes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from kg.settings import PROJECT_ROOT

SHARED = PROJECT_ROOT.parent / "shared" / "ontologies"
MAXO = SHARED / "ontologies" / "maxo-base.owl.gz"
CHEBI = SHARED / "large" / "chebi.nt.gz"
MANY = (SHARED / "ontologies" / "mondo.nt.gz", CHEBI, SHARED / "ontologies" / "hp-2025-01-16.obo.gz", MAXO)
RESULTS = Path(__file__).parent / "results.json"


def job(name: str, *files: Path) -> dict[str, Any]:
    """Run a job and return what it measured."""
    command = [sys.executable, "-m", "benchmarks.reasoning.jobs", name, *map(str, files)]
    done = subprocess.run(command, cwd=PROJECT_ROOT, stdout=subprocess.PIPE, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def rows(folder: Path) -> dict[str, list[tuple[str, tuple[Path, ...]]]]:
    """Return row -> the jobs that stand side by side in it."""
    own, mappings = folder / "own.nt", folder / "mappings.nt"
    subprocess.run(
        [sys.executable, "-m", "benchmarks.reasoning.jobs", "own_graph", "-", str(own), str(mappings)],
        cwd=PROJECT_ROOT,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return {
        "own": [("ours", (own,)), ("owlrl", (own,))],
        "proofs": [("proofs", ())],
        "cases": [("cases", ())],
        "chebi": [("ours", (CHEBI,)), ("reasonable", (CHEBI,))],
        "all": [("beside_mappings", (*MANY, own, mappings))],
        "maxo": [("ours", (MAXO,)), ("owlrl", (MAXO,))],
    }


def main() -> None:
    """Run the rows asked for, or all, and print the table."""
    results: dict[str, Any] = json.loads(RESULTS.read_text()) if RESULTS.exists() and sys.argv[1:] else {}
    with tempfile.TemporaryDirectory() as name:
        for row, jobs in rows(Path(name)).items():
            if sys.argv[1:] and row not in sys.argv[1:]:
                continue
            absent = [str(f) for _, files in jobs for f in files if not f.exists()]
            if absent:
                print(f"{row}: left out, {absent[0]} is absent")
                continue
            results[row] = {
                "load_average": round(os.getloadavg()[0], 1),
                **{engine: job(engine, *files) for engine, files in jobs},
            }
            print(row, json.dumps(results[row]), flush=True)
            RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    print(table(results))


def total(found: dict[str, Any], measure: str = "seconds") -> float:
    """Return seconds from file to a closure that can be queried."""
    return float(found[measure]["read"] + found[measure]["close"])


def table(results: dict[str, Any]) -> str:
    """Return the results as text."""
    lines = []
    for row, found in results.items():
        for engine, one in found.items():
            if isinstance(one, dict) and "read" in one["seconds"]:
                peak = one.get("peak_closed", one["peak_mib"])
                text = f"{total(one):9.2f} s (processor {total(one, 'cpu_seconds'):.2f})  {peak:6} MiB"
                text += f"  {one['inferred']:>9,} inferred"
                lines.append(f"{row:8} {engine:12} {text}  {one['seconds']}")
            elif isinstance(one, dict):
                text = f"median {one['median_ms']} ms, 95th percentile {one['p95_ms']} ms "
                text += f"(processor {one['p95_cpu_ms']} ms)"
                lines.append(f"{row:8} {engine:12} {text}, worst {one['worst_ms']} ms, n={one['count']}")
        others = [e for e in found if e not in ("ours", "load_average")]
        if "ours" in found and others:
            for measure in ("seconds", "cpu_seconds"):
                times = total(found[others[0]], measure) / total(found["ours"], measure)
                lines.append(f"{row:8} ours is {times:.1f} times as fast as {others[0]} ({measure})")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
