"""The built graph for notebooks: rdflib in front, Oxigraph behind."""

from __future__ import annotations

from oxrdflib import OxigraphStore
from rdflib import Dataset

from kg.build.publishing import open_build
from kg.namespaces import PREFIXES
from kg.settings import Settings


def open_dataset(settings: Settings) -> Dataset:
    """Return a Dataset over a copy of the current build in memory, with the project's prefixes bound."""
    opened = open_build(settings)
    found = Dataset(store=OxigraphStore(store=opened.oxigraph), default_union=False)
    for prefix, namespace in PREFIXES.items():
        found.bind(prefix, namespace, replace=True)
    return found
