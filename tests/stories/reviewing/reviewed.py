"""What the stories of reviewers are told with."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from leadfit import Leadfit, Receipt, create_workspace, open_leadfit
from leadfit.exports import read_export
from leadfit.records import Account, Band, Contact, Relation
from leadfit.resolve.model.card import RecordKind
from leadfit.store.matching import Review
from leadfit.store.views import LeadView
from leadfit.testing import FrozenWorld

HOUR = 3_600
HOT = ("pricing_view", "calculator", "intent_topic", "competitor_research", "comparison_view")
ACCOUNTS = """account_id,name,domain,country,owner_id,created_at
zyxel,Zyxel Robotics,zyxel.com,DE,rep_cara,2024-01-01
beta,Beta Tools,beta.com,DE,rep_ada,2024-01-01
beta-bank,Beta Tools Bank,beta.com,DE,rep_cara,2024-01-01
gamma,Gamma Foods,gamma.com,DE,rep_finn,2024-01-01
"""
CONTACTS = """contact_id,account_id,email,first_name,last_name,title,created_at
ann,gamma,ann@gamma.com,Ann,Reed,CFO,2024-02-01
ann-too,gamma,a.reed@gamma.com,Ann,Reed,,2024-03-01
"""
LEADS = "lead_id,created_at,account_id\nold,2025-01-01,zyxel\n"


def make(
    folder: Path, world: FrozenWorld, *, audit_share: str = "0.0", order: str = "source-order"
) -> Path:
    """Make a workspace with four accounts, where a lead at 0.80 and over waits for a review."""
    workspace = create_workspace(folder / "workspace", world=world)
    policy = workspace / "policy" / "policy.toml"
    text = policy.read_text("utf-8").replace("review = 0.90", "review = 0.80")
    text = text.replace('order = "source-order"', f'order = "{order}"')
    shares = f"[matching]\naudit_share = {audit_share}\nmissed_share = {audit_share}\n"
    policy.write_text(text.replace("[matching]\n", shares), "utf-8")
    export = folder / "export"
    export.mkdir()
    for name, rows in (("accounts", ACCOUNTS), ("contacts", CONTACTS), ("leads", LEADS)):
        (export / f"{name}.csv").write_text(rows, "utf-8")
    with open_leadfit(workspace, world=world) as leadfit:
        leadfit.import_history(read_export(export))
    return workspace


def send(leadfit: Leadfit, kind: str = "demo_request", /, **identifiers: str) -> LeadView:
    """Send a signal, decide it and return its lead."""
    number = leadfit.status().counts.log_rows
    facts = {"employees": 800, "industry": "software", "country": "DE"}
    answer = leadfit.accept(
        {
            "source": "form",
            "event_id": f"event-{number}",
            "kind": kind,
            "at": leadfit.world.now().isoformat(),
            "identifiers": identifiers,
            "facts": facts,
        }
    )
    assert isinstance(answer, Receipt)
    leadfit.decide_pending()
    lead_id = leadfit.signal(answer.signal_id).lead_id
    assert lead_id is not None
    return leadfit.lead(lead_id)


def shared(leadfit: Leadfit) -> tuple[LeadView, Review]:
    """Let a lead come from a domain that two accounts share."""
    return asked(leadfit, send(leadfit, email="pat@beta.com", name="Pat Moss"))


def from_new_domain(leadfit: Leadfit) -> tuple[LeadView, Review]:
    """Let a lead come from a new domain under the name of an account on record."""
    company = {"email": "kim@zyxelrobots.de", "company": "Zyxel Robotics GmbH"}
    return asked(leadfit, send(leadfit, name="Kim Lund", **company))


def asked(leadfit: Leadfit, view: LeadView) -> tuple[LeadView, Review]:
    assert view.match is not None
    assert view.match.band is Band.REVIEW
    (review,) = leadfit.matching.of_lead(view.lead.lead_id)
    return view, review


def settle(leadfit: Leadfit, review: Review, relation: Relation) -> Review:
    return leadfit.matching.settle(review.review_id, relation, reviewer="rep_max")


def zyxel() -> Account:
    return Account(
        account_id="zyxel",
        name="Zyxel Robotics",
        domains=("zyxel.com",),
        owner_id="rep_cara",
        country="DE",
        facts={"country": "DE"},
        created_at=datetime(2024, 1, 1, tzinfo=UTC),
    )


def contact_of(leadfit: Leadfit, view: LeadView) -> Contact:
    assert view.lead.contact_id is not None
    found = leadfit.matching.record(RecordKind.CONTACT, view.lead.contact_id)
    assert isinstance(found, Contact)
    return found


def two_leads(leadfit: Leadfit, world: FrozenWorld) -> tuple[LeadView, LeadView]:
    """Let two records of one person have a lead each; the second one is younger."""
    older = send(leadfit, email="ann@gamma.com")
    world.pass_time(60)
    younger = send(leadfit, email="a.reed@gamma.com")
    assert older.lead.lead_id != younger.lead.lead_id
    return older, younger


def tables(workspace: Path) -> Mapping[str, list[tuple[object, ...]]]:
    """Return every row of every table."""
    store = sqlite3.connect(workspace / "leadfit.sqlite3")
    names = store.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    found = {name: store.execute(f"SELECT * FROM {name}").fetchall() for (name,) in names}
    store.close()
    return found
