"""`kg restore`: replace what the store holds by a backup, all or nothing."""

from __future__ import annotations

import os
from pathlib import Path

import click

from kg.settings import Settings


@click.command(
    epilog="""\b
Examples:
  kg restore monday.nq.gz
  kg restore monday.nq --store /srv/rrall    the server is stopped

Exit codes: 0 restored, 1 failed (nothing is changed then), 2 wrong use."""
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--server", metavar="ADDRESS", help="A running server.  [default: that at KG_HOST, KG_PORT]")
@click.option("--store", metavar="STORE", help="The store to fill when no server runs.  [default: KG_STORE]")
def restore(file: Path, server: str | None, store: str | None) -> None:
    """Replace everything the store holds by the backup FILE.

    FILE is checked first; a restore that fails changes nothing. A running server needs the token in
    KG_UPDATE_TOKEN or KG_UPDATE_TOKEN_FILE.
    """
    from sparqlhost.ops.backup_restore import restore_backup
    from sparqlhost.protocol.write_access import read_write_tokens

    settings = Settings.from_environment(os.environ, store=store)
    token = next(iter(read_write_tokens(settings).values()), "")
    count, where = restore_backup(settings, file, token, server)
    click.echo(f"{where}: {count} quads restored from {file}")
