"""The settings of this project: those of the service, and where its files stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar, Self

import platformdirs

from sparqlhost.settings import HostSettings, StoreKind, declare_setting

_PACKAGED = Path(__file__).resolve().parent / "project"

#: Whether `kg` was installed from a wheel, which holds ontology/, data/ and queries/ itself.
IS_INSTALLED = _PACKAGED.is_dir()

#: Where ontology/, data/ and queries/ stand: in the wheel, or in the checkout beside `kg`.
PROJECT_ROOT = _PACKAGED if IS_INSTALLED else Path(__file__).resolve().parent.parent


#: Where builds and imports are kept: in the checkout, or for an installed `kg` in the user's data folder.
_WRITABLE = platformdirs.user_data_path("rrall-kg") if IS_INSTALLED else PROJECT_ROOT

#: A newer release reads other files, so each release keeps a build of its own.
_BUILD_DIR = _WRITABLE / "build" / version("rrall-kg") if IS_INSTALLED else PROJECT_ROOT / "build"


@dataclass(frozen=True, slots=True)
class Settings(HostSettings):
    """What can be set; the environment variable of `build_dir` is `KG_BUILD_DIR`, and so on."""

    PREFIX: ClassVar[str] = "KG_"
    PRODUCT: ClassVar[str] = "rrall-kg"

    root: Path = declare_setting(PROJECT_ROOT, "where ontology/, data/ and queries/ stand")
    build_dir: Path = declare_setting(_BUILD_DIR, "where builds are published")
    imports_dir: Path = declare_setting(
        _WRITABLE / "imports", "where kg import keeps ontologies, their index and the remotes"
    )
    source_text: Path | None = declare_setting(
        None, "the reader's own copies of source texts: a file, several, or a folder; never copied or sent"
    )
    documents: tuple[str, ...] = declare_setting(
        (), "the documents that `kg build` takes in, by name with spaces between; default: all"
    )
    text_key: str = declare_setting(
        "", "what /source?key= must say before the text is shown; `kg serve` makes one at each start"
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
    def from_environment(cls, environment: Mapping[str, str], **overrides: Any) -> Self:
        """Return settings as the host reads them; `root=` moves builds and imports too, as KG_ROOT does."""
        if (root := overrides.pop("root", None)) is not None:
            environment = {**environment, cls.name_variable("root"): str(root)}
        return super(Settings, cls).from_environment(environment, **overrides)

    @classmethod
    def read_environment(cls, environment: Mapping[str, str]) -> dict[str, Any]:
        """Return the fields that are set; a project elsewhere keeps its builds and imports beside it."""
        read = super(Settings, cls).read_environment(environment)  # slots: the class cell is of another class
        if "root" in read:
            read = {"build_dir": read["root"] / "build", "imports_dir": read["root"] / "imports"} | read
        return read
