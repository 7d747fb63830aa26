"""The command `kg`: one file a command, read only when called, so that `kg --help` is quick."""

from __future__ import annotations

import errno
import importlib
import io
import logging
import os
import sys

import click

from kg.errors import InvalidFiles, UserError

#: command -> "module:function"; the order is that of `kg --help`.
COMMANDS: dict[str, str] = {
    "build": "kg.cli.build:build",
    "check": "kg.cli.check:check",
    "coverage": "kg.cli.coverage:coverage",
    "text": "kg.cli.text:text",
    "query": "kg.cli.query:query",
    "ask": "kg.cli.ask:ask",
    "serve": "kg.cli.serve:serve",
    "reason": "kg.cli.reason:reason",
    "explain": "kg.cli.explain:explain",
    "case": "kg.cli.case:case",
    "import": "kg.cli.import_:import_",
    "imports": "kg.cli.imports:imports",
    "link": "kg.cli.link:link",
    "resolve": "kg.cli.resolve:resolve",
    "remote": "kg.cli.remote:remote",
    "export": "kg.cli.export:export",
    "backup": "kg.cli.backup:backup",
    "restore": "kg.cli.restore:restore",
}


class LazyCommandGroup(click.Group):
    """A group that imports a command's module when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the command names in their order."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command, or None when there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        module, function = COMMANDS[cmd_name].split(":")
        command: click.Command = getattr(importlib.import_module(module), function)
        return command


@click.group(cls=LazyCommandGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="rrall-kg")
def cli() -> None:
    """Ask, check and serve the graph of what its source texts say; `kg ask source-age` lists the texts.

    Exit codes: 0 fine, 1 bad data or input, 2 wrong use, 3 inconsistent (kg reason).
    """


def main() -> None:
    """Run the command line; an error that a user can fix is printed as one sentence, with exit code 1."""
    _configure_streams()
    try:
        code = cli(standalone_mode=False)  # click returns the code of `raise Exit(code)` here
        if isinstance(code, int) and code:
            sys.exit(code)
    except InvalidFiles as error:
        click.echo(f"{error}\nkg: {error.message}", err=True)
        sys.exit(1)
    except UserError as error:
        click.echo(f"kg: {error}", err=True)
        sys.exit(1)
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except click.Abort:
        click.echo("kg: stopped.", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        click.echo(
            "kg: The output cannot be written: the disk is full. Free space and run it again.", err=True
        )
        os._exit(1)  # a normal exit would flush the buffers, which fails again


def _configure_streams() -> None:
    """Keep a character that the terminal lacks, and warnings of rdflib, from printing a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.encoding.lower() != "utf-8":
            stream.reconfigure(errors="replace")  # prints a question mark instead
    logging.getLogger("rdflib").setLevel(logging.ERROR)  # it warns about ill-typed literals with tracebacks
