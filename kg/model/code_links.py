"""What a code leads to: the judged matches, and the ways up from products, brands, salts and narrower codes.

Terms are IRIs. An edge is a relation of `data/mappings/code_relations.tsv` that a file states between two
terms; nothing here follows from similar letters. A code with several ingredients is a combination, never one
of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from kg.errors import BadData, UserError
from kg.model.code_spellings import parse_rows
from kg.model.identifiers import Curie, PrefixTable
from kg.namespaces import OBOINOWL, RDFS, expand_curie

_IS_A = RDFS["subClassOf"].value
_SAME = OBOINOWL["hasDbXref"].value
_GROUP = expand_curie("skos:narrowerTransitive")
_EXACT, _CLOSE, _NARROW, _BROAD, _RELATED = map(
    expand_curie,
    (
        "skos:exactMatch",
        "skos:closeMatch",
        "skos:narrowMatch",
        "skos:broadMatch",
        "skos:relatedMatch",
    ),
)
#: kinds whose edges lead to what a product is made of
_MADE_OF = frozenset({"product", "ingredient", "brand", "salt", "part"})
_COMPOSITION = _MADE_OF | {"same", "retired", "mapped"}
_MAX_STEPS = 12
STATUSES = ("found", "found by roll-up", "group", "judged and refused", "unknown", "unreadable")
FOUND, ROLLED_UP, GROUP, REFUSED, UNKNOWN, UNREADABLE = STATUSES


@dataclass(frozen=True, slots=True)
class CodeRelation:
    """A row of code_relations.tsv; `iri` is the property, `rank` decides which names a path."""

    iri: str
    words: str
    kind: str
    rank: int
    omop: str
    snomedct: str
    note: str


def parse_code_relations(text: str, prefixes: PrefixTable, file_name: str = "") -> dict[str, CodeRelation]:
    """Return the relations of the table by the IRI of the property; raises BadData for a broken row."""
    relations = {}
    for line, cells in parse_rows(text, 8, file_name):
        iri = prefixes.expand_property(cells[0])
        if not cells[3].isdigit() or "://" not in iri:
            raise BadData(
                "The rank is not a number, or the property is unknown.", location=file_name, line=line
            )
        relations[iri] = CodeRelation(iri, cells[1], cells[2], int(cells[3]), *cells[4:7])
    return relations


@dataclass(frozen=True, slots=True)
class MappedTerm:
    """An accepted row: a term (by IRI) that is mapped to an entity, and the file that proves it."""

    iri: str
    label: str
    match: str
    entity: str
    entity_label: str
    source: str
    version: str


@dataclass(frozen=True, slots=True)
class CodeEdge:
    """A relation that a file states from a term to another; `how` is "" or says how it was read."""

    relation: str
    target: str
    source: str = ""
    version: str = ""
    how: str = ""


@dataclass(frozen=True, slots=True)
class CodeLink:
    """A way from a code to an entity: the relation in words, the terms on the way, and who states it.

    `term` is the mapped term (a CURIE), `match` its judged match; `parts` are the other parts of a
    combination.
    """

    entity: str
    entity_label: str
    relation: str
    match: str
    term: str
    path: str
    parts: tuple[str, ...]
    source: str
    version: str
    note: str


@dataclass(frozen=True, slots=True)
class CodeFinding:
    """The answer for one code, as it was written: its readings, a status of STATUSES, its links, a note."""

    code: str
    readings: tuple[str, ...]
    status: str
    label: str = ""
    links: tuple[CodeLink, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class CodeFacts:
    """Everything that is known of codes: relations, accepted and refused rows, edges and labels by IRI."""

    relations: Mapping[str, CodeRelation]
    mapped: Sequence[MappedTerm]
    refused: Mapping[str, str] = field(default_factory=dict)
    edges: Mapping[str, Sequence[CodeEdge]] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)


_Path = tuple[tuple[CodeEdge, str], ...]  # the edges from a code, each with the term it starts at


class CodeIndex:
    """Finds what codes lead to; each term is looked up once."""

    def __init__(self, prefixes: PrefixTable, facts: CodeFacts) -> None:
        self._prefixes, self._facts = prefixes, facts
        self._mapped: dict[str, list[MappedTerm]] = defaultdict(list)
        for term in facts.mapped:
            self._mapped[term.iri].append(term)
        self._spelled: dict[str, list[MappedTerm]] = defaultdict(list)
        for term in facts.mapped:
            if (curie := prefixes.match_iri(term.iri)) and prefixes.vocabularies[curie.prefix].level_lengths:
                self._spelled[curie.prefix].append(term)
        self._below: dict[str, list[str]] = defaultdict(list)
        for start, edges in facts.edges.items():
            for edge in edges:
                if edge.relation == _IS_A:
                    self._below[edge.target].append(start)
        self._links: dict[Curie, tuple[str, tuple[CodeLink, ...]]] = {}

    def list_labels(self) -> Iterator[tuple[str, str]]:
        """Yield CURIE and label of every term of a known vocabulary that has a label."""
        for iri, label in self._facts.labels.items():
            if curie := self._shorten(iri):
                yield curie, label

    def find(self, code: str, system: str = "") -> CodeFinding:
        """Return the answer for a code as people write it; `system` names the system of a bare code."""
        try:
            readings = self._prefixes.read_code(code, system)
        except UserError as error:
            return CodeFinding(
                code, (), UNREADABLE, note=f"not read as a code: {error.message} {error.hint}".strip()
            )
        found = [self.find_links(reading) for reading in readings]
        status = min((status for status, _ in found), key=STATUSES.index)
        links = tuple(link for kind, links in found if kind == status for link in links)
        label = next(filter(None, map(self._label_of, readings)), "")
        kinds = zip(readings, found, strict=True)
        notes = [self._explain(reading) for reading, (kind, _) in kinds if kind == status]
        if len(readings) > 1:
            notes.insert(0, f"ambiguous: {len(readings)} readings")
        note = "; ".join(dict.fromkeys(filter(None, notes)))
        return CodeFinding(code, tuple(map(str, readings)), status, label, links, note)

    def find_links(self, curie: Curie) -> tuple[str, tuple[CodeLink, ...]]:
        """Return the status of an identifier and its links."""
        if curie not in self._links:
            self._links[curie] = self._search(curie)
        return self._links[curie]

    def _search(self, curie: Curie) -> tuple[str, tuple[CodeLink, ...]]:
        """Return the status and links: judged matches first, then the ways up, then what is below."""
        iri = self._prefixes.expand_curie(curie)
        if direct := self._mapped.get(iri):
            links = tuple(self._make_link(term, ()) for term in direct)
            kinds = {self._facts.relations[term.match].words for term in direct}
            is_above = kinds == {self._facts.relations[_BROAD].words}
            return GROUP if is_above else FOUND, links
        if links := tuple(self._roll_up(iri)):
            return ROLLED_UP, links
        if links := tuple(self._search_below(curie)):
            return GROUP, links
        return (REFUSED if iri in self._facts.refused else UNKNOWN), ()

    def _edges_of(self, iri: str) -> Iterator[CodeEdge]:
        """Yield the edges from a term: those that files state, and that to the code its own code spells."""
        stated = self._facts.edges.get(iri, ())
        for edge in stated:
            # "has the ingredient" also names the brand of a branded product, which adds nothing
            if not (self._kind(edge) == "ingredient" and self._is_brand(edge.target)):
                yield edge
        if not any(edge.relation == _IS_A for edge in stated) and (parent := self._spelled_parent(iri)):
            yield CodeEdge(_IS_A, parent, "the code itself")

    def _kind(self, edge: CodeEdge) -> str:
        return self._facts.relations[edge.relation].kind

    def _is_brand(self, iri: str) -> bool:
        """Return whether a term is a brand name, and no product: it is only the trade name of something."""
        kinds = {self._kind(edge) for edge in self._facts.edges.get(iri, ())}
        return "brand" in kinds and not kinds & {"product", "ingredient"}

    def _spelled_parent(self, iri: str) -> str:
        """Return the code above, where codes of a vocabulary contain the codes above them; else ""."""
        curie = self._prefixes.match_iri(iri)
        levels = self._prefixes.vocabularies[curie.prefix].level_lengths if curie else ()
        shorter = [level for level in levels if curie and level < len(curie.identifier)]
        if not curie or not shorter or len(curie.identifier) not in levels:
            return ""
        return self._prefixes.expand_curie(Curie(curie.prefix, curie.identifier[: shorter[-1]]))

    def _roll_up(self, iri: str) -> Iterator[CodeLink]:
        """Yield a link for each entity that a way up leads to, with the shortest path."""
        paths: dict[str, _Path] = {iri: ()}
        queue, seen = [iri], set()
        nearest_is_a = _MAX_STEPS
        for start in queue:
            path = paths[start]
            if path and start in self._mapped:
                for term in self._mapped[start]:
                    only_is_a = self._is_only_is_a(path)
                    if not self._holds(term, path) or (only_is_a and len(path) > nearest_is_a):
                        continue
                    nearest_is_a = min(nearest_is_a, len(path)) if only_is_a else nearest_is_a
                    if term.entity not in seen:
                        seen.add(term.entity)
                        yield self._make_link(term, path)
                continue
            for edge in self._edges_of(start) if len(path) < _MAX_STEPS else ():
                if edge.target not in paths:
                    paths[edge.target] = (*path, (edge, start))
                    queue.append(edge.target)

    def _is_only_is_a(self, path: _Path) -> bool:
        return all(self._kind(edge) == "narrower" for edge, _ in path)

    def _holds(self, term: MappedTerm, path: _Path) -> bool:
        """Return whether what is below a mapped term is below its entity too.

        A member of a class that is only close to the entity need not be one of the entity's members.
        """
        is_member = self._kind(path[-1][0]) == "narrower"
        return term.match in ((_EXACT, _NARROW) if is_member else (_EXACT, _CLOSE))

    def _search_below(self, curie: Curie) -> Iterator[CodeLink]:
        """Yield a link for each entity mapped to a term below, by is-a of imports or by the codes."""
        top = self._prefixes.expand_curie(curie)
        paths: dict[str, tuple[str, ...]] = {top: (top,)}
        queue = [top]
        for above in queue:
            for below in self._below.get(above, ()):
                if below not in paths:
                    paths[below] = (*paths[above], below)
                    queue.append(below)
        for term in self._spelled.get(curie.prefix, ()):
            if term.iri not in paths and (codes := self._prefixes.list_codes_between(curie, term.iri)):
                paths[term.iri] = codes
        for term in self._facts.mapped if len(paths) > 1 else ():
            if term.iri in paths and term.match != _RELATED:
                relation = self._facts.relations[_GROUP]
                way = " > ".join(self._name(step) for step in paths[term.iri])
                note = relation.note.format(entity=term.entity_label, parts="")
                names = (term.entity, term.entity_label, relation.words, term.match, self._shorten(term.iri))
                yield CodeLink(*names, way, (), term.source, term.version, note)

    def _make_link(self, term: MappedTerm, path: _Path) -> CodeLink:
        """Return the link by a path; an empty one is a judged match."""
        relations = self._facts.relations
        steps = [relations[edge.relation] for edge, _ in path] or [relations[term.match]]
        relation = min(steps, key=lambda step: step.rank)
        if {step.kind for step in steps} == {"same"}:
            relation = relations[term.match]
        parts = self._list_other_parts(path, term) if relation.kind in _MADE_OF and path else ()
        if parts:
            relation = next(r for r in relations.values() if r.kind == "part")
        note = relation.note.format(entity=term.entity_label, parts=", ".join(parts))
        how = next((edge.how for edge, _ in path if edge.how), "")
        sources = dict.fromkeys((*(edge.source for edge, _ in path), term.source))
        versions = dict.fromkeys(filter(None, (*(edge.version for edge, _ in path), term.version)))
        return CodeLink(
            term.entity, term.entity_label, relation.words, term.match, self._shorten(term.iri),
            self._format_path(path, term), parts, "; ".join(sources), "; ".join(versions),
            "; ".join(filter(None, (note, how))),
        )  # fmt: skip

    def _list_other_parts(self, path: _Path, term: MappedTerm) -> tuple[str, ...]:
        """Return the names of the other ingredients of a code, sorted; none for a single ingredient."""
        ends = self._ingredient_ends(path[0][1], frozenset())
        mine = self._ingredient_ends(term.iri, frozenset())
        labels = self._facts.labels
        return tuple(sorted({labels.get(end) or self._shorten(end) or end for end in ends - mine}))

    def _ingredient_ends(self, iri: str, seen: frozenset[str]) -> frozenset[str]:
        """Return the ingredients that a term is made of in the end: terms with nothing further below."""
        edges = [edge for edge in self._edges_of(iri) if self._kind(edge) in _COMPOSITION]
        if not edges:  # a package is what its product is
            is_code = iri not in self._mapped and not self._facts.edges.get(iri)
            edges = [edge for edge in self._edges_of(iri) if is_code and edge.target in self._facts.edges]
        targets = {edge.target for edge in edges} - seen
        if iri in self._mapped or not targets:
            return frozenset({iri})
        return frozenset().union(*(self._ingredient_ends(t, seen | {iri}) for t in targets))

    def _format_path(self, path: _Path, term: MappedTerm) -> str:
        """Return the way in words: each term with its label, and the relation between two."""
        words = [f"{self._name(start)} - {_say(edge.relation)} -" for edge, start in path]
        return " ".join((*words, self._name(term.iri))) if path else ""

    def _name(self, iri: str) -> str:
        return f"{self._shorten(iri)} {self._facts.labels.get(iri, '')}".strip()

    def _shorten(self, iri: str) -> str:
        curie = self._prefixes.match_iri(iri)
        return str(curie) if curie else ""

    def _label_of(self, curie: Curie) -> str:
        return self._facts.labels.get(self._prefixes.expand_curie(curie), "")

    def _explain(self, curie: Curie) -> str:
        """Return why an identifier has no link, or "" where it has one."""
        status, _ = self.find_links(curie)
        if status == REFUSED:
            return f"judged and refused: {self._facts.refused[self._prefixes.expand_curie(curie)]}"
        return "not linked to anything of this graph; /resolve says what is near" if status == UNKNOWN else ""


def _say(relation: str) -> str:
    """Return the local name of a property as words: `has_ingredient` is "has ingredient"."""
    if relation == _IS_A:
        return "is a"
    if relation == _SAME:
        return "is"
    local = relation.rstrip("/#").replace("#", "/").rpartition("/")[2]
    return "replaced by" if local == "IAO_0100001" else local.replace("_", " ")
