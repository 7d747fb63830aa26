"""`python -m tests.w3c --query URL --update URL --store URL [--token T] ROOT`: counts, and each failure.

ROOT is a checkout of the W3C rdf-tests repository. The SERVICE cases call endpoints that this program serves
at the port `--services`; the server under test must be allowed to call their addresses, which `--help` lists.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

from tests.w3c.cases import discover
from tests.w3c.runner import Server, run
from tests.w3c.services import Services, serving

#: where the endpoints of the SERVICE cases are served.
PORT = 38990


def main() -> int:
    """Run every case under ROOT and print a line a failure and the counts a suite."""
    may_call = "KG_SERVICE_ALLOW='" + " ".join(Services(PORT).addresses) + "'"
    parser = argparse.ArgumentParser(prog="python -m tests.w3c", epilog=f"SERVICE cases: {may_call}")
    parser.add_argument(
        "--services", type=int, default=PORT, help="port of the endpoints of the SERVICE cases"
    )
    for name in ("query", "update", "store"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--token", default="")
    parser.add_argument("--only", default="", help="run the cases whose id holds this")
    parser.add_argument("root", type=Path)
    given = parser.parse_args()
    with serving(given.services) as services:
        server = Server(given.query, given.update, given.store, given.token, services)
        _report(server, given.root, given.only)
    return 0


def _report(server: Server, root: Path, only: str) -> None:
    """Run the cases and print what came out."""
    passed: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for case in discover(root):
        if only not in case.id:
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


if __name__ == "__main__":
    sys.exit(main())
