"""What a build says of itself: version, digest, counts, sources, reasoner; no clock, so builds compare."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from kg.errors import StoreUnavailable


@dataclass(frozen=True, slots=True)
class GraphEntry:
    """One named graph: how many triples, and the sha256 of its sorted N-Triples."""

    triples: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """The content of `manifest.json` beside `graph.nq`."""

    version: str
    digest: str
    graphs: dict[str, GraphEntry]
    default_graph: tuple[str, ...]
    default_triples: int
    sources: dict[str, str]
    reasoner: str

    def to_json(self) -> str:
        """Return the manifest as JSON, keys sorted."""
        return json.dumps(asdict(self), indent=1, sort_keys=True) + "\n"

    @classmethod
    def read_file(cls, path: Path) -> Self:
        """Return the manifest in a file; raises StoreUnavailable when it cannot be read."""
        try:
            raw: dict[str, Any] = json.loads(path.read_text("utf-8"))
            graphs = {name: GraphEntry(**entry) for name, entry in raw.pop("graphs").items()}
            return cls(graphs=graphs, default_graph=tuple(raw.pop("default_graph")), **raw)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StoreUnavailable(
                "The build's manifest cannot be read.", location=str(path), hint="Run `kg build` again."
            ) from error
