"""What people moved and lifted by hand, and which leads left a rep whom a person had chosen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from leadfit.canonical import Plain, document, moment, plain
from leadfit.records import Assignment
from leadfit.report import words
from leadfit.store import Session
from leadfit.store.lifts import Lift
from leadfit.store.owners import Override

_BY_HAND: Final = "by_hand"
_CHOSEN_WITHIN: Final = timedelta(days=365)


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedOn:
    """A lead that left the rep whom a person had chosen, by the rules and not by another choice.

    Attributes:
        chosen: Who had chosen the rep, when and why.
        moved: The assignment by which it left.
        lifted: The override that made it leave; ``None`` where none did.
    """

    chosen: Override
    moved: Assignment
    lifted: Lift | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ByHand:
    """What people did by hand since a time.

    Attributes:
        moved: Leads they gave to somebody else, oldest first.
        lifted: Leads they lifted over a gate, oldest first.
        moved_on: Leads that left a rep whom a person had chosen, oldest first.
    """

    since: datetime
    moved: tuple[Override, ...]
    lifted: tuple[Lift, ...]
    moved_on: tuple[MovedOn, ...]


def by_hand(session: Session, since: datetime) -> ByHand:
    """Return what people did by hand from ``since`` on.

    Leads that moved on are looked for among those given by hand within a year before.
    """
    chosen = session.owners.overrides(since - _CHOSEN_WITHIN)
    lifted = session.lifts.since(since)
    moved_on = (
        MovedOn(chosen=each, moved=after, lifted=_lift_of(after, lifted))
        for each in chosen
        if (after := _after(session, each)) is not None and after.assigned_at >= since
    )
    return ByHand(
        since=since,
        moved=tuple(each for each in chosen if each.at >= since),
        lifted=lifted,
        moved_on=tuple(sorted(moved_on, key=lambda each: each.moved.assigned_at)),
    )


def _after(session: Session, chosen: Override) -> Assignment | None:
    """Return the assignment by which a lead left the chosen rep, unless a person moved it."""
    for before, after in pairwise(session.leads.assignments(chosen.lead_id)):
        is_left = after.owner_id != chosen.to_id and after.place.rule != _BY_HAND
        if before.assignment_id == chosen.assignment_id:
            return after if is_left else None
    return None


def _lift_of(moved: Assignment, lifted: tuple[Lift, ...]) -> Lift | None:
    of_it = (each for each in lifted if each.lead_id == moved.lead_id)
    return next((each for each in of_it if each.at == moved.assigned_at), None)


def by_hand_document(found: ByHand) -> dict[str, Plain]:
    """Return what people did by hand as JSON types."""
    return {
        "since": moment(found.since),
        "overrides": [document(each) for each in found.moved],
        "lifted": [document(each) for each in found.lifted],
        "moved_on": [
            {
                "lead_id": each.chosen.lead_id,
                "from_id": each.chosen.to_id,
                "chosen_by": each.chosen.by,
                "chosen_at": moment(each.chosen.at),
                "chosen_reason": each.chosen.reason,
                "to_id": each.moved.owner_id,
                "at": moment(each.moved.assigned_at),
                "tier": plain(each.moved.tier),
                "raised_from": plain(each.moved.raised_from),
                "lifted_by": None if each.lifted is None else each.lifted.by,
                "lifted_reason": None if each.lifted is None else each.lifted.reason,
            }
            for each in found.moved_on
        ],
    }


def by_hand_words(found: ByHand, names: Mapping[str, str]) -> Iterator[str]:
    """Yield how much was done by hand, and which leads left a rep whom a person had chosen."""
    since = f"since {found.since:%Y-%m-%d}"
    if not found.moved and not found.lifted and not found.moved_on:
        yield f"No lead was moved or lifted by hand {since}"
        return
    whose = Counter(each.from_id for each in found.moved)
    shares = ", ".join(
        f"{count} of {'nobody' if rep_id is None else words.person(rep_id, names)}"
        for rep_id, count in sorted(whose.items(), key=lambda each: (-each[1], each[0] or ""))
    )
    leads = _leads(len({each.lead_id for each in found.moved}))
    yield f"{leads} given to somebody else by hand {since}" + (
        f", {_moves(len(found.moved))}: {shares}" if shares else ""
    )
    yield f"{_leads(len(found.lifted))} lifted over a gate by hand {since}"
    yield from (moved_on_words(each, names) for each in found.moved_on)


def moved_on_words(each: MovedOn, names: Mapping[str, str]) -> str:
    """Say which lead left whom, who had chosen that rep, where it went, and why."""
    chosen, moved = each.chosen, each.moved
    owner, to = words.person(chosen.to_id, names), words.person(moved.owner_id, names)
    by, why = words.person(chosen.by, names), words.short(chosen.reason or "reason erased", 200)
    return (
        f"{chosen.lead_id} left {owner}, chosen by {by} on {chosen.at:%Y-%m-%d} ({why}), for {to}"
        f" on {moved.assigned_at:%Y-%m-%d}: {_why(each, names)}"
    )


def _why(each: MovedOn, names: Mapping[str, str]) -> str:
    tier = each.moved.tier.value
    if each.lifted is not None:
        reason = words.short(each.lifted.reason or "reason erased", 200)
        return f"lifted to Tier {tier} by {words.person(each.lifted.by, names)} ({reason})"
    if each.moved.raised_from is not None:
        return f"it rose from Tier {each.moved.raised_from.value} to Tier {tier}"
    return f"the rules gave it away ({each.moved.place.rule})"


def _moves(count: int) -> str:
    return "in one move" if count == 1 else f"in {count} moves"


def _leads(count: int) -> str:
    return "1 lead was" if count == 1 else f"{count} leads were"
