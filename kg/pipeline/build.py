"""`kg build`: load -> validate -> reason -> publish. `kg check` stops after validation."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from pyoxigraph import Triple

from kg.claims.recognisers import recognisers
from kg.errors import BadData, BadFiles, Inconsistent
from kg.pipeline.anchoring import anchor_mistakes
from kg.pipeline.checks import run_checks
from kg.pipeline.dataset import ASSERTED, INFERRED, MAPPINGS, ONTOLOGY, Dataset, in_default
from kg.pipeline.mapped import mapping_triples
from kg.pipeline.hedging import add_weakest_hedges
from kg.pipeline.load import Sources, digests, load, shapes
from kg.pipeline.manifest import Manifest
from kg.pipeline.metadata import add_metadata, entries
from kg.pipeline.nanopubs import add_nanopubs
from kg.pipeline.publish import GRAPH_FILE, publish
from kg.pipeline.reasoners import reasoner
from kg.pipeline.shacl import mistakes as shacl_mistakes
from kg.pipeline.shacl import violations
from kg.pipeline.vocabulary import duplicates, unknown_terms
from kg.settings import Settings
from kg.store.memory import MemoryStore

Progress = Callable[[str], None]

VERSION = version("rrall-kg")


@dataclass(frozen=True, slots=True)
class Built:
    """A published build: its folder and what it says of itself."""

    folder: Path
    manifest: Manifest


def build(settings: Settings, *, engine: str = "rules", progress: Progress = lambda _: None) -> Built:
    """Build the graph of the files under `settings.root` and publish it.

    Raises BadFiles with every mistake of the files, Inconsistent when they contradict the ontology,
    StoreUnavailable when the build cannot be written; the last good build stays in each case.
    """
    progress("loading")
    sources = load(settings.root)
    complete(sources)
    progress("validating")
    raise_if_any(validate(settings, sources))
    progress("reasoning")
    used = reason(sources, engine)
    progress("validating what follows")
    raise_if_any(validate_closure(settings, sources))
    progress("publishing")
    return _publish(settings, sources.dataset, used)


def check(settings: Settings, progress: Progress = lambda _: None) -> Sources:
    """Load and validate, without reasoning or publishing; raises BadFiles with every mistake."""
    progress("loading")
    sources = load(settings.root)
    complete(sources)
    progress("validating")
    raise_if_any(validate(settings, sources))
    return sources


def complete(sources: Sources) -> None:
    """Add what is generated from the files: recognisers, nanopublications, mappings."""
    sources.dataset.add(ONTOLOGY, recognisers(sources.dataset.graphs.get(ASSERTED, ())))
    add_nanopubs(sources.dataset)
    sources.dataset.add(MAPPINGS, mapping_triples(sources.root))


def validate(settings: Settings, sources: Sources) -> list[BadData]:
    """Return every mistake of the files before reasoning."""
    dataset, places = sources.dataset, sources.places
    found = [*sources.mistakes, *unknown_terms(places), *duplicates(places)]
    found += _by_shapes(sources, "asserted")
    found += anchor_mistakes(settings, dataset)
    return found


def validate_closure(settings: Settings, sources: Sources) -> list[BadData]:
    """Return the mistakes that show after reasoning: the smaller shapes, and checks with rows."""
    found = _by_shapes(sources, "inferred")
    with MemoryStore() as store:
        store.load(sources.dataset.quads())
        found += run_checks(store, settings.root / "queries" / "checks", sources.places)
    return found


def _by_shapes(sources: Sources, stage: str) -> list[BadData]:
    """Return what the shapes of a stage find, or what is wrong with the shapes."""
    files = shapes(sources.root, stage)
    found = [mistake for file in files for mistake in file.mistakes]
    rules: list[Triple] = [triple for file in files for triple in file.triples]
    return found + list(shacl_mistakes(violations(sources.dataset.default(), rules), sources.places))


def raise_if_any(mistakes: list[BadData]) -> None:
    """Raise BadFiles when there are mistakes."""
    if mistakes:
        raise BadFiles(mistakes)


def reason(sources: Sources, engine: str) -> str:
    """Add the closure to the dataset; return what reasoned. Raises Inconsistent."""
    used = reasoner(engine)
    closure = used.close(sources.dataset.reasoner_input())
    contradictions = list(closure.inconsistencies)
    if contradictions:
        raise Inconsistent(
            f"The data contradict the ontology in {len(contradictions)} places. "
            + " ".join(f"{str(each).rstrip('.')}." for each in contradictions),
            todo="Mend one of the statements named and run `kg build` again; the last good build stays.",
        )
    known = sources.dataset.default()
    sources.dataset.add(INFERRED, (triple for triple in closure.inferred if triple not in known))
    add_weakest_hedges(sources.dataset, sources.root)
    return f"{used.name} {used.version}"


def _publish(settings: Settings, dataset: Dataset, used: str) -> Built:
    """Serialise and publish the dataset."""
    add_metadata(dataset, VERSION, used)
    content = dataset.nquads()
    manifest = _manifest(settings.root, dataset, content, used)
    return Built(publish(settings.build_dir, manifest, {GRAPH_FILE: content}), manifest)


def _manifest(root: Path, dataset: Dataset, content: bytes, used: str) -> Manifest:
    """Return what a build says of itself."""
    digest = hashlib.sha256(content).hexdigest()
    return Manifest(
        version=f"{VERSION}+{digest[:12]}",
        digest=digest,
        graphs=entries(dataset),
        default_graph=tuple(name.value for name in dataset.names() if in_default(name)),
        default_triples=len(dataset.default()),
        sources=digests(root),
        reasoner=used,
    )
