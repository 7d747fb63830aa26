"""The reasoners a build can use, behind one signature: triples in, what follows and what contradicts out."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Protocol

from pyoxigraph import Triple

from kg.errors import BadData


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
REASONERS = {"rules": ("kg.reasoning", "rrall-kg"), "owlrl": ("kg.pipeline.owlrl_engine", "owlrl")}


def load_reasoner(name: str) -> Reasoner:
    """Return the reasoner called `name`; raises BadData that lists those there are."""
    if name not in REASONERS:
        raise BadData(f"There is no reasoner {name!r}.", hint=f"Use one of: {', '.join(REASONERS)}.")
    module, distribution = REASONERS[name]
    loaded = importlib.import_module(module)
    return Reasoner(name, version(distribution), loaded.close)
