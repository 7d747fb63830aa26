"""Read OBO Graphs JSON with fastobo, and write it like OBO.

fastobo holds the whole document in memory (about ten bytes a byte of text).
"""

from __future__ import annotations

from collections.abc import Iterator

import fastobo

from kg.external.obo_ids import OboIdentifiers
from kg.external.obo_rdf import write_documents
from kg.external.reading import ReadProblem, SourceReading


def read_obo_graphs(reading: SourceReading) -> Iterator[bytes]:
    """Yield the first graph of an OBO Graphs file as blocks of N-Triples; raises BadData."""
    try:
        with reading.open_stream() as stream:
            document = fastobo.load_graph(stream)
    except (ValueError, SyntaxError) as error:
        line, column = getattr(error, "lineno", 0) or 0, getattr(error, "offset", 0) or 0
        reading.skip_or_raise(
            ReadProblem(line, column, f"Not an OBO graph: {str(error)[:200]}."), skippable=False
        )
        return
    yield from write_documents(reading, iter([document]), OboIdentifiers({}))
