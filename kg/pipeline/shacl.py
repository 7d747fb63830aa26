"""SHACL by pySHACL, its report turned into sentences with file and line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyoxigraph import Triple

from kg.errors import BadData
from kg.files.places import Places, readable

if TYPE_CHECKING:
    from rdflib import Graph
    from rdflib.term import Node

_TODO = "Mend the shapes and run `kg check` again."


@dataclass(frozen=True, slots=True)
class Violation:
    """One line of a SHACL report: focus node, path, value, and the shape's message."""

    focus: str
    path: str
    value: str
    message: str


def violations(data: Iterable[Triple], shapes: Iterable[Triple]) -> tuple[Violation, ...]:
    """Return what the shapes find wrong in the data, sorted; no inference, no imports, nothing fetched."""
    from pyshacl import validate  # a third of a second, which a server that only opens a build need not pay

    from kg.pipeline.rdflib_terms import to_graph

    shapes_graph = to_graph(shapes)
    if not len(shapes_graph):
        return ()
    _, report, _ = validate(to_graph(data), shacl_graph=shapes_graph, do_owl_imports=False, inference="none")
    if not hasattr(report, "objects"):
        raise BadData(f"The shapes cannot be used: {report}.", where="ontology/shapes", todo=_TODO)
    return tuple(sorted(set(_read(report)), key=lambda found: (found.focus, found.path, found.message)))


def _read(report: Graph) -> Iterator[Violation]:
    """Yield the results of a report."""
    from rdflib.namespace import SH

    for result in report.objects(None, SH.result):
        messages = sorted(str(text) for text in report.objects(result, SH.resultMessage))
        yield Violation(
            _text(report.value(result, SH.focusNode)),
            _text(report.value(result, SH.resultPath)),
            _text(report.value(result, SH.value)),
            " ".join(messages),
        )


def _text(node: Node | None) -> str:
    """Return an IRI, or a blank node as `_:label`, or a lexical form."""
    from rdflib import BNode

    return f"_:{node}" if isinstance(node, BNode) else str(node or "")


def mistakes(found: Iterable[Violation], places: Places) -> Iterator[BadData]:
    """Yield violations as mistakes, placed where the curator wrote what is wrong."""
    for violation in found:
        if places.broken(violation.focus) or places.broken(violation.value):
            continue  # a consequence of a line that does not parse, which is reported already
        place = places.of(violation.focus, violation.path)
        what = f"{places.name(violation.focus)}: {readable(violation.message).rstrip('.')}."
        yield places.mistake(what, "", place)  # the message of a shape says what to do
