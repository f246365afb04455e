"""Who sees a review, and how much of it."""

from __future__ import annotations

import sqlite3

import pytest

from leadfit import Leadfit, NotFound
from leadfit.records import Relation
from leadfit.resolve.model.card import RecordKind
from leadfit.store.matching import Review, ReviewKind
from leadfit.testing import FrozenWorld
from stories.reviewing.reviewed import send


def test_a_rep_nobody_knows_sees_no_empty_queue(leadfit: Leadfit) -> None:
    with pytest.raises(NotFound, match="rep"):
        leadfit.matching.queue(viewer="nobody")


def duplicates(leadfit: Leadfit, world: FrozenWorld, left: str, right: str) -> Review:
    """Ask whether two accounts are one."""
    review = Review(
        review_id=f"review_{left}_{right}",
        kind=ReviewKind.DUPLICATE,
        record_kind=RecordKind.ACCOUNT,
        left_id=left,
        right_id=right,
        probability=0.91,
        opened_at=world.now(),
    )
    store = leadfit._store
    store.write(lambda session: session.reviews.open(review))
    return review


def test_a_rep_learns_of_a_hidden_duplicate_only_that_there_is_one_and_whom_to_ask(
    leadfit: Leadfit, world: FrozenWorld
) -> None:
    review = duplicates(leadfit, world, "zyxel", "gamma")
    for shown in (
        leadfit.matching.sides(review.review_id, viewer="rep_ada"),
        *leadfit.matching.queue(viewer="rep_ada"),
    ):
        assert shown.left.record_id == "zyxel"
        assert shown.right.is_hidden
        assert (shown.review.probability, shown.right.ask) == (0.91, ("rep_max",))
        assert (shown.rows, shown.answers, shown.review.evidence) == ((), {}, ())
        told = repr(shown).replace(review.review_id, "")
        assert not [word for word in ("Gamma", "gamma", "rep_finn") if word in told]


@pytest.mark.parametrize("viewer", [None, "rep_max"])
def test_reviewers_and_the_boss_of_both_see_everything(
    leadfit: Leadfit, world: FrozenWorld, viewer: str | None
) -> None:
    review = duplicates(leadfit, world, "zyxel", "gamma")
    shown = leadfit.matching.sides(review.review_id, viewer=viewer)
    assert (shown.left.title, shown.right.title) == ("Zyxel Robotics", "Gamma Foods")
    assert shown.rows
    assert set(shown.answers) == set(Relation)


def test_who_may_see_neither_record_learns_nothing(leadfit: Leadfit, world: FrozenWorld) -> None:
    review = duplicates(leadfit, world, "zyxel", "gamma")
    assert not leadfit.matching.queue(viewer="rep_hugo")
    with pytest.raises(NotFound):
        leadfit.matching.sides(review.review_id, viewer="rep_hugo")
    with pytest.raises(NotFound):
        leadfit.matching.sides(review.review_id, viewer="nobody")


def test_a_contact_whose_lead_another_team_works_is_hidden_though_its_account_is_nobodys(
    leadfit: Leadfit,
) -> None:
    same = {"name": "Kim Lund", "company": "Newcomer"}
    first = send(leadfit, email="kim.lund@newcomer.com", phone="+493012345678", **same)
    send(leadfit, email="k.lund@newcomer.com", phone="+493098765432", **same)
    (review,) = leadfit.matching.reviews(kind=ReviewKind.DUPLICATE)
    owner_id = first.lead.owner_id
    assert owner_id is not None
    owner = leadfit.policy.rep(owner_id)
    assert owner is not None
    assert owner.team != "marketing"
    assert leadfit.matching.sides(review.review_id, viewer=owner_id).rows
    assert not leadfit.matching.queue(viewer="rep_hugo")
    with pytest.raises(NotFound):
        leadfit.matching.sides(review.review_id, viewer="rep_hugo")


def test_a_page_for_a_rep_is_full_although_reviews_are_hidden(
    leadfit: Leadfit, world: FrozenWorld
) -> None:
    for other in ("zyxel", "beta", "beta-bank"):
        world.pass_time(1)
        duplicates(leadfit, world, other, "gamma")
    store = sqlite3.connect(leadfit.folder / "leadfit.sqlite3")
    store.execute("UPDATE accounts SET owner_id = 'rep_gia' WHERE account_id = 'zyxel'")
    store.commit()
    store.close()
    seen = [each.left.record_id for each in leadfit.matching.queue(2, viewer="rep_cara")]
    assert seen == ["beta", "beta-bank"]
