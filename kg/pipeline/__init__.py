"""Use case: load -> validate -> reason -> publish."""

from __future__ import annotations

from kg.pipeline.building import Built, build, check
from kg.pipeline.manifest import Manifest
from kg.pipeline.opening import current_build, open_build, read_manifest

__all__ = ["Built", "Manifest", "build", "check", "current_build", "open_build", "read_manifest"]
