"""What a reviewer decides of a link, and what follows of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from leadfit import BadInput, Leadfit, NotFound, NotPossible, open_leadfit
from leadfit.records import Relation
from leadfit.resolve.model.card import RecordKind
from leadfit.store.matching import ReviewKind
from leadfit.testing import FrozenWorld
from stories.reviewing.reviewed import (
    contact_of,
    from_new_domain,
    make,
    send,
    settle,
    shared,
    zyxel,
)


def test_the_same_account_links_the_lead_and_its_contact(leadfit: Leadfit) -> None:
    view, review = shared(leadfit)
    assert (view.lead.account_id, review.kind) == (None, ReviewKind.LINK)
    settled = settle(leadfit, review, Relation.SAME)
    after = leadfit.lead(view.lead.lead_id)
    assert (settled.reviewer, settled.relation) == ("rep_max", Relation.SAME)
    assert after.lead.account_id == "beta"
    assert after.contact is not None
    assert after.contact.account_id == "beta"
    assert after.possible_account_id is None
    assert after.lead.owner_id is not None
    assert not leadfit.matching.reviews()


@pytest.mark.parametrize("relation", [Relation.RELATED, Relation.DIFFERENT])
def test_a_relative_or_a_stranger_is_never_linked_or_merged(
    leadfit: Leadfit, relation: Relation
) -> None:
    for view, review in (shared(leadfit), from_new_domain(leadfit)):
        settle(leadfit, review, relation)
        after = leadfit.lead(view.lead.lead_id)
        assert after.lead.account_id == view.lead.account_id
        assert after.lead.owner_id is not None
        assert after.possible_account_id is None
        assert not leadfit.matching.merges(review.right_id)


@pytest.mark.parametrize("relation", list(Relation))
def test_a_lead_nobody_can_have_in_doubt_gets_an_owner_by_any_answer(
    tmp_path: Path, world: FrozenWorld, relation: Relation
) -> None:
    with open_leadfit(make(tmp_path, world, order="owner-first"), world=world) as leadfit:
        view, review = shared(leadfit)
        assert view.lead.owner_id is None
        assert leadfit.matching.sides(review.review_id).waits
        assert any(each.action.kind == "alert" for each in view.actions)
        settle(leadfit, review, relation)
        after = leadfit.lead(view.lead.lead_id)
        assert (after.lead.owner_id == "rep_ada") is (relation is Relation.SAME)
        assert after.lead.owner_id is not None
        assert any(each.is_running for each in after.clocks)


def test_an_account_made_for_the_lead_is_merged_and_unmerge_brings_it_back(
    leadfit: Leadfit,
) -> None:
    view, review = from_new_domain(leadfit)
    own = view.lead.account_id
    assert own is not None
    assert view.account is not None
    settle(leadfit, review, Relation.SAME)
    merged = leadfit.lead(view.lead.lead_id)
    assert merged.account is not None
    assert merged.account.account_id == "zyxel"
    assert set(merged.account.domains) == {"zyxel.com", "zyxelrobots.de"}
    (made,) = leadfit.matching.merges(own)
    assert (made.review_id, made.by) == (review.review_id, "rep_max")
    assert made.provenance["domains.zyxelrobots.de"] == own
    later = send(leadfit, email="lee@zyxelrobots.de")
    assert later.account is not None
    assert later.account.account_id == "zyxel"
    leadfit.matching.unmerge(own, by="rep_max", reason="two firms of one name")
    after = leadfit.lead(view.lead.lead_id)
    assert (after.account, after.lead) == (view.account, view.lead)
    assert leadfit.matching.record(RecordKind.ACCOUNT, "zyxel") == zyxel()
    (undone,) = leadfit.matching.merges(own)
    assert undone.undone_reason == "two firms of one name"


def test_an_account_that_was_there_before_is_not_merged_by_an_answer_about_a_lead(
    leadfit: Leadfit,
) -> None:
    view, review = from_new_domain(leadfit)
    own = view.lead.account_id
    assert own is not None
    leadfit.matching.merge("gamma", own, by="rep_max", reason="a person said so before")
    settle(leadfit, review, Relation.SAME)
    assert leadfit.lead(view.lead.lead_id).lead.account_id == "zyxel"
    assert not leadfit.matching.merges("zyxel")
    assert [each.absorbed_id for each in leadfit.matching.merges("gamma")] == [own]


def test_an_audit_that_finds_a_stranger_takes_the_link_back(
    tmp_path: Path, world: FrozenWorld
) -> None:
    with open_leadfit(make(tmp_path, world, audit_share="1.0"), world=world) as leadfit:
        new = send(leadfit, email="eve@gamma.com", name="Eve Hart")
        known = send(leadfit, email="ann@gamma.com")
        for view in (new, known):
            assert view.lead.account_id == "gamma"
            (review,) = leadfit.matching.of_lead(view.lead.lead_id)
            assert review.kind is ReviewKind.AUDIT
            settle(leadfit, review, Relation.DIFFERENT)
            after = leadfit.lead(view.lead.lead_id)
            assert after.lead.account_id is None
            assert after.lead.owner_id == view.lead.owner_id
        assert contact_of(leadfit, new).account_id is None, "the lead brought this contact"
        assert contact_of(leadfit, known).account_id == "gamma", "it was there before the lead"


def test_an_audit_that_finds_it_right_changes_nothing(tmp_path: Path, world: FrozenWorld) -> None:
    with open_leadfit(make(tmp_path, world, audit_share="1.0"), world=world) as leadfit:
        view = send(leadfit, email="eve@gamma.com", name="Eve Hart")
        (review,) = leadfit.matching.of_lead(view.lead.lead_id)
        settle(leadfit, review, Relation.SAME)
        assert leadfit.lead(view.lead.lead_id) == view


def test_a_link_by_a_mistaken_answer_is_taken_back_and_both_answers_are_kept(
    leadfit: Leadfit,
) -> None:
    view, review = shared(leadfit)
    settle(leadfit, review, Relation.SAME)
    owner = leadfit.lead(view.lead.lead_id).lead.owner_id
    said = leadfit.matching.unlink(view.lead.lead_id, by="rep_ada", reason="it was the bank")
    after = leadfit.lead(view.lead.lead_id)
    assert (after.account, after.lead.owner_id) == (None, owner)
    assert contact_of(leadfit, view).account_id is None
    assert (said.kind, said.relation, said.right_id) == (
        ReviewKind.STATED,
        Relation.DIFFERENT,
        "beta",
    )
    told = [(e.reviewer, e.relation) for e in leadfit.matching.of_lead(view.lead.lead_id)]
    assert told == [("rep_max", Relation.SAME), ("rep_ada", Relation.DIFFERENT)]
    assert not leadfit.matching.reviews(), "nobody is asked again"


def test_a_link_made_at_once_is_taken_back_and_the_person_is_not_linked_there_again(
    leadfit: Leadfit,
) -> None:
    view = send(leadfit, email="eve@gamma.com", name="Eve Hart")
    leadfit.matching.unlink(view.lead.lead_id, by="rep_ada", relation=Relation.RELATED)
    again = send(leadfit, "page_view", email="eve@gamma.com")
    assert (again.lead.lead_id, again.account) == (view.lead.lead_id, None)
    colleague = send(leadfit, email="new@gamma.com")
    assert colleague.lead.account_id == "gamma"


def test_a_contact_that_was_there_before_the_lead_stays_in_its_account(leadfit: Leadfit) -> None:
    view = send(leadfit, email="ann@gamma.com")
    leadfit.matching.unlink(view.lead.lead_id, by="rep_ada")
    assert leadfit.lead(view.lead.lead_id).account is None
    assert contact_of(leadfit, view).account_id == "gamma"


def test_a_lead_is_put_into_another_account_and_holds_there(leadfit: Leadfit) -> None:
    view = send(leadfit, email="eve@gamma.com", name="Eve Hart")
    leadfit.matching.link(view.lead.lead_id, "zyxel", by="rep_ada", reason="moved")
    after = leadfit.lead(view.lead.lead_id)
    assert (after.lead.account_id, contact_of(leadfit, view).account_id) == ("zyxel", "zyxel")
    told = [(e.right_id, e.relation) for e in leadfit.matching.of_lead(view.lead.lead_id)]
    assert sorted(told) == [("gamma", Relation.DIFFERENT), ("zyxel", Relation.SAME)]


def test_a_person_answers_with_another_account_than_the_one_that_is_asked_about(
    tmp_path: Path, world: FrozenWorld
) -> None:
    with open_leadfit(make(tmp_path, world, order="owner-first"), world=world) as leadfit:
        view, review = shared(leadfit)
        assert (view.lead.owner_id, review.right_id) == (None, "beta")
        leadfit.matching.link(view.lead.lead_id, "beta-bank", by="rep_ada")
        after = leadfit.lead(view.lead.lead_id)
        assert (after.lead.account_id, after.lead.owner_id) == ("beta-bank", "rep_cara")
        assert not leadfit.matching.reviews()
        assert leadfit.matching.review(review.review_id).relation is Relation.DIFFERENT


def test_linking_as_asked_answers_the_question(leadfit: Leadfit) -> None:
    view, review = from_new_domain(leadfit)
    own = view.lead.account_id
    said = leadfit.matching.link(view.lead.lead_id, "zyxel", by="rep_ada")
    assert (said.review_id, said.relation) == (review.review_id, Relation.SAME)
    assert own is not None
    assert [each.survivor_id for each in leadfit.matching.merges(own)] == ["zyxel"]
    with pytest.raises(NotPossible, match="take the merge back"):
        leadfit.matching.unlink(view.lead.lead_id, by="rep_ada")


def test_taking_a_link_back_answers_the_audit_of_it(tmp_path: Path, world: FrozenWorld) -> None:
    with open_leadfit(make(tmp_path, world, audit_share="1.0"), world=world) as leadfit:
        view = send(leadfit, email="eve@gamma.com", name="Eve Hart")
        (review,) = leadfit.matching.of_lead(view.lead.lead_id)
        said = leadfit.matching.unlink(view.lead.lead_id, by="rep_ada")
        assert (said.review_id, said.kind) == (review.review_id, ReviewKind.AUDIT)
        assert leadfit.lead(view.lead.lead_id).account is None


def test_what_cannot_be_linked_or_taken_back_is_refused(leadfit: Leadfit) -> None:
    own = send(leadfit, email="kim@newcomer.io", company="Newcomer")
    alone = send(leadfit, email="kim@gmail.com")
    linked = send(leadfit, email="eve@gamma.com")
    matching = leadfit.matching
    for lead_id in (own.lead.lead_id, alone.lead.lead_id):
        with pytest.raises(NotPossible):
            matching.unlink(lead_id, by="rep_ada")
    with pytest.raises(NotPossible):
        matching.unlink(linked.lead.lead_id, by="rep_ada", relation=Relation.SAME)
    with pytest.raises(NotPossible, match="it is in account gamma"):
        matching.link(linked.lead.lead_id, "gamma", by="rep_ada")
    for lead_id, account_id in (("lead_none", "gamma"), (linked.lead.lead_id, "none")):
        with pytest.raises(NotFound):
            matching.link(lead_id, account_id, by="rep_ada")
    with pytest.raises(NotFound):
        matching.unlink("lead_none", by="rep_ada")
    with pytest.raises(BadInput):
        matching.unlink(linked.lead.lead_id, by=" ")


def test_one_person_under_two_addresses_has_one_owner_while_a_reviewer_is_asked(
    leadfit: Leadfit,
) -> None:
    first = send(leadfit, email="robert.marsh@zyxel.com", name="Robert Marsh")
    others = [send(leadfit, email=f"p{n}@zyxel.com", name=f"Pat Number{n}") for n in range(3)]
    second = send(leadfit, email="bob@zyxel.com", name="Bob Marsh")
    assert second.lead.lead_id != first.lead.lead_id, "nothing is merged before the answer"
    assert second.lead.owner_id == first.lead.owner_id
    assert {each.lead.owner_id for each in others} - {first.lead.owner_id}, "others take turns"
    (review,) = leadfit.matching.reviews(kind=ReviewKind.DUPLICATE)
    settle(leadfit, review, Relation.SAME)
    running = [leadfit.lead(each.lead.lead_id).lead.is_open for each in (first, second)]
    assert running == [True, False], "one person, one lead"
