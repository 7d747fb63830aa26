"""`kg reason`: RDF files in, what OWL 2 RL makes of them out."""

from __future__ import annotations

import gzip
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

import click

if TYPE_CHECKING:
    from rlreason.closure import Closure
    from rlreason.proofs import Proof
    from rlreason.relation import FactSet
    from rlreason.rule_engine import ProgressCallback

EXIT_INCONSISTENT = 3
#: violations told one by one
MAX_REPORTED = 50
#: facts up to which their proofs are told too
MAX_FACTS_TO_PROVE = 300_000


@click.command(
    epilog="""\b
Examples:
  kg reason ontology.ttl data.nt.gz --output inferred.nt
  kg reason chebi.nt.gz --output chebi-inferred.nt.gz
  kg reason --axiomatic small.ttl
  kg reason ontology.ttl data.ttl --remote http://127.0.0.1:7878/query

Exit codes: 0 consistent; 1 a file cannot be read (file, line and column are told); 2 wrong use;
3 inconsistent: the violations are on stderr, the closure is still written."""
)
@click.argument("files", nargs=-1, type=click.Path(path_type=Path), metavar="FILE...")
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where to write; .gz packs, .ttl writes Turtle. Default: N-Triples on stdout.",
)
@click.option("--axiomatic", is_flag=True, help="Write reflexive and axiomatic triples too.")
@click.option(
    "--with-input", is_flag=True, help="Write what was read too: one graph, blank nodes under one name."
)
@click.option(
    "--lean/--no-lean",
    default=None,
    help="Treat anonymous restrictions stated alike as one. Default: only where there are very many.",
)
@click.option(
    "--remote",
    metavar="URL",
    help="Reason on the SPARQL 1.1 server with this query address, with SPARQL Update; files are sent there.",
)
@click.option("--graph", metavar="IRI", help="With --remote: the graph to read there, in the place of files.")
def reason(
    files: tuple[Path, ...],
    output: Path | None,
    axiomatic: bool,
    with_input: bool,
    lean: bool | None,
    remote: str | None,
    graph: str | None,
) -> None:
    """Write the triples that OWL 2 RL infers from FILEs: RDF in any syntax, OBO, packed or not."""
    from kg.linking.readers.format_dispatch import read_triples_of_files

    if not files and not (remote and graph):
        raise click.UsageError("Missing argument 'FILE...'.")
    if output is not None and not output.absolute().parent.is_dir():
        raise click.BadParameter(f"there is no folder {output.parent}.", param_hint="--output")
    if remote and (axiomatic or with_input or lean is not None):
        raise click.UsageError(
            "--axiomatic, --with-input and --lean are for reasoning here; leave them out with --remote."
        )
    if remote:
        from kg.cli.reason_remote import reason_remotely

        with _show_progress() as progress:
            triples = read_triples_of_files(files) if files else None
            code = reason_remotely(remote, triples, graph, output, progress)
        sys.exit(code)
    from rlreason.closure import close

    with _show_progress() as progress:
        closure = close(
            read_triples_of_files(files),
            axiomatic=axiomatic,
            merge_equal_restrictions=lean,
            progress=progress,
        )
    for note in closure.notes:
        click.echo(f"kg: {note}", err=True)
    _write_triples(closure, output, closure.asserted_facts if with_input else None)
    sys.exit(_report_inconsistencies(closure))


def _write_triples(closure: Closure, output: Path | None, asserted: FactSet | None) -> None:
    """Write the inferred triples, after those of `before`."""
    from rlreason.closure import decode_triples, serialize_ntriples

    dictionary = closure.engine.dictionary
    parts = [part for part in (asserted, closure.inferred_facts) if part is not None]
    if output is not None and ".ttl" in output.suffixes:
        from pyoxigraph import RdfFormat, serialize

        triples = chain.from_iterable(decode_triples(part, dictionary) for part in parts)
        blocks: Iterator[bytes] = iter((serialize(triples, format=RdfFormat.TURTLE) or b"",))
    else:
        blocks = chain.from_iterable(serialize_ntriples(part, dictionary) for part in parts)
    with _open_output(output) as stream:
        for block in blocks:
            stream.write(block)


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


def _format_derivation(proof: Proof, depth: int) -> Iterator[str]:
    """Yield the derived premises of a proof, each with what it rests on."""
    from rlreason.proofs import Derived
    from rlreason.wording import fill_wording, format_triple

    for premise in proof.premises if isinstance(proof, Derived) else ():
        if isinstance(premise, Derived):
            reason = fill_wording(premise.wording, premise.bindings)
            yield f"{'  ' * depth}{format_triple(*premise.triple)} follows by {premise.rule}: {reason}"
            yield from _format_derivation(premise, depth + 1)
        else:
            yield f"{'  ' * depth}{format_triple(*premise.triple)} is given"


def _report_inconsistencies(closure: Closure) -> int:
    """Write what contradicts to stderr, each with its proof; return the exit code."""
    from rlreason.proofs import Prover

    found = closure.inconsistencies
    prover = Prover.from_closure(closure) if found and len(closure.state.facts) < MAX_FACTS_TO_PROVE else None
    for each in found[:MAX_REPORTED]:
        click.echo(f"inconsistent: {each}", err=True)
        for line in _format_derivation(prover.prove_inconsistency(each), 1) if prover else ():
            click.echo(line, err=True)
    if len(found) > MAX_REPORTED:
        click.echo(f"inconsistent: and {len(found) - MAX_REPORTED} more.", err=True)
    return EXIT_INCONSISTENT if found else 0


@contextmanager
def _show_progress() -> Iterator[ProgressCallback | None]:
    """Offer a function that tells rounds on a terminal; None elsewhere."""
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
