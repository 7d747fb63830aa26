"""The special road for transitive relations: strongly connected parts, then ancestors level by level.

Rules that compose a relation with itself make every pair many times over; this makes each once from its
parents' sets. Cycles (equivalent classes) are closed as one part.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from rlreason.relation import (
    EMPTY_KEYS,
    OBJECT_MASK,
    SUBJECT_SHIFT,
    IntArray,
    expand_ranges,
    pack_pairs,
    sort_unique,
)


def close_transitively(edges: IntArray) -> IntArray:
    """Return the sorted pairs of the transitive closure of `edges` (keys of pairs); loops only on cycles."""
    looped = edges[edges >> SUBJECT_SHIFT == edges & OBJECT_MASK]
    names, ends = np.unique(
        np.concatenate((edges >> SUBJECT_SHIFT, edges & OBJECT_MASK)), return_inverse=True
    )
    if not len(names):
        return EMPTY_KEYS
    source, target = ends[: len(edges)], ends[len(edges) :]
    straight = source != target
    source, target = source[straight], target[straight]
    part = _number_components(len(names), source, target)
    between = part[source] != part[target]
    keys = _close_acyclic(len(names), sort_unique(pack_pairs(part[source[between]], part[target[between]])))
    pairs = _expand_components(part, keys)
    inside = names[pairs >> SUBJECT_SHIFT] << SUBJECT_SHIFT | names[pairs & OBJECT_MASK]
    return sort_unique(np.concatenate((inside, looped)))


def _expand_components(component: IntArray, keys: IntArray) -> IntArray:
    """Return the pairs of nodes that pairs of parts stand for, and all pairs within a part of several."""
    order = np.argsort(component, kind="stable")
    sizes = np.bincount(component, minlength=len(component))
    starts = np.cumsum(sizes) - sizes
    several = np.flatnonzero(sizes > 1)
    if not len(several):
        return keys
    keys = np.concatenate((keys, pack_pairs(several, several)))
    lower, upper = keys >> SUBJECT_SHIFT, keys & OBJECT_MASK
    rows, at = expand_ranges(starts[lower], starts[lower] + sizes[lower])
    lower, upper = order[at], upper[rows]
    rows, at = expand_ranges(starts[upper], starts[upper] + sizes[upper])
    return pack_pairs(lower[rows], order[at])


def _close_acyclic(size: int, edges: IntArray) -> IntArray:
    """Return the closure of a graph without cycles: each node gets its parents' sets, roots first."""
    if not len(edges):
        return EMPTY_KEYS
    child, parent = edges >> SUBJECT_SHIFT, edges & OBJECT_MASK
    level = _compute_depths(size, child, parent)
    starts = np.zeros(size, dtype=np.int64)
    counts = np.zeros(size, dtype=np.int64)
    found: list[IntArray] = []
    pool = np.empty(max(1024, 4 * len(edges)), dtype=np.int64)
    used = 0
    by_level = np.argsort(level[child], kind="stable")
    bounds = np.searchsorted(level[child][by_level], np.arange(1, level.max() + 2))
    for low, high in pairwise(bounds.tolist()):
        here = by_level[low:high]
        rows, at = expand_ranges(starts[parent[here]], starts[parent[here]] + counts[parent[here]])
        reached = pack_pairs(child[here][rows], pool[at])
        keys = sort_unique(np.concatenate((edges[here], reached)))
        pool = _ensure_capacity(pool, used, len(keys))
        pool[used : used + len(keys)] = keys & OBJECT_MASK
        nodes, first, number = np.unique(keys >> SUBJECT_SHIFT, return_index=True, return_counts=True)
        starts[nodes], counts[nodes] = first + used, number
        used += len(keys)
        found.append(keys)
    return np.concatenate(found)


def _ensure_capacity(pool: IntArray, used: int, extra: int) -> IntArray:
    """Return the pool, larger when `more` does not fit."""
    if used + extra <= len(pool):
        return pool
    return np.concatenate((pool[:used], np.empty(len(pool) + 2 * extra, dtype=np.int64)))


def _compute_depths(size: int, child: IntArray, parent: IntArray) -> IntArray:
    """Return for each node of an acyclic graph the length of the longest way up."""
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
    """Return for each node the number of its strongly connected part."""
    part = np.arange(size)
    core = _find_cyclic_core(size, source, target)
    if len(core):
        keep = np.isin(source, core) & np.isin(target, core)
        for nodes in _find_components(core, source[keep], target[keep]):
            part[nodes] = nodes[0]
    return part


def _find_cyclic_core(size: int, source: IntArray, target: IntArray) -> IntArray:
    """Return the nodes left when those without a way in or a way out are taken off, again and again."""
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
    """Return the strongly connected parts of more than one node (Kosaraju, without recursion)."""
    forwards, backwards = _build_adjacency(core, source, target), _build_adjacency(core, target, source)
    seen: set[int] = set()
    order = [node for root in core.tolist() for node in _visit_depth_first(root, forwards, seen)]
    seen = set()
    parts = [_visit_depth_first(root, backwards, seen) for root in reversed(order)]
    return [part for part in parts if len(part) > 1]


def _build_adjacency(core: IntArray, source: IntArray, target: IntArray) -> dict[int, list[int]]:
    """Return for each node where its edges lead."""
    found: dict[int, list[int]] = {node: [] for node in core.tolist()}
    for start, end in zip(source.tolist(), target.tolist(), strict=True):
        found[start].append(end)
    return found


def _visit_depth_first(root: int, edges: dict[int, list[int]], seen: set[int]) -> list[int]:
    """Return the nodes not seen before that a depth-first walk from `root` leaves, in order of leaving."""
    if root in seen:
        return []
    seen.add(root)
    left: list[int] = []
    path = [(root, iter(edges[root]))]
    while path:
        node, ahead = path[-1]
        following = next((n for n in ahead if n not in seen), None)
        if following is None:
            left.append(node)
            path.pop()
        else:
            seen.add(following)
            path.append((following, iter(edges[following])))
    return left
