"""Loading large ontologies: `kg import` beside Oxigraph's own loader and rdflib, on the same N-Triples.

Run: python benchmarks/import/load.py [--small]
Prints triples a second and peak memory (resident set of the process, from wait4); all in one run.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pyoxigraph as ox

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "ontologies"
BIN = Path(sys.executable).parent
FILES = {
    "chebi": SHARED / "large" / "chebi.nt.gz",
    "eccode": SHARED / "large" / "eccode-2022-05-25.owl.gz",
    "pathbank": SHARED / "large" / "pathbank-2.0.obo.gz",
}
SMALL = {"hp": SHARED / "ontologies" / "hp-2025-01-16.obo.gz"}
#: above this many triples rdflib, which holds them in memory, gets only the first ones.
RDFLIB_MOST = 2_000_000
RDFLIB_SLICE = 1_000_000
GRAPH = "https://w3id.org/rrall-kg/graph/import/"
RDFLIB = "import rdflib, sys; print(len(rdflib.Graph().parse(sys.argv[1], format='nt')))"


@dataclass(frozen=True, slots=True)
class Run:
    """One run: seconds by the clock and of the processor, peak resident megabytes."""

    seconds: float
    cpu: float
    megabytes: float


def run(*command: str, env: dict[str, str] | None = None) -> Run:
    """Run a command and return what it took; it must succeed."""
    began = time.monotonic()
    pid = os.posix_spawnp(
        command[0],
        command,
        {**os.environ, **(env or {})},
        file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)],
    )
    _, status, usage = os.wait4(pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)} failed")
    return Run(time.monotonic() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def dumped(store: Path, name: str, target: Path) -> int:
    """Write an import as N-Triples; return the number of triples."""
    graph = ox.NamedNode(GRAPH + name)
    with target.open("wb") as out:
        ox.Store.read_only(str(store)).dump(out, format=ox.RdfFormat.N_TRIPLES, from_graph=graph)
    with target.open("rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))


def measure(name: str, path: Path, folder: Path) -> None:
    kg = str(BIN / "kg")
    env = {"KG_IMPORTS_DIR": str(folder), "KG_BUILD_DIR": str(folder / "none")}
    own = run(kg, "import", str(path), "--id", name, env=env)
    nt = folder / f"{name}.nt"
    triples = dumped(folder / "store", name, nt)
    show(name, f"kg import {path.name}", triples, own)
    shutil.rmtree(folder / "store")
    show(name, "kg import, N-Triples", triples, run(kg, "import", str(nt), "--id", name, env=env))
    shutil.rmtree(folder / "store")
    beside(name, nt, triples, folder)
    nt.unlink()


def beside(name: str, nt: Path, triples: int, folder: Path) -> None:
    """Load the same N-Triples with Oxigraph's loader, into its default and into a named graph, and rdflib."""
    load = (str(BIN / "oxigraph"), "load", "-l", str(folder / "ox"), "-f", str(nt))
    for how, more in (("default graph", ()), ("named graph", ("--graph", GRAPH + name))):
        show(name, f"oxigraph load, N-Triples, {how}", triples, run(*load, *more))
        shutil.rmtree(folder / "ox")
    if triples > RDFLIB_MOST:
        part = nt.with_name("slice.nt")
        with nt.open("rb") as whole, part.open("wb") as out:
            out.writelines(islice(whole, RDFLIB_SLICE))
        took = run(sys.executable, "-c", RDFLIB, str(part))
        show(name, "rdflib parse (memory), a slice", RDFLIB_SLICE, took)
        part.unlink()
    else:
        show(name, "rdflib parse (memory)", triples, run(sys.executable, "-c", RDFLIB, str(nt)))


def show(name: str, how: str, triples: int, it: Run) -> None:
    rate = f"{triples / it.seconds:12,.0f}"
    print(
        f"{name:9} {how:38} {triples:11,} {it.seconds:8.1f} {it.cpu:8.1f} {rate} {it.megabytes:8,.0f}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="one small file, to see that it runs")
    files = SMALL if parser.parse_args().small else FILES
    print(
        f"{'file':9} {'how':38} {'triples':>11} {'seconds':>8} {'cpu s':>8} {'triples/s':>12} {'peak MB':>8}"
    )
    for name, path in files.items():
        if not path.exists():
            print(f"{name:9} skipped: {path.name} is not beside the project")
            continue
        with tempfile.TemporaryDirectory(prefix="kg-bench-") as folder:
            measure(name, path, Path(folder))


if __name__ == "__main__":
    main()
