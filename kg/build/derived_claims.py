"""What is derived for sentences and claims and no curator writes: positions, hashes, places, polarity.

`data/sources/<document>/segments.tsv` gives the sentences of a text, `spans.tsv` the spans of its claims; the
queries of `queries/completion/` add what follows from the rest of a claim. What is stated by hand is kept.
Each derived triple is placed, for messages, where the curator wrote the claim.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from pyoxigraph import Literal, NamedNode, Quad, Triple

from kg.build.turtle_files import SourceLocator, TurtleFile
from kg.build.turtle_positions import FilePosition, TurtlePositions
from kg.errors import BadData
from kg.model.triple_index import TripleIndex
from kg.namespaces import CLAIM, KG, OA, PREFIXES, RDF, RDFS, SKOS, expand_curie
from kg.text_files import read_text
from kg.texts.claim_positions import (
    FEATURE_PLACES,
    GOVERNOR,
    ITEM,
    SpanRow,
    list_written_spans,
    name_segment_of,
)
from kg.texts.segmentation import Row, SegmentRow, parse_table
from sparqlhost.store.local_store import MemoryStore

SEGMENTS_FILE, SPANS_FILE, DRAFT_DECISIONS_FILE = "segments.tsv", "spans.tsv", "draft-decisions.tsv"
COMPLETION_FOLDER = "queries/completion"
#: what curators write and the graph does not repeat: the spans say it
WRITTEN_ONLY = frozenset({KG["atWords"], KG["governorAt"]})
_SENTENCE, _SPAN, _DOCUMENT = PREFIXES["sent"], PREFIXES["span"], PREFIXES["doc"]
_CURIE = re.compile(r"\w+:[\w.-]+")
LOCATE_HINT = "Run `kg text locate --source-text FILE` with your copy of its text."


def read_table(path: Path, root: Path, kind: type[Row]) -> list[tuple[int, Row]]:
    """Return line number and row of each line of a table; raises BadData for one that is not of `kind`."""
    name = path.relative_to(root).as_posix()
    return parse_table(kind, read_text(path, name), name)


def read_segment_files(root: Path) -> Iterator[TurtleFile]:
    """Yield the sentences of each `segments.tsv` as a file of triples, placed at their rows."""
    for path in sorted(root.glob(f"data/sources/*/{SEGMENTS_FILE}")):
        name = path.relative_to(root).as_posix()
        try:
            rows = read_table(path, root, SegmentRow)
        except BadData as mistake:
            yield TurtleFile(name, (), TurtlePositions(), (mistake,))
            continue
        positions = TurtlePositions()
        for line, row in rows:
            positions.definitions[_SENTENCE + row.segment] = [FilePosition(name, line, 1)]
        positions.subjects.update(positions.definitions)
        document = NamedNode(_DOCUMENT + path.parent.name)
        yield TurtleFile(name, tuple(_describe_segments(document, [row for _, row in rows])), positions, ())


def _describe_segments(document: NamedNode, rows: list[SegmentRow]) -> Iterator[Triple]:
    """Yield the triples of a document's sentences, in their order."""
    total, seen = Counter(row.sha256 for row in rows), Counter[str]()
    for order, row in enumerate(rows, 1):
        seen[row.sha256] += 1
        number = row.segment.rpartition("S")[2].lstrip("0")
        values: dict[NamedNode, NamedNode | Literal] = {
            RDF["type"]: KG["Sentence"],
            RDFS["label"]: Literal(f"S{number}"),
            SKOS["notation"]: Literal(row.segment),
            KG["inDocument"]: document,
            KG["order"]: Literal(order),
            KG["lineNumber"]: Literal(row.line),
            KG["segmentKind"]: Literal(row.kind),
            KG["start"]: Literal(row.start),
            KG["end"]: Literal(row.end),
            KG["length"]: Literal(row.length),
            KG["occurrence"]: Literal(seen[row.sha256]),
            KG["occurrences"]: Literal(total[row.sha256]),
            KG["sha256"]: Literal(row.sha256),
        }
        yield from (Triple(NamedNode(_SENTENCE + row.segment), p, value) for p, value in values.items())


class ClaimSpans:
    """The spans of the claims whose files give no span themselves, from the tables of a project."""

    def __init__(self, root: Path, files: Iterable[TurtleFile]) -> None:
        self._places = SourceLocator(file for file in files if file.name.startswith("data/claims/"))
        self.index = TripleIndex(triple for file in self._places.files for triple in file.triples)
        self._root = root
        self.mistakes: list[BadData] = []
        #: claims that have no span, and their sentences, which a mistake names already
        self.unplaced: set[str] = set()

    def make_files(self, document_of: Mapping[str, NamedNode]) -> Iterator[TurtleFile]:
        """Yield a file of derived triples for each table; `document_of` a sentence's IRI."""
        claims = set(self.list_unplaced_claims())
        for name, table in self._read_tables():
            triples: list[Triple] = []
            positions = TurtlePositions()
            for claim in sorted(claims.intersection(table)):
                rows = [row for _, row in table[claim]]
                place = self._find_place(claim)
                written = [(row.role, row.place) for row in rows if row.role in (ITEM, GOVERNOR)]
                document = document_of.get(_SENTENCE + name_segment_of(claim))
                if written != list_written_spans(self.index, claim) or document is None:
                    continue
                claims.discard(claim)
                for triple in _describe_spans(claim, rows, document):
                    triples.append(triple)
                    if place and isinstance(triple.subject, NamedNode) and triple.subject.value != claim:
                        positions.definitions[triple.subject.value] = [place]
            positions.subjects.update(positions.definitions)
            self._find_strays(name, table)
            yield TurtleFile(name, tuple(triples), positions, ())
        for claim in sorted(claims):
            self.unplaced |= {claim, _SENTENCE + name_segment_of(claim)}
            what = f"claim:{claim.removeprefix(CLAIM)} has no position for the words it names."
            self.mistakes.append(self._places.make_error(what, LOCATE_HINT, self._find_place(claim)))

    def list_unplaced_claims(self) -> list[str]:
        """Return the claims whose files give no span."""
        placed = set(self.index.list_subjects_with(KG["hasSourceSpan"]))
        return [claim for claim in self.index.list_instances(KG["Claim"]) if claim not in placed]

    def _read_tables(self) -> Iterator[tuple[str, dict[str, list[tuple[int, SpanRow]]]]]:
        """Yield the name of each table of spans, and its rows by claim, each with its line."""
        for path in sorted(self._root.glob(f"data/sources/*/{SPANS_FILE}")):
            rows: dict[str, list[tuple[int, SpanRow]]] = {}
            try:
                for line, row in read_table(path, self._root, SpanRow):
                    if row.role not in (ITEM, GOVERNOR) and not _is_feature_row(row):
                        what = f"{row.role!r} in {row.place!r} is not where a feature is named."
                        raise BadData(
                            what,
                            location=path.relative_to(self._root).as_posix(),
                            line=line,
                            hint=LOCATE_HINT,
                        )
                    rows.setdefault(CLAIM + row.claim, []).append((line, row))
            except BadData as mistake:
                self.mistakes.append(mistake)
            yield path.relative_to(self._root).as_posix(), rows

    def _find_strays(self, name: str, table: Mapping[str, list[tuple[int, SpanRow]]]) -> None:
        """Note the rows of claims that are not there, unless a file is broken, which may hold them."""
        if any(file.mistakes for file in self._places.files):
            return
        for claim in table.keys() - set(self.list_unplaced_claims()):
            what = f"There is no claim:{claim.removeprefix(CLAIM)} that needs these positions."
            place = FilePosition(name, table[claim][0][0], 1)
            self.mistakes.append(self._places.make_error(what, LOCATE_HINT, place))

    def _find_place(self, claim: str) -> FilePosition | None:
        """Return where a claim says at which words it stands, else where it begins."""
        return self._places.locate_node(claim, KG["atWords"].value)


def _is_feature_row(row: SpanRow) -> bool:
    """Return whether a row says where a feature is named."""
    return row.place in FEATURE_PLACES and _CURIE.fullmatch(row.role) is not None


def _describe_spans(claim: str, rows: list[SpanRow], document: NamedNode) -> Iterator[Triple]:
    """Yield the triples of a claim's spans, and those that link the claim to them and to its features."""
    subject, name = NamedNode(claim), claim.removeprefix(CLAIM)
    governors = 0
    for row in rows:
        if row.role not in (ITEM, GOVERNOR):
            yield Triple(subject, KG[FEATURE_PLACES[row.place]], NamedNode(expand_curie(row.role)))
            continue
        is_item = row.role == ITEM
        governors += not is_item
        span = NamedNode(_SPAN + (name if is_item else f"{name}#governor-{governors}"))
        segment = name_segment_of(claim) if is_item else row.place.partition(" ")[0]
        selector = NamedNode(span.value + ("#position" if is_item else "-position"))
        yield Triple(subject, KG["hasSourceSpan" if is_item else "governingSpan"], span)
        yield Triple(span, RDF["type"], OA["SpecificResource"])
        yield Triple(span, OA["hasSource"], document)
        yield Triple(span, KG["inSentence"], NamedNode(_SENTENCE + segment))
        yield Triple(span, OA["hasSelector"], selector)
        yield Triple(span, KG["length"], Literal(row.length))
        yield Triple(span, KG["exactSha256"], Literal(row.sha256))
        yield Triple(selector, RDF["type"], OA["TextPositionSelector"])
        yield Triple(selector, OA["start"], Literal(row.start))
        yield Triple(selector, OA["end"], Literal(row.start + row.length))


def derive_completions(root: Path, quads: Iterable[Quad]) -> Iterator[Triple]:
    """Yield what the queries of `queries/completion/` add to claims, each on top of those before it."""
    with MemoryStore() as store:
        store.load_quads(quads)
        for path in sorted((root / COMPLETION_FOLDER).glob("*.rq")):
            found = list(store.construct(read_text(path, path.relative_to(root).as_posix())))
            store.load_quads(Quad(t.subject, t.predicate, t.object) for t in found)
            yield from found
