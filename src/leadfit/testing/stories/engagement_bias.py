"""Story 1: a score in which engagement outweighs fit sells fast to those who leave.

Small firms with two tools answer at once and ask for everything: twelve sessions and more in the
first week. They sign within four to six weeks, stop using the product by the third month, and are
gone within twelve. The naive way is Model A with engagement at 50 and fit at 30 points; Leadfit is
Model B, whose fit gate no engagement opens. Both are the real `score.rate`, on the same leads, with
the same luck and the same number of leads that reps can work.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from leadfit import score
from leadfit.history import FactColumn, History
from leadfit.jobs.past.placing import outlook_of
from leadfit.policy import Policy, load_starter
from leadfit.policy.scoring import (
    ActivityPoints,
    FactPart,
    PointBand,
    ScoreRules,
    TierCuts,
    Weights,
)
from leadfit.records import Activity, Fact, Kind, Score, Subject, Tier
from leadfit.testing.builders import changed
from leadfit.testing.stories.recorded import Noted, history_of
from leadfit.testing.stories.telling import Figure, Story, counted, paired, quantile_of
from leadfit.world import seeded

NAME: Final = "engagement-bias"
START: Final = datetime(2024, 1, 1, tzinfo=UTC)
DAY: Final = timedelta(days=1)
SALES_DAYS: Final = 365
WATCHED_DAYS: Final = 730
LEADS: Final = 3_000
WORKED_SHARE: Final = 0.16
"""Leads that reps can work, of those that come in a month."""
PER_LEAD: Final = 200.0
"""Money that a lead costs until it is there, and below what a rep costs who works it."""
PER_WORKED: Final = 2_500.0
MARGIN: Final = 0.8
MONTHS: Final = 24
FACTS: Final = (
    "employees", "tools", "technical_maturity", "job_to_be_done", "budget_confirmed", "industry",
    "country",
)  # fmt: skip
FIT_GATE: Final = TierCuts().b_fit
_VISITS = (Kind.PAGE_VIEW, Kind.PRICING_VIEW, Kind.DOCS_VIEW, Kind.CALCULATOR)
_READS = (Kind.CASE_STUDY_VIEW, Kind.COMPARISON_VIEW, Kind.CONTENT_DOWNLOAD)
_TOPICS = (Kind.INTENT_TOPIC, Kind.COMPETITOR_RESEARCH)


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A kind of firm.

    Attributes:
        win: Chance that it buys once a rep works it; ``eager`` is added where it is engaged.
        cycle_days: From the lead to the signature.
        arr: Money a year.
        leaves: Chance that it leaves within twelve months.
        uses_months: How long it uses the product where it leaves.
    """

    name: str
    share: float
    employees: tuple[int, int]
    tools: tuple[int, int]
    maturity: tuple[int, int]
    has_job: float
    eager: float
    win: float
    cycle_days: tuple[int, int]
    arr: tuple[int, int]
    leaves: float
    uses_months: tuple[float, float]


SEGMENTS: Final = (
    Segment(
        name="fast-yes", share=0.30, employees=(10, 30), tools=(2, 2), maturity=(1, 2),
        has_job=0.4, eager=0.9, win=0.34, cycle_days=(28, 42), arr=(16_000, 24_000), leaves=0.92,
        uses_months=(1.0, 3.0),
    ),
    Segment(
        name="middling", share=0.42, employees=(31, 199), tools=(3, 12), maturity=(1, 3),
        has_job=0.6, eager=0.25, win=0.16, cycle_days=(45, 80), arr=(18_000, 30_000), leaves=0.30,
        uses_months=(3.0, 9.0),
    ),
    Segment(
        name="fitting", share=0.28, employees=(200, 2_000), tools=(15, 40), maturity=(3, 5),
        has_job=0.9, eager=0.35, win=0.28, cycle_days=(50, 90), arr=(20_000, 40_000), leaves=0.12,
        uses_months=(5.0, 11.0),
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Firm:
    """A lead with what would become of it if a rep worked it."""

    number: int
    segment: Segment
    created: datetime
    facts: Mapping[str, Fact]
    activities: tuple[Activity, ...]
    wins: bool
    cycle_days: int
    arr: int
    leaves_after: float | None
    uses_months: float

    @property
    def lead_id(self) -> str:
        """Its id."""
        return f"lead_{self.number:05d}"


def firms(seed: int, leads: int) -> list[Firm]:
    """Return the planted world: firms in the order in which they come."""
    made = []
    for number in range(leads):
        unit = seeded("engagement bias", seed, number).random
        made.append(_firm(number, leads, unit()))
    return made


def _segment(draw: float) -> Segment:
    passed = 0.0
    for each in SEGMENTS:
        passed += each.share
        if draw < passed:
            return each
    return SEGMENTS[-1]


def _firm(number: int, leads: int, key: float) -> Firm:
    unit = seeded("firm", number, key).random
    segment = _segment(unit())

    def whole(ends: tuple[int, int]) -> int:
        return ends[0] + int((ends[1] - ends[0] + 1) * unit())

    created, eager = START + SALES_DAYS * DAY * (number / leads), unit() < segment.eager
    facts: dict[str, Fact] = {
        "employees": whole(segment.employees),
        "industry": ("software", "finance", "manufacturing", "logistics")[whole((0, 3))],
        "country": ("us", "gb", "de")[whole((0, 2))],
        "tools": whole(segment.tools),
        "technical_maturity": whole(segment.maturity),
        "job_to_be_done": "consolidate" if unit() < segment.has_job else "explore",
        "budget_confirmed": unit() < (0.8 if eager else 0.5),
        "title": "CEO" if segment.name == "fast-yes" else ("VP Sales", "Director")[whole((0, 1))],
    }
    sessions = whole((12, 16)) if eager else whole((1, 5))
    kinds = [*_VISITS, *_READS, *(_TOPICS if eager or unit() < 0.3 else ())]
    activities = [
        Activity(kind=kinds[whole((0, len(kinds) - 1))], at=created - 7 * DAY * unit())
        for _ in range(sessions)
    ]
    asks = Kind.DEMO_REQUEST if eager else Kind.FORM_FILL
    activities.append(Activity(kind=asks, at=created))
    leaves, low, high = unit() < segment.leaves, *segment.uses_months
    uses = low + unit() * (high - low)
    return Firm(
        number=number,
        segment=segment,
        created=created,
        facts=facts,
        activities=tuple(sorted(activities, key=lambda each: each.at)),
        wins=unit() < segment.win,
        cycle_days=whole(segment.cycle_days),
        arr=whole(segment.arr),
        # The use ends first; the contract is cancelled months later, within the year.
        leaves_after=max(6.0, uses + 3.0 + 2.0 * unit()) if leaves else None,
        uses_months=uses,
    )


def naive_policy() -> Policy:
    """Return Model A with engagement at 50 points and fit, of industry, size and place, at 30."""
    base = load_starter()
    weights = Weights(fit=30, engagement=50, intent=10, authority=10)
    fit = {name: _scaled(part, weights.fit / 40) for name, part in base.score.fit.items()}
    return _policy(base, "A", weights, fit)


def leadfit_policy() -> Policy:
    """Return Model B with the gates 70 and 60; fit is what the product needs of a customer."""
    return _policy(load_starter(), "B", Weights(), _constraints())


def _scaled(part: FactPart, scale: float) -> FactPart:
    """Return a part of fit that earns fewer points in the same proportions."""
    return FactPart(
        fact=part.fact,
        cap=part.cap * scale,
        values={value: points * scale for value, points in part.values.items()},
        bands=tuple(PointBand(min=each.min, points=each.points * scale) for each in part.bands),
        otherwise=part.otherwise * scale,
    )


def _policy(base: Policy, model: str, weights: Weights, fit: Mapping[str, FactPart]) -> Policy:
    scale = {"engagement": weights.engagement / 30, "intent": weights.intent / 20}
    rules = ScoreRules(
        model="A" if model == "A" else "B",
        weights=weights,
        cuts=TierCuts(),
        fit=fit,
        authority=base.score.authority,
        engagement={name: cap * scale["engagement"] for name, cap in base.score.engagement.items()},
        intent={name: cap * scale["intent"] for name, cap in base.score.intent.items()},
        activities={
            kind: ActivityPoints(
                part=each.part,
                points=each.points * scale[each.part.partition(".")[0]],
                half_life_days=each.half_life_days,
                also={
                    part: points * scale[part.partition(".")[0]]
                    for part, points in each.also.items()
                },
            )
            for kind, each in base.score.activities.items()
        },
    )
    return changed(changed(base, "score", rules), "plays", ())


def _constraints() -> dict[str, FactPart]:
    """Return the five facts of fit: size, integrations, maturity, job to be done, budget."""

    def bands(fact: str, cap: float, *steps: tuple[float, float]) -> FactPart:
        return FactPart(
            fact=fact,
            cap=cap,
            bands=tuple(PointBand(min=least, points=points) for least, points in steps),
        )

    return {
        "size": bands("employees", 14, (200, 14), (100, 7), (50, 3)),
        "integrations": bands("tools", 10, (15, 10), (8, 5), (4, 2)),
        "maturity": bands("technical_maturity", 8, (3, 8), (2, 4)),
        "job": FactPart(
            fact="job_to_be_done", cap=5, values={"consolidate": 5}, otherwise=1
        ),
        "budget": FactPart(fact="budget_confirmed", cap=3, yes=3),
    }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """What one way made of the leads: their scores, and which of them reps worked."""

    scores: Sequence[Score]
    worked: Sequence[bool]


def sell(world: Sequence[Firm], policy: Policy) -> Way:
    """Let reps work as many leads as they can each month, the best tier first; never Tier 3."""
    scores = [
        score.rate(
            Subject(facts=each.facts, activities=each.activities), None, policy, now=each.created
        )
        for each in world
    ]
    worked = [False] * len(world)
    months: dict[str, list[int]] = {}
    for place, each in enumerate(world):
        months.setdefault(f"{each.created:%Y-%m}", []).append(place)
    for places in months.values():
        wanted = [place for place in places if scores[place].tier is not Tier.THREE]
        wanted.sort(key=lambda place: (scores[place].tier, place))
        for place in wanted[: round(WORKED_SHARE * len(places))]:
            worked[place] = True
    return Way(scores=scores, worked=worked)


def history(world: Sequence[Firm], way: Way) -> History:
    """Return what the CRM recorded after two years of one way, with the tiers of that way."""
    events: list[Noted] = []
    for firm, worked, rated in zip(world, way.worked, way.scores, strict=True):
        events += [
            Noted(at=each.at, kind=each.kind.value, lead_id=firm.lead_id)
            for each in firm.activities
        ]
        if worked:
            events += _recorded(firm)
        elif rated.tier is not Tier.THREE:
            events.append(_event(firm, 14, "rejected"))
    return history_of(
        START + WATCHED_DAYS * DAY,
        {
            "lead_id": [each.lead_id for each in world],
            "created_at": [each.created for each in world],
            "tier": [str(int(each.tier)) for each in way.scores],
            "score": [each.total for each in way.scores],
            **{name: [each.facts[name] for each in world] for name in (*FACTS, "title")},
        },
        events,
        [
            FactColumn(name=name, table="leads", is_number=name in FACTS[:3])
            for name in (*FACTS, "title")
        ],
    )


def _event(
    firm: Firm, days: float, kind: str, amount: int | None = None, value: float | None = None
) -> Noted:
    at = firm.created + days * DAY
    return Noted(at=at, kind=kind, lead_id=firm.lead_id, amount=amount, value=value)


def _recorded(firm: Firm) -> list[Noted]:
    found = [_event(firm, 1, "accepted"), _event(firm, 2, "worked")]
    if not firm.wins:
        return [*found, _event(firm, firm.cycle_days, "lost")]
    won = float(firm.cycle_days)
    found += [
        _event(firm, won / 2, "qualified"),
        _event(firm, won, "converted", amount=firm.arr * 100),
    ]
    last = firm.uses_months if firm.leaves_after is not None else float(MONTHS)
    month = 0.0
    while month < last:
        found.append(_event(firm, won + 5 + 30.4 * month, "used", value=6.0))
        month += 1.0
    if firm.leaves_after is not None:
        found.append(_event(firm, won + 30.4 * firm.leaves_after, "churned"))
    return found


def story(seed: int, *, leads: int = LEADS) -> Story:
    """Replay the story.

    Args:
        seed: Of the world.
        leads: How many come within the year.
    """
    world = firms(seed, leads)
    ways = (sell(world, naive_policy()), sell(world, leadfit_policy()))
    return Story(
        name=NAME,
        seed=seed,
        title="Engagement bias: excitement is no fit",
        world=f"{leads} leads of a year: 30 % from firms of 10 to 30 people with two tools, "
        "who are eager, sign within six weeks and leave within a year; 28 % from firms that fit. "
        f"Reps can work {100 * WORKED_SHARE:.0f} % of the leads of a month, whichever way",
        naive="Model A with engagement at 50 and fit (industry, size, place) at 30 points of 100; "
        "Tier 1 from 75",
        leadfit="Model B: fit (size, integrations, maturity, job, budget) from 70 of 100, then "
        "intent from 60 of 100; no intent opens the gate of fit",
        figures=figures(world, ways, seed),
        found=found(world, ways[0]),
        notes=(
            (
                "Chances of winning and leaving, prices and costs of the planted firms are ours. "
                "The reported story (churn of 40 % falls to 12 %, payback of 14 months to 9) is a "
                "label of what is planted, not a result"
            ),
        ),
    )


def found(world: Sequence[Firm], way: Way) -> tuple[str, ...]:
    """Return what Leadfit says of the naive way from its records alone."""
    told = outlook_of(history(world, way), leadfit_policy())
    since = "" if told.bias.alarm_since is None else f", since {told.bias.alarm_since:%Y-%m-%d}"
    return (f"{told.bias.level.upper()}{since}: {told.bias.words}",)


def figures(world: Sequence[Firm], ways: tuple[Way, Way], seed: int) -> tuple[Figure, ...]:
    """Return the table."""
    naive, leadfit = (_sums(world, way, ways[1]) for way in ways)

    def of(name: str) -> tuple[Sequence[float], Sequence[float]]:
        return naive[name], leadfit[name]

    cycles = tuple(
        [float(f.cycle_days) for f, won in zip(world, side["won"], strict=True) if won]
        for side in (naive, leadfit)
    )
    stays = "CAC of a customer who stays 12 months"
    return (
        counted("leads that reps worked", "", sum(naive["worked"]), sum(leadfit["worked"])),
        paired("of them below the fit gate", "share", seed, of("below"), of("worked")),
        paired("customers", "", seed, of("won")),
        paired("new ARR", "money", seed, of("arr")),
        paired("ARR left after 12 months", "money", seed, of("kept arr")),
        paired("customers gone within 12 months", "share", seed, of("gone"), of("won")),
        paired("CAC", "money", seed, of("cost"), of("won")),
        paired(stays, "money", seed, of("cost"), of("stays")),
        paired("CAC payback", "months", seed, of("cost"), of("margin")),
        paired(f"LTV, {MONTHS} months", "money", seed, of("life"), of("won")),
        paired("LTV over CAC", "times", seed, of("life"), of("cost")),
        quantile_of("median sales cycle", "days", seed, (cycles[0], cycles[1]), 0.5),
    )


def _sums(world: Sequence[Firm], way: Way, gated: Way) -> dict[str, list[float]]:
    """Return what each lead adds to the figures of one way."""
    found: dict[str, list[float]] = {}
    for firm, worked, by_gates in zip(world, way.worked, gated.scores, strict=True):
        won, gone = worked and firm.wins, firm.leaves_after is not None
        months = MONTHS if firm.leaves_after is None else firm.leaves_after
        for name, value in (
            ("worked", worked),
            ("below", worked and by_gates.fit100 < FIT_GATE),
            ("won", won),
            ("gone", won and gone),
            ("stays", won and not gone),
            ("arr", won * firm.arr),
            ("kept arr", won * (not gone) * firm.arr),
            ("cost", PER_LEAD + PER_WORKED * worked),
            ("margin", won * firm.arr * MARGIN / 12),
            ("life", won * firm.arr * MARGIN / 12 * months),
        ):
            found.setdefault(name, []).append(float(value))
    return found
