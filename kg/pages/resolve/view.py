"""The claims that speak of an entity, or of a situation with a feature that stands for it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from pyoxigraph import NamedNode
from rapidfuzz.distance import Levenshtein

from kg.errors import NotFound
from kg.model.identifiers import Curie, PrefixTable
from kg.pages.mappings.view import AcceptedMapping, UnacceptedMapping
from kg.pages.page_queries import PageQueryReader, QueryRow, cell_number, cell_text
from kg.pages.term_refs import HedgeBadge, hedge_level, link_address
from kg.pages.term_refs import compress_iri as shorten


@dataclass(frozen=True, slots=True)
class ClaimSubject:
    """An entity a claim speaks of, by which property, and through which feature if not directly."""

    entity: str
    link: str
    through: str


@dataclass(frozen=True, slots=True)
class ClaimAboutEntity:
    """A claim about entities found, with its hedge and cue; once for each of its hedges."""

    claim: str
    claim_href: str
    label: str
    hedge: str
    cue: str
    sentence: str
    about: tuple[ClaimSubject, ...]
    badge: HedgeBadge


def list_claims_about(reader: PageQueryReader, entities: Iterable[str]) -> tuple[ClaimAboutEntity, ...]:
    """Return the claims about entities, given by IRI, each claim once with all it is about."""
    nodes = [NamedNode(iri) for iri in sorted(entities)]
    grouped: dict[tuple[str, str], list[QueryRow]] = {}
    for row in reader.select_rows("said-of", entity=nodes) if nodes else ():
        grouped.setdefault((cell_text(row, "claim"), cell_text(row, "hedge")), []).append(row)
    return tuple(_claim_from_rows(rows) for _, rows in sorted(grouped.items()))


def _claim_from_rows(rows: list[QueryRow]) -> ClaimAboutEntity:
    """Return the claim that some rows tell of."""
    row = rows[0]
    return ClaimAboutEntity(
        claim=shorten(cell_text(row, "claim")),
        claim_href=link_address(cell_text(row, "claim")),
        label=cell_text(row, "label"),
        hedge=cell_text(row, "hedge"),
        cue=", ".join(sorted({cell_text(row, "cue") for row in rows})),
        sentence=shorten(cell_text(row, "sentence")),
        about=tuple(dict.fromkeys(_subject_from_row(row) for row in rows)),
        badge=_badge_from_row(row),
    )


def _badge_from_row(row: QueryRow) -> HedgeBadge:
    """Return the hedge of a claim with its place on the scale."""
    iri = cell_text(row, "hedging")
    return HedgeBadge(cell_text(row, "hedge"), link_address(iri), iri, hedge_level(cell_number(row, "rank")))


def _subject_from_row(row: QueryRow) -> ClaimSubject:
    """Return what a row says its claim is about."""
    through = shorten(cell_text(row, "feature")) if "feature" in row else ""
    return ClaimSubject(shorten(cell_text(row, "entity")), shorten(cell_text(row, "link")), through)


#: MERGED kg.views.wider
#: MERGED What the text says of the groups an entity is an example or a kind of, apart from what it says of it.


@dataclass(frozen=True, slots=True)
class GroupStep:
    """An entity on the way to a group; `by` says how the one before is related to it, "" at the start."""

    curie: str
    label: str
    href: str
    by: str
    iri: str


@dataclass(frozen=True, slots=True)
class BroaderGroup:
    """A wider group, the way to it by the graph's own edges, and the claims about it."""

    curie: str
    label: str
    path: tuple[GroupStep, ...]
    claims: tuple[ClaimAboutEntity, ...]
    marked: str


def find_broader_groups(
    reader: PageQueryReader, entities: Collection[str], known_claims: Collection[str]
) -> tuple[BroaderGroup, ...]:
    """Return the groups above `entities` (IRIs) with claims, nearest first, less claims in `known`."""
    nodes = [NamedNode(iri) for iri in sorted(entities)]
    rows = reader.select_rows("wider-groups", entity=nodes) if nodes else []
    groups = (_make_group(reader, way, known_claims) for way in _paths_to_groups(rows, entities))
    return tuple(group for group in groups if group.claims)


def _paths_to_groups(rows: list[QueryRow], entities: Collection[str]) -> list[list[GroupStep]]:
    """Return a shortest way from one of `entities` to each group above them."""
    labels = {cell_text(row, "below"): cell_text(row, "below_label") for row in rows}
    ways = {iri: [_group_step(iri, labels[iri], "")] for iri in sorted(entities) if iri in labels}
    waiting = list(ways)
    for here in waiting:
        for row in rows:
            above = cell_text(row, "above")
            if cell_text(row, "below") == here and above not in ways:
                ways[above] = [
                    *ways[here],
                    _group_step(above, cell_text(row, "above_label"), cell_text(row, "by")),
                ]
                waiting.append(above)
    return [way for way in ways.values() if len(way) > 1]


def _group_step(iri: str, label: str, by: str) -> GroupStep:
    """Return a step of a way."""
    return GroupStep(shorten(iri), label, link_address(iri), by, iri)


def _make_group(
    reader: PageQueryReader, path: list[GroupStep], known_claims: Collection[str]
) -> BroaderGroup:
    """Return the group at the end of a way."""
    first, last = path[0], path[-1]
    claims = (said for said in list_claims_about(reader, {last.iri}) if said.claim not in known_claims)
    marked = f"said of a wider group: {last.label}; not of {first.label} by name"
    return BroaderGroup(last.curie, last.label, tuple(path), tuple(claims), marked)


#: MERGED kg.views.resolve
#: MERGED Everything the graph holds for an outside identifier: entities, match, proof, claims; and what is no claim.
#: MERGED
#: MERGED A code above ours (`atc:N02A` above `atc:N02AA01`; `MONDO:0005402` where MONDO is imported) finds ours with
#: MERGED the path, marked as not said by the text.


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
