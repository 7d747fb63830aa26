"""`kg build`: files in, a published graph out."""

from __future__ import annotations

import os
import time
from pathlib import Path

import click

from kg.cli.output import show_progress
from kg.settings import Settings


@click.command(
    epilog="""\b
Examples:
  kg build
  kg build --source-text ~/my-copies
  kg build --project ~/my-texts
  kg build --reasoner owlrl

Exit codes: 0 published, 1 mistakes in the files (all listed; the last good build stays), 2 wrong use."""
)
@click.option(
    "--source-text",
    type=click.Path(path_type=Path),
    help="Your own copy of the source text, to check against.",
)
@click.option(
    "--project",
    "root",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="A folder with ontology/, data/ and queries/ of its own.  [default: KG_ROOT, else this project]",
)
@click.option("--reasoner", default="rules", show_default=True, help="rules, or owlrl (slow, to compare).")
def build(source_text: Path | None, root: Path | None, reasoner: str) -> None:
    """Load, validate, reason and publish the graph under build/current."""
    from kg.build.building import build as run

    started = time.perf_counter()
    settings = Settings.from_environment(os.environ, source_text=source_text, root=root)
    with show_progress() as progress:
        built = run(settings, reasoner_name=reasoner, progress=progress)
    manifest = built.manifest
    click.echo(
        f"{manifest.version}: {manifest.default_triples} triples in the default graph, "
        f"{len(manifest.graphs)} named graphs, {time.perf_counter() - started:.1f} s, in {built.folder}"
    )
