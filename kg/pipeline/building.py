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
from kg.pipeline.hedging import add_weakest_hedges
from kg.pipeline.load import Sources, digests, load, shapes
from kg.pipeline.manifest import Manifest
from kg.pipeline.mapped import mapping_mistakes, mapping_triples
from kg.pipeline.metadata import add_metadata, entries
from kg.pipeline.nanopubs import add_nanopubs
from kg.pipeline.profiling import outside_profile
from kg.pipeline.publish import GRAPH_FILE, publish
from kg.pipeline.questioning import question_mistakes
from kg.pipeline.reasoners import Reasoner, reasoner
from kg.pipeline.shacl import mistakes as shacl_mistakes
from kg.pipeline.shacl import violations
from kg.pipeline.vocabulary import duplicates, unknown_terms
from kg.reasoning.publication import worth_publishing
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
    sources, used = check(settings, engine=engine, progress=progress)
    progress("publishing")
    return _publish(settings, sources.dataset, used)


def check(
    settings: Settings, *, engine: str = "rules", progress: Progress = lambda _: None
) -> tuple[Sources, Reasoner]:
    """Load, validate, reason and validate what follows; publish nothing. Raises BadFiles, Inconsistent."""
    used = reasoner(engine)
    progress("loading")
    sources = load(settings.root)
    complete(sources)
    progress("validating")
    mistakes = validate(settings, sources)
    progress("reasoning")
    try:
        contradictions = reason(sources, used)
    except BadData as broken:  # a rule that cannot be read
        raise BadFiles([*mistakes, broken]) from broken
    if not mistakes:
        raise_if_inconsistent(contradictions)
    progress("validating what follows")
    if not mistakes:
        mistakes = _by_shapes(sources, "inferred")
    raise_if_any(mistakes + _elsewhere(_by_queries(sources), mistakes))
    return sources, used


def _elsewhere(found: list[BadData], known: list[BadData]) -> list[BadData]:
    """Return the mistakes at places not complained of yet: one mistake, one sentence."""
    places = {(mistake.where, mistake.line) for mistake in known}
    return [mistake for mistake in found if (mistake.where, mistake.line) not in places]


def complete(sources: Sources) -> None:
    """Add what is generated from the files: recognisers, nanopublications, mappings."""
    sources.dataset.add(ONTOLOGY, recognisers(sources.dataset.graphs.get(ASSERTED, ())))
    add_nanopubs(sources.dataset)
    sources.dataset.add(MAPPINGS, mapping_triples(sources.root))


def validate(settings: Settings, sources: Sources) -> list[BadData]:
    """Return every mistake of the files before reasoning."""
    found = [*sources.mistakes, *unknown_terms(sources.places), *duplicates(sources.places)]
    found += _by_shapes(sources, "asserted")
    found += outside_profile(sources.files, sources.places)
    found += mapping_mistakes(sources.root, sources.dataset, sources.places)
    return found + anchor_mistakes(settings, sources.dataset, sources.places)


def _by_queries(sources: Sources) -> list[BadData]:
    """Return the rows of the checks, each of which is a mistake, and what is wrong with the questions."""
    with MemoryStore() as store:
        store.load(sources.dataset.quads())
        found = list(run_checks(store, sources.root / "queries" / "checks", sources.places))
        return found + list(question_mistakes(sources.root, store))


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


def reason(sources: Sources, used: Reasoner) -> list[str]:
    """Add the closure and its weakest hedges to the dataset; return what contradicts, as sentences."""
    given = sources.dataset.reasoner_input()
    closure = used.close(given)
    sources.dataset.add(INFERRED, worth_publishing(closure.inferred, given) - sources.dataset.default())
    add_weakest_hedges(sources.dataset, sources.root)
    return [str(each).rstrip(".") for each in closure.inconsistencies]


def raise_if_inconsistent(contradictions: list[str]) -> None:
    """Raise Inconsistent, one paragraph, when something contradicts the ontology."""
    if contradictions:
        count = "one place" if len(contradictions) == 1 else f"{len(contradictions)} places"
        raise Inconsistent(
            f"The data contradict the ontology in {count}: {'. '.join(contradictions)}.",
            todo="Mend one of the statements named and build again; the last good build stays.",
        )


def _publish(settings: Settings, dataset: Dataset, used: Reasoner) -> Built:
    """Serialise and publish the dataset."""
    add_metadata(dataset, VERSION, str(used))
    content = dataset.nquads()
    manifest = _manifest(settings.root, dataset, content, str(used))
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
