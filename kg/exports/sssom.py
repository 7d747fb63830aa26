"""The accepted mappings as one SSSOM mapping set."""

from __future__ import annotations

from kg.mappings.prefixes import Prefixes
from kg.mappings.rows import Mappings, MappingSet
from kg.mappings.triples import curie_map
from kg.namespaces import BASE

LICENCE = "https://creativecommons.org/licenses/by/4.0/"


def sssom_set(mappings: Mappings, prefixes: Prefixes) -> MappingSet:
    """Return every accepted row in one set."""
    rows = tuple(mappings.rows())
    header = (
        ("mapping_set_id", f"{BASE}mappings/all"),
        ("mapping_set_title", "rrall-kg to outside vocabularies"),
        ("mapping_set_version", max((row.mapping_date for row in rows), default="")),
        ("license", LICENCE),
    )
    return MappingSet(header, curie_map(rows, prefixes), rows)
