"""Model C live: what a lead is measured by is what training measured; what the flag is worth."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from datetime import datetime, timedelta

import pytest

from leadfit import learn
from leadfit.artifact import Artifact
from leadfit.exports import read_export
from leadfit.history import History, column_of
from leadfit.jobs.learning import completing
from leadfit.learn.ladder import climb, row_of
from leadfit.learn.model_c.rows import channel_records, moments
from leadfit.learn.past import date, read_past
from leadfit.policy import load_starter
from leadfit.propensity import GROUPS, INTENTS, engagement
from leadfit.records import Activity
from leadfit.testing import planted
from leadfit.testing.builders import changed
from unit.learn.drifting import Fading, fade
from unit.score.learned import LEARNED, WITH_C

POLICY = load_starter()


@pytest.fixture(scope="module")
def history() -> History:
    return fade(Fading(seed=23, leads=2500, slope=2.0))


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> History:
    folder = tmp_path_factory.mktemp("company") / "export"
    planted.sample(folder, seed=5, leads=4000, facts=12, truth=None)
    return read_export(folder)


def test_a_live_lead_is_measured_as_the_moments_of_training_are(company: History) -> None:
    past = read_past(company)
    rows = moments(past, climb(past), (0.0, 14.0), 90.0, 14.0)
    events: dict[int, list[Activity]] = defaultdict(list)
    for kind in {kind for kinds in (*GROUPS.values(), *INTENTS.values()) for kind in kinds}:
        marks = past.marks(kind)
        for row, at in zip(row_of(past, marks), marks.at, strict=True):
            events[int(row)].append(Activity(kind=kind, at=date(float(at))))
    told: set[str] = set()
    for n in range(0, len(rows.row), 5):
        live = engagement(events[int(rows.row[n])], 14.0, date(float(rows.at[n])))
        for name, value in live.items():
            # A time is kept to the microsecond, a day number a little less exactly.
            assert value == pytest.approx(rows.measured[name][n], abs=1e-6)
            told |= {name} if value > 0 else set()
    assert told == {*GROUPS, *INTENTS}


def test_the_record_of_a_channel_is_that_of_a_moment_at_the_end_of_the_history(
    history: History,
) -> None:
    past = read_past(history)
    climbed = climb(past)
    found = {each.name: each for each in channel_records(past, climbed, 90.0)}
    rows = moments(past, climbed, (0.0,), 90.0, 14.0)
    names = [str(item) for item in column_of(history.leads, "source")]
    assert set(found) == {*names, ""}
    last = rows.row[-1]
    near = found[names[last]]
    for name in ("win_rate", "cycle_log_days", "deal_log_size"):
        assert getattr(near, name) == pytest.approx(
            float(rows.measured[f"channel_{name}"][-1]), rel=0.15, abs=0.02
        )


def test_the_model_looks_at_nothing_that_is_decided_after_the_score(history: History) -> None:
    model = learn.propensity(history).model
    assert model is not None
    assert "rep_win_rate" not in {each.name for each in model.measured}
    assert model.months > 12
    assert {each.name for each in model.channels} >= {""}


def test_learning_puts_model_c_into_the_artifact_and_its_digest_into_the_report(
    history: History,
) -> None:
    study = learn.study(history)
    rules = learn.Rules()
    found = completing.complete(study, history, changed(POLICY, "score.model", "C"), rules)
    assert found.study.artifact is not None
    assert found.study.artifact.propensity == found.chance.model
    assert found.study.benchmark.artifact_digest == found.study.artifact.digest
    assert found.cautions == ()


@pytest.mark.parametrize(
    ("model", "days", "words"),
    [("A", 150, "Model A wants 6 months"), ("C", 250, "Model C is not made")],
)
def test_too_short_a_past_is_warned_of(
    history: History, model: str, days: float, words: str
) -> None:
    first = min(at for at in column_of(history.leads, "created_at") if isinstance(at, datetime))
    short = dataclasses.replace(history, as_of=first + timedelta(days=days))
    study = learn.Study(benchmark=learn.study(history).benchmark, artifact=None)
    policy = changed(POLICY, "score.model", model)
    found = completing.complete(study, short, policy, learn.Rules())
    assert any(words in caution for caution in found.cautions)


def test_a_run_that_would_lose_model_c_is_objected_to() -> None:
    policy = changed(POLICY, "score.model", "C")
    assert completing.objections(policy, WITH_C, LEARNED)
    assert not completing.objections(policy, WITH_C, WITH_C)
    assert not completing.objections(POLICY, WITH_C, LEARNED)
    assert not completing.objections(policy, None, None)


@pytest.mark.parametrize(("days", "is_due"), [(91, False), (92, True), (400, True)])
def test_an_artifact_is_due_for_learning_anew_after_a_quarter(days: float, is_due: bool) -> None:
    artifact: Artifact = LEARNED
    from_then = datetime.fromisoformat(artifact.as_of) + timedelta(days=days)
    said = completing.too_old(artifact, POLICY, from_then)
    assert (said is not None) is is_due
    assert completing.too_old(None, POLICY, from_then) is None


@pytest.mark.parametrize("fired", [True, False])
def test_a_win_rate_that_surely_moved_by_five_points_calls_for_learning_anew(fired: bool) -> None:
    found = learn.drift(fade(Fading(seed=29, leads=1500, slope=2.0)), None)
    assert found.win_rate is not None
    moved = dataclasses.replace(
        found, win_rate=dataclasses.replace(found.win_rate, fired=fired, words="it moved")
    )
    now = datetime.fromisoformat(LEARNED.as_of)
    assert completing.why_retrain(moved, LEARNED, POLICY, now) == (("it moved",) if fired else ())


def test_a_flag_is_judged_on_customers_that_it_has_not_seen(company: History) -> None:
    found = learn.flag_precision(company)
    assert found is not None
    assert 0 < found.flagged < found.customers
    assert found.precision is not None
    assert 0 <= found.low <= found.precision
    assert found.flagged_left <= found.left
    # Flagged customers leave more often than the others, which heads that saw nothing cannot fake.
    assert found.precision > (found.left - found.flagged_left) / (found.customers - found.flagged)


def test_a_past_without_churn_judges_no_flag(history: History) -> None:
    assert learn.flag_precision(history) is None
