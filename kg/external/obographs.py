"""Read OBO Graphs JSON with fastobo, and write it like OBO.

fastobo holds the whole document in memory (about ten bytes a byte of text).
"""

from __future__ import annotations

from collections.abc import Iterator

import fastobo

from kg.external.obo_ids import Ids
from kg.external.obo_rdf import written
from kg.external.reading import Problem, Reading


def triples(reading: Reading) -> Iterator[bytes]:
    """Yield the first graph of an OBO Graphs file as blocks of N-Triples; raises BadData."""
    try:
        with reading.open() as stream:
            document = fastobo.load_graph(stream)
    except (ValueError, SyntaxError) as error:
        line, column = getattr(error, "lineno", 0) or 0, getattr(error, "offset", 0) or 0
        reading.skip(Problem(line, column, f"Not an OBO graph: {str(error)[:200]}."), mendable=False)
        return
    yield from written(reading, iter([document]), Ids({}))
