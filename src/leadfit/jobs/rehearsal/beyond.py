"""What of two sets of rules no history can show, said in words: answers of vendors, random targets.

A rehearsal rates leads from what was recorded with their decisions and asks nobody anything. What
vendors would have answered to other rules is not on record, and which arm a lead would be in was
never drawn. Both are unknown, which is not the same as nothing.
"""

from __future__ import annotations

from leadfit.pipeline import InForce


def unknowns(rules: tuple[InForce, InForce]) -> list[dict[str, str]]:
    """Return what the rehearsal leaves out of either side, each with the table and the reason.

    Args:
        rules: Those in force, and the others.
    """
    said = []
    if any(each.policy.enrich.is_live for each in rules):
        why = (
            "what vendors would answer was never asked; leads are rated by the facts that were "
            "recorded, and tiers, owners and waits are those without further purchases"
        )
        said.append({"table": "enrich", "why": why})
    if any(each.policy.experiment.response is not None for each in rules):
        why = (
            "which arm a lead would be drawn into is not known before it is drawn; deadlines are "
            "those of the tiers on both sides"
        )
        said.append({"table": "experiment.response", "why": why})
    return said
