"""A real Virtuoso 7 (Debian: `apt-get install virtuoso-opensource-7-bin`) here, for one test run."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SERVER, CLIENT = shutil.which("virtuoso-t"), shutil.which("isql-vt")
ABSENT = "Virtuoso is not installed (apt-get install virtuoso-opensource-7-bin): not tested against it"
#: what stands for the default graph, which Virtuoso does not have.
DEFAULT_GRAPH = "urn:x-rrall-kg:default"
_SETTINGS = """[Database]
DatabaseFile = {folder}/virtuoso.db
ErrorLogFile = {folder}/virtuoso.log
LockFile = {folder}/virtuoso.lck
TransactionFile = {folder}/virtuoso.trx
xa_persistent_file = {folder}/virtuoso.pxa
[TempDatabase]
DatabaseFile = {folder}/temporary.db
TransactionFile = {folder}/temporary.trx
[Parameters]
ServerPort = 127.0.0.1:{sql}
DisableUnixSocket = 1
CheckpointInterval = 0
NumberOfBuffers = 10000
MaxDirtyBuffers = 6000
[HTTPServer]
ServerPort = 127.0.0.1:{http}
ServerThreads = 8
[SPARQL]
ResultSetMaxRows = 1000000
"""


def _free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def virtuoso(folder: Path) -> Iterator[str]:
    """Run a server that keeps its files in a folder and takes updates; yield its query address."""
    assert SERVER is not None
    sql, http = _free_port(), _free_port()
    (folder / "virtuoso.ini").write_text(_SETTINGS.format(folder=folder, sql=sql, http=http), "utf-8")
    command = [SERVER, "+foreground", "+configfile", str(folder / "virtuoso.ini")]
    with (folder / "printed").open("wb") as printed:
        process = subprocess.Popen(command, stdout=printed, stderr=printed, cwd=folder)
    try:
        _await(http, folder)
        _allow_updates(sql)
        yield f"http://127.0.0.1:{http}/sparql"
    finally:
        process.kill()
        process.wait(20)


def _await(port: int, folder: Path) -> None:
    """Return when the server listens; raises AssertionError with its log when it does not."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError((folder / "virtuoso.log").read_text("utf-8"))


def _allow_updates(port: int) -> None:
    """Let clients of the SPARQL address write: the server lives for the tests only."""
    assert CLIENT is not None
    grant = 'exec=GRANT SPARQL_UPDATE TO "SPARQL";'
    subprocess.run([CLIENT, str(port), "dba", "dba", grant], check=True, capture_output=True)
