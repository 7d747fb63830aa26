"""Check the reader's own copy of a source text against the anchors of its document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from pyoxigraph import Triple

from kg.build.loading import BuildDataset, load_project
from kg.build.turtle_files import SourceLocator
from kg.build.turtle_positions import FilePosition
from kg.errors import BadData, InvalidFiles, NotFound
from kg.model.graphs import ASSERTED, SOURCE, is_claim_assertion
from kg.model.source_documents import SourceDocument, read_source_documents
from kg.model.term_names import suggest_similar_names
from kg.model.triple_index import TripleIndex
from kg.namespaces import KG
from kg.settings import Settings
from kg.text_files import read_text
from kg.texts.anchors import (
    CheckedCopy,
    check_copy,
    count_matching_segments,
    find_cue_mismatches,
    find_span_mismatches,
)
from kg.texts.claim_wording import WordingReader
from kg.texts.lexicon import (
    PRINTED_FORMS_HEADER,
    Lexicon,
    LexiconEntry,
    parse_lexicon,
    parse_printed_forms,
)
from kg.texts.text_coverage import DocumentCoverage, measure_coverage
from kg.texts.wording_checks import find_wording_mistakes

LEXICON_FOLDER = "data/lexicon"
_MAX_COPY_BYTES = 16_000_000  # no patient text is longer, so the file must be another one


def find_anchor_mistakes(settings: Settings, dataset: BuildDataset, places: SourceLocator) -> list[BadData]:
    """Return where the reader's copy differs from the anchors, and where its words gainsay the claims."""
    if settings.source_text is None:
        return []
    data = read_reader_copy(settings.source_text)
    documents = describe_documents(dataset)
    if not documents:
        return [
            BadData("No document is described.", location="data/sources", hint="Describe the source first.")
        ]
    document = guess_document(documents, data)
    copy = check_copy(document, data)
    mistakes = _list_copy_mistakes(document, copy, str(settings.source_text), places)
    return mistakes or _list_wording_mistakes(settings, dataset, document, copy.text, places)


def _list_wording_mistakes(
    settings: Settings, dataset: BuildDataset, document: SourceDocument, text: str, places: SourceLocator
) -> list[BadData]:
    """Return what the words of a text say against its claims, at the claim or at the words."""
    concepts = TripleIndex(dataset.graphs.get(ASSERTED, ()))
    try:
        lexicon, printed_forms = read_lexicon(settings.root, concepts)
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
            position = FilePosition(str(settings.source_text), line, column)
        found.append(places.make_error(mistake.message, mistake.hint, position))
    return found


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
    copy, owner = _check_owned_copy(settings.source_text, chosen, sources.places)
    return tuple((measure_coverage(document), copy if document == owner else None) for document in chosen)


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


def guess_document(documents: Iterable[SourceDocument], data: bytes) -> SourceDocument:
    """Return the document a copy is most likely of: the one with most segments in their places."""
    return max(documents, key=lambda document: count_matching_segments(document, data))


def _check_owned_copy(
    path: Path | None, documents: list[SourceDocument], places: SourceLocator
) -> tuple[CheckedCopy | None, SourceDocument | None]:
    """Return the checked copy and the document it is of; raises InvalidFiles when it does not match."""
    if path is None or not documents:
        return None, None
    data = read_reader_copy(path)
    owner = guess_document(documents, data)
    copy = check_copy(owner, data)
    mistakes = _list_copy_mistakes(owner, copy, str(path), places)
    if mistakes:
        raise InvalidFiles(mistakes)
    return copy, owner


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
