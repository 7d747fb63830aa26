"""`python -m tests.mutants [--sample N] [--seed N] [MODULE ...]`: small changes that no test notices.

The changes are those of cosmic-ray: another operator, number or condition. Each is written into a copy of the
project, and the tests that modules.tsv lists for the module run on it. A change that passes is printed as a
diff: a test is missing, or the change is equivalent, which a reader decides. The exit code is 1 only where
the tests of a module fail without any change, since they could then notice nothing.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cosmic_ray.commands import init
from cosmic_ray.mutating import mutate_and_test
from cosmic_ray.work_db import WorkDB, use_db
from cosmic_ray.work_item import MutationSpec, TestOutcome

ROOT = Path(__file__).resolve().parents[2]
TABLE = Path(__file__).parent / "modules.tsv"
#: how many times as long as without a change the tests may take; a change that hangs them is noticed
PATIENCE = 4


@dataclass(frozen=True, slots=True)
class Target:
    """A module and the tests that should notice a change of it."""

    module: str
    tests: tuple[str, ...]


def read_targets() -> list[Target]:
    """Return the rows of modules.tsv; a path that does not exist is an error, not an empty run."""
    rows = [line.split("\t") for line in TABLE.read_text("utf-8").splitlines() if not line.startswith("#")]
    targets = [Target(module, tuple(tests.split())) for module, tests in rows]
    for path in (name for target in targets for name in (target.module, *target.tests)):
        if not (ROOT / path).exists():
            raise SystemExit(f"{TABLE.name}: {path} does not exist.")
    return targets


def list_mutations(module: Path) -> list[MutationSpec]:
    """Return every change that can be made to a module, in the order of the file."""
    with use_db(":memory:", mode=WorkDB.Mode.create) as database:
        init([module], database, {})
        return [mutation for item in database.work_items for mutation in item.mutations]


def find_survivors(target: Target, sample: int, seed: int) -> Iterator[tuple[MutationSpec, str]]:
    """Yield (change, diff or "") of a sample of changes; the diff is empty when the tests noticed it."""
    mutations = list_mutations(Path(target.module))
    chosen = random.Random(f"{seed} {target.module}").sample(mutations, min(sample, len(mutations)))
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *target.tests]
    limit = PATIENCE * time_unchanged_run(target, command) + 10
    for mutation in chosen:
        result = mutate_and_test([mutation], " ".join(command), limit)
        survived = result.test_outcome is TestOutcome.SURVIVED
        yield mutation, (result.diff or "?") if survived else ""


def time_unchanged_run(target: Target, command: list[str]) -> float:
    """Return the seconds that the tests of a module take; they must pass before anything is changed."""
    started = time.monotonic()
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        raise SystemExit(f"{target.module}: its tests fail without a change.\n{run.stdout[-2000:]}")
    return time.monotonic() - started


def copy_project(folder: Path) -> None:
    """Copy the files that git tracks or would track into `folder`, so that nobody's checkout is changed."""
    command = ["/usr/bin/env", "git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    for name in names.stdout.splitlines():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).exists():
            shutil.copy2(ROOT / name, folder / name, follow_symlinks=False)


def main() -> None:
    """Print a line a module, then each survivor as a diff."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--sample", type=int, default=15, help="changes a module")
    parser.add_argument("--seed", type=int, default=1, help="which sample")
    parser.add_argument("modules", nargs="*", help="paths from modules.tsv; default: all of them")
    options = parser.parse_args()
    targets = [t for t in read_targets() if not options.modules or t.module in options.modules]
    caught, tried = 0, 0
    diffs: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        copy_project(Path(folder))
        os.chdir(folder)
        os.environ["PYTHONPATH"] = folder
        for target in targets:
            results = list(find_survivors(target, options.sample, options.seed))
            survivors = [diff for _, diff in results if diff]
            caught, tried, diffs = (
                caught + len(results) - len(survivors),
                tried + len(results),
                diffs + survivors,
            )
            print(f"{target.module}: {len(results) - len(survivors)} of {len(results)} noticed", flush=True)
    print("\n".join(diffs))
    print(f"{caught} of {tried} changes noticed")


if __name__ == "__main__":
    main()
