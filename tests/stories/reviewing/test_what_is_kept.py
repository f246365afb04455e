"""What is said and kept of a decision, and how long a review may wait."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from leadfit import BadInput, Leadfit, NotPossible, open_leadfit
from leadfit.cli import run
from leadfit.records import Relation
from leadfit.testing import FrozenWorld
from stories.reviewing.reviewed import HOUR, from_new_domain, make, send, settle, shared, tables


@pytest.mark.parametrize("name", ["a\x00b", "\u202eeve", "\ud800", "x" * 501, "two\nlines"])
def test_who_decides_is_words_that_can_be_seen(leadfit: Leadfit, name: str) -> None:
    view, review = shared(leadfit)
    said: tuple[Callable[[], object], ...] = (
        lambda: leadfit.matching.settle(review.review_id, Relation.SAME, reviewer=name),
        lambda: leadfit.matching.merge("zyxel", "beta", by=name),
        lambda: leadfit.matching.merge("zyxel", "beta", by="rep_max", reason=f"{name}\x07"),
        lambda: leadfit.matching.unmerge("zyxel", by=name),
        lambda: leadfit.touch(view.lead.lead_id, name),
        lambda: leadfit.reject_lead(view.lead.lead_id, name, "no budget"),
    )
    for each in said:
        with pytest.raises(BadInput, match="that can be seen"):
            each()
    assert leadfit.matching.review(review.review_id).is_open
    assert not leadfit.matching.merges("zyxel")
    leadfit.matching.merge("zyxel", "beta", by="rep_max", reason="first line\r\nsecond line")


def test_an_argument_that_is_no_text_is_bad_input(
    leadfit: Leadfit, capsys: pytest.CaptureFixture[str]
) -> None:
    _, review = shared(leadfit)
    leadfit.close()
    place = ["--workspace", str(leadfit.folder)]
    for given in (
        ["review", "\udcff"],
        ["review", review.review_id, "--same", "--by", "\udcff"],
        ["merge", "zyxel", "\udcff", "--by", "rep_max"],
        ["merges", "\udcff"],
    ):
        assert run([*given, *place]) == 2, given
        assert "error inside" not in capsys.readouterr().err


def test_no_lead_from_free_mail_is_in_the_queue_for_longer_than_a_review_may_take(
    tmp_path: Path, world: FrozenWorld
) -> None:
    with open_leadfit(make(tmp_path, world, order="owner-first"), world=world) as leadfit:
        free = [
            send(leadfit, email="pat@gmail.com", company="Beta Tools", name="Pat Moss"),
            send(leadfit, email="kim@gmail.com", domain="beta.com"),
            send(leadfit, email="lee@gmail.com", account_id="zyxel", contact_id="ann"),
            send(leadfit, email="sam@yahoo.com"),
        ]
        business = send(leadfit, email="info@gamma.com")
        waiting = {each.lead_id: each for each in leadfit.matching.reviews()}
        assert {free[1].lead.lead_id, free[2].lead.lead_id, business.lead.lead_id} == set(waiting)
        for _ in range(25):
            world.pass_time(HOUR)
            leadfit.run_clocks()
            leadfit.watch_matching()
            old = [
                each
                for each in leadfit.matching.reviews()
                if each.lead_id in {view.lead.lead_id for view in free}
                and leadfit.world.now() - each.opened_at > timedelta(hours=24)
            ]
            assert not old
        (left,) = leadfit.matching.reviews()
        assert left.lead_id == business.lead.lead_id, (
            "a business mailbox still waits, and is told of"
        )
        for view in free:
            after = leadfit.lead(view.lead.lead_id)
            assert after.lead.owner_id is not None
            assert after.lead.account_id is None
        ended = leadfit.matching.review(waiting[free[1].lead.lead_id].review_id)
        assert (ended.relation, ended.reviewer, ended.is_open) == (None, None, False)
        with pytest.raises(NotPossible):
            settle(leadfit, ended, Relation.SAME)


def test_the_log_of_reviews_and_merges_holds_nothing_personal(
    tmp_path: Path, world: FrozenWorld
) -> None:
    workspace = make(tmp_path, world)
    with open_leadfit(workspace, world=world) as leadfit:
        _, review = from_new_domain(leadfit)
        leadfit.matching.settle(
            review.review_id, Relation.SAME, reviewer="kim@ourselves.com", reason="Kim Lund said so"
        )
        leadfit.matching.unmerge("zyxel", by="kim@ourselves.com", reason="Kim Lund was wrong")
        gamma = send(leadfit, email="eve@gamma.com")
        leadfit.matching.unlink(gamma.lead.lead_id, by="kim@ourselves.com", reason="Kim was wrong")
        person = send(leadfit, contact_id="kim.lund@home.example", email="pat@beta.com")
        (other,) = leadfit.matching.of_lead(person.lead.lead_id)
        assert "home.example" not in repr(other.evidence)
    rows = repr(tables(workspace)["log"])
    for personal in ("kim@", "Kim", "Lund", "zyxelrobots", "home.example", "said so", "was wrong"):
        assert personal not in rows, personal
    assert "review" in rows
    assert "unmerge" in rows
