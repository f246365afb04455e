"""`leadfit leads`, and commands that take an address where they take a lead."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from leadfit import create_workspace, open_leadfit
from leadfit.cli import run
from leadfit.records import Account, Contact, Lead
from leadfit.store import Session
from leadfit.world import SystemWorld


def fill(session: Session) -> None:
    now = SystemWorld().now()
    firm = Account(account_id="a1", name="=Acme\x1b[2J", domains=("acme.com",))
    session.accounts.add_accounts([firm])
    for number in (1, 2, 3):
        contact = Contact(contact_id=f"c{number}", first_name="Jo", email=f"jo{number}@acme.com")
        session.accounts.add_contacts([(contact, contact.email)])
        lead = Lead(lead_id=f"l{number}", created_at=now, account_id="a1", contact_id=f"c{number}")
        session.leads.add(lead, now, None)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = create_workspace(tmp_path / "workspace")
    with open_leadfit(folder) as leadfit:
        leadfit._store.write(fill)
    return folder


def command(workspace: Path, *words: str) -> int:
    return run(["--workspace", str(workspace), *words])


def test_leads_are_listed_in_words_and_the_next_page_is_named(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(workspace, "leads", "--limit", "2") == 0
    said = capsys.readouterr().out
    assert "l3" in said
    assert "\x1b" not in said
    assert said.splitlines()[-1] == "more: the same with --after l2"
    assert command(workspace, "leads", "--after", "l2", "--state", "closed") == 0
    assert capsys.readouterr().out == "no lead fits this choice\n"


def test_a_page_as_json_says_where_the_next_begins(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(workspace, "leads", "--unassigned", "--limit", "1", "--json") == 0
    page = json.loads(capsys.readouterr().out)
    assert (page["next"], len(page["leads"])) == ("l3", 1)
    assert page["leads"][0]["email"] == "jo3@acme.com"
    assert command(workspace, "leads", "--after", "l1", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"leads": [], "next": None}


def test_all_of_them_are_written_as_csv_without_formulas(
    workspace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "leads.csv"
    assert command(workspace, "leads", "--account", "acme.com", "--out", str(out)) == 0
    assert capsys.readouterr().out == f"3 leads are in {out}\n"
    rows = list(csv.DictReader(out.read_text("utf-8").splitlines()))
    assert [row["lead_id"] for row in rows] == ["l3", "l2", "l1"]
    assert rows[0]["account"].startswith("'=Acme")
    assert (rows[0]["tier"], rows[0]["is_open"]) == ("", "true")


@pytest.mark.parametrize(
    "words",
    [("--after", "none"), ("--account", "none"), ("--as", "none"), ("--out", "x", "--limit", "3")],
)
def test_what_cannot_be_listed_ends_with_2(workspace: Path, words: tuple[str, ...]) -> None:
    assert command(workspace, "leads", *words) == 2


def test_why_takes_an_address_and_says_which_lead_it_is(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(workspace, "why", "jo1@acme.com", "--json") == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["lead_id"] == "l1"
    assert "'jo1@acme.com' is lead l1, open" in said.err
    assert command(workspace, "why", "acme.com", "--json") == 0
    assert json.loads(capsys.readouterr().out)["others"] == ["l2", "l1"]
    assert command(workspace, "why", "who@acme.com") == 2


@pytest.mark.parametrize(
    "words",
    [
        ("assign", "acme.com", "rep_ada", "--by", "me", "--reason", "x"),
        ("override", "acme.com", "--by", "me", "--reason", "x"),
        ("link", "acme.com", "a1", "--by", "me"),
        ("unlink", "acme.com", "--by", "me"),
    ],
)
def test_nothing_is_changed_where_it_may_be_several_leads(
    workspace: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    assert command(workspace, *words) == 2
    assert "'acme.com', which is of 3 open leads: l3, l2, l1" in capsys.readouterr().err


def test_a_lead_is_given_to_a_rep_by_the_address_of_its_person(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("assign", "jo2@acme.com", "rep_ada", "--by", "rep_max", "--reason", "knows her")
    command(workspace, *words)
    assert "is lead l2" in capsys.readouterr().err
    assert command(workspace, "enrich", "check", "--lead", "jo2@acme.com") == 0
