"""What calls cost and how much of it was waste, from logged calls."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from leadfit.buying import MILLION
from leadfit.jobs.vendors.spending import spending_of
from leadfit.store.vendors import Bill, CallState, VendorCall

MARCH = datetime(2026, 3, 1, tzinfo=UTC)
APRIL = datetime(2026, 4, 1, tzinfo=UTC)


def calls(number: int, changing: int, price: float, begin: datetime = MARCH) -> list[VendorCall]:
    """Calls spread over the first four weeks of a month, of which some changed a decision."""
    return [
        VendorCall(
            call_id=f"call_{begin:%m}_{each}", purchase_id=f"p{each}", vendor="ab"[each % 2],
            at=begin + timedelta(days=28) * each / number, state=CallState.ANSWERED,
            signal_id=f"signal_{each}", lead_id=f"lead_{each}", facts=("employees",),
            cost=Bill(money=round(price * MILLION)), latency_s=0.25, changed=each < changing,
        )
        for each in range(number)
    ]  # fmt: skip


def test_ten_thousand_leads_at_a_dollar_with_thirty_percent_changing_waste_seven_thousand() -> None:
    found = spending_of(calls(10_000, 3_000, 1.0), MARCH, APRIL, "USD")
    assert found.whole.calls == 10_000
    assert found.whole.changed_share == 0.3
    assert found.waste_a_month == 7_000 * MILLION
    assert found.waste_a_year == 84_000 * MILLION


def test_twelve_thousand_leads_at_one_fifty_waste_what_the_story_says() -> None:
    found = spending_of(calls(12_000, 3_600, 1.5), MARCH, APRIL, "USD")
    assert found.whole.waste == found.waste_a_month == 12_600 * MILLION
    assert found.waste_a_year == 151_200 * MILLION
    assert found.whole.cost == 18_000 * MILLION


def test_the_waste_of_a_month_is_the_mean_of_whole_months() -> None:
    both = [*calls(100, 50, 1.0), *calls(100, 70, 1.0, APRIL)]
    found = spending_of(both, MARCH, APRIL + timedelta(days=15), "USD")
    assert [each.waste // MILLION for each in found.months] == [50, 30]
    assert found.waste_a_month == 50 * MILLION
    whole = spending_of(both, MARCH, datetime(2026, 5, 1, tzinfo=UTC), "USD")
    assert whole.waste_a_month == 40 * MILLION


def test_what_brought_nothing_is_waste_and_what_was_not_made_is_nothing() -> None:
    states = {
        CallState.MISSED: 0, CallState.REFUSED: 1, CallState.UNCLEAR: 1, CallState.HELD: 0,
        CallState.OPEN: 0,
    }  # fmt: skip
    made = [
        VendorCall(
            call_id=state.value, purchase_id="p", vendor="v", at=MARCH, state=state,
            signal_id="s", cost=Bill(money=cost * MILLION),
        )
        for state, cost in states.items()
    ]  # fmt: skip
    found = spending_of([*made, *calls(1, 1, 1.0)], MARCH, APRIL, "USD").whole
    assert (found.calls, found.answered, found.missed, found.refused, found.unclear) == (
        4, 1, 1, 1, 1,
    )  # fmt: skip
    assert found.waste == found.paid_for_nothing == 2 * MILLION
    assert found.hit_rate == 1 / 3
    assert found.cost_per_answer == 3 * MILLION


def test_an_answer_of_which_nobody_knows_whether_it_changed_anything_is_said_to_be_that() -> None:
    (call,) = calls(1, 1, 1.0)
    unknown = VendorCall(
        call_id="x", purchase_id="p", vendor="v", at=MARCH, state=CallState.ANSWERED,
        signal_id="s", cost=call.cost,
    )  # fmt: skip
    found = spending_of([call, unknown], MARCH, APRIL, "USD").whole
    assert (found.changed, found.unknown, found.waste) == (1, 1, 0)
    assert found.changed_share == 1.0


def test_spending_is_said_by_vendor_and_by_lead() -> None:
    found = spending_of([*calls(10, 4, 1.0), *calls(2, 0, 3.0)], MARCH, APRIL, "USD")
    assert {each.name: each.cost // MILLION for each in found.vendors} == {"a": 8, "b": 8}
    assert [each.name for each in found.leads(2)] == ["lead_0", "lead_1"]
    assert found.leads(1)[0].cost == 4 * MILLION


def test_nothing_was_spent_where_nothing_was_called() -> None:
    found = spending_of([], MARCH, APRIL, "USD")
    assert (found.waste_a_month, found.whole.hit_rate, found.months) == (0, None, ())
