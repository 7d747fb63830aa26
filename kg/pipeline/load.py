"""Loading the project's files into the graphs of a build; the table in data/README.md is the rule."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pyoxigraph import BlankNode, NamedNode, Triple

from kg.errors import BadData
from kg.files.places import SourceLocator
from kg.files.turtle import TurtleFile, read_turtle
from kg.namespaces import CLAIM, OA, PREFIXES, compress_iri
from kg.pipeline.dataset import ASSERTED, BACKGROUND, ONTOLOGY, SOURCE, BuildDataset, name_claim_graph

_SPAN_PREFIX = PREFIXES["span"]

#: where Turtle stands -> the graph it goes to; claims are split by subject (`_claim_homes`).
_GRAPHS_OF_FILES: tuple[tuple[str, NamedNode | None], ...] = (
    ("ontology/*.ttl", ONTOLOGY),
    ("data/concepts/*.ttl", ASSERTED),
    ("data/background.ttl", BACKGROUND),
    ("data/sources/*/*.ttl", SOURCE),
    ("data/claims/**/*.ttl", None),
)
_MOVE_HINT = "Move it to data/concepts/, data/sources/ or data/background.ttl."
_MAX_NAMED_SUBJECTS = 5  # strangers of a file that are named one by one
#: files a build reads besides: their digests stand in the manifest too.
_OTHER_INPUT_FILES = (
    "ontology/shapes/*/*.ttl",
    "ontology/rules/**/*.rq",
    "queries/checks/*.rq",
    "data/mappings/**/*.tsv",
)


@dataclass(frozen=True, slots=True)
class ProjectSources:
    """What was read: the files, the graphs they make, and the complaints so far."""

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
    mistakes.extend(find_unread_files(root))
    if not files:
        mistakes.append(
            BadData("There is no data.", location=str(root), hint="Point KG_ROOT at the project's folder.")
        )
    return ProjectSources(root, tuple(files), dataset, SourceLocator(files), tuple(mistakes))


def list_turtle_files(root: Path) -> Iterator[tuple[Path, NamedNode | None]]:
    """Yield each Turtle file under `root` with the graph it goes to, in a fixed order."""
    for pattern, graph in _GRAPHS_OF_FILES:
        for path in sorted(root.glob(pattern)):
            yield path, graph


def find_unread_files(root: Path) -> Iterator[BadData]:
    """Yield a mistake for each file under data/ that no build reads: a slip of folder or ending."""
    read = {path for path, _ in list_turtle_files(root)}
    for path in sorted((root / "data").rglob("*")):
        name = path.relative_to(root).as_posix()
        ours = not name.startswith("data/mappings/") and not path.name.startswith(".")
        if ours and path.is_file() and path.suffix != ".md" and path not in read:
            yield BadData(
                "Nothing reads this file.",
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
    """Put the triples of a file into their graphs; yield a mistake for a subject that has none."""
    if graph != ONTOLOGY:
        yield from _check_blank_nodes(file)
    if graph is not None:
        dataset.add_triples(graph, file.triples)
        return
    strangers: dict[str, Triple] = {}
    for triple in file.triples:
        homes_of_it = _choose_claim_graphs(triple)
        for home in homes_of_it:
            dataset.add_triples(home, (triple,))
        if not homes_of_it:
            strangers.setdefault(str(triple.subject), triple)
    for subject in list(strangers)[:_MAX_NAMED_SUBJECTS]:
        yield _describe_foreign_subject(file, strangers[subject])
    if len(strangers) > _MAX_NAMED_SUBJECTS:
        yield BadData(
            f"{len(strangers) - _MAX_NAMED_SUBJECTS} more subjects are neither claims nor spans.",
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
    if triple.predicate == OA["hasSource"]:
        return SOURCE, name_claim_graph(iri.removeprefix(_SPAN_PREFIX), "assertion")
    return (SOURCE,)
