"""The recipes of docs/mappings.md: what is typed there is run against a server."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from pathlib import Path

from tests.docs.test_readme import Run, blocks, run

__all__ = ["run"]
TEXT = (Path(__file__).resolve().parents[2] / "docs" / "mappings.md").read_text("utf-8")


def test_the_curl_command_gives_a_row_for_every_code_of_a_column(live_server: str, run: Run) -> None:
    command, _ = (block for block in blocks(TEXT, "sh") if block.startswith("curl"))
    done = run(command.replace("\\\n", " ").replace("http://127.0.0.1:8000", live_server))
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert {row["code"] for row in rows} == {"RXNORM:282388", "ATC:N02AA01", "ATC:A10BA02"}
    assert {row["sentence"] for row in rows if row["code"] == "RXNORM:282388"} == {"S16", ""}
    assert {row["note"].partition(";")[0] for row in rows if row["code"] == "ATC:A10BA02"} == {
        "not linked to anything of this graph"
    }


def test_a_column_is_answered_by_post(live_server: str, run: Run, tmp_path: Path) -> None:
    _, commands = (block for block in blocks(TEXT, "sh") if block.startswith("curl"))
    of_file, of_list = commands.replace("http://127.0.0.1:8000", live_server).strip().splitlines()
    table = tmp_path / "list.csv"
    table.write_text("ndc,n\n0078-0401-05,1\n")
    answer = run(of_file.replace("list.csv", str(table)).removesuffix(" > answer.csv")).stdout
    assert {row["code"] for row in csv.DictReader(io.StringIO(answer))} == {"0078-0401-05"}
    assert "RXNORM:282388" in run(of_list).stdout


def test_the_notebook_cell_joins_the_answer_to_a_table(live_server: str) -> None:
    (cell,) = blocks(TEXT, "python")
    code = cell.replace("http://127.0.0.1:8000", live_server)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert "targeted drug" in done.stdout
    assert "A10BA02" in done.stdout


def test_the_columns_that_the_notebook_cell_names_are_columns_of_the_answer(
    live_server: str, run: Run
) -> None:
    """Without pandas too: the address is asked and the columns are there."""
    (cell,) = blocks(TEXT, "python")
    shown = cell.partition("both[[")[2].partition("]]")[0]
    done = run(f"curl -s '{live_server}/questions/for-codes.csv?code=ATC%3AL01EA01&code=ATC%3AN02AA01'")
    header = set(done.stdout.splitlines()[0].split(","))
    assert {name.strip(' "') for name in shown.split(",")} - {"patient", "atc"} <= header
