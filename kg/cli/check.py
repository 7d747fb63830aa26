"""`kg check`: every mistake of the files, without building."""

from __future__ import annotations

import os
from pathlib import Path

import click

from kg.cli.output import show_progress
from kg.settings import Settings


@click.command(
    epilog="""\b
Examples:
  kg check
  kg check --source-text ~/my-copies

Exit codes: 0 no mistake, 1 mistakes (one line each: file:line:column: what, and what to do), 2 wrong use."""
)
@click.option(
    "--source-text",
    type=click.Path(path_type=Path),
    help="Your own copy of the source text, to check against.",
)
def check(source_text: Path | None) -> None:
    """Validate the files: syntax, terms, duplicates, shapes and, with your copy, anchors and wording."""
    from kg.build.building import check_project

    settings = Settings.from_environment(os.environ, source_text=source_text)
    with show_progress() as progress:
        sources, _ = check_project(settings, progress=progress)
    triples = sum(len(file.triples) for file in sources.files)
    if settings.source_text is None:
        click.echo(
            "Offsets, hashes, cues and wording were not checked against a text; --source-text does that.",
            err=True,
        )
    click.echo(f"No mistake in {len(sources.files)} files, {triples} triples.")
