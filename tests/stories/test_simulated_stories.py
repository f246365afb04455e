"""Every story can be replayed, and comes out better the Leadfit way where it says so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from leadfit.cli import run
from leadfit.cli import stories as command
from leadfit.testing import stories
from leadfit.testing.stories import (
    Figure,
    Story,
    engagement_bias,
    enrichment_spiral,
    false_merge,
    hourly_batch,
    segment_drift,
    static_drift,
)


def figure(story: Story, name: str) -> Figure:
    (found,) = [each for each in story.figures if each.name == name]
    return found


def sure_change(story: Story, name: str) -> float:
    """Return the change of a figure, which its interval must tell from none."""
    change = figure(story, name).change
    assert change is not None
    assert change.value is not None
    assert change.low is not None
    assert change.high is not None
    assert change.low > 0 or change.high < 0, change
    return change.value


def test_the_command_knows_every_story() -> None:
    assert set(command.NAMES) == set(stories.STORIES)


def test_a_gate_of_fit_keeps_those_out_who_buy_fast_and_leave() -> None:
    told = engagement_bias.story(11, leads=1_200)
    assert sure_change(told, "customers gone within 12 months") < -0.2
    assert sure_change(told, "LTV, 24 months") > 0
    assert sure_change(told, "of them below the fit gate") < -0.3
    assert sure_change(told, "median sales cycle") > 0


def test_planted_engagement_bias_is_reported_from_the_records_of_the_naive_way() -> None:
    told = engagement_bias.story(11, leads=1_200)
    assert told.found[0].startswith("ALARM")
    assert "Engagement outweighs fit" in told.found[0]


def test_the_gated_way_is_not_called_biased() -> None:
    world = engagement_bias.firms(11, 1_200)
    way = engagement_bias.sell(world, engagement_bias.leadfit_policy())
    (words,) = engagement_bias.found(world, way)
    assert words.startswith("CALM")


def test_a_subsidiary_is_not_put_into_its_parent() -> None:
    told = false_merge.story(12, leads=200, signals=200)
    assert sure_change(told, "misrouted, of all signals") < -0.05
    assert sure_change(told, "right account at once or shown") > 0


def test_less_is_bought_and_every_decision_is_as_with_everything_bought() -> None:
    told = enrichment_spiral.story(15, leads=400)
    assert sure_change(told, "spend") < -250
    assert figure(told, "decisions other than with everything bought").leadfit.value == 0


def test_some_decisions_hang_on_what_is_bought() -> None:
    policy = hourly_batch.policy_of()
    made = [enrichment_spiral.buy(each, policy) for each in enrichment_spiral.arrivals(15, 200)]
    assert 10 < sum(each.bare != each.whole for each in made) < 100


def test_a_falling_segment_is_named_before_its_customers_leave() -> None:
    told = segment_drift.story(16, leads=6_000)
    early = figure(told, "of these before customers leave").leadfit.value
    assert early is not None
    assert early > 0
    assert told.found[0].startswith("kind_of_firm = agency fell")
    assert sure_change(told, "leads of agencies worked after the turn") < 0


def test_on_arrival_nobody_of_tier_one_waits_for_the_hour() -> None:
    told = hourly_batch.story(13, a_day=60)
    assert sure_change(told, "Tier 1 called within 15 minutes") > 0.5
    assert sure_change(told, "Tier 1, median wait") < -0.25
    assert any("model is ours" in each for each in told.notes)


def test_a_busy_floor_calls_tier_one_first() -> None:
    told = hourly_batch.story(13, a_day=220)
    first = figure(told, "Tier 1, median wait").leadfit.value
    last = figure(told, "Tier 3, median wait").leadfit.value
    assert first is not None
    assert last is not None
    assert first < last


def test_the_same_leads_come_both_ways() -> None:
    policy = hourly_batch.policy_of()
    one, other = (hourly_batch.callers(5, policy, 30) for _ in range(2))
    assert [(each.lead.created_at, each.call_minutes) for each in one] == [
        (each.lead.created_at, each.call_minutes) for each in other
    ]


def test_a_score_that_decays_is_found_and_learned_anew() -> None:
    told = static_drift.story(14, a_month=300)
    found = figure(told, "months from the turn to the first finding").leadfit.value
    assert found is not None
    assert found <= static_drift.RAMP_MONTHS + 3
    before = figure(told, "score with the chance to win, before the turn").naive.value
    after = figure(told, "score with the chance to win, after it")
    assert before == pytest.approx(0.72, abs=0.04)
    assert after.naive.value == pytest.approx(0.48, abs=0.06)
    assert after.naive.value is not None
    assert after.leadfit.value is not None
    assert after.leadfit.value > after.naive.value


def test_a_story_is_printed_as_a_table_and_written_into_a_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["simulate", "hourly-batch", "--seed", "4", "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "Tier 1, median wait" in printed
    page = (tmp_path / "hourly-batch.md").read_text("utf-8")
    assert page.startswith("# Routing latency")
    kept = json.loads((tmp_path / "hourly-batch.json").read_text("utf-8"))
    assert run(["simulate", "hourly-batch", "--seed", "4", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == kept
    assert {"naive", "leadfit", "change", "name", "unit"} == set(kept["figures"][0])


def test_a_story_nobody_wrote_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["simulate", "nothing"]) == 2
    assert "hourly-batch" in capsys.readouterr().err
