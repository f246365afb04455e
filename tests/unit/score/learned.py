"""Small learned models, made by hand."""

from __future__ import annotations

from dataclasses import replace

from leadfit.artifact import Artifact, Head
from leadfit.levels import ArtifactFact
from leadfit.propensity import Channel, HoldOut, Measured, PropensityModel

INDUSTRY = ArtifactFact(name="Industry", levels=("software", "(other)"), values=("software",))
SIZE = ArtifactFact(name="Employees", levels=("<= 99", "> 99", "(blank)"), edges=(99.0,))
CHANCE = PropensityModel(
    as_of="2026-01-01T00:00:00+00:00",
    window_days=90,
    half_life_days=14,
    intercept=-2.0,
    facts=(INDUSTRY, SIZE),
    weights=((0.8, -0.4), (-0.3, 0.4, 0.0)),
    measured=(
        Measured(name="web_visits", mean=0.5, scale=0.7, weight=0.6),
        Measured(name="demo_requests", mean=0.1, scale=0.3, weight=0.5),
        Measured(name="intent_topic", mean=0.2, scale=0.4, weight=0.3),
        Measured(name="channel_win_rate", mean=0.1, scale=0.05, weight=0.2),
        Measured(name="icp_score", mean=40.0, scale=20.0, weight=0.4),
    ),
    calibration=(0.1, 0.9),
    hold_out=HoldOut(
        since="2025-10-01",
        leads=100,
        wins=10,
        ece=0.02,
        auc=0.7,
        brier=0.08,
        brier_of_rate=0.09,
        reliability=(),
        cuts=(),
    ),
    months=24.0,
    channels=(
        Channel(name="web-form", win_rate=0.15, cycle_log_days=3.0, deal_log_size=9.0),
        Channel(name="", win_rate=0.08, cycle_log_days=3.5, deal_log_size=9.5),
    ),
)
LEARNED = Artifact(
    as_of="2026-01-01T00:00:00+00:00",
    learned_from="0" * 64,
    facts=(INDUSTRY, SIZE),
    heads=(
        Head(
            step="converted",
            link="logit",
            intercept=-1.0,
            coefficients=((0.9, -0.9), (-0.5, 0.5, 0.0)),
            weight=58.0,
        ),
    ),
    worth=(4.0,),
    knots=((0.0, 0.0), (3.0, 100.0)),
    detractor=Head(
        step="churned_after_use",
        link="logit",
        intercept=-3.0,
        coefficients=((-1.0, 1.0), (0.0, 0.0, 3.0)),
    ),
    detractor_knots=((0.1, 0.0), (0.6, 1.0)),
)
"""Without Model C. An unknown size in another industry is flagged."""
WITH_C = replace(LEARNED, propensity=CHANCE)
