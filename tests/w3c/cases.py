"""Reads the manifests of the W3C rdf-tests repository into cases; knows no server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyoxigraph as ox

BASE = "http://www.w3.org/rdf-tests/"
MF = "http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
TYPE = ox.NamedNode(f"{RDF}type")

#: manifests read, in this order; `http-rdf-update` is deprecated by W3C.
ROOTS = (
    "sparql/sparql10/manifest.ttl",
    "sparql/sparql11/manifest-all.ttl",
    "sparql/sparql12/manifest.ttl",
)
#: the suite of entailment regimes, whose cases run over the closure of their data
ENTAILMENT = "sparql11/entailment"
_SD = "http://www.w3.org/ns/sparql-service-description#"

Node = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple


@dataclass(frozen=True, slots=True)
class Case:
    """One test: where its manifest stands, what kind it is, and its node in the manifest's graph."""

    suite: str
    name: str
    kind: str
    node: Node
    graph: Manifest

    @property
    def id(self) -> str:
        """Return suite and name."""
        return f"{self.suite}#{self.name}"

    @property
    def asks_for_owl2_rl(self) -> bool:
        """Return whether the manifest wants the answer under OWL 2 RL and the RDF-Based Semantics."""
        action = self.graph.value(self.node, "action")
        regimes, profiles = (
            {node.value.rpartition("/")[2] for node in self._list_names(action, key)}
            for key in ("entailmentRegime", "EntailmentProfile")
        )
        return "OWL-RDF-Based" in regimes and "RL" in profiles

    def _list_names(self, action: Node | None, key: str) -> Iterator[ox.NamedNode]:
        """Yield what the manifest gives as one name or as a list."""
        for found in self.graph.values(action, f"{_SD}{key}"):
            for node in self.graph.members(found) or [found]:
                if isinstance(node, ox.NamedNode):
                    yield node


class Manifest:
    """The graph of one manifest file."""

    def __init__(self, root: Path, relative: str) -> None:
        """Read the file `relative` under `root`."""
        self.root = root
        self.relative = relative
        self.iri = ox.NamedNode(BASE + relative)
        self._store = ox.Store()
        self._store.load(path=root / relative, format=ox.RdfFormat.TURTLE, base_iri=self.iri.value)

    def values(self, node: Node | None, predicate: str) -> list[Node]:
        """Return the objects of `node` and `predicate`; a bare name is one of the manifest vocabulary."""
        if node is None or isinstance(node, ox.Literal | ox.Triple):
            return []
        iri = predicate if ":" in predicate else MF + predicate
        return [q.object for q in self._store.quads_for_pattern(node, ox.NamedNode(iri), None, None)]

    def value(self, node: Node | None, predicate: str) -> Node | None:
        """Return the first object, None when there is none."""
        return next(iter(self.values(node, predicate)), None)

    def text(self, node: Node | None, predicate: str) -> str:
        """Return the first object as text, "" when there is none."""
        found = self.value(node, predicate)
        return found.value if isinstance(found, ox.NamedNode | ox.Literal) else ""

    def members(self, head: Node | None) -> list[Node]:
        """Return the members of an RDF list."""
        members = []
        while head is not None and head != ox.NamedNode(f"{RDF}nil"):
            first = self.value(head, f"{RDF}first")
            if first is None:
                break
            members.append(first)
            head = self.value(head, f"{RDF}rest")
        return members

    def includes(self) -> list[str]:
        """Return the manifests it includes, relative to the root."""
        heads = [
            q.object for q in self._store.quads_for_pattern(None, ox.NamedNode(f"{MF}include"), None, None)
        ]
        return [
            n.value[len(BASE) :] for head in heads for n in self.members(head) if isinstance(n, ox.NamedNode)
        ]

    def entries(self) -> Iterator[Case]:
        """Yield its cases."""
        suite = self.relative.removeprefix("sparql/").rpartition("/")[0]
        for quad in list(self._store.quads_for_pattern(None, ox.NamedNode(f"{MF}entries"), None, None)):
            for node in self.members(quad.object):
                kinds = [
                    k.value[len(MF) :] for k in self.values(node, TYPE.value) if isinstance(k, ox.NamedNode)
                ]
                local = node.value.rpartition("#")[2] if isinstance(node, ox.NamedNode) else str(node)
                yield Case(suite, local, kinds[0] if kinds else "", node, self)

    def file(self, node: Node | None) -> Path | None:
        """Return the file an IRI of the suite stands for."""
        if not isinstance(node, ox.NamedNode) or not node.value.startswith(BASE):
            return None
        return self.root / node.value[len(BASE) :]


def discover(root: Path) -> Iterator[Case]:
    """Yield every case of the suites under `root`, in the manifests' order."""
    waiting = list(ROOTS)
    while waiting:
        relative = waiting.pop(0)
        manifest = Manifest(root, relative)
        waiting = manifest.includes() + waiting
        yield from manifest.entries()
