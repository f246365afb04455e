"""Which cells of confounders a regression holds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from leadfit.history import Step
from leadfit.learn.design import Design, build
from leadfit.learn.facts import Levels, read_confounders, read_facts
from leadfit.learn.hazard import Watched
from leadfit.learn.ladder import climb
from leadfit.learn.past import Past, read_past
from leadfit.learn.rules import Rules
from leadfit.learn.watch import watch
from unit.learn.worlds import World, make

RULES = Rules()
RIDERS = ("f02", "f05")


@pytest.fixture(scope="module")
def past() -> Past:
    return read_past(make(World(seed=41, leads=3000, facts=8, cell_riders=RIDERS)).history)


@pytest.fixture(scope="module")
def watched(past: Past) -> Watched:
    return watch(past, climb(past), Step.CONVERTED, RULES)


@pytest.fixture(scope="module")
def facts(past: Past) -> tuple[Levels, ...]:
    return read_facts(past, RULES)


def designed(past: Past, watched: Watched, facts: tuple[Levels, ...]) -> Design:
    return build(past, watched, facts, read_confounders(past, RULES), RULES)


def cells(design: Design) -> list[str]:
    return [name for name in design.names if " x " in name]


def test_the_cells_of_a_pair_that_goes_with_a_fact_are_held(
    past: Past, watched: Watched, facts: tuple[Levels, ...]
) -> None:
    held = cells(designed(past, watched, facts))
    # Four channels by three regions, less the most common of each; the strongest pair is first.
    assert len([name for name in held if "source" in name and "region" in name]) == 6
    assert all("source" in name and "region" in name for name in held[:6])


def test_a_pair_that_goes_with_the_outcome_alone_is_not_held(
    past: Past, watched: Watched, facts: tuple[Levels, ...]
) -> None:
    """In this world the cells of channel and region act on every step, whatever the facts."""
    others = tuple(levels for levels in facts if levels.name not in RIDERS)
    assert cells(designed(past, watched, others)) == []


def test_no_fact_no_cells(past: Past, watched: Watched) -> None:
    assert cells(designed(past, watched, ())) == []


@pytest.mark.parametrize("seed", range(3))
def test_dealing_the_outcome_anew_changes_no_column(
    past: Past, watched: Watched, facts: tuple[Levels, ...], seed: int
) -> None:
    order = np.random.default_rng(seed).permutation(watched.units)
    dealt = replace(watched, event=watched.event[order], end=watched.end[order])
    before, after = designed(past, watched, facts), designed(past, dealt, facts)
    assert before.names == after.names
    np.testing.assert_array_equal(before.columns, after.columns)
    np.testing.assert_array_equal(before.ridge, after.ridge)


def test_the_order_of_facts_does_not_choose_the_cells(
    past: Past, watched: Watched, facts: tuple[Levels, ...]
) -> None:
    assert cells(designed(past, watched, facts)) == cells(designed(past, watched, facts[::-1]))


def test_a_rep_within_a_region_has_no_cells(
    past: Past, watched: Watched, facts: tuple[Levels, ...]
) -> None:
    assert not [n for n in cells(designed(past, watched, facts)) if "rep_id" in n and "region" in n]


def test_at_most_a_tenth_of_the_units_in_cells(past: Past, watched: Watched) -> None:
    facts = read_facts(past, RULES)
    few = replace(
        watched,
        row=watched.row[:60],
        cluster=watched.cluster[:60],
        entry=watched.entry[:60],
        end=watched.end[:60],
        event=watched.event[:60],
        start=watched.start[:60],
    )
    greedy = replace(RULES, cells_level=1e9)
    design = build(past, few, facts, read_confounders(past, greedy), greedy)
    assert len(cells(design)) <= 6
    assert np.isfinite(design.columns).all()
