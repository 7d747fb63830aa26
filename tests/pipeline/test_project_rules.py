"""A build reasons with the rules of its own project, and its manifest names them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pyoxigraph import NamedNode

from kg.build.building import build
from kg.build.hosted_data import describe_hosted_data
from kg.build.loading import hash_input_files
from kg.build.opening import open_build
from kg.build.project_rules import load_project_rules
from kg.errors import BadData
from kg.model.graphs import INFERRED
from kg.pages.page_queries import ReasonerInput
from kg.settings import PROJECT_ROOT, Settings
from rlreason import OWL2RL
from sparqlhost.store.interface import Store


def inferred(settings: Settings) -> frozenset[object]:
    """Build a project and return what it infers."""
    build(settings)
    store: Store = open_build(settings)
    return frozenset(store.read_graph(NamedNode(INFERRED.value)))


def test_a_project_without_a_rule_infers_less(project: Path, tmp_path: Path) -> None:
    """Rules were read from KG_ROOT at import, whatever the settings said."""
    settings = Settings(root=project, build_dir=tmp_path / "build")
    with_all = inferred(settings)
    (project / "ontology/rules/owl2rl/table-5-properties/prp-trp.rq").unlink()
    without = inferred(settings)
    assert without < with_all
    store = open_build(settings)
    closure = ReasonerInput.load(store, load_project_rules(project)).close()
    assert frozenset(closure.inferred) >= without
    assert len(closure.inferred) < len(ReasonerInput.load(store, tuple(OWL2RL)).close().inferred)


def test_the_manifest_names_every_rule_file() -> None:
    """In a checkout the folder is a link, which `**` does not follow."""
    rules = [name for name in hash_input_files(PROJECT_ROOT) if name.endswith(".rq") and "/rules/" in name]
    assert len(rules) == len(OWL2RL) == 78
    assert all(name.startswith("ontology/rules/owl2rl/table-") for name in rules)


def test_the_rules_of_this_project_are_those_of_the_library() -> None:
    assert load_project_rules(PROJECT_ROOT) == tuple(OWL2RL)
    assert (PROJECT_ROOT / "ontology/rules/owl2rl").samefile(PROJECT_ROOT / "rlreason/owl2rl")
    assert os.readlink(PROJECT_ROOT / "ontology/rules/owl2rl") == "../../rlreason/owl2rl"


def test_inferences_follow_a_write_by_the_rules_of_the_project(project: Path, tmp_path: Path) -> None:
    (project / "ontology/rules/owl2rl/table-5-properties/prp-trp.rq").write_text("nonsense")
    make_after_write = describe_hosted_data(Settings(root=project, build_dir=tmp_path)).make_after_write
    assert make_after_write is not None
    with pytest.raises(BadData, match=r"prp-trp\.rq:1:1: This is not a rule"):
        make_after_write()


def test_a_folder_without_rules_says_where_to_point(tmp_path: Path) -> None:
    with pytest.raises(BadData, match=r"^ontology/rules/owl2rl: There are no rules in this folder\."):
        load_project_rules(tmp_path)
