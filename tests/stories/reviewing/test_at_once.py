"""Decisions that are made at once, and decisions that break off."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from leadfit import Leadfit, LeadfitError, NotPossible, open_leadfit
from leadfit.records import Relation
from leadfit.store.matching import Review
from leadfit.testing import FrozenWorld
from lived import START
from stories.reviewing.reviewed import from_new_domain, make, settle, shared, tables


def at_once(*calls: Callable[[], object]) -> list[object]:
    """Run calls in threads that begin together; return what each gave or raised."""
    begin = threading.Barrier(len(calls))
    answers: list[object] = []

    def run(call: Callable[[], object]) -> None:
        begin.wait()
        try:
            answers.append(call())
        except LeadfitError as error:
            answers.append(error)

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_of_two_decisions_at_once_one_wins(leadfit: Leadfit) -> None:
    view, review = shared(leadfit)
    answers = at_once(*(lambda it=each: settle(leadfit, review, it) for each in list(Relation) * 2))
    won = [each for each in answers if isinstance(each, Review)]
    lost = [each for each in answers if isinstance(each, NotPossible)]
    assert (len(won), len(lost)) == (1, 5)
    linked = won[0].relation is Relation.SAME
    assert leadfit.lead(view.lead.lead_id).lead.account_id == ("beta" if linked else None)


def test_of_two_merges_at_once_one_wins(leadfit: Leadfit) -> None:
    answers = at_once(
        lambda: leadfit.matching.merge("beta", "beta-bank", by="rep_max"),
        lambda: leadfit.matching.merge("beta-bank", "beta", by="rep_max"),
    )
    assert len([each for each in answers if isinstance(each, NotPossible)]) == 1
    assert len(leadfit.matching.merges("beta")) == 1


def test_two_forms_of_one_person_at_once_make_one_contact_one_lead_and_one_set_of_actions(
    leadfit: Leadfit,
) -> None:
    bodies = [
        {
            "source": source,
            "event_id": "1",
            "kind": "form_fill",
            "at": START.isoformat(),
            "identifiers": {"email": "Kai.Moor@delta.com", "name": "Kai Moor"},
            "facts": {"country": "DE"},
        }
        for source in ("web-form", "webinar")
    ]
    leadfit.start()
    at_once(*(lambda it=body: leadfit.accept(it) for body in bodies))
    leadfit.decide_pending()
    views = [each for each in leadfit.leads() if each.lead.lead_id != "old"]
    assert len(views) == 1
    assert len(leadfit.why(views[0].lead.lead_id)) == 2
    owners = {each.action.assignment_id for each in views[0].actions}
    assert owners == {None if (one := views[0].assignment) is None else one.assignment_id}
    assert views[0].lead.owner_id is not None
    assert leadfit.status().counts.contacts == 3


class Broken(Exception):  # noqa: N818 -- it stands for a process that ended here
    """The process ended at a failpoint."""


@pytest.mark.parametrize("point", ["merge.made", "review.settled", "store.before_commit"])
def test_a_decision_that_breaks_off_leaves_nothing_half_done(tmp_path: Path, point: str) -> None:
    armed: list[str] = []

    def end(failpoint: str, _reached: int) -> None:
        if failpoint in armed:
            raise Broken

    world = FrozenWorld(START, at_failpoint=end)
    workspace = make(tmp_path, world)
    with open_leadfit(workspace, world=world) as leadfit:
        view, review = from_new_domain(leadfit)
        before = tables(workspace)
        armed.append(point)
        with pytest.raises(Broken):
            settle(leadfit, review, Relation.SAME)
        assert tables(workspace) == before
        armed.clear()
        assert settle(leadfit, review, Relation.SAME).relation is Relation.SAME
        merged = leadfit.lead(view.lead.lead_id).account
        assert merged is not None
        assert merged.account_id == "zyxel"
        armed.append("merge.undone" if point == "merge.made" else point)
        before = tables(workspace)
        if point != "review.settled":
            with pytest.raises(Broken):
                leadfit.matching.unmerge("zyxel", by="rep_max")
            assert tables(workspace) == before
