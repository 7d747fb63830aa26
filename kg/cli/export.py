"""`kg export`: the graph in the formats other tools take."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from kg.errors import StoreUnavailable
from kg.exports.export_formats import EXPORT_FORMATS, find_export_format, zip_files
from kg.settings import Settings

_FORMAT_HELP = "\n".join(f"{row.name:8}  {row.summary}" for row in EXPORT_FORMATS.values())


@click.command(
    epilog=f"""\b
Examples:
  kg export sssom > rrall-kg.sssom.tsv
  kg export kgx --output exported/
  kg export jsonld --output rrall-kg.jsonld
  kg export nanopubs > claims.trig

\b
{_FORMAT_HELP}

\b
Where a format has several files, --output is a folder; without it, a zip archive goes to a pipe.
Exit codes: 0 exported, 1 it could not be, 2 wrong use."""
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    help="A file, or a folder for several files; else standard output.",
)
@click.argument("name", type=click.Choice(tuple(EXPORT_FORMATS)))
def export(name: str, output: Path | None) -> None:
    """Export the built graph as NAME."""
    from kg.build.opening import open_build

    settings = Settings.from_environment(os.environ)
    export_format = find_export_format(name)
    if len(export_format.file_types) > 1 and output is None and sys.stdout.isatty():
        raise click.UsageError(
            f"{name} is several files: name a folder with --output, or pipe the archive to a file."
        )
    files = export_format.make_files(open_build(settings), settings.root)
    if output is None:
        click.echo(zip_files(files) if len(files) > 1 else files[0].text.encode(), nl=False)
        return
    try:
        targets = _choose_output_paths(output, [file.name for file in files])
        for target, file in zip(targets, files, strict=True):
            target.write_text(file.text, encoding="utf-8", newline="")
            click.echo(f"{target}: {len(file.text):,} characters", err=True)
    except OSError as error:
        raise StoreUnavailable(
            f"The export cannot be written: {error.strerror}.",
            location=str(output),
            hint="Choose another place.",
        ) from error


def _choose_output_paths(output: Path, names: list[str]) -> list[Path]:
    """Return where each file goes: into a folder, or the one file to `output` itself."""
    if len(names) == 1 and not output.is_dir():
        output.parent.mkdir(parents=True, exist_ok=True)
        return [output]
    output.mkdir(parents=True, exist_ok=True)
    return [output / name for name in names]
