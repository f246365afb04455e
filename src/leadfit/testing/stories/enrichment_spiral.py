"""Story 4: every inbound lead is enriched, whatever its decision hangs on.

Leads of a month come with some of their facts. The naive way buys what is missing for every one.
The Leadfit way asks the real `pipeline.worth_buying` whether anything unknown can change tier or
owner, and buys only then, what `choices` puts first. Both decide by the same stages; the decisions
must be the same for every lead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from leadfit.buying import MILLION, Offer, Whom
from leadfit.pipeline import InForce, question
from leadfit.pipeline.question import Placement, Question
from leadfit.pipeline.worth_buying import choices, worth_buying
from leadfit.policy import Policy
from leadfit.records import Activity, Fact, Facts, Kind, Lead, RepLoad, Subject
from leadfit.testing.stories.hourly_batch import policy_of
from leadfit.testing.stories.telling import Figure, Story, counted, paired
from leadfit.world import seeded

NAME: Final = "enrichment-spiral"
LEADS: Final = 2_000
PRICE: Final = 1.50
"""Money for a call that brings everything about a lead."""
START: Final = datetime(2026, 3, 2, 15, tzinfo=UTC)
FACTS: Final = ("industry", "employees", "country", "title", "budget_confirmed")
TOLD: Final = 0.35
"""How often a lead comes with a fact."""
_HOT = (Kind.PRICING_VIEW, Kind.CALCULATOR, Kind.INTENT_TOPIC, Kind.COMPETITOR_RESEARCH,
        Kind.COMPARISON_VIEW, Kind.DEMO_REQUEST) * 2  # fmt: skip
_INDUSTRIES = ("software", "finance", "manufacturing", "crafts", "farming")
_COUNTRIES = ("us", "gb", "de", "br")
_TITLES = ("VP Sales", "CEO", "Student", "Manager")


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """A lead with all that is true of it, and with what came along."""

    lead_id: str
    true: Facts
    told: Facts
    activities: tuple[Activity, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bought:
    """What became of a lead both ways.

    Attributes:
        whole: The decision with everything bought; ``own`` that of the Leadfit way.
        bare: The decision with nothing bought.
        calls: Calls of the naive way and of the Leadfit way.
    """

    whole: Placement
    own: Placement
    bare: Placement
    calls: tuple[int, int]


def arrivals(seed: int, leads: int) -> list[Arrived]:
    """Return the planted world."""
    made = []
    for number in range(leads):
        unit = seeded(NAME, seed, number).random
        true: dict[str, Fact] = {
            "industry": _INDUSTRIES[int(len(_INDUSTRIES) * unit())],
            "employees": (8, 60, 240, 700, 3_000)[int(5 * unit())],
            "country": _COUNTRIES[int(len(_COUNTRIES) * unit())],
            "title": _TITLES[int(len(_TITLES) * unit())],
            "budget_confirmed": unit() < 0.5,
        }
        told = {name: value for name, value in true.items() if unit() < TOLD}
        kinds = _HOT if unit() < 0.38 else (Kind.FORM_FILL, Kind.PAGE_VIEW)
        activities = tuple(Activity(kind=kind, at=START) for kind in kinds)
        made.append(
            Arrived(lead_id=f"lead_{number:05d}", true=true, told=told, activities=activities)
        )
    return made


def asked(each: Arrived, policy: Policy, known: Facts) -> Question:
    """Return the decision about a lead with these facts known."""
    return Question(
        subject=Subject(facts=known, activities=each.activities),
        lead=Lead(lead_id=each.lead_id, created_at=START, facts=known),
        accounts=(None,),
        loads=tuple(RepLoad(rep=rep) for rep in policy.reps),
        in_force=InForce(policy=policy),
        now=START,
        free=tuple(name for name in FACTS if name not in known),
    )


def buy(each: Arrived, policy: Policy) -> Bought:
    """Decide a lead both ways."""
    whole = question.answer(replace(asked(each, policy, each.true), free=()))
    bare = question.answer(asked(each, policy, each.told))
    known, calls = dict(each.told), 0
    while True:
        open_question = asked(each, policy, known)
        verdict = worth_buying(open_question)
        if verdict.is_settled:
            break
        offer = Offer(
            vendor="any",
            whom=Whom(kind="company", key=each.lead_id),
            facts=tuple(sorted(open_question.free)),
            price=round(PRICE * MILLION),
        )
        found = choices(open_question, verdict, (offer,), {})
        if not found:
            break
        calls += 1
        known |= {name: each.true[name] for name in found[0].offer.facts}
    own = question.answer(asked(each, policy, known))
    return Bought(whole=whole, own=own, bare=bare, calls=(int(len(each.told) < len(FACTS)), calls))


def story(seed: int, *, leads: int = LEADS) -> Story:
    """Replay the story.

    Args:
        seed: Of the world.
        leads: How many come within the month.
    """
    policy = policy_of()
    made = [buy(each, policy) for each in arrivals(seed, leads)]
    changed = sum(each.bare != each.whole for each in made)
    return Story(
        name=NAME,
        seed=seed,
        title="Enrichment spiral: buying what decides nothing",
        world=f"{leads} inbound leads, each with about {100 * TOLD:.0f} % of five facts; a call "
        f"for the rest costs {PRICE:.2f}. Bought facts change the decision of {changed} of them "
        f"({100 * changed / leads:.0f} %)",
        naive="buys what is missing for every lead",
        leadfit="buys where `worth_buying` says that an unknown fact can change tier or owner",
        figures=figures(made, seed),
        notes=(
            (
                "Leadfit buys for more leads than change in the end: what a fact is shows only "
                "once it is bought. Where nothing can change that is proved, over every value"
            ),
            (
                "The reported story (8,400 of 12,000 calls a month in vain, spend down 65 %) is a "
                "label; what falls away hangs on how many leads are decided by what they bring"
            ),
        ),
    )


def figures(made: Sequence[Bought], seed: int) -> tuple[Figure, ...]:
    """Return the table."""
    calls = ([float(each.calls[0]) for each in made], [float(each.calls[1]) for each in made])
    spend = ([PRICE * each for each in calls[0]], [PRICE * each for each in calls[1]])
    every = [1.0] * len(made)
    vain = tuple(
        [number * float(each.bare == each.whole) for number, each in zip(side, made, strict=True)]
        for side in calls
    )
    differ = float(sum(each.own != each.whole for each in made))
    return (
        paired("calls", "", seed, calls),
        paired("spend", "money", seed, spend),
        paired("spend a lead", "times", seed, spend, (every, every)),
        paired("calls that changed nothing", "share", seed, (vain[0], vain[1]), calls),
        counted("decisions other than with everything bought", "", 0.0, differ),
    )
