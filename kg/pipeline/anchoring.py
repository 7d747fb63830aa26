"""The reader's own copy of a source text, held against the anchors of its document."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

from kg.claims import Coverage, Document, coverage, documents
from kg.claims.anchors import Anchored, anchor, cue_mismatches, matches, span_mismatches
from kg.errors import BadData, BadFiles, NotFound
from kg.files.places import Places
from kg.pipeline.dataset import SOURCE, Dataset, is_assertion
from kg.pipeline.load import load
from kg.settings import Settings

_LIMIT = 16_000_000  # bytes; no patient text is longer, so this is another file


def anchor_mistakes(settings: Settings, dataset: Dataset, places: Places) -> list[BadData]:
    """Return where the reader's copy differs from what the anchors say; nothing without a copy."""
    if settings.source_text is None:
        return []
    data = read_copy(settings.source_text)
    known = described(dataset)
    if not known:
        return [BadData("No document is described.", where="data/sources", todo="Describe the source first.")]
    document = meant(known, data)
    return _mistakes(document, anchor(document, data), str(settings.source_text), places)


def covered(settings: Settings, name: str | None = None) -> tuple[tuple[Coverage, Anchored | None], ...]:
    """Return the coverage of each document, or of one, with the reader's copy where it belongs to it.

    Raises BadFiles when files do not parse or the copy does not match, NotFound for a document there is not.
    """
    sources = load(settings.root)
    if sources.mistakes:
        raise BadFiles(sources.mistakes)
    known = described(sources.dataset)
    chosen = [named(known, name)] if name else list(known)
    copy, owner = _copy(settings.source_text, chosen, sources.places)
    return tuple((coverage(document), copy if document == owner else None) for document in chosen)


def described(dataset: Dataset) -> tuple[Document, ...]:
    """Return the documents that the graphs of a dataset describe."""
    wanted = (triples for name, triples in dataset.graphs.items() if name == SOURCE or is_assertion(name))
    return documents(triple for triples in wanted for triple in triples)


def named(known: Iterable[Document], name: str) -> Document:
    """Return the document called `name`; raises NotFound that names those there are."""
    names = {document.name: document for document in known}
    if name in names:
        return names[name]
    near = get_close_matches(name, list(names), n=1)
    hint = f"Did you mean {near[0]}? " if near else ""
    raise NotFound(f"There is no document {name!r}.", todo=f"{hint}Documents: {', '.join(names)}.")


def read_copy(path: Path) -> bytes:
    """Return the bytes of the reader's copy; raises BadData when it cannot be read or cannot be a text."""
    try:
        if path.stat().st_size > _LIMIT:
            raise BadData(
                f"The file is over {_LIMIT} bytes.", where=str(path), todo="Give the plain-text copy."
            )
        return path.read_bytes()
    except OSError as error:
        raise BadData(
            f"The copy cannot be read: {error.strerror}.",
            where=str(path),
            todo="Check --source-text or KG_SOURCE_TEXT.",
        ) from error


def meant(known: Iterable[Document], data: bytes) -> Document:
    """Return the document a copy is most likely of: the one with most segments in their places."""
    return max(known, key=lambda document: matches(document, data))


def _copy(
    path: Path | None, chosen: list[Document], places: Places
) -> tuple[Anchored | None, Document | None]:
    """Return the checked copy and the document it is of; raises BadFiles when it does not match."""
    if path is None or not chosen:
        return None, None
    data = read_copy(path)
    owner = meant(chosen, data)
    copy = anchor(owner, data)
    mistakes = _mistakes(owner, copy, str(path), places)
    if mistakes:
        raise BadFiles(mistakes)
    return copy, owner


def _mistakes(document: Document, copy: Anchored, where: str, places: Places) -> list[BadData]:
    """Return the differences as complaints, or what spans and cues get wrong when the copy is exact."""
    if not copy.exact:
        return [
            BadData(f"byte {m.byte}: {m.what}.", where=where, line=m.line, column=m.column, todo=m.todo)
            for m in copy.mismatches
        ]
    wrong = [*span_mismatches(document, copy), *cue_mismatches(document, copy)]
    return [places.mistake(what, "Mend the span or the cue.", places.of(iri)) for iri, what in wrong]
