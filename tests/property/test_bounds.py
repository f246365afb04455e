"""No value of an unknown fact ever leaves the bounds, and no certificate ever lies."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from hypothesis import given, settings
from hypothesis import strategies as st

from leadfit.artifact import Artifact, Head
from leadfit.levels import ArtifactFact
from leadfit.pipeline import InForce
from leadfit.pipeline import question as asked
from leadfit.pipeline.certificate import certify, check
from leadfit.pipeline.question import Question
from leadfit.pipeline.worth_buying import worth_buying
from leadfit.policy import Policy, Territory, load_starter
from leadfit.policy.routing import SkillRule
from leadfit.policy.scoring import FactPart, Less, PointBand, WordPoints
from leadfit.propensity import HoldOut, Measured, PropensityModel
from leadfit.records import Activity, Fact, Kind, Lead, RepLoad, Subject, Tier
from leadfit.score.cells import Cells, admitted
from leadfit.testing.builders import NOW, changed, rep

FACTS = ("industry", "employees", "country", "title", "product", "state", "budget_confirmed")
TEXTS = ("software", "saas", "banking", "us", "de", "ca", "api", "vp sales", "vice president", "x")
KINDS = (Kind.DEMO_REQUEST, Kind.PRICING_VIEW, Kind.CALCULATOR, Kind.INTENT_TOPIC, Kind.BLOG_VIEW)
Component = Literal["fit", "engagement", "intent", "authority"]
COMPONENTS: tuple[Component, ...] = ("fit", "engagement", "intent", "authority")
HALF = st.integers(0, 40).map(lambda n: n / 2)
NAMES = st.sampled_from(TEXTS)
SIZES = st.sampled_from((10.0, 50.0, 200.5, 1000.0))


@st.composite
def parts(draw: st.DrawFn, cap: float) -> dict[str, FactPart]:
    """Draw parts that may look at the same fact, whose caps sum to what they must."""
    found = {}
    number = draw(st.integers(1, 3))
    for n in range(number):
        way = draw(st.sampled_from(("values", "bands", "words", "yes")))
        fact = draw(st.sampled_from(FACTS))
        made: dict[str, object] = {"fact": fact, "cap": cap / number, "otherwise": draw(HALF)}
        if way == "values":
            made["values"] = draw(st.dictionaries(NAMES, HALF, min_size=1, max_size=3))
        elif way == "bands":
            bands = draw(st.lists(st.tuples(SIZES, HALF), min_size=1, max_size=3))
            made["bands"] = tuple(PointBand(min=size, points=points) for size, points in bands)
        elif way == "words":
            words = draw(st.lists(st.tuples(NAMES, HALF), min_size=1, max_size=3))
            made["words"] = tuple(WordPoints(any=(word,), points=each) for word, each in words)
        else:
            made["yes"] = draw(HALF)
        found[f"part{n}"] = FactPart(**made)  # type: ignore[arg-type] # drawn by name
    return found


@st.composite
def less(draw: st.DrawFn) -> dict[str, Less]:
    """Draw what takes points away."""
    component: st.SearchStrategy[Component] = st.sampled_from(COMPONENTS)
    return {
        f"less{n}": Less(
            component=draw(component),
            points=draw(st.sampled_from((3.0, 12.5, 40.0))),
            fact=draw(st.sampled_from(FACTS)),
            values=(draw(NAMES),),
        )
        for n in range(draw(st.integers(0, 2)))
    }


@st.composite
def rules(draw: st.DrawFn) -> Policy:
    """Draw a policy: parts, cuts, negatives, territories, skills, model and source of fit."""
    policy = load_starter()
    for path, value in (
        ("score.model", draw(st.sampled_from(("A", "B", "C")))),
        ("score.fit_source", draw(st.sampled_from(("facts", "facts", "icp")))),
        ("score.firmographic", draw(st.sampled_from(("shown", "needed")))),
        ("score.fit", draw(parts(40))),
        ("score.authority", draw(parts(10))),
        ("score.less", draw(less())),
        ("score.cuts.b_fit", draw(st.sampled_from((20.0, 50.0, 70.0)))),
        ("score.cuts.b_icp", draw(st.sampled_from((20.0, 50.0)))),
        ("score.cuts.a_tier_one", draw(st.sampled_from((40.0, 60.0)))),
        ("score.cuts.a_tier_two", draw(st.sampled_from((20.0, 35.0)))),
        ("detractor.tier_three", draw(st.booleans())),
        ("route.skills", _skills(draw)),
        ("territories", tuple(draw(st.lists(rows(), max_size=3)))),
        ("reps", _reps()),
    ):
        policy = changed(policy, path, value)
    return policy


def _skills(draw: st.DrawFn) -> tuple[SkillRule, ...]:
    drawn = draw(st.lists(st.tuples(st.sampled_from(FACTS), NAMES), max_size=2))
    return tuple(SkillRule(skill="technical", fact=fact, values=(name,)) for fact, name in drawn)


def _reps() -> tuple[object, ...]:
    return (
        rep("rep_a", territories=frozenset({"one"})),
        rep("rep_b", territories=frozenset({"two"})),
        rep("rep_c", skills=frozenset({"technical"})),
        rep("rep_d"),
    )


@st.composite
def rows(draw: st.DrawFn) -> Territory:
    """Draw a row of the territories."""
    values = draw(st.dictionaries(st.sampled_from(("country", "state", "industry")), NAMES))
    least = draw(st.one_of(st.none(), SIZES))
    return Territory(
        name=draw(st.sampled_from(("one", "two"))),
        values={fact: frozenset({value}) for fact, value in values.items()},
        least={} if least is None else {"employees": least},
        most={},
    )


WEIGHTS = st.sampled_from((-1.5, -0.2, 0.0, 0.4, 2.0))
LEVELS = (
    ArtifactFact(
        name="industry",
        levels=("software", "(other)", "(blank)"),
        values=("software", "(other)", "(blank)"),
    ),
    ArtifactFact(name="employees", levels=("<= 50", "> 50", "(blank)"), edges=(50.0,)),
)


@st.composite
def learned(draw: st.DrawFn) -> Artifact:
    """Draw a learned score with its flag, and a chance of a win that looks at it."""

    def head(step: str, given_step: str | None = None) -> Head:
        return Head(
            step=step,
            link=draw(st.sampled_from(("hazard", "logit"))),
            intercept=draw(WEIGHTS) - 1,
            coefficients=tuple(tuple(draw(WEIGHTS) for _ in each.levels) for each in LEVELS),
            given=given_step,
        )

    hold_out = HoldOut(
        since="2025-01-01", leads=1, wins=0, ece=0.0, auc=0.5, brier=0.1, brier_of_rate=0.1,
        reliability=(), cuts=(),
    )  # fmt: skip
    chance = PropensityModel(
        as_of="2026-01-01",
        window_days=90,
        half_life_days=14,
        intercept=draw(WEIGHTS) - 1,
        facts=LEVELS,
        weights=tuple(tuple(draw(WEIGHTS) for _ in each.levels) for each in LEVELS),
        measured=(Measured(name="icp_score", mean=20.0, scale=10.0, weight=draw(WEIGHTS)),),
        calibration=(0.1, 1.1),
        hold_out=hold_out,
    )
    return Artifact(
        as_of="2026-01-01",
        learned_from="0" * 64,
        facts=LEVELS,
        heads=(head("accepted"), head("converted", "accepted")),
        worth=(0.3, 2.0),
        knots=((0.0, 0.0), (0.5, 30.0), (2.0, 100.0)),
        detractor=head("churned"),
        flag_at=0.3,
        notes={"flag.precision_low": 0.5},
        propensity=draw(st.one_of(st.none(), st.just(chance))),
    )


@st.composite
def questions(draw: st.DrawFn) -> Question:
    """Draw a decision with unknown facts."""
    policy = draw(rules())
    free = draw(st.lists(st.sampled_from(FACTS), min_size=1, max_size=4, unique=True))
    known: dict[str, Fact] = {
        fact: draw(values()) for fact in FACTS if fact not in free and draw(st.booleans())
    }
    done = draw(st.lists(st.sampled_from(KINDS), max_size=6))
    ages = draw(st.integers(0, 30))
    return Question(
        subject=Subject(
            facts=known,
            activities=tuple(Activity(kind=kind, at=NOW - timedelta(days=ages)) for kind in done),
        ),
        lead=Lead(lead_id="lead_1", created_at=NOW),
        accounts=(None,),
        loads=tuple(RepLoad(rep=each) for each in policy.reps),
        in_force=InForce(policy=policy, artifact=draw(st.one_of(st.none(), learned()))),
        now=NOW,
        held=draw(st.sampled_from((None, None, Tier.TWO))),
        free=tuple(sorted(free)),
    )


def values() -> st.SearchStrategy[Fact]:
    """Draw any value that a fact may have."""
    return st.one_of(
        NAMES,
        st.sampled_from(("yes", "no", "VP  Sales", "Head of api", "unknown", " SaaS ", "1,000")),
        st.floats(-1e6, 1e6),
        st.integers(-5, 5000),
        SIZES,
        st.text(alphabet="abcxyz -", min_size=1, max_size=12),
    )


@st.composite
def completed(draw: st.DrawFn, question: Question) -> dict[str, Fact]:
    """Draw a completion by admissible values."""
    found: dict[str, Fact] = {}
    for fact in question.free:
        value = draw(st.one_of(st.none(), values()))
        found[fact] = None if value is None else admitted(fact, value, question.policy)
    return found


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_completion_ever_leaves_the_bounds(data: st.DataObject) -> None:
    question = data.draw(questions())
    verdict = worth_buying(question)
    numbers = verdict.bounds.span.numbers
    for _ in range(5):
        completion = data.draw(completed(question))
        score = asked.rated(question, completion)
        assert score.tier in verdict.bounds.tiers
        for name in ("engagement", "intent", "authority"):
            low, high = numbers[name]
            assert low - 1e-9 <= getattr(score, name) <= high + 1e-9
        if question.policy.score.fit_source == "facts":
            assert numbers["fit"][0] - 1e-9 <= score.fit <= numbers["fit"][1] + 1e-9
        if "icp" in numbers and score.icp is not None:
            assert numbers["icp"][0] <= score.icp.score <= numbers["icp"][1]
            low, high = numbers["detractor"]
            assert low <= score.icp.detractor <= high
        if score.model == "C":
            low, high = numbers["chance"]
            assert low - 1e-9 <= score.total / 100 <= high + 1e-9


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_certificate_never_lies(data: st.DataObject) -> None:
    question = data.draw(questions())
    verdict = worth_buying(question)
    for _ in range(5):
        came = asked.answer(question, data.draw(completed(question)))
        if verdict.is_settled:
            assert came == verdict.known
        assert came.owner_id in verdict.owners or came.tier != verdict.known.tier
    if verdict.is_settled:
        assert check(question, certify(question, verdict)).holds


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_every_tier_of_exact_bounds_is_reached(data: st.DataObject) -> None:
    question = data.draw(questions())
    verdict = worth_buying(question)
    if not verdict.bounds.is_exact or len(verdict.cells) > 2:
        return
    first, second = (*verdict.cells, None, None)[:2]
    reached = {
        asked.rated(question, {**one, **other}).tier
        for one in _each(first)
        for other in _each(second)
    }
    assert reached == set(verdict.bounds.tiers)


def _each(cells: object) -> list[dict[str, Fact]]:
    if not isinstance(cells, Cells):
        return [{}]
    return [{cells.fact: cell.value} for cell in cells.cells]
