"""The ladder as a chain, and the worth of an account that follows from it."""

from __future__ import annotations

import numpy as np
import pytest

from leadfit import learn
from leadfit.artifact import Artifact
from leadfit.history import Step
from leadfit.learn.facts import read_facts
from leadfit.learn.heads import score_rows
from leadfit.learn.ladder import climb
from leadfit.learn.past import Past, read_past
from leadfit.learn.risk_sets import risk_set
from leadfit.learn.rules import Rules
from unit.learn.drifting import Fading, fade
from unit.learn.worlds import World, make


@pytest.fixture(scope="module")
def past() -> Past:
    return read_past(
        make(World(seed=52, leads=2500, facts=6, expand={"f01": 0.8}, churn={"f03": 1.2})).history
    )


@pytest.fixture(scope="module")
def artifact(past: Past) -> Artifact:
    return learn.fit(past.history)


def test_a_link_watches_only_those_who_reached_the_step_before() -> None:
    past = read_past(fade(Fading(seed=41, leads=600)))
    ladder, rules = climb(past), Rules()
    found = risk_set(past, ladder, Step.CONVERTED, {Step.ACCEPTED: None}, rules, least=10)
    came = {int(past.account[row]) for row in np.flatnonzero(ladder.reached[Step.ACCEPTED])}
    assert found.given is Step.ACCEPTED
    assert found.watched.units > found.watched.events > 0
    assert set(found.watched.cluster.tolist()) <= came


def test_a_step_that_others_skip_is_watched_by_itself(past: Past) -> None:
    found = risk_set(past, climb(past), Step.CONVERTED, {Step.ACCEPTED: None}, Rules(), least=10)
    assert found.given is None
    assert found.watched.units > found.watched.events > 0


def test_the_average_lead_is_worth_one(past: Past, artifact: Artifact) -> None:
    scores, match = score_rows(artifact, read_facts(past, Rules()))
    points = scores / (1 - artifact.detractor_share * match)
    best, most = artifact.knots[-1]
    assert float((points / most * best)[: past.leads].mean()) == pytest.approx(1.0, abs=0.02)


def test_expansion_adds_to_a_win_and_steps_before_count_by_leading_to_it(
    artifact: Artifact,
) -> None:
    worth = dict(zip([head.step for head in artifact.heads], artifact.worth, strict=True))
    assert worth["expanded"] > 0
    assert worth["converted"] > 0
    assert {worth[step] for step in worth if step in {"accepted", "qualified"}} <= {0.0}
