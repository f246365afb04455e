"""What of two sets of rules no history can show, said in words: purchases of facts, random targets.

A rehearsal rates leads from what was recorded with their decisions and asks nobody anything. Which
facts other rules would buy was never asked, so that no answer to it exists; which arm a lead would
be drawn into was never drawn. Both are unknown, which is not the same as nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from leadfit.buying import MILLION
from leadfit.pipeline import InForce
from leadfit.store.vendors import VendorCall

NOT_RECORDED: Final = "no purchase of a fact is on record, so that nothing is known of spend"
_NEVER_ASKED: Final = (
    "which facts these rules would buy, and what vendors would answer, was never asked"
)


def unknowns(rules: tuple[InForce, InForce]) -> list[dict[str, str]]:
    """Return what the rehearsal leaves out of either side, each with the table and the reason.

    Args:
        rules: Those in force, and the others.
    """
    said = []
    if any(each.policy.enrich.is_live for each in rules):
        why = (
            f"{_NEVER_ASKED}; leads are rated by the facts that were recorded, and tiers, owners "
            "and waits are those without further purchases"
        )
        said.append({"table": "enrich", "why": why})
    if any(each.policy.experiment.response is not None for each in rules):
        why = (
            "which arm a lead would be drawn into is not known before it is drawn; deadlines are "
            "those of the tiers on both sides"
        )
        said.append({"table": "experiment.response", "why": why})
    return said


def spend(rules: tuple[InForce, InForce], calls: Sequence[VendorCall]) -> dict[str, object]:
    """Return what is known of money spent on facts: what was spent, never what would be.

    Args:
        rules: Those in force, and the others.
        calls: The calls on record in the time.
    """
    money = round(math.fsum(each.cost.money for each in calls) / MILLION, 6)
    recorded = {
        "calls": len(calls),
        "money": money,
        "currency": rules[0].policy.enrich.currency,
    }
    is_asked = bool(calls) or any(each.policy.enrich.is_live for each in rules)
    why = _NEVER_ASKED if is_asked else NOT_RECORDED
    return {"identified": False, "why": why, "recorded": recorded}
