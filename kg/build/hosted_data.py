"""What this project tells the SPARQL host about its data."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from pyoxigraph import NamedNode

from kg.build.inference_maintenance import IncrementalClosure, InferenceMaintainer
from kg.build.opening import open_build
from kg.build.project_rules import load_project_rules
from kg.build.publishing import CURRENT_LINK, GRAPH_FILE
from kg.model.graphs import is_from_build, is_in_default_graph, parse_claim_graph
from kg.namespaces import PREFIXES
from kg.settings import Settings
from sparqlhost.hosting import HostedData

_RESTORE_HINT = "Restore it with kg restore from a backup."


def describe_hosted_data(settings: Settings) -> HostedData:
    """Return the current build as data to host; with `settings.empty` a plain store with our prefixes."""
    if settings.empty:
        return HostedData(prefixes=PREFIXES, restore_hint=_RESTORE_HINT)
    return HostedData(
        initial_nquads=settings.build_dir / CURRENT_LINK / GRAPH_FILE,
        open_in_memory=partial(open_build, settings),
        missing_data_hint="Run kg build, then try again; or serve an empty store with --empty.",
        restore_hint=_RESTORE_HINT,
        is_initial_graph=is_from_build,
        is_default_graph_member=is_in_default_graph,
        name_graph_family=_name_graph_family,
        make_after_write=partial(_make_maintainer, settings.root),
        prefixes=PREFIXES,
    )


def _name_graph_family(graph: NamedNode) -> str:
    """Return the kind of the graphs of claims, which a description counts and does not list."""
    claim, part = parse_claim_graph(graph) or ("", "")
    return f"claim-{part}" if claim else ""


def _make_maintainer(root: Path) -> InferenceMaintainer:
    return InferenceMaintainer(IncrementalClosure(load_project_rules(root)))
