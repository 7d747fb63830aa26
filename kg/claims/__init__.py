"""Pure: the model of claims, source anchors and coverage; no files, clock, network or Flask."""

from __future__ import annotations

from kg.claims.coverage import Coverage, coverage
from kg.claims.model import Claim, Decision, Document, Segment, Span
from kg.claims.reading import documents

__all__ = ["Claim", "Coverage", "Decision", "Document", "Segment", "Span", "coverage", "documents"]
