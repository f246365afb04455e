"""Links a signal to an account by the weight of its evidence, where no identifier decides.

Rules come first (:mod:`leadfit.resolve.decide`); what they leave open is weighed by the model card
in force. A card whose share of wrong links is not yet proved puts nothing above review, and a
signal that has low-trust keys alone never links and never waits: it may point to a candidate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from leadfit.policy import Policy
from leadfit.records import Band, Candidate, Keys, Match, Reason, Relation, Signal
from leadfit.resolve.from_labels.cuts import told as what_is_proved
from leadfit.resolve.from_labels.second_stage import second_stage
from leadfit.resolve.model.card import Card
from leadfit.resolve.model.weigh import Record, Weighing, level_names, weigh
from leadfit.resolve.record_columns import account_side
from leadfit.resolve.relatives.names import tells_of_a_relative
from leadfit.resolve.relatives.relation import KnownRelations, Standing, Tie, relate

WORTH_NAMING: Final = 0.3
"""Probability from which a candidate that is not linked is kept as a possible duplicate."""
_NOTHING_KNOWN: Final = KnownRelations()
"""Rules have looked at the domain and the hierarchy before anything is weighed."""
_FINALISTS: Final = 10
"""The heaviest candidates, which alone can be the best."""
_WORDS: Final = {
    "exact": "is the same in normal form",
    "jaro_winkler": "is spelled much alike",
    "damerau": "differs by a slip or two",
    "swapped": "is the same with its parts swapped",
    "overlap": "shares its rare words",
    "any_token": "shares a word",
    "suffix": "ends alike",
    "else": "differs",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WeighedAccount:
    """A candidate with what its card says.

    Attributes:
        probability: That it is the same account.
        standing: How it stands to what the signal says: the same, a relative, another.
    """

    candidate: Candidate
    probability: float
    weighing: Weighing
    standing: Standing


def weigh_accounts(
    signal: Signal, keys: Keys, candidates: Sequence[Candidate], policy: Policy, card: Card
) -> tuple[WeighedAccount, ...]:
    """Weigh every account found by blocking; the likeliest first, then by id.

    Of the records merged into one account its heaviest counts. Only the heaviest few are given to
    the second stage, which takes ten times as long as weighing.
    """
    said = account_side(signal, keys, policy)
    heaviest: dict[str, tuple[Candidate, Weighing]] = {}
    for each in candidates:
        if each.found_by != "blocking" or each.contact is not None or each.account is None:
            continue
        weighing = weigh(card, said, each.columns)
        best = heaviest.get(each.account.account_id)
        if best is None or weighing.weight > best[1].weight:
            heaviest[each.account.account_id] = each, weighing
    ordered = sorted(heaviest.items(), key=lambda item: (-item[1][1].weight, item[0]))
    weights = [weighing.weight for _, (_, weighing) in ordered]
    found = []
    for _, (each, weighing) in ordered[:_FINALISTS]:
        margin = _margin(weighing.weight, weights)
        probability = second_stage(card, weighing, said, each.columns, margin=margin)
        found.append(
            WeighedAccount(
                candidate=each,
                probability=probability,
                weighing=weighing,
                standing=_standing(signal, card, said, each, probability),
            )
        )
    return tuple(sorted(found, key=lambda each: (_is_other(each), -each.probability, _id(each))))


def _is_other(weighed: WeighedAccount) -> bool:
    """Whether something beside the weight says that it is another account."""
    return weighed.standing.relation is Relation.DIFFERENT and bool(weighed.standing.reasons)


def margin_over_others(
    card: Card,
    said: Record,
    columns: Record,
    account_id: str,
    candidates: Sequence[Candidate],
) -> float:
    """Return by how many bits an account outweighs the best other candidate; 0 without another."""
    others = [
        weigh(card, said, each.columns).weight
        for each in candidates
        if each.account is not None and each.account.account_id != account_id
    ]
    return weigh(card, said, columns).weight - max(others) if others else 0.0


def _margin(weight: float, weights: Sequence[float]) -> float:
    """Return by how many bits a candidate outweighs the best of the others."""
    if len(weights) < 2:
        return 0.0
    return weight - (weights[1] if weight == weights[0] else weights[0])


def _id(weighed: WeighedAccount) -> str:
    account = weighed.candidate.account
    return "" if account is None else account.account_id


def _standing(
    signal: Signal, card: Card, said: Record, candidate: Candidate, probability: float
) -> Standing:
    found = relate(card, said, candidate.columns, probability=probability, known=_NOTHING_KNOWN)
    name = "" if candidate.account is None else candidate.account.name
    if found.relation is not Relation.SAME or not tells_of_a_relative(
        signal.identifiers.company, name
    ):
        return found
    words = "the company's name tells of a sister or child of the account"
    return Standing(
        relation=Relation.RELATED, reasons=(Reason(rule="weighed.relative", words=words),)
    )


def by_weight(
    signal: Signal, keys: Keys, candidates: Sequence[Candidate], policy: Policy, card: Card | None
) -> Match | None:
    """Return what the card says of a signal that no rule decided; ``None`` if it says nothing.

    Only a card whose bound is proved links at once, and only on evidence that is not low-trust;
    a relative is never linked.
    """
    if card is None:
        return None
    weighed = weigh_accounts(signal, keys, candidates, policy, card)
    if not weighed or weighed[0].probability < WORTH_NAMING:
        return None
    best = weighed[0]
    account_id = _id(best)
    band, held_back = _band(best, keys, policy, card)
    is_link = band is Band.AUTO
    return Match(
        band=band,
        probability=best.probability,
        relation=_told(best, band),
        method="weighed",
        account_id=account_id if is_link else None,
        possible_account_id=None if is_link else account_id,
        candidates=tuple(dict.fromkeys(map(_id, weighed))),
        reasons=(*evidence(card, best.weighing), *held_back),
        card_digest=card.digest,
    )


def _told(best: WeighedAccount, band: Band) -> Relation:
    """A relative stays one in every band; what is the same only by half is another."""
    relation = best.standing.relation
    return Relation.DIFFERENT if band is Band.NEW and relation is Relation.SAME else relation


def evidence(card: Card, weighing: Weighing) -> tuple[Reason, ...]:
    """Return the weight of each comparison as reasons, in bits."""
    return tuple(
        Reason(
            rule=f"weighed.{comparison}",
            words=f"{comparison} {_WORDS[test]} ({bits:+.1f} bits)",
            points=round(bits, 4),
        )
        for comparison, test, bits in level_names(card, weighing)
    )


def _band(
    best: WeighedAccount, keys: Keys, policy: Policy, card: Card
) -> tuple[Band, tuple[Reason, ...]]:
    rules, standing = policy.matching, best.standing
    if best.probability < rules.review or _is_other(best):
        return Band.NEW, standing.reasons
    if keys.set_aside is not None and keys.domain is None:
        words = "a name without an address of its own is too weak to link or to wait for a review"
        return Band.NEW, (Reason(rule="weighed.low_trust", words=words),)
    if standing.relation is not Relation.SAME:
        # A relative with a domain of its own is an account of its own: nothing is in doubt.
        is_own = standing.tie is Tie.REGIONAL and keys.domain is not None
        return (Band.NEW if is_own else Band.REVIEW), standing.reasons
    if best.probability < max(rules.auto, card.cuts.auto):
        return Band.REVIEW, ()
    held_back = _held_back(standing, keys, card)
    return (Band.REVIEW if held_back else Band.AUTO), held_back


def _held_back(standing: Standing, keys: Keys, card: Card) -> tuple[Reason, ...]:
    """Return why a likely account is not linked at once."""
    if keys.domain is None:
        words = "no address and no domain was given, and a name is nobody's own"
        return (Reason(rule="weighed.no_address", words=words),)
    if not standing.may_link:
        words = "nothing beside a name speaks for it"
        return (Reason(rule="weighed.name_alone", words=words),)
    if not card.cuts.is_proved:
        return (Reason(rule="weighed.not_proved", words=what_is_proved(card.cuts)),)
    return ()
