"""Records are merged, and merges are taken back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from leadfit import BadInput, Leadfit, LeadfitError, NotFound, NotPossible, open_leadfit
from leadfit.records import Account, Contact
from leadfit.resolve.model.card import RecordKind
from leadfit.testing import FrozenWorld
from stories.reviewing.reviewed import make, send, two_leads


@pytest.mark.parametrize("pair", [("ann", "ann-too"), ("ann-too", "ann")])
def test_of_two_merged_contacts_the_older_lead_goes_on_and_unmerge_brings_back_the_other(
    leadfit: Leadfit, world: FrozenWorld, pair: tuple[str, str]
) -> None:
    older, younger = two_leads(leadfit, world)
    made = leadfit.matching.merge(*pair, by="rep_max", kind=RecordKind.CONTACT)
    assert made.closed_lead_id == younger.lead.lead_id
    assert leadfit.lead(older.lead.lead_id).lead.is_open
    stopped = leadfit.lead(younger.lead.lead_id)
    assert not stopped.lead.is_open
    assert not any(each.is_running for each in stopped.clocks)
    assert {each.state.value for each in stopped.actions} == {"cancelled"}
    again = send(leadfit, "form_fill", email="a.reed@gamma.com")
    assert again.lead.lead_id == older.lead.lead_id
    world.pass_time(5)
    leadfit.matching.unmerge(made.merge_id, by="rep_max")
    assert leadfit.lead(younger.lead.lead_id) == younger


def test_what_was_done_meanwhile_is_not_undone(leadfit: Leadfit, world: FrozenWorld) -> None:
    older, younger = two_leads(leadfit, world)
    made = leadfit.matching.merge("ann", "ann-too", by="rep_max", kind=RecordKind.CONTACT)
    leadfit.reject_lead(older.lead.lead_id, "rep_max", "no budget")
    world.pass_time(60)
    newer = send(leadfit, email="a.reed@gamma.com")
    leadfit.matching.unmerge(made.merge_id, by="rep_max")
    assert newer.lead.contact_id == "ann"
    assert leadfit.lead(newer.lead.lead_id).lead.is_open
    assert not leadfit.lead(older.lead.lead_id).lead.is_open
    assert leadfit.lead(younger.lead.lead_id).lead.is_open


def test_a_lead_that_gave_way_and_was_turned_down_stays_closed_when_the_merge_is_taken_back(
    leadfit: Leadfit, world: FrozenWorld
) -> None:
    older, younger = two_leads(leadfit, world)
    made = leadfit.matching.merge("ann", "ann-too", by="rep_max", kind=RecordKind.CONTACT)
    leadfit.reject_lead(younger.lead.lead_id, "rep_max", "no budget")
    leadfit.matching.unmerge(made.merge_id, by="rep_max")
    assert not leadfit.lead(younger.lead.lead_id).lead.is_open
    assert not any(each.is_running for each in leadfit.lead(younger.lead.lead_id).clocks)
    assert leadfit.lead(older.lead.lead_id).lead.is_open


def test_a_lead_that_gave_way_and_was_touched_meanwhile_waits_for_no_first_touch(
    leadfit: Leadfit, world: FrozenWorld
) -> None:
    _, younger = two_leads(leadfit, world)
    made = leadfit.matching.merge("ann", "ann-too", by="rep_max", kind=RecordKind.CONTACT)
    leadfit.touch(younger.lead.lead_id, "rep_max")
    world.pass_time(60)
    leadfit.matching.unmerge(made.merge_id, by="rep_max")
    after = leadfit.lead(younger.lead.lead_id)
    assert after.lead.is_open
    assert after.touched_at is not None
    assert not any(each.is_running and "touch" in each.clock.kind.value for each in after.clocks)


def test_a_merge_is_shown_before_it_is_made_and_nothing_is_written(leadfit: Leadfit) -> None:
    rows = leadfit.status().counts.log_rows
    shown = leadfit.matching.preview("ann", "ann-too", kind=RecordKind.CONTACT)
    assert isinstance(shown.record, Contact)
    assert (shown.record.title, shown.provenance["title"]) == ("CFO", "ann")
    other = leadfit.matching.preview("ann-too", "ann", kind=RecordKind.CONTACT)
    assert isinstance(other.record, Contact)
    assert (other.record.email, other.provenance["title"]) == ("a.reed@gamma.com", "ann")
    assert leadfit.status().counts.log_rows == rows
    made = leadfit.matching.merge("ann-too", "ann", by="rep_max", kind=RecordKind.CONTACT)
    assert made.provenance == other.provenance
    assert leadfit.matching.record(RecordKind.CONTACT, "ann") == other.record


def test_a_later_merge_changes_no_value_there_is(leadfit: Leadfit) -> None:
    for absorbed in ("zyxel", "gamma", "beta-bank"):
        before = leadfit.matching.record(RecordKind.ACCOUNT, "beta")
        leadfit.matching.merge("beta", absorbed, by="rep_max")
        after = leadfit.matching.record(RecordKind.ACCOUNT, "beta")
        assert isinstance(before, Account)
        assert isinstance(after, Account)
        assert after.facts.items() >= before.facts.items()
        assert after.domains[: len(before.domains)] == before.domains


def test_merges_hold_after_a_restart(tmp_path: Path, world: FrozenWorld) -> None:
    workspace = make(tmp_path, world)
    with open_leadfit(workspace, world=world) as leadfit:
        two_leads(leadfit, world)
        made = leadfit.matching.merge("ann", "ann-too", by="rep_max", kind=RecordKind.CONTACT)
        both = leadfit.matching.record(RecordKind.CONTACT, "ann-too")
    with open_leadfit(workspace, world=world) as leadfit:
        assert leadfit.matching.record(RecordKind.CONTACT, "ann-too") == both
        assert leadfit.matching.merges("ann") == (made,)
        leadfit.matching.unmerge("ann-too", by="rep_max")
        assert leadfit.verify().intact


@pytest.mark.parametrize(
    ("survivor", "absorbed", "error"),
    [("beta", "beta", NotPossible), ("beta", "none", NotFound), ("none", "beta", NotFound)],
)
def test_what_cannot_be_merged_is_refused(
    leadfit: Leadfit, survivor: str, absorbed: str, error: type[LeadfitError]
) -> None:
    for call in (leadfit.matching.preview, merging(leadfit)):
        with pytest.raises(error):
            call(survivor, absorbed)
    assert not leadfit.matching.merges("beta")


def merging(leadfit: Leadfit) -> Callable[[str, str], object]:
    return lambda survivor, absorbed: leadfit.matching.merge(survivor, absorbed, by="rep_max")


def test_a_merge_is_taken_back_once(leadfit: Leadfit) -> None:
    made = leadfit.matching.merge("beta", "beta-bank", by="rep_max")
    with pytest.raises(NotPossible):
        leadfit.matching.merge("gamma", "beta-bank", by="rep_max")
    with pytest.raises(BadInput):
        leadfit.matching.unmerge("beta", by=" ")
    leadfit.matching.unmerge("beta", by="rep_max")
    with pytest.raises(NotPossible):
        leadfit.matching.unmerge(made.merge_id, by="rep_max")
    with pytest.raises(NotFound):
        leadfit.matching.unmerge("beta", by="rep_max")
