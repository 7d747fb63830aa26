"""Progress on a terminal: the step at hand, on stderr; nothing when stderr is not a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console


@contextmanager
def show_progress() -> Iterator[Callable[[str], None]]:
    """Offer a function that names the step at hand."""
    console = Console(stderr=True)
    with console.status("starting") as status:
        yield lambda step: status.update(f"{step} …")
