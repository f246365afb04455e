"""Benchmarks a test can shape: supported, null, thin, huge, hostile."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from leadfit.history import Notice, Step
from leadfit.learn.result import (
    Benchmark,
    Chosen,
    Claim,
    Cohort,
    CurrentIcp,
    Curve,
    CurvePoint,
    Effect,
    Estimate,
    FactShift,
    Finding,
    Funnel,
    FunnelMonth,
    Judgement,
    Money,
    OftenTold,
    Presence,
    ProfileRow,
    SeasonMonth,
    Series,
    StaticFindings,
    Verdict,
    Weight,
    YearsApart,
)

HOSTILE = (
    "<script>alert(1)</script>",
    "\"quoted\" & 'single' </style><img src=x onerror=alert(1)>",
    "שלום עולם \u202egnp.exe",
    "emoji 🦄🏳️‍🌈 family 👩‍👩‍👧",
    "x" * 10_000,
    "nul\x00 and bell\x07",
    "{{ 7 * 7 }} {% raw %}",
)


def effect(number: int = 0, *, fact: str = "industry", value: str = "software") -> Effect:
    size = 0.09 - 0.011 * number
    claims = list(Claim)
    return Effect(
        fact=fact,
        value=value,
        outcome=Step.EXPANDED if number % 2 == 0 else Step.CHURNED_AFTER_USE,
        effect=size,
        low=size - 0.03,
        high=size + 0.03,
        q_value=min(1.0, 0.0004 * (number + 1) ** 3),
        robustness=max(0.0, 0.21 - 0.02 * number),
        claim=claims[min(number // 3, 3)],
        shrunk=size * 0.8,
        units=900 - number,
        events=140 - number,
    )


def row(number: int = 0, *, fact: str = "industry", value: str = "software") -> ProfileRow:
    return ProfileRow(
        fact=fact,
        value=value,
        points=14.0 - number,
        why=f"Expands {9 - 0.3 * number:.1f} points more often within 12 months (5.2 to 12.8).",
        grade=list(Claim)[min(number // 2, 3)],
    )


FACTS = (
    ("industry", "software"),
    ("employees", "50 to 250"),
    ("cloud", "aws"),
    ("onboarding_days", "0 to 14"),
    ("country", "DE"),
    ("crm", "hubspot"),
    ("funding_stage", "series b"),
    ("has_data_team", "yes"),
)


def chosen(accounts: int, times: float) -> Chosen:
    return Chosen(
        accounts=accounts,
        revenue_per_account=Estimate(value=412_000.4 * times, low=640_000, high=1_200_000),
        revenue_ratio=Estimate(value=times, low=times * 0.8, high=times * 1.25),
        fail_acceptance_90d=Estimate(value=0.21, low=0.19, high=0.23),
        detractors_inside=40,
        detractors_inside_share=Estimate(value=0.032, low=0.02, high=0.05),
        detractors_of_customers=Estimate(value=0.12, low=0.08, high=0.17),
    )


def supported() -> Benchmark:
    """20,000 leads, everything recorded, a profile in use that has drifted."""
    return Benchmark(
        as_of=datetime(2026, 6, 30, tzinfo=UTC),
        unit="lead",
        sources=dict.fromkeys(Step, Presence.PRESENT) | {Step.EXPANDED: Presence.PARTIAL},
        funnel=Funnel(
            leads=20_000,
            accepted=9_120,
            qualified=5_300,
            converted=1_800,
            expanded=640,
            churned_after_use=211,
        ),
        verdict=Verdict.ICP_SUPPORTED,
        verdict_outcome=Step.EXPANDED,
        verdict_words="7 of 96 effects on expansion pass at a 5 % false discovery rate.",
        detectable=0.031,
        customers_needed=None,
        money=Money(
            currency="EUR",
            open_pipeline=412_345_600,
            open_deals=212,
            recent_revenue=98_000_000,
            detractor_spend=6_120_000,
            detractor_share=0.14,
        ),
        current_icp=CurrentIcp(
            judgement=Judgement.DRIFTED,
            words="Tier 1 leads used to win 9.1 points more often; in the newer half 1.2.",
            judged="tier",
            outcome=Step.CONVERTED,
            lift=Estimate(value=0.051, low=0.03, high=0.072),
            lift_before=Estimate(value=0.091, low=0.06, high=0.122),
            lift_now=Estimate(value=0.012, low=-0.019, high=0.043),
        ),
        effects=tuple(effect(n, fact=FACTS[n % 8][0], value=FACTS[n % 8][1]) for n in range(16)),
        weights={
            Step.ACCEPTED: Weight(value=21.0, low=18.0, high=24.5, prior=22),
            Step.QUALIFIED: Weight(value=37.0, low=33.0, high=41.0, prior=38),
            Step.CONVERTED: Weight(value=61.0, low=56.0, high=66.0, prior=58),
            Step.EXPANDED: Weight(value=100.0, low=100.0, high=100.0, prior=100),
        },
        detractor=Weight(value=0.71, low=0.6, high=0.8, prior=0.75),
        profile=tuple(row(n, fact=FACTS[n][0], value=FACTS[n][1]) for n in range(8)),
        detractor_profile=tuple(
            replace(row(n, fact=f, value=v), points=-9.0 + n)
            for n, (f, v) in enumerate((("industry", "agency"), ("employees", "1 to 5")))
        ),
        static_icp=StaticFindings(
            accounts_called_ideal=1_240,
            fail_acceptance_90d=Estimate(value=0.41, low=0.38, high=0.44),
            revenue_per_account=Estimate(value=412_000, low=350_000, high=470_000),
            learned_revenue_per_account=Estimate(value=733_000, low=640_000, high=820_000),
            detractors_inside=63,
            name="tier",
            detractors_inside_share=Estimate(value=0.0508, low=0.04, high=0.0645),
            detractors_of_customers=Estimate(value=0.21, low=0.17, high=0.26),
            scored_how="Each account is scored by a model that was learned without it.",
            same_number=chosen(1_240, 1.78),
            top_decile=chosen(620, 2.41),
            claims=(
                OftenTold(
                    claim="2-3x revenue per account",
                    figure="top_decile.revenue_ratio",
                    low=2.0,
                    high=3.0,
                    finding=Finding.CANNOT_TELL,
                ),
            ),
        ),
        drift=YearsApart(
            outcome=Step.CONVERTED,
            cohorts=(
                Cohort(period="2024", leads=9_000, rate=Estimate(value=0.11, low=0.1, high=0.12)),
            ),
            change=Estimate(value=-0.052, low=-0.08, high=-0.024),
            found=True,
            shifts=(FactShift(fact="country", psi=0.31, largest_change="DE from 42 % to 19 %"),),
        ),
        warnings=(
            notice("right_censoring", None, "The last 4 months are too young to compare."),
            notice("leakage_after_outcome", "next_call", "Filled in after the outcome."),
            notice("whale", "revenue", "One account carries 16.9 % of the revenue."),
        ),
        series=series(),
        artifact_digest="sha256:3f9a",
        excluded={"next_call": "filled in after the outcome"},
    )


def notice(code: str, field: str | None, message: str) -> Notice:
    return Notice(code=code, field=field, message=message, evidence={"share": 0.169, "rows": 8_000})


def series() -> Series:
    return Series(
        funnel=tuple(
            FunnelMonth(
                month=f"{2025 + n // 12}-{n % 12 + 1:02}",
                leads=1_000 + 20 * n,
                counts={Step.ACCEPTED: 450, Step.CONVERTED: 90 + (n % 5) * 8},
                matured=n < 14,
            )
            for n in range(18)
        ),
        curves=tuple(
            Curve(
                outcome=step,
                points=tuple(
                    CurvePoint(
                        months=m,
                        share=s * m,
                        low=s * m * 0.8,
                        high=s * m * 1.2,
                        hazard=s,
                        at_risk=1_800 - 90 * m,
                    )
                    for m in range(13)
                ),
            )
            for step, s in ((Step.EXPANDED, 0.03), (Step.CHURNED_AFTER_USE, 0.011))
        ),
        season=tuple(
            SeasonMonth(
                month=m,
                won=60 + 3 * m,
                lost=120,
                rate=Estimate(value=0.3 + 0.01 * m, low=0.25 + 0.01 * m, high=0.36 + 0.01 * m),
            )
            for m in range(1, 13)
        ),
    )


def thin() -> Benchmark:
    """Forty customers; acceptance and qualification are not recorded, nor any money."""
    return replace(
        supported(),
        sources=dict.fromkeys(Step, Presence.MISSING) | {Step.CONVERTED: Presence.PRESENT},
        funnel=Funnel(leads=412, converted=40),
        verdict=Verdict.NOT_ENOUGH_EVIDENCE,
        verdict_outcome=Step.CONVERTED,
        verdict_words="40 customers are too few.",
        detectable=0.14,
        customers_needed=310,
        money=Money(),
        current_icp=CurrentIcp(
            judgement=Judgement.CANNOT_TELL, words="No score or tier is recorded."
        ),
        effects=(),
        profile=(replace(row(), grade=Claim.INSUFFICIENT),),
        detractor_profile=(),
        static_icp=None,
        drift=YearsApart(),
        warnings=(),
        series=Series(),
        artifact_digest=None,
        excluded={},
    )


def null() -> Benchmark:
    """Enough cases, and no attribute matters."""
    return replace(
        supported(),
        verdict=Verdict.NO_ICP_SUPPORTED,
        verdict_words="None of 96 effects passes.",
        effects=tuple(replace(effect(n), claim=Claim.INSUFFICIENT) for n in range(9)),
        profile=tuple(replace(row(n), grade=Claim.INSUFFICIENT) for n in range(3)),
        detractor_profile=(),
    )


def huge() -> Benchmark:
    """2,000 effects, 600 rows of profile, 500 warnings."""
    return replace(
        supported(),
        effects=tuple(
            replace(effect(n % 16), fact=f"fact_{n}", value=f"value {n % 7}") for n in range(2_000)
        ),
        profile=tuple(replace(row(n % 8), fact=f"fact_{n}") for n in range(600)),
        warnings=tuple(
            notice("leakage_after_outcome", f"column {n}", "Filled in afterwards.")
            for n in range(500)
        ),
    )


def hostile() -> Benchmark:
    """Names that try to break out of the page."""
    base = supported()
    return replace(
        base,
        effects=tuple(effect(n, fact=name, value=name) for n, name in enumerate(HOSTILE)),
        profile=tuple(
            replace(row(n), fact=name, value=name, why=name) for n, name in enumerate(HOSTILE)
        ),
        current_icp=replace(base.current_icp, judged=HOSTILE[0], words=HOSTILE[1]),
        verdict_words=HOSTILE[0],
        warnings=tuple(notice("form_default", name, name) for name in HOSTILE),
        excluded=dict.fromkeys(HOSTILE, HOSTILE[1]),
        drift=replace(
            base.drift,
            shifts=tuple(FactShift(fact=n, psi=0.3, largest_change=n) for n in HOSTILE),
        ),
    )
