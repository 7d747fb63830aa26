"""`kg coverage`: sentence by sentence, what is claimed, what is set aside and why, what is open."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import click

from kg.settings import Settings
from kg.texts.anchors import CheckedCopy
from kg.texts.text_coverage import DocumentCoverage, SegmentCoverage, measure_span_share


@click.command(
    epilog="""\b
Examples:
  kg coverage
  kg coverage --format json
  kg coverage --source-text ~/my-copies
  kg coverage --document rrall-2014

\b
With your own copy the quotes are shown (never stored or sent) and the share of characters inside spans.
Exit codes: 0 nothing open; 1 a sentence has neither claim nor reason, or the copy differs; 2 wrong use."""
)
@click.option("--source-text", type=click.Path(path_type=Path), help="Your own copy of the source text.")
@click.option("--document", help="Only this document; default: all.")
@click.option(
    "--format", "output_format", type=click.Choice(("text", "json")), default="text", show_default=True
)
def coverage(source_text: Path | None, document: str | None, output_format: str) -> None:
    """Show which sentences of the text have claims."""
    from kg.build.reader_copy import read_coverage

    settings = Settings.from_environment(os.environ, source_text=source_text)
    measured = read_coverage(settings, document)
    if output_format == "json":
        click.echo(json.dumps([_coverage_to_json(*pair) for pair in measured], indent=1, ensure_ascii=False))
    else:
        for coverage_of_document, copy in measured:
            _print_coverage(coverage_of_document, copy)
    if any(coverage_of_document.open_segments for coverage_of_document, _ in measured):
        sys.exit(1)


def _print_coverage(measured: DocumentCoverage, copy: CheckedCopy | None) -> None:
    """Print a document's coverage."""
    click.echo(f"{measured.document.name}: {measured.document.title}")
    for row in measured.rows:
        _print_segment(row, copy)
    total = (
        f"{len(measured.rows)} segments, {measured.claim_count} claims: "
        f"{measured.count_segments('claimed')} claimed, {measured.count_segments('set aside')} set aside, "
        f"{measured.count_segments('open')} open."
    )
    click.echo(total)
    if copy is not None:
        share = measure_span_share(measured.document, copy.text)
        click.echo(f"{share:.1%} of the visible characters are inside the span of a claim.")


def _print_segment(row: SegmentCoverage, copy: CheckedCopy | None) -> None:
    """Print one segment with its claims."""
    segment = row.segment
    state = {
        "claimed": "",
        "set aside": f"  set aside: {segment.set_aside}",
        "open": "  OPEN: no claim, no reason",
    }
    click.echo(f"{segment.notation:6} {segment.kind} {segment.start}-{segment.end}{state[row.state]}")
    if copy is not None:
        click.echo(f"       | {copy.quote_span(segment)}")
    for claim in row.claims:
        cues = ", ".join(f'"{cue}"' for cue in claim.cues)
        click.echo(f"       {claim.name}  {claim.label}  [{cues}]")


def _coverage_to_json(measured: DocumentCoverage, copy: CheckedCopy | None) -> dict[str, object]:
    """Return a document's coverage as JSON values."""
    result: dict[str, object] = {
        "document": measured.document.iri,
        "title": measured.document.title,
        "segments": len(measured.rows),
        "claims": measured.claim_count,
        "claimed": measured.count_segments("claimed"),
        "set_aside": measured.count_segments("set aside"),
        "open": measured.count_segments("open"),
        "rows": [_segment_to_json(row, copy) for row in measured.rows],
    }
    if copy is not None:
        result["share_inside_spans"] = round(measure_span_share(measured.document, copy.text), 4)
    return result


def _segment_to_json(row: SegmentCoverage, copy: CheckedCopy | None) -> dict[str, object]:
    """Return one segment as JSON values."""
    segment = row.segment
    values: dict[str, object] = {
        "segment": segment.notation,
        "iri": segment.iri,
        "kind": segment.kind,
        "start": segment.start,
        "end": segment.end,
        "state": row.state,
        "claims": [claim.name for claim in row.claims],
    }
    if segment.set_aside:
        values["set_aside_because"] = segment.set_aside
    if copy is not None:
        values["quote"] = copy.quote_span(segment)
    return values
