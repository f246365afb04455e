"""A file of leads is matched to a file of accounts, with the answers a live lead would get."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from leadfit import create_workspace, open_leadfit
from leadfit.app.files import DATABASE, SECRET, read_secret
from leadfit.cli import run
from leadfit.exports import read_export
from leadfit.pipeline.case import Desk, InForce
from leadfit.pipeline.matching import find
from leadfit.records import Match, Signal
from leadfit.store import Session, SqliteStore
from leadfit.testing import planted
from leadfit.testing.builders import signal

ACCOUNTS = (
    ("account_id", "name", "website", "parent_account_id", "country", "city"),
    ("a1", "Acme Works Inc", "acme.com; acme-works.com", "", "US", "Boston"),
    ("a2", "Acme Works GmbH", "acme.de", "a1", "DE", "Berlin"),
    ("a3", "Quandary Instruments Ltd", "quandary.io", "", "GB", "Leeds"),
    ("a4", "Hollow Oak", "", "", "US", "Austin"),
)
CONTACTS = (
    ("contact_id", "account_id", "email", "first_name", "last_name", "phone"),
    ("jo@quandary.io", "a3", "jo@quandary.io", "Jo", "Marsh", "+1 212 736 5000"),
    ("c2", "a1", "info@acme.com", "Al", "Winter", ""),
)


def table(path: Path, rows: Sequence[Sequence[str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def matched(folder: Path, leads: Sequence[Sequence[str]], *more: str) -> dict[str, dict[str, str]]:
    """Run the command and return its rows by lead."""
    given = table(folder / "leads.csv", leads)
    accounts = table(folder / "accounts.csv", ACCOUNTS)
    contacts = table(folder / "contacts.csv", CONTACTS)
    out = folder / "out.csv"
    code = run(
        ["match", str(given), "--accounts", str(accounts), "--contacts", str(contacts),
         "--out", str(out), *more]
    )  # fmt: skip
    assert code == 0
    with out.open(encoding="utf-8", newline="") as file:
        return {row["lead_id"]: row for row in csv.DictReader(file)}


def rules(row: Mapping[str, str]) -> list[str]:
    return [each["rule"] for each in json.loads(row["reasons"])]


def test_every_band_is_told_with_its_candidate_and_its_reasons(tmp_path: Path) -> None:
    found = matched(
        tmp_path,
        [
            ("lead_id", "email", "company", "phone", "last_name"),
            ("l1", "new@acme.com", "Acme Works", "", "Stone"),
            ("l2", "jo@quandary.io", "", "", ""),
            ("l3", "sales@acme.com", "", "", ""),
            ("l4", "x@gmail.com", "Quandary Instruments Limited", "", ""),
            ("l5", "y@gmail.com", "", "(212) 736-5000", "Marsh"),
            ("l6", "z@gmail.com", "", "1 212 736 5000", "Marsh"),
            ("l7", "", "", "+1 212 736 5000", "Marsh"),
            ("l8", "who@nobody-at-all.example.net", "", "", ""),
            ("l9", "new@acme-works.com", "Acme Works", "", "Stone"),
        ],
    )
    assert [(found[f"l{n}"]["band"], found[f"l{n}"]["account_id"]) for n in (1, 2, 3, 4)] == [
        ("auto", "a1"), ("auto", "a3"), ("review", "a1"), ("new", ""),
    ]  # fmt: skip
    assert found["l2"]["contact_id"] == "jo@quandary.io"
    assert found["l4"]["possible_account_id"] == "a3"
    assert (found["l7"]["band"], found["l7"]["account_id"]) == ("auto", "a3")
    assert rules(found["l7"]) == ["phone.known"]
    assert found["l8"]["band"] == "new"
    # The first domain of a column is the account's own; another is a brand's, as in an import.
    assert (found["l9"]["band"], found["l9"]["relation"]) == ("review", "related")
    assert (found["l9"]["account_id"], rules(found["l9"])) == ("a1", ["domain.brand"])
    assert json.loads(found["l1"]["candidates"]) == ["a1"]
    assert 0.97 <= float(found["l1"]["probability"]) <= 1


def test_a_sister_in_another_country_is_a_relative_and_never_the_same(tmp_path: Path) -> None:
    leads = [("id", "email", "company"), ("l1", "a@quandary.fr", "Quandary Instruments")]
    found = matched(tmp_path, leads)["l1"]
    assert found["relation"] == "related"
    assert found["band"] != "auto"
    assert "a3" in {found["account_id"], found["possible_account_id"]}
    assert "domain.label" in rules(found)


def test_a_file_is_matched_as_the_same_leads_are_live(tmp_path: Path) -> None:
    company = planted.simulate(planted.Dials(leads=300, facts=12, seed=41))
    export = tmp_path / "export"
    planted.write(company, export)
    with (export / "leads.csv").open(encoding="utf-8", newline="") as file:
        leads = [(row["lead_id"], row["email"], row["company"]) for row in csv.DictReader(file)]
    given = table(tmp_path / "leads.csv", [("lead_id", "email", "company"), *leads])
    out = tmp_path / "out.csv"
    accounts, contacts = str(export / "accounts.csv"), str(export / "contacts.csv")
    options = ["--accounts", accounts, "--contacts", contacts, "--out", str(out)]
    assert run(["match", str(given), *options]) == 0
    with out.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    workspace = create_workspace(tmp_path / "live")
    with open_leadfit(workspace) as leadfit:
        leadfit.import_history(read_export(export))
        world, policy, card = leadfit.world, leadfit.policy, leadfit.card
    store = SqliteStore(workspace / DATABASE, secret=read_secret(workspace / SECRET), world=world)
    rules_in_force = InForce(policy=policy, card=card)
    for row, (_, email, name) in zip(rows, leads, strict=True):
        given_signal = signal(email=email, company=name)

        def look(session: Session, came: Signal = given_signal) -> Match:
            desk = Desk(world=world, session=session, in_force=rules_in_force, now=world.now())
            return find(desk, came).match

        live = store.read(look)
        assert float(row["probability"]) == live.probability
        assert row["band"] == live.band.value
        assert row["relation"] == live.relation.value
        named = live.account_id or live.possible_account_id or ""
        assert (row["account_id"] or row["possible_account_id"]) == named
        assert row["contact_id"] == (live.contact_id or "")
        assert tuple(json.loads(row["candidates"])) == live.candidates
        assert rules(row) == [each.rule for each in live.reasons]
    store.close()
    assert {row["band"] for row in rows} == {"auto", "review", "new"}


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([("lead_id", "colour"), ("l1", "red")], "one of email, domain, company, phone"),
        ([("lead_id", "email"), ("l1", "a@b.co"), ("l1", "b@b.co")], "row 2 has it too"),
        ([("lead_id", "email")], "at least one lead"),
    ],
)
def test_bad_leads_are_refused_with_their_place(
    tmp_path: Path, rows: list[tuple[str, ...]], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    given = table(tmp_path / "leads.csv", rows)
    accounts = table(tmp_path / "accounts.csv", ACCOUNTS)
    out = tmp_path / "out.csv"
    assert run(["match", str(given), "--accounts", str(accounts), "--out", str(out)]) == 2
    assert words in capsys.readouterr().err
    assert not out.exists()


def test_a_contact_of_an_account_that_is_not_there_is_refused_with_its_row(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    leads = table(tmp_path / "leads.csv", [("lead_id", "email"), ("l1", "a@acme.com")])
    accounts = table(tmp_path / "accounts.csv", ACCOUNTS)
    rows = [*CONTACTS, ("c9", "nobody", "c9@acme.com", "", "", "")]
    contacts, out = table(tmp_path / "contacts.csv", rows), tmp_path / "out.csv"
    given = ["match", str(leads), "--accounts", str(accounts), "--contacts", str(contacts)]
    assert run([*given, "--out", str(out)]) == 2
    told = capsys.readouterr().err
    assert "contacts.csv row 4 column account_id: came 'nobody'" in told
    assert not out.exists()


@pytest.mark.parametrize("name", ["leads.csv", "accounts.csv"])
def test_what_is_read_is_never_written_over(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    leads = table(tmp_path / "leads.csv", [("lead_id", "email"), ("l1", "a@acme.com")])
    accounts = table(tmp_path / "accounts.csv", ACCOUNTS)
    before = (tmp_path / name).read_bytes()
    out = str(tmp_path / "." / name)
    assert run(["match", str(leads), "--accounts", str(accounts), "--out", out]) == 2
    assert "--out" in capsys.readouterr().err
    assert (tmp_path / name).read_bytes() == before


def test_too_few_labels_are_refused_with_how_many_are_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = table(tmp_path / "leads.csv", [("lead_id", "email"), ("l1", "a@acme.com")])
    accounts = table(tmp_path / "accounts.csv", ACCOUNTS)
    labels = table(
        tmp_path / "labels.csv",
        [("lead_id", "account_id", "match"), ("l1", "a1", "1"), ("l1", "a3", "0")],
    )
    options = ["--accounts", str(accounts), "--labels", str(labels), "--out"]
    assert run(["match", str(given), *options, str(tmp_path / "out.csv")]) == 2
    assert "198 more needed" in capsys.readouterr().err
