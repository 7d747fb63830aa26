"""Transitive relations of any size: closed through strongly connected components, not by rounds.

A rule that composes a relation with itself (scm-sco, prp-trp ...) finds each pair of a hierarchy once for
every node between its ends, over as many rounds as the hierarchy has levels (in the logarithm).
`close_transitively` makes each pair from the ancestor sets of the parents (as in Nuutila 1995): components of
more than one node (equivalent classes) are contracted, the rest is acyclic, and levels are worked off from
the roots down, so that the parents' sets are complete when a node takes their union.

`close_large_relations` decides in each round which way a relation goes, and hands on to the rule what it did
not close itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from rlreason.relation import (
    EMPTY_KEYS,
    OBJECT_MASK,
    SUBJECT_SHIFT,
    FactSet,
    IntArray,
    Relation,
    contains_each,
    expand_ranges,
    pack_pairs,
    sort_unique,
)

if TYPE_CHECKING:
    from rlreason.compiled_rules import CompiledRule
    from rlreason.rule_engine import ClosureState

#: number of pairs from which on a transitive relation is closed here
LARGE_RELATION = 20_000


def close_large_relations(
    state: ClosureState, delta: FactSet, is_first_round: bool, steps: Iterable[CompiledRule]
) -> FactSet:
    """Close the large relations that `steps` compose with themselves; return `delta` with what that adds.

    Runs before the rules of a round. For such a relation `state.closed_pairs` holds a transitively closed
    subset of its pairs, and the invariant after this is: all compositions of pairs are facts, but those that
    use a pair of `state.remaining_pairs`, which the rule then joins like any delta.
    """
    state.remaining_pairs = {}
    for step in steps:
        predicate = step.composed_predicate()
        # A relation that was closed here stays here when deletions made it small: its rule joins only
        # `remaining_pairs`.
        if predicate in state.closed_pairs or (
            predicate is not None and len(state.facts[predicate]) > LARGE_RELATION
        ):
            new_pairs = state.facts[predicate].keys if is_first_round else delta[predicate].keys
            added = _close_relation(state, predicate, new_pairs)
            state.facts, delta = state.facts.union_disjoint(added), delta.union_disjoint(added)
    return delta


def forget_pairs(state: ClosureState, deleted: FactSet, asserted: FactSet) -> None:
    """Take deleted facts out of what is known of large relations.

    What is left of a closed relation need not be closed: the caller finds a pair again that two others still
    compose, and it then counts as new. An asserted pair may have been closed first, so it becomes one of the
    generators.
    """
    state.remaining_pairs = {}
    for predicate, closed in state.closed_pairs.items():
        gone = deleted[predicate].keys
        state.closed_pairs[predicate] = closed[~contains_each(gone, closed)]
        generators = state.generators[predicate].difference(gone)
        state.generators[predicate] = generators.union_disjoint(
            generators.select_new(asserted[predicate].keys)
        )


def _close_relation(state: ClosureState, predicate: int, new_pairs: IntArray) -> FactSet:
    """Close one relation, or leave its new pairs to the rule; return the facts that closing it added.

    `generators` are the pairs that did not come from closing: far fewer than the closed pairs, and enough to
    close again when pairs are added. A pair that is in `closed_pairs` or a loop adds nothing.
    """
    everything, closed = state.facts[predicate], state.closed_pairs.get(predicate)
    fresh = new_pairs if closed is None else new_pairs[~contains_each(closed, new_pairs)]
    fresh = fresh[fresh >> SUBJECT_SHIFT != fresh & OBJECT_MASK]
    # The first time all pairs are generators; later only those that earlier closing did not produce.
    generators = state.generators.get(predicate)
    base = everything if generators is None else generators.union_disjoint(generators.select_new(fresh))
    state.generators[predicate] = base
    if closed is not None and (not len(fresh) or _is_join_cheaper(everything, fresh)):
        state.remaining_pairs[predicate] = Relation(fresh)
        return FactSet()
    state.closed_pairs[predicate] = close_transitively(base.keys)
    return FactSet({predicate: Relation(everything.select_new(state.closed_pairs[predicate]))})


def _is_join_cheaper(relation: Relation, new_pairs: IntArray) -> bool:
    """Return whether composing a few new pairs with the relation gives fewer rows than closing it again."""
    ahead = relation.count_linked(new_pairs & OBJECT_MASK)
    return ahead + relation.count_linked(new_pairs >> SUBJECT_SHIFT, backwards=True) < len(relation)


def close_transitively(edges: IntArray) -> IntArray:
    """Return the sorted keys of the transitive closure of `edges`; a node reaches itself only on a cycle."""
    loops = edges[edges >> SUBJECT_SHIFT == edges & OBJECT_MASK]
    # Nodes are renumbered 0, 1, 2 ... so that arrays can be indexed by them.
    names, ends = np.unique(
        np.concatenate((edges >> SUBJECT_SHIFT, edges & OBJECT_MASK)), return_inverse=True
    )
    if not len(names):
        return EMPTY_KEYS
    source, target = ends[: len(edges)], ends[len(edges) :]
    straight = source != target
    source, target = source[straight], target[straight]
    component = _number_components(len(names), source, target)
    between = component[source] != component[target]
    contracted = sort_unique(pack_pairs(component[source[between]], component[target[between]]))
    pairs = _expand_components(component, _close_acyclic(len(names), contracted))
    named = names[pairs >> SUBJECT_SHIFT] << SUBJECT_SHIFT | names[pairs & OBJECT_MASK]
    return sort_unique(np.concatenate((named, loops)))


def _expand_components(component: IntArray, keys: IntArray) -> IntArray:
    """Return the pairs of nodes that pairs of components stand for, and all pairs within a component."""
    order = np.argsort(component, kind="stable")
    sizes = np.bincount(component, minlength=len(component))
    starts = np.cumsum(sizes) - sizes
    several = np.flatnonzero(sizes > 1)  # on a cycle every node reaches every node, itself included
    if not len(several):
        return keys
    keys = np.concatenate((keys, pack_pairs(several, several)))
    # Members of component c are order[starts[c]:starts[c] + sizes[c]]: expand the lower ends, then the upper.
    lower, upper = keys >> SUBJECT_SHIFT, keys & OBJECT_MASK
    rows, at = expand_ranges(starts[lower], starts[lower] + sizes[lower])
    lower, upper = order[at], upper[rows]
    rows, at = expand_ranges(starts[upper], starts[upper] + sizes[upper])
    return pack_pairs(lower[rows], order[at])


def _close_acyclic(size: int, edges: IntArray) -> IntArray:
    """Return the closure of a graph without cycles: each node takes the union of its parents' sets.

    The ancestor sets of all nodes stand one after another in `pool`, node n's in the `counts[n]` places from
    `starts[n]`. Nodes of one level do not reach each other, so a level is one operation on arrays.
    """
    if not len(edges):
        return EMPTY_KEYS
    child, parent = edges >> SUBJECT_SHIFT, edges & OBJECT_MASK
    level = _compute_depths(size, child, parent)
    starts = np.zeros(size, dtype=np.int64)
    counts = np.zeros(size, dtype=np.int64)
    closed: list[IntArray] = []
    pool = np.empty(max(1024, 4 * len(edges)), dtype=np.int64)
    used = 0
    # Edges in the order of their child's level, and where each level begins; roots (level 0) have no edges.
    by_level = np.argsort(level[child], kind="stable")
    bounds = np.searchsorted(level[child][by_level], np.arange(1, level.max() + 2))
    for low, high in pairwise(bounds.tolist()):
        here = by_level[low:high]
        rows, at = expand_ranges(starts[parent[here]], starts[parent[here]] + counts[parent[here]])
        inherited = pack_pairs(child[here][rows], pool[at])
        keys = sort_unique(np.concatenate((edges[here], inherited)))  # sorted by child: its set is one range
        pool = _ensure_capacity(pool, used, len(keys))
        pool[used : used + len(keys)] = keys & OBJECT_MASK
        nodes, first, number = np.unique(keys >> SUBJECT_SHIFT, return_index=True, return_counts=True)
        starts[nodes], counts[nodes] = first + used, number
        used += len(keys)
        closed.append(keys)
    return np.concatenate(closed)


def _ensure_capacity(pool: IntArray, used: int, extra: int) -> IntArray:
    """Return the pool, or a larger copy when `extra` more places do not fit."""
    if used + extra <= len(pool):
        return pool
    return np.concatenate((pool[:used], np.empty(len(pool) + 2 * extra, dtype=np.int64)))


def _compute_depths(size: int, child: IntArray, parent: IntArray) -> IntArray:
    """Return for each node of an acyclic graph the length of the longest path to a root.

    Topological order (Kahn 1962), all nodes at once whose parents are done.
    """
    waiting = np.bincount(child, minlength=size)
    level = np.zeros(size, dtype=np.int64)
    order = np.argsort(parent, kind="stable")
    children = child[order]
    ends = np.searchsorted(parent[order], np.arange(size + 1))
    front = np.flatnonzero(waiting == 0)
    depth = 0
    while len(front):
        depth += 1
        _, at = expand_ranges(ends[front], ends[front + 1])
        below, times = np.unique(children[at], return_counts=True)
        waiting[below] -= times
        level[below] = depth
        front = below[waiting[below] == 0]
    return level


def _number_components(size: int, source: IntArray, target: IntArray) -> IntArray:
    """Return for each node one node that stands for its strongly connected component.

    Most hierarchies are acyclic. Only the nodes that may lie on a cycle are looked at one by one.
    """
    component = np.arange(size)
    core = _find_cyclic_core(size, source, target)
    if len(core):
        keep = np.isin(source, core) & np.isin(target, core)
        for nodes in _find_components(core, source[keep], target[keep]):
            component[nodes] = nodes[0]
    return component


def _find_cyclic_core(size: int, source: IntArray, target: IntArray) -> IntArray:
    """Return the nodes left when those without an edge in or an edge out are removed until none is left."""
    alive = np.ones(size, dtype=bool)
    while len(source):
        has_out = np.bincount(source, minlength=size) > 0
        has_in = np.bincount(target, minlength=size) > 0
        alive = has_out & has_in
        keep = alive[source] & alive[target]
        if keep.all():
            return np.flatnonzero(alive)
        source, target = source[keep], target[keep]
    return EMPTY_KEYS


def _find_components(core: IntArray, source: IntArray, target: IntArray) -> list[list[int]]:
    """Return the strongly connected components of more than one node (Kosaraju's algorithm, no recursion)."""
    forwards, backwards = _build_adjacency(core, source, target), _build_adjacency(core, target, source)
    seen: set[int] = set()
    order = [node for root in core.tolist() for node in _visit_depth_first(root, forwards, seen)]
    seen = set()
    components = [_visit_depth_first(root, backwards, seen) for root in reversed(order)]
    return [nodes for nodes in components if len(nodes) > 1]


def _build_adjacency(core: IntArray, source: IntArray, target: IntArray) -> dict[int, list[int]]:
    """Return for each node where its edges lead."""
    targets: dict[int, list[int]] = {node: [] for node in core.tolist()}
    for start, end in zip(source.tolist(), target.tolist(), strict=True):
        targets[start].append(end)
    return targets


def _visit_depth_first(root: int, edges: dict[int, list[int]], seen: set[int]) -> list[int]:
    """Return the nodes not in `seen` that `root` reaches, in the order a depth-first walk leaves them."""
    if root in seen:
        return []
    seen.add(root)
    finished: list[int] = []
    path = [(root, iter(edges[root]))]
    while path:
        node, ahead = path[-1]
        following = next((n for n in ahead if n not in seen), None)
        if following is None:
            finished.append(node)
            path.pop()
        else:
            seen.add(following)
            path.append((following, iter(edges[following])))
    return finished
