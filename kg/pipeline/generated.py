"""Triples that other parts generate from the files: recognisers of situations, mappings."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pyoxigraph import Triple

from kg.pipeline.dataset import Dataset


def recogniser_triples(dataset: Dataset) -> Iterable[Triple]:
    """Return the axioms that recognise each situation by its features."""
    return ()


def mapping_triples(root: Path) -> Iterable[Triple]:
    """Return the accepted mappings to outside vocabularies as triples."""
    return ()
