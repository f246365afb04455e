"""Lists of leads, and the lead a person means by an address or a domain."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from leadfit import Leadfit
from leadfit.app.listing import LeadsAsked
from leadfit.errors import BadInput, NotFound
from listed import six_leads


@pytest.fixture
def leadfit(tmp_path: Path) -> Iterator[Leadfit]:
    with six_leads(tmp_path) as opened:
        yield opened


def listed(leadfit: Leadfit, **asked: object) -> list[str]:
    page = leadfit.listing.page(LeadsAsked(**asked))  # type: ignore[arg-type]  # passed on
    return [row.lead_id for row in page.rows]


def test_an_id_an_address_and_a_domain_name_the_same_lead(leadfit: Leadfit) -> None:
    find = leadfit.listing.find
    assert find("l1").words == ""
    for said in ("jo@acme.com", " JO+x@Acme.com ", "acme.de", "www.acme.com", "acme", "jo"):
        assert (find(said).lead_id, find(said).others) == ("l2", ("l1",)), said


def test_of_several_leads_the_newest_is_shown_and_the_others_are_named(leadfit: Leadfit) -> None:
    words = leadfit.listing.find("jo@acme.com").words
    assert "lead l2, closed" in words
    assert "the newest of 2; the others are l1" in words


def test_to_change_something_the_open_lead_is_meant(leadfit: Leadfit) -> None:
    found = leadfit.listing.find("jo@acme.com", to_change=True)
    assert (found.lead_id, found.others) == ("l1", ("l2",))
    assert "the only open one of 2" in found.words


def test_between_two_open_leads_nothing_is_chosen_to_be_changed(leadfit: Leadfit) -> None:
    with pytest.raises(BadInput, match="2 open leads: l4, l3; allowed: its id"):
        leadfit.listing.find("di@else.com", to_change=True)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("lead_9", "no lead has the id 'lead_9'"),
        ("nobody@acme.com", "nothing is on record under"),
        ("none.com", "is on record, and no lead is of it"),
        ("ed@acme.com", "leadfit leads --account acme.com"),
        ("unheard.of.example", "nothing is on record under"),
        ("", "no lead has the id ''"),
    ],
)
def test_a_lead_that_is_not_there_is_said_to_be_so(leadfit: Leadfit, said: str, why: str) -> None:
    with pytest.raises(NotFound, match=why):
        leadfit.listing.find(said)


def test_an_account_is_asked_for_by_its_id_or_a_domain(leadfit: Leadfit) -> None:
    assert listed(leadfit, account="acme") == listed(leadfit, account="acme.de") == ["l2", "l1"]
    assert listed(leadfit, account="acme", is_open=True) == ["l1"]
    with pytest.raises(NotFound, match="no account has the id or the domain 'x'"):
        listed(leadfit, account="x")


def test_a_person_is_asked_for_by_the_address(leadfit: Leadfit) -> None:
    assert listed(leadfit, person="Di@else.com") == ["l4", "l3"]
    with pytest.raises(NotFound, match="no contact has the address"):
        listed(leadfit, person="who@else.com")


def test_a_rep_sees_leads_of_nobody_of_the_own_team_and_of_those_who_report(
    leadfit: Leadfit,
) -> None:
    assert listed(leadfit, viewer="rep_ada") == ["l6", "l5", "l3", "l2", "l1"]
    assert listed(leadfit, viewer="rep_max") == ["l6", "l5", "l4", "l3", "l2", "l1"]
    assert listed(leadfit, viewer="rep_finn") == ["l6"]
    with pytest.raises(NotFound, match="no rep has the id 'rep_who'"):
        listed(leadfit, viewer="rep_who")


def test_a_hidden_account_is_not_told_by_the_leads_in_it(leadfit: Leadfit) -> None:
    page = leadfit.listing.page(LeadsAsked(viewer="rep_ada"))
    row = next(each for each in page.rows if each.lead_id == "l5")
    assert (row.account, row.account_id, row.is_account_hidden) == (None, None, True)
    assert "Secret" not in repr(page)
    told = []
    for domain in ("hers.com", "unheard.com"):
        with pytest.raises(NotFound) as refused:
            listed(leadfit, account=domain, viewer="rep_ada")
        told.append(str(refused.value))
    assert told[0].replace("hers", "unheard") == told[1]
    assert listed(leadfit, person="who@x.com", viewer="rep_finn") == []


def test_pages_hold_every_lead_once_in_a_stable_order(leadfit: Leadfit) -> None:
    seen, after = [], None
    for _ in range(9):
        page = leadfit.listing.page(limit=2, after=after)
        seen += [row.lead_id for row in page.rows]
        after = page.next
        if after is None:
            break
    assert seen == ["l6", "l5", "l4", "l3", "l2", "l1"]
    assert [row.lead_id for row in leadfit.listing.every(LeadsAsked(), 5)] == seen[:5]


def test_a_page_behind_no_lead_is_refused(leadfit: Leadfit) -> None:
    with pytest.raises(BadInput, match="after: came 'l99'; allowed: the id of a lead"):
        leadfit.listing.page(after="l99")
