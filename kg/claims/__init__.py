"""Pure: the model of claims, source anchors and coverage; no files, clock, network or Flask."""

from __future__ import annotations

from kg.claims.coverage import DocumentCoverage, measure_coverage
from kg.claims.model import CuratorDecision, SourceClaim, SourceDocument, SourceSpan, TextSegment
from kg.claims.reading import read_source_documents

__all__ = [
    "CuratorDecision",
    "DocumentCoverage",
    "SourceClaim",
    "SourceDocument",
    "SourceSpan",
    "TextSegment",
    "measure_coverage",
    "read_source_documents",
]
