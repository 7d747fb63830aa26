"""`kg explain`: why a statement holds, step by step down to the sentence, or what it lacks."""

from __future__ import annotations

import json
import os
import sys

import click

from kg.settings import Settings

EXIT_ABSENT = 1


@click.command(
    epilog="""\b
Examples:
  kg explain int:Blinatumomab kg:optionFor sit:RelapsedBALL
  kg explain blinatumomab "option for" "relapsed B-cell ALL" --all
  kg explain int:StemCellTransplant kg:raisedFor sit:RefractoryALL --format ttl

Exit codes: 0 it holds; 1 it is not in the graph (then the missing premise is shown), a name is not known, or
there is no build; 2 wrong use."""
)
@click.argument("subject")
@click.argument("predicate")
@click.argument("object", metavar="OBJECT")
@click.option("--all", "every", is_flag=True, help="List alternative proofs too, up to 20.")
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "ttl"]), default="text", show_default=True
)
def explain(subject: str, predicate: str, object: str, every: bool, form: str) -> None:
    """Prove that SUBJECT PREDICATE OBJECT holds; each a CURIE, an IRI or a label."""
    from kg.build.publishing import open_build
    from kg.pages.explain import view as proving
    from kg.pages.term_refs import as_json

    store = open_build(Settings.from_environment(os.environ))
    triple = proving.parse_statement(proving.load_term_names(store), subject, predicate, object)
    page = proving.explain_triple(
        proving.make_prover(store), store, proving.load_all_labels(store), triple, all_proofs=every
    )
    if form == "json":
        click.echo(json.dumps(as_json(page), ensure_ascii=False, indent=1))
    else:
        from kg.pages.explain.proof_text import render_prov, render_text

        click.echo(
            render_text(page) if form == "text" else _serialize_turtle(list(render_prov(page))), nl=False
        )
    sys.exit(EXIT_ABSENT if page.status == "absent" else 0)


def _serialize_turtle(quads: list[object]) -> str:
    """Return quads of the default graph as Turtle."""
    from pyoxigraph import Quad, RdfFormat, serialize

    from sparqlhost.pool.query_runner import find_used_prefixes

    triples = [quad.triple for quad in quads if isinstance(quad, Quad)]
    return (serialize(triples, format=RdfFormat.TURTLE, prefixes=find_used_prefixes(triples)) or b"").decode()
