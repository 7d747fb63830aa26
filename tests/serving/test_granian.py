"""The server process uses private names of granian; another version must be read before it is allowed."""

from __future__ import annotations

import inspect
import os
import signal
import threading
import time
from importlib.metadata import version

from granian._granian import SocketHolder
from granian.server.common import AbstractServer, AbstractWorker
from granian.server.mp import MPServer, WorkerProcess

from sparqlhost.ops.granian_server import PolledEvent

READ_VERSION = "2.8"


def test_the_private_names_are_those_of_the_version_that_was_read() -> None:
    assert version("granian").startswith(f"{READ_VERSION}."), "read sparqlhost/ops/granian_server.py again"
    assert issubclass(MPServer, AbstractServer)
    for method in ("_init_shared_socket", "_spawn_worker", "_spawn_workers", "signal_handler_reload"):
        assert callable(getattr(MPServer, method))
    assert list(inspect.signature(MPServer._spawn_worker).parameters)[1:] == [
        "idx",
        "target",
        "callback_loader",
    ]
    loop = inspect.getsource(AbstractServer._serve_loop)
    for name in ("main_loop_interrupt.wait()", "interrupt_signal", "interrupt_children", "_respawn_workers"):
        assert name in loop
    socket_use = inspect.getsource(MPServer._spawn_worker)
    for attribute in ("_ssp", "_shd", "_sso"):
        assert f"self.{attribute}" in socket_use
    assert "_sfd" in inspect.getsource(MPServer._init_shared_socket)
    assert "self._watch()" in inspect.getsource(AbstractWorker.start)
    assert "get_start_method" in inspect.getsource(WorkerProcess.__init__)
    assert SocketHolder.__module__ == "granian._granian"


def test_the_event_of_the_main_loop_polls_and_wakes_at_a_signal() -> None:
    polls: list[float] = []
    event = PolledEvent(lambda: polls.append(time.monotonic()), 0.01)
    assert not event.wait(0.05)
    assert len(polls) >= 2
    before = signal.signal(signal.SIGUSR1, lambda *_: event.set())
    try:
        timer = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGUSR1))
        timer.start()
        assert event.wait(10)
        timer.join()
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert event.is_set()
    event.set()
    event.clear()
    assert not event.is_set()
