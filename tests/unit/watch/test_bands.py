"""Shares of the bands, and what other edges would give."""

from __future__ import annotations

import pytest

from leadfit.records import Band, Relation
from leadfit.store.matching import ReviewKind
from leadfit.watch import Rows, what_if
from unit.watch import build

MADE = [
    *build.links(Band.AUTO, 75),
    *build.links(Band.REVIEW, 12),
    *build.links(Band.NEW, 10),
    *(build.link(f"alone-{n}", Band.NEW, candidate=False, probability=0.99) for n in range(3)),
]


def counts(auto: float, review: float) -> list[int]:
    edges = [(0.97, 0.90), (auto, review)]
    found = what_if(Rows(MADE, []), edges, period=build.week())[1]
    return [each.count for each in found.bands]


def test_what_was_held_back_for_another_reason_stays_where_it_is() -> None:
    held = [
        *(build.link(f"held-{n}", Band.REVIEW, probability=0.99) for n in range(5)),
        *(build.link(f"weak-{n}", Band.NEW, probability=0.95) for n in range(2)),
    ]
    asked = [build.review(each, ReviewKind.LINK, Relation.DIFFERENT) for each in held[:5]]
    rows = Rows([*MADE, *held], asked)
    edges = [(0.97, 0.90), (0.92, 0.90), (0.97, 0.40)]
    found = what_if(rows, edges, period=build.week())
    assert [[each.count for each in one.bands] for one in found] == [
        [75, 17, 15],
        [87, 5, 15],
        [75, 27, 5],
    ]
    assert found[0].judged == 0


def test_every_signal_is_in_one_band() -> None:
    shares = build.kpis(MADE, []).bands
    assert [each.count for each in shares] == [75, 12, 13]
    assert sum(each.share or 0 for each in shares) == pytest.approx(1)
    assert not any(each.is_outside for each in shares)


def test_a_band_is_outside_only_where_it_surely_is() -> None:
    everything = build.kpis(build.links(Band.AUTO, 100), []).bands
    assert [each.is_outside for each in everything] == [True, True, True]
    few = build.kpis(build.links(Band.AUTO, 3), []).bands
    assert not few[0].is_outside


def test_the_edges_in_force_give_the_bands_as_they_are() -> None:
    assert counts(0.97, 0.90) == [75, 12, 13]


def test_lower_and_higher_edges_move_signals_that_have_a_candidate() -> None:
    assert counts(0.92, 0.90) == [87, 0, 13]
    assert counts(0.99, 0.90) == [0, 87, 13]
    assert counts(0.97, 0.40) == [75, 22, 3]


def test_wrong_links_of_a_lower_edge_come_from_what_was_judged() -> None:
    asked = [
        build.review(each, ReviewKind.LINK, Relation.SAME if n < 9 else Relation.DIFFERENT)
        for n, each in enumerate(MADE[75:87])
    ]
    audits = [build.review(each, ReviewKind.AUDIT, Relation.SAME, chance=0.2) for each in MADE[:15]]
    rows = Rows(MADE, [*asked, *audits])
    before, found = what_if(rows, [(0.97, 0.90), (0.92, 0.90)], period=build.week())
    assert found.judged == 27
    assert found.wrong == pytest.approx(3 / (12 + 75))
    assert before.wrong == 0
    assert before.low == 0 < before.high


def test_edges_must_be_in_order() -> None:
    with pytest.raises(ValueError, match="0 <= review <= auto <= 1"):
        what_if(Rows([], []), [(0.9, 0.95)], period=build.week())
