"""What is said of figures and of what is proved."""

from __future__ import annotations

import pytest

from leadfit.watch import Kpi, KpiName, audited, interval_words, kpi_words, proof_words, state_words
from leadfit.watch.rows import Judged


def judged(right: int, wrong: int) -> list[Judged]:
    return [
        Judged(probability=0.98, is_same=n < right, weight=1.0, card_digest=None)
        for n in range(right + wrong)
    ]


def kpi(value: float | None, low: float, high: float | None, sample: int = 50) -> Kpi:
    return Kpi(
        name=KpiName.FALSE_POSITIVE, value=value, low=low, high=high, sample=sample,
        target=0.005, alert=0.01,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("right", "wrong", "words"),
    [
        (0, 0, "0.5 % not yet proved: no link was judged; 598 right ones prove it"),
        (
            200,
            0,
            (
                "0.5 % not yet proved, bound 1.49 % (0 of 200 judged links wrong);"
                " 398 more right ones prove it"
            ),
        ),
        (598, 0, "0.5 % proved: at most 0.5 % at 95 % confidence (0 of 598 judged links wrong)"),
    ],
)  # fmt: skip
def test_it_is_said_what_audits_prove(right: int, wrong: int, words: str) -> None:
    assert proof_words(audited(judged(right, wrong), 0.005)) == words


def test_a_wrong_link_asks_for_more_audits() -> None:
    clean, one_wrong = audited(judged(200, 0), 0.005), audited(judged(199, 1), 0.005)
    assert (clean.more, one_wrong.more) == (398, 747)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (kpi(None, 0, 1, 0), "not yet measured"),
        (kpi(0.0, 0, 0.06), "target not yet proved"),
        (kpi(0.0, 0, 0.004), "target proved"),
        (kpi(0.06, 0.0166, 0.15), "beyond the alert"),
    ],
)
def test_a_figure_says_how_far_it_is_proved(found: Kpi, words: str) -> None:
    assert state_words(found) == words


def test_a_figure_is_told_with_interval_sample_and_limits() -> None:
    assert kpi_words(kpi(0.06, 0.0166, 0.148)) == (
        "false positives: 6 % (1.66 % to 14.8 %), from 50; target 0.5 %, alert above 1 %"
    )


def test_few_reviews_have_no_upper_bound_of_their_age() -> None:
    found = Kpi(name=KpiName.REVIEW_AGE, value=3.0, low=0.0, high=None, sample=3)
    assert interval_words(found) == "0 h or more"
    assert state_words(found) == ""
