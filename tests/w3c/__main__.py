"""`python -m tests.w3c --query URL --update URL --store URL [--token T] ROOT`: counts, and each failure."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

from tests.w3c.cases import discover
from tests.w3c.runner import Server, run


def main() -> int:
    """Run every case under ROOT and print a line a failure and the counts a suite."""
    parser = argparse.ArgumentParser(prog="python -m tests.w3c")
    for name in ("query", "update", "store"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--token", default="")
    parser.add_argument("--only", default="", help="run the cases whose id holds this")
    parser.add_argument("root", type=Path)
    given = parser.parse_args()
    server = Server(given.query, given.update, given.store, given.token)
    passed: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for case in discover(given.root):
        if given.only not in case.id:
            continue
        suite = case.suite.partition("/")[0]
        total[suite] += 1
        try:
            run(case, server)
            passed[suite] += 1
        except Exception as error:
            sys.stdout.write(f"FAIL {case.id} ({case.kind}): {' '.join(str(error).split())[:300]}\n")
    for suite in total:
        sys.stdout.write(f"{suite}: {passed[suite]} of {total[suite]}\n")
    sys.stdout.write(f"all: {passed.total()} of {total.total()}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
