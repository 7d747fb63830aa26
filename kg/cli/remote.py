"""`kg remote`: name the remote endpoints that may be called; no others are."""

from __future__ import annotations

import json
import os

import click

from kg.linking.named_remotes import add_remote, get_remote_address, read_remotes, remove_remote
from kg.settings import Settings
from sparqlhost.remote.remote_endpoint import limit_remote_requests, select_from_remote


@click.group(
    "remote",
    epilog="""\b
Examples:
  kg remote add lab http://127.0.0.1:7878/query
  kg remote test lab
  kg remote list

Exit codes: 0 done, 1 there is no such remote or it does not answer, 2 wrong use.""",
)
@click.pass_context
def remote(context: click.Context) -> None:
    """Name remote SPARQL endpoints; `kg link --remote NAME` and SERVICE can call exactly these."""
    context.obj = Settings.from_environment(os.environ)


@remote.command("add")
@click.argument("name")
@click.argument("url")
@click.pass_obj
def add_command(settings: Settings, name: str, url: str) -> None:
    """Name the endpoint at URL; nothing is sent to it yet."""
    add_remote(settings, name, url)
    click.echo(f"{name}: {url}. Restart a running server to use it.")


@remote.command("list")
@click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")
@click.pass_obj
def list_command(settings: Settings, as_json: bool) -> None:
    """List the remotes; no request is sent."""
    found = read_remotes(settings)
    if as_json:
        click.echo(json.dumps(found, indent=1))
        return
    for name, address in found.items():
        click.echo(f"{name}  {address}")
    if not found:
        click.echo("No remotes yet; use kg remote add NAME URL.")


@remote.command("remove")
@click.argument("name")
@click.pass_obj
def remove_command(settings: Settings, name: str) -> None:
    """Remove a remote."""
    remove_remote(settings, name)
    click.echo(f"{name} removed.")


@remote.command("test")
@click.argument("name")
@click.pass_obj
def test_command(settings: Settings, name: str) -> None:
    """Ask a remote for one triple, to check that it answers."""
    address, limits = get_remote_address(settings, name), limit_remote_requests(settings)
    select_from_remote(name, address, "SELECT ?s { ?s ?p ?o } LIMIT 1", limits)
    click.echo(f"{name} answers.")
