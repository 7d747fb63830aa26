"""`kg build`: load -> validate -> reason -> publish. `kg check` stops before publishing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from pyoxigraph import Triple

from kg.build.document_choice import drop_concepts, keep_documents
from kg.build.edge_annotations import EdgeAnnotator
from kg.build.generated_graphs import add_metadata, add_nanopublications, summarize_graphs
from kg.build.loading import BuildDataset, ProjectSources, hash_input_files, load_project, load_shapes
from kg.build.mapping_graph import find_mapping_mistakes, read_mapping_triples
from kg.build.publishing import CURRENT_LINK, GRAPH_FILE, Manifest, publish_build, read_manifest
from kg.build.query_checks import find_question_mistakes, run_query_checks
from kg.build.reader_copy import find_anchor_mistakes
from kg.build.reasoning import (
    Reasoner,
    close_by_project_rules,
    find_profile_mistakes,
    load_reasoner,
    select_published,
)
from kg.build.shape_checks import find_shape_violations, locate_violations
from kg.build.vocabulary_checks import find_duplicate_definitions, find_unknown_terms
from kg.errors import BadData, Inconsistent, InvalidFiles
from kg.model.graphs import INFERRED, MAPPINGS, ONTOLOGY, WEAKEST_HEDGES, is_in_default_graph
from kg.model.recognisers import generate_recognisers
from kg.settings import Settings
from rlreason import Closure
from sparqlhost.store.local_store import MemoryStore

ProgressCallback = Callable[[str], None]

KG_VERSION = version("rrall-kg")


@dataclass(frozen=True, slots=True)
class PublishedBuild:
    """A published build: its folder and its manifest."""

    folder: Path
    manifest: Manifest


def build(
    settings: Settings, *, reasoner_name: str = "rules", progress: ProgressCallback = lambda _: None
) -> PublishedBuild:
    """Build the graph of the files under `settings.root` and publish it, cut down to `settings.documents`.

    The files of all documents are checked. Raises InvalidFiles with every mistake of them, Inconsistent when
    they contradict the ontology, BadData for a document that there is not, StoreUnavailable when the build
    cannot be written; the last good build stays in each case.
    """
    sources, reasoner = check_project(settings, reasoner_name=reasoner_name, progress=progress)
    if settings.documents:
        sources = load_documents(settings.root, settings.documents, reasoner)
    progress("publishing")
    return publish_dataset(settings, sources.dataset, reasoner)


def load_documents(root: Path, names: Collection[str], reasoner: Reasoner) -> ProjectSources:
    """Return a checked project with what some documents state and what follows; raises BadData."""
    sources = load_project(root)
    unused = keep_documents(sources, names)
    drop_concepts(sources.dataset, unused)
    add_generated_graphs(sources)
    drop_concepts(sources.dataset, unused)  # their mappings are read by now
    add_inferences(sources, reasoner, [])
    return sources


def build_if_missing(settings: Settings, announce: ProgressCallback = lambda _: None) -> None:
    """Build when one is to be served and there is none yet; `announce` is called first. Raises as `build`."""
    if settings.empty:
        return
    if (settings.build_dir / CURRENT_LINK).exists():
        if read_manifest(settings).documents == settings.documents:
            return
        announce("KG_DOCUMENTS has changed: building the graph.")
    else:
        announce("No build yet: building the graph.")
    build(settings)


def check_project(
    settings: Settings, *, reasoner_name: str = "rules", progress: ProgressCallback = lambda _: None
) -> tuple[ProjectSources, Reasoner]:
    """Load, validate and reason; return what `publish_dataset` takes. Raises InvalidFiles, Inconsistent."""
    reasoner = load_reasoner(reasoner_name, settings.root)
    progress("loading")
    sources = load_project(settings.root)
    add_generated_graphs(sources)
    progress("validating")
    mistakes = validate_sources(settings, sources)
    progress("reasoning")
    contradictions = add_inferences(sources, reasoner, mistakes)
    progress("validating the inferences")
    mistakes += validate_inferences(sources, contradictions, mistakes)
    if mistakes:
        raise InvalidFiles(mistakes)
    return sources, reasoner


def add_generated_graphs(sources: ProjectSources) -> None:
    """Add what is generated from the files: recognisers, nanopublications, mappings."""
    sources.dataset.add_triples(ONTOLOGY, generate_recognisers(sources.dataset.merge_reasoner_input()))
    add_nanopublications(sources.dataset)
    sources.dataset.add_triples(MAPPINGS, read_mapping_triples(sources.root))


def validate_sources(settings: Settings, sources: ProjectSources) -> list[BadData]:
    """Return every mistake of the files that shows before reasoning."""
    return [
        *sources.mistakes,
        *find_unknown_terms(sources.places),
        *find_duplicate_definitions(sources.places),
        *_check_with_shapes(sources, "asserted"),
        *find_profile_mistakes(sources.files, sources.places),
        *find_mapping_mistakes(sources.root, sources.dataset, sources.places),
        *find_anchor_mistakes(settings, sources.dataset, sources.places),
    ]


def add_inferences(sources: ProjectSources, reasoner: Reasoner, mistakes: list[BadData]) -> list[str]:
    """Add the closure, and what its edges rest on, to the dataset; return the contradictions as sentences.

    Raises InvalidFiles with `mistakes` and one more when a rule cannot be read.
    """
    asserted = sources.dataset.merge_reasoner_input()
    try:
        closure = reasoner.close(asserted)
        explained = closure  # owlrl has no proofs, so there our own rules are asked for them
        if not isinstance(explained, Closure):
            explained = close_by_project_rules(sources.root, asserted)
    except BadData as broken_rule:
        raise InvalidFiles([*mistakes, broken_rule]) from broken_rule
    inferred = select_published(closure.inferred, asserted) - sources.dataset.merge_default_graph()
    sources.dataset.add_triples(INFERRED, inferred)
    edges = EdgeAnnotator().describe_edges(explained, inferred, sources.dataset.graphs)
    sources.dataset.add_triples(WEAKEST_HEDGES, frozenset().union(*edges.values()))
    return [str(inconsistency).rstrip(".") for inconsistency in closure.inconsistencies]


def validate_inferences(
    sources: ProjectSources, contradictions: list[str], mistakes: list[BadData]
) -> list[BadData]:
    """Return the mistakes that show after reasoning, at places where none of `mistakes` was found.

    Contradictions and shapes are looked at only when the files are in order: what a mistake leads to is no
    mistake of its own. Raises Inconsistent.
    """
    further: list[BadData] = []
    if not mistakes:
        raise_if_inconsistent(contradictions)
        further = _check_with_shapes(sources, "inferred")
    reported = {(mistake.location, mistake.line) for mistake in (*mistakes, *further)}
    rows = _check_with_queries(sources)
    return further + [mistake for mistake in rows if (mistake.location, mistake.line) not in reported]


def raise_if_inconsistent(contradictions: list[str]) -> None:
    """Raise Inconsistent, one paragraph, when something contradicts the ontology."""
    if contradictions:
        count = "one place" if len(contradictions) == 1 else f"{len(contradictions)} places"
        raise Inconsistent(
            f"The data contradict the ontology in {count}: {'. '.join(contradictions)}.",
            hint="Fix one of the statements named and build again; the last good build stays.",
        )


def _check_with_queries(sources: ProjectSources) -> list[BadData]:
    """Return a mistake for each row of a check, and what is wrong with the questions."""
    with MemoryStore() as store:
        store.load_quads(sources.dataset.iterate_quads())
        return [
            *run_query_checks(store, sources.root / "queries" / "checks", sources.places),
            *find_question_mistakes(sources.root),
        ]


def _check_with_shapes(sources: ProjectSources, stage: str) -> list[BadData]:
    """Return the violations of the shapes of a stage, and what is wrong with the shapes."""
    files = load_shapes(sources.root, stage)
    shapes: list[Triple] = [triple for file in files for triple in file.triples]
    violations = find_shape_violations(sources.dataset.merge_default_graph(), shapes)
    return [
        *(mistake for file in files for mistake in file.mistakes),
        *locate_violations(violations, sources.places),
    ]


def publish_dataset(settings: Settings, dataset: BuildDataset, reasoner: Reasoner) -> PublishedBuild:
    """Add the description of the graphs, serialize all of them and publish the files."""
    add_metadata(dataset, KG_VERSION, str(reasoner))
    content = dataset.serialize_nquads()
    manifest = _make_manifest(settings, dataset, content, str(reasoner))
    return PublishedBuild(publish_build(settings.build_dir, manifest, {GRAPH_FILE: content}), manifest)


def _make_manifest(settings: Settings, dataset: BuildDataset, content: bytes, reasoner_name: str) -> Manifest:
    """Return the description of a build that is published beside it."""
    digest = hashlib.sha256(content).hexdigest()
    return Manifest(
        version=f"{KG_VERSION}+{digest[:12]}",
        digest=digest,
        graphs=summarize_graphs(dataset),
        default_graph=tuple(name.value for name in dataset.list_graph_names() if is_in_default_graph(name)),
        default_triples=len(dataset.merge_default_graph()),
        sources=hash_input_files(settings.root),
        reasoner=reasoner_name,
        documents=settings.documents,
    )
