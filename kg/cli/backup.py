"""`kg backup`: everything the store holds in one file, while the server runs."""

from __future__ import annotations

import os
from pathlib import Path

import click

from kg.settings import Settings


@click.command(
    epilog="""\b
Examples:
  kg backup monday.nq.gz
  kg backup monday.nq --server http://127.0.0.1:8000
  kg backup monday.nq --store /srv/rrall     the server is stopped

Exit codes: 0 written, 1 failed, 2 wrong use."""
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--server", metavar="ADDRESS", help="A running server.  [default: that at KG_HOST, KG_PORT]")
@click.option("--store", metavar="STORE", help="The store to read when no server runs.  [default: KG_STORE]")
@click.option("--build-dir", type=click.Path(path_type=Path), help="Where builds are published.")
def backup(file: Path, server: str | None, store: str | None, build_dir: Path | None) -> None:
    """Write everything the store holds, as of one moment, to FILE: N-Quads, compressed if it ends in .gz."""
    from kg.build.hosted_data import describe_hosted_data
    from sparqlhost.ops.backup_restore import write_backup

    settings = Settings.from_environment(os.environ, store=store, build_dir=build_dir)
    origin = write_backup(settings, file, server, describe_hosted_data(settings))
    click.echo(f"{file}: backup of {origin}")
