"""Pairs are drawn by known chances, the same from the same seed."""

from __future__ import annotations

import pytest

from leadfit.resolve.from_labels.sampling import REVIEW, Scored, Stratum, draw


def pairs(count: int) -> list[Scored]:
    return [
        Scored(left_id=f"a{n}", right_id=f"b{n}", probability=(n + 0.5) / count)
        for n in range(count)
    ]


def test_a_third_is_drawn_from_each_part() -> None:
    drawn = draw(pairs(10_000), 300, seed=1)
    inside = [
        sum(part.low <= each.pair.probability < part.high for each in drawn) for part in REVIEW
    ]
    assert inside == [100, 100, 100]


def test_the_same_seed_draws_the_same_in_whatever_order_pairs_come() -> None:
    there = pairs(5_000)
    assert draw(there, 90, seed=7) == draw(there[::-1], 90, seed=7)
    assert draw(there, 90, seed=7) != draw(there, 90, seed=8)


def test_a_larger_sample_holds_the_smaller_one() -> None:
    small = {each.pair for each in draw(pairs(5_000), 60, seed=2)}
    assert small <= {each.pair for each in draw(pairs(5_000), 240, seed=2)}


def test_one_over_the_chance_estimates_how_many_pairs_there_are() -> None:
    there = pairs(9_000)
    wanted = sum(each.probability >= 0.3 for each in there)
    assert sum(1 / each.chance for each in draw(there, 150, seed=3)) == pytest.approx(wanted)


def test_every_pair_of_a_part_is_drawn_equally_often() -> None:
    there = [Scored(left_id=f"{n}", right_id="x", probability=0.95) for n in range(20)]
    times = dict.fromkeys(there, 0)
    for seed in range(2_000):
        for each in draw(there, 5, seed=seed):
            times[each.pair] += 1
            assert each.chance == 0.25
    # 500 expected; 5 standard deviations.
    assert all(400 < count < 600 for count in times.values())


def test_what_a_part_lacks_comes_from_the_others() -> None:
    there = [pair for pair in pairs(3_000) if not 0.90 <= pair.probability < 0.97]
    drawn = draw(there, 120, seed=1)
    assert len(drawn) == 120
    assert len(draw(pairs(40), 1_000, seed=1)) == sum(p.probability >= 0.3 for p in pairs(40))


def test_a_certain_pair_belongs_to_the_topmost_part() -> None:
    certain = Scored(left_id="a", right_id="b", probability=1.0)
    assert [each.pair for each in draw([certain], 3, seed=1)] == [certain]


def test_parts_of_other_shares_are_filled_by_them() -> None:
    strata = (Stratum(low=0, high=0.5, share=0.8), Stratum(low=0.5, high=1, share=0.2))
    drawn = draw(pairs(1_000), 100, seed=5, strata=strata)
    assert sum(each.pair.probability < 0.5 for each in drawn) == 80


def test_broken_text_in_an_id_is_drawn_like_any_other() -> None:
    odd = Scored(left_id="\ud800", right_id="\0", probability=0.99)
    assert len(draw([odd], 1, seed=1)) == 1
