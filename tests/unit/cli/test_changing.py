"""Commands that change the policy: what is said of a change."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from leadfit.cli.changing import change_words
from leadfit.store.publications import Change, Publication

LEARNED = Publication(
    number=1,
    at=datetime(2026, 3, 2, 10, tzinfo=UTC),
    change=Change.LEARNED,
    policy_digest="a" * 64,
    artifact_digest="b" * 64,
    by="leadfit learn",
    reason="learned from the history",
    before_policy="a" * 64,
)


def test_a_learned_profile_is_named_although_the_policy_stays() -> None:
    said = change_words(LEARNED)
    assert "learned profile: none -> bbbbbbbbbbbb" in said
    assert "policy:" not in said


def test_a_profile_that_is_taken_back_is_named() -> None:
    back = replace(LEARNED, change=Change.ROLLBACK, artifact_digest=None, before_artifact="b" * 64)
    assert "rollback  learned profile: bbbbbbbbbbbb -> none" in change_words(back)


def test_a_policy_that_was_applied_is_named_alone() -> None:
    applied = replace(
        LEARNED, change=Change.APPLY, policy_digest="c" * 64, before_artifact="b" * 64
    )
    said = change_words(applied)
    assert "policy: aaaaaaaaaaaa -> cccccccccccc" in said
    assert "profile" not in said
