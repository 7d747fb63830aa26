"""Composition root: settings -> store -> application; `python server.py --host --port` serves it."""

from __future__ import annotations

from kg.cli.serve import serve

if __name__ == "__main__":
    serve()
