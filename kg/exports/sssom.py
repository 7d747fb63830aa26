"""The accepted mappings as one SSSOM mapping set."""

from __future__ import annotations

from kg.mappings.prefixes import PrefixTable
from kg.mappings.rows import MappingCollection, MappingSet
from kg.mappings.triples import make_curie_map
from kg.namespaces import BASE

MAPPINGS_LICENCE = "https://creativecommons.org/licenses/by/4.0/"


def make_accepted_set(mappings: MappingCollection, prefixes: PrefixTable) -> MappingSet:
    """Return every accepted row in one set."""
    rows = tuple(mappings.rows())
    header = (
        ("mapping_set_id", f"{BASE}mappings/all"),
        ("mapping_set_title", "rrall-kg to outside vocabularies"),
        ("mapping_set_version", max((row.mapping_date for row in rows), default="")),
        ("license", MAPPINGS_LICENCE),
    )
    return MappingSet(header, make_curie_map(rows, prefixes), rows)
