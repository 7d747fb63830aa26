"""The recipe of kg/pages/README.md, followed in a copy: five new files make a page, no other is edited."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

FILES = {
    "queries/pages/goals-served.rq": """\
# title: Goals
# question: Which goals does the text name?
# returns: goal
PREFIX kg: <https://w3id.org/rrall-kg/ont#>

SELECT DISTINCT ?goal WHERE { ?claim kg:hasGoal ?goal } ORDER BY ?goal
""",
    "kg/pages/goals_served/__init__.py": '"""The page of goals."""\n',
    "kg/pages/goals_served/view.py": '''\
"""The page of goals."""

from __future__ import annotations

from dataclasses import dataclass

from kg.pages.page_queries import PageQueryReader, terms_in_rows
from kg.pages.term_refs import TermRef


@dataclass(frozen=True, slots=True)
class GoalsPage:
    """Everything the page shows."""

    goals: tuple[TermRef, ...]


def goals_page(reader: PageQueryReader) -> GoalsPage:
    """Return the page."""
    rows = reader.select_rows("goals-served")
    labels = reader.load_labels(terms_in_rows(rows))
    return GoalsPage(tuple(labels.ref(row["goal"]) for row in rows))
''',
    "kg/pages/goals_served/handler.py": '''\
"""The page of goals."""

from __future__ import annotations

from flask import Blueprint, Response

from kg.pages.goals_served.view import goals_page
from kg.pages.rendering import HTML_AND_JSON, answer_page, page_reader
from sparqlhost.protocol.endpoint_table import Endpoint, route

blueprint = Blueprint("goals_served", __name__)


@route(blueprint, Endpoint("/goals-served", "The goals that the text names", formats=HTML_AND_JSON))
def show_goals() -> Response:
    """Answer the page."""
    return answer_page("goals_served/page.html", goals_page(page_reader()), title="Goals")
''',
    "kg/pages/goals_served/page.html": """\
{% extends "base.html" %}
{% block main %}
<h1>Goals</h1>
<p>{{ macros.term_links(page.goals) }}</p>
{% endblock %}
""",
}
ASK = """
import json, os, sys
from kg.build.opening import open_build
from kg.pages.app import create_app
from kg.settings import Settings
settings = Settings.from_environment(os.environ)
client = create_app(settings, open_build(settings)).test_client()
html = {"Accept": "text/html"}
json.dump(
    {
        "html": client.get("/goals-served", headers=html).get_data(as_text=True),
        "goals": client.get("/goals-served", headers={"Accept": "application/json"}).get_json()["goals"],
        "openapi": sorted(client.get("/openapi.json").get_json()["paths"]),
        "about": client.get("/about", headers=html).get_data(as_text=True),
    },
    sys.stdout,
)
"""


def test_a_page_takes_five_new_files_and_no_edit(tmp_path: Path, built: Path) -> None:
    for name in ("kg", "rlreason", "sparqlhost", "queries", "ontology", "data"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "dist"))
    for name, text in FILES.items():
        path = tmp_path / name
        assert not path.exists()
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
    assert len(FILES) <= 5
    environment = {
        **os.environ,
        "PYTHONPATH": str(tmp_path),
        "KG_ROOT": str(tmp_path),
        "KG_BUILD_DIR": str(built),
    }
    asked = subprocess.run(
        [sys.executable, "-c", ASK],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert asked.returncode == 0, asked.stderr
    page = json.loads(asked.stdout)
    assert any(goal["curie"] == "goal:Comfort" for goal in page["goals"])
    assert '<a href="/goal/Comfort" title="goal:Comfort">' in page["html"]
    assert "/goals-served" in page["openapi"]
    assert "The goals that the text names" in page["about"]
