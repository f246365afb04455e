"""The commands of reviewing and merging: what they print, and how they end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from leadfit import Leadfit, create_workspace, open_leadfit
from leadfit.cli import run
from leadfit.records import Account, Contact, Lead, Reason
from leadfit.resolve.model.card import RecordKind
from leadfit.store import Session
from leadfit.store.matching import Review, ReviewKind
from leadfit.world import SystemWorld


def fill(session: Session) -> None:
    now = SystemWorld().now()
    session.accounts.add_accounts(
        [
            Account(account_id="a1", name="Acme\x1b[2J", domains=("acme.com",), owner_id="rep_ada"),
            Account(
                account_id="a2", name="Beta", country="DE", owner_id="rep_finn", facts={"size": 9}
            ),
        ]
    )
    for number in (1, 2):
        contact = Contact(contact_id=f"c{number}", first_name="Jo", email=f"jo{number}@acme.com")
        session.accounts.add_contacts([(contact, contact.email)])
        session.leads.add(
            Lead(lead_id=f"l{number}", created_at=now, contact_id=f"c{number}"), now, None
        )
    evidence = (
        Reason(rule="weighed.country", words="country is another (-2.0 bits)", points=-2.0),
        Reason(rule="weighed.company", words="company is spelled alike (+8.0 bits)", points=8.0),
    )
    for number, (left, right) in enumerate((("a1", "a2"), ("a2", "a1"))):
        session.reviews.open(
            Review(
                review_id=f"v{number}", kind=ReviewKind.DUPLICATE, record_kind=RecordKind.ACCOUNT,
                left_id=left, right_id=right, probability=0.93, opened_at=now, evidence=evidence,
            )
        )  # fmt: skip


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = create_workspace(tmp_path / "workspace")
    with opened(folder) as leadfit:
        leadfit._store.write(fill)
    return folder


def opened(folder: Path) -> Leadfit:
    return open_leadfit(folder)


def command(workspace: Path, *words: str) -> int:
    return run(["--workspace", str(workspace), *words])


def document(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    found = json.loads(capsys.readouterr().out)
    assert isinstance(found, dict)
    return found


def test_the_queue_is_listed_a_page_at_a_time(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(workspace, "review", "--limit", "1") == 0
    shown = capsys.readouterr().out
    assert "+8.0 bits" in shown
    assert "more: leadfit review --after v0" in shown
    assert "\x1b" not in shown, "a name cannot steer the terminal"
    assert command(workspace, "review", "--after", "v0", "--json") == 0
    found = document(capsys)
    assert isinstance(found["reviews"], list)
    assert [each["review_id"] for each in found["reviews"]] == ["v1"]
    assert command(workspace, "review", "--kind", "audit") == 0
    assert "nothing waits" in capsys.readouterr().out


def test_a_review_is_shown_side_by_side(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(workspace, "review", "v1") == 0
    shown = capsys.readouterr().out
    for part in ("Beta", "acme.com", "probability 0.930", "--different", "is merged into"):
        assert part in shown


def test_a_rep_is_told_whom_to_ask(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(workspace, "review", "v1", "--as", "rep_ada") == 0
    shown = capsys.readouterr().out
    assert "you may not see; ask rep_max" in shown
    assert "Beta" not in shown


def test_a_review_is_decided_once(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(workspace, "review", "v1", "--same", "--by", "rep_max", "--reason", "one") == 0
    assert "decided: same" in capsys.readouterr().out
    assert command(workspace, "review", "v1", "--related", "--by", "rep_max", "--json") == 2
    error = document(capsys)["error"]
    assert isinstance(error, dict)
    assert error["code"] == "not_possible"
    assert command(workspace, "review", "v1") == 0
    assert "Decided: same by rep_max" in capsys.readouterr().out
    assert command(workspace, "review", "v0") == 0
    assert "merged already" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [
        ("review", "--same", "--by", "ann"),
        ("review", "v1", "--same"),
        ("review", "v1", "--same", "--by", " "),
        ("review", "v1", "--by", "ann"),
        ("review", "v1", "--same", "--different", "--by", "ann"),
        ("review", "v1", "--same", "--by", "ann", "--as", "rep_ada"),
        ("review", "none"),
        ("review", "none", "--same", "--by", "ann"),
        ("merge", "a1", "a2"),
        ("merge", "a1", "a1", "--by", "ann"),
        ("merge", "a1", "none", "--show"),
        ("unmerge", "a1", "--by", "ann"),
        ("unmerge", "a1"),
    ],
)
def test_what_cannot_be_done_ends_with_two_and_changes_nothing(
    workspace: Path, words: tuple[str, ...]
) -> None:
    with opened(workspace) as leadfit:
        before = leadfit.status().counts
    assert command(workspace, *words) == 2
    with opened(workspace) as leadfit:
        assert leadfit.status().counts == before


def test_a_merge_is_shown_made_listed_and_taken_back(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(workspace, "merge", "a1", "a2", "--show", "--json") == 0
    shown = document(capsys)
    assert isinstance(shown["provenance"], dict)
    assert shown["provenance"]["country"] == "a2"
    assert command(workspace, "merges", "a1") == 0
    assert "no merge" in capsys.readouterr().out
    assert command(workspace, "merge", "a1", "a2", "--by", "ann", "--reason", "one firm") == 0
    made = capsys.readouterr().out
    assert "from a2" in made
    assert "account a2 into a1 by ann" in made
    assert command(workspace, "unmerge", "a2", "--by", "bob", "--reason", "two firms") == 0
    assert "taken back by bob" in capsys.readouterr().out
    assert command(workspace, "merges", "a2", "--json") == 0
    found = document(capsys)["merges"]
    assert isinstance(found, list)
    assert [each["undone_reason"] for each in found] == ["two firms"]


def test_a_lead_is_put_into_an_account_and_taken_out(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(workspace, "link", "l1", "a2", "--by", "ann", "--reason", "they called") == 0
    assert "Lead l1 has account a2" in capsys.readouterr().out
    assert command(workspace, "unlink", "l1", "--by", "bob", "--related", "--json") == 0
    found = document(capsys)
    assert (found["kind"], found["relation"]) == ("stated", "related")
    assert isinstance(found["lead"], dict)
    assert found["lead"]["account_id"] is None
    assert command(workspace, "unlink", "l1", "--by", "bob") == 2
    assert command(workspace, "unlink", "l1") == 2


def test_contacts_are_merged_when_asked_for(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(workspace, "merge", "c1", "c2", "--contact", "--show") == 0
    assert "lead l2 gives way" in capsys.readouterr().out
    assert command(workspace, "merge", "c1", "c2", "--contact", "--by", "ann", "--json") == 0
    assert document(capsys)["closed_lead_id"] == "l2"


def test_a_review_shows_what_decides_and_the_rest_on_request(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(workspace, "review", "v0") == 0
    short = capsys.readouterr().out
    fields = [line.split()[0] for line in short.splitlines() if line[:1].islower()]
    assert "facts.size" not in fields
    assert "owner" not in fields
    assert fields.index("name") < fields.index("domains") < fields.index("country")
    assert "2 more fields, which speak for nothing: --all shows them" in short
    assert short.index("spelled alike (+8.0") < short.index("is another (-2.0")
    assert command(workspace, "review", "v0", "--all") == 0
    whole = capsys.readouterr().out
    assert "facts.size" in whole
    assert "more fields" not in whole
