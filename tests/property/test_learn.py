"""Invariants of learned artifacts and of what is learned from any history."""

from __future__ import annotations

import math
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from leadfit import learn
from leadfit.artifact import Artifact, Head, evaluate, from_json, to_json
from leadfit.canonical import document
from leadfit.history import Step
from leadfit.levels import ArtifactFact
from unit.learn.worlds import World, make

effects = st.floats(-4, 4, allow_nan=False)
facts_given = st.fixed_dictionaries(
    {},
    optional={
        "industry": st.one_of(st.none(), st.text(max_size=8), st.sampled_from(["saas", "retail"])),
        "size": st.one_of(
            st.none(), st.floats(), st.integers(), st.text(max_size=5), st.booleans()
        ),
    },
)


@st.composite
def artifacts(draw: st.DrawFn) -> Artifact:
    def head(step: str, given: str | None = None) -> Head:
        return Head(
            step=step,
            link=draw(st.sampled_from(["hazard", "logit"])),
            intercept=draw(st.floats(-6, 2)),
            coefficients=(
                (draw(effects), draw(effects), draw(effects), 0.0),
                (draw(effects), draw(effects), draw(effects), 0.0),
            ),
            given=given,
            weight=draw(st.floats(1, 100)),
        )

    low = draw(st.floats(0.01, 0.5))
    return Artifact(
        as_of="2026-01-01T00:00:00+00:00",
        learned_from="0",
        facts=(
            ArtifactFact(
                name="industry",
                levels=("saas", "retail", "(other)", "(blank)"),
                values=("saas", "retail"),
            ),
            ArtifactFact(name="size", levels=("a", "b", "c", "(blank)"), edges=(10.0, 100.0)),
        ),
        heads=(head("accepted"), head("converted"), head("expanded", "converted")),
        worth=(0.2, 2.0, 8.0),
        knots=((0.0, 0.0), (0.5, 20.0), (1.0, 50.0), (3.0, 90.0), (100.0, 100.0)),
        detractor=head("churned_after_use"),
        detractor_knots=((low, 0.0), (low + draw(st.floats(0.01, 0.4)), 1.0)),
        detractor_share=draw(st.floats(0, 1)),
        flag_at=draw(st.floats(0, 1)),
    )


@given(artifacts(), facts_given)
def test_reasons_always_sum_to_the_score(artifact: Artifact, facts: dict[str, str | float]) -> None:
    found = evaluate(artifact, facts)
    assert 0 <= found.score <= 100
    assert 0 <= found.detractor <= 1
    assert abs(math.fsum(r.points or 0.0 for r in found.reasons) - found.score) < 1e-9


@given(artifacts(), facts_given, st.floats(0, 5))
def test_more_detractor_evidence_never_raises_a_score(
    artifact: Artifact, facts: dict[str, str | float], more: float
) -> None:
    assert artifact.detractor is not None
    worse = replace(artifact.detractor, intercept=min(30.0, artifact.detractor.intercept + more))
    before, after = evaluate(artifact, facts), evaluate(replace(artifact, detractor=worse), facts)
    assert after.score <= before.score
    assert after.detractor >= before.detractor
    assert after.flagged >= before.flagged


@given(artifacts())
def test_an_artifact_survives_its_own_json(artifact: Artifact) -> None:
    assert from_json(to_json(artifact)) == artifact


@settings(max_examples=8, deadline=None)
@given(
    st.integers(0, 10_000),
    st.integers(0, 400),
    st.floats(0.0005, 0.2),
    st.floats(0.0005, 0.3),
    st.floats(0.0005, 0.3),
)
def test_any_history_gives_findings_without_nan_and_weights_in_order(
    seed: int, leads: int, convert: float, expand: float, churn: float
) -> None:
    made = make(
        World(
            seed=seed,
            leads=leads,
            facts=4,
            convert_rate=convert,
            expand_rate=expand,
            churn_rate=churn,
        )
    )
    found = learn.benchmark(made.history)
    assert document(found)
    order = [found.weights[step].value for step in Step if step is not Step.CHURNED_AFTER_USE]
    assert order == sorted(order)
    assert 0 <= found.detractor.low <= found.detractor.value <= found.detractor.high <= 1
    assert all(effect.low <= effect.effect <= effect.high for effect in found.effects)
