"""What `kg.open()` and `kg.load()` give to Python and to notebooks."""

from __future__ import annotations

from kg.notebook.answers import Answer, Table, Term
from kg.notebook.knowledge_graph import KnowledgeGraph
from kg.notebook.rdflib_dataset import load_dataset

__all__ = ["Answer", "KnowledgeGraph", "Table", "Term", "load_dataset"]
