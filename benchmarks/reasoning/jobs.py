"""One job of the reasoning benchmark, in a process of its own.

Prints one line of JSON: seconds by phase, peak memory in MiB, triples given and inferred.
"""

from __future__ import annotations

import json
import os
import random
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import Any

import pyoxigraph as ox
from pyoxigraph import Triple

from kg.namespaces import GRAPH, RDFS, SKOS
from kg.settings import PROJECT_ROOT
from rlreason.triple_sources import from_rdflib_graph

CASES = PROJECT_ROOT / "tests" / "rlreason" / "cases"


class Clock:
    """Seconds by phase: by the clock, and of processor time, which other work disturbs less."""

    def __init__(self) -> None:
        self.phases: dict[str, float] = {}
        self.busy: dict[str, float] = {}
        self._last = time.perf_counter()
        self._worked = time.process_time()

    def mark(self, phase: str) -> None:
        """End a phase."""
        now, worked = time.perf_counter(), time.process_time()
        self.phases[phase] = round(now - self._last, 3)
        self.busy[phase] = round(worked - self._worked, 3)
        self._last, self._worked = now, worked


def ours(files: list[Path], clock: Clock, beside: Path | None = None) -> dict[str, int]:
    """Close with rlreason, which can be queried at once, then load the closure into a SPARQL store on disk.

    The mappings in the file `beside` are loaded into that store too, and queried together with the closure.
    """
    from kg.linking.readers.format_dispatch import read_triples_of_files
    from rlreason import close

    triples = list(read_triples_of_files(files))
    clock.mark("read")
    closure = close(triples, unnamed_expressions=False)  # as `kg reason` does
    _ = triples[0] in closure  # can be queried
    clock.mark("close")
    given, new = len(closure.asserted_facts), len(closure)
    del triples
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "closure.nt"
        with path.open("wb") as stream:
            closure.write_ntriples(stream, with_asserted=True)
        clock.mark("write")
        peak = rss()
        store = load(path, folder, clock)
        met = _met(store, beside, clock) if beside else {}
        del store
    return {"given": given, "inferred": new, "peak_closed": peak, **met}


def load(path: Path, folder: str, clock: Clock) -> ox.Store:
    """Bulk-load a closure into a SPARQL store on disk, query it once, and return it."""
    store = ox.Store(os.path.join(folder, "store"))
    store.bulk_load(path=str(path), format=ox.RdfFormat.N_TRIPLES)
    store.query("ASK { ?s ?p ?o }")
    clock.mark("store")
    return store


def beside_mappings(files: list[Path], clock: Clock) -> dict[str, int]:
    """Close all files but the last; load that one, the mappings, beside the closure, and query both.

    The reasoner never reads mappings: an exact match is not owl:sameAs. They meet the hierarchies in a query.
    """
    *read, mappings = files
    return ours(read, clock, mappings)


def _met(store: ox.Store, mappings: Path, clock: Clock) -> dict[str, int]:
    """Return how many mapping triples there are, and how many of our terms they lead into a hierarchy."""
    store.bulk_load(path=str(mappings), format=ox.RdfFormat.N_TRIPLES, to_graph=GRAPH["mappings"])
    clock.mark("mappings")
    query = f"""SELECT (COUNT(DISTINCT ?ours) AS ?n) WHERE {{
        GRAPH {GRAPH["mappings"]} {{ ?ours {SKOS["exactMatch"]} ?theirs }}
        ?theirs {RDFS["subClassOf"]} ?above }}"""
    rows = list(store.query(query))  # type: ignore[arg-type]  # a SELECT
    clock.mark("query over both")
    inside = len(list(store.quads_for_pattern(None, None, None, GRAPH["mappings"])))
    return {"mapping_triples": inside, "terms_led_into_hierarchies": int(rows[0]["n"].value)}


def owlrl(path: Path, clock: Clock) -> Iterator[Triple]:
    """Close with owlrl, in an rdflib graph, which is queryable; yield the closure, as all below."""
    import rdflib
    from owlrl import DeductiveClosure, OWLRL_Semantics

    graph = rdflib.Graph().parse(path, format="nt")
    clock.mark("read")
    DeductiveClosure(OWLRL_Semantics, axiomatic_triples=False, datatype_axioms=False).expand(graph)
    clock.mark("close")
    yield from from_rdflib_graph(graph)


def owlrl_turbo(path: Path, clock: Clock) -> Iterator[Triple]:
    """Close with owlrl-turbo, in a graph of its native store."""
    engine = import_module("owlrl_turbo")
    graph = engine.Graph().parse(path, format="nt")
    clock.mark("read")
    engine.expand(graph, inplace=True)
    clock.mark("close")
    yield from from_rdflib_graph(graph)


def reasonable(path: Path, clock: Clock) -> Iterator[Triple]:
    """Close with reasonable, whose closure is a list of triples of rdflib."""
    reasoner = import_module("reasonable").PyReasoner()
    turtle = path.with_suffix(".ttl")  # it knows N-Triples by no suffix
    turtle.write_bytes(path.read_bytes())
    reasoner.load_file(str(turtle))
    clock.mark("read")
    triples = reasoner.reason()
    clock.mark("close")
    yield from from_rdflib_graph(triples)


def sparq(path: Path, clock: Clock) -> Iterator[Triple]:
    """Close with sparq-rdf, in its own store."""
    graph = import_module("sparq").Graph.load(str(path), "ntriples")
    clock.mark("read")
    graph.reason("owl")
    clock.mark("close")
    for terms in graph.construct("CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }"):
        yield ox.Triple(*map(_from_sparq, terms))


def _from_sparq(term: Any) -> Any:
    """Return a term of sparq-rdf as one of pyoxigraph."""
    if term.kind != "literal":
        return ox.NamedNode(term.value) if term.kind == "uri" else ox.BlankNode(term.value)
    datatype = None if term.language else ox.NamedNode(term.datatype)
    return ox.Literal(term.value, language=term.language, datatype=datatype)


def rlreason(path: Path, clock: Clock) -> Iterator[Triple]:
    """Close with rlreason, as `kg reason` does."""
    from kg.linking.readers.format_dispatch import read_triples_of_files
    from rlreason import close

    triples = list(read_triples_of_files([path]))
    clock.mark("read")
    closure = close(triples, unnamed_expressions=False)
    _ = triples[0] in closure  # can be queried
    clock.mark("close")
    yield from closure.iterate_triples(with_asserted=True)


ENGINES: dict[str, Callable[[Path, Clock], Iterator[Triple]]] = {
    "rlreason": rlreason,
    "owlrl": owlrl,
    "owlrl_turbo": owlrl_turbo,
    "reasonable": reasonable,
    "sparq": sparq,
}


def compare(files: list[Path], clock: Clock) -> dict[str, int]:
    """Close a file of N-Triples with the engine named last; write the closure's triples without blank nodes.

    `peak_closed` is the memory before they are written.
    """
    path, output, engine = files
    closure = ENGINES[engine.name](path, clock)
    first = next(closure)
    peak = rss()
    named = {str(triple) for triple in chain([first], closure) if not _has_blank_node(triple)}
    output.write_text("".join(f"{line} .\n" for line in sorted(named)), "utf-8")
    clock.mark("write")
    return {"named": len(named), "peak_closed": peak}


def _has_blank_node(triple: Triple) -> bool:
    return isinstance(triple.subject, ox.BlankNode) or isinstance(triple.object, ox.BlankNode)


def rule_cases(files: list[Path], clock: Clock) -> dict[str, int]:
    """Count the rule cases of tests/rlreason/cases that an engine concludes as it should.

    Of a case, all named triples of then.ttl must follow and none of never.ttl. Not counted are those that
    only contradict or ask for axiomatic triples, since not every engine tells of these.
    """
    engine = ENGINES[files[0].name]
    right = count = 0
    with tempfile.TemporaryDirectory() as folder:
        given = Path(folder) / "given.nt"
        for case in sorted(
            {path.parent for path in CASES.glob("*/*/then.ttl")} | set(CASES.glob("*/silent*"))
        ):
            wanted, unwanted = (_read_named(case / f"{name}.ttl") for name in ("then", "never"))
            if not (wanted or unwanted) or "# axiomatic: yes" in (case / "given.ttl").read_text("utf-8"):
                continue
            triples = (quad.triple for quad in ox.parse(path=str(case / "given.ttl")))
            given.write_bytes(ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES) or b"")
            count += 1
            try:
                closed = set(engine(given, Clock()))
            except Exception as error:  # an engine that fails has not concluded it
                print(f"{files[0].name} {case.parent.name}/{case.name}: {error}", file=sys.stderr)
                continue
            right += wanted <= closed and not unwanted & closed
    clock.mark("close")
    return {"cases": count, "right": right}


def _read_named(path: Path) -> set[Triple]:
    """Return the triples of a file without blank nodes; none where there is no file."""
    quads = ox.parse(path=str(path)) if path.exists() else ()
    return {quad.triple for quad in quads if not _has_blank_node(quad.triple)}


def own_graph(_: list[Path], clock: Clock) -> dict[str, int]:
    """Write our own graph's reasoner input, and its mappings, as N-Triples to the two files named."""
    from kg.build.opening import open_build
    from kg.model.graphs import select_reasoner_input
    from kg.settings import Settings

    store = open_build(Settings.from_environment(os.environ))
    asserted = {t for graph in select_reasoner_input(store.graph_names()) for t in store.read_graph(graph)}
    for name, triples in ((sys.argv[3], asserted), (sys.argv[4], store.read_graph(GRAPH["mappings"]))):
        Path(name).write_bytes(ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES) or b"")
    clock.mark("write")
    return {"given": len(asserted)}


def cases(_: list[Path], clock: Clock) -> dict[str, float]:
    """Answer 200 cases of five features drawn at random; contradictory draws are refused and not counted."""
    from kg.build.opening import open_build
    from kg.build.project_rules import load_project_rules
    from kg.errors import BadQuery
    from kg.pages.case.view import CaseContext, case_page
    from kg.pages.page_queries import PageQueryReader, ReasonerInput
    from kg.settings import Settings

    settings = Settings.from_environment(os.environ)
    reader = PageQueryReader.from_root(open_build(settings), settings.root)
    rules = load_project_rules(settings.root)
    judged = CaseContext.load(reader, ReasonerInput.load(reader.store, rules))
    clock.mark("load")
    draw = random.Random(7)  # noqa: S311
    spent: list[float] = []
    busy: list[float] = []
    features = [feature.value for feature in judged.knowledge.features]
    while len(spent) < 200:
        picked = draw.sample(features, 5)
        started, worked = time.perf_counter(), time.process_time()
        try:
            case_page(judged, picked[:4], picked[4:])
        except BadQuery:
            continue
        spent.append(time.perf_counter() - started)
        busy.append(time.process_time() - worked)
    clock.mark("answers")
    return _spread(spent, busy)


def proofs(_: list[Path], clock: Clock) -> dict[str, float]:
    """Explain every fifth inferred edge of the published graph, as the page shows it."""
    from kg.build.opening import open_build
    from kg.build.project_rules import load_project_rules
    from kg.pages.explain.view import explain_triple
    from kg.pages.page_queries import PageQueryReader, ReasonerInput
    from kg.settings import Settings

    settings = Settings.from_environment(os.environ)
    store = open_build(settings)
    reader = PageQueryReader.from_root(store, settings.root)
    prover = ReasonerInput.load(store, load_project_rules(settings.root)).make_prover()
    naming = reader.load_all_labels()
    clock.mark("load")
    spent: list[float] = []
    busy: list[float] = []
    for triple in sorted(store.read_graph(GRAPH["inferred"]), key=str)[::5]:
        started, worked = time.perf_counter(), time.process_time()
        explain_triple(prover, reader, naming, triple)
        spent.append(time.perf_counter() - started)
        busy.append(time.process_time() - worked)
    clock.mark("answers")
    return _spread(spent, busy)


def _spread(spent: list[float], busy: list[float]) -> dict[str, float]:
    """Return milliseconds by the clock (median, 95th percentile, worst), and of processor time (95th)."""
    percentile = statistics.quantiles(spent, n=100)
    return {
        "count": len(spent),
        "median_ms": round(1000 * percentile[49], 2),
        "p95_ms": round(1000 * percentile[94], 2),
        "worst_ms": round(1000 * max(spent), 2),
        "p95_cpu_ms": round(1000 * statistics.quantiles(busy, n=100)[94], 2),
    }


def rss() -> int:
    """Return the peak memory of this process in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


JOBS: dict[str, Callable[[list[Path], Clock], dict[str, int] | dict[str, float]]] = {
    "ours": ours,
    "beside_mappings": beside_mappings,
    "compare": compare,
    "rule_cases": rule_cases,
    "own_graph": own_graph,
    "cases": cases,
    "proofs": proofs,
}


def main() -> None:
    """Run one job."""
    clock = Clock()
    found = JOBS[sys.argv[1]]([Path(name) for name in sys.argv[2:] if name != "-"], clock)
    print(json.dumps({**found, "seconds": clock.phases, "cpu_seconds": clock.busy, "peak_mib": rss()}))


if __name__ == "__main__":
    main()
