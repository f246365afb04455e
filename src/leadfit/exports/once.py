"""What a deal or a contract tells again, after an event that was recorded, is counted once."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from leadfit.exports.ladder import Event, Origin
from leadfit.records import Kind

_DAY_S = 86_400.0
_UNDATED = 0.0
_OLDER = (
    (Origin.DEAL, frozenset({Origin.EVENT})),
    (Origin.CONTRACT, frozenset({Origin.EVENT, Origin.ROW, Origin.DEAL})),
)
_Key = Callable[[Event], str | None]
_Pass = tuple[_Key, _Key]
"""What an event recorded and an event told again are about; ``None`` where they are left out."""


def told_once(events: Sequence[Event]) -> list[Event]:
    """Return ``events`` without those that only repeat another.

    An event of ``events`` stands for at most one deal's event of its kind about the same lead, or
    about the same account where one of the two names no lead: first for one of the same day,
    else for one near in time. What the event leaves blank, its deal fills in. A contract's events
    are held against all others in the same way, by account.

    Args:
        events: Every event, each with its account.
    """
    for origin, older in _OLDER:
        again = [event for event in events if event.origin is origin]
        if again:
            kinds = {event.kind for event in again}
            told = [event for event in events if event.origin in older and event.kind in kinds]
            repeated = _repeated(told, again, _PASSES[origin])
            events = [event for event in events if id(event) not in repeated]
    return list(events)


def _of_lead(event: Event) -> str | None:
    return event.lead_id


def _of_account(event: Event) -> str | None:
    return event.account_id


def _of_account_alone(event: Event) -> str | None:
    return event.account_id if event.lead_id is None else None


_PASSES: dict[Origin, tuple[_Pass, ...]] = {
    Origin.DEAL: (
        (_of_lead, _of_lead),
        (_of_account_alone, _of_account),
        (_of_account, _of_account_alone),
    ),
    Origin.CONTRACT: ((_of_account, _of_account),),
}


def _repeated(told: list[Event], again: list[Event], passes: Iterable[_Pass]) -> set[int]:
    """Return the identities of those of ``again`` that repeat one of ``told``."""
    taken, repeated = set[int](), set[int]()
    for key_told, key_again in passes:
        firsts = _grouped((event for event in told if id(event) not in taken), key_told)
        seconds = _grouped((event for event in again if id(event) not in repeated), key_again)
        for key in seconds.keys() & firsts.keys():
            for first, second in _pairs(firsts[key], seconds[key]):
                taken.add(id(first))
                repeated.add(id(second))
                _fill(first, second)
    return repeated


def _grouped(events: Iterable[Event], key: _Key) -> dict[tuple[str, str], list[Event]]:
    groups: dict[tuple[str, str], list[Event]] = defaultdict(list)
    for event in events:
        about = key(event)
        if about is not None:
            groups[event.kind.value, about].append(event)
    return groups


def _pairs(told: list[Event], again: list[Event]) -> list[tuple[Event, Event]]:
    """Return pairs of events that are one, those of the same day first."""
    free = sorted(told, key=_seconds)
    left = sorted(again, key=_seconds)
    found: list[tuple[Event, Event]] = []
    for most in (_DAY_S, float("inf")):
        waiting: list[Event] = []
        for event in left:
            place = _nearest(free, event)
            if place is not None and abs(_seconds(free[place]) - _seconds(event)) <= most:
                found.append((free.pop(place), event))
            else:
                waiting.append(event)
        left = waiting
    return found


def _nearest(free: list[Event], event: Event) -> int | None:
    """Return the place in ``free``, by time, of the event nearest in time."""
    at = _seconds(event)
    after = bisect_left(free, at, key=_seconds)
    places = [place for place in (after - 1, after) if 0 <= place < len(free)]
    return min(places, key=lambda place: abs(_seconds(free[place]) - at), default=None)


def _seconds(event: Event) -> float:
    return _UNDATED if event.at is None else event.at.timestamp()


def _fill(told: Event, again: Event) -> None:
    told.lead_id = told.lead_id or again.lead_id
    told.reason = told.reason or again.reason
    # What was lost is no money: a report is the same with and without such a deal.
    if told.amount is None and told.kind is not Kind.LOST:
        told.amount, told.currency = again.amount, again.currency
