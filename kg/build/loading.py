"""Load the files of a project into the named graphs of a build; the table in data/README.md is the rule.

Nothing here raises for what a file holds: mistakes are collected, so that one run reports all of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pyoxigraph import BlankNode, NamedNode, Quad, RdfFormat, Triple, serialize

from kg.build.derived_claims import (
    DRAFT_DECISIONS_FILE,
    SEGMENTS_FILE,
    SPANS_FILE,
    WRITTEN_ONLY,
    ClaimSpans,
    derive_completions,
    read_segment_files,
)
from kg.build.turtle_files import SourceLocator, TurtleFile, read_turtle
from kg.errors import BadData
from kg.model.graphs import (
    ASSERTED,
    BACKGROUND,
    ONTOLOGY,
    SOURCE,
    is_in_default_graph,
    is_reasoner_input,
    name_claim_graph,
)
from kg.namespaces import CLAIM, KG, OA, PREFIXES, compress_iri

_SPAN_PREFIX = PREFIXES["span"]

#: where Turtle stands -> the graph it goes to; None: the subject decides (`_choose_claim_graphs`).
_GRAPHS_OF_FILES: tuple[tuple[str, NamedNode | None], ...] = (
    ("ontology/*.ttl", ONTOLOGY),
    ("data/concepts/*.ttl", ASSERTED),
    ("data/background.ttl", BACKGROUND),
    ("data/sources/*/*.ttl", SOURCE),
    ("data/claims/**/*.ttl", None),
)
#: tables beside the description of a document
_TABLES = (SEGMENTS_FILE, SPANS_FILE, DRAFT_DECISIONS_FILE)
_MOVE_HINT = "Move it to data/concepts/, data/sources/ or data/background.ttl."
#: misplaced subjects of one file that are reported one by one
_MAX_NAMED_SUBJECTS = 5
#: other files that a build depends on: their digests stand in the manifest too.
_OTHER_INPUT_FILES = (
    "ontology/shapes/*/*.ttl",
    "ontology/rules/*/*/*.rq",
    "ontology/rules/own/**/*.rq",
    "queries/checks/*.rq",
    "queries/completion/*.rq",
    "data/lexicon/*.tsv",
    f"data/sources/*/{SEGMENTS_FILE}",
    f"data/sources/*/{SPANS_FILE}",
    "data/mappings/**/*.tsv",
)


@dataclass(slots=True)
class BuildDataset:
    """Named graphs as sets of triples; the default graph is derived, never stored."""

    graphs: dict[NamedNode, set[Triple]] = field(default_factory=dict)

    def add_triples(self, graph: NamedNode, triples: Iterable[Triple]) -> None:
        """Add triples to a graph."""
        self.graphs.setdefault(graph, set()).update(triples)

    def list_graph_names(self) -> list[NamedNode]:
        """Return the graph names in order."""
        return sorted(self.graphs, key=lambda name: name.value)

    def merge_default_graph(self) -> set[Triple]:
        """Return the union that plain queries see."""
        return self._unite_graphs(is_in_default_graph)

    def merge_reasoner_input(self) -> set[Triple]:
        """Return the union that the reasoner reads."""
        return self._unite_graphs(is_reasoner_input)

    def _unite_graphs(self, is_wanted: Callable[[NamedNode], bool]) -> set[Triple]:
        return set().union(*(triples for name, triples in self.graphs.items() if is_wanted(name)))

    def iterate_quads(self) -> Iterator[Quad]:
        """Yield every quad, the default graph's among them."""
        yield from (Quad(t.subject, t.predicate, t.object) for t in self.merge_default_graph())
        for name, triples in self.graphs.items():
            yield from (Quad(t.subject, t.predicate, t.object, name) for t in triples)

    def serialize_nquads(self) -> bytes:
        """Return the dataset as sorted N-Quads; equal datasets give equal bytes."""
        return serialize_sorted(self.iterate_quads(), RdfFormat.N_QUADS)


def serialize_sorted(statements: Iterable[Quad] | Iterable[Triple], format: RdfFormat) -> bytes:
    """Return statements as sorted lines of N-Triples or N-Quads."""
    text = serialize(statements, format=format) or b""
    return b"".join(sorted(text.splitlines(keepends=True)))


def hash_graph(triples: Iterable[Triple]) -> str:
    """Return the sha256 of the sorted N-Triples of a graph."""
    return hashlib.sha256(serialize_sorted(triples, RdfFormat.N_TRIPLES)).hexdigest()


@dataclass(frozen=True, slots=True)
class ProjectSources:
    """The files read, the graphs they make, and the mistakes found so far."""

    root: Path
    files: tuple[TurtleFile, ...]
    dataset: BuildDataset
    places: SourceLocator
    mistakes: tuple[BadData, ...]


def load_project(root: Path) -> ProjectSources:
    """Read every Turtle file under `root`; never raises for what they hold."""
    dataset = BuildDataset()
    files: list[TurtleFile] = []
    mistakes: list[BadData] = []
    for path, graph in list_turtle_files(root):
        file = read_turtle(path, path.relative_to(root).as_posix())
        files.append(file)
        mistakes.extend(file.mistakes)
        mistakes.extend(_add_file(dataset, file, graph))
    found, broken = _add_derived_triples(dataset, root, files)
    mistakes.extend(found)
    mistakes.extend(find_unread_files(root))
    if not files:
        mistakes.append(
            BadData("There is no data.", location=str(root), hint="Point KG_ROOT at the project's folder.")
        )
    return ProjectSources(root, tuple(files), dataset, SourceLocator(files, broken), tuple(mistakes))


def _add_derived_triples(
    dataset: BuildDataset, root: Path, files: list[TurtleFile]
) -> tuple[list[BadData], set[str]]:
    """Add what is derived for sentences and claims to the dataset and to `files`.

    Returns the mistakes, and the IRIs from which others would follow.
    """
    spans = ClaimSpans(root, files)
    segments = list(read_segment_files(root))
    for file in segments:
        dataset.add_triples(SOURCE, file.triples)
    document_of = {
        str(triple.subject)[1:-1]: triple.object
        for triple in dataset.graphs.get(SOURCE, ())
        if triple.predicate == KG["inDocument"] and isinstance(triple.object, NamedNode)
    }
    derived = [*segments, *spans.make_files(document_of)]
    for file in derived[len(segments) :]:
        spans.mistakes.extend(_add_file(dataset, file, None))
    files.extend(derived)
    for triple in derive_completions(root, dataset.iterate_quads()):
        for graph in _choose_claim_graphs(triple) or (ASSERTED,):
            dataset.add_triples(graph, (triple,))
    return [*(mistake for file in derived for mistake in file.mistakes), *spans.mistakes], spans.unplaced


def list_turtle_files(root: Path) -> Iterator[tuple[Path, NamedNode | None]]:
    """Yield each Turtle file under `root` with the graph it goes to, in a fixed order."""
    for pattern, graph in _GRAPHS_OF_FILES:
        for path in sorted(root.glob(pattern)):
            yield path, graph


def find_unread_files(root: Path) -> Iterator[BadData]:
    """Yield a mistake for each file under data/ that no build reads: it is misplaced or misnamed."""
    read = {path for path, _ in list_turtle_files(root)}
    read.update(path for name in _TABLES for path in root.glob(f"data/sources/*/{name}"))
    for path in sorted((root / "data").rglob("*")):
        name = path.relative_to(root).as_posix()
        is_input = not name.startswith(("data/mappings/", "data/lexicon/")) and not path.name.startswith(".")
        if is_input and path.is_file() and path.suffix != ".md" and path not in read:
            yield BadData(
                "No build step reads this file.",
                location=name,
                hint="Move or rename it; data/README.md says where to.",
            )


def load_shapes(root: Path, stage: str) -> tuple[TurtleFile, ...]:
    """Return the shape files of a stage, `asserted` or `inferred`."""
    folder = root / "ontology" / "shapes" / stage
    return tuple(
        read_turtle(path, path.relative_to(root).as_posix()) for path in sorted(folder.glob("*.ttl"))
    )


def hash_input_files(root: Path) -> dict[str, str]:
    """Return the sha256 of every file a build reads, by its name."""
    paths = [path for path, _ in list_turtle_files(root)]
    paths += [path for pattern in _OTHER_INPUT_FILES for path in root.glob(pattern)]
    names = {path.relative_to(root).as_posix(): path for path in paths}
    return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in sorted(names.items())}


def _add_file(dataset: BuildDataset, file: TurtleFile, graph: NamedNode | None) -> Iterable[BadData]:
    """Put the triples of a file into their graphs; yield a mistake for a subject that belongs in none."""
    if graph != ONTOLOGY:
        yield from _check_blank_nodes(file)
    if graph is not None:
        dataset.add_triples(graph, file.triples)
        return
    misplaced: dict[str, Triple] = {}
    for triple in file.triples:
        if triple.predicate in WRITTEN_ONLY:
            continue
        claim_graphs = _choose_claim_graphs(triple)
        for claim_graph in claim_graphs:
            dataset.add_triples(claim_graph, (triple,))
        if not claim_graphs:
            misplaced.setdefault(str(triple.subject), triple)
    yield from _describe_misplaced_subjects(file, misplaced)


def _describe_misplaced_subjects(file: TurtleFile, first_triples: dict[str, Triple]) -> Iterator[BadData]:
    """Yield the mistakes of subjects that do not belong in a claims file: the first by name, then a count."""
    for triple in list(first_triples.values())[:_MAX_NAMED_SUBJECTS]:
        yield _describe_foreign_subject(file, triple)
    if len(first_triples) > _MAX_NAMED_SUBJECTS:
        yield BadData(
            f"{len(first_triples) - _MAX_NAMED_SUBJECTS} more subjects are neither claims nor spans.",
            location=file.name,
            hint=_MOVE_HINT,
        )


def _check_blank_nodes(file: TurtleFile) -> Iterator[BadData]:
    """Yield a mistake where a data file has a blank node: it could not be named, cited or placed."""
    for triple in file.triples:
        if isinstance(triple.object, BlankNode):
            place = file.positions.find_position(str(triple.subject)[1:-1], triple.predicate.value)
            yield BadData(
                "A blank node; everything in data/ has an IRI.",
                location=file.name,
                line=place.line if place else 0,
                column=place.column if place else 0,
                hint="Give it one, as `span:S07-1\\#position` has.",
            )
            return


def _describe_foreign_subject(file: TurtleFile, triple: Triple) -> BadData:
    """Return the mistake of a subject that does not belong in a claims file."""
    subject = triple.subject.value if isinstance(triple.subject, NamedNode) else str(triple.subject)
    place = file.positions.find_position(subject)
    return BadData(
        f"{compress_iri(subject)} is neither a claim nor a span.",
        location=file.name,
        line=place.line if place else 0,
        column=place.column if place else 0,
        hint=_MOVE_HINT,
    )


def _choose_claim_graphs(triple: Triple) -> tuple[NamedNode, ...]:
    """Return the graphs of a triple in a claims file; none when it does not belong there.

    The document of a span belongs to the claim's assertion as well, where the reasoner reads it.
    """
    if not isinstance(triple.subject, NamedNode):
        return ()
    iri = triple.subject.value
    if iri.startswith(CLAIM):
        return (name_claim_graph(iri.removeprefix(CLAIM), "assertion"),)
    if not iri.startswith(_SPAN_PREFIX):
        return ()
    if (
        triple.predicate == OA["hasSource"] and "#" not in iri
    ):  # a governing span is named `span:X#governor-1`
        return SOURCE, name_claim_graph(iri.removeprefix(_SPAN_PREFIX), "assertion")
    return (SOURCE,)
