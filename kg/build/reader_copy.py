"""Check the reader's own copy of a source text against the anchors of its document."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from pyoxigraph import Triple

from kg.build.derived_claims import LOCATE_HINT, SEGMENTS_FILE, SPANS_FILE, ClaimSpans, read_table
from kg.build.loading import BuildDataset, load_project
from kg.build.turtle_files import SourceLocator
from kg.build.turtle_positions import FilePosition
from kg.errors import BadData, InvalidFiles, NotFound
from kg.model.graphs import ASSERTED, SOURCE, is_claim_assertion
from kg.model.source_documents import SourceDocument, read_source_documents
from kg.model.term_names import suggest_similar_names
from kg.model.triple_index import TripleIndex
from kg.namespaces import KG, get_local_name
from kg.settings import Settings
from kg.text_files import list_text_files, read_text
from kg.texts.anchors import (
    CheckedCopy,
    check_copy,
    count_matching_segments,
    find_cue_mismatches,
    find_span_mismatches,
)
from kg.texts.claim_positions import ClaimLocator, LocatedClaim, SpanRow, name_segment_of
from kg.texts.claim_wording import WordingReader
from kg.texts.lexicon import (
    PRINTED_FORMS_HEADER,
    Lexicon,
    LexiconEntry,
    parse_lexicon,
    parse_printed_forms,
)
from kg.texts.segmentation import SegmentRow
from kg.texts.text_coverage import DocumentCoverage, measure_coverage
from kg.texts.wording_checks import find_wording_mistakes

LEXICON_FOLDER = "data/lexicon"
_MAX_COPY_BYTES = 16_000_000  # no patient text is longer, so the file must be another one


def find_anchor_mistakes(settings: Settings, dataset: BuildDataset, places: SourceLocator) -> list[BadData]:
    """Return where the reader's copy differs from the anchors, and where its words gainsay the claims."""
    if settings.source_text is None:
        return []
    documents = describe_documents(dataset)
    if not documents:
        return [
            BadData("No document is described.", location="data/sources", hint="Describe the source first.")
        ]
    try:
        copies = match_copies(documents, settings.source_text)
    except BadData as unusable:
        return [unusable]
    found: list[BadData] = []
    for document, path, data in copies:
        copy = check_copy(document, data)
        mistakes = _list_copy_mistakes(document, copy, str(path), places)
        if not mistakes:
            mistakes = list(_find_stale_positions(settings.root, dataset, document, copy.text, places))
        found += mistakes or _list_wording_mistakes(
            settings.root, dataset, document, copy.text, str(path), places
        )
    return found


def _list_wording_mistakes(
    root: Path, dataset: BuildDataset, document: SourceDocument, text: str, where: str, places: SourceLocator
) -> list[BadData]:
    """Return what the words of a text say against its claims, at the claim or at the words."""
    concepts = TripleIndex(dataset.graphs.get(ASSERTED, ()))
    try:
        lexicon, printed_forms = read_lexicon(root, concepts)
    except BadData as broken_row:
        return [broken_row]
    reader = WordingReader(concepts, printed_forms)
    claims = TripleIndex(_list_document_triples(dataset))
    found = []
    for mistake in find_wording_mistakes(document, text, claims, reader, lexicon):
        predicate = KG[mistake.property].value if mistake.property else ""
        position = places.locate_node(mistake.subject, predicate) if mistake.subject else None
        if position is None:
            line = text.count("\n", 0, mistake.index) + 1
            column = mistake.index - text.rfind("\n", 0, mistake.index)
            position = FilePosition(where, line, column)
        found.append(places.make_error(mistake.message, mistake.hint, position))
    return found


def locate_document_claims(
    root: Path, dataset: BuildDataset, document: SourceDocument, text: str, places: SourceLocator
) -> list[LocatedClaim]:
    """Return the spans of a document's claims whose files give word numbers, placed in its text."""
    concepts = TripleIndex(dataset.graphs.get(ASSERTED, ()))
    rows = list_segment_rows(root, document, text)
    names = {row.segment for row in rows}
    spans = ClaimSpans(root, places.files)
    claims = [claim for claim in spans.list_unplaced_claims() if name_segment_of(claim) in names]
    locator = ClaimLocator(rows, text, WordingReader(concepts, read_lexicon(root, concepts)[1]))
    return list(locator.locate_claims(spans.index, concepts, claims))


def list_segment_rows(root: Path, document: SourceDocument, text: str) -> list[SegmentRow]:
    """Return the segments of a document as its table has them, or as its description does."""
    path = root / "data" / "sources" / document.name / SEGMENTS_FILE
    if path.exists():
        return [row for _, row in read_table(path, root, SegmentRow)]
    return [
        SegmentRow(
            get_local_name(segment.iri),
            segment.kind,
            text.count("\n", 0, segment.start) + 1,
            segment.start,
            segment.end - segment.start,
            segment.sha256,
        )
        for segment in document.segments
    ]


def _find_stale_positions(
    root: Path, dataset: BuildDataset, document: SourceDocument, text: str, places: SourceLocator
) -> Iterator[BadData]:
    """Yield a mistake for each claim whose kept positions are not those of the words it names."""
    path = root / "data" / "sources" / document.name / SPANS_FILE
    kept = {row for _, row in read_table(path, root, SpanRow)} if path.exists() else set()
    for claim in locate_document_claims(root, dataset, document, text, places):
        stale = claim.problem or (
            "" if kept.issuperset(claim.rows) else "its positions are not those of its words"
        )
        if stale:
            what = f"claim:{get_local_name(claim.iri)}: {stale}."
            position = places.locate_node(claim.iri, KG["atWords"].value)
            yield places.make_error(what, LOCATE_HINT, position)


def read_lexicon(root: Path, concepts: TripleIndex) -> tuple[Lexicon, dict[str, set[str]]]:
    """Return the lexicon of a project, and the forms in which texts print its entities; raises BadData."""
    entries: dict[str, LexiconEntry] = {}
    forms: dict[str, set[str]] = {}
    entities = set(concepts.list_subjects())
    for path in sorted((root / LEXICON_FOLDER).glob("*.tsv")):
        name = path.relative_to(root).as_posix()
        text = read_text(path, name)
        if text.startswith(PRINTED_FORMS_HEADER):
            for entity, printed in parse_printed_forms(text, name, entities).items():
                forms.setdefault(entity, set()).update(printed)
        else:
            entries |= {entry.phrase: entry for entry in parse_lexicon(text, name)}
    if not entries:
        hint = "List hedging, denying and restricting words there; data/lexicon/README.md says how."
        raise BadData("There is no lexicon.", location=LEXICON_FOLDER, hint=hint)
    return Lexicon(entries.values()), forms


def read_coverage(
    settings: Settings, name: str | None = None
) -> tuple[tuple[DocumentCoverage, CheckedCopy | None], ...]:
    """Return the coverage of each document, or of one, with the reader's copy where it belongs to it.

    Raises InvalidFiles when files do not parse or the copy does not match, NotFound for an unknown document.
    """
    sources = load_project(settings.root)
    if sources.mistakes:
        raise InvalidFiles(sources.mistakes)
    documents = describe_documents(sources.dataset)
    chosen = [find_document(documents, name)] if name else list(documents)
    checked = _check_copies(settings.source_text, chosen, sources.places)
    return tuple((measure_coverage(document), checked.get(document.name)) for document in chosen)


def read_exact_copies(settings: Settings, name: str | None = None) -> dict[str, str]:
    """Return the texts of the reader's copies by document, or of one; raises InvalidFiles if one differs."""
    sources = load_project(settings.root)
    documents = describe_documents(sources.dataset)
    chosen = [find_document(documents, name)] if name else list(documents)
    checked = _check_copies(settings.source_text, chosen, sources.places, with_claims=False)
    return {name: copy.text for name, copy in checked.items()}


def _check_copies(
    named: Path | None, documents: list[SourceDocument], places: SourceLocator, *, with_claims: bool = True
) -> dict[str, CheckedCopy]:
    """Return the reader's copies by document, with or without regard to its claims; raises InvalidFiles."""
    checked: dict[str, CheckedCopy] = {}
    for document, path, data in match_copies(documents, named) if named and documents else ():
        copy = check_copy(document, data)
        if mistakes := _list_copy_mistakes(document, copy, str(path), places):
            if with_claims or not copy.is_exact:
                raise InvalidFiles(mistakes)
        checked[document.name] = copy
    return checked


def describe_documents(dataset: BuildDataset) -> tuple[SourceDocument, ...]:
    """Return the documents that the graphs of a dataset describe."""
    return read_source_documents(_list_document_triples(dataset))


def _list_document_triples(dataset: BuildDataset) -> Iterator[Triple]:
    """Yield the triples of the source graph and of the claims' assertions."""
    for name, triples in dataset.graphs.items():
        if name == SOURCE or is_claim_assertion(name):
            yield from triples


def find_document(documents: Iterable[SourceDocument], name: str) -> SourceDocument:
    """Return the document called `name`; raises NotFound that lists the names."""
    names = {document.name: document for document in documents}
    if name in names:
        return names[name]
    hint = f"{suggest_similar_names(name, names)}Documents: {', '.join(names)}."
    raise NotFound(f"There is no document {name!r}.", hint=hint)


def read_reader_copy(path: Path) -> bytes:
    """Return the bytes of the reader's copy; raises BadData when it cannot be read or cannot be a text."""
    try:
        if path.stat().st_size > _MAX_COPY_BYTES:
            raise BadData(
                f"The file is over {_MAX_COPY_BYTES} bytes.",
                location=str(path),
                hint="Give the plain-text copy.",
            )
        return path.read_bytes()
    except OSError as error:
        raise BadData(
            f"The copy cannot be read: {error.strerror}.",
            location=str(path),
            hint="Check --source-text or KG_SOURCE_TEXT.",
        ) from error


def match_copies(
    documents: Iterable[SourceDocument], named: Path
) -> list[tuple[SourceDocument, Path, bytes]]:
    """Return the reader's copies among the files that a setting names, each with its document.

    A file belongs to the document with its sha256, else to the one it is named after; a file named alone
    belongs to the document that it resembles most. Raises BadData where none or two belong to a document.
    """
    documents, files = tuple(documents), list_text_files(named)
    by_sha256 = {document.sha256: document for document in documents}
    by_name = {document.name: document for document in documents}
    exact: dict[str, tuple[SourceDocument, Path, bytes]] = {}
    others: dict[str, tuple[SourceDocument, Path, bytes]] = {}
    for path in files:
        data = read_reader_copy(path)
        owner = by_sha256.get(hashlib.sha256(data).hexdigest())
        if owner:
            exact.setdefault(owner.iri, (owner, path, data))
            continue
        owner = by_name.get(path.stem)
        if owner is None and len(files) == 1:
            owner = max(documents, key=lambda document: count_matching_segments(document, data))
        if owner and owner.iri in others:
            what = f"{others[owner.iri][1]} and this file are both named as copies of {owner.name}."
            raise BadData(what, location=str(path), hint="Name one copy of a document.")
        if owner:
            others[owner.iri] = (owner, path, data)
    if not exact and not others:
        what = f"None of the {len(files)} text files here is a copy of a document."
        hint = f"Name a copy after its document, such as {documents[0].name}.txt."
        raise BadData(what, location=str(named), hint=hint)
    return list((others | exact).values())


def _list_copy_mistakes(
    document: SourceDocument, copy: CheckedCopy, where: str, places: SourceLocator
) -> list[BadData]:
    """Return the differences as mistakes; of an exact copy, the spans and cues that do not fit it."""
    if not copy.is_exact:
        return [
            BadData(
                f"byte {m.byte_offset}: {m.message}.",
                location=where,
                line=m.line,
                column=m.column,
                hint=m.hint,
            )
            for m in copy.mismatches
        ]
    wrong = [*find_span_mismatches(document, copy), *find_cue_mismatches(document, copy)]
    return [
        places.make_error(what, "Fix the span or the cue.", places.locate_node(iri)) for iri, what in wrong
    ]
