"""The matrix: what is said for each intervention in each situation, the strongest wording and its limits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from itertools import groupby
from operator import itemgetter
from urllib.parse import urlencode

from pyoxigraph import NamedNode

from kg.errors import BadQuery
from kg.namespaces import expand_curie
from kg.pages.page_queries import PageQueryReader, QueryRow, cell_number, cell_text, slice_page, terms_in_rows
from kg.pages.statements import ClaimStatement, group_claim_facts, make_statement
from kg.pages.term_refs import ASSERTED, INFERRED, HedgeBadge, TermLabels, TermRef, make_hedge_badge

ROWS_PER_MATRIX = 40
_LIMIT = "limit"


@dataclass(frozen=True, slots=True)
class MatrixState:
    """What a matrix is asked for, every value a CURIE; its address says all of it.

    `intervention` and `situation` stand for their kinds and narrower situations too; what is in `fold` takes
    those into its own row or column. `inherited`: "no" leaves out what is said of broader situations only.
    `cell` is the opened one: an intervention and a situation, with a space between.
    """

    intervention: str = ""
    situation: str = ""
    document: str = ""
    hedge: str = ""
    aim: str = ""
    inherited: str = ""
    fold: tuple[str, ...] = ()
    cell: str = ""
    page: int = 1

    def address(self, **changes: object) -> str:
        """Return the address of the matrix with some values changed."""
        state = replace(self, **changes)  # type: ignore[arg-type]
        given = ((f.name, getattr(state, f.name), f.default) for f in fields(state))
        values = {name: value for name, value, default in given if value != default}
        return "/matrix" + (f"?{urlencode(values, doseq=True)}" if values else "")

    def toggle_fold(self, curie: str) -> str:
        """Return the address with an intervention or a situation folded, or unfolded if it is."""
        others = tuple(name for name in self.fold if name != curie)
        folded = others if curie in self.fold else (*others, curie)
        return self.address(fold=folded, cell="", page=1)


@dataclass(frozen=True, slots=True)
class CellClaim:
    """A claim in a cell, as a row of `matrix-cells`; once for each aim."""

    intervention: str
    situation: str
    how: str
    origin: str
    claim: str
    hedge: str
    rank: int
    aim: str
    document: str


@dataclass(frozen=True, slots=True)
class MatrixClaims:
    """What any matrix is made from; `above` has what each term is a kind of or narrower than."""

    claims: tuple[CellClaim, ...]
    above: Mapping[str, frozenset[str]]
    naming: TermLabels


@dataclass(frozen=True, slots=True)
class CellWording:
    """How a cell words something: "option", "only if", "practice", "together" or "limit", and the hedge."""

    how: str
    hedge: HedgeBadge


@dataclass(frozen=True, slots=True)
class MatrixCell:
    """What is said for an intervention in a situation: the strongest wording of each kind, and every limit.

    `gathered`: some of it is said of a kind or of a narrower situation that is folded into the cell.
    """

    intervention: TermRef
    situation: TermRef
    offers: tuple[CellWording, ...]
    limits: tuple[CellWording, ...]
    mark: str
    gathered: bool
    claims: tuple[TermRef, ...]
    href: str
    opened: bool


@dataclass(frozen=True, slots=True)
class MatrixHeading:
    """A row or column heading: its depth in the hierarchy, and the address that folds what is below it."""

    term: TermRef
    depth: int
    fold: str
    folded: bool


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """An intervention and its cells, None where nothing is said."""

    heading: MatrixHeading
    cells: tuple[MatrixCell | None, ...]


@dataclass(frozen=True, slots=True)
class ColumnGroup:
    """The columns below one broadest situation."""

    heading: MatrixHeading
    columns: tuple[MatrixHeading, ...]


@dataclass(frozen=True, slots=True)
class MatrixTable:
    """Interventions and situations that have cells in common with each other and with no other table."""

    groups: tuple[ColumnGroup, ...]
    rows: tuple[MatrixRow, ...]


@dataclass(frozen=True, slots=True)
class MatrixChoice:
    """A field of the filter with what it may be."""

    name: str
    label: str
    chosen: str
    options: tuple[TermRef, ...]


@dataclass(frozen=True, slots=True)
class OpenedCell:
    """The opened cell with its claims in their words."""

    cell: MatrixCell
    claims: tuple[ClaimStatement, ...]


@dataclass(frozen=True, slots=True)
class MatrixPage:
    """A matrix, or a part of its rows; JSON has the same fields."""

    tables: tuple[MatrixTable, ...]
    choices: tuple[MatrixChoice, ...]
    state: MatrixState
    opened: OpenedCell | None
    cells: int
    range: str
    previous: str
    next: str

    @property
    def shown_cells(self) -> list[MatrixCell]:
        """Return the cells of all rows that say something, in the order of the rows."""
        return [cell for table in self.tables for row in table.rows for cell in row.cells if cell]


def load_matrix_claims(reader: PageQueryReader) -> MatrixClaims:
    """Read what stands in any cell, in one query; the hierarchies and labels take one each."""
    rows, kinds = reader.select_rows("matrix-cells"), reader.select_rows("kinds")
    above: dict[str, set[str]] = defaultdict(set)
    for row in kinds:
        above[cell_text(row, "below")].add(cell_text(row, "above"))
    naming = reader.load_labels(terms_in_rows([*rows, *kinds]))
    return MatrixClaims(
        tuple(map(_read_claim, rows)), {name: frozenset(found) for name, found in above.items()}, naming
    )


def _read_claim(row: QueryRow) -> CellClaim:
    texts = {f.name: cell_text(row, f.name) for f in fields(CellClaim) if f.name != "rank"}
    return CellClaim(**texts, rank=cell_number(row, "rank"))


def matrix_page(reader: PageQueryReader, data: MatrixClaims, state: MatrixState) -> MatrixPage:
    """Return the matrix that `state` asks for; raises BadQuery for a value that is in no cell."""
    choices = tuple(_make_choice(data, state, name) for name in _CHOICES)
    _check_fold(state, choices)
    layout = _Layout(data, state)
    rows = [(table, row) for table in layout.make_tables() for row in table.rows]
    part = slice_page(rows, state.page, partial(_address_page, state), per_page=ROWS_PER_MATRIX)
    if part is None:
        raise BadQuery(f"The matrix has no page {state.page}.", location="page", hint="Leave page out.")
    shown = tuple(
        replace(table, rows=tuple(row for _, row in found))
        for table, found in groupby(part.items, key=itemgetter(0))
    )
    opened = _find_opened(shown, state)
    return MatrixPage(
        tables=shown,
        choices=choices,
        state=state,
        opened=open_cell(reader, opened) if opened else None,
        cells=len(layout.cells),
        range=f"rows {part.range}",
        previous=part.previous,
        next=part.next,
    )


def _address_page(state: MatrixState, page: int) -> str:
    return state.address(page=page, cell="")


#: the filters in the order of the form -> how it calls them
_CHOICES = {
    "document": "text",
    "intervention": "intervention and its kinds",
    "situation": "situation and narrower ones",
    "hedge": "wording",
    "aim": "aim",
}
#: those that stand for their kinds and narrower situations too
_NESTED = ("intervention", "situation")


def _make_choice(data: MatrixClaims, state: MatrixState, name: str) -> MatrixChoice:
    """Return a filter with its options; raises BadQuery for a value that is none of them."""
    iris = {getattr(claim, name) for claim in data.claims} - {""}
    if name in _NESTED:
        iris = iris.union(*(data.above.get(iri, ()) for iri in iris))
    options = sorted((data.naming.ref_of_iri(iri) for iri in iris), key=lambda ref: ref.label.casefold())
    chosen = getattr(state, name)
    if chosen and expand_curie(chosen) not in iris:
        hint = f"It has {', '.join(ref.curie for ref in options[:12])}. GET /matrix lists them all."
        raise BadQuery(f"The matrix has no {name} {chosen!r}.", location=name, hint=hint)
    return MatrixChoice(name, _CHOICES[name], chosen, tuple(options))


def _check_fold(state: MatrixState, choices: Iterable[MatrixChoice]) -> None:
    """Raise BadQuery for what is to be folded and stands in no row or column, and for another "no"."""
    known = {ref.curie for choice in choices if choice.name in _NESTED for ref in choice.options}
    for curie in state.fold:
        if curie not in known:
            hint = "Fold an intervention or a situation of the matrix."
            raise BadQuery(f"The matrix has nothing called {curie!r}.", location="fold", hint=hint)
    if state.inherited not in ("", "no"):
        raise BadQuery("inherited is `no` or left out.", location="inherited", hint="Leave it out.")


def _find_opened(tables: Iterable[MatrixTable], state: MatrixState) -> MatrixCell | None:
    """Return the cell that is asked for; raises BadQuery where nothing is said in it."""
    cells = (cell for table in tables for row in table.rows for cell in row.cells if cell)
    opened = next((cell for cell in cells if cell.opened), None)
    if state.cell and opened is None:
        hint = "Open a cell of the matrix, or leave cell out."
        raise BadQuery(f"Nothing is said in the cell {state.cell!r}.", location="cell", hint=hint)
    return opened


def open_cell(reader: PageQueryReader, cell: MatrixCell) -> OpenedCell:
    """Return a cell with its claims in their words."""
    rows = reader.select_rows("claims", claim=[NamedNode(ref.iri) for ref in cell.claims])
    naming = reader.load_labels(terms_in_rows(rows))
    return OpenedCell(cell, tuple(make_statement(facts, naming) for facts in group_claim_facts(rows)))


class _Layout:
    """Which claims stand in which cell, and in which order rows and columns come."""

    def __init__(self, data: MatrixClaims, state: MatrixState) -> None:
        self._above, self._naming, self._state = data.above, data.naming, state
        self._folded = {expand_curie(curie) for curie in state.fold}
        self.cells: dict[tuple[str, str], list[CellClaim]] = defaultdict(list)
        for claim in _select_claims(data, state):
            self.cells[self._place(claim.intervention), self._place(claim.situation)].append(claim)
        self._first: dict[str, str] = {}  # the first claim of each row and column: texts give the order
        for pair, claims in self.cells.items():
            for name in {term for end in pair for term in (end, *self._ancestors(end))}:
                self._first[name] = min(self._first.get(name, "~"), claims[0].claim)

    def _ancestors(self, name: str) -> frozenset[str]:
        return self._above.get(name, frozenset())

    def _place(self, name: str) -> str:
        """Return the row or column of a term: the broadest term that it is folded into, or its own."""
        folded = {name, *self._ancestors(name)} & self._folded
        return min(folded, key=lambda iri: (len(self._ancestors(iri)), iri), default=name)

    def _root(self, name: str) -> str:
        chain = {name, *self._ancestors(name)}
        return min(chain, key=lambda iri: (len(self._ancestors(iri)), iri))

    def make_tables(self) -> Iterator[MatrixTable]:
        """Yield the tables; rows and columns come together where a hierarchy or a cell joins them."""
        joined: list[set[str]] = []
        for row, column in self.cells:
            roots = {self._root(row), self._root(column)}
            touching = [group for group in joined if group & roots]
            joined = [group for group in joined if group not in touching] + [roots.union(*touching)]
        for group in sorted(joined, key=lambda roots: min(self._first[root] for root in roots)):
            pairs = [pair for pair in self.cells if self._root(pair[0]) in group]
            groups = tuple(self._group_columns({column for _, column in pairs}))
            columns = [heading.term.iri for each in groups for heading in each.columns]
            rows = self._arrange({row for row, _ in pairs})
            yield MatrixTable(groups, tuple(self._make_row(heading, columns) for heading in rows))

    def _arrange(self, names: Collection[str]) -> list[MatrixHeading]:
        """Return the headings of some terms, each below the nearest of them that it is a kind of."""
        below: dict[str, list[str]] = defaultdict(list)
        for name in names:
            wider = [iri for iri in self._ancestors(name) if iri in names]
            below[max(wider, key=lambda iri: (len(self._ancestors(iri)), iri), default="")].append(name)

        def walk(parent: str, depth: int) -> Iterator[MatrixHeading]:
            for name in sorted(below[parent], key=lambda iri: (self._first[iri], iri)):
                yield self._make_heading(name, depth, can_fold=bool(below[name]))
                yield from walk(name, depth + 1)

        return list(walk("", 0))

    def _make_heading(self, name: str, depth: int, *, can_fold: bool) -> MatrixHeading:
        ref, folded = self._naming.ref_of_iri(name), name in self._folded
        fold = self._state.toggle_fold(ref.curie) if can_fold or folded else ""
        return MatrixHeading(ref, depth, fold, folded)

    def _group_columns(self, names: Collection[str]) -> Iterator[ColumnGroup]:
        headings = self._arrange(names)
        roots = dict.fromkeys(self._root(heading.term.iri) for heading in headings)
        for root in roots:
            columns = tuple(heading for heading in headings if self._root(heading.term.iri) == root)
            can_fold = len(columns) > 1
            yield ColumnGroup(self._make_heading(root, 0, can_fold=can_fold), columns)

    def _make_row(self, heading: MatrixHeading, columns: Sequence[str]) -> MatrixRow:
        row = heading.term.iri
        return MatrixRow(heading, tuple(self._make_cell(row, column) for column in columns))

    def _make_cell(self, row: str, column: str) -> MatrixCell | None:
        claims = self.cells.get((row, column))
        if not claims:
            return None
        intervention, situation = self._naming.ref_of_iri(row), self._naming.ref_of_iri(column)
        name = f"{intervention.curie} {situation.curie}"
        strongest: dict[str, CellClaim] = {}
        for claim in sorted(claims, key=lambda each: (-each.rank, each.hedge)):
            strongest.setdefault(claim.how, claim)
        offers = [claim for how, claim in strongest.items() if how != _LIMIT]
        limits = {claim.hedge: claim for claim in claims if claim.how == _LIMIT}
        is_stated = any(claim.origin == ASSERTED for claim in claims)
        return MatrixCell(
            intervention=intervention,
            situation=situation,
            offers=tuple(map(self._make_wording, offers)),
            limits=tuple(map(self._make_wording, limits.values())),
            mark=ASSERTED if is_stated else INFERRED,
            gathered=any((claim.intervention, claim.situation) != (row, column) for claim in claims),
            claims=tuple(self._naming.ref_of_iri(iri) for iri in sorted({each.claim for each in claims})),
            href=self._state.address(cell=name) + "#cell",
            opened=self._state.cell == name,
        )

    def _make_wording(self, claim: CellClaim) -> CellWording:
        return CellWording(claim.how, make_hedge_badge(NamedNode(claim.hedge), self._naming))


def _select_claims(data: MatrixClaims, state: MatrixState) -> Iterator[CellClaim]:
    """Yield the claims that the filters leave; with an offer that is left come all its limits."""
    wanted = {name: expand_curie(getattr(state, name)) for name in _CHOICES if getattr(state, name)}

    def holds(claim: CellClaim, names: Collection[str]) -> bool:
        chosen = ((getattr(claim, name), iri) for name, iri in wanted.items() if name in names)
        return all(value == iri or iri in data.above.get(value, ()) for value, iri in chosen)

    left = [
        claim
        for claim in data.claims
        if holds(claim, ("document", "intervention", "situation"))
        and not (state.inherited == "no" and claim.origin == INFERRED)
    ]
    worded = [claim for claim in left if holds(claim, ("hedge", "aim"))]
    pairs = {(claim.intervention, claim.situation) for claim in worded}
    limits = [c for c in left if c.how == _LIMIT and (c.intervention, c.situation) in pairs]
    yield from dict.fromkeys([*worded, *limits])
