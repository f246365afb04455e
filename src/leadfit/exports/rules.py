"""Events derived from use and revenue over time: expansion, and churn after use."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from leadfit.exports.convert import at_utc
from leadfit.exports.ladder import Event
from leadfit.exports.mapping import Rule
from leadfit.history import Step
from leadfit.records import Kind


def apply(
    rules: Sequence[Rule], events: Sequence[Event], observed_until: Mapping[str, datetime]
) -> tuple[list[Event], dict[Step, str]]:
    """Return the events that the rules derive, and for each step derived the rule in words.

    Only accounts that converted are looked at, and only their use after conversion.
    """
    made: list[Event] = []
    words: dict[Step, str] = {}
    use = _use_after_conversion(events)
    last = max((event.at for each in use.values() for event in each if event.at), default=None)
    for rule in rules:
        if rule.kind == "expanded":
            made += _expansions(rule, use, _converted(events))
            words[Step.EXPANDED] = (
                f"{rule.measure} of a {rule.period} at least {rule.factor:g} times that of the "
                f"first full {rule.period} after conversion, within {rule.within_days:g} days"
            )
        else:
            step = Step.CHURNED_AFTER_USE
            until = observed_until.get(step.value) if rule.until is None else at_utc(rule.until)
            made += _churns(rule, use, until or last)
            words[step] = (
                f"at least {rule.units:g} units of use after conversion, then none for at least "
                f"{rule.silent_days:g} days up to the end of observation"
            )
    return made, words


def _converted(events: Sequence[Event]) -> dict[str, datetime]:
    first: dict[str, datetime] = {}
    for event in events:
        if event.kind is Kind.CONVERTED and event.account_id and event.at:
            known = first.setdefault(event.account_id, event.at)
            first[event.account_id] = min(known, event.at)
    return first


def _use_after_conversion(events: Sequence[Event]) -> dict[str, list[Event]]:
    converted = _converted(events)
    use: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        if event.kind is not Kind.USED or event.account_id is None or event.at is None:
            continue
        since = converted.get(event.account_id)
        if since is not None and event.at >= since:
            use[event.account_id].append(event)
    for each in use.values():
        each.sort(key=lambda event: str(event.at))
    return use


def _units(event: Event) -> float:
    return 1.0 if event.value is None else event.value


def _is_use(event: Event) -> bool:
    return _units(event) > 0 or (event.amount or 0) > 0


def _churns(rule: Rule, use: Mapping[str, list[Event]], until: datetime | None) -> list[Event]:
    if until is None:
        return []
    silence = timedelta(days=rule.silent_days)
    made = []
    for account, each in use.items():
        seen = [event for event in each if event.at is not None and event.at <= until]
        active = [event.at for event in seen if _is_use(event) and event.at is not None]
        if not active or sum(_units(event) for event in seen) < rule.units:
            continue
        quiet_from = active[-1] + silence
        if quiet_from <= until:
            made.append(
                Event(at=quiet_from, kind=Kind.CHURNED, account_id=account, reason=rule.reason)
            )
    return made


def _expansions(
    rule: Rule, use: Mapping[str, list[Event]], converted: Mapping[str, datetime]
) -> list[Event]:
    until = None if rule.until is None else at_utc(rule.until)
    made = []
    for account, each in use.items():
        since = converted[account]
        totals: dict[datetime, float] = defaultdict(float)
        last: dict[datetime, datetime] = {}
        for event in each:
            if event.at is None or (until is not None and event.at > until):
                continue
            period = _period(event.at, rule.period)
            totals[period] += (event.amount or 0) if rule.measure == "amount" else _units(event)
            last[period] = event.at
        first = next((start for start in sorted(totals) if start >= since), None)
        if first is None or totals[first] <= 0:
            continue
        latest = first + timedelta(days=rule.within_days)
        for start in sorted(totals):
            if first < start <= latest and totals[start] >= rule.factor * totals[first]:
                made.append(
                    Event(
                        at=last[start],
                        kind=Kind.EXPANDED,
                        account_id=account,
                        reason=rule.reason or "usage",
                    )
                )
                break
    return made


def _period(at: datetime, period: str) -> datetime:
    month = {"month": at.month, "quarter": (at.month - 1) // 3 * 3 + 1, "year": 1}[period]
    return datetime(at.year, month, 1, tzinfo=UTC)
