"""A whole benchmark: what is said, what is refused, and that nothing breaks on bad data."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from leadfit import learn
from leadfit.artifact import evaluate, from_json, to_json
from leadfit.canonical import canonical, document
from leadfit.errors import BadInput
from leadfit.history import FactColumn, History, Known, Step, Table
from leadfit.learn.facts import read_facts
from leadfit.learn.heads import score_rows
from leadfit.learn.past import read_past
from leadfit.learn.result import Claim, Judgement, Presence, Verdict
from leadfit.records import Facts
from unit.learn.worlds import AS_OF, START, Event, Planted, World, codes_of, history_of, make


@pytest.fixture(scope="module")
def planted() -> Planted:
    return make(
        World(
            seed=21,
            leads=5000,
            facts=15,
            accept={"f00": 0.3},
            convert={"f01": 0.6, "f02": -0.5},
            expand={"f03": 0.9, "f04": 0.7, "f05": -0.8},
            churn={"f06": 1.1},
            leaks=("f09",),
        )
    )


@pytest.fixture(scope="module")
def study(planted: Planted) -> learn.Study:
    return learn.study(planted.history)


def with_columns(
    history: History, columns: Mapping[str, Sequence[object]], *numbers: str
) -> History:
    """Add columns of facts to the leads."""
    listed = tuple(
        FactColumn(name=name, table="leads", is_number=name in numbers) for name in columns
    )
    leads = Table(columns={**history.leads.columns, **columns})
    return replace(history, leads=leads, fact_columns=(*history.fact_columns, *listed))


def shuffled(history: History, seed: int) -> History:
    """Give every lead's facts to another lead; causes are gone and everything else is kept."""
    order = np.random.default_rng(seed).permutation(history.leads.rows)
    names = {fact.name for fact in history.fact_columns}
    columns = {
        name: [values[n] for n in order] if name in names else values
        for name, values in history.leads.columns.items()
    }
    return replace(history, leads=Table(columns=columns))


def test_causes_lead_the_profile_and_detractors_are_set_apart(study: learn.Study) -> None:
    found = study.benchmark
    assert ("f03", "yes") in [(row.fact, row.value) for row in found.profile[:4]]
    assert (found.detractor_profile[0].fact, found.detractor_profile[0].value) == ("f06", "yes")
    assert ("f06", "yes") not in [(row.fact, row.value) for row in found.profile]


def test_a_leak_is_found_without_declaration_and_kept_out(study: learn.Study) -> None:
    found = study.benchmark
    assert ("leakage_after_outcome", "f09") in codes_of(found)
    assert "f09" in found.excluded
    assert "f09" not in {effect.fact for effect in found.effects}
    assert study.artifact is not None
    assert "f09" not in {fact.name for fact in study.artifact.facts}


def test_all_sources_are_present_and_counted(study: learn.Study) -> None:
    found = study.benchmark
    assert set(found.sources.values()) == {Presence.PRESENT}
    assert found.funnel.leads == 5000
    assert None not in (found.funnel.accepted, found.funnel.converted, found.funnel.expanded)


def test_report_json_has_every_promised_key_and_no_nan(study: learn.Study) -> None:
    promised = {
        *("as_of", "sources", "funnel", "verdict", "customers_needed", "effects", "weights"),
        *("detractor", "profile", "detractor_profile", "static_icp", "drift", "warnings"),
    }
    found = json.loads(canonical(study.benchmark))
    assert promised <= set(found)
    assert {
        "fact",
        "value",
        "outcome",
        "effect",
        "low",
        "high",
        "q_value",
        "robustness",
        "claim",
    } <= set(found["effects"][0])
    assert set(found["sources"]) == {step.value for step in Step}


def test_the_same_history_gives_the_same_bytes(planted: Planted, study: learn.Study) -> None:
    again = learn.study(planted.history)
    assert canonical(again.benchmark) == canonical(study.benchmark)
    assert again.artifact == study.artifact


def test_rows_scored_at_once_agree_with_the_live_evaluation(
    planted: Planted, study: learn.Study
) -> None:
    assert study.artifact is not None
    past = read_past(planted.history)
    facts = [f for f in read_facts(past, learn.Rules()) if f.name not in study.benchmark.excluded]
    scores, matches = score_rows(study.artifact, facts)
    for row in range(0, 5000, 500):
        live: Facts = {
            name: str(planted.history.leads.columns[name][row]) for name in planted.facts
        }
        found = evaluate(study.artifact, live)
        assert found.score == pytest.approx(scores[row], abs=1e-4)
        assert found.detractor == pytest.approx(matches[row], abs=1e-4)


def test_the_artifact_reads_back(study: learn.Study) -> None:
    assert study.artifact is not None
    assert from_json(to_json(study.artifact)) == study.artifact


def test_a_higher_score_means_more_worth(planted: Planted, study: learn.Study) -> None:
    assert study.artifact is not None
    past = read_past(planted.history)
    facts = [f for f in read_facts(past, learn.Rules()) if f.name not in study.benchmark.excluded]
    scores, _ = score_rows(study.artifact, facts)
    top = np.argsort(-scores)[:500]
    assert planted.value[top].mean() > 1.4 * planted.value.mean()


def test_a_few_hundred_customers_are_not_enough_and_it_says_how_many_would_be() -> None:
    made = make(World(seed=5, leads=3500, expand={"f03": 0.6}, convert_rate=0.006))
    found = learn.benchmark(made.history)
    assert found.verdict is Verdict.NOT_ENOUGH_EVIDENCE
    assert found.customers_needed is not None
    assert found.funnel.converted is not None
    assert found.customers_needed > found.funnel.converted


def test_where_nothing_matters_nothing_is_claimed() -> None:
    claims = 0
    for seed in range(5):
        made = make(World(seed=40 + seed, leads=1500, convert_rate=0.03))
        found = learn.benchmark(shuffled(made.history, seed))
        claims += any(e.claim in {Claim.CAUSED, Claim.ASSOCIATED} for e in found.effects)
    # One run in twenty may claim something; two in five is far from that.
    assert claims <= 1


def test_a_large_history_in_which_nothing_matters_supports_no_profile() -> None:
    made = make(World(seed=77, leads=6000, facts=6, convert_rate=0.08, expand_rate=0.02))
    found = learn.benchmark(made.history)
    assert found.verdict is Verdict.NO_ICP_SUPPORTED
    assert all(row.grade is Claim.INSUFFICIENT for row in found.profile)


def test_a_supported_profile_is_called_so() -> None:
    made = make(World(seed=78, leads=6000, facts=6, expand={"f03": 0.9}, convert_rate=0.08))
    assert learn.benchmark(made.history).verdict is Verdict.ICP_SUPPORTED


def tiered(planted: Planted, fact: str, *, until: float = 1e9) -> History:
    """Put a tier on every lead that follows ``fact`` up to a day and means nothing after it."""
    rng = np.random.default_rng(1)
    created = planted.history.leads.columns["created_at"]
    tiers = [
        ("1" if planted.facts[fact][n] > 0 else "2")
        if (at - START).days < until  # type: ignore[operator]  # a column of times
        else str(rng.integers(1, 3))
        for n, at in enumerate(created)
    ]
    leads = Table(columns={**planted.history.leads.columns, "tier": tiers})
    return replace(planted.history, leads=leads)


def test_a_tier_that_follows_a_cause_is_right(planted: Planted) -> None:
    found = learn.benchmark(tiered(planted, "f03"))
    assert found.current_icp.judgement is Judgement.RIGHT
    assert found.current_icp.judged == "tier"
    assert found.static_icp is not None
    assert found.static_icp.fail_acceptance_90d.value is not None


def test_a_tier_that_follows_nothing_is_wrong_or_cannot_be_told(planted: Planted) -> None:
    found = learn.benchmark(tiered(planted, "f10"))
    assert found.current_icp.judgement in {Judgement.WRONG, Judgement.CANNOT_TELL}


def test_a_static_profile_is_held_against_the_learned_one(planted: Planted) -> None:
    icp = learn.read_static({"rule": [{"fact": "f06", "in": ["yes"]}]})
    found = learn.benchmark(planted.history, static_icp=icp).static_icp
    assert found is not None
    assert found.accounts_called_ideal == int(planted.facts["f06"].sum())
    assert (found.detractors_inside or 0) > 0
    assert (found.learned_revenue_per_account.value or 0) > (found.revenue_per_account.value or 0)


def test_a_static_rule_about_an_unknown_column_is_refused_by_its_place(planted: Planted) -> None:
    icp = learn.read_static({"rule": [{"fact": "f06", "in": ["yes"]}, {"fact": "nope", "min": 1}]})
    with pytest.raises(BadInput) as caught:
        learn.benchmark(planted.history, static_icp=icp)
    assert [fault.place for fault in caught.value.faults] == ["rule.1.fact"]


def test_strange_facts_are_named_and_never_break_anything() -> None:
    made = make(World(seed=31, leads=2000))
    rng = np.random.default_rng(0)
    won = {
        lead
        for lead, kind in zip(
            made.history.events.columns["lead_id"], made.history.events.columns["kind"], strict=True
        )
        if kind == "converted"
    }
    ids = made.history.leads.columns["lead_id"]
    columns: dict[str, Sequence[object]] = {
        "constant": ["same"] * 2000,
        "empty": [None] * 2000,
        "outcome": ["won" if lead in won else "open" for lead in ids],
        "only_won": ["filled" if lead in won else None for lead in ids],
        "thousands": [f"value {n}" for n in rng.integers(0, 5000, 2000)],
        "form": ["Select" if n % 3 else "Mumbai" for n in range(2000)],
        "word": ["unknown" if n % 4 else "north" for n in range(2000)],
        "infinite": [float("inf") if n % 2 else float("nan") for n in range(2000)],
        "one_number": [7.0] * 2000,
        "heavy": [0.0 if n % 10 else float(n) for n in range(2000)],
    }
    found = learn.benchmark(with_columns(made.history, columns, "infinite", "one_number", "heavy"))
    assert document(found)
    assert {
        ("constant_fact", "constant"),
        ("all_missing", "empty"),
        ("leakage_after_outcome", "outcome"),
        ("known_only_for_won", "only_won"),
        ("too_many_levels", "thousands"),
        ("form_default", "form"),
        ("missing_as_value", "word"),
        ("all_missing", "infinite"),
        ("constant_fact", "one_number"),
    } <= codes_of(found)
    assert "Select" not in {effect.value for effect in found.effects}


def test_impossible_dates_and_conflicts_are_counted() -> None:
    made = make(World(seed=32, leads=500))
    events = made.history.events
    extra = {
        "at": [START - timedelta(days=40), START + timedelta(days=900)],
        "kind": ["converted", "lost"],
        "account_id": ["a1", "a1"],
        "lead_id": ["l1", "l1"],
        "amount": [None, None],
        "currency": [None, None],
        "value": [None, None],
    }
    joined = Table(columns={n: [*c, *extra[n]] for n, c in events.columns.items()})  # type: ignore[misc]  # columns of one table
    found = learn.benchmark(replace(made.history, events=joined))
    assert {("impossible_dates", "converted"), ("conflicting_labels", "converted")} <= codes_of(
        found
    )


def test_a_lead_from_the_future_is_named() -> None:
    made = make(World(seed=33, leads=300))
    created = [*made.history.leads.columns["created_at"]]
    created[0] = AS_OF + timedelta(days=400)
    leads = Table(columns={**made.history.leads.columns, "created_at": created})
    found = learn.benchmark(replace(made.history, leads=leads))
    assert ("impossible_dates", "created_at") in codes_of(found)


def test_one_class_only_is_named_and_no_score_is_learned() -> None:
    leads: dict[str, Sequence[object]] = {
        "lead_id": [f"l{n}" for n in range(60)],
        "created_at": [START] * 60,
        "account_id": [f"a{n}" for n in range(60)],
        "f": ["x", "y"] * 30,
    }
    events: list[Event] = [(9.0, "converted", f"a{n}", f"l{n}", None, None) for n in range(60)]
    history = history_of(leads, events, ["f"])
    study = learn.study(history)
    assert ("one_class", "converted") in codes_of(study.benchmark)
    assert study.artifact is None
    with pytest.raises(BadInput):
        learn.fit(history)


def test_an_empty_history_has_no_evidence() -> None:
    leads: dict[str, Sequence[object]] = {"lead_id": [], "created_at": [], "account_id": []}
    found = learn.benchmark(history_of(leads, [], []))
    assert found.verdict is Verdict.NOT_ENOUGH_EVIDENCE
    assert found.funnel.leads == 0
    assert document(found)


def test_without_times_claims_are_associated_at_most_and_it_is_said() -> None:
    made = make(World(seed=34, leads=3000, convert={"f01": 0.9}))
    columns = {**made.history.leads.columns, "created_at": [None] * 3000}
    events = {**made.history.events.columns, "at": [None] * made.history.events.rows}
    found = learn.benchmark(
        replace(
            made.history,
            leads=Table(columns=columns),
            events=Table(columns=events),
            times_known=False,
        )
    )
    assert ("times_unknown", None) in codes_of(found)
    claims = {effect.claim for effect in found.effects}
    assert Claim.ASSOCIATED in claims
    assert Claim.CAUSED not in claims


def test_declared_columns_are_named_and_stay_out() -> None:
    made = make(World(seed=35, leads=1500))
    listed = (
        FactColumn(name="f00", table="leads", known=Known.AFTER_CONTACT),
        FactColumn(name="f01", table="leads", known=Known.AFTER_WIN),
        *made.history.fact_columns[2:],
    )
    found = learn.benchmark(replace(made.history, fact_columns=listed))
    assert {("leakage_after_outcome", "f00"), ("known_only_for_won", "f01")} <= codes_of(found)
    assert {"f00", "f01"} == set(found.excluded)


def test_a_whale_is_named_with_its_share() -> None:
    made = make(World(seed=36, leads=2000))
    columns = {**made.history.events.columns}
    amounts = [*columns["amount"]]
    amounts[next(n for n, kind in enumerate(columns["kind"]) if kind == "converted")] = 10**9
    found = learn.benchmark(
        replace(made.history, events=Table(columns={**columns, "amount": amounts}))
    )
    (whale,) = [notice for notice in found.warnings if notice.code == "whale"]
    assert float(str(whale.evidence["share"])) > 0.5


def test_recording_that_began_late_is_named_and_not_taken_for_failure() -> None:
    made = make(World(seed=37, leads=2000, facts=4, convert_rate=0.05))
    events = made.history.events
    keep = [
        n
        for n, (kind, at) in enumerate(
            zip(events.columns["kind"], events.columns["at"], strict=True)
        )
        if kind == "accepted" or at >= START + timedelta(days=300)  # type: ignore[operator]  # a column of times
    ]
    cut = Table(columns={n: [c[k] for k in keep] for n, c in events.columns.items()})
    found = learn.benchmark(replace(made.history, events=cut))
    assert "left_truncation" in {code for code, _ in codes_of(found)}


def test_facts_that_arose_after_the_win_do_not_adjust_what_was_before() -> None:
    made = make(World(seed=38, leads=3500, facts=6, expand={"f03": 0.9}, convert_rate=0.05))
    events = made.history.events.columns
    rows = [
        (account, at)
        for account, at, kind in zip(
            events["account_id"], events["at"], events["kind"], strict=True
        )
        if kind == "converted"
    ]
    table = Table(
        columns={
            "account_id": [account for account, _ in rows],
            "fact": ["onboarding"] * len(rows),
            # It copies the cause: were it held fixed, the cause would be gone.
            "value": ["done" if made.facts["f03"][int(str(a)[1:])] else "open" for a, _ in rows],
            "known_at": [at + timedelta(days=10) for _, at in rows],  # type: ignore[operator]  # a column of times
        }
    )
    fact = FactColumn(name="onboarding", table="facts")
    history = replace(made.history, facts=table, fact_columns=(*made.history.fact_columns, fact))
    found = learn.benchmark(history)
    (early,) = [e for e in found.effects if e.fact == "f03" and e.outcome is Step.EXPANDED]
    assert early.claim is Claim.CAUSED
    assert "onboarding" in {e.fact for e in found.effects if e.outcome is Step.EXPANDED}
    assert "onboarding" not in {e.fact for e in found.effects if e.outcome is Step.CONVERTED}
