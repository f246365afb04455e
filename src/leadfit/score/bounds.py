"""Bounds a score over all values that unknown facts could have.

Every number on which a tier hangs rises with each of its terms, and each term looks at one fact:

- a component of the weighted rules is what its parts earn less what is taken away, never below 0;
- the learned score rises with the linear predictor of each head and falls with the detractor match;
- the chance of Model C rises with its log odds, to which each fact adds the weight of its level,
  and the learned score adds its own term.

So the ends of every number follow from the smallest and the largest term of each fact, parts that
share a fact being added first, and the ends of the numbers give the ends of the tier
(:mod:`leadfit.score.span`). Where the ends differ, the tiers that can be reached are found one by
one: under the weighted rules by every sum that can be reached, kept as whole numbers; else by
trying the cells together, as long as they are few. Where they are too many, a tier between the ends
counts as one that can be reached.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast

from leadfit.records import Fact, Score, Tier
from leadfit.score.cells import Cells
from leadfit.score.span import Basis, PartBound, Span, part_bounds, span, tier_of_points
from leadfit.score.terms import Points, added, terms_of

Completion = Mapping[str, Fact]
"""A value for each unknown fact; ``None`` leaves it unknown."""
Rate = Callable[[Completion], Score]
"""Scores the lead with its unknown facts completed."""

_MOST_SUMS: Final = 20_000
_MOST_TRIED: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What a score can come to.

    Attributes:
        span: Ends of each number on which the tier hangs.
        tiers: Tiers that can be reached, first tier first.
        parts: Bounds of each part that looks at an unknown fact.
        is_exact: Each of ``tiers`` is reached by some completion; otherwise some may not be.
    """

    span: Span
    tiers: tuple[Tier, ...]
    parts: tuple[PartBound, ...] = ()
    is_exact: bool = True


def bound(basis: Basis, free: Sequence[Cells], rate: Rate) -> Bounds:
    """Bound the score of a lead.

    Args:
        basis: What is known of it, and the rules.
        free: Cells of each unknown fact.
        rate: Scores the lead with unknown facts completed, for what only trying shows.
    """
    ends = span(basis, free)
    parts = part_bounds(free)
    if ends.low_tier == ends.high_tier:
        return Bounds(span=ends, tiers=(ends.low_tier,), parts=parts)
    found = states(basis, free)
    if found is not None:
        tiers = {tier_of_state(basis, key, completion, rate) for key, completion in found.items()}
        return Bounds(span=ends, tiers=tuple(sorted(tiers)), parts=parts)
    between = tuple(tier for tier in Tier if ends.high_tier <= tier <= ends.low_tier)
    return Bounds(span=ends, tiers=between, parts=parts, is_exact=False)


State = tuple[object, ...]
"""What decides of a completion: sums under the weighted rules, else levels of each fact."""


def states(basis: Basis, free: Sequence[Cells]) -> Mapping[State, Completion] | None:
    """Return what can come about, each with a completion; ``None`` where it is too much.

    Args:
        basis: What is known, and the rules.
        free: Cells of each unknown fact.
    """
    most = _MOST_TRIED if basis.is_learned else _MOST_SUMS
    found: dict[State, Completion] = {start_of(basis): {}}
    for cells in free:
        after: dict[State, Completion] = {}
        for cell in cells.cells:
            step = step_of(basis, cells, cell.signature)
            for state, completion in found.items():
                key = joined(basis, state, step)
                if key not in after:
                    after[key] = {**completion, cells.fact: cell.value}
        if len(after) > most:
            return None
        found = after
    return found


def start_of(basis: Basis) -> State:
    """Return the state in which nothing unknown has added anything."""
    return () if basis.is_learned else (0, 0, 0, 0)


def step_of(basis: Basis, cells: Cells, signature: tuple[object, ...]) -> State:
    """Return what a cell adds to a state.

    Args:
        basis: The rules.
        cells: The cells of the fact.
        signature: That of one of them.
    """
    if not basis.is_learned:
        fit, engagement, intent, authority = terms_of(basis.policy, cells, signature)
        return fit, engagement, intent, 0 if basis.policy.score.model == "B" else authority
    decides = zip(cells.readers, signature, strict=True)
    return tuple(made for (rule, _), made in decides if basis.counts(rule))


def joined(basis: Basis, state: State, step: State) -> State:
    """Return a state with what one more fact adds."""
    if basis.is_learned:
        return (*state, *step)
    return added(_points(state), _points(step))


def tier_of_state(basis: Basis, state: State, completion: Completion, rate: Rate) -> Tier:
    """Return the tier of a state.

    Args:
        basis: What is known, and the rules.
        state: The state.
        completion: One that gives it.
        rate: Scores a completion; the weighted rules need it not.
    """
    if basis.is_learned:
        return rate(completion).tier
    return tier_of_points(basis, _points(state))


def _points(state: State) -> Points:
    """Return a state of the weighted rules as what it is."""
    return cast("Points", state)
