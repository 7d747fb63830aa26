"""Each outside identifier of a class or property stands in the file that is named as its proof."""

from __future__ import annotations

import gzip
import re
from collections import Counter, defaultdict
from functools import cache
from importlib import metadata
from pathlib import Path

import rdflib
from pyoxigraph import RdfFormat, parse

from kg.namespaces import BIOLINK, DCTERMS, KG, OBO, OWL, SKOS, get_local_name
from sparqlhost.store.interface import Term, get_term_text

_MATCHES = {SKOS[name] for name in ("closeMatch", "relatedMatch", "broadMatch")}


@cache
def _text(folder: Path, name: str) -> str:
    """Return a file of the outside ontologies as text, packed or not."""
    if name.startswith("rdflib "):
        package, _, file = name.partition(": ")
        assert package == f"rdflib {metadata.version('rdflib')}"
        return (Path(rdflib.__file__).parents[1] / file).read_text("utf-8")
    name = name.rpartition(": ")[2]
    path = next(path for path in folder.rglob(f"{name}*") if path.name in (name, f"{name}.gz"))
    data = path.read_bytes()
    return (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8")


def _spellings(iri: str, name: str) -> list[str]:
    """Return how a file may spell an identifier: in OBO, RDF/XML, Turtle, N-Quads, rdflib's lists."""
    if name.endswith(".py"):
        return [rf"^    {get_local_name(iri)}: (\(|URIRef)"]
    if iri.startswith(BIOLINK):
        return [rf"^biolink:{iri.removeprefix(BIOLINK)} a owl:"]
    local = iri.removeprefix(OBO)
    return [rf"^id: {local.replace('_', ':', 1)}$", rf'about="{re.escape(iri)}"', f"^<{re.escape(iri)}> "]


def _read_mappings(root: Path) -> tuple[set[tuple[str, ...]], dict[tuple[str, ...], str]]:
    """Return the matches of the terms, and what each annotated one (`owl:Axiom`) names as its source."""
    stated: set[tuple[str, ...]] = set()
    annotations: dict[Term, dict[str, str]] = defaultdict(dict)
    for path in root.glob("ontology/*.ttl"):
        for quad in parse(path=path, format=RdfFormat.TURTLE):
            if quad.predicate in _MATCHES:
                stated.add(tuple(map(get_term_text, quad.triple)))
            annotations[quad.subject][quad.predicate.value] = get_term_text(quad.object)
    parts = [OWL[f"annotated{part}"].value for part in ("Source", "Property", "Target")]
    proofs = {
        tuple(values[part] for part in parts): values[DCTERMS["source"].value]
        for values in annotations.values()
        if set(parts) <= values.keys()
    }
    return stated, proofs


def test_identifiers_stand_in_the_files_that_prove_them(root: Path, shared: Path) -> None:
    """Each match has its own proof: a file of outside data, or of a package at the version that is named."""
    stated, proofs = _read_mappings(root)
    assert stated == set(proofs)
    assert len(stated) >= 80
    of_npm = [source for source in proofs.values() if source.startswith("@")]  # packages that are not at hand
    assert len(of_npm) == 3
    unproved = [
        (term, target)
        for (term, _, target), source in proofs.items()
        if source not in of_npm
        and not any(
            re.search(spelling, _text(shared / "ontologies", source), re.M)
            for spelling in _spellings(target, source)
        )
    ]
    assert unproved == []


def test_reasons_for_having_no_mapping_are_particular(root: Path) -> None:
    """One sentence stood 175 times, also where a vocabulary in use has the term."""
    reasons = Counter(
        quad.object.value
        for path in root.glob("ontology/*.ttl")
        for quad in parse(path=path, format=RdfFormat.TURTLE)
        if quad.predicate == KG["noMappingBecause"]
    )
    assert reasons.most_common(1)[0][1] <= 30
