"""Three quarters: all is well, the win rate dips and all blame each other, customers leave."""

from __future__ import annotations

from datetime import timedelta

import pytest

from leadfit import learn
from leadfit.history import History
from unit.learn.quarters import QUARTERS, SEGMENT, churned_in, company, until
from unit.learn.worlds import START

FIRST, SECOND, THIRD, END = (START + timedelta(days=day) for day in QUARTERS)


@pytest.fixture(scope="module")
def recorded() -> History:
    return company(7310)


def test_the_first_quarter_raises_no_alarm(recorded: History) -> None:
    found = learn.drift(until(recorded, SECOND))
    assert found.level != "alarm"
    assert not found.segments
    assert not found.noted


def test_the_alarm_comes_in_the_second_quarter_before_anybody_leaves(recorded: History) -> None:
    calm = [churned_in(recorded, day, day + 91) for day in QUARTERS[:2]]
    late = churned_in(recorded, *QUARTERS[2:])
    assert late > 3 * max(calm), "the story has its churn in quarter 3"
    found = learn.drift(until(recorded, THIRD))
    assert found.level == "alarm"
    assert found.joint is not None
    assert found.joint.alarm_since is not None
    assert SECOND < found.joint.alarm_since < SECOND + timedelta(days=45)


def test_the_report_names_the_segment_and_acquits_follow_up_and_reps(recorded: History) -> None:
    found = learn.drift(until(recorded, END))
    assert [(each.fact, each.value) for each in found.segments] == [("kind_of_firm", SEGMENT)]
    assert found.win_rate is not None
    assert (found.win_rate.points.value or 0.0) < -0.02
    parts = {each.part: each.points for each in found.blame}
    for innocent in ("follow_up_speed", "rep"):
        assert abs(parts[innocent].value or 0.0) < 0.01
    guilty = parts["icp_fit"]
    assert guilty.high is not None
    assert guilty.high < 0
    assert guilty.value == min(each.value or 0.0 for each in parts.values())


def test_what_customer_success_saw_is_named_a_quarter_before_the_churn(recorded: History) -> None:
    found = learn.drift(until(recorded, THIRD))
    assert [(each.fact, each.value) for each in found.noted] == [("kind_of_firm", SEGMENT)]
    assert found.noted[0].reason == "no_value"


def test_without_the_fall_the_same_company_is_left_in_peace() -> None:
    found = learn.drift(company(7311, falls=False))
    assert found.level != "alarm"
    assert not found.segments
    assert not found.noted
