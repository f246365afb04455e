"""What a reader is told to do follows from what stands, not from the verdict's word alone."""

from __future__ import annotations

from dataclasses import replace

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
    assert advice.monday(found)[0].startswith("Keep the targeting you have")
    assert "too few cases" in advice.meaning(found)
