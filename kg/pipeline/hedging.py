"""The weakest hedge of each inferred convenience edge: a CONSTRUCT after closure; rules cannot compare."""

from __future__ import annotations

from pathlib import Path

from kg.pipeline.dataset import INFERRED, Dataset
from kg.store.memory import MemoryStore

QUERY = Path("queries") / "build" / "weakest-hedge.rq"


def add_weakest_hedges(dataset: Dataset, root: Path) -> None:
    """Add, for each inferred edge that rests on claims, the weakest hedge among them."""
    path = root / QUERY
    if not path.is_file():
        return
    with MemoryStore() as store:
        store.load(dataset.quads())
        dataset.add(INFERRED, list(store.construct(path.read_text("utf-8"))))
