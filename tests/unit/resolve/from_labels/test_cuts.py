"""What is proved about wrong links, against published values and against simulation."""

from __future__ import annotations

import pytest

from leadfit.bounds import clean_pairs, lower_bound, pairs_to_prove, upper_bound
from leadfit.resolve.from_labels.calibrate import Judged
from leadfit.resolve.from_labels.cuts import choose_cuts, told, wrong_share
from leadfit.resolve.model.card import Cuts
from leadfit.world import seeded


def judged(probability: float, *, right: int, wrong: int, weight: float = 1.0) -> list[Judged]:
    return [
        Judged(probability=probability, is_match=number < right, weight=weight)
        for number in range(right + wrong)
    ]


@pytest.mark.parametrize(
    ("wrong", "pairs", "bound"),
    # Quantiles of the beta distribution, from another library.
    [(0, 200, 0.0148670), (0, 600, 0.0049804), (1, 200, 0.0234985), (3.7 - 1, 102.9, 0.0695870)],
)
def test_the_upper_bound_is_that_of_clopper_and_pearson(
    wrong: float, pairs: float, bound: float
) -> None:
    assert upper_bound(wrong, pairs) == pytest.approx(bound, abs=1e-6)


def test_the_lower_bound_is_that_of_clopper_and_pearson() -> None:
    assert lower_bound(5, 200) == pytest.approx(0.0099012, abs=1e-6)
    assert lower_bound(0, 200) == 0


def test_nothing_judged_proves_nothing() -> None:
    assert upper_bound(0, 0) == 1
    assert not choose_cuts([]).is_proved


def test_two_hundred_clean_pairs_do_not_prove_the_promise_and_six_hundred_do() -> None:
    assert upper_bound(0, 200) > 0.005
    assert clean_pairs(0.005) == 598
    assert upper_bound(0, 598) <= 0.005 < upper_bound(0, 597)


def test_a_sample_with_a_wrong_pair_has_to_be_larger() -> None:
    assert clean_pairs(0.005, wrong=1) == 947
    assert upper_bound(1, 947) <= 0.005 < upper_bound(1, 946)


def test_the_sample_that_proves_with_power_grows_as_the_matcher_gets_worse() -> None:
    sizes = [pairs_to_prove(0.005, share) for share in (0.0, 0.0005, 0.001, 0.002)]
    assert sizes == sorted(sizes)
    assert sizes[0] == 598
    with pytest.raises(ValueError, match="true share"):
        pairs_to_prove(0.005, 0.005)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_share_that_no_sample_can_prove_is_refused(share: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        clean_pairs(share)


def test_equal_weights_count_every_pair_and_unequal_ones_fewer() -> None:
    even = judged(0.99, right=9, wrong=1, weight=4.0)
    assert wrong_share(even) == pytest.approx((0.1, 10))
    uneven = [*even, Judged(probability=0.99, is_match=True, weight=400.0)]
    share, pairs = wrong_share(uneven)
    assert share == pytest.approx(4 / 440)
    assert pairs < 2


def test_the_lowest_proved_cut_is_taken() -> None:
    cuts = choose_cuts([*judged(0.975, right=50, wrong=10), *judged(0.995, right=700, wrong=0)])
    assert (cuts.auto, cuts.is_proved) == (0.98, True)
    assert (cuts.audited, cuts.wrong) == (700, 0)
    assert cuts.bound <= 0.005


def test_the_cut_never_lies_under_the_one_that_is_promised() -> None:
    assert choose_cuts(judged(0.95, right=5_000, wrong=0)).auto == 0.97


def test_too_few_clean_labels_leave_the_lowest_cut_unproved() -> None:
    cuts = choose_cuts(judged(0.99, right=200, wrong=0))
    assert (cuts.auto, cuts.is_proved) == (0.97, False)
    assert told(cuts).startswith("0.5 % not yet proved, bound 1.49 % (0 of 200 judged links wrong)")


def test_a_cut_that_is_disproved_is_left_by_itself() -> None:
    cuts = choose_cuts([*judged(0.975, right=80, wrong=20), *judged(0.9995, right=100, wrong=0)])
    assert cuts.auto > 0.97
    assert not cuts.is_proved


def test_if_every_cut_is_disproved_nothing_is_linked_at_once() -> None:
    cuts = choose_cuts(judged(0.9999, right=80, wrong=20))
    assert (cuts.auto, cuts.is_proved) == (1.0, False)


def test_what_is_proved_is_said_with_its_sample() -> None:
    proved = Cuts(auto=0.98, audited=700, wrong=0, bound=0.0043, is_proved=True)
    assert told(proved) == (
        "wrong links over 0.98: at most 0.43 % at 95 % confidence (0 of 700 judged links wrong)"
    )
    assert told(Cuts()) == "0.5 % not yet proved: no link was judged; about 598 needed"


def test_a_matcher_that_is_wrong_twice_as_often_as_promised_is_seldom_called_proved() -> None:
    """The cut is chosen from six, so that a little more than 5 % of samples may deceive."""
    random = seeded("cuts", 1)
    deceived = 0
    for _ in range(200):
        sample = []
        for _ in range(900):
            probability = 0.97 + 0.03 * random.random()
            sample.append(Judged(probability=probability, is_match=random.random() >= 0.01))
        deceived += choose_cuts(sample).is_proved
    assert deceived <= 10
