"""Named questions: a SPARQL file each, its header, and parameters bound as terms.

Reads the folder it is given and nothing else: no store, clock, network or Flask.
"""

from __future__ import annotations

from kg.questions.model import Question, QuestionParameter
from kg.questions.reading import find_question, load_questions, parse_question

__all__ = ["Question", "QuestionParameter", "find_question", "load_questions", "parse_question"]
