"""What a reader is told to do follows from what stands, not from the verdict's word alone."""

from __future__ import annotations

from dataclasses import replace

from leadfit.history import Notice
from leadfit.learn.result import Claim, Verdict
from leadfit.report import advice
from unit.report import builders


def test_effects_that_stand_are_worked_though_more_evidence_is_wanted() -> None:
    found = replace(
        builders.supported(), verdict=Verdict.NOT_ENOUGH_EVIDENCE, customers_needed=3_700
    )
    standing = next(e for e in found.effects if e.claim is Claim.CAUSED)
    row = replace(found.profile[0], fact=standing.fact, value=standing.value)
    found = replace(found, profile=(row,), verdict_outcome=standing.outcome)
    first = advice.monday(found)[0]
    assert f"{standing.fact} = {standing.value}" in first
    assert "stand already" in advice.meaning(found)


def test_without_an_effect_that_stands_the_targeting_is_kept() -> None:
    found = replace(builders.supported(), verdict=Verdict.NOT_ENOUGH_EVIDENCE, effects=())
    guesses = tuple(replace(row, grade=Claim.INSUFFICIENT) for row in found.profile)
    found = replace(found, profile=guesses)
    assert advice.monday(found)[0].startswith("Keep the targeting you have")
    assert "too few cases" in advice.meaning(found)


def test_what_stands_on_an_earlier_step_is_worked_and_nobody_is_cut_off() -> None:
    found = replace(builders.supported(), verdict=Verdict.NOT_ENOUGH_EVIDENCE, effects=())
    known = next(row for row in found.profile if row.grade is Claim.CAUSED)
    found = replace(found, profile=(known,))
    first = advice.monday(found)[0]
    assert f"{known.fact} = {known.value}" in first
    assert "Do not cut the others off" in first
    assert "earlier step" in advice.meaning(found)


def test_an_export_without_any_outcome_is_no_reason_to_keep_the_targeting() -> None:
    found = replace(
        builders.supported(),
        verdict=Verdict.NOT_ENOUGH_EVIDENCE,
        verdict_outcome=None,
        customers_needed=None,
        profile=(),
        effects=(),
    )
    first = advice.monday(found)[0]
    assert first.startswith("Export what became of these leads")
    assert "nothing can be learned" in advice.meaning(found)
    assert advice.suffices(found) is not None


def test_a_column_of_todays_values_is_no_call_list_while_others_stand() -> None:
    found = builders.supported()
    rows = [row for row in found.profile if row.grade is Claim.CAUSED]
    other = replace(rows[0], fact="last_activity", value="called")
    notice = Notice(code="snapshot_fact", field="last_activity", message="Today's value.")
    found = replace(found, profile=(other, rows[0]), warnings=(notice,))
    first = advice.monday(found)[0]
    assert rows[0].fact in first
    assert "last_activity" not in first


def test_a_difference_no_data_could_hold_is_not_named() -> None:
    found = replace(
        builders.supported(),
        verdict=Verdict.NOT_ENOUGH_EVIDENCE,
        detectable=2.6,
        customers_needed=2_800,
    )
    said = advice.suffices(found)
    assert said is not None
    assert "2,800" in said
    assert "percentage points" not in said
