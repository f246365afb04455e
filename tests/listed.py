"""A workspace with leads to be listed and looked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from leadfit import Leadfit, create_workspace, open_leadfit
from leadfit.records import Account, Assignment, Contact, Lead, Place, Tier
from leadfit.store import Session
from leadfit.testing import FrozenWorld


@contextmanager
def six_leads(folder: Path) -> Iterator[Leadfit]:
    """Open a workspace with six leads in it."""
    world = FrozenWorld()
    create_workspace(folder / "workspace", world=world)
    with open_leadfit(folder / "workspace", world=world) as opened:
        opened._store.write(lambda session: _fill(session, world))
        yield opened


def _fill(session: Session, world: FrozenWorld) -> None:
    """Put in leads: two of Jo (one closed), two open ones of Di, one of a hidden account."""
    now = world.now()
    session.accounts.add_accounts(
        [
            Account(account_id="acme", name="Acme", domains=("acme.com", "acme.de")),
            Account(account_id="hers", name="Secret", domains=("hers.com",), owner_id="rep_eva"),
            Account(account_id="none", name="None", domains=("none.com",)),
        ]
    )
    addresses: dict[str, str] = {"jo": "jo@acme.com", "di": "di@else.com", "ed": "ed@acme.com"}
    for name, email in addresses.items():
        session.accounts.add_contacts([(Contact(contact_id=name, email=email), email)])
    for number, (contact_id, account_id, owner) in enumerate(
        (
            ("jo", "acme", "rep_ada"),
            ("jo", "acme", "rep_cara"),
            ("di", None, "rep_ada"),
            ("di", None, "rep_eva"),
            (None, "hers", "rep_ada"),
            (None, None, None),
        ),
        start=1,
    ):
        at = now + timedelta(minutes=number)
        lead = Lead(
            lead_id=f"l{number}", created_at=at, account_id=account_id, contact_id=contact_id
        )
        session.leads.add(lead, at, None)
        if owner is not None:
            given = Assignment(
                assignment_id=f"as{number}", lead_id=lead.lead_id, owner_id=owner, tier=Tier.ONE,
                signal_at=at, assigned_at=at,
                place=Place(rep_id=owner, rule="territory", words="is next"), number=1,
            )  # fmt: skip
            session.leads.assign(given)
    session.leads.close("l2")
