"""The settings of this project: those of the service, and where its files stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from sparqlhost.settings import HostSettings, StoreKind, declare_setting

PROJECT_ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Settings(HostSettings):
    """What can be set; the environment variable of `build_dir` is `KG_BUILD_DIR`, and so on."""

    PREFIX: ClassVar[str] = "KG_"
    PRODUCT: ClassVar[str] = "rrall-kg"

    root: Path = declare_setting(PROJECT_ROOT, "where ontology/, data/ and queries/ stand")
    build_dir: Path = declare_setting(PROJECT_ROOT / "build", "where builds are published")
    imports_dir: Path = declare_setting(
        PROJECT_ROOT / "imports", "where kg import keeps ontologies, their index and the remotes"
    )
    source_text: Path | None = declare_setting(
        None, "the reader's own copy of the source text; never copied or sent"
    )
    empty: bool = declare_setting(False, "serve an empty store: no ontology, no inference")

    def locate_import_store(self, store_dir: Path | None = None) -> Path:
        """Return the directory of imported vocabularies: the one given, else the one served, else our own."""
        if store_dir is not None:
            return store_dir
        if self.store_kind is StoreKind.DIRECTORY:
            return Path(self.store)
        return self.imports_dir / "store"

    @classmethod
    def read_environment(cls, environment: Mapping[str, str]) -> dict[str, Any]:
        """Return the fields that are set; a project elsewhere keeps its builds and imports beside it."""
        read = super(Settings, cls).read_environment(environment)  # slots: the class cell is of another class
        if "root" in read:
            read = {"build_dir": read["root"] / "build", "imports_dir": read["root"] / "imports"} | read
        return read
