"""Use case: load -> validate -> reason -> publish."""

from __future__ import annotations

from kg.pipeline.building import PublishedBuild, build, check_project
from kg.pipeline.manifest import Manifest
from kg.pipeline.opening import find_current_build, open_build, read_manifest

__all__ = [
    "Manifest",
    "PublishedBuild",
    "build",
    "check_project",
    "find_current_build",
    "open_build",
    "read_manifest",
]
