"""Scoring many rows at once gives the bytes of live scoring, whatever the artifact and the rows."""

from __future__ import annotations

from random import Random  # noqa: TID251 -- the class alone

import numpy as np
import pytest

from leadfit.artifact import Artifact, Head, evaluate
from leadfit.jobs.lists.kernel import Figures, Kernel
from leadfit.jobs.lists.reasons import Reasons
from leadfit.jobs.lists.scoring import FactScorer, RowScorer, reasons_json
from leadfit.levels import ArtifactFact
from leadfit.records import Facts, IcpScore, Reason
from leadfit.world import seeded

WORDS = ("alpha", "beta", "gamma", "delta")


def fact(dice: Random, number: int) -> ArtifactFact:
    name = f"fact_{number}" if dice.random() < 0.7 else f"Accounts.Größe {number}"
    ends = ("(other)", "(blank)") if dice.random() < 0.8 else ()
    if dice.random() < 0.4:
        edges = tuple(sorted({round(dice.uniform(0, 500), 1) for _ in range(dice.randint(1, 4))}))
        labels = tuple(f"bin {n}" for n in range(len(edges) + 1))
        return ArtifactFact(name=name, levels=(*labels, *ends[1:]), edges=edges)
    values = WORDS[: dice.randint(1, 4)]
    return ArtifactFact(name=name, levels=(*values, *ends), values=values)


def head(
    dice: Random, facts: tuple[ArtifactFact, ...], step: str, given: str | None = None
) -> Head:
    size = dice.choice((0.0, 0.02, 0.6, 3.0))
    return Head(
        step=step,
        link=dice.choice(("hazard", "logit")),
        intercept=round(dice.uniform(-4, 1), 6),
        coefficients=tuple(
            tuple(round(dice.gauss(0, size), 6) for _ in each.levels) for each in facts
        ),
        given=given,
    )


def artifact(dice: Random) -> Artifact:
    facts = tuple(fact(dice, number) for number in range(dice.randint(1, 14)))
    steps = ["accepted", "qualified", "converted", "expanded"][: dice.randint(1, 4)]
    heads = tuple(
        head(dice, facts, step, steps[n - 1] if n and dice.random() < 0.5 else None)
        for n, step in enumerate(steps)
    )
    has_detractor = dice.random() < 0.8
    return Artifact(
        as_of="2026-01-01T00:00:00+00:00",
        learned_from="dice",
        facts=facts,
        heads=heads,
        worth=tuple(round(dice.uniform(0.1, 3), 6) for _ in heads),
        knots=((0.0, 0.0), (0.4, 35.0), (1.0, 50.0), (2.5, 90.0), (6.0, 100.0)),
        detractor=head(dice, facts, "churned_after_use") if has_detractor else None,
        detractor_knots=((0.05, 0.0), (0.3, 0.6), (0.8, 1.0)),
        detractor_share=round(dice.uniform(0, 1), 6),
        flag_at=round(dice.uniform(0, 0.9), 6),
    )


def cell(dice: Random, each: ArtifactFact) -> str:
    if dice.random() < 0.15:
        return dice.choice(("", " ", "n/a", "Select", "=cmd()", "unheard of"))
    if each.edges:
        return dice.choice((str(dice.randint(0, 600)), "12.5", "1e3", "many", str(each.edges[0])))
    return dice.choice((*WORDS, " ALPHA "))


@pytest.mark.parametrize("seed", range(40))
def test_rows_scored_at_once_are_those_of_the_live_kernel_byte_for_byte(seed: int) -> None:
    dice = seeded("bulk", seed)
    model = artifact(dice)
    held = [each for each in model.facts if dice.random() < 0.9]
    names = [each.name for each in held]
    rows = [[f"a{n}", *(cell(dice, each) for each in held)] for n in range(150)]
    rows += [["blank", *("" for _ in held)]]
    at_once = RowScorer(model, names).score(rows)
    one_by_one = RowScorer(model, names, many_at_once=False).score(rows)
    assert at_once == one_by_one


@pytest.mark.parametrize("seed", range(40, 60))
def test_figures_at_once_are_within_a_billionth_of_live_scoring(seed: int) -> None:
    dice = seeded("bulk", seed)
    model = artifact(dice)
    told: list[Facts] = [{each.name: cell(dice, each) for each in model.facts} for _ in range(150)]
    places = np.array([[each.level_of(facts[each.name]) for each in model.facts] for facts in told])
    found = Kernel(model).figures(places)
    for facts, score, match, unsure in zip(
        told, found.score, found.detractor, found.unsure, strict=True
    ):
        live = evaluate(model, facts)
        # Those that are unsure are a digit off at the most; the list leaves them to live scoring.
        tolerance = 1e-9 if not unsure else 1.1e-6
        assert abs(live.score - score) <= tolerance
        assert abs(live.detractor - match) <= tolerance
    assert found.unsure.mean() < 0.2
    for facts, figures in zip(told, FactScorer(model).score(told), strict=True):
        live = evaluate(model, facts)
        assert (figures.score, figures.detractor) == (live.score, live.detractor)
        assert figures.flagged is live.flagged


def test_half_a_cent_and_less_than_nothing_are_written_as_python_rounds_them() -> None:
    size = ArtifactFact(name="size", levels=("small", "(blank)"), values=("small",))
    model = Artifact(
        as_of="2026-01-01T00:00:00+00:00",
        learned_from="test",
        facts=(size,),
        heads=(Head(step="won", link="logit", intercept=0.0, coefficients=((0.1, 0.0),)),),
        worth=(1.0,),
        knots=((0.0, 0.0), (1.0, 100.0)),
    )
    halves = [n / 100 + 0.005 for n in range(-300, 300)]
    points = np.array([round(each, 6) for each in (*halves, -0.002, 0.002, -0.0, 0.0, 123.455)])
    scores = np.array([round(40.125 + n / 1_000, 6) for n in range(len(points))])
    nothing = np.zeros(len(points))
    found = Figures(
        score=scores, detractor=nothing, points=points[:, None], lost=nothing, unsure=nothing > 0
    )
    told = Reasons(model).of(np.zeros((len(points), 1), dtype=np.int64), found)
    for text, score, added in zip(told, scores.tolist(), points.tolist(), strict=True):
        base = Reason(rule="icp.average", words="points of an average account", points=score)
        reasons = [base]
        if added:
            base = Reason(rule=base.rule, words=base.words, points=round(score - added, 6))
            reasons = [base, Reason(rule="icp.size", words="size is small", points=added)]
        live = IcpScore(
            score=score, detractor=0.0, flagged=False, artifact_digest="", reasons=tuple(reasons)
        )
        assert text == reasons_json(live, model.flag_at)
