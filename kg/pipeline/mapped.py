"""The accepted mappings to outside vocabularies, read from `data/mappings/`, as triples."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pyoxigraph import Triple


def mapping_triples(root: Path) -> Iterable[Triple]:
    """Return the accepted mappings under `root` as triples."""
    return ()
