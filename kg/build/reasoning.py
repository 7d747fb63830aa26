"""Reasoning in a build: the reasoners, the profile check, and which inferences are published."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

from pyoxigraph import BlankNode, NamedNode, Triple

from kg.build.project_rules import format_term, load_project_rules
from kg.build.turtle_files import SourceLocator, TurtleFile
from kg.errors import BadData
from kg.namespaces import BASE, KG, OWL, RDF, compress_iri
from rlreason import Closure, check_profile
from rlreason import close as close_by_rules
from sparqlhost.store.interface import Term

#: name -> distribution whose version goes into the manifest
REASONERS = {"rules": "rrall-kg", "owlrl": "owlrl"}

_PROFILE_HINT = "State it within OWL 2 RL (ontology/README.md); the reasoner would not read it."
_CLASS_EXPRESSIONS = (OWL["Class"], OWL["Restriction"])


class ReasonerResult(Protocol):
    """What follows from a graph, and what contradicts in it."""

    @property
    def inferred(self) -> Iterable[Triple]:
        """Return the triples that follow and were not in the input."""
        ...

    @property
    def inconsistencies(self) -> Sequence[Any]:
        """Return the contradictions; `str` of each is a sentence."""
        ...


@dataclass(frozen=True, slots=True)
class Reasoner:
    """A reasoner by name, with the version that goes into the manifest."""

    name: str
    version: str
    close: Callable[[Iterable[Triple]], ReasonerResult]

    def __str__(self) -> str:
        """Return name and version."""
        return f"{self.name} {self.version}"


def load_reasoner(name: str, root: Path) -> Reasoner:
    """Return the reasoner called `name`, with the rules of the project at `root`.

    Raises BadData for an unknown name; its `close` does when a rule cannot be read.
    """
    if name not in REASONERS:
        raise BadData(f"There is no reasoner {name!r}.", hint=f"Use one of: {', '.join(REASONERS)}.")
    if name == "owlrl":
        from kg.build.owlrl_reasoner import close  # imports rdflib and owlrl, which a build does not need

        return Reasoner(name, version(REASONERS[name]), close)
    return Reasoner(name, version(REASONERS[name]), partial(close_by_project_rules, root))


def close_by_project_rules(root: Path, triples: Iterable[Triple]) -> Closure:
    """Return the closure by the rules of the project at `root`; raises BadData for a broken one."""
    return close_by_rules(triples, load_project_rules(root), format_term=format_term)


def find_profile_mistakes(files: Iterable[TurtleFile], places: SourceLocator) -> Iterator[BadData]:
    """Yield a mistake for each axiom of the ontology outside OWL 2 RL; none while a file is broken."""
    listed = list(files)
    if any(file.mistakes for file in listed):
        return  # a declaration may be missing
    ontology = [t for file in listed if file.name.startswith("ontology/") for t in file.triples]
    data = [t for file in listed if not file.name.startswith("ontology/") for t in file.triples]
    for violation in check_profile(ontology, data, own_namespace=BASE, format_term=_format_profile_term):
        subject = _get_subject_key(violation.axiom)
        yield places.make_error(
            f"{places.get_readable_name(subject)}: {violation.message}.",
            _PROFILE_HINT,
            places.locate_node(subject, violation.axiom.predicate.value),
        )


def _format_profile_term(term: Term) -> str:
    return compress_iri(term.value) if isinstance(term, NamedNode) else str(term)


def _get_subject_key(axiom: Triple) -> str:
    """Return the subject of an axiom as SourceLocator names it."""
    return axiom.subject.value if isinstance(axiom.subject, NamedNode) else str(axiom.subject)


def select_published(inferred: Iterable[Triple], asserted: Iterable[Triple]) -> frozenset[Triple]:
    """Return the inferred triples without those of anonymous classes and of abstract properties.

    Anonymous classes (parts of recognisers) and abstract properties (parents that only group) serve the
    reasoner; nobody asks for triples of them. Proofs may still pass through both.
    """
    kinds = (*_CLASS_EXPRESSIONS, KG["PropertyGroup"])
    types = [triple for triple in asserted if triple.object in kinds and triple.predicate == RDF["type"]]
    anonymous = {t.subject for t in types if isinstance(t.subject, BlankNode)}
    abstract = _find_abstract_properties(types)
    return frozenset(
        t
        for t in inferred
        if t.predicate not in abstract and t.subject not in anonymous and t.object not in anonymous
    )


def drop_abstract_parents(asserted: Iterable[Triple]) -> list[Triple]:
    """Return triples without the axioms that put properties under abstract ones: a smaller closure.

    For closures that are asked for single properties only, such as that of a case.
    """
    listed = list(asserted)
    abstract = _find_abstract_properties(listed)
    return [triple for triple in listed if triple.object not in abstract]


def _find_abstract_properties(asserted: Iterable[Triple]) -> set[Term]:
    return {t.subject for t in asserted if t.predicate == RDF["type"] and t.object == KG["PropertyGroup"]}
