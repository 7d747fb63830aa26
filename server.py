"""Composition root: settings -> engine -> application; `python server.py --host --port` serves it."""

from __future__ import annotations

import sys

from kg.cli import main

if __name__ == "__main__":
    sys.argv[1:1] = ["serve", "--build"]
    main()
