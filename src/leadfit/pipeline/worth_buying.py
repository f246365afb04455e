"""Whether facts that could be bought can change a decision, and which to buy first.

Tier, owner and attribution are looked at one after the other. The tier is bounded exactly over all
values of the unknown facts (:mod:`leadfit.score.bounds`). The owner hangs on the tier, on the first
territory that holds and on the skill that is called for: every pair of these that some completion
brings about is found, and reps are ranked for each. Attribution can change where the lead's account
is in doubt and the company's domain is unknown. Where nothing can change there is a certificate.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from leadfit.buying import DOMAIN, Flip, Offer
from leadfit.pipeline import question as asked
from leadfit.pipeline.question import Placement, Question
from leadfit.policy.enrichment import EnrichRules, Worth, millionths
from leadfit.records import Fact, Tier
from leadfit.score.bounds import (
    Bounds,
    Completion,
    State,
    bound,
    joined,
    start_of,
    step_of,
    tier_of_state,
)
from leadfit.score.cells import Cell, Cells, split, weighed
from leadfit.score.span import Basis, span

_MOST_STATES: Final = 4_000
_MOST_RANKINGS: Final = 400
Values = Mapping[str, Mapping[str, int]]
"""How often each value of a fact was recorded."""
RoutingState = tuple[int, tuple[bool, ...]]
"""Rows of the territories that are ruled out, as bits, and which skills are called for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensitivity:
    """What unknown facts can change of a decision.

    Attributes:
        known: What it comes to by what is known.
        bounds: Bounds of the score.
        owners: Who may have the lead in the tier it has by what is known.
        flips: What can change; with nothing there the decision is settled.
        cells: Cells of the unknown facts.
        is_whole: Everything was looked at. Where it was not, it counts as if it could change.
    """

    known: Placement
    bounds: Bounds
    owners: tuple[str | None, ...]
    flips: tuple[Flip, ...]
    cells: tuple[Cells, ...]
    is_whole: bool = True

    @property
    def is_settled(self) -> bool:
        """No completion changes tier, owner or attribution."""
        return not self.flips


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """An offer with what it may bring.

    Attributes:
        chance: Chance that its answer changes the decision.
        value: Millionths of the currency that it is worth on average, before its price.
        settles: Chance that nothing can change any more after its answer.
        flips: What its answer may change.
    """

    offer: Offer
    chance: float
    value: int
    settles: float
    flips: tuple[Flip, ...]


def worth_buying(question: Question) -> Sensitivity:
    """Say what the unknown facts of a decision can change.

    Args:
        question: The decision with the facts that are unknown and could be bought.
    """
    basis = basis_of(question)
    cells = cells_of(question, basis)
    known = asked.answer(question)
    bounds = bound(basis, cells, lambda completion: asked.rated(question, completion))
    tiers = {_held(question, tier) for tier in bounds.tiers} | {known.tier}
    owners, is_whole = _owners(question, known.tier, cells)
    owners = tuple(dict.fromkeys((known.owner_id, *owners)))
    flips = []
    if len(tiers) > 1:
        flips.append(Flip.TIER)
    if len(owners) > 1 or not is_whole:
        flips.append(Flip.OWNER)
    if question.is_unresolved and DOMAIN in question.free:
        flips.append(Flip.ATTRIBUTION)
    return Sensitivity(
        known=known,
        bounds=bounds,
        owners=owners,
        flips=tuple(flips),
        cells=cells,
        is_whole=is_whole,
    )


def basis_of(question: Question) -> Basis:
    """Return what is known for sure, and the rules it is rated by.

    Args:
        question: The decision.
    """
    facts = question.groups.without(question.subject.facts, frozenset(question.free))
    return Basis(
        subject=replace(question.subject, facts=facts),
        policy=question.policy,
        artifact=question.in_force.artifact,
        now=question.now,
        lead_id=question.lead.lead_id,
    )


def cells_of(question: Question, basis: Basis | None = None) -> tuple[Cells, ...]:
    """Return the cells of each unknown fact that something which decides looks at.

    Args:
        question: The decision.
        basis: What :func:`basis_of` says of it.
    """
    levels = (basis or basis_of(question)).levels
    found = (split(fact, question.policy, levels) for fact in question.free if fact != DOMAIN)
    return tuple(each for each in found if each.readers)


def _owners(
    question: Question, tier: Tier, cells: Sequence[Cells]
) -> tuple[tuple[str | None, ...], bool]:
    """Return who may have the lead in a tier, and whether everything was looked at."""
    if question.owner_id is not None and (question.is_touched or question.held == tier):
        return (question.owner_id,), True
    completions, is_whole = routings(question, cells)
    scored = asked.rated(question)
    names = (asked.owner(question, tier, scored, each) for each in completions)
    return tuple(dict.fromkeys(names)), is_whole


def routings(
    question: Question, cells: Sequence[Cells]
) -> tuple[tuple[Mapping[str, Fact], ...], bool]:
    """Return a completion for each territory and skill that may come about.

    Args:
        question: The decision.
        cells: Cells of the unknown facts.

    Returns:
        The completions, and whether they are all.
    """
    routing = [each for each in cells if any(_routes(rule) for rule, _ in each.readers)]
    states: dict[RoutingState, tuple[Fact, ...]] = {(0, ()): ()}
    for each in routing:
        choices = _rules_of(each)
        after: dict[RoutingState, tuple[Fact, ...]] = {}
        for (out, skills), values in states.items():
            for (more, wanted), value in choices.items():
                after.setdefault((out | more, (*skills, *wanted)), (*values, value))
        if len(after) > _MOST_STATES:
            return _thinned(question, routing), False
        states = after
    names = [each.fact for each in routing]
    return tuple(dict(zip(names, values, strict=True)) for values in states.values()), True


def _thinned(question: Question, routing: Sequence[Cells]) -> tuple[Mapping[str, Fact], ...]:
    """Return a completion for each cell alone, where there are too many together."""
    del question
    return tuple({each.fact: cell.value} for each in routing for cell in each.cells)


def _routes(rule: str) -> bool:
    return rule == "territory" or rule.startswith("skill.")


def _rules_of(cells: Cells) -> dict[RoutingState, Fact]:
    """Return what the cells of a fact rule out and call for, each with a value that does."""
    found: dict[RoutingState, Fact] = {}
    for cell in cells.cells:
        found.setdefault(_rules_in(cells, cell), cell.value)
    return found


def _rules_in(cells: Cells, cell: Cell) -> RoutingState:
    out, skills = 0, []
    for (rule, _), made in zip(cells.readers, cell.signature, strict=True):
        if rule == "territory" and isinstance(made, int):
            out = made
        elif rule.startswith("skill."):
            skills.append(bool(made))
    return out, tuple(skills)


def choices(
    question: Question, sensitivity: Sensitivity, offers: Sequence[Offer], counts: Values
) -> tuple[Choice, ...]:
    """Return what can be bought, the best first.

    The first is what settles the decision for the least money that may be expected: by price for
    the chance that nothing can change after its answer.

    Args:
        question: The decision.
        sensitivity: What can change it.
        offers: What is sold now.
        counts: Recorded values, by which the chance of a value is known; without any, all that
            are named have the same.
    """
    cells = {each.fact: weighed(each, counts.get(each.fact, {})) for each in sensitivity.cells}
    useful = [each for each in offers if _may_matter(question, sensitivity, each)]
    found = [_choice(question, sensitivity, offer, cells) for offer in useful]
    return tuple(sorted(found, key=_by_cost))


def _may_matter(question: Question, sensitivity: Sensitivity, offer: Offer) -> bool:
    """Return whether an offer brings a fact on which hangs what can change, by itself or not."""
    own = [each for each in sensitivity.cells if each.fact in offer.facts]
    readers = {rule for each in own for rule, _ in each.readers}
    return (
        (Flip.ATTRIBUTION in sensitivity.flips and DOMAIN in offer.facts)
        or (Flip.OWNER in sensitivity.flips and any(map(_routes, readers)))
        or (Flip.TIER in sensitivity.flips and _deciding(basis_of(question), own) > 0)
    )


def _by_cost(choice: Choice) -> tuple[float, str]:
    offer = choice.offer
    price = offer.price * offer.chance + offer.price_of_miss * (1 - offer.chance)
    useful = offer.chance * max(choice.settles, choice.chance, 1e-9)
    return price / max(useful, 1e-12), offer.vendor


def is_worth_it(rules: EnrichRules, choice: Choice) -> bool:
    """Return whether an offer is to be bought, by the policy.

    Args:
        rules: The rules of buying.
        choice: The offer.
    """
    if rules.buy == "any_flip":
        return True
    offer = choice.offer
    price = offer.price * offer.chance + offer.price_of_miss * (1 - offer.chance)
    return choice.value > price


def _choice(
    question: Question, sensitivity: Sensitivity, offer: Offer, cells: Mapping[str, Cells]
) -> Choice:
    own = [cells[fact] for fact in sorted(cells) if fact in offer.facts]
    rest = [cells[fact] for fact in sorted(cells) if fact not in offer.facts]
    worth = question.policy.enrich.worth
    tier_chance, tier_value, tier_settles = _tiers(question, sensitivity, own, rest, worth)
    owner_chance, owner_settles = _owner_odds(question, sensitivity, own, rest)
    brings_domain = DOMAIN in offer.facts and Flip.ATTRIBUTION in sensitivity.flips
    wants_domain = Flip.ATTRIBUTION in sensitivity.flips and not brings_domain
    value = tier_value + owner_chance * (1 - tier_chance) * millionths(worth.owner)
    chance = 1 - (1 - tier_chance) * (1 - owner_chance)
    if brings_domain:
        chance, value = 1.0, value + millionths(worth.attribution)
    flips = [
        flip
        for flip, may in (
            (Flip.TIER, tier_chance > 0),
            (Flip.OWNER, owner_chance > 0),
            (Flip.ATTRIBUTION, brings_domain),
        )
        if may
    ]
    return Choice(
        offer=offer,
        chance=offer.chance * chance,
        value=round(offer.chance * value),
        settles=0.0 if wants_domain else tier_settles * owner_settles,
        flips=tuple(flips) or sensitivity.flips,
    )


def _tiers(
    question: Question,
    sensitivity: Sensitivity,
    own: Sequence[Cells],
    rest: Sequence[Cells],
    worth: Worth,
) -> tuple[float, float, float]:
    """Return the chance that some facts change the tier, its worth, and that they settle it."""
    if Flip.TIER not in sensitivity.flips:
        return 0.0, 0.0, 1.0
    basis = basis_of(question)
    own_odds = _odds(basis, own)
    changed, value = _changed(question, sensitivity, basis, own_odds, worth)
    settled = sum(
        share
        for state, (share, completion) in own_odds.items()
        if _rest_settles(question, basis, state, completion, rest)
    )
    if changed == 0.0 and settled == 0.0:  # it takes others besides: a share of what all may bring
        part = _deciding(basis, own) / max(_deciding(basis, [*own, *rest]), 1)
        all_odds = _odds(basis, [*own, *rest])
        changed, value = _changed(question, sensitivity, basis, all_odds, worth)
        return changed * part, value * part, 0.0
    return changed, value, settled


Odds = Mapping[State, tuple[float, Completion]]
"""What facts may add, with its chance and values that do."""


def _changed(
    question: Question, sensitivity: Sensitivity, basis: Basis, odds: Odds, worth: Worth
) -> tuple[float, float]:
    changed, value = 0.0, 0.0
    for state, (share, completion) in odds.items():
        found = tier_of_state(basis, state, completion, lambda each: asked.rated(question, each))
        tier = _held(question, found)
        if tier != sensitivity.known.tier:
            changed += share
            value += share * worth.of_tiers(tier, sensitivity.known.tier)
    return changed, value


def _rest_settles(
    question: Question, basis: Basis, state: State, completion: Completion, rest: Sequence[Cells]
) -> bool:
    """Return whether the tier is settled once some facts are known."""
    if basis.is_learned:
        facts = question.groups.filled(basis.subject.facts, completion)
        ends = span(replace(basis, subject=replace(basis.subject, facts=facts)), rest)
        return _held(question, ends.low_tier) == _held(question, ends.high_tier)
    low, high = state, state
    for cells in rest:
        steps = [step_of(basis, cells, each.signature) for each in cells.cells]
        low = joined(basis, low, _each(min, steps))
        high = joined(basis, high, _each(max, steps))
    tiers = [
        _held(question, tier_of_state(basis, each, completion, lambda _: asked.rated(question)))
        for each in (low, high)
    ]
    return tiers[0] == tiers[1]


def _each(choose: Callable[[list[int]], int], steps: Sequence[State]) -> State:
    columns = zip(*steps, strict=True)
    return tuple(choose([each for each in column if isinstance(each, int)]) for column in columns)


def _deciding(basis: Basis, cells: Sequence[Cells]) -> int:
    """Return how many facts the tier hangs on."""
    return sum(
        len({step_of(basis, each, cell.signature) for cell in each.cells}) > 1 for each in cells
    )


def _held(question: Question, tier: Tier) -> Tier:
    return tier if question.held is None else min(question.held, tier)


def _odds(basis: Basis, cells: Sequence[Cells]) -> Odds:
    """Return the chance of what facts may add; the least likely are left out of too many."""
    most = _MOST_RANKINGS if basis.is_learned else _MOST_STATES
    odds: dict[State, tuple[float, Completion]] = {start_of(basis): (1.0, {})}
    for each in cells:
        after: dict[State, tuple[float, Completion]] = {}
        for cell in each.cells:
            if cell.share == 0.0:
                continue
            step = step_of(basis, each, cell.signature)
            for state, (share, completion) in odds.items():
                key = joined(basis, state, step)
                before, kept = after.get(key, (0.0, {**completion, each.fact: cell.value}))
                after[key] = (before + share * cell.share, kept)
        likely = sorted(after.items(), key=lambda item: -item[1][0])[:most]
        odds = dict(likely)
    return odds


def _owner_odds(
    question: Question, sensitivity: Sensitivity, own: Sequence[Cells], rest: Sequence[Cells]
) -> tuple[float, float]:
    """Return the chance that some facts change the owner, and that they settle who it is."""
    if Flip.OWNER not in sensitivity.flips:
        return 0.0, 1.0
    routing = [each for each in own if any(_routes(rule) for rule, _ in each.readers)]
    if not routing:
        return 0.0, 0.0
    others = any(_routes(rule) for each in rest for rule, _ in each.readers)
    scored, changed, seen = asked.rated(question), 0.0, 0.0
    odds = _rule_odds(routing)
    for share, values in sorted(odds.values(), key=lambda each: -each[0])[:_MOST_RANKINGS]:
        completion = dict(zip((each.fact for each in routing), values, strict=True))
        found = asked.owner(question, sensitivity.known.tier, scored, completion)
        seen += share
        changed += share * (found != sensitivity.known.owner_id)
    chance = changed / seen if seen else 0.0
    return chance, 0.0 if others else 1.0


def _rule_odds(routing: Sequence[Cells]) -> dict[RoutingState, tuple[float, tuple[Fact, ...]]]:
    """Return the chance of each territory and skill, with values that bring it about."""
    states: dict[RoutingState, tuple[float, tuple[Fact, ...]]] = {(0, ()): (1.0, ())}
    for each in routing:
        choices = _rules_of(each)
        shares: dict[RoutingState, float] = {}
        for cell in each.cells:
            key = _rules_in(each, cell)
            shares[key] = shares.get(key, 0.0) + cell.share
        after: dict[RoutingState, tuple[float, tuple[Fact, ...]]] = {}
        for (out, skills), (odds, values) in states.items():
            for (more, wanted), share in shares.items():
                key = (out | more, (*skills, *wanted))
                before, kept = after.get(key, (0.0, (*values, choices[more, wanted])))
                after[key] = (before + odds * share, kept)
        likely = sorted(after.items(), key=lambda each: -each[1][0])[:_MOST_STATES]
        states = {key: odds for key, odds in likely if odds[0] > 0.0}
    return states
