"""`kg build`: load -> validate -> reason -> publish. `kg check` stops after validation."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from pyoxigraph import Triple

from kg.model.recognisers import generate_recognisers
from kg.errors import BadData, Inconsistent, InvalidFiles
from kg.build.reader_copy import find_anchor_mistakes
from kg.build.query_checks import run_query_checks
from kg.build.loading import ASSERTED, INFERRED, MAPPINGS, ONTOLOGY, BuildDataset, is_in_default_graph
from kg.build.generated_graphs import add_weakest_hedges
from kg.build.loading import ProjectSources, hash_input_files, load_project, load_shapes
from kg.build.publishing import Manifest
from kg.build.mapping_graph import find_mapping_mistakes, read_mapping_triples
from kg.build.generated_graphs import add_metadata, summarize_graphs
from kg.build.generated_graphs import add_nanopublications
from kg.build.reasoning import find_profile_mistakes
from kg.build.publishing import GRAPH_FILE, publish_build
from kg.build.query_checks import find_question_mistakes
from kg.build.reasoning import Reasoner, load_reasoner
from kg.build.shape_checks import find_shape_violations
from kg.build.shape_checks import locate_violations as shacl_mistakes
from kg.build.vocabulary_checks import find_duplicate_definitions, find_unknown_terms
from kg.build.reasoning import select_published
from kg.settings import Settings
from sparqlhost.store.local_store import MemoryStore

ProgressCallback = Callable[[str], None]

KG_VERSION = version("rrall-kg")


@dataclass(frozen=True, slots=True)
class PublishedBuild:
    """A published build: its folder and what it says of itself."""

    folder: Path
    manifest: Manifest


def build(
    settings: Settings, *, reasoner_name: str = "rules", progress: ProgressCallback = lambda _: None
) -> PublishedBuild:
    """Build the graph of the files under `settings.root` and publish it.

    Raises InvalidFiles with every mistake of the files, Inconsistent when they contradict the ontology,
    StoreUnavailable when the build cannot be written; the last good build stays in each case.
    """
    sources, used = check_project(settings, reasoner_name=reasoner_name, progress=progress)
    progress("publishing")
    return _publish_dataset(settings, sources.dataset, used)


def check_project(
    settings: Settings, *, reasoner_name: str = "rules", progress: ProgressCallback = lambda _: None
) -> tuple[ProjectSources, Reasoner]:
    """Load, validate, reason and validate what follows; publish nothing. Raises InvalidFiles, Inconsistent."""
    used = load_reasoner(reasoner_name)
    progress("loading")
    sources = load_project(settings.root)
    add_generated_graphs(sources)
    progress("validating")
    mistakes = validate_sources(settings, sources)
    progress("reasoning")
    try:
        contradictions = add_inferences(sources, used)
    except BadData as broken:  # a rule that cannot be read
        raise InvalidFiles([*mistakes, broken]) from broken
    if not mistakes:
        raise_if_inconsistent(contradictions)
    progress("validating what follows")
    if not mistakes:
        mistakes = _check_with_shapes(sources, "inferred")
    raise_if_invalid(mistakes + _drop_reported_places(_check_with_queries(sources), mistakes))
    return sources, used


def _drop_reported_places(mistakes: list[BadData], reported: list[BadData]) -> list[BadData]:
    """Return the mistakes at places not complained of yet: one mistake, one sentence."""
    places = {(mistake.location, mistake.line) for mistake in reported}
    return [mistake for mistake in mistakes if (mistake.location, mistake.line) not in places]


def add_generated_graphs(sources: ProjectSources) -> None:
    """Add what is generated from the files: recognisers, nanopublications, mappings."""
    sources.dataset.add_triples(ONTOLOGY, generate_recognisers(sources.dataset.graphs.get(ASSERTED, ())))
    add_nanopublications(sources.dataset)
    sources.dataset.add_triples(MAPPINGS, read_mapping_triples(sources.root))


def validate_sources(settings: Settings, sources: ProjectSources) -> list[BadData]:
    """Return every mistake of the files before reasoning."""
    found = [
        *sources.mistakes,
        *find_unknown_terms(sources.places),
        *find_duplicate_definitions(sources.places),
    ]
    found += _check_with_shapes(sources, "asserted")
    found += find_profile_mistakes(sources.files, sources.places)
    found += find_mapping_mistakes(sources.root, sources.dataset, sources.places)
    return found + find_anchor_mistakes(settings, sources.dataset, sources.places)


def _check_with_queries(sources: ProjectSources) -> list[BadData]:
    """Return the rows of the checks, each of which is a mistake, and what is wrong with the questions."""
    with MemoryStore() as store:
        store.load_quads(sources.dataset.iterate_quads())
        found = list(run_query_checks(store, sources.root / "queries" / "checks", sources.places))
        return found + list(find_question_mistakes(sources.root, store))


def _check_with_shapes(sources: ProjectSources, stage: str) -> list[BadData]:
    """Return what the shapes of a stage find, or what is wrong with the shapes."""
    files = load_shapes(sources.root, stage)
    found = [mistake for file in files for mistake in file.mistakes]
    rules: list[Triple] = [triple for file in files for triple in file.triples]
    return found + list(
        shacl_mistakes(find_shape_violations(sources.dataset.merge_default_graph(), rules), sources.places)
    )


def raise_if_invalid(mistakes: list[BadData]) -> None:
    """Raise InvalidFiles when there are mistakes."""
    if mistakes:
        raise InvalidFiles(mistakes)


def add_inferences(sources: ProjectSources, reasoner: Reasoner) -> list[str]:
    """Add the closure and its weakest hedges to the dataset; return what contradicts, as sentences."""
    given = sources.dataset.merge_reasoner_input()
    closure = reasoner.close(given)
    sources.dataset.add_triples(
        INFERRED, select_published(closure.inferred, given) - sources.dataset.merge_default_graph()
    )
    add_weakest_hedges(sources.dataset, sources.root)
    return [str(each).rstrip(".") for each in closure.inconsistencies]


def raise_if_inconsistent(contradictions: list[str]) -> None:
    """Raise Inconsistent, one paragraph, when something contradicts the ontology."""
    if contradictions:
        count = "one place" if len(contradictions) == 1 else f"{len(contradictions)} places"
        raise Inconsistent(
            f"The data contradict the ontology in {count}: {'. '.join(contradictions)}.",
            hint="Mend one of the statements named and build again; the last good build stays.",
        )


def _publish_dataset(settings: Settings, dataset: BuildDataset, reasoner: Reasoner) -> PublishedBuild:
    """Serialise and publish the dataset."""
    add_metadata(dataset, KG_VERSION, str(reasoner))
    content = dataset.serialize_nquads()
    manifest = _make_manifest(settings.root, dataset, content, str(reasoner))
    return PublishedBuild(publish_build(settings.build_dir, manifest, {GRAPH_FILE: content}), manifest)


def _make_manifest(root: Path, dataset: BuildDataset, content: bytes, reasoner_name: str) -> Manifest:
    """Return what a build says of itself."""
    digest = hashlib.sha256(content).hexdigest()
    return Manifest(
        version=f"{KG_VERSION}+{digest[:12]}",
        digest=digest,
        graphs=summarize_graphs(dataset),
        default_graph=tuple(name.value for name in dataset.list_graph_names() if is_in_default_graph(name)),
        default_triples=len(dataset.merge_default_graph()),
        sources=hash_input_files(root),
        reasoner=reasoner_name,
    )
