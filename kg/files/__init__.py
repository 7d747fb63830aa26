"""Edge: reading the project's own files, with line and column in every complaint."""

from __future__ import annotations

from kg.files.positions import FilePosition, TurtlePositions, scan_turtle
from kg.files.turtle import TurtleFile, read_turtle, rename_blank_nodes

__all__ = [
    "FilePosition",
    "TurtleFile",
    "TurtlePositions",
    "read_turtle",
    "rename_blank_nodes",
    "scan_turtle",
]
