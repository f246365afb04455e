"""What is saved by buying only what can change a decision, and whether any comes out otherwise.

Run ``python benchmarks/buy_proof.py [--full]``. Inbound leads with known truth lack facts
(:mod:`leadfit.testing.missing_facts`); two vendors sell what they know of nine in ten: facts of the
company for 1.00, title and domain of the person for 0.50. Each lead is decided four times, with the
same reps at the same loads:

* ``everything``: every call is made that may bring a missing fact;
* ``any_flip``: Leadfit's default, buying whatever can change the decision;
* ``worth_it``: an option, buying only where the chance of another decision is worth the price;
* ``near_a_cut``: the usual rule of thumb, everything for leads within five points of a cut.

Counted are calls, spend, and decisions (tier, owner, account) that differ from those of
``everything``. A decision that nothing can change any more has a certificate; under ``any_flip``
each is checked again: bounds made anew, byte for byte, and completions tried through score and
ranking.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from recording import asked_for_full, record

from leadfit.buying import MILLION, Offer
from leadfit.pipeline import InForce
from leadfit.pipeline import question as asked
from leadfit.pipeline.certificate import certify, check
from leadfit.pipeline.question import Question
from leadfit.pipeline.worth_buying import choices, is_worth_it, worth_buying
from leadfit.policy import Policy, load_starter
from leadfit.records import Tier
from leadfit.testing.builders import changed
from leadfit.testing.missing_facts import PlantedLead, planted_leads

SEED: Final = 20261122
POINTS: Final = 5.0
Decided = tuple[Tier, str | None, str | None]
"""Tier, owner and account."""


@dataclass(slots=True)
class Spent:
    """What one way of buying came to."""

    calls: int = 0
    money: int = 0
    certified: int = 0
    refuted: int = 0
    tried: int = 0
    differ: int = 0

    def pay(self, lead: PlantedLead, offer: Offer) -> None:
        """Count a call; one that brings nothing is free, as both vendors have it."""
        self.calls += 1
        self.money += offer.price if offer.vendor in lead.knows else offer.price_of_miss


def decided(question: Question) -> Decided:
    """Return the decision: tier, owner, account."""
    came = asked.answer(question)
    return came.tier, came.owner_id, question.lead.account_id


def buy_everything(lead: PlantedLead, spent: Spent) -> Question:
    """Make every call that may bring a missing fact."""
    question, done = lead.question, set[str]()
    while True:
        offers = [
            each
            for each in lead.offers(question)
            if each.vendor not in done and set(each.facts) & set(question.free)
        ]
        if not offers:
            return question
        done.add(offers[0].vendor)
        spent.pay(lead, offers[0])
        question = lead.answered(question, offers[0])


def buy_by_leadfit(lead: PlantedLead, spent: Spent) -> Question:
    """Buy by the policy's rule until nothing can change; check the certificate."""
    question, done = lead.question, set[str]()
    rules = question.policy.enrich
    while True:
        verdict = worth_buying(question)
        if verdict.is_settled:
            if rules.buy == "any_flip":
                found = check(question, certify(question, verdict), SEED)
                spent.certified += 1
                spent.refuted += not found.holds
                spent.tried += found.tried
            return question
        offers = [each for each in lead.offers(question) if each.vendor not in done]
        ranked = choices(question, verdict, offers, {})
        best = next((each for each in ranked if is_worth_it(rules, each)), None)
        if best is None:
            return question
        done.add(best.offer.vendor)
        spent.pay(lead, best.offer)
        question = lead.answered(question, best.offer)


def buy_near_a_cut(lead: PlantedLead, spent: Spent) -> Question:
    """Buy everything for a lead whose score is near a cut, nothing for others."""
    score, cuts = asked.rated(lead.question), lead.question.policy.score.cuts
    if score.model == "A":
        gaps = [score.total - cuts.a_tier_one, score.total - cuts.a_tier_two]
    else:
        gaps = [
            score.fit100 - cuts.b_fit,
            score.intent100 - cuts.b_tier_one,
            score.intent100 - cuts.b_tier_two,
        ]
    near = any(abs(gap) <= POINTS for gap in gaps)
    return buy_everything(lead, spent) if near else lead.question


def compared(policy: Policy, number: int) -> dict[str, object]:
    """Return what each way of buying came to under one policy."""
    ways: dict[str, tuple[Policy, Callable[[PlantedLead, Spent], Question]]] = {
        "everything": (policy, buy_everything),
        "any_flip": (changed(policy, "enrich.buy", "any_flip"), buy_by_leadfit),
        "worth_it": (changed(policy, "enrich.buy", "worth_it"), buy_by_leadfit),
        "near_a_cut": (policy, buy_near_a_cut),
    }
    truth: list[Decided] = []
    found: dict[str, Spent] = {}
    changing = 0
    for name, (rules, buy) in ways.items():
        spent = found[name] = Spent()
        for n, lead in enumerate(planted_leads(InForce(policy=rules), number, SEED)):
            came = decided(buy(lead, spent))
            if name == "everything":
                truth.append(came)
                changing += came != decided(lead.question)
            spent.differ += came != truth[n]
    whole = found["everything"].money
    return {
        "leads": number,
        "decision_changing": round(changing / number, 4),
        "tiers": dict(sorted(Counter(int(each[0]) for each in truth).items())),
    } | {
        name: {
            "calls": each.calls,
            "spend": each.money / MILLION,
            "saved": round(1 - each.money / whole, 4),
            "decisions_that_differ": each.differ,
            "certificates": each.certified,
            "certificates_refuted": each.refuted,
            "completions_tried": each.tried,
        }
        for name, each in found.items()
    }


def main() -> None:
    """Measure and record."""
    full = asked_for_full(__doc__)
    number = 10_000 if full else 500
    starter = load_starter()
    figures = {
        "model_b": compared(starter, number),
        "model_a": compared(changed(starter, "score.model", "A"), number // 10),
    }
    record("buy_proof", figures, full=full)


if __name__ == "__main__":
    main()
