"""Axioms outside OWL 2 RL, with the file and line that hold them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pyoxigraph import NamedNode, Triple

from kg.errors import BadData
from kg.files.places import Places
from kg.files.turtle import TurtleFile
from kg.reasoning.profile import violations

_TODO = "Say it within OWL 2 RL (ontology/README.md); the reasoner would not read it."


def outside_profile(files: Iterable[TurtleFile], places: Places) -> Iterator[BadData]:
    """Yield a mistake for each axiom of the ontology's files that the profile does not allow."""
    known = list(files)
    everything = [triple for file in known for triple in file.triples]
    for file in known:
        if not file.name.startswith("ontology/") or any(each.mistakes for each in known):
            continue  # where a file is broken, a declaration may be missing
        for found in violations(file.triples, everything):
            place = places.of(_key(found.axiom), found.axiom.predicate.value)
            what = f"{places.name(_key(found.axiom))}: {found.what}."
            yield places.mistake(what, _TODO, place)


def _key(axiom: Triple) -> str:
    """Return the subject of an axiom as `Places` has it."""
    return axiom.subject.value if isinstance(axiom.subject, NamedNode) else str(axiom.subject)
