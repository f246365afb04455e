"""What was spent on facts, by month, vendor, lead and decision, and how much of it was waste.

A call is waste when the decision it was made for came out as it would have without it: it missed,
its answer was refused, it was lost, or its answer changed nothing.
"""

from __future__ import annotations

import json
import tomllib
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Final

from leadfit.errors import BadInput, Fault
from leadfit.policy.enrichment import EnrichRules
from leadfit.store import Session
from leadfit.store.vendors import CallState, VendorCall, month_of

_JUDGED: Final = frozenset({CallState.ANSWERED, CallState.MISSED, CallState.REFUSED})
_CHANGES_NOTHING: Final = frozenset({CallState.MISSED, CallState.REFUSED, CallState.UNCLEAR})
_MADE: Final = _JUDGED | {CallState.UNCLEAR}
_MONTHS_A_YEAR: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """Calls of a time, a vendor or a lead together. Money is in millionths of the currency.

    Attributes:
        calls: Calls that were carried out, or may have been.
        answered: Calls that brought facts.
        missed: Calls that brought nothing.
        refused: Calls whose answer was not taken.
        unclear: Calls of which nobody knows whether they were carried out; counted as paid.
        paid_for_nothing: What was paid for those three.
        changed: Calls after which the decision came out otherwise.
        unknown: Calls that brought facts and of which that is not known yet.
        cost: What all of them cost.
        credits: The same in millionths of a credit.
        waste: What the calls cost that changed nothing.
        hit_rate: Share of calls that brought facts, of those whose end is known; ``None`` without
            any.
        cost_per_answer: What an answer cost, those that brought nothing in it.
        latency_s: Median of the seconds until an answer.
    """

    name: str
    calls: int
    answered: int
    missed: int
    refused: int
    unclear: int
    paid_for_nothing: int
    changed: int
    unknown: int
    cost: int
    credits: int
    waste: int
    hit_rate: float | None
    cost_per_answer: int | None
    latency_s: float | None

    @property
    def changed_share(self) -> float | None:
        """Share of calls after which the decision came out otherwise, where all is known."""
        known = self.calls - self.unknown
        return self.changed / known if known else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """What was spent in a time.

    Attributes:
        currency: Currency of the policy.
        whole: Everything.
        months: By calendar month in UTC, oldest first.
        vendors: By vendor.
        lines: Every call, oldest first.
        waste_a_month: Mean of the calendar months that lie in the time as a whole; of one month
            or less, what was wasted in it so far. Millionths.
        waste_a_year: Twelve times that.
    """

    since: datetime
    until: datetime
    currency: str
    whole: Total
    months: tuple[Total, ...]
    vendors: tuple[Total, ...]
    lines: tuple[VendorCall, ...]
    waste_a_month: int
    waste_a_year: int

    def leads(self, limit: int) -> tuple[Total, ...]:
        """Return the leads that cost most; calls for a signal without a lead stand under it."""
        found = _by(self.lines, [each.lead_id or each.signal_id for each in self.lines])
        return tuple(sorted(found, key=lambda each: (-each.cost, each.name))[:limit])


def spending(session: Session, *, since: datetime, until: datetime, currency: str) -> Spending:
    """Return what was spent on calls that began in a time.

    Args:
        session: Holds the ledger.
        since: From when on.
        until: Up to when, itself left out.
        currency: Currency of the policy.

    Raises:
        BadInput: The currency changed between two calls.
    """
    calls = session.vendors.calls(since, until)
    return spending_of(calls, since, until, _currency_of(session, calls, currency))


def _currency_of(session: Session, calls: Sequence[VendorCall], present: str) -> str:
    """Return the currency that was in force when calls were made.

    Raises:
        BadInput: It changed in between: what is of two currencies has no sum.
    """
    changes = session.publications.all() if calls else ()
    if not changes:
        return present
    known: dict[str, str] = {}
    digests = (changes[0].before_policy, *(each.policy_digest for each in changes))
    currencies = [_currency_in(session, digest, known, present) for digest in digests]
    times = [each.at for each in changes]
    of_calls = [currencies[bisect_right(times, each.at)] for each in calls]
    other = next((n for n, each in enumerate(of_calls) if each != of_calls[0]), None)
    if other is not None:
        at = times[bisect_right(times, calls[other].at) - 1].isoformat()
        came = f"calls in {of_calls[0]} and, since {at}, in {of_calls[other]}"
        raise BadInput(Fault(place="since", came=came, allowed="a time with one currency"))
    return of_calls[0]


def _currency_in(session: Session, digest: str, known: dict[str, str], present: str) -> str:
    """Return the currency of a policy that was in force; ``present`` where it was not kept."""
    if digest not in known:
        content = session.contents.get(digest)
        files = {} if content is None else json.loads(content.body)
        table = tomllib.loads(files.get("policy.toml", "")).get("enrich", {})
        default = present if content is None else EnrichRules().currency
        known[digest] = str(table.get("currency", default))
    return known[digest]


def spending_of(
    calls: Sequence[VendorCall], since: datetime, until: datetime, currency: str
) -> Spending:
    """Return what calls of a time came to.

    Args:
        calls: Lines of the ledger.
        since: From when on.
        until: Up to when.
        currency: Currency of the policy.
    """
    made = tuple(
        each
        for each in calls
        if each.state not in {CallState.HELD, CallState.OPEN, CallState.LATER}
    )
    months = _by(made, [month_of(each.at) for each in made])
    whole_months = [each.waste for each in months if _is_whole(each.name, since, until)]
    total = total_of("all", made)
    a_month = round(sum(whole_months) / len(whole_months)) if whole_months else total.waste
    return Spending(
        since=since,
        until=until,
        currency=currency,
        whole=total,
        months=months,
        vendors=_by(made, [each.vendor for each in made]),
        lines=made,
        waste_a_month=a_month,
        waste_a_year=_MONTHS_A_YEAR * a_month,
    )


def _is_whole(month: str, since: datetime, until: datetime) -> bool:
    first = datetime.fromisoformat(f"{month}-01T00:00:00+00:00")
    after = (first + timedelta(days=32)).replace(day=1)
    return since <= first and until >= after


def _by(calls: Sequence[VendorCall], names: Iterable[str]) -> tuple[Total, ...]:
    groups: defaultdict[str, list[VendorCall]] = defaultdict(list)
    for call, name in zip(calls, names, strict=True):
        groups[name].append(call)
    return tuple(total_of(name, groups[name]) for name in sorted(groups))


def total_of(name: str, calls: Sequence[VendorCall]) -> Total:
    """Return what calls came to together.

    Args:
        name: What they have in common.
        calls: Lines of the ledger.
    """
    states = Counter(each.state for each in calls)
    answered = states[CallState.ANSWERED]
    judged = sum(states[each] for each in _JUDGED)
    cost = sum(each.cost.money for each in calls)
    seconds = [each.latency_s for each in calls if each.latency_s is not None]
    return Total(
        name=name,
        calls=len(calls),
        answered=answered,
        missed=states[CallState.MISSED],
        refused=states[CallState.REFUSED],
        unclear=states[CallState.UNCLEAR],
        paid_for_nothing=sum(each.cost.money for each in calls if each.state in _CHANGES_NOTHING),
        changed=sum(changed(each) is True for each in calls),
        unknown=sum(changed(each) is None for each in calls),
        cost=cost,
        credits=sum(each.cost.credits for each in calls),
        waste=sum(each.cost.money for each in calls if changed(each) is False),
        hit_rate=answered / judged if judged else None,
        cost_per_answer=round(cost / answered) if answered else None,
        latency_s=median(seconds) if seconds else None,
    )


def changed(call: VendorCall) -> bool | None:
    """Return whether a call changed a decision; ``None`` while that is not known."""
    return False if call.state in _CHANGES_NOTHING else call.changed
