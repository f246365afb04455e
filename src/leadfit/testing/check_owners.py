"""What every store must do about owners; run against each by ``tests/contract``."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from leadfit.records import Clock, ClockKind, Tier
from leadfit.store import Session
from leadfit.store.owners import OpenLeads, Override
from leadfit.testing.check_store import Bench, assign, expect, make_lead

_HOURS: Final = 48


def _claim(
    bench: Bench, at: datetime, lead_id: str, *, slots: int = 2, hours: float = _HOURS
) -> int | None:
    return bench.store.write(
        lambda session: session.capacity.claim(
            "rep_a", slots=slots, lead_id=lead_id, now=at, until=at + timedelta(hours=hours)
        )
    )


def fewer_slots_than_are_taken_give_none_until_enough_are_free(bench: Bench) -> None:
    """Those taken beyond the new number count, and go back one by one."""
    start = bench.world.now()
    for number in range(4):
        at = start + timedelta(hours=number)
        expect(_claim(bench, at, f"lead-{number}", slots=4) == number + 1, "a slot was not given")
    # Slots 1 and 2 are free; 3 and 4 are not, and two is all there may be.
    at = start + timedelta(hours=_HOURS + 1)
    expect(_claim(bench, at, "lead-5", slots=2) is None, "a third lead was given where two may be")
    at = start + timedelta(hours=_HOURS + 2)
    expect(_claim(bench, at, "lead-6", slots=2) == 1, "a slot that was free was not given")


def more_slots_are_there_at_once(bench: Bench) -> None:
    """A number that was raised gives the new slots, and no more."""
    now = bench.world.now()
    got = [_claim(bench, now, f"lead-{number}", slots=1) for number in range(2)]
    got += [_claim(bench, now, f"lead-{number}", slots=3) for number in range(2, 6)]
    expect(got == [1, None, 2, 3, None, None], f"the slots given were {got}")


def a_longer_window_frees_nothing_early(bench: Bench) -> None:
    """Nor does a shorter one: what was given counts by the longer of both windows."""
    start = bench.world.now()
    _claim(bench, start, "lead-1", slots=1, hours=24)
    at = start + timedelta(hours=30)
    expect(_claim(bench, at, "lead-2", slots=1) is None, "two leads lie in a window of 48 hours")
    loads = bench.store.read(
        lambda session: session.capacity.loads(["rep_a"], at, window=timedelta(hours=_HOURS))
    )
    expect(loads["rep_a"].slots_taken == 1, "the slot is not called busy")
    at = start + timedelta(hours=_HOURS)
    expect(_claim(bench, at, "lead-3", slots=1) == 1, "the slot stayed busy past its window")
    at += timedelta(hours=25)
    expect(_claim(bench, at, "lead-4", slots=1, hours=24) is None, "a shorter window freed early")


def each_pool_has_a_rotation_of_its_own(bench: Bench) -> None:
    """A turn in one pool is none in another, and all of them outlive the process."""

    def take(session: Session) -> None:
        for rep_id, pool in (("rep_a", "west"), ("rep_b", "west"), ("rep_a", "all")):
            session.capacity.take_turn(rep_id, pool)

    bench.store.write(take)
    bench.reopen()
    loads = bench.store.read(
        lambda session: session.capacity.loads(
            ["rep_a", "rep_b", "rep_c"], bench.world.now(), pools=("west", "all")
        )
    )
    a, b, c = (loads[rep_id].turns for rep_id in ("rep_a", "rep_b", "rep_c"))
    expect(a["west"] < b["west"], f"the order of the pool is lost: {a}, {b}")
    expect("all" not in b, f"a turn was taken in a pool it was not in: {b}")
    expect(not c, f"a rep without a turn has one: {c}")


def open_leads_of_owners_are_found_untouched_ones_first(bench: Bench) -> None:
    """Closed ones are not; the owners are those of open leads."""
    now = bench.world.now()

    def fill(session: Session) -> list[str]:
        made = [make_lead(session, bench.world).lead_id for _ in range(4)]
        for number, (lead_id, rep) in enumerate(zip(made, ("b", "a", "b", "c"), strict=True)):
            assign(session, lead_id, f"rep_{rep}", number, now)
        session.leads.touch(made[0], now)
        session.leads.close(made[3])
        return made

    made = bench.store.write(fill)
    owners = bench.store.read(lambda session: session.owners.owners_of_open_leads())
    expect(owners == ("rep_a", "rep_b"), f"the owners are {owners}")
    found = bench.store.read(lambda session: session.owners.open_leads_of(["rep_b", "rep_x"], 9))
    expect(found == (made[2], made[0]), f"the leads of rep_b are {found} of {made}")
    none = bench.store.read(lambda session: session.owners.open_leads_of([], 9))
    expect(none == (), "nobody has leads")


def leads_that_are_astray_are_found(bench: Bench) -> None:
    """A lead without owner or clock, one without a clock, and a clock without a lead."""
    now = bench.world.now()

    def start(session: Session, kind: ClockKind, lead_id: str, assignment_id: str | None) -> None:
        key = f"{lead_id}/{kind.value}"
        session.clocks.start(
            Clock(
                key=key, kind=kind, lead_id=lead_id, assignment_id=assignment_id,
                started_at=now, due_at=now,
            )
        )  # fmt: skip

    def fill(session: Session) -> list[str]:
        made = [make_lead(session, bench.world).lead_id for _ in range(5)]
        alone, waits, untimed, whole, closed = made
        start(session, ClockKind.SIGNAL_TO_ASSIGNMENT, waits, None)
        session.leads.retry_at(waits, now)
        assign(session, untimed, "rep_a", 1, now)
        assign(session, whole, "rep_a", 1, now)
        start(session, ClockKind.ASSIGNMENT_TO_TOUCH, whole, f"{whole}-assignment-1")
        assign(session, closed, "rep_a", 1, now)
        start(session, ClockKind.ASSIGNMENT_TO_TOUCH, closed, f"{closed}-assignment-1")
        session.leads.close(closed)
        session.leads.rate(alone, Tier.TWO, "decision_1", {}, was=None)
        return made

    alone, waits, untimed, _, closed = bench.store.write(fill)
    read = bench.store.read
    unowned = read(lambda session: session.owners.unowned(9))
    told = {each.lead_id: (each.has_clock, each.has_score) for each in unowned}
    expect(told == {alone: (False, True), waits: (True, False)}, f"without an owner: {told}")
    expect(read(lambda session: session.owners.without_clock(9)) == (untimed,), "no clock missing")
    stray = read(lambda session: session.owners.stray_clocks(9))
    live = read(lambda session: session.owners.stray_clocks(9, only_live=True))
    expect(stray == live == (f"{closed}/assignment_to_touch",), f"stray clocks: {stray}, {live}")
    unheld = read(lambda session: session.owners.without_assignment(9))
    other = read(lambda session: session.owners.of_other_owner(9))
    expect(unheld == other == (), f"called astray without reason: {unheld}, {other}")
    stand = read(lambda session: session.owners.open_leads(now))
    expect(stand == OpenLeads(open=4, owned=1, waiting=1, late=0), f"they stand so: {stand}")
    expect(stand.unexplained == 2, "what is unexplained does not add up")


def leads_that_wait_are_served_in_their_order(bench: Bench) -> None:
    """By tier; those that look again only later are not asked for, and an owner ends the wait."""
    now = bench.world.now()
    soon, later = now + timedelta(seconds=15), now + timedelta(hours=1)

    def fill(session: Session) -> list[str]:
        made = [make_lead(session, bench.world).lead_id for _ in range(4)]
        for lead_id, tier, at in zip(made, (2, 1, 1, 1), (now, soon, later, now), strict=True):
            session.leads.rate(lead_id, Tier(tier), "decision_1", {}, was=None)
            session.leads.retry_at(lead_id, at)
        return made

    made = bench.store.write(fill)
    found = bench.store.read(lambda session: session.owners.waiting(Tier.ONE, soon, 9))
    expect(found == (made[1], made[3]), f"those that wait are {found} of {made}")

    def given(session: Session) -> tuple[tuple[str, ...], tuple[str, ...]]:
        assign(session, made[1], "rep_a", 1, now)
        first = session.owners.wanting_another(later, 9)
        session.leads.retry_at(made[1], soon)
        then = session.owners.wanting_another(soon, 9)
        session.owners.look_no_more(made[1])
        return first, (*then, *session.owners.wanting_another(later, 9))

    ended, again = bench.store.write(given)
    expect(ended == (), "a lead that has an owner still looks for one")
    expect(again == (made[1],), f"another owner is looked for {again}")


def what_people_moved_is_kept_and_counted(bench: Bench) -> None:
    """By whom it was taken from; a lead without an owner was taken from nobody."""
    now = bench.world.now()

    def fill(session: Session) -> None:
        for number, rep in enumerate(("rep_a", None, "rep_a")):
            session.owners.add_override(
                Override(
                    assignment_id=f"assignment_{number}", lead_id="lead", from_id=rep,
                    to_id="rep_b", by="max", reason="knows them", at=now + timedelta(days=number),
                )
            )  # fmt: skip

    bench.store.write(fill)
    late = bench.store.read(lambda session: session.owners.overrides(now + timedelta(days=1)))
    expect([each.assignment_id for each in late] == ["assignment_1", "assignment_2"], "lost some")
    counts = bench.store.read(lambda session: session.owners.override_counts())
    expect(dict(counts) == {"-": 1, "rep_a": 2}, f"counted were {counts}")


CHECKS: Final[tuple[Callable[[Bench], None], ...]] = (
    fewer_slots_than_are_taken_give_none_until_enough_are_free,
    more_slots_are_there_at_once,
    a_longer_window_frees_nothing_early,
    each_pool_has_a_rotation_of_its_own,
    open_leads_of_owners_are_found_untouched_ones_first,
    leads_that_are_astray_are_found,
    leads_that_wait_are_served_in_their_order,
    what_people_moved_is_kept_and_counted,
)
