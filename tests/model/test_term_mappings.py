"""Each outside identifier of a class or property stands in the file that is named as its proof."""

from __future__ import annotations

import gzip
import re
from functools import cache
from pathlib import Path

from pyoxigraph import NamedNode, RdfFormat, parse

from kg.namespaces import BIOLINK, DCTERMS, OBO, SKOS

_MATCHES = {SKOS[name] for name in ("closeMatch", "relatedMatch", "broadMatch")}


@cache
def _text(folder: Path, name: str) -> str:
    """Return a file of the outside ontologies as text, packed or not."""
    path = next(path for path in folder.rglob(f"{name}*") if path.name in (name, f"{name}.gz"))
    data = path.read_bytes()
    return (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8")


def _spellings(iri: str) -> list[str]:
    """Return how a file may spell an identifier as a whole: in OBO, in RDF/XML, in Turtle or N-Triples."""
    if iri.startswith(BIOLINK):
        return [rf"^biolink:{iri.removeprefix(BIOLINK)} a owl:"]
    local = iri.removeprefix(OBO)
    return [rf"^id: {local.replace('_', ':', 1)}$", rf'about="{re.escape(iri)}"', f"^<{re.escape(iri)}> "]


def test_identifiers_stand_in_the_files_that_prove_them(root: Path, shared: Path) -> None:
    mapped: dict[str, set[str]] = {}
    sources: dict[str, set[str]] = {}
    for path in root.glob("ontology/*.ttl"):
        for quad in parse(path=path, format=RdfFormat.TURTLE):
            if quad.predicate in _MATCHES and isinstance(quad.object, NamedNode):
                mapped.setdefault(str(quad.subject), set()).add(quad.object.value)
            elif quad.predicate == DCTERMS["source"]:
                sources.setdefault(str(quad.subject), set()).add(quad.object.value)
    unproved = [
        (term, iri)
        for term, iris in mapped.items()
        for iri in iris
        if not any(
            re.search(spelling, _text(shared / "ontologies", name), re.M)
            for name in sources.get(term, ())
            for spelling in _spellings(iri)
        )
    ]
    assert sum(map(len, mapped.values())) >= 35
    assert unproved == []
