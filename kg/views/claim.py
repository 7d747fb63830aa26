"""The page of one claim: its words, its place in the source, what was decided, what hangs on it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from pyoxigraph import NamedNode

from kg.namespaces import BASE, GRAPH, KG, RDF, RDFS
from kg.views.edges import Edge, Triples, weakest, why
from kg.views.hedges import Hedge
from kg.views.marks import ASSERTED, INFERRED, is_negative
from kg.views.reading import Reader, Row, number, terms_of, text
from kg.views.statements import Statement, claim_facts, statement
from kg.views.terms import Naming, Ref, Term

#: which derived edges would be gone without a claim: claim graph -> triples (subject, predicate, object)
Falling = Callable[[str], Iterable[tuple[Term, Term, Term]]]

#: parts of a claim the page shows elsewhere, as a sentence or by name
_SHOWN = frozenset(
    {RDF["type"].value, RDFS["label"].value, KG["hasSourceSpan"].value, KG["inSentence"].value}
)


@dataclass(frozen=True, slots=True)
class Span:
    """The characters a claim rests on: code points [start, end) of the document."""

    ref: Ref
    sentence: Ref | None
    document: Ref | None
    start: int
    end: int
    sha256: str
    curated: str


@dataclass(frozen=True, slots=True)
class Decision:
    """A curator's choice between readings."""

    ref: Ref
    readings: tuple[str, ...]
    chosen: str


@dataclass(frozen=True, slots=True)
class ClaimPage:
    """Everything the page of a claim shows; its JSON has the same fields."""

    ref: Ref
    title: str
    kind: str
    statement: Statement
    facts: tuple[Edge, ...]
    span: Span | None
    decisions: tuple[Decision, ...]
    follows: tuple[Edge, ...]
    falls: tuple[Edge, ...] | None  # None: not worked out
    graphs: tuple[Ref, ...]


def claim_page(reader: Reader, iri: str, falling: Falling | None = None) -> ClaimPage | None:
    """Return the page of a claim, or None when there is none; `falling` says what would go with it."""
    node = NamedNode(iri)
    said = reader.rows("claims", claim=[node])
    found = claim_facts(said)
    if not found or not found[0].all("hasHedge"):
        return None
    spans, decisions = reader.rows("span", claim=[node]), reader.rows("decisions", claim=[node])
    follows = [(row["s"], row["p"], row["o"]) for row in reader.rows("claim-follows", claim=[node])]
    falls = list(falling(iri)) if falling else []
    hedge_rows = reader.rows("edge-hedges", entity=sorted({s for s, _, _ in [*follows, *falls]}, key=str))
    terms = terms_of(said) | terms_of(spans) | terms_of(decisions) | terms_of(hedge_rows) | {node}
    naming = reader.naming(terms | {t for triple in [*follows, *falls] for t in triple})
    hedged = weakest(hedge_rows, naming)
    own = statement(found[0], naming)
    return ClaimPage(
        ref=naming.iri(iri),
        title=own.summary or own.name,
        kind="claim",
        statement=own,
        facts=tuple(_facts(node, said, naming)),
        span=next((_span(row, naming) for row in spans), None),
        decisions=_decisions(decisions, naming),
        follows=tuple(_derived(follows, naming, hedged)),
        falls=tuple(_derived(falls, naming, hedged)) if falling else None,
        graphs=tuple(_graph(own.name, part) for part in ("assertion", "provenance", "pubinfo", "head")),
    )


def _facts(node: NamedNode, rows: Iterable[Row], naming: Naming) -> Iterable[Edge]:
    """Yield the claim's properties, each once, in the order of their labels."""
    pairs = {(row["p"], row["o"]) for row in rows if text(row, "p") not in _SHOWN}
    for predicate, target in sorted(pairs, key=lambda pair: (naming.ref(pair[0]).label, str(pair[1]))):
        yield Edge(naming.ref(node), naming.ref(predicate), naming.ref(target), ASSERTED, False, "")


def _span(row: Row, naming: Naming) -> Span:
    return Span(
        ref=naming.ref(row["span"]),
        sentence=naming.ref(row["sentence"]) if "sentence" in row else None,
        document=naming.ref(row["document"]) if "document" in row else None,
        start=number(row, "start"),
        end=number(row, "end"),
        sha256=text(row, "sha256"),
        curated=text(row, "curated"),
    )


def _decisions(rows: Iterable[Row], naming: Naming) -> tuple[Decision, ...]:
    readings: dict[Term, dict[str, None]] = {}
    chosen: dict[Term, str] = {}
    for row in rows:
        reading = text(row, "reading")
        readings.setdefault(row["decision"], {}).update({reading: None} if reading else {})
        chosen[row["decision"]] = text(row, "chosen")
    return tuple(Decision(naming.ref(d), tuple(texts), chosen[d]) for d, texts in readings.items())


def _derived(
    triples: Iterable[Triples], naming: Naming, hedged: Mapping[Triples, tuple[Hedge, ...]]
) -> Iterable[Edge]:
    for subject, predicate, target in triples:
        negative = isinstance(predicate, NamedNode) and is_negative(predicate.value)
        ends = naming.ref(subject), naming.ref(predicate), naming.ref(target)
        hedges = hedged.get((subject, predicate, target), ())
        yield Edge(*ends, INFERRED, negative, why(subject, predicate, target), hedges)


def _graph(name: str, part: str) -> Ref:
    iri = f"{GRAPH}claim/{name}/{part}"
    return Ref(
        label=part,
        iri=iri,
        curie=f"graph:claim/{name}/{part}",
        href="/" + iri.removeprefix(BASE),
        kind="graph",
    )
