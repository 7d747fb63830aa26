"""Run by hatchling before it packs: the browser's scripts are built when a clean clone has none."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class FrontendHook(BuildHookInterface[Any]):
    """Builds `kg/pages/static/dist` with npm; an editable install leaves that to `make setup`."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Raise RuntimeError when the scripts are missing and Node is not there to build them."""
        frontend = Path(self.root) / "frontend"
        if version == "editable" or (Path(self.root) / "kg" / "pages" / "static" / "dist").is_dir():
            return
        npm = shutil.which("npm")
        if npm is None:
            raise RuntimeError("The package holds scripts built by npm. Install Node, then build it again.")
        for command in (["ci", "--no-audit", "--no-fund"], ["run", "build"]):
            subprocess.run([npm, *command], cwd=frontend, check=True)  # noqa: S603 -- our own frontend/
