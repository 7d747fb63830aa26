"""Backups are whole or not there; a restore that fails leaves what was."""

from __future__ import annotations

import gzip
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from kg.errors import BadData, StoreUnavailable, Unauthorized
from kg.settings import Settings
from sparqlhost.ops.backup_restore import restore_backup, write_backup
from tests.serving.servers import TOKEN, WRITER, Running, environment, running

KG = str(Path(sys.executable).parent / "kg")
DATA = "".join(
    f'INSERT DATA {{ <http://e/{n}> <http://e/p> "{n}" ; <http://e/q> _:b{n} }} ;' for n in range(3)
)
NAMED = "INSERT DATA { GRAPH <http://e/g> { <http://e/s> <http://e/p> 'x'@en , 1.5 } }"


def kg(*arguments: str, limit: int = 0, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `kg`; `limit` is the largest file in bytes that it may write."""

    def confine() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return subprocess.run(
        [KG, *arguments],
        env=environment(**variables),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        preexec_fn=confine if limit else None,
    )


def size(server: Running) -> int:
    query = {"query": "SELECT (COUNT(*) AS ?n) { { ?s ?p ?o } UNION { GRAPH ?g { ?s ?p ?o } } }"}
    head = {"Accept": "application/sparql-results+json"}
    answer = requests.get(f"{server.address}/sparql", query, headers=head, timeout=20)
    return int(answer.json()["results"]["bindings"][0]["n"]["value"])


@pytest.fixture
def filled(writable: Running) -> Running:
    """Return the writable server with nine statements in it."""
    for text in ("DROP ALL", DATA + NAMED):
        answer = requests.post(
            f"{writable.address}/update", data={"update": text}, headers=WRITER, timeout=20
        )
        assert answer.status_code == 204, answer.text
    assert size(writable) == 8
    return writable


def lines(path: Path) -> set[bytes]:
    """Return the statements of a backup that have no blank node."""
    body = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return {line for line in body.splitlines() if not line.startswith(b"#") and b"_:" not in line}


def test_a_backup_restores_what_was_there_while_the_server_runs(filled: Running, tmp_path: Path) -> None:
    file = tmp_path / "all.nq.gz"
    assert kg("backup", str(file), "--server", filled.address).returncode == 0
    requests.post(f"{filled.address}/update", data={"update": "DROP ALL"}, headers=WRITER, timeout=20)
    assert size(filled) == 0
    finished = kg("restore", str(file), "--server", filled.address, KG_UPDATE_TOKEN=TOKEN)
    assert finished.returncode == 0, finished.stderr
    assert "8 quads" in finished.stdout
    assert size(filled) == 8
    again = tmp_path / "again.nq"
    write_backup(Settings(), again, filled.address)
    assert lines(again) == lines(file)


def cut(body: bytes) -> bytes:
    return body[: len(body) // 2]


def cut_at_a_line(body: bytes) -> bytes:
    return b"".join(body.splitlines(keepends=True)[:4])


def changed(body: bytes) -> bytes:
    return body.replace(b'"1"', b'"7"')


def broken(_: bytes) -> bytes:
    return b"<http://e/a> <http://e/b> .\n"


def empty(_: bytes) -> bytes:
    return b""


def test_a_damaged_backup_is_refused_and_nothing_changes(filled: Running, tmp_path: Path) -> None:
    file = tmp_path / "all.nq"
    write_backup(Settings(), file, filled.address)
    whole = file.read_bytes()
    for damage in (cut, cut_at_a_line, changed, broken, empty):
        file.write_bytes(damage(whole))
        with pytest.raises(BadData) as caught:
            restore_backup(Settings(), file, TOKEN, filled.address)
        assert str(caught.value).startswith(str(file)), damage
        assert size(filled) == 8
    finished = kg("restore", str(file), "--server", filled.address, KG_UPDATE_TOKEN=TOKEN)
    assert finished.returncode == 1
    assert finished.stderr.startswith(f"kg: {file}")
    assert "Traceback" not in finished.stderr


def test_the_server_refuses_a_damaged_backup_too(filled: Running, tmp_path: Path) -> None:
    file = tmp_path / "all.nq"
    write_backup(Settings(), file, filled.address)
    for damage in (cut, changed, broken, empty):
        body = damage(file.read_bytes())
        answer = requests.put(f"{filled.address}/backup", data=body, headers=WRITER, timeout=20)
        assert answer.status_code == 400, damage
        assert size(filled) == 8


def test_a_restore_without_the_token_is_refused(filled: Running, tmp_path: Path) -> None:
    file = tmp_path / "all.nq"
    write_backup(Settings(), file, filled.address)
    with pytest.raises(Unauthorized, match="token"):
        restore_backup(Settings(), file, "", filled.address)
    assert size(filled) == 8


def test_a_backup_that_finds_the_disk_full_leaves_the_older_one(filled: Running, tmp_path: Path) -> None:
    file = tmp_path / "all.nq"
    write_backup(Settings(), file, filled.address)
    before = file.read_bytes()
    finished = kg("backup", str(file), "--server", filled.address, limit=200)
    assert finished.returncode == 1
    assert "unchanged" in finished.stderr
    assert file.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["all.nq"]


@pytest.mark.parametrize(
    ("target", "words"),
    [("no/such/folder/all.nq", "no such file"), (".", "directory"), ("/proc/all.nq", "unchanged")],
)
def test_a_target_that_cannot_be_written_is_a_sentence(
    filled: Running, tmp_path: Path, target: str, words: str
) -> None:
    with pytest.raises(StoreUnavailable, match=f"(?i){words}"):
        write_backup(Settings(), tmp_path / target, filled.address)


def test_a_store_on_disk_is_backed_up_and_restored_without_a_server(filled: Running, tmp_path: Path) -> None:
    file, folder, again = tmp_path / "all.nq", tmp_path / "store", tmp_path / "again.nq"
    write_backup(Settings(), file, filled.address)
    finished = kg("restore", str(file), "--store", str(folder), KG_PORT="9")
    assert finished.returncode == 0, finished.stderr
    assert kg("backup", str(again), "--store", str(folder), KG_EMPTY="1", KG_PORT="9").returncode == 0
    assert lines(again) == lines(file)


def test_a_restore_over_a_store_in_use_is_refused(filled: Running, tmp_path: Path) -> None:
    file, folder = tmp_path / "all.nq", tmp_path / "store"
    write_backup(Settings(), file, filled.address)
    with running(tmp_path, "--empty", "--store", str(folder)):
        with pytest.raises(StoreUnavailable, match="Another process"):
            restore_backup(Settings(store=str(folder), port=9), file, "")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write to a read-only folder")
def test_a_read_only_folder_is_a_sentence(filled: Running, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StoreUnavailable, match="may not write"):
        write_backup(Settings(), tmp_path / "all.nq", filled.address)
    tmp_path.chmod(0o700)


def test_a_server_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    finished = kg("backup", str(tmp_path / "all.nq"), "--server", "http://127.0.0.1:9")
    assert finished.returncode == 1
    assert "No server" in finished.stderr


def test_a_restore_where_nothing_can_be_written_is_a_sentence(filled: Running, tmp_path: Path) -> None:
    file = tmp_path / "backup.nq"
    write_backup(Settings(), file, filled.address)
    finished = kg("restore", str(file), "--store", str(tmp_path / "none" / "store"), KG_PORT="9")
    assert finished.returncode == 1
    assert "Traceback" not in finished.stderr
    assert "What was there is unchanged" in finished.stderr
