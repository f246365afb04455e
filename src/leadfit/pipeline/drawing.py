"""Draws the response target of a lead, where the policy has an experiment: once, and for good.

The draw is an id of the world, 80 random bits of which nobody knows before; it is kept with the
lead and with what the decision was told, so that a replay falls into the same arm.
"""

from __future__ import annotations

import hashlib

from leadfit.pipeline.case import Desk
from leadfit.records import Assignment, Lead, Tier
from leadfit.store.trials import Trial

Target = tuple[str | None, float | None]
"""Experiment and arm, as an assignment names them, and the minutes of the arm."""

_NONE: Target = (None, None)


def draw(desk: Desk, lead: Lead, tier: Tier) -> Target:
    """Draw the arm of a lead that gets its first owner, if it takes part in an experiment.

    A later lead of an account that was drawn has the arm of the first, where accounts are drawn.

    Args:
        desk: Where it is decided.
        lead: The lead, with its account.
        tier: The tier it is drawn inside of.
    """
    rules = desk.policy.experiment.response
    if rules is None or not rules.takes(tier, desk.now):
        return _NONE
    by_account = rules.unit == "account" and lead.account_id is not None
    cluster_id = lead.account_id if by_account else None
    cluster_id = cluster_id or lead.lead_id
    kept = desk.session.trials.arm_of(rules.name, cluster_id) if by_account else None
    known = {each.arm: each for each in rules.arms}
    drawn = desk.world.new_id("draw")
    # An arm that the policy dropped is drawn anew; it has no target any more.
    arm = known[kept] if kept in known else rules.arm_at(unit_of(rules.name, drawn))
    desk.session.trials.enrol(
        Trial(
            experiment=rules.name,
            lead_id=lead.lead_id,
            cluster_id=cluster_id,
            tier=tier,
            arm=arm.arm,
            target_minutes=arm.minutes,
            chances=rules.chances,
            draw=drawn,
            enrolled_at=desk.now,
        )
    )
    return f"{rules.name}/{arm.arm}", arm.minutes


def kept(ended: Assignment | None, tier: Tier) -> Target:
    """Return the target that stays with a lead under another owner of the same tier.

    Args:
        ended: The assignment before.
        tier: The tier of the next.
    """
    if ended is None or ended.tier is not tier:
        return _NONE
    return ended.arm, ended.target_minutes


def unit_of(experiment: str, drawn: str) -> float:
    """Return a draw as an even number from 0 to below 1.

    >>> 0 <= unit_of("speed", "draw_1") < 1
    True
    """
    digest = hashlib.sha256(f"{experiment}\x1f{drawn}".encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48
