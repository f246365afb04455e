"""The checker of owners finds what it is there to find."""

from __future__ import annotations

from datetime import timedelta

import pytest

from leadfit.testing.ownership import (
    Existence,
    Ownership,
    Span,
    Wait,
    beyond,
    gaps,
    over_capacity,
    overlaps,
    spread,
)

HOUR = 3_600_000_000


def lead(owner: str | None = "ann", *, is_open: bool = True) -> Existence:
    return Existence(lead_id="lead", owner_id=owner, created_us=0, is_open=is_open)


def span(owner: str, start: int, end: int | None = None, *, lead_id: str = "lead") -> Span:
    return Span(
        lead_id=lead_id, owner_id=owner, tier=1, rule="round_robin", pool="round_robin/1",
        start_us=start, end_us=end,
    )  # fmt: skip


def history(*spans: Span, of: Existence | None = None, waits: tuple[Wait, ...] = ()) -> Ownership:
    held: dict[str, list[Span]] = {}
    for each in spans:
        held.setdefault(each.lead_id, []).append(each)
    return Ownership(leads=(of or lead(),), spans=held, waits={"lead": waits})


def test_two_owners_at_one_time_are_found() -> None:
    whole = history(span("bob", 0, 5), span("ann", 5))
    torn = history(span("bob", 0, 6), span("ann", 5))
    assert overlaps(whole) == []
    assert overlaps(torn) == ["lead had the owners bob and ann at 5"]
    assert overlaps(history(span("bob", 0), span("ann", 5)))


@pytest.mark.parametrize("named", [None, "bob"])
def test_a_lead_that_names_another_owner_than_it_was_given_to_is_found(named: str | None) -> None:
    assert overlaps(history(span("ann", 0), of=lead(named)))


def test_a_lead_that_was_taken_from_its_owner_and_still_names_him_is_found() -> None:
    assert overlaps(history(span("ann", 0, 7)))
    assert not overlaps(history(span("ann", 0, 7), of=lead(None)))


def test_a_time_without_an_owner_is_found_unless_a_wait_is_on_record() -> None:
    late = history(span("ann", 9))
    assert gaps(late) == ["lead had no owner from 0 to 9, and nothing says that it waited"]
    waited = (Wait(lead_id="lead", start_us=0, end_us=9),)
    assert gaps(history(span("ann", 9), waits=waited)) == []
    short = (Wait(lead_id="lead", start_us=0, end_us=8),)
    assert gaps(history(span("ann", 9), waits=short))


def test_a_time_between_two_owners_is_found() -> None:
    assert gaps(history(span("bob", 0, 5), span("ann", 5))) == []
    assert gaps(history(span("bob", 0, 5), span("ann", 6)))


def test_an_open_lead_without_an_owner_must_be_waiting_now() -> None:
    assert gaps(history(of=lead(None)))
    assert gaps(history(of=lead(None), waits=(Wait(lead_id="lead", start_us=0, end_us=5),)))
    assert not gaps(history(of=lead(None), waits=(Wait(lead_id="lead", start_us=0, end_us=None),)))
    assert not gaps(history(span("ann", 0, 4), of=lead(None, is_open=False)))


def test_the_window_slides_to_the_microsecond() -> None:
    given = [0, *range(47 * HOUR, 47 * HOUR + 14)]
    fits = [*given, 48 * HOUR]
    assert list(beyond(fits, 15, timedelta(hours=48))) == []
    assert list(beyond([*given, 48 * HOUR - 1], 15, timedelta(hours=48))) == [(0, 16)]


def test_a_rep_with_more_leads_than_slots_in_a_window_is_named() -> None:
    spans = [span("ann", number, lead_id=f"lead-{number}") for number in range(3)]
    found = over_capacity(history(*spans), lambda _: 2)
    assert found == ["ann was given 3 leads in the window from 0, 2 are allowed"]
    assert over_capacity(history(*spans), lambda _: 2, tiers=frozenset({2})) == []


def test_the_spread_counts_every_prefix_and_not_the_end_alone() -> None:
    spans = [span(rep, number, lead_id=f"lead-{number}") for number, rep in enumerate("aabb")]
    assert spread(history(*spans), "round_robin/1", ("a", "b")) == 2
    assert spread(history(*spans), "another", ("a", "b")) == 0
