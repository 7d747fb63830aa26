"""`kg import`: load ontologies, mapping sets and tables beside the graph."""

from __future__ import annotations

import mmap
import os
import pickle
import re
import signal
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

from kg.linking.importing import ImportRequest, ImportResult, import_file
from kg.linking.readers.file_formats import FileFormat
from kg.linking.readers.source_reading import ReadOptions
from kg.linking.readers.table_reader import FALLBACK_NAMESPACE
from kg.settings import Settings
from sparqlhost.errors import TooExpensive, UserError
from sparqlhost.pool.sandbox import LimitedChild, list_other_threads
from sparqlhost.store.disk_store import is_store_served
from sparqlhost.store.staging import remove_stale_stages

#: problems that are printed; --report writes all of them
MAX_LISTED = 200
_MEGABYTE = 1_000_000
#: MiB of memory that reading a file may take: so many, and so many times its size, which may be compressed
_MEMORY, _MEMORY_FACTOR = 3_000, 50
_IRI_PATTERN = re.compile(r"(https?://|urn:)[^\s<>\"]+")


@click.command(
    "import",
    epilog="""\b
Examples:
  kg import mondo.nt.gz hp.obo.gz
  kg import --id atc --columns id=Code,label=Name --prefix atc atc.csv
  kg import --lenient --report skipped.txt old.obo

Exit codes: 0 imported, 1 a file is broken (nothing of it is imported), 2 wrong use.""",
)
@click.argument("sources", nargs=-1, required=True, metavar="FILE|URL...")
@click.option(
    "--id", "ident", default="", help="Name of the import; else the file's name without date and suffixes."
)
@click.option("--version", default="", help="Version of the source; else as the file states it.")
@click.option("--licence", "--license", default="", help="Licence of the source; else as the file states it.")
@click.option("--lenient", is_flag=True, help="Skip what is broken, and list it with file and line.")
@click.option("--edges", is_flag=True, help="Write OBO relationships as plain triples, not OWL restrictions.")
@click.option("--columns", default="", help="For CSV and TSV: role=column pairs, as in id=Code,label=Name.")
@click.option("--prefix", default="", help="For CSV and TSV: prefix of bare identifiers, as in atc.")
@click.option("--iri", default="", help="For CSV and TSV: IRI of a term, with {id} for its identifier.")
@click.option(
    "--format", "form", type=click.Choice([f.value for f in FileFormat]), help="If it cannot be detected."
)
@click.option("--store", type=click.Path(path_type=Path), help="Directory store to import into.")
@click.option("--max-size", default=4_000, show_default=True, help="Megabytes that a URL may have.")
@click.option(
    "--report", type=click.Path(path_type=Path, dir_okay=False), help="Write what was skipped here."
)
def import_(sources: tuple[str, ...], ident: str, version: str, licence: str, **options: object) -> None:
    """Import ontologies, mapping sets or tables, each into its own graph, completely or not at all.

    Reads OBO, OBO Graphs JSON, OWL (RDF/XML, Functional, Manchester, XML), Turtle, N-Triples, N-Quads, TriG,
    JSON-LD, SSSOM TSV, CSV and TSV (with --columns), also compressed with gzip, bzip2 or Zstandard.
    Only the addresses you give are downloaded.
    """
    if ident and len(sources) > 1:
        raise click.UsageError("--id names one import; give one FILE with it.")
    reading_options = ReadOptions(
        lenient=bool(options["lenient"]),
        edges=bool(options["edges"]),
        columns=_parse_columns(str(options["columns"])),
        prefix=str(options["prefix"]),
        iri=_check_iri_pattern(str(options["iri"])),
        format=FileFormat(options["form"]) if options["form"] else None,
    )
    target = options["store"] if isinstance(options["store"], Path) else None
    report = options["report"] if isinstance(options["report"], Path) else None
    for source in sources:
        request = ImportRequest(source, ident, version, licence, reading_options)
        _print_result(_import_source(request, target, int(str(options["max_size"])) * _MEGABYTE), report)


def _parse_columns(text: str) -> tuple[tuple[str, str], ...]:
    """Return the pairs of `role=column,role=column`; raises UsageError."""
    pairs = [part.partition("=") for part in text.split(",") if part.strip()]
    if any(not equals for _, equals, _ in pairs):
        raise click.UsageError("--columns needs role=column pairs, as in --columns 'id=Code,label=Name'.")
    return tuple((role.strip(), column.strip()) for role, _, column in pairs)


def _check_iri_pattern(pattern: str) -> str:
    """Return the pattern of an IRI, "" when none is given; raises UsageError."""
    if pattern and not (pattern.count("{id}") == 1 and _IRI_PATTERN.fullmatch(pattern)):
        raise click.UsageError(
            "--iri needs an address with one {id}, as in --iri 'https://example.org/code/{id}'."
        )
    return pattern


def _import_source(request: ImportRequest, store: Path | None, limit: int) -> ImportResult:
    """Download a file if its source is an address, and import it; `limit` is in bytes."""
    settings = Settings.from_environment(os.environ)
    target = settings.locate_import_store(store)
    with tempfile.TemporaryDirectory(prefix="kg-import-") as folder:
        is_address = "://" in request.source
        path = _fetch(request.source, Path(folder), limit, settings) if is_address else Path(request.source)
        is_served = is_store_served(target)
        result = _import_in_child(path, request, target, settings)
    if is_served:
        click.echo("A running server will load the import within seconds.")
    return result


def _fetch(address: str, folder: Path, limit: int, settings: Settings) -> Path:
    """Download what is at an address; return the file."""
    from sparqlhost.download import download_file

    with _make_progress_bar() as progress:
        task = progress.add_task("fetch", total=None)
        return download_file(
            address,
            folder,
            limit,
            lambda total: progress.update(task, total=total or None),
            lambda n: progress.advance(task, n),
            settings.PRODUCT,
        )


def _import_in_child(path: Path, request: ImportRequest, target: Path, settings: Settings) -> ImportResult:
    """Import a file in a process that may die of it: the file comes from others.

    A program of several threads imports in its own process, without the limit: a fork copies no thread, so
    the store in the child would wait for those of RocksDB without end. The command has one thread here.
    Raises what the import raises, and TooExpensive when it takes too much memory.
    """
    if list_other_threads():
        return import_file(path, request, target, settings, lambda _: None)
    bytes_read = mmap.mmap(-1, 8)  # shared with the child

    def count_bytes(n: int) -> None:
        bytes_read[:] = (int.from_bytes(bytes_read[:]) + n).to_bytes(8)

    def import_or_explain() -> bytes:
        try:
            return pickle.dumps(import_file(path, request, target, settings, count_bytes))
        except UserError as error:
            return pickle.dumps(error)

    size = path.stat().st_size if path.is_file() else None
    limit = _MEMORY + _MEMORY_FACTOR * (size or 0) // _MEGABYTE
    child = LimitedChild(import_or_explain, limit)  # before the progress bar starts a thread
    with _make_progress_bar() as progress:
        task = progress.add_task(path.name, total=size)
        outcome, signal_number = child.wait(
            lambda: progress.update(task, completed=int.from_bytes(bytes_read[:]))
        )
        progress.update(task, completed=size)
    if not outcome:
        remove_stale_stages(target)
        raise TooExpensive(
            f"Reading it takes more than {limit:,} MiB of memory, or crashes the reader"
            f" ({signal.Signals(signal_number).name if signal_number else 'no signal'}).",
            location=request.source,
            hint="Nothing was imported. Split it if it is large; a small one is made to do harm.",
        )
    result: ImportResult | UserError = pickle.loads(outcome)  # noqa: S301 - of the child that was forked here
    if isinstance(result, UserError):
        raise result
    return result


def _make_progress_bar() -> Progress:
    """Return a progress bar on standard error; it prints nothing if that is not a terminal."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )


def _print_result(result: ImportResult, report: Path | None) -> None:
    """Print what was imported, and list what was skipped."""
    imported = result.imported
    lines = [f"{imported.source}:{p.line}:{p.column}: skipped: {p.message}" for p in result.problems]
    if report:
        report.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    for line in lines[:MAX_LISTED]:
        click.echo(line, err=True)
    if len(lines) > MAX_LISTED:
        click.echo(f"... and {len(lines) - MAX_LISTED} more; --report FILE writes all.", err=True)
    for prefix, curie in sorted(result.unknown_prefixes.items()):
        click.echo(
            f"{prefix}: Unknown prefix; these terms get placeholder IRIs that may not resolve "
            f"({FALLBACK_NAMESPACE}{curie}), or {curie} is not a valid identifier of that vocabulary. "
            "Add it to data/mappings/prefixes.tsv, "
            "or import again with --iri 'https://example.org/code/{id}'.",
            err=True,
        )
    skipped = f", {imported.skipped} broken parts skipped" if imported.skipped else ""
    click.echo(
        f"{imported.id}: {imported.triples:,} triples, {imported.terms:,} labelled terms{skipped}; "
        f"version {imported.version}, licence {imported.licence}; in graph {imported.graph.value}"
    )
