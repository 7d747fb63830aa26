"""`kg imports`: list what was imported, and remove it."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from kg.linking.importing import remove_import
from kg.model.import_registry import ImportedDataset, find_import, list_imports
from kg.settings import Settings
from sparqlhost.store.staging import open_readonly


@click.group(
    "imports",
    invoke_without_command=True,
    epilog="""\b
Examples:
  kg imports
  kg imports --json
  kg imports remove mondo

Exit codes: 0 done, 1 there is no such import, 2 wrong use.""",
)
@click.option("--store", type=click.Path(path_type=Path), help="Directory store of the imports.")
@click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")
@click.pass_context
def imports(context: click.Context, store: Path | None, as_json: bool) -> None:
    """List the imports with source, version, licence, checksum, date and counts."""
    target = Settings.from_environment(os.environ).locate_import_store(store)
    context.obj = target
    if context.invoked_subcommand is None:
        _print_imports(target, as_json)


@imports.command("list")
@click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")
@click.pass_obj
def list_command(target: Path, as_json: bool) -> None:
    """List the imports, as `kg imports` alone does."""
    _print_imports(target, as_json)


def _print_imports(target: Path, as_json: bool) -> None:
    """Print the imports of a store; none if it does not exist."""
    datasets = list_imports(open_readonly(target)) if target.exists() else ()
    _print_json(datasets) if as_json else _print_table(datasets)


@imports.command("remove")
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@click.option("--store", type=click.Path(path_type=Path), help="Directory store to remove from.")
@click.pass_obj
def remove_command(target: Path, ids: tuple[str, ...], store: Path | None) -> None:
    """Remove imports with their descriptions."""
    target = store or target
    for ident in ids:
        imported = find_import(open_readonly(target), ident)
        remove_import(ident, target)
        click.echo(f"{ident}: {imported.triples:,} triples removed.")


def _print_json(datasets: tuple[ImportedDataset, ...]) -> None:
    """Print the imports as a JSON array."""
    click.echo(
        json.dumps([asdict(i) | {"graph": i.graph.value} for i in datasets], indent=2, ensure_ascii=False)
    )


def _print_table(datasets: tuple[ImportedDataset, ...]) -> None:
    """Print the imports as a table."""
    if not datasets:
        click.echo("No imports yet; use kg import FILE.")
        return
    table = Table("id", "version", "triples", "terms", "licence", "imported", "source", "sha256", box=None)
    for i in datasets:
        terms = f"{i.terms:,}" + (f" ({i.skipped} skipped)" if i.skipped else "")
        table.add_row(
            i.id,
            i.version,
            f"{i.triples:,}",
            terms,
            i.licence,
            i.date[:10],
            Path(i.source).name,
            i.sha256[:12],
        )
    Console(width=None if Console().is_terminal else 240).print(table)
