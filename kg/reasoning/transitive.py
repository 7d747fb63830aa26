"""The special road for transitive relations: strongly connected parts, then ancestors level by level.

Rules that compose a relation with itself make every pair many times over; this makes each once from its
parents' sets. Cycles (equivalent classes) are closed as one part.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from kg.reasoning.relation import LOW, NONE, SHIFT, Ints, pack, sorted_unique, spread


def closure(edges: Ints) -> Ints:
    """Return the sorted pairs of the transitive closure of `edges` (keys of pairs); loops only on cycles."""
    looped = edges[edges >> SHIFT == edges & LOW]
    names, ends = np.unique(np.concatenate((edges >> SHIFT, edges & LOW)), return_inverse=True)
    if not len(names):
        return NONE
    source, target = ends[: len(edges)], ends[len(edges) :]
    straight = source != target
    source, target = source[straight], target[straight]
    part = _parts(len(names), source, target)
    between = part[source] != part[target]
    keys = _closed(len(names), sorted_unique(pack(part[source[between]], part[target[between]])))
    pairs = _members(part, keys)
    inside = names[pairs >> SHIFT] << SHIFT | names[pairs & LOW]
    return sorted_unique(np.concatenate((inside, looped)))


def _members(part: Ints, keys: Ints) -> Ints:
    """Return the pairs of nodes that pairs of parts stand for, and all pairs within a part of several."""
    order = np.argsort(part, kind="stable")
    sizes = np.bincount(part, minlength=len(part))
    starts = np.cumsum(sizes) - sizes
    several = np.flatnonzero(sizes > 1)
    if not len(several):
        return keys
    keys = np.concatenate((keys, pack(several, several)))
    lower, upper = keys >> SHIFT, keys & LOW
    rows, at = spread(starts[lower], starts[lower] + sizes[lower])
    lower, upper = order[at], upper[rows]
    rows, at = spread(starts[upper], starts[upper] + sizes[upper])
    return pack(lower[rows], order[at])


def _closed(size: int, edges: Ints) -> Ints:
    """Return the closure of a graph without cycles: each node gets its parents' sets, roots first."""
    if not len(edges):
        return NONE
    child, parent = edges >> SHIFT, edges & LOW
    level = _levels(size, child, parent)
    starts = np.zeros(size, dtype=np.int64)
    counts = np.zeros(size, dtype=np.int64)
    found: list[Ints] = []
    pool = np.empty(max(1024, 4 * len(edges)), dtype=np.int64)
    used = 0
    by_level = np.argsort(level[child], kind="stable")
    bounds = np.searchsorted(level[child][by_level], np.arange(1, level.max() + 2))
    for low, high in pairwise(bounds.tolist()):
        here = by_level[low:high]
        rows, at = spread(starts[parent[here]], starts[parent[here]] + counts[parent[here]])
        reached = pack(child[here][rows], pool[at])
        keys = sorted_unique(np.concatenate((edges[here], reached)))
        pool = _room(pool, used, len(keys))
        pool[used : used + len(keys)] = keys & LOW
        nodes, first, number = np.unique(keys >> SHIFT, return_index=True, return_counts=True)
        starts[nodes], counts[nodes] = first + used, number
        used += len(keys)
        found.append(keys)
    return np.concatenate(found)


def _room(pool: Ints, used: int, more: int) -> Ints:
    """Return the pool, larger when `more` does not fit."""
    if used + more <= len(pool):
        return pool
    return np.concatenate((pool[:used], np.empty(len(pool) + 2 * more, dtype=np.int64)))


def _levels(size: int, child: Ints, parent: Ints) -> Ints:
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
        _, at = spread(ends[front], ends[front + 1])
        below, times = np.unique(children[at], return_counts=True)
        waiting[below] -= times
        level[below] = depth
        front = below[waiting[below] == 0]
    return level


def _parts(size: int, source: Ints, target: Ints) -> Ints:
    """Return for each node the number of its strongly connected part."""
    part = np.arange(size)
    core = _core(size, source, target)
    if len(core):
        keep = np.isin(source, core) & np.isin(target, core)
        for nodes in _strong_parts(core, source[keep], target[keep]):
            part[nodes] = nodes[0]
    return part


def _core(size: int, source: Ints, target: Ints) -> Ints:
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
    return NONE


def _strong_parts(core: Ints, source: Ints, target: Ints) -> list[list[int]]:
    """Return the strongly connected parts of more than one node (Kosaraju, without recursion)."""
    forwards, backwards = _adjacent(core, source, target), _adjacent(core, target, source)
    seen: set[int] = set()
    order = [node for root in core.tolist() for node in _finished(root, forwards, seen)]
    seen = set()
    parts = [_finished(root, backwards, seen) for root in reversed(order)]
    return [part for part in parts if len(part) > 1]


def _adjacent(core: Ints, source: Ints, target: Ints) -> dict[int, list[int]]:
    """Return for each node where its edges lead."""
    found: dict[int, list[int]] = {node: [] for node in core.tolist()}
    for start, end in zip(source.tolist(), target.tolist(), strict=True):
        found[start].append(end)
    return found


def _finished(root: int, edges: dict[int, list[int]], seen: set[int]) -> list[int]:
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
