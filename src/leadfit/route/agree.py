"""Who may have a lead at once although its account is in doubt: whoever is right in any case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from leadfit.records import Ranking, Reason


def agree(rankings: Sequence[Ranking]) -> Ranking:
    """Return the reps that are right under every ranking, in the order of the first.

    A rep is right under a ranking if the rule that put the first place there put the rep there,
    too: another member of the same territory team is as right as the one whose turn it is.

    Args:
        rankings: One for each account the lead may belong to; at least one.

    Returns:
        The first ranking with those places alone. It is empty where the rankings disagree, with
        the reason ``provisional.disagree``; where a ranking has no places, nobody is right.
    """
    first = rankings[0]
    if len(rankings) == 1:
        return first
    right = [_right(ranking) for ranking in rankings]
    places = tuple(each for each in first.places if all(each.rep_id in some for some in right))
    if places:
        words = f"is right under each of {len(rankings)} possible accounts"
        reason = Reason(rule="provisional.agreed", words=f"the owner {words}")
    else:
        words = f"no rep is right under each of {len(rankings)} possible accounts"
        reason = Reason(rule="provisional.disagree", words=words)
    return replace(first, places=places, reasons=(*first.reasons, reason))


def _right(ranking: Ranking) -> frozenset[str]:
    if not ranking.places:
        return frozenset()
    rule = ranking.places[0].rule
    return frozenset(each.rep_id for each in ranking.places if each.rule == rule)
