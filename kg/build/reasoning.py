"""The reasoners a build can use, behind one signature: triples in, what follows and what contradicts out."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Protocol
from pyoxigraph import Triple
from kg.errors import BadData
from collections.abc import Iterable, Iterator
from pyoxigraph import NamedNode, Triple
from kg.build.turtle_files import SourceLocator
from kg.build.turtle_files import TurtleFile
from rlreason.profile import check_profile
from collections.abc import Iterable
from pyoxigraph import BlankNode, Literal, NamedNode, Triple
from kg.namespaces import KG, OWL, RDF


class ReasonerResult(Protocol):
    """What a reasoner returns."""

    @property
    def inferred(self) -> Iterable[Triple]:
        """Return what follows and was not given."""
        ...

    @property
    def inconsistencies(self) -> Sequence[Any]:
        """Return the contradictions found; each reads as a sentence."""
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


#: name -> (module that offers `close`, distribution whose version counts).
REASONERS = {"rules": ("rlreason.closure", "rrall-kg"), "owlrl": ("kg.build.owlrl_reasoner", "owlrl")}


def load_reasoner(name: str) -> Reasoner:
    """Return the reasoner called `name`; raises BadData that lists those there are."""
    if name not in REASONERS:
        raise BadData(f"There is no reasoner {name!r}.", hint=f"Use one of: {', '.join(REASONERS)}.")
    module, distribution = REASONERS[name]
    loaded = importlib.import_module(module)
    return Reasoner(name, version(distribution), loaded.close)


#: MERGED kg.pipeline.profiling
#: MERGED Axioms outside OWL 2 RL, with the file and line that hold them.


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


#: MERGED kg.reasoning.publication
#: MERGED Which inferences are published: what speaks of named things by properties that say something.
#: MERGED 
#: MERGED Class expressions without a name (the parts of recognisers) and abstract properties (parents that only group)
#: MERGED serve the reasoner; nobody asks for triples of them. Proofs may still pass through both.


Term = NamedNode | BlankNode | Literal | Triple

_CLASS_EXPRESSIONS = (OWL["Class"], OWL["Restriction"])


def select_published(inferred: Iterable[Triple], asserted: Iterable[Triple]) -> frozenset[Triple]:
    """Return the inferred triples without those of anonymous classes and of abstract properties."""
    known = list(asserted)
    types = [triple for triple in known if triple.predicate == RDF["type"]]
    anonymous = {
        t.subject for t in types if isinstance(t.subject, BlankNode) and t.object in _CLASS_EXPRESSIONS
    }
    abstract = _find_abstract_properties(known)
    return frozenset(
        t
        for t in inferred
        if t.predicate not in abstract and t.subject not in anonymous and t.object not in anonymous
    )


def drop_abstract_parents(asserted: Iterable[Triple]) -> list[Triple]:
    """Return triples without what puts properties under abstract ones: less to reason over.

    For closures that are asked for single properties only, such as that of a case.
    """
    known = list(asserted)
    abstract = _find_abstract_properties(known)
    return [triple for triple in known if triple.object not in abstract]


def _find_abstract_properties(asserted: Iterable[Triple]) -> set[Term]:
    """Return the abstract properties."""
    return {t.subject for t in asserted if t.predicate == RDF["type"] and t.object == KG["PropertyGroup"]}
