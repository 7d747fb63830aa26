"""Quads in batches that can travel apart: statements about one blank node stay together.

A blank node has its name within one request only (SPARQL 1.1 Update, 3.1.1): in two, it would be two nodes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pyoxigraph import BlankNode, DefaultGraph, Quad, Triple


def split_into_batches(quads: Iterable[Quad], size: int) -> Iterator[list[Quad]]:
    """Yield the quads, about `size` at a time, more where blank nodes tie them together."""
    plain: list[Quad] = []
    tied: list[Quad] = []
    for quad in quads:
        if any(list_blank_nodes(quad.triple)):
            tied.append(quad)
            continue
        plain.append(quad)
        if len(plain) == size:
            yield plain
            plain = []
    if plain:
        yield plain
    yield from _pack_components(_group_by_blank_nodes(tied), size)


def _pack_components(components: Iterable[list[Quad]], size: int) -> Iterator[list[Quad]]:
    """Yield whole components, put together while they fit."""
    batch: list[Quad] = []
    for component in components:
        if batch and len(batch) + len(component) > size:
            yield batch
            batch = []
        batch = batch + component
    if batch:
        yield batch


def _group_by_blank_nodes(quads: list[Quad]) -> list[list[Quad]]:
    """Return the quads by the blank nodes that tie them together (union-find)."""
    above: dict[str, str] = {}

    def find_root(name: str) -> str:
        while above.setdefault(name, name) != name:
            above[name] = above[above[name]]
            name = above[name]
        return name

    for quad in quads:
        first, *others = list_blank_nodes(quad.triple)
        for other in others:
            above[find_root(other)] = find_root(first)
    found: dict[str, list[Quad]] = {}
    for quad in quads:
        found.setdefault(find_root(next(list_blank_nodes(quad.triple))), []).append(quad)
    return list(found.values())


def list_blank_nodes(triple: Triple) -> Iterator[str]:
    """Yield the names of the blank nodes of a triple, those within triple terms too."""
    for term in (triple.subject, triple.object):
        if isinstance(term, BlankNode):
            yield term.value
        elif isinstance(term, Triple):
            yield from list_blank_nodes(term)


def make_insert_update(quads: Iterable[Quad]) -> str:
    """Return the update that adds `quads`; with blank nodes by a template, which every server takes."""
    parts: dict[str, list[str]] = {}
    named = True
    for quad in quads:
        graph = "" if isinstance(quad.graph_name, DefaultGraph) else str(quad.graph_name)
        parts.setdefault(graph, []).append(f"{quad.triple} .")
        named = named and not any(list_blank_nodes(quad.triple))
    blocks = (
        "\n".join(lines) if not graph else f"GRAPH {graph} {{\n" + "\n".join(lines) + "\n}"
        for graph, lines in parts.items()
    )
    text = "\n".join(blocks)
    return f"INSERT DATA {{\n{text}\n}}" if named else f"INSERT {{\n{text}\n}} WHERE {{}}"
