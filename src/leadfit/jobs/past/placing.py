"""Where every lead stood when it came: fit, intent and tier, as they were known then.

A lead that was decided here stands where its first decision put it. One that was imported is rated
by the policy in force, by the facts that were known when it came and by what had happened up to
then; it was worked by the tier that its export tells, where it tells one.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final, cast

from leadfit import score
from leadfit.errors import MissingExtra
from leadfit.history import History, Known, Table, rows_of
from leadfit.jobs.past.recall import history as recall
from leadfit.policy import Policy
from leadfit.policy.policy import fact_name
from leadfit.records import Activity, Facts, Kind, Score, Subject, Tier
from leadfit.store import Session, Store

if TYPE_CHECKING:
    from leadfit.learn.outlook import Outlook
    from leadfit.learn.quadrants import Placed

_THEN: Final = frozenset({Known.CREATED, Known.SNAPSHOT})
_MOST_ACTIVITIES: Final = 50
_TIERS: Final = {"1": Tier.ONE, "2": Tier.TWO, "3": Tier.THREE}


def outlook(store: Store, policy: Policy, as_of: datetime | None = None) -> Outlook:
    """Return what fit, intent and tier were worth in the workspace's history.

    Args:
        store: Where it is recorded.
        policy: Rates imported leads; its gates part the quadrants.
        as_of: Nothing later is looked at.

    Raises:
        BadInput: Nothing is recorded yet.
        MissingExtra: The extra ``learn`` is not installed.
    """
    past = recall(store, policy, as_of)
    decided = store.read(lambda session: dict(_decided(session, past)))
    return outlook_of(past, policy, decided)


def outlook_of(
    past: History, policy: Policy, decided: Mapping[str, Score] | None = None
) -> Outlook:
    """Return what fit, intent and tier were worth in a history.

    Args:
        past: The history.
        policy: Rates leads; its gates part the quadrants.
        decided: The score of each lead that was decided here, by its id.

    Raises:
        MissingExtra: The extra ``learn`` is not installed.
    """
    try:
        from leadfit.learn import outlook as worth  # noqa: PLC0415 -- it needs the extra
        from leadfit.learn.lifted import engagement_bias  # noqa: PLC0415 -- as above
        from leadfit.learn.quadrants import (  # noqa: PLC0415 -- as above
            Placed,
            QuadrantRules,
            quadrants,
        )
        from leadfit.learn.tiers import tiers_to_wins  # noqa: PLC0415 -- as above
    except ImportError as error:
        raise MissingExtra("learn", "what fit and intent were worth") from error
    own = {} if decided is None else dict(decided)
    found = tuple(_rated(past, policy, own))
    rated = {name: each for name, each, _ in found}
    told = _told_tiers(past)
    placed: dict[str, Placed] = {
        lead_id: Placed(
            fit100=each.fit100,
            intent100=each.intent100,
            tier=each.tier if lead_id in own else told.get(lead_id, each.tier),
        )
        for lead_id, each in {**rated, **own}.items()
    }
    cuts = policy.score.cuts
    rules = QuadrantRules(fit=cuts.b_fit, intent=cuts.b_tier_one)
    return worth.Outlook(
        quadrants=quadrants(past, placed, rules=rules),
        tiers=tiers_to_wins(past, placed, rules=rules),
        bias=engagement_bias(past, placed, rules=rules),
        decided=len(own),
        rated=len(rated),
        blank=sum(is_blank for _, _, is_blank in found),
        snapshot=tuple(
            each.name for each in past.fact_columns if each.known is Known.SNAPSHOT and rated
        ),
    )


def _decided(session: Session, past: History) -> Iterator[tuple[str, Score]]:
    """Yield the score of the first decision of each lead that was decided here."""
    for (lead_id,) in rows_of(past.leads, "lead_id"):
        made = session.leads.decisions(str(lead_id))
        first = next((each.score for each in reversed(made) if each.score is not None), None)
        if first is not None:
            yield str(lead_id), first


def _rated(
    past: History, policy: Policy, skip: Container[str]
) -> Iterator[tuple[str, Score, bool]]:
    """Rate the other leads by what was known when they came, and say whose fit is not known.

    A lead without a day is left out. No learned profile is asked: what it knows, it knows since.
    """
    asked = {fact_name(part.fact) for part in policy.score.fit.values()}
    names = {
        table: [c.name for c in past.fact_columns if c.table == table and c.known in _THEN]
        for table in ("leads", "accounts")
    }
    accounts = _facts_by(past.accounts, "account_id", (*names["accounts"], "country"))
    leads = _facts_by(past.leads, "lead_id", names["leads"])
    kinds = {kind.value for kind in policy.score.activities}
    by_lead, by_account = _activities(past, kinds)
    for lead_id, created, account_id in rows_of(past.leads, "lead_id", "created_at", "account_id"):
        name, account = str(lead_id), str(account_id)
        if name in skip or not isinstance(created, datetime):
            continue
        done = [*by_lead.get(name, ()), *by_account.get(account, ())]
        before = sorted((each for each in done if each.at <= created), key=lambda each: each.at)
        facts = {**accounts.get(account, {}), **leads.get(name, {})}
        subject = Subject(facts=facts, activities=tuple(before[-_MOST_ACTIVITIES:]))
        is_blank = asked.isdisjoint(policy.known(facts))
        yield name, score.rate(subject, None, policy, now=created), is_blank


def _facts_by(table: Table, key: str, names: Sequence[str]) -> dict[str, Facts]:
    return {
        str(row[0]): cast("Facts", dict(zip(names, row[1:], strict=True)))
        for row in rows_of(table, key, *names)
    }


def _activities(
    past: History, kinds: set[str]
) -> tuple[dict[str, list[Activity]], dict[str, list[Activity]]]:
    """Return what happened, by lead, and by account where no lead is told."""
    by_lead: dict[str, list[Activity]] = {}
    by_account: dict[str, list[Activity]] = {}
    for at, kind, lead_id, account_id in rows_of(
        past.events, "at", "kind", "lead_id", "account_id"
    ):
        if kind not in kinds or not isinstance(at, datetime):
            continue
        one = Activity(kind=Kind(str(kind)), at=at)
        if lead_id is not None:
            by_lead.setdefault(str(lead_id), []).append(one)
        else:
            by_account.setdefault(str(account_id), []).append(one)
    return by_lead, by_account


def _told_tiers(past: History) -> dict[str, Tier]:
    """Return the tiers that an export tells, however they are spelled."""
    found = {}
    for lead_id, told in rows_of(past.leads, "lead_id", "tier"):
        number = str(told or "").strip().lower().removeprefix("tier").strip()
        if number in _TIERS:
            found[str(lead_id)] = _TIERS[number]
    return found
