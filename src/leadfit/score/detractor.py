"""What follows from the detractor flag: a share that is let through by lot, and a forced tier.

Let through means that the lead is treated as if it had no flag: nothing of it is left out of
outbound, paid and nurture, and no tier is forced upon it. Its points stay as they are, and so do
all gates: a lead below the fit gate is never let through that.
"""

from __future__ import annotations

import hashlib

from leadfit.artifact import Artifact
from leadfit.policy.policy import EXPLORED
from leadfit.policy.scoring import Detractor
from leadfit.records import IcpScore, Reason, Tier

PRECISION_LOW = "flag.precision_low"
"""Note of an artifact: lower bound of the flag's precision on customers it had not seen."""
_SLOTS = 1_000_000


def draw_of(lead_id: str) -> float:
    """Return the lot of a lead, from 0 to below 1, even over all leads.

    The id holds 80 random bits of the world that made it and is kept with every decision, so that
    the lot is the same at every rating and in every replay.

    >>> 0 <= draw_of("lead_1") < 1
    True
    """
    digest = hashlib.sha256(b"exploration\x1f" + lead_id.encode()).digest()
    return int(int.from_bytes(digest[:6], "big") / 2**48 * _SLOTS) / _SLOTS


def flag_reasons(icp: IcpScore | None, rules: Detractor, lead_id: str | None) -> tuple[Reason, ...]:
    """Return what is said of the flag: that it holds, or that the lot let the lead through."""
    if icp is None or not icp.flagged:
        return ()
    like = f"looks like accounts that left after meaningful use (match {icp.detractor:.2f})"
    draw = 1.0 if lead_id is None else draw_of(lead_id)
    if draw < rules.explore_share:
        words = (
            f"drawn by lot ({draw:g} is below the share of {rules.explore_share:g}): treated as if "
            "it had no flag, so that what becomes of such leads is still learned"
        )
        flag = Reason(rule="detractor.flag", words=like)
        return (flag, Reason(rule=EXPLORED, words=words))
    words = f"{like}; the tier stays, suppressed channels are left out"
    return (Reason(rule="detractor.flag", words=words),)


def forced_tier(
    tier: Tier, flag: tuple[Reason, ...], artifact: Artifact | None, rules: Detractor
) -> tuple[Tier, tuple[Reason, ...]]:
    """Return the tier under a flag that forces Tier 3, and why it does or cannot."""
    flagged = bool(flag) and all(reason.rule != EXPLORED for reason in flag)
    if not rules.tier_three or not flagged or tier is Tier.THREE or artifact is None:
        return tier, ()
    low = artifact.notes.get(PRECISION_LOW)
    if not isinstance(low, float) or low < rules.least_precision:
        proved = "no lower bound" if not isinstance(low, float) else f"a lower bound of {low:.2f}"
        words = (
            f"Tier 3 is not forced: the flag's precision has {proved}, "
            f"{rules.least_precision:g} is needed"
        )
        return tier, (Reason(rule="detractor.unproved", words=words),)
    words = (
        f"Tier 3 is forced by the detractor flag, whose precision is at least {low:.2f}; "
        "a person may override it"
    )
    return Tier.THREE, (Reason(rule="tier.detractor", words=words),)
