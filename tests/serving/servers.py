"""Starts real servers as processes, and ends them."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
TOKEN = "a-token-of-the-tests"  # noqa: S105 - of a server that lives for one test
WRITER = {"Authorization": f"Bearer {TOKEN}"}


@dataclass(frozen=True, slots=True)
class Running:
    """A server process: its address and what it printed."""

    address: str
    process: subprocess.Popen[bytes]
    output: Path

    def printed(self) -> str:
        """Return everything it printed so far."""
        return self.output.read_text("utf-8")

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send it a signal and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(60)


def wait_until(holds: Callable[[], bool], seconds: float = 30) -> None:
    """Return when something holds; raises AssertionError when it does not in time."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.02)


def environment(**variables: str) -> dict[str, str]:
    """Return this process's environment without KG_ settings (but KG_IMPORTS_DIR), and with `variables`."""
    settings = {name for name in os.environ if name.startswith("KG_")} - {"KG_IMPORTS_DIR"}
    inherited = {name: value for name, value in os.environ.items() if name not in settings}
    return inherited | variables | {"PYTHONUNBUFFERED": "1"}


@contextlib.contextmanager
def running(
    folder: Path,
    *options: str,
    program: Sequence[str] = (sys.executable, str(ROOT / "server.py")),
    **variables: str,
) -> Iterator[Running]:
    """Run `server.py`, or another `program`, on a free port with options and KG_ variables."""
    output = folder / f"server-{time.monotonic_ns()}.log"
    command = [*program, "--port", "0", *options]
    with output.open("wb") as stream:
        process = subprocess.Popen(command, env=environment(**variables), stdout=stream, stderr=stream)
    server = Running(_address(process, output), process, output)
    try:
        yield server
    finally:
        server.stop()


def _address(process: subprocess.Popen[bytes], output: Path) -> str:
    """Return the address that the server prints; raises AssertionError with what it printed instead."""
    until = time.monotonic() + 30
    while time.monotonic() < until and process.poll() is None:
        if found := re.search(r"serving on (http://\S+)/\n", output.read_text("utf-8")):
            return found[1]
        time.sleep(0.02)
    raise AssertionError(output.read_text("utf-8"))
