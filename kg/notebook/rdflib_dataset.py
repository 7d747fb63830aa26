"""The built graph as an rdflib Dataset, for who wants triples and SPARQL in Python."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from oxrdflib import OxigraphStore
from rdflib import XSD, Dataset, Literal

from kg.build.opening import open_build
from kg.namespaces import PREFIXES
from kg.settings import Settings


class PlainLiteralStore(OxigraphStore):
    """An Oxigraph store whose plain strings equal `Literal("...")`; oxrdflib types them xsd:string."""

    def query(self, *arguments: Any, **options: Any) -> Any:
        """Return the result of a query, its bindings with plain strings."""
        result = super().query(*arguments, **options)
        if result.type == "SELECT":
            result.bindings = [
                {variable: _make_plain(term) for variable, term in row.items() if term is not None}
                for row in result.bindings
            ]
        return result

    def triples(self, *arguments: Any, **options: Any) -> Any:
        """Yield the triples of a pattern with plain strings."""
        for (subject, predicate, object_), contexts in super().triples(*arguments, **options):
            yield (subject, predicate, _make_plain(object_)), contexts


def _make_plain(term: Any) -> Any:
    """Return a literal of type xsd:string without its type: one literal in RDF 1.1, two in rdflib."""
    return Literal(str(term)) if isinstance(term, Literal) and term.datatype == XSD.string else term


def load_dataset(build: str | Path | None = None) -> Dataset:
    """Return the build in the folder `build` as a Dataset with prefixes bound; see `kg.load`."""
    settings = Settings.from_environment(os.environ, build_dir=Path(build) if build else None)
    store = PlainLiteralStore(store=open_build(settings).oxigraph)
    dataset = Dataset(store=store, default_union=False)
    for prefix, namespace in PREFIXES.items():
        dataset.bind(prefix, namespace, replace=True)
    return dataset
