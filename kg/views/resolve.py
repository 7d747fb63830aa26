"""Everything the graph holds for an outside identifier: entities, match, proof, claims; and what is no claim.

A code above ours (`atc:N02A` above `atc:N02AA01`; `MONDO:0005402` where MONDO is imported) finds ours with
the path, marked as not said by the text.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pyoxigraph import NamedNode
from rapidfuzz.distance import Levenshtein

from kg.errors import NotFound
from kg.mappings.prefixes import Curie, PrefixTable
from kg.views.mappings import AcceptedMapping, UnacceptedMapping
from kg.views.reading import PageQueryReader, cell_text
from kg.views.said import ClaimAboutEntity, list_claims_about
from kg.views.terms import compress_iri as shorten
from kg.views.wider import BroaderGroup, find_broader_groups

NOT_FROM_TEXT = "not said by the text"
#: characters by which an identifier may be off to be offered instead.
_MAX_EDIT_DISTANCE = 2


@dataclass(frozen=True, slots=True)
class HierarchyStep:
    """A term on the way from an outside code down to a mapped one."""

    curie: str
    label: str


@dataclass(frozen=True, slots=True)
class MappingBelow:
    """A mapping of a code below the one asked for; the path is the outside vocabulary's, not the text's."""

    mapped: AcceptedMapping
    path: tuple[HierarchyStep, ...]
    marked: str = NOT_FROM_TEXT


@dataclass(frozen=True, slots=True)
class Resolution:
    """What stands behind an outside identifier; its JSON has the same fields."""

    curie: str
    asked: str
    vocabulary: str
    iri: str
    page: str
    label: str
    matches: tuple[AcceptedMapping, ...]
    below: tuple[MappingBelow, ...]
    claims: tuple[ClaimAboutEntity, ...]
    wider: tuple[BroaderGroup, ...]
    rejected: tuple[UnacceptedMapping, ...]


def resolve_identifier(
    reader: PageQueryReader,
    prefixes: PrefixTable,
    identifier: str,
    accepted: tuple[AcceptedMapping, ...],
    unaccepted: Iterable[UnacceptedMapping] = (),
) -> Resolution:
    """Return what the graph has for `asked`, in any spelling.

    Raises BadData for what is no identifier, NotFound with near ones for an unknown prefix or code.
    """
    wanted = prefixes.parse_identifier(identifier)
    matches = tuple(term for term in accepted if term.curie == str(wanted))
    below = tuple(_mappings_below_code(wanted, prefixes, accepted)) or tuple(
        _mappings_below_import(reader, wanted, prefixes, accepted)
    )
    turned_down = tuple(row for row in unaccepted if row.curie == str(wanted))
    if not matches and not below:
        raise _unknown_identifier(wanted, prefixes, accepted, turned_down)
    claims = list_claims_about(
        reader, {term.entity for term in (*matches, *(found.mapped for found in below))}
    )
    return Resolution(
        curie=str(wanted),
        asked=identifier,
        vocabulary=prefixes.vocabularies[wanted.prefix].name,
        iri=prefixes.expand_curie(wanted),
        page=prefixes.get_page_address(wanted),
        label=next((term.label for term in matches if term.label), ""),
        matches=matches,
        below=below,
        claims=claims,
        wider=find_broader_groups(reader, {term.entity for term in matches}, {said.claim for said in claims}),
        rejected=turned_down,
    )


def _mappings_below_code(
    wanted: Curie, prefixes: PrefixTable, terms: Iterable[AcceptedMapping]
) -> Iterable[MappingBelow]:
    """Yield the mapped codes below `wanted`, for vocabularies whose codes spell their own hierarchy."""
    levels = prefixes.vocabularies[wanted.prefix].level_lengths
    labels = {term.curie: term.label for term in terms}
    for term in terms:
        prefix, _, code = term.curie.partition(":")
        if levels and prefix == wanted.prefix and code != wanted.identifier:
            steps = [f"{prefix}:{step}" for step in _codes_between(wanted.identifier, code, levels)]
            if steps:
                yield MappingBelow(term, tuple(HierarchyStep(step, labels.get(step, "")) for step in steps))


def _codes_between(above: str, code: str, levels: tuple[int, ...]) -> list[str]:
    """Return the codes from `above` (a code or a range such as C00-D49) down to `code`; none if not below."""
    first, dash, last = above.partition("-")
    if dash:
        inside = first <= code[: len(first)] and code[: len(last)] <= last
        return (
            [above, *(code[:level] for level in levels if len(first) <= level <= len(code))] if inside else []
        )
    if len(above) not in levels or not code.startswith(above):
        return []
    return [code[:level] for level in levels if len(above) <= level <= len(code)]


def _mappings_below_import(
    reader: PageQueryReader, wanted: Curie, prefixes: PrefixTable, terms: Iterable[AcceptedMapping]
) -> Iterable[MappingBelow]:
    """Yield the mapped terms below `wanted` in an imported ontology, each with a shortest way down to it."""
    asked = prefixes.expand_curie(wanted)
    children: dict[str, list[str]] = {}
    for row in reader.select_rows("ways-up"):
        children.setdefault(cell_text(row, "above"), []).append(cell_text(row, "below"))
    ways = _paths_down(asked, children)
    found = [(term, ways[term.iri]) for term in terms if term.iri != asked and term.iri in ways]
    passed = {NamedNode(iri) for _, way in found for iri in way}
    named = reader.select_rows("outside-labels", term=sorted(passed, key=str)) if passed else []
    labels = {cell_text(row, "term"): cell_text(row, "label") for row in named}
    for term, way in found:
        yield MappingBelow(term, tuple(HierarchyStep(shorten(iri), labels.get(iri, "")) for iri in way))


def _paths_down(top: str, children: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Return each term below `top` with a shortest way from `top` to it."""
    ways, waiting = {top: [top]}, [top]
    for above in waiting:
        for below in children.get(above, ()):
            if below not in ways:
                ways[below] = [*ways[above], below]
                waiting.append(below)
    return ways


def _unknown_identifier(
    wanted: Curie,
    prefixes: PrefixTable,
    terms: Iterable[AcceptedMapping],
    unaccepted: tuple[UnacceptedMapping, ...],
) -> NotFound:
    """Return the error for an identifier the graph has nothing for, with near ones."""
    if unaccepted:
        row = unaccepted[0]
        return NotFound(
            f"{wanted} is not a link of this graph: it was judged for {row.entity_curie} and not accepted.",
            hint=row.comment,
        )
    known = {term.curie: term.label for term in terms if term.curie.startswith(f"{wanted.prefix}:")}
    vocabulary = prefixes.vocabularies[wanted.prefix]
    near = _similar_codes(wanted, vocabulary.level_lengths, sorted(known))
    named = ", ".join(f"{curie} ({known[curie]})" if known[curie] else curie for curie in near)
    links = f"{len(known)} other {'identifier' if len(known) == 1 else 'identifiers'}" if known else "none"
    lead = "In the same group" if vocabulary.level_lengths else "Spelt almost so"
    todo = f"{lead}: {named}." if near else f"Of {vocabulary.name} it links {links}; see /mappings."
    return NotFound(f"The graph has nothing for {wanted}.", hint=todo)


def _similar_codes(wanted: Curie, levels: tuple[int, ...], known_codes: list[str]) -> list[str]:
    """Return at most four known codes near `wanted`.

    Where codes spell their hierarchy, near means of the same group below the first level, or above;
    letters alike say nothing of the drug (L01CA02 is no M01AE01). Elsewhere only a slip of one or two
    characters is near.
    """
    if not levels:
        away = {curie: Levenshtein.distance(curie, str(wanted)) for curie in known_codes}
        return sorted(
            (curie for curie in known_codes if away[curie] <= _MAX_EDIT_DISTANCE),
            key=lambda curie: away[curie],
        )[:4]
    if above := [curie for curie in known_codes if str(wanted).startswith(curie)]:
        return above[:4]
    for level in sorted(levels[1:], reverse=True):
        group = f"{wanted.prefix}:{wanted.identifier[:level]}"
        if len(wanted.identifier) >= level and (same := [c for c in known_codes if c.startswith(group)]):
            return same[:4]
    return []
