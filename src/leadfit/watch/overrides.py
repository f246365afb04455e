"""Whether people take more leads from a rep by hand than they used to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from leadfit.bounds import lower_bound
from leadfit.policy import Policy

_CONFIDENCE: Final = 0.99


@dataclass(frozen=True, slots=True, kw_only=True)
class OverrideRise:
    """Leads are taken from a rep by hand surely more often than before.

    Attributes:
        rep_id: The rep; ``None`` for leads that had no owner.
        lately: Leads taken in the latest days.
        before: Leads taken in the days before those.
        words: For those who are told.
    """

    rep_id: str | None
    lately: int
    before: int
    words: str


def override_rises(
    taken: Iterable[tuple[str | None, datetime]], policy: Policy, *, now: datetime
) -> tuple[OverrideRise, ...]:
    """Return the reps from whom leads are taken more often than before, by id.

    Were nothing new, each lead taken in the whole time would lie in the latest days with the chance
    of their share of the time. A rise is sure when the exact 99 % lower bound of the observed share
    is above it (Clopper and Pearson 1934; the conditional test of two Poisson rates, Przyborowski
    and Wilenski 1940).

    Args:
        taken: From whom a lead was taken, and when.
        policy: Its ``route.by_hand`` says what is compared.
        now: The end of the latest days.
    """
    rules = policy.route.by_hand
    begin_lately = now - timedelta(days=rules.days)
    begin = begin_lately - timedelta(days=rules.before_days)
    lately: Counter[str | None] = Counter()
    before: Counter[str | None] = Counter()
    for rep_id, at in taken:
        if begin < at <= now:
            (lately if at > begin_lately else before)[rep_id] += 1
    usual = rules.days / (rules.days + rules.before_days)
    return tuple(
        OverrideRise(
            rep_id=rep_id,
            lately=count,
            before=before[rep_id],
            words=_words(rep_id, count, before[rep_id], policy),
        )
        for rep_id, count in sorted(lately.items(), key=lambda each: each[0] or "")
        if count >= rules.least
        and lower_bound(count, count + before[rep_id], confidence=_CONFIDENCE) > usual
    )


def _words(rep_id: str | None, lately: int, before: int, policy: Policy) -> str:
    rules = policy.route.by_hand
    whose = "without an owner" if rep_id is None else f"of {rep_id}"
    return (
        f"{lately} leads {whose} were given to somebody else by hand in {rules.days} days,"
        f" {before} in the {rules.before_days} days before"
    )
