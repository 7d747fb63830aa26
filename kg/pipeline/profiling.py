"""Axioms outside OWL 2 RL, with the file and line that hold them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pyoxigraph import NamedNode, Triple

from kg.errors import BadData
from kg.files.places import SourceLocator
from kg.files.turtle import TurtleFile
from kg.reasoning.profile import check_profile

_PROFILE_HINT = "Say it within OWL 2 RL (ontology/README.md); the reasoner would not read it."


def find_profile_mistakes(files: Iterable[TurtleFile], places: SourceLocator) -> Iterator[BadData]:
    """Yield a mistake for each axiom of the ontology's files that the profile does not allow."""
    known = list(files)
    everything = [triple for file in known for triple in file.triples]
    for file in known:
        if not file.name.startswith("ontology/") or any(each.mistakes for each in known):
            continue  # where a file is broken, a declaration may be missing
        for found in check_profile(file.triples, everything):
            place = places.locate_node(_get_subject_key(found.axiom), found.axiom.predicate.value)
            what = f"{places.get_readable_name(_get_subject_key(found.axiom))}: {found.message}."
            yield places.make_error(what, _PROFILE_HINT, place)


def _get_subject_key(axiom: Triple) -> str:
    """Return the subject of an axiom as `Places` has it."""
    return axiom.subject.value if isinstance(axiom.subject, NamedNode) else str(axiom.subject)
