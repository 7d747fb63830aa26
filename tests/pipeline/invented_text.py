"""A text that was invented for the tests, with what editors and copies change, and its description."""

from __future__ import annotations

import hashlib
import re

from kg.model.source_documents import SourceClaim, SourceDocument, SourceSpan, TextSegment

#: a heading, two equal sentences, several sentences on one line, typographic quotes, apostrophes and dashes
TEXT = """Kites on rainy afternoons
A kite may help a dull \u2013 but dry \u2013 afternoon. Nobody\u2019s kite flies in the rain.

Some call a wet kite \u201ca paper duck\u201d. The string is often too short.
A kite may help a dull \u2013 but dry \u2013 afternoon. Don\u2019t fly it near a tower.
Wind comes from the west. It is less likely to come from below. Ask a gull."""
#: how many of its characters an editor replaces: quotes, apostrophes, dashes
TYPOGRAPHIC_COUNT = 8

_SENTENCE = re.compile(r"\S.*?(?:(?<=[.?!])(?=\s)|$)", re.M)
#: segment (counted from 1) -> the words of it that a claim rests on, and the cue
_CLAIMS = {2: ("A kite may help", "may help"), 5: ("The string is often too short", "often \u2026 short")}


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def describe(text: str = TEXT) -> SourceDocument:
    """Return the document of a text: a segment a sentence or heading, and two claims."""
    pieces = list(_SENTENCE.finditer(text))
    segments = tuple(
        TextSegment(f"sent:{n}", f"S{n:02}", n, "sentence", *piece.span(), _hash(piece.group()), "")
        for n, piece in enumerate(pieces, 1)
    )
    spans, claims = [], []
    for number, (words, cue) in _CLAIMS.items():
        start = text.index(words)
        iri, span = f"claim:{number}", f"span:{number}"
        spans.append(SourceSpan(span, f"sent:{number}", start, start + len(words), _hash(words)))
        claims.append(SourceClaim(iri, f"S{number:02}-1", "", span, (cue,), (), ()))
    return SourceDocument(
        "doc:kites",
        "kites",
        "Kites",
        _hash(text),
        len(text),
        len(text.encode()),
        segments,
        tuple(spans),
        tuple(claims),
        (),
    )
