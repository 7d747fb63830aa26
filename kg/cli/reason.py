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

from kg.errors import BadData
from kg.settings import Settings

if TYPE_CHECKING:
    from rlreason import Closure
    from rlreason.closure import ContradictionGroup
    from rlreason.rule_engine import ProgressCallback

EXIT_INCONSISTENT = 3
#: causes of contradictions that are written one by one
MAX_REPORTED = 50
#: lines of the proof of one contradiction
MAX_PROOF_LINES = 60
_UNNAMED_NOTE = (
    "kg: what follows for the {count:,} class expressions without a name is left out (--unnamed writes it)."
)
_OUTSIDE_NOTE = (
    "kg: {names}: outside OWL 2 RL; such literals and data ranges are neither checked nor compared by value."
)
_CUT_NOTE = (
    "kg: the property chain {name} is not a list, since its cells have several rdf:first or rdf:rest; "
    "of the ways along it only {count} were read."
)


@click.command(
    epilog="""\b
Examples:
  kg reason ontology.ttl data.nt.gz --output inferred.nt
  kg reason chebi.nt.gz --output chebi-inferred.nt.gz
  kg reason --axiomatic small.ttl
  kg reason ro.owl annotations.ttl --rules ro.owl --rules my-rules/
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
    "--rules",
    "own_rules",
    type=click.Path(path_type=Path, exists=True),
    multiple=True,
    metavar="PATH",
    help="Rules of your own besides: a folder of .rq files, or an RDF file with SWRL or SHACL rules.",
)
@click.option(
    "--certificate",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the proof of all that follows, and of contradictions, there: .ttl for PROV-O, else text.",
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
    own_rules: tuple[Path, ...],
    certificate: Path | None,
    remote: str | None,
    graph: str | None,
) -> None:
    """Write the triples that OWL 2 RL infers from FILEs: RDF in any syntax, OBO, compressed or not."""
    from kg.linking.readers.format_dispatch import read_triples_of_files

    if not files and not (remote and graph):
        raise click.UsageError("Missing argument 'FILE...'.")
    if output is not None and not output.absolute().parent.is_dir():
        raise click.BadParameter(f"the folder {output.parent} does not exist.", param_hint="--output")
    if remote and (axiomatic or with_input or unnamed or own_rules or certificate):
        raise click.UsageError(
            "--axiomatic, --with-input, --unnamed, --rules and --certificate are for reasoning here, "
            "not for --remote."
        )
    if remote:
        from kg.cli.reason_remote import reason_remotely

        with _show_progress() as progress:
            triples = read_triples_of_files(files) if files else None
            code = reason_remotely(remote, triples, graph, output, progress)
        sys.exit(code)
    from kg.build.project_rules import format_term, load_project_rules, load_rules_at
    from rlreason import RuleError, close

    rules = load_project_rules(Settings.from_environment(os.environ).root)
    rules = (*rules, *(rule for path in own_rules for rule in load_rules_at(path, read_triples_of_files)))
    with _show_progress() as progress:
        try:
            closure = close(
                read_triples_of_files(files),
                rules,
                axiomatic=axiomatic,
                unnamed_expressions=unnamed,
                format_term=format_term,
                progress=progress,
            )
        except RuleError as error:  # rules that rest on absences, in a circle
            raise BadData(error.message) from error
    _write_notes(closure)
    _write_triples(closure, output, with_input)
    if certificate is not None:
        _write_certificate(closure, certificate)
    sys.exit(_report_inconsistencies(closure))


def _write_notes(closure: Closure) -> None:
    """Write to stderr what was left out, and what was not understood."""
    from kg.build.project_rules import format_term
    from rlreason.rdf_lists import MAX_SEQUENCES

    if closure.left_out_expressions:
        click.echo(_UNNAMED_NOTE.format(count=closure.left_out_expressions), err=True)
    if closure.unknown_datatypes:
        names = ", ".join(format_term(datatype) for datatype in closure.unknown_datatypes)
        click.echo(_OUTSIDE_NOTE.format(names=names), err=True)
    for chain in closure.cut_lists:
        click.echo(_CUT_NOTE.format(name=format_term(chain), count=MAX_SEQUENCES), err=True)


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
    """Write the contradictions to stderr by cause, each with a proof; return the exit code."""
    groups = closure.group_inconsistencies() if closure.inconsistencies else ()
    for group in groups[:MAX_REPORTED]:
        click.echo(f"inconsistent: {group.members[0]}", err=True)
        for line in _format_proof_lines(group):
            click.echo(line, err=True)
        if len(group.members) > 1:
            click.echo(f"  {len(group.members) - 1:,} more contradictions have the same cause.", err=True)
    if len(groups) > MAX_REPORTED:
        click.echo(f"inconsistent: {len(groups) - MAX_REPORTED:,} more causes.", err=True)
    return EXIT_INCONSISTENT if groups else 0


def _format_proof_lines(group: ContradictionGroup) -> Iterator[str]:
    """Yield the lines of a proof, as many as are worth reading."""
    from kg.build.project_rules import format_term
    from rlreason import format_proof

    lines = list(format_proof(group.proof, format_term))[1:]
    yield from lines[:MAX_PROOF_LINES]
    if len(lines) > MAX_PROOF_LINES:
        rest = len(lines) - MAX_PROOF_LINES
        yield f"  {rest:,} more lines of this proof; --certificate FILE writes all of it."


def _write_certificate(closure: Closure, path: Path) -> None:
    """Write the proofs of all that was inferred and of all contradictions."""
    from rlreason.certificates import list_steps, write_rdf, write_text

    steps = list_steps(closure.iterate_proofs())
    write = write_rdf if path.suffix in {".ttl", ".nt"} else write_text
    try:
        with path.open("w", encoding="utf-8") as stream:
            stream.writelines(write(steps))
    except OSError as error:
        message = f"{path} cannot be written: {error.strerror}."
        raise click.BadParameter(message, param_hint="--certificate") from error


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
