"""The quarterly review pack: what it asks, of whom, and that any text may stand in it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise

from leadfit import report
from leadfit.history import Notice, Step
from leadfit.learn.drift.result import (
    Blame,
    Delay,
    DriftFindings,
    IcpAge,
    MonthOfScore,
    NotedSegment,
    Segment,
    Spell,
    StepWatch,
    WinRateChange,
)
from leadfit.learn.result import Estimate
from leadfit.report.decisions import decisions
from unit.report.builders import HOSTILE
from unit.report.test_page import Outline

AS_OF = datetime(2026, 3, 31, tzinfo=UTC)


def calm(age_days: float = 30.0) -> DriftFindings:
    """Build findings in which nothing moved."""
    rate = Estimate(value=0.6, low=0.55, high=0.65)
    step = StepWatch(step=Step.ACCEPTED, evidence=3.0, highest=9.0, since_units=900)
    return DriftFindings(
        as_of=AS_OF,
        level="calm",
        words="The score tells leads apart as it did in the baseline.",
        score_name="score",
        joint=replace(step, step=None),
        steps=(step,),
        months=tuple(
            MonthOfScore(
                month=f"2025-{n:02d}",
                leads=300,
                psi=0.02,
                correlation=Estimate(value=0.3, low=0.2, high=0.4),
                latent=0.45,
                accepted=rate,
                matured=True,
            )
            for n in range(1, 13)
        ),
        win_rate=None,
        blame=(),
        segments=(),
        delays=(Delay(level="alarm", leads_a_month=300.0, sudden_months=2.2, ramp_months=None),),
        age=IcpAge(
            made_at=AS_OF - timedelta(days=age_days),
            age_days=age_days,
            first_evidence_at=None,
            lag_days=None,
            updated=False,
        ),
    )


def moved(text: str = "agency") -> DriftFindings:
    """Build findings in which everything moved."""
    since = AS_OF - timedelta(days=40)
    step = StepWatch(
        step=Step.ACCEPTED,
        evidence=1e25,
        highest=1e25,
        alarm_since=since,
        watches=(Spell(since=since - timedelta(days=9)),),
        likely_onset=since,
        since_units=900,
    )
    rate = Estimate(value=0.2, low=0.15, high=0.25)
    return replace(
        calm(400.0),
        level="alarm",
        words=f"The score no longer tells leads apart: {text}",
        score_name=text,
        joint=replace(step, step=None),
        steps=(step,),
        win_rate=WinRateChange(
            of="qualified",
            before=rate,
            now=rate,
            points=Estimate(value=-0.06, low=-0.1, high=-0.02),
            relative=-0.3,
            fired=True,
            words="Of qualified fewer were won.",
        ),
        blame=(
            Blame(part="lead_mix", points=Estimate(value=0.01, low=-0.01, high=0.02)),
            Blame(part="follow_up_speed", points=Estimate(value=-0.04, low=-0.07, high=-0.01)),
        ),
        segments=(
            Segment(
                fact=text,
                value=text,
                step=Step.ACCEPTED,
                units_before=900,
                units_now=300,
                before=0.7,
                now=0.3,
                expected=0.6,
                q_value=1e-9,
                words=f"{text}: 90 of 300 were accepted",
            ),
        ),
        noted=(
            NotedSegment(
                fact=text,
                value=text,
                customers=40,
                noted=12,
                elsewhere=0.02,
                reason=text,
                q_value=1e-5,
                words=f"{text}: trouble at 12 of 40",
            ),
        ),
        rebaselined_at=(since,),
        notices=(Notice(code="in_sample", field=None, message=text),),
    )


@cache
def outline(text: str) -> Outline:
    return Outline(report.review_page(moved(text)))


def test_a_calm_quarter_with_a_young_profile_asks_nothing() -> None:
    assert decisions(calm()) == ()
    assert "Nothing: no evidence" in Outline(report.review_page(calm())).words


def test_a_profile_older_than_a_quarter_is_due_even_in_calm() -> None:
    (one,) = decisions(calm(120.0))
    assert one.command == "leadfit learn"
    assert "120 days old" in one.because


def test_each_finding_is_put_to_those_who_can_do_something_about_it() -> None:
    asked = {each.question: each.who for each in decisions(moved())}
    assert asked == {
        "Learn the profile anew?": ("RevOps", "Sales", "Product"),
        "Go on with agency = agency as before?": ("Sales", "Product"),
        "Why does agency = agency not find value?": ("Product", "Customer success", "Sales"),
        "Is follow-up fast enough?": ("Sales",),
        "Is the new mix of leads here to stay?": ("Marketing", "RevOps"),
    }


def test_a_watch_asks_to_look_closer_and_not_to_learn_anew() -> None:
    (one,) = decisions(replace(calm(), level="watch"))
    assert one.question == "Wait, or look closer?"


def test_the_pack_leads_with_the_level_then_what_to_decide() -> None:
    found = outline("agency").words
    parts = ("The score no longer holds", "What to decide", "month by month", "Agreed")
    places = [found.index(part) for part in parts]
    assert places == sorted(places)
    assert "172 days" not in found
    assert "400 days ago" in found


def test_the_page_is_whole_points_nowhere_and_skips_no_heading() -> None:
    for text in ("agency", *HOSTILE):
        page = outline(text)
        assert page.open == []
        assert not page.tags & {"script", "img", "iframe", "link"}
        assert all(after - before <= 1 for before, after in pairwise(page.headings))
        assert len(page.ids) == len(set(page.ids))


def test_the_document_is_json_and_names_quarter_decisions_and_findings() -> None:
    told = report.review_document(moved(HOSTILE[0]))
    again = json.loads(json.dumps(told, allow_nan=False))
    assert again["quarter"] == {"from": "2025-12-30T00:00:00Z", "to": "2026-03-31T00:00:00Z"}
    assert again["decisions"][0]["command"] == "leadfit learn"
    assert again["findings"]["level"] == "alarm"


def test_what_cannot_be_judged_still_makes_a_pack() -> None:
    blank = replace(
        calm(), level="cannot_tell", joint=None, steps=(), months=(), delays=(), blame=()
    )
    assert "The score cannot be judged yet" in Outline(report.review_page(blank)).words
    assert decisions(blank)[0].who == ("RevOps",)
