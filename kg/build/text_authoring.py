"""Write what belongs to a source text: its description and segments, the positions of its claims, reasons.

`kg text` calls this. Every file is replaced as a whole, and a text is read, never kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from pyoxigraph import Literal, NamedNode

from kg.build.claim_files import declare_turtle_prefixes, format_name, format_term
from kg.build.derived_claims import SEGMENTS_FILE, SPANS_FILE, read_table
from kg.build.loading import load_project
from kg.build.reader_copy import describe_documents, find_document, locate_document_claims
from kg.errors import BadData
from kg.model.source_documents import SourceDocument
from kg.namespaces import CLAIM, DCTERMS, KG, PREFIXES, RDFS, XSD, expand_curie, get_local_name
from kg.text_files import write_text_atomically
from kg.texts.claim_positions import SpanRow
from kg.texts.segmentation import (
    SegmentChange,
    SegmentRow,
    align_segments,
    decode_source_text,
    format_table,
    hash_text,
    segment_text,
)

_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_NEW_NAME_HINT = "Choose another --name, in small letters, digits and hyphens."
_SOURCES = Path("data", "sources")
_SET_ASIDE_HEAD = f"""# Segments from which no claim is taken, and why.
@prefix kg: <{PREFIXES["kg"]}> .
@prefix sent: <{PREFIXES["sent"]}> .

"""


@dataclass(frozen=True, slots=True)
class TextFacts:
    """What a curator says of a document: its title in our words, who wrote the claims, and what is known."""

    title: str
    topic: str = ""
    subject: str = ""
    revised: str = ""
    revised_printed: str = ""
    undated_because: str = ""
    creator: str = ""
    created: str = ""
    claims_license: str = ""
    curator_type: str = ""


@dataclass(frozen=True, slots=True)
class AddedText:
    """What `add_text` did: the segments, what changed in them, and the claims to read again, with why."""

    document: str
    segments: tuple[SegmentRow, ...]
    changes: tuple[SegmentChange, ...] = ()
    touched: Mapping[str, str] = field(default_factory=dict)


def add_text(root: Path, path: Path, name: str, facts: TextFacts) -> AddedText:
    """Write the description and the segments of a text, or bring those of an edited text up to date.

    Raises BadData for what is not plain text, and for the name of another document.
    """
    if not _NAME.fullmatch(name):
        raise BadData(f"{name!r} is not a name for a document.", hint=_NEW_NAME_HINT)
    text = decode_source_text(path.read_bytes(), str(path))
    folder = root / _SOURCES / name
    if (folder / "document.ttl").exists():
        return _update_text(root, folder, text, path)
    same = [d.name for d in describe_documents(load_project(root).dataset) if d.sha256 == hash_text(text)]
    if same:
        raise BadData(
            f"This text is the document {same[0]} already.", location=str(path), hint="Nothing to add."
        )
    rows = segment_text(text, f"{name}-")
    write_text_atomically(folder / "document.ttl", _describe_document(name, facts, text, len(rows)))
    write_text_atomically(folder / SEGMENTS_FILE, format_table(SegmentRow, rows))
    return AddedText(name, tuple(rows))


def _update_text(root: Path, folder: Path, text: str, path: Path) -> AddedText:
    """Align an edited text with the segments of its document, and write what changed."""
    table = folder / SEGMENTS_FILE
    if not table.exists():
        what = f"The sentences of {folder.name} are not in {SEGMENTS_FILE}."
        raise BadData(what, location=str(folder), hint="Move them there, or choose another --name.")
    old = [row for _, row in read_table(table, root, SegmentRow)]
    prefix = old[0].segment.rpartition("S")[0] if old else f"{folder.name}-"
    sources = load_project(root)
    used = {get_local_name(iri) for file in sources.files for iri in file.positions.terms}
    rows, changes = align_segments(old, segment_text(text, prefix), prefix, used)
    found = sum(change.state in ("same", "moved") for change in changes)
    if found < len(old) / 2:  # texts of one publisher share some sentences
        what = (
            f"Only {found} of the {len(old)} segments of {folder.name} are in this file: it is another text."
        )
        raise BadData(what, location=str(path), hint=_NEW_NAME_HINT)
    before = {row.segment: row for row in old}
    rows = [_keep_corrections(row, before.get(row.segment)) for row in rows]
    document = folder / "document.ttl"
    description = _replace_numbers(document.read_text("utf-8"), text, len(rows))
    if rows == old and description == document.read_text("utf-8"):
        return AddedText(folder.name, tuple(rows))
    described = find_document(describe_documents(sources.dataset), folder.name)
    touched = _find_touched(described, changes)
    _forget_positions(folder / SPANS_FILE, root, touched)  # first: whatever happens now, they are read again
    write_text_atomically(table, format_table(SegmentRow, rows))
    write_text_atomically(document, description)
    locate_claims(root, folder.name, text, leave_out=touched)
    return AddedText(folder.name, tuple(rows), tuple(changes), touched)


def _keep_corrections(row: SegmentRow, before: SegmentRow | None) -> SegmentRow:
    """Return a row with the kind and the governor that its segment had: a person may have corrected them."""
    if before is None:
        return row
    return replace(row, kind=before.kind, governor=before.governor or row.governor)


def _find_touched(document: SourceDocument, changes: Iterable[SegmentChange]) -> dict[str, str]:
    """Return the claims and reasons that rest on a changed segment, by IRI, each with what happened to it."""
    segments = {get_local_name(segment.iri): segment for segment in document.segments}
    touched: dict[str, str] = {}
    for change in changes:
        if change.state in ("changed", "gone"):
            segment = segments[change.segment]
            claims = dict.fromkeys(claim.iri for claim in document.find_claims(segment))
            for iri in [*claims, *([segment.iri] if segment.set_aside else [])]:
                touched[iri] = f"{change.segment} {change.state}"
    return touched


def _forget_positions(path: Path, root: Path, touched: Mapping[str, str]) -> None:
    """Take the rows of claims out of a table of spans, so that no build takes their old positions."""
    if path.exists():
        rows = [row for _, row in read_table(path, root, SpanRow)]
        kept = [row for row in rows if CLAIM + row.claim not in touched]
        write_text_atomically(path, format_table(SpanRow, kept))


def locate_claims(
    root: Path, name: str, text: str, leave_out: Iterable[str] = ()
) -> tuple[int, list[BadData]]:
    """Write where the claims of a document stand in its text; return how many, and what has no place."""
    sources = load_project(root)
    document = find_document(describe_documents(sources.dataset), name)
    skipped = frozenset(leave_out)
    rows: list[SpanRow] = []
    problems: list[BadData] = []
    count = 0
    for claim in locate_document_claims(root, sources.dataset, document, text, sources.places):
        if claim.problem:
            where = sources.places.locate_node(claim.iri, KG["atWords"].value)
            what = f"claim:{get_local_name(claim.iri)}: {claim.problem}."
            problems.append(sources.places.make_error(what, "Fix the numbers of its words.", where))
        elif claim.iri not in skipped:
            rows += claim.rows
            count += 1
    write_text_atomically(root / _SOURCES / name / SPANS_FILE, format_table(SpanRow, rows))
    return count, problems


def list_segments(root: Path, name: str, text: str) -> list[tuple[str, str]]:
    """Return the segments of a document in its text: name and words."""
    document = find_document(describe_documents(load_project(root).dataset), name)
    return [(get_local_name(s.iri), text[s.start : s.end]) for s in document.segments]


def set_aside(root: Path, name: str, segments: Iterable[str], reason: str) -> None:
    """Write that no claim is taken from some segments of a document, and why; raises BadData."""
    sources = load_project(root)
    document = find_document(describe_documents(sources.dataset), name)
    known = {get_local_name(segment.iri): segment for segment in document.segments}
    path = root / _SOURCES / name / "set-aside.ttl"
    text = path.read_text("utf-8") if path.exists() else _SET_ASIDE_HEAD
    for segment in segments:
        if segment not in known:
            what = f"{name} has no segment {segment!r}."
            raise BadData(what, hint=f"`kg text show {name}` lists them.")
        if known[segment].set_aside:
            raise BadData(
                f"{segment} is set aside already: {known[segment].set_aside}", hint="Nothing to do."
            )
        text += f"sent:{segment} kg:setAsideBecause {format_term(Literal(reason, language='en'))} .\n"
    write_text_atomically(path, text)


def _describe_document(name: str, facts: TextFacts, text: str, segments: int) -> str:
    """Return the description of a document as Turtle; its words are the curator's."""
    title = Literal(facts.title, language="en")
    dates = {"lastRevised": facts.revised, "claimsCreated": facts.created}
    values = {
        RDFS["label"]: title,
        DCTERMS["title"]: title,
        DCTERMS["subject"]: _make_iri(facts.subject),
        KG["topic"]: _make_literal(facts.topic, "en"),
        KG["lastRevisedPrinted"]: _make_literal(facts.revised_printed),
        KG["undatedBecause"]: _make_literal(facts.undated_because, "en"),
        **{KG[p]: Literal(day, datatype=XSD["date"]) for p, day in dates.items() if day},
        KG["sha256"]: Literal(hash_text(text)),
        KG["byteLength"]: Literal(len(text.encode("utf-8"))),
        KG["characterLength"]: Literal(len(text)),
        KG["segmentCount"]: Literal(segments),
        KG["claimsCreator"]: _make_iri(facts.creator),
        KG["claimsVersion"]: Literal("0.1.0"),
        KG["claimsLicense"]: _make_iri(facts.claims_license),
        KG["curatorType"]: _make_literal(facts.curator_type),
    }
    lines = [
        f"  {format_name(p.value)} {format_term(value)}" for p, value in values.items() if value is not None
    ]
    body = " ;\n".join([f"doc:{name} a kg:SourceDocument", *lines])
    return (
        f"# A source document: what it is. Its text is not here.\n{declare_turtle_prefixes(body)}\n{body} .\n"
    )


def _make_iri(value: str) -> NamedNode | None:
    """Return a CURIE or an IRI as a term; nothing for an empty one."""
    return NamedNode(expand_curie(value)) if value else None


def _make_literal(value: str, language: str | None = None) -> Literal | None:
    """Return a text as a literal; nothing for an empty one."""
    return Literal(value, language=language) if value else None


def _replace_numbers(description: str, text: str, segments: int) -> str:
    """Return the description of a document with hash and sizes of an edited text."""
    numbers = {
        "byteLength": len(text.encode("utf-8")),
        "characterLength": len(text),
        "segmentCount": segments,
    }
    for name, number in numbers.items():
        description = re.sub(rf"(kg:{name} )\d+", rf"\g<1>{number}", description)
    return re.sub(r'(kg:sha256 ")[0-9a-f]{64}', rf"\g<1>{hash_text(text)}", description)
