"""Entities from pairs: which records are one, without chains over a weak link.

Links are taken best first. Two groups become one only where the pairs between them say so on
average, so that one doubtful pair cannot join what all others keep apart. A pair that was not
weighed may speak against it, too, but for a part.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

_MEAN_SLACK: Final = 1e-12
SILENT: Final = 0.1
"""How much a pair that was not weighed, or is not worth telling, speaks against joining its groups.

Two large groups of which a few records share a word are then not joined by the mean over these
alone; two of a few records are, although not all of them share a key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeighedPair:
    """A weighed pair of records, by number.

    Attributes:
        left: One record.
        right: The other.
        probability: That they are one entity.
        is_related: They are known for two of one family, such as parent and site: no chain may
            make one of them.
    """

    left: int
    right: int
    probability: float
    is_related: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Clusters:
    """Which records are one.

    Attributes:
        entity: For each record, the number of the first record of its entity.
        cut: Links of at least the threshold that did not join their groups.
    """

    entity: tuple[int, ...]
    cut: int


def cluster(
    records: int,
    links: Iterable[WeighedPair],
    *,
    threshold: float = 0.5,
    sources: Sequence[str] = (),
    silent: float = 0.0,
) -> Clusters:
    """Return entities from weighed pairs.

    Args:
        records: How many there are; they are numbered from 0.
        links: Weighed pairs, also those under the threshold: they speak against a chain.
        threshold: Probability from which a pair is a link.
        sources: Source of every record; no entity then holds two of one source.
        silent: How much a pair without a link speaks against joining its groups, where 1 is as
            much as one of probability 0; see :data:`SILENT`.

    >>> pairs = [(0, 1, 0.99), (2, 3, 0.98), (1, 2, 0.6), (0, 2, 0.02), (1, 3, 0.03)]
    >>> cluster(4, [WeighedPair(left=a, right=b, probability=p) for a, b, p in pairs]).entity
    (0, 0, 2, 2)
    """
    roots = list(range(records))
    kept: list[WeighedPair] = []
    for link in links:
        kept.append(link)
        if link.probability >= threshold and not link.is_related:
            _join(roots, link.left, link.right)
    parts = _parts(kept, roots)
    entity = list(range(records))
    cut = 0
    for part in parts:
        cut += _settle(part, entity, threshold, sources, silent)
    return Clusters(entity=tuple(entity), cut=cut)


def _root(roots: list[int], record: int) -> int:
    while roots[record] != record:
        roots[record] = roots[roots[record]]
        record = roots[record]
    return record


def _join(roots: list[int], left: int, right: int) -> None:
    one, other = _root(roots, left), _root(roots, right)
    roots[max(one, other)] = min(one, other)


def _parts(links: Sequence[WeighedPair], roots: list[int]) -> Iterator[list[WeighedPair]]:
    """Yield the links within each set of records that a chain could reach."""
    inside = [
        (root, link)
        for link in links
        if (root := _root(roots, link.left)) == _root(roots, link.right)
    ]
    inside.sort(key=lambda each: each[0])
    part: list[WeighedPair] = []
    last = -1
    for root, link in inside:
        if root != last and part:
            yield part
            part = []
        last = root
        part.append(link)
    if part:
        yield part


@dataclass(slots=True)
class _Group:
    """Records joined so far, and what was weighed between them and other groups."""

    members: list[int]
    sources: set[str]
    between: dict[int, list[float]] = field(default_factory=dict)
    apart: set[int] = field(default_factory=set)


def _settle(
    part: Sequence[WeighedPair],
    entity: list[int],
    threshold: float,
    sources: Sequence[str],
    silent: float,
) -> int:
    """Join the records of one part, best link first, and return how many links were cut."""
    groups = _alone(part, sources)
    where = {record: record for record in groups}
    cut = 0
    for link in sorted(part, key=lambda each: (-each.probability, each.left, each.right)):
        if link.probability < threshold:
            break
        one, other = where[link.left], where[link.right]
        if one == other:
            continue
        if link.is_related or not _may_join(groups[one], groups[other], other, threshold, silent):
            cut += 1
            continue
        if len(groups[one].members) < len(groups[other].members):
            one, other = other, one
        _merge(groups, where, one, other)
    for group in groups.values():
        first = min(group.members)
        for record in group.members:
            entity[record] = first
    return cut


def _alone(part: Sequence[WeighedPair], sources: Sequence[str]) -> dict[int, _Group]:
    groups: dict[int, _Group] = {}
    for link in part:
        for record in (link.left, link.right):
            if record not in groups:
                groups[record] = _Group([record], {sources[record]} if sources else set())
        for one, other in ((link.left, link.right), (link.right, link.left)):
            said = groups[one].between.setdefault(other, [0.0, 0.0])
            said[0] += link.probability
            said[1] += 1.0
            if link.is_related:
                groups[one].apart.add(other)
    return groups


def _may_join(one: _Group, other: _Group, name: int, threshold: float, weight: float) -> bool:
    if name in one.apart or not one.sources.isdisjoint(other.sources):
        return False
    total, count = one.between[name]
    silent = len(one.members) * len(other.members) - count
    return total >= (count + weight * silent) * threshold - _MEAN_SLACK


def _merge(groups: dict[int, _Group], where: dict[int, int], into: int, gone: int) -> None:
    kept, lost = groups[into], groups.pop(gone)
    for record in lost.members:
        where[record] = into
    kept.members += lost.members
    kept.sources |= lost.sources
    kept.between.pop(gone, None)
    lost.between.pop(into, None)
    for other, (total, count) in lost.between.items():
        for group, name in ((kept, other), (groups[other], into)):
            said = group.between.setdefault(name, [0.0, 0.0])
            said[0] += total
            said[1] += count
        groups[other].between.pop(gone, None)
    for other in lost.apart:
        kept.apart.add(other)
        groups[other].apart.discard(gone)
        groups[other].apart.add(into)


def named(clusters: Clusters, ids: Sequence[str]) -> tuple[str, ...]:
    """Return the entity id of every record: the smallest id among its records.

    It does not depend on the order of the records, and an entity that gains records keeps it
    unless one of them comes before all others.

    >>> named(Clusters(entity=(0, 0, 2), cut=0), ["c9", "c10", "c11"])
    ('c9', 'c9', 'c11')
    """
    smallest: dict[int, str] = {}
    for number, name in zip(clusters.entity, ids, strict=True):
        if number not in smallest or _order(name) < _order(smallest[number]):
            smallest[number] = name
    return tuple(smallest[number] for number in clusters.entity)


def _order(name: str) -> tuple[int, str]:
    """Order ids so that ``c9`` comes before ``c10``."""
    return len(name), name


def pairs_within(entity: Iterable[Hashable]) -> int:
    """Return how many pairs of records share an entity."""
    counts: dict[Hashable, int] = {}
    for name in entity:
        counts[name] = counts.get(name, 0) + 1
    return sum(count * (count - 1) // 2 for count in counts.values())
