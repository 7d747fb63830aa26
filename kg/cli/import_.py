"""`kg import`: bring ontologies, mapping sets and tables in beside the graph."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from kg.external.formats import Format
from kg.external.reading import Options
from kg.external.table import REGISTRY
from kg.linking.importing import Result, Wish, import_file
from kg.linking.registry import store_path
from kg.settings import Settings
from kg.store.sharing import is_served

#: problems listed on the terminal; --report writes all.
SHOWN = 200
_MB = 1_000_000
_ADDRESS = re.compile(r"(https?://|urn:)[^\s<>\"]+")


@click.command(
    "import",
    epilog="""\b
Examples:
  kg import mondo.nt.gz hp.obo.gz
  kg import --id atc --columns id=Code,label=Name --prefix atc atc.csv
  kg import --lenient --report skipped.txt old.obo

Exit codes: 0 imported, 1 a file is broken (nothing of it is kept), 2 wrong use.""",
)
@click.argument("sources", nargs=-1, required=True, metavar="FILE|URL...")
@click.option(
    "--id", "ident", default="", help="Name of the import; else the file's, dates and suffixes aside."
)
@click.option("--version", default="", help="Version of the source; else as the file says.")
@click.option("--licence", "--license", default="", help="Licence of the source; else as the file says.")
@click.option("--lenient", is_flag=True, help="Skip what is broken, count it, and list file and line.")
@click.option("--edges", is_flag=True, help="Write OBO relationships as plain triples, not OWL restrictions.")
@click.option("--columns", default="", help="For CSV and TSV: role=column pairs, as in id=Code,label=Name.")
@click.option("--prefix", default="", help="For CSV and TSV: prefix of bare identifiers, as in atc.")
@click.option("--iri", default="", help="For CSV and TSV: address of identifiers, {id} being the identifier.")
@click.option("--format", "form", type=click.Choice([f.value for f in Format]), help="If it cannot be told.")
@click.option("--store", type=click.Path(path_type=Path), help="Directory store to import into.")
@click.option("--max-size", default=4_000, show_default=True, help="Megabytes a URL may serve.")
@click.option(
    "--report", type=click.Path(path_type=Path, dir_okay=False), help="Write what was skipped here."
)
def import_(sources: tuple[str, ...], ident: str, version: str, licence: str, **options: object) -> None:
    """Bring ontologies, mapping sets or tables in: each into a graph of its own, whole or not at all.

    Reads OBO, OBO Graphs JSON, OWL (RDF/XML, Functional, Manchester, XML), Turtle, N-Triples, N-Quads, TriG,
    JSON-LD, SSSOM TSV, CSV and TSV (with --columns); packed with gzip, bzip2 or Zstandard or not.
    An address is fetched only because you gave it.
    """
    if ident and len(sources) > 1:
        raise click.UsageError("--id names one import; give one FILE with it.")
    reading = Options(
        lenient=bool(options["lenient"]),
        edges=bool(options["edges"]),
        columns=_columns(str(options["columns"])),
        prefix=str(options["prefix"]),
        iri=_pattern(str(options["iri"])),
        format=Format(options["form"]) if options["form"] else None,
    )
    target = options["store"] if isinstance(options["store"], Path) else None
    report = options["report"] if isinstance(options["report"], Path) else None
    for source in sources:
        wish = Wish(source, ident, version, licence, reading)
        _tell(_one(wish, target, int(str(options["max_size"])) * _MB), report)


def _columns(given: str) -> tuple[tuple[str, str], ...]:
    """Return the pairs of `role=column,role=column`."""
    pairs = [part.partition("=") for part in given.split(",") if part.strip()]
    if any(not equals for _, equals, _ in pairs):
        raise click.UsageError("--columns wants role=column pairs, as in --columns 'id=Code,label=Name'.")
    return tuple((role.strip(), column.strip()) for role, _, column in pairs)


def _pattern(given: str) -> str:
    """Return the pattern of an address, or "" where none is given."""
    if given and not (given.count("{id}") == 1 and _ADDRESS.fullmatch(given)):
        raise click.UsageError(
            "--iri wants an address with one {id}, as in --iri 'https://example.org/code/{id}'."
        )
    return given


def _one(wish: Wish, store: Path | None, limit: int) -> Result:
    """Fetch if need be, and import one file with a progress bar."""
    settings = Settings.from_environment(os.environ)
    target = store_path(settings, store)
    with _progress() as progress, tempfile.TemporaryDirectory(prefix="kg-import-") as folder:
        path = Path(wish.source)
        if "://" in wish.source:
            from kg.external.download import download

            fetch = progress.add_task("fetch", total=None)
            path = download(
                wish.source,
                Path(folder),
                limit,
                lambda total: progress.update(fetch, total=total or None),
                lambda n: progress.advance(fetch, n),
            )
        size = path.stat().st_size if path.is_file() else None
        task = progress.add_task(path.name, total=size)
        held = is_served(target)
        result = import_file(path, wish, target, settings, lambda n: progress.advance(task, n))
        progress.update(task, completed=size)
    if held:
        click.echo("A server has this store open; it turns to the import by itself within seconds.")
    return result


def _progress() -> Progress:
    """Return a bar with rate and time left, on standard error; silent where that is no terminal."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )


def _tell(result: Result, report: Path | None) -> None:
    """Say what came in, and list what was skipped."""
    made = result.imported
    lines = [f"{made.source}:{p.line}:{p.column}: skipped: {p.what}" for p in result.problems]
    if report:
        report.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    for line in lines[:SHOWN]:
        click.echo(line, err=True)
    if len(lines) > SHOWN:
        click.echo(f"... and {len(lines) - SHOWN} more; --report FILE writes all.", err=True)
    for prefix, curie in sorted(result.strangers.items()):
        click.echo(
            f"The prefix {prefix!r} is no vocabulary's, or {curie} is not spelt as its identifiers are "
            f"(data/mappings/prefixes.tsv): such terms stand at {REGISTRY}{curie}, which nobody may keep. "
            "To give them an address of yours, import again with --iri 'https://example.org/code/{id}'.",
            err=True,
        )
    skipped = f", {made.skipped} broken parts skipped" if made.skipped else ""
    click.echo(
        f"{made.id}: {made.triples:,} triples, {made.terms:,} labelled terms{skipped}; "
        f"version {made.version}, licence {made.licence}; in graph {made.graph.value}"
    )
