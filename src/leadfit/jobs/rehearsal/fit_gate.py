"""What another source of fit does to the fit gate, and the cut that lets as many pass as before.

Fit by facts and the learned score of an account have scales of their own, so that a cut of one says
nothing on the other. Both are known for every lead that is rehearsed, and with them the share that
passes: the cut on the new scale is derived from that share (:func:`leadfit.score.derive_cut`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from leadfit.jobs.rehearsal.happenings import Happening, RehearsedScore
from leadfit.pipeline import InForce
from leadfit.score import derive_cut, pass_rate

_NEAR: Final = 0.005
"""Pass rates that differ by less are taken to be the same."""
_DEGRADED: Final = "no learned score is in force beside these rules, so that fit counts by facts"


def fit_gate(happenings: Sequence[Happening], rules: tuple[InForce, InForce]) -> dict[str, object]:
    """Return what a change of the source of fit does to the fit gate of Model B.

    Args:
        happenings: What is rehearsed; each lead counts once, as it was opened.
        rules: Those in force, and the others.

    Returns:
        ``changes`` says whether the source, or the learned score that is the source, is another.
        With it: source, cut and pass rate of both sides, and the cut that was ``derived``, with
        the key it belongs to. ``identified`` is ``False`` where no cut can be derived.
    """
    if not _changes(rules):
        return {"changes": False}
    wanted = rules[1].policy.score.fit_source
    if rules[0].policy.score.model != "B" or rules[1].policy.score.model != "B":
        return _unknown("only Model B has a fit gate, and one of the two sides is of another model")
    opened = [each for each in happenings if each.opens]
    before, after = [each.present for each in opened], [each.other for each in opened]
    if wanted == "icp" and not all(each.by_icp for each in after):
        return _unknown(_DEGRADED)
    if len({each.by_icp for each in before}) > 1:
        return _unknown(
            "fit of the rules in force was by facts for some leads and learned for some"
        )
    old, new = _cut(before[0], rules[0]), _cut(after[0], rules[1])
    rate = pass_rate([each.fit100 for each in before], old)
    scores = [each.fit100 for each in after]
    found = derive_cut(scores, rate)
    planned = pass_rate(scores, new)
    return {
        "changes": True,
        "identified": True,
        "leads": len(opened),
        "before": {"source": _source(before[0]), "cut": old, "pass_rate": round(rate, 6)},
        "after": {"source": _source(after[0]), "cut": new, "pass_rate": round(planned, 6)},
        "derived": {
            "key": f"score.cuts.{'b_icp' if after[0].by_icp else 'b_fit'}",
            "cut": found.cut,
            "pass_rate": round(found.pass_rate, 6),
        },
        "keeps_pass_rate": abs(planned - rate) <= max(_NEAR, abs(found.pass_rate - rate)),
    }


def _changes(rules: tuple[InForce, InForce]) -> bool:
    one, other = (each.policy.score.fit_source for each in rules)
    is_learned_anew = rules[0].artifact_digest != rules[1].artifact_digest
    return one != other or (other == "icp" and is_learned_anew)


def _unknown(why: str) -> dict[str, object]:
    return {"changes": True, "identified": False, "why": why}


def _cut(rated: RehearsedScore, rules: InForce) -> float:
    cuts = rules.policy.score.cuts
    return cuts.b_icp if rated.by_icp else cuts.b_fit


def _source(rated: RehearsedScore) -> str:
    return "icp" if rated.by_icp else "facts"
