"""SHACL by pySHACL, its report turned into sentences with file and line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from pyoxigraph import Triple

from kg.build.turtle_files import SourceLocator, shorten_project_iris
from kg.errors import BadData

if TYPE_CHECKING:
    from rdflib import Graph
    from rdflib.term import Node

_SHAPES_HINT = "Fix the shapes and run `kg check` again."


@dataclass(frozen=True, slots=True)
class ShapeViolation:
    """One line of a SHACL report: focus node, path, value, and the shape's message."""

    focus: str
    path: str
    value: str
    message: str


def find_shape_violations(data: Iterable[Triple], shapes: Iterable[Triple]) -> tuple[ShapeViolation, ...]:
    """Return what the shapes find wrong in the data, sorted; no inference, no imports, nothing fetched."""
    from pyshacl import validate  # takes 0.3 s, which a server that only opens a build need not pay

    from rlreason.triple_sources import to_rdflib_graph

    shapes_graph = to_rdflib_graph(shapes)
    if not len(shapes_graph):
        return ()
    graph = to_rdflib_graph(data)
    _parse_queries_once(graph)
    _, report, _ = validate(graph, shacl_graph=shapes_graph, do_owl_imports=False, inference="none")
    if not hasattr(report, "objects"):
        raise BadData(f"The shapes cannot be used: {report}.", location="ontology/shapes", hint=_SHAPES_HINT)
    return tuple(
        sorted(
            set(_read_report(report)),
            key=lambda violation: (violation.focus, violation.path, violation.message),
        )
    )


def _parse_queries_once(graph: Graph) -> None:
    """Make a graph keep the parsed form of its queries: pySHACL asks the same one for each focus node."""
    from rdflib.plugins.sparql import prepareQuery

    prepare, ask = cache(prepareQuery), graph.query

    def query(text: str, *arguments: Any, **options: Any) -> Any:
        return ask(prepare(text), *arguments, **options)

    graph.query = query  # type: ignore[method-assign, assignment]


def _read_report(report: Graph) -> Iterator[ShapeViolation]:
    """Yield the results of a report."""
    from rdflib.namespace import SH

    for result in report.objects(None, SH.result):
        messages = sorted(str(text) for text in report.objects(result, SH.resultMessage))
        yield ShapeViolation(
            _node_to_text(report.value(result, SH.focusNode)),
            _node_to_text(report.value(result, SH.resultPath)),
            _node_to_text(report.value(result, SH.value)),
            " ".join(messages),
        )


def _node_to_text(node: Node | None) -> str:
    """Return an IRI, or a blank node as `_:label`, or a lexical form."""
    from rdflib import BNode

    return f"_:{node}" if isinstance(node, BNode) else str(node or "")


def locate_violations(violations: Iterable[ShapeViolation], places: SourceLocator) -> Iterator[BadData]:
    """Yield violations as mistakes, placed where the curator wrote what is wrong."""
    for violation in violations:
        if places.is_broken(violation.focus) or places.is_broken(violation.value):
            continue  # a consequence of a line that does not parse, which is reported already
        place = places.locate_node(violation.focus, violation.path)
        message = shorten_project_iris(violation.message).rstrip(".")
        # the message of a shape says what to do, so there is no hint
        yield places.make_error(f"{places.get_readable_name(violation.focus)}: {message}.", "", place)
