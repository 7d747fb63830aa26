"""What each inferred edge rests on: its claims, how it may be read, and under which condition it holds.

The reasoner computes it (`rlreason.annotations`), so it is true of every proof and of any rule. A triple of a
claim is labelled with the claim, its weakest hedge, and whether it asks for a prerequisite. A proof reads as
its weakest claim and is unconditional if all its claims are; of several proofs the strongest reading counts.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from pyoxigraph import Literal, NamedNode, Triple

from kg.model.graphs import ONTOLOGY, WEAKEST_HEDGES, is_reasoner_input, parse_claim_graph
from kg.namespaces import CLAIM, KG, RDF
from rlreason import Annotator, Semiring
from rlreason.annotations import ClosedFacts

GraphTriples = Mapping[NamedNode, Iterable[Triple]]

#: rank and IRI of a hedge, so that of two with one rank the choice is always the same
_RankedHedge = tuple[int, str]
_NO_HEDGE: _RankedHedge = (0, "")  # a claim without one counts as the weakest
_PLAIN_FACT: _RankedHedge = (1 << 30, "")


@dataclass(frozen=True, slots=True)
class EdgeReading:
    """The strongest hedge of a proof, whether a proof has no condition, the claims of all proofs as IRIs."""

    hedge: _RankedHedge = _PLAIN_FACT
    is_unconditional: bool = True
    claims: frozenset[str] = frozenset()

    def add(self, other: EdgeReading) -> EdgeReading:
        """Return the reading of what has proofs of both kinds."""
        return EdgeReading(
            max(self.hedge, other.hedge),
            self.is_unconditional or other.is_unconditional,
            self.claims | other.claims,
        )

    def multiply(self, other: EdgeReading) -> EdgeReading:
        """Return the reading of a proof that needs both."""
        return EdgeReading(
            min(self.hedge, other.hedge),
            self.is_unconditional and other.is_unconditional,
            self.claims | other.claims,
        )


_READINGS = Semiring(EdgeReading(), EdgeReading.add, EdgeReading.multiply)


@dataclass(frozen=True, slots=True)
class _EdgeWording:
    """What WEAKEST_HEDGES says of an edge: claims, hedges ("" where a claim has none), features; as IRIs."""

    claims: frozenset[str]
    weakest: str
    strongest: str
    only_if: frozenset[NamedNode]


class EdgeAnnotator:
    """Makes the triples of WEAKEST_HEDGES for one closure after another; each costs what it differs."""

    def __init__(self) -> None:
        """Know of no closure yet."""
        self._annotator = Annotator(_READINGS)
        self._wordings: dict[Triple, _EdgeWording] = {}
        self._descriptions: dict[Triple, frozenset[Triple]] = {}

    def describe_edges(
        self, closed: ClosedFacts, inferred: Iterable[Triple], graphs: GraphTriples
    ) -> dict[Triple, frozenset[Triple]]:
        """Return what each `kg:` edge among `inferred` rests on; `graphs` are those with the claims."""
        claims = _ClaimWordings(graphs)
        edges = [triple for triple in inferred if triple.predicate.value.startswith(KG)]
        readings = self._annotator.annotate(closed, edges, _label_by_claim(claims, graphs))
        wordings = {edge: claims.put_in_words(reading) for edge, reading in readings.items()}
        self._descriptions = {  # a new value: the last one stays as it was returned
            edge: self._descriptions[edge]
            if wording == self._wordings.get(edge)
            else frozenset(_describe_edge(edge, wording))
            for edge, wording in wordings.items()
        }
        self._wordings = wordings
        return self._descriptions


def name_edge(edge: Triple) -> NamedNode:
    """Return the IRI of an inferred edge; the same triple has the same one in every build."""
    text = " ".join(term.value for term in edge if not isinstance(term, Triple))
    return NamedNode(f"{WEAKEST_HEDGES.value}#{hashlib.sha256(text.encode()).hexdigest()[:16]}")


def _describe_edge(edge: Triple, wording: _EdgeWording) -> Iterator[Triple]:
    node = name_edge(edge)
    yield Triple(node, RDF["type"], KG["InferredEdge"])
    for name, term in zip(("subject", "predicate", "object"), edge, strict=True):
        yield Triple(node, RDF[name], term)
    yield from (Triple(node, KG["restsOnClaim"], NamedNode(claim)) for claim in wording.claims)
    yield from (Triple(node, KG["onlyIf"], feature) for feature in wording.only_if)
    for name, hedge in (("weakestHedge", wording.weakest), ("strongestReading", wording.strongest)):
        if hedge:
            yield Triple(node, KG[name], NamedNode(hedge))


class _ClaimWordings:
    """The hedges and prerequisites of all claims, by the claim's IRI."""

    def __init__(self, graphs: GraphTriples) -> None:
        self.prerequisites: dict[str, set[NamedNode]] = defaultdict(set)
        self._hedges: dict[str, set[str]] = defaultdict(set)
        self._ranks: dict[str, int] = {}
        for graph, triples in graphs.items():
            for triple in triples if is_reasoner_input(graph) and graph != ONTOLOGY else ():
                self._read(triple)

    def _read(self, triple: Triple) -> None:
        subject, predicate, value = triple.subject, triple.predicate, triple.object
        if not isinstance(subject, NamedNode):
            return
        if predicate in _HEDGE_PROPERTIES and isinstance(value, NamedNode):
            self._hedges[subject.value].add(value.value)
        elif predicate == _PREREQUISITE and isinstance(value, NamedNode):
            self.prerequisites[subject.value].add(value)
        elif predicate == _RANK and isinstance(value, Literal) and value.value.isdecimal():
            self._ranks[subject.value] = int(value.value)

    def get_hedge(self, claim: str) -> _RankedHedge:
        """Return the weakest hedge of a claim; one without a rank counts as the weakest."""
        hedges = [(self._ranks.get(hedge, 0), hedge) for hedge in self._hedges.get(claim, ())]
        return min(hedges, default=_NO_HEDGE)

    def put_in_words(self, reading: EdgeReading) -> _EdgeWording:
        """Return how an edge with a reading is worded; one that rests on no claim is not."""
        if not reading.claims:
            return _EdgeWording(reading.claims, "", "", frozenset())
        weakest = min(map(self.get_hedge, reading.claims))
        asked = () if reading.is_unconditional else (self.prerequisites[claim] for claim in reading.claims)
        return _EdgeWording(reading.claims, weakest[1], reading.hedge[1], frozenset().union(*asked))

    def read_claim(self, claim: str) -> EdgeReading:
        """Return how what one claim says may be read."""
        return EdgeReading(self.get_hedge(claim), claim not in self.prerequisites, frozenset((claim,)))


_HEDGE_PROPERTIES = frozenset((KG["hasHedge"], KG["outcomeHedge"]))
_PREREQUISITE, _RANK = KG["hasPrerequisite"], KG["strengthRank"]


def _label_by_claim(claims: _ClaimWordings, graphs: GraphTriples) -> Callable[[Triple], EdgeReading]:
    """Return the labels of asserted triples: of the claim whose graph holds one, or that is its subject."""
    readings: dict[str, EdgeReading] = {}
    by_graph: dict[Triple, EdgeReading] = {}

    def read_claim(claim: str) -> EdgeReading:
        return readings.get(claim) or readings.setdefault(claim, claims.read_claim(claim))

    for graph, triples in graphs.items():
        name, part = parse_claim_graph(graph) or ("", "")
        for triple in triples if part == "assertion" else ():
            reading = read_claim(f"{CLAIM}{name}")
            by_graph[triple] = by_graph[triple].add(reading) if triple in by_graph else reading

    def label(triple: Triple) -> EdgeReading:
        stated, subject = by_graph.get(triple), triple.subject
        if stated is None and isinstance(subject, NamedNode) and subject.value.startswith(CLAIM):
            return read_claim(subject.value)
        return stated or _READINGS.one

    return label
