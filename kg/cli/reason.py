"""`kg reason`: RDF files in, what OWL 2 RL makes of them out."""

from __future__ import annotations

import gzip
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

import click

from kg.settings import Settings

if TYPE_CHECKING:
    from rlreason import Closure
    from rlreason.rule_engine import ProgressCallback

EXIT_INCONSISTENT = 3
#: contradictions that are written one by one
MAX_REPORTED = 50
#: number of facts up to which each comes with its proof; more take too much time and memory
MAX_FACTS_TO_PROVE = 300_000
_UNNAMED_NOTE = (
    "kg: what follows for the {count:,} class expressions without a name is left out (--unnamed writes it)."
)


@click.command(
    epilog="""\b
Examples:
  kg reason ontology.ttl data.nt.gz --output inferred.nt
  kg reason chebi.nt.gz --output chebi-inferred.nt.gz
  kg reason --axiomatic small.ttl
  kg reason ontology.ttl data.ttl --remote http://127.0.0.1:7878/query

Exit codes: 0 consistent; 1 a file cannot be read (the message names file, line and column); 2 wrong use;
3 inconsistent: the contradictions are on stderr, the closure is still written."""
)
@click.argument("files", nargs=-1, type=click.Path(path_type=Path), metavar="FILE...")
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where to write: .gz compresses, .ttl writes Turtle. Default: N-Triples on stdout.",
)
@click.option("--axiomatic", is_flag=True, help="Write reflexive and axiomatic triples too.")
@click.option(
    "--with-input",
    is_flag=True,
    help="Write the triples that were read too: one graph, in which blank nodes keep one name.",
)
@click.option(
    "--unnamed",
    is_flag=True,
    help="Write what follows for class expressions without a name too: many triples in a large ontology.",
)
@click.option(
    "--remote",
    metavar="URL",
    help="Reason on the SPARQL 1.1 server with this query address, by SPARQL Update; FILEs are sent there.",
)
@click.option("--graph", metavar="IRI", help="With --remote: the graph to read there, instead of FILEs.")
def reason(
    files: tuple[Path, ...],
    output: Path | None,
    axiomatic: bool,
    with_input: bool,
    unnamed: bool,
    remote: str | None,
    graph: str | None,
) -> None:
    """Write the triples that OWL 2 RL infers from FILEs: RDF in any syntax, OBO, compressed or not."""
    from kg.linking.readers.format_dispatch import read_triples_of_files

    if not files and not (remote and graph):
        raise click.UsageError("Missing argument 'FILE...'.")
    if output is not None and not output.absolute().parent.is_dir():
        raise click.BadParameter(f"the folder {output.parent} does not exist.", param_hint="--output")
    if remote and (axiomatic or with_input or unnamed):
        raise click.UsageError(
            "--axiomatic, --with-input and --unnamed are for reasoning here; leave them out with --remote."
        )
    if remote:
        from kg.cli.reason_remote import reason_remotely

        with _show_progress() as progress:
            triples = read_triples_of_files(files) if files else None
            code = reason_remotely(remote, triples, graph, output, progress)
        sys.exit(code)
    from kg.build.project_rules import format_term, load_project_rules
    from rlreason import close

    rules = load_project_rules(Settings.from_environment(os.environ).root)
    with _show_progress() as progress:
        closure = close(
            read_triples_of_files(files),
            rules,
            axiomatic=axiomatic,
            unnamed_expressions=unnamed,
            format_term=format_term,
            progress=progress,
        )
    if closure.left_out_expressions:
        click.echo(_UNNAMED_NOTE.format(count=closure.left_out_expressions), err=True)
    _write_triples(closure, output, with_input)
    sys.exit(_report_inconsistencies(closure))


def _write_triples(closure: Closure, output: Path | None, with_input: bool) -> None:
    """Write the inferred triples, after those that were read if wanted."""
    with _open_output(output) as stream:
        if output is None or ".ttl" not in output.suffixes:
            closure.write_ntriples(stream, with_asserted=with_input)
            return
        from pyoxigraph import RdfFormat, serialize

        serialize(closure.iterate_triples(with_asserted=with_input), stream, format=RdfFormat.TURTLE)


@contextmanager
def _open_output(output: Path | None) -> Iterator[IO[bytes]]:
    """Open the output; raises click's error for wrong use when it cannot be written."""
    if output is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    try:
        stream = gzip.open(output, "wb", compresslevel=1) if output.suffix == ".gz" else output.open("wb")
    except OSError as error:
        raise click.BadParameter(
            f"{output} cannot be written: {error.strerror}.", param_hint="--output"
        ) from error
    with stream:
        yield cast("IO[bytes]", stream)


def _report_inconsistencies(closure: Closure) -> int:
    """Write the contradictions to stderr, each with the proofs of its premises; return the exit code."""
    from kg.build.project_rules import format_term
    from rlreason import format_proof

    inconsistencies = closure.inconsistencies
    for inconsistency in inconsistencies[:MAX_REPORTED]:
        click.echo(f"inconsistent: {inconsistency}", err=True)
        if closure.fact_count < MAX_FACTS_TO_PROVE:
            for premise in closure.explain_inconsistency(inconsistency).premises:
                for line in format_proof(premise, format_term, depth=1):
                    click.echo(line, err=True)
    if len(inconsistencies) > MAX_REPORTED:
        click.echo(f"inconsistent: and {len(inconsistencies) - MAX_REPORTED} more.", err=True)
    return EXIT_INCONSISTENT if inconsistencies else 0


@contextmanager
def _show_progress() -> Iterator[ProgressCallback | None]:
    """Yield a function that writes the rounds to a terminal; None where stderr is not one."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console

    console = Console(stderr=True)
    with console.status("reading …") as status:

        def show_round(number: int, new: int, seconds: float) -> None:
            status.update("reasoning …")
            console.print(f"round {number}: {new:,} new triples, {seconds:.2f} s", highlight=False)

        yield show_round
