"""Fit and intent apart, wins by tier, and engagement that outweighs fit."""

from __future__ import annotations

from datetime import timedelta

import pytest

from leadfit.history import FactColumn, History, Step
from leadfit.jobs.past.placing import outlook_of
from leadfit.learn.lifted import engagement_bias
from leadfit.learn.quadrants import (
    Placed,
    Quadrant,
    QuadrantRules,
    quadrants,
    share_of,
)
from leadfit.learn.tiers import points_between, relative_between, tiers_to_wins
from leadfit.policy import load_starter
from leadfit.records import Tier
from leadfit.report.outlook import outlook_words
from leadfit.testing.stories.recorded import Noted, history_of
from leadfit.world import seeded
from unit.learn.worlds import START

DAY = timedelta(days=1)
CORNERS = {
    Quadrant.RIGHT_FIT_HIGH_INTENT: (70.0, 60.0),
    Quadrant.RIGHT_FIT_LOW_INTENT: (70.0, 59.9),
    Quadrant.WRONG_FIT_HIGH_INTENT: (69.9, 60.0),
    Quadrant.WRONG_FIT_LOW_INTENT: (69.9, 59.9),
}


def placed(quadrant: Quadrant, tier: Tier = Tier.TWO) -> Placed:
    fit, intent = CORNERS[quadrant]
    return Placed(fit100=fit, intent100=intent, tier=tier)


def recorded(leads: dict[str, float], events: list[Noted], days: float = 1_000) -> History:
    """Return a history of leads by the day on which they came."""
    columns: dict[str, list[object]] = {
        "lead_id": list(leads),
        "created_at": [START + day * DAY for day in leads.values()],
    }
    return history_of(START + days * DAY, columns, events, [])


def ladder(lead_id: str, day: float, *, won: bool, left: bool = False) -> list[Noted]:
    """Return what is noted of a lead that came on a day."""
    at = START + day * DAY
    made = [
        Noted(at=at + DAY, kind="accepted", lead_id=lead_id),
        Noted(at=at + 2 * DAY, kind="worked", lead_id=lead_id),
    ]
    if won:
        made += [
            Noted(at=at + 20 * DAY, kind="qualified", lead_id=lead_id),
            Noted(at=at + 40 * DAY, kind="converted", lead_id=lead_id, amount=100_000),
            Noted(at=at + 60 * DAY, kind="used", lead_id=lead_id, value=9.0),
        ]
    if left:
        made.append(Noted(at=at + 140 * DAY, kind="churned", lead_id=lead_id))
    return made


def test_edges_belong_to_the_upper_side() -> None:
    rules = QuadrantRules()
    assert [rules.quadrant(placed(each)) for each in Quadrant] == list(Quadrant)


def test_every_lead_is_counted_in_its_quadrant_with_what_became_of_it() -> None:
    leads = {f"l{n}": float(n) for n in range(40)}
    events = [
        each
        for n, (lead, day) in enumerate(leads.items())
        for each in ladder(lead, day, won=n % 2 == 0, left=n % 4 == 0)
    ]
    where = {lead: placed(list(Quadrant)[n % 4]) for n, lead in enumerate(leads)}
    found = quadrants(recorded(leads, events), where)
    assert [each.leads for each in found.quadrants] == [10, 10, 10, 10]
    eager = found.of(Quadrant.RIGHT_FIT_HIGH_INTENT)
    assert eager.outcomes[Step.CONVERTED].reached == 10
    assert eager.outcomes[Step.CHURNED_AFTER_USE].reached == 10
    assert eager.revenue == 10 * 100_000
    dangerous = found.of(Quadrant.WRONG_FIT_HIGH_INTENT)
    assert (dangerous.outcomes[Step.CONVERTED].value, dangerous.outcomes[Step.CONVERTED].of) == (
        1.0,
        10,
    )
    assert dangerous.outcomes[Step.CHURNED_AFTER_USE].value == 0.0
    assert found.of(Quadrant.RIGHT_FIT_LOW_INTENT).revenue == 0


def test_who_was_not_watched_for_long_enough_is_not_counted() -> None:
    leads = {"old": 0.0, "young": 170.0}
    events = [each for lead, day in leads.items() for each in ladder(lead, day, won=True)]
    where = dict.fromkeys(leads, placed(Quadrant.RIGHT_FIT_HIGH_INTENT))
    found = quadrants(recorded(leads, events, days=250), where)
    counts = found.of(Quadrant.RIGHT_FIT_HIGH_INTENT).outcomes
    assert (counts[Step.ACCEPTED].of, counts[Step.CONVERTED].of) == (2, 1)


def test_a_step_that_nobody_records_is_missing_and_a_lead_nobody_placed_is_left_out() -> None:
    leads = {"a": 0.0, "b": 1.0}
    events = ladder("a", 0.0, won=False)
    found = quadrants(recorded(leads, events), {"a": placed(Quadrant.WRONG_FIT_LOW_INTENT)})
    assert Step.CONVERTED in found.missing
    assert found.left_out == 1


def test_imported_leads_stand_where_their_facts_and_looks_put_them_on_that_day() -> None:
    """What happens after the day a lead comes changes nothing of where it stood."""
    columns: dict[str, list[object]] = {
        "lead_id": ["fits", "later"],
        "created_at": [START + 10 * DAY, START + 10 * DAY],
        "tier": ["Tier 1", None],
        "industry": ["software", "software"],
        "employees": [2_000, 2_000],
        "country": ["us", "us"],
    }
    kinds = ("demo_request", "pricing_view", "calculator", "intent_topic", "competitor_research")
    events = [
        Noted(at=START + (day + n / 100) * DAY, kind=kind, lead_id=lead)
        for lead, day in (("fits", 9.0), ("later", 11.0))
        for n, kind in enumerate(kinds * 2)
    ]
    columns_known = [
        FactColumn(name=n, table="leads") for n in ("industry", "employees", "country")
    ]
    history = history_of(START + 500 * DAY, columns, events, columns_known)
    found = outlook_of(history, load_starter())
    assert (found.rated, found.blank) == (2, 0)
    assert found.quadrants.of(Quadrant.RIGHT_FIT_HIGH_INTENT).leads == 1
    assert found.quadrants.of(Quadrant.RIGHT_FIT_HIGH_INTENT).tier_one == 1
    assert found.quadrants.of(Quadrant.RIGHT_FIT_LOW_INTENT).leads == 1


def test_leads_of_whose_fit_nothing_is_known_are_counted_and_said() -> None:
    history = recorded({"a": 1.0, "b": 2.0}, ladder("a", 1.0, won=True))
    found = outlook_of(history, load_starter())
    assert found.blank == found.rated == 2
    assert any("no fact of fit is known" in each for each in outlook_words(found))


def test_a_fall_from_35_to_27_is_told_in_points_and_relative() -> None:
    before, now = share_of(350, 1_000), share_of(270, 1_000)
    points, low, high = points_between(before, now)
    relative, relative_low, relative_high = relative_between(before, now)
    assert points == pytest.approx(-0.08)
    assert relative == pytest.approx(-0.229, abs=0.001)
    assert low is not None
    assert high is not None
    assert low < -0.08 < high < 0
    assert relative_low is not None
    assert relative_high is not None
    assert relative_low < -0.229 < relative_high < 0


def test_wins_are_told_by_month_and_tier_with_the_correlation() -> None:
    leads, events, where = {}, [], {}
    for n in range(600):
        lead, day, tier = f"l{n}", n * 1.3, Tier(1 + n % 3)
        leads[lead] = day
        falls = tier is Tier.ONE and day > 500
        won = tier is Tier.ONE and (n % 2 == 0) and not (falls and n % 4 == 0)
        events += ladder(lead, day, won=won)
        where[lead] = placed(Quadrant.RIGHT_FIT_HIGH_INTENT, tier)
    found = tiers_to_wins(recorded(leads, events, days=960), where)
    assert found.until is not None
    assert all((each.correlation or 0) > 0 for each in found.months[:3])
    one = found.changes[0]
    assert one.before.value == pytest.approx(0.5, abs=0.05)
    assert one.points is not None
    assert one.points < -0.15
    assert [each.now.value for each in found.changes[1:]] == [0.0, 0.0]


def company(seed: int, *, leaves: float, number: int = 400) -> tuple[History, dict[str, Placed]]:
    """Make customers, half of them lifted, of whom some leave; of those that fit one in ten."""
    leads, events, where = {}, [], {}
    for n in range(number):
        unit = seeded("lifted", seed, n).random
        lead, day, lifted = f"l{n}", n * 1.5, n % 2 == 0
        leads[lead] = day
        gone = unit() < (leaves if lifted else 0.1)
        events += ladder(lead, day, won=unit() < 0.5, left=gone)
        quadrant = Quadrant.WRONG_FIT_HIGH_INTENT if lifted else Quadrant.RIGHT_FIT_HIGH_INTENT
        where[lead] = placed(quadrant, Tier.ONE)
    return recorded(leads, events), where


def test_lifted_leads_that_leave_give_the_alarm() -> None:
    found = engagement_bias(*company(1, leaves=0.6))
    assert found.level == "alarm"
    assert found.alarm_since is not None
    assert "Engagement outweighs fit" in found.words


def test_lifted_leads_that_stay_give_none_in_nineteen_of_twenty_companies() -> None:
    alarms = sum(
        engagement_bias(*company(seed, leaves=0.1, number=200)).level == "alarm"
        for seed in range(20)
    )
    assert alarms <= 1


def test_where_a_gate_lets_nobody_up_who_does_not_fit_nothing_is_lifted() -> None:
    history, where = company(2, leaves=0.6)
    gated = {
        lead: each if each.fit100 >= 70 else placed(Quadrant.WRONG_FIT_HIGH_INTENT, Tier.THREE)
        for lead, each in where.items()
    }
    found = engagement_bias(history, gated)
    assert (found.level, found.lifted) == ("calm", 0)


def test_a_handful_of_leads_cannot_tell() -> None:
    found = engagement_bias(*company(3, leaves=0.9, number=12))
    assert found.level == "cannot_tell"
