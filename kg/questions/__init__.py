"""Named questions: a SPARQL file each, its header, and parameters bound as terms.

Reads the folder it is given and nothing else: no store, clock, network or Flask.
"""

from __future__ import annotations

from kg.questions.model import Parameter, Question
from kg.questions.reading import find, load, parse

__all__ = ["Parameter", "Question", "find", "load", "parse"]
