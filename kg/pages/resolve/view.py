"""What the graph holds for an external identifier: the entities mapped to it, and the claims about them.

A code above a mapped one (`atc:N02A` above `atc:N02AA01`; `MONDO:0005402` where MONDO is imported) finds the
mapped ones below it. Their path is the external vocabulary's and marked so: the text does not state it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from pyoxigraph import NamedNode
from rapidfuzz.distance import Levenshtein

from kg.errors import NotFound
from kg.model.code_links import CodeIndex
from kg.model.identifiers import Curie, PrefixTable, list_codes_between
from kg.namespaces import compress_iri
from kg.pages.mappings.view import AcceptedMapping, UnacceptedMapping
from kg.pages.page_queries import PageQueryReader, QueryRow, cell_number, cell_text
from kg.pages.term_refs import HedgeBadge, hedge_level, link_address


@dataclass(frozen=True, slots=True)
class ClaimSubject:
    """An entity that a claim is about: by which property, and through which feature if not directly."""

    entity: str
    link: str
    through: str


@dataclass(frozen=True, slots=True)
class ClaimAboutEntity:
    """A claim with one of its hedges, and which of the entities asked for it is about."""

    claim: str
    claim_href: str
    label: str
    hedge: str
    cue: str
    sentence: str
    about: tuple[ClaimSubject, ...]
    badge: HedgeBadge


def list_claims_about(reader: PageQueryReader, entities: Iterable[str]) -> tuple[ClaimAboutEntity, ...]:
    """Return the claims about entities, given by IRI: each pair of claim and hedge once.

    A claim is about an entity also through a situation with a feature that stands for the entity.
    """
    nodes = [NamedNode(iri) for iri in sorted(entities)]
    grouped: dict[tuple[str, str], list[QueryRow]] = {}
    for row in reader.select_rows("said-of", entity=nodes) if nodes else ():
        grouped.setdefault((cell_text(row, "claim"), cell_text(row, "hedge")), []).append(row)
    return tuple(_claim_from_rows(rows) for _, rows in sorted(grouped.items()))


def _claim_from_rows(rows: list[QueryRow]) -> ClaimAboutEntity:
    """Return the claim of rows that differ in cue and subject only."""
    row = rows[0]
    return ClaimAboutEntity(
        claim=compress_iri(cell_text(row, "claim")),
        claim_href=link_address(cell_text(row, "claim")),
        label=cell_text(row, "label"),
        hedge=cell_text(row, "hedge"),
        cue=", ".join(sorted({cell_text(row, "cue") for row in rows})),
        sentence=compress_iri(cell_text(row, "sentence")),
        about=tuple(dict.fromkeys(_subject_from_row(row) for row in rows)),
        badge=_badge_from_row(row),
    )


def _badge_from_row(row: QueryRow) -> HedgeBadge:
    iri = cell_text(row, "hedging")
    return HedgeBadge(cell_text(row, "hedge"), link_address(iri), iri, hedge_level(cell_number(row, "rank")))


def _subject_from_row(row: QueryRow) -> ClaimSubject:
    through = compress_iri(cell_text(row, "feature")) if "feature" in row else ""
    return ClaimSubject(compress_iri(cell_text(row, "entity")), compress_iri(cell_text(row, "link")), through)


# Broader groups: what the text says about a group need not hold for each member, so it is shown apart.


@dataclass(frozen=True, slots=True)
class GroupStep:
    """An entity on a path to a group; `by` is the property from the step before, "" at the start."""

    curie: str
    label: str
    href: str
    by: str
    iri: str


@dataclass(frozen=True, slots=True)
class BroaderGroup:
    """A broader group, the path of edges to it, the claims about it, and a note that says what they are."""

    curie: str
    label: str
    path: tuple[GroupStep, ...]
    claims: tuple[ClaimAboutEntity, ...]
    marked: str


def find_broader_groups(
    reader: PageQueryReader, entities: Collection[str], known_claims: Collection[str]
) -> tuple[BroaderGroup, ...]:
    """Return the groups above `entities` (IRIs), nearest first, that have claims not in `known_claims`."""
    nodes = [NamedNode(iri) for iri in sorted(entities)]
    rows = reader.select_rows("wider-groups", entity=nodes) if nodes else []
    groups = (_make_group(reader, path, known_claims) for path in _paths_to_groups(rows, entities))
    return tuple(group for group in groups if group.claims)


def _paths_to_groups(rows: list[QueryRow], entities: Collection[str]) -> list[list[GroupStep]]:
    """Return a shortest path from one of `entities` to each group above them (breadth first)."""
    labels = {cell_text(row, "below"): cell_text(row, "below_label") for row in rows}
    paths = {iri: [_group_step(iri, labels[iri], "")] for iri in sorted(entities) if iri in labels}
    queue = list(paths)
    for below in queue:
        for row in rows:
            above = cell_text(row, "above")
            if cell_text(row, "below") == below and above not in paths:
                step = _group_step(above, cell_text(row, "above_label"), cell_text(row, "by"))
                paths[above] = [*paths[below], step]
                queue.append(above)
    return [path for path in paths.values() if len(path) > 1]


def _group_step(iri: str, label: str, by: str) -> GroupStep:
    return GroupStep(compress_iri(iri), label, link_address(iri), by, iri)


def _make_group(
    reader: PageQueryReader, path: list[GroupStep], known_claims: Collection[str]
) -> BroaderGroup:
    """Return the group at the end of a path."""
    entity, group = path[0], path[-1]
    claims = (claim for claim in list_claims_about(reader, {group.iri}) if claim.claim not in known_claims)
    marked = f"about the broader group {group.label}, not {entity.label} itself"
    return BroaderGroup(group.curie, group.label, tuple(path), tuple(claims), marked)


# Resolution of an identifier.

#: the note on what comes from an external vocabulary.
NOT_FROM_TEXT = "not said by the text"
_MAX_EDIT_DISTANCE = 2  # characters by which a suggested identifier may differ
_MAX_SUGGESTIONS = 4


@dataclass(frozen=True, slots=True)
class HierarchyStep:
    """A term on the path from an external code down to a mapped one."""

    curie: str
    label: str


@dataclass(frozen=True, slots=True)
class MappingBelow:
    """A mapping of a code below the one asked for, and the path of the external vocabulary to it."""

    mapped: AcceptedMapping
    path: tuple[HierarchyStep, ...]
    marked: str = NOT_FROM_TEXT


@dataclass(frozen=True, slots=True)
class ReachedEntity:
    """An entity that a code leads to, not its match: product, brand, salt, combination, narrower code.

    `path` says how, `source` and `version` who states it; `note` of whom the claims are said.
    """

    entity_curie: str
    entity_label: str
    entity_href: str
    relation: str
    parts: tuple[str, ...]
    path: str
    source: str
    version: str
    note: str
    claims: tuple[ClaimAboutEntity, ...]


@dataclass(frozen=True, slots=True)
class Resolution:
    """What the graph holds for an external identifier; its JSON has the same fields."""

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
    reached: tuple[ReachedEntity, ...] = ()

    @property
    def entity_links(self) -> dict[str, tuple[str, str]]:
        """Return address and label, by CURIE, of entities that claims are about; not part of the JSON."""
        mapped = (*self.matches, *(item.mapped for item in self.below))
        links = {row.entity_curie: (row.entity_href, row.entity_label) for row in mapped}
        links |= {row.entity_curie: (row.entity_href, row.entity_label) for row in self.reached}
        return links | {group.curie: (group.path[-1].href, group.label) for group in self.wider}


def resolve_identifier(
    reader: PageQueryReader,
    prefixes: PrefixTable,
    identifier: str,
    accepted: tuple[AcceptedMapping, ...],
    unaccepted: Iterable[UnacceptedMapping] = (),
    index: CodeIndex | None = None,
) -> Resolution:
    """Return what the graph has for `identifier`, in any spelling.

    Raises BadData for what is not an identifier, NotFound with similar ones for an unknown prefix or code.
    """
    requested = prefixes.parse_identifier(identifier)
    matches = tuple(mapping for mapping in accepted if mapping.curie == str(requested))
    below = tuple(_mappings_below_code(requested, prefixes, accepted)) or tuple(
        _mappings_below_import(reader, requested, prefixes, accepted)
    )
    rejected = tuple(row for row in unaccepted if row.curie == str(requested))
    reached = () if matches or below or index is None else _find_reached(reader, requested, index)
    if not matches and not below and not reached:
        raise _unknown_identifier(requested, prefixes, accepted, rejected)
    mapped = {mapping.entity for mapping in (*matches, *(item.mapped for item in below))}
    claims = list_claims_about(reader, mapped)
    return Resolution(
        curie=str(requested),
        asked=identifier,
        vocabulary=prefixes.vocabularies[requested.prefix].name,
        iri=prefixes.expand_curie(requested),
        page=prefixes.get_page_address(requested),
        label=next((mapping.label for mapping in matches if mapping.label), ""),
        matches=matches,
        below=below,
        claims=claims,
        wider=find_broader_groups(
            reader, {mapping.entity for mapping in matches}, {claim.claim for claim in claims}
        ),
        rejected=rejected,
        reached=reached,
    )


def _find_reached(reader: PageQueryReader, requested: Curie, index: CodeIndex) -> tuple[ReachedEntity, ...]:
    """Return the entities that a code without a match leads to, each with the claims about it."""
    _, links = index.find_links(requested)
    return tuple(
        ReachedEntity(
            compress_iri(link.entity),
            link.entity_label,
            link_address(link.entity),
            link.relation,
            link.parts,
            link.path,
            link.source,
            link.version,
            link.note,
            list_claims_about(reader, {link.entity}),
        )
        for link in links
    )


def _mappings_below_code(
    requested: Curie, prefixes: PrefixTable, accepted: Collection[AcceptedMapping]
) -> Iterator[MappingBelow]:
    """Yield the mapped codes below `requested`, for vocabularies whose codes spell their own hierarchy."""
    levels = prefixes.vocabularies[requested.prefix].level_lengths
    labels = {mapping.curie: mapping.label for mapping in accepted}
    for mapping in accepted:
        prefix, _, code = mapping.curie.partition(":")
        if levels and prefix == requested.prefix and code != requested.identifier:
            path = [f"{prefix}:{step}" for step in list_codes_between(requested.identifier, code, levels)]
            if path:
                yield MappingBelow(mapping, tuple(HierarchyStep(step, labels.get(step, "")) for step in path))


def _mappings_below_import(
    reader: PageQueryReader, requested: Curie, prefixes: PrefixTable, accepted: Collection[AcceptedMapping]
) -> Iterator[MappingBelow]:
    """Yield the mapped terms below `requested` in an imported ontology, each with a shortest path to it."""
    top = prefixes.expand_curie(requested)
    children: dict[str, list[str]] = {}
    for row in reader.select_rows("ways-up"):
        children.setdefault(cell_text(row, "above"), []).append(cell_text(row, "below"))
    paths = _paths_down(top, children)
    below = [(mapping, paths[mapping.iri]) for mapping in accepted if mapping.iri in paths.keys() - {top}]
    steps = {NamedNode(iri) for _, path in below for iri in path}
    rows = reader.select_rows("outside-labels", term=sorted(steps, key=str)) if steps else []
    labels = {cell_text(row, "term"): cell_text(row, "label") for row in rows}
    for mapping, path in below:
        path_steps = (HierarchyStep(compress_iri(iri), labels.get(iri, "")) for iri in path)
        yield MappingBelow(mapping, tuple(path_steps))


def _paths_down(top: str, children: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Return `top` and each term below it with a shortest path from `top` (breadth first)."""
    paths, queue = {top: [top]}, [top]
    for above in queue:
        for below in children.get(above, ()):
            if below not in paths:
                paths[below] = [*paths[above], below]
                queue.append(below)
    return paths


def _unknown_identifier(
    requested: Curie,
    prefixes: PrefixTable,
    accepted: Iterable[AcceptedMapping],
    rejected: tuple[UnacceptedMapping, ...],
) -> NotFound:
    """Return the error for an identifier the graph has nothing for, with similar ones."""
    if rejected:
        row = rejected[0]
        return NotFound(
            f"{requested} has no mapping here: one to {row.entity_curie} was judged and not accepted.",
            hint=row.comment,
        )
    labels = {row.curie: row.label for row in accepted if row.curie.startswith(f"{requested.prefix}:")}
    vocabulary = prefixes.vocabularies[requested.prefix]
    if similar := _similar_codes(requested, vocabulary.level_lengths, sorted(labels)):
        listed = ", ".join(f"{curie} ({labels[curie]})" if labels[curie] else curie for curie in similar)
        lead = "In the same group" if vocabulary.level_lengths else "Spelled similarly"
        hint = f"{lead}: {listed}."
    else:
        count = f"{len(labels)} other {'identifier' if len(labels) == 1 else 'identifiers'}"
        hint = f"Of {vocabulary.name} it links {count if labels else 'none'}; see /mappings."
    return NotFound(f"The graph has nothing for {requested}.", hint=hint)


def _similar_codes(requested: Curie, levels: tuple[int, ...], known_codes: list[str]) -> list[str]:
    """Return known codes to suggest for `requested`, the most similar first.

    Where codes spell their hierarchy these are the codes above it, or those of its narrowest group below the
    first level: similar letters mean nothing there (L01CA02 and M01AE01 are unrelated drugs). Elsewhere they
    are the codes that differ by a typing error of one or two characters.
    """
    if not levels:
        distances = {curie: Levenshtein.distance(curie, str(requested)) for curie in known_codes}
        close = [curie for curie in known_codes if distances[curie] <= _MAX_EDIT_DISTANCE]
        return sorted(close, key=lambda curie: distances[curie])[:_MAX_SUGGESTIONS]
    if above := [curie for curie in known_codes if str(requested).startswith(curie)]:
        return above[:_MAX_SUGGESTIONS]
    for level in sorted(levels[1:], reverse=True):
        group = f"{requested.prefix}:{requested.identifier[:level]}"
        if len(requested.identifier) >= level and (same := [c for c in known_codes if c.startswith(group)]):
            return same[:_MAX_SUGGESTIONS]
    return []
