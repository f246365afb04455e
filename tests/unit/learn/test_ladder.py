"""The ladder counts what the rulings say it counts."""

from __future__ import annotations

from collections.abc import Sequence

from leadfit.history import History, MeaningfulUse, Step
from leadfit.learn.ladder import Ladder, climb, count
from leadfit.learn.past import read_past
from leadfit.learn.result import Funnel, Presence
from unit.learn.worlds import START, Event, history_of


def event(
    day: float, kind: str, account: str, lead: str | None = None, value: float | None = None
) -> Event:
    return (day, kind, account, lead, None, value)


def build(events: Sequence[Event], **more: object) -> History:
    leads: dict[str, Sequence[object]] = {
        "lead_id": ["l0", "l1", "l2"],
        "created_at": [START, START, START],
        "account_id": ["a0", "a0", "a1"],
    }
    return history_of(leads, events, [], more=more)


def read(events: Sequence[Event], **more: object) -> tuple[Ladder, Funnel]:
    past = read_past(build(events, **more))
    ladder = climb(past)
    return ladder, count(ladder, past.leads)


def test_a_lead_accepted_but_never_worked_does_not_count() -> None:
    _, funnel = read(
        [
            event(1, "accepted", "a0", "l0"),
            event(2, "accepted", "a1", "l2"),
            event(3, "worked", "a1", "l2"),
        ]
    )
    assert funnel.accepted == 1


def test_acceptance_and_work_on_two_leads_of_one_account_do_not_count() -> None:
    _, funnel = read([event(1, "accepted", "a0", "l0"), event(3, "worked", "a0", "l1")])
    assert funnel.accepted is None


def test_without_any_work_acceptances_count_and_the_source_is_partial() -> None:
    ladder, funnel = read([event(1, "accepted", "a0", "l0")])
    assert funnel.accepted == 1
    assert ladder.sources[Step.ACCEPTED] is Presence.PARTIAL
    assert [notice.code for notice in ladder.notices] == ["accepted_without_work"]


def test_an_account_is_converted_once() -> None:
    _, funnel = read([event(1, "converted", "a0", "l0"), event(9, "converted", "a0", "l1")])
    assert funnel.converted == 1


def test_in_a_history_of_deals_every_deal_counts() -> None:
    _, funnel = read(
        [event(1, "converted", "a0", "l0"), event(9, "converted", "a0", "l1")], unit="deal"
    )
    assert funnel.converted == 2


def test_a_later_step_does_not_imply_an_earlier_one() -> None:
    ladder, funnel = read([event(1, "converted", "a0", "l0"), event(1, "qualified", "a1", "l2")])
    assert (funnel.accepted, funnel.qualified, funnel.converted) == (None, 1, 1)
    assert ladder.sources[Step.ACCEPTED] is Presence.MISSING
    assert ladder.sources[Step.QUALIFIED] is Presence.PARTIAL


CHURN = [event(1, "converted", "a0", "l0"), event(90, "churned", "a0")]


def test_churn_before_meaningful_use_is_no_detractor() -> None:
    _, funnel = read([*CHURN, event(5, "used", "a0", None, 4)])
    assert funnel.churned_after_use is None


def test_churn_after_meaningful_use_is_a_detractor() -> None:
    ladder, funnel = read(
        [*CHURN, event(5, "used", "a0", None, 3), event(6, "used", "a0", None, 2)]
    )
    assert funnel.churned_after_use == 1
    assert ladder.users == 1


def test_a_use_without_a_value_counts_one() -> None:
    uses = [event(5 + day, "used", "a0") for day in range(5)]
    assert read([*CHURN, *uses])[1].churned_after_use == 1
    assert read([*CHURN, *uses[1:]])[1].churned_after_use is None


def test_use_before_conversion_or_after_churn_does_not_count() -> None:
    late = [event(0.5, "used", "a0", None, 9), event(95, "used", "a0", None, 9)]
    assert read([*CHURN, *late])[1].churned_after_use is None


def test_a_later_renewal_cancels_the_churn() -> None:
    use = event(5, "used", "a0", None, 9)
    assert read([*CHURN, use, event(99, "renewed", "a0")])[1].churned_after_use is None
    assert read([*CHURN, use, event(80, "renewed", "a0")])[1].churned_after_use == 1


def test_use_within_too_short_a_span_is_not_meaningful() -> None:
    uses = [event(5, "used", "a0", None, 9), event(8, "used", "a0", None, 9)]
    rule = MeaningfulUse(units=5, span_days=10)
    assert read([*CHURN, *uses], meaningful_use=rule)[1].churned_after_use is None
    assert (
        read([*CHURN, *uses, event(16, "used", "a0")], meaningful_use=rule)[1].churned_after_use
        == 1
    )


def test_a_step_derived_by_a_rule_is_partial() -> None:
    events = [event(1, "converted", "a0", "l0"), event(40, "expanded", "a0")]
    ladder, _ = read(events, proxies={Step.EXPANDED: "sales grew"})
    assert ladder.sources[Step.EXPANDED] is Presence.PARTIAL


def test_an_event_without_a_lead_belongs_to_the_accounts_latest_lead_before_it() -> None:
    ladder, funnel = read([event(3, "qualified", "a1")])
    assert funnel.qualified == 1
    assert ladder.reached[Step.QUALIFIED].tolist() == [False, False, True]


def test_a_history_without_rows_gives_an_empty_ladder() -> None:
    leads: dict[str, Sequence[object]] = {"lead_id": [], "created_at": [], "account_id": []}
    past = read_past(history_of(leads, [], []))
    assert count(climb(past), 0).converted is None
