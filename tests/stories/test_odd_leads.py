"""Odd leads over the front door: nothing breaks and nothing links wrongly."""

from __future__ import annotations

from pathlib import Path

import pytest

from leadfit import Leadfit, create_workspace, open_leadfit
from leadfit.records import Account, Band, Refusal
from leadfit.resolve.model.card import RecordKind
from leadfit.store.views import Receipt, SignalState

ODD = {
    "apostrophe": {"email": "d'arcy.o'neil@oneil-sons.com", "company": "O'Neil & Sons"},
    "unicode": {"email": "jörg@müller-bäckerei.de", "company": "Mu\u0308ller Bäckerei"},
    "nul": {"company": "Acme\x00 Inc", "name": "Jo\x00"},
    "dummy": {"email": "test@test.com", "company": "test"},
    "mashed": {"email": "aaaa@acme.com", "company": "asdf"},
    "tag": {"email": "jo+demo@gmail.com", "company": "Acme Inc"},
    "emoji": {"name": "🚀🚀", "company": "🚀", "email": "x@gmail.com"},
    "right to left": {
        "name": "محمد",
        "company": "\u202eمجموعة النور\u202c",
        "email": "m@yahoo.com",
    },
    "long": {"company": "a" * 10_000, "email": "l@gmail.com"},
    "many words": {"company": "acme " * 2_000, "email": "w@gmail.com"},
    "markup": {"company": "<script>alert(1)</script>", "name": "'; DROP TABLE accounts; --"},
}


@pytest.fixture
def leadfit(tmp_path: Path) -> Leadfit:
    return open_leadfit(create_workspace(tmp_path / "here"))


@pytest.mark.parametrize("identifiers", ODD.values(), ids=ODD)
def test_an_odd_lead_is_refused_by_name_or_decided_and_links_to_nobody(
    leadfit: Leadfit, identifiers: dict[str, str]
) -> None:
    with leadfit:
        leadfit.accept(known("first@acme.com", "Acme Inc"))
        leadfit.decide_pending()
        answer = leadfit.accept(
            {
                "source": "web", "event_id": "odd", "kind": "demo_request",
                "at": leadfit.world.now().isoformat(), "identifiers": identifiers,
            }
        )  # fmt: skip
        if isinstance(answer, Refusal):
            assert answer.faults
            return
        assert isinstance(answer, Receipt)
        leadfit.decide_pending()
        seen = leadfit.signal(answer.signal_id)
        assert seen.status is SignalState.DECIDED
        assert seen.lead_id is not None
        (decision, *_) = leadfit.why(seen.lead_id)
        assert decision.match.band is not Band.AUTO
        assert decision.match.account_id is None


def known(email: str, company: str) -> dict[str, object]:
    """Return a lead that makes an account."""
    return {
        "source": "web", "event_id": email, "kind": "demo_request",
        "at": "2026-03-02T08:00:00+00:00", "identifiers": {"email": email, "company": company},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("company", "called"), [("n/a", "acme.com"), ("test", "acme.com"), ("Acme Inc", "Acme Inc")]
)
def test_an_account_of_a_new_domain_is_not_called_by_what_gets_past_a_form(
    leadfit: Leadfit, company: str, called: str
) -> None:
    with leadfit:
        receipt = leadfit.accept(known("first@acme.com", company))
        leadfit.decide_pending()
        assert isinstance(receipt, Receipt)
        lead_id = leadfit.signal(receipt.signal_id).lead_id
        assert lead_id is not None
        account_id = leadfit.lead(lead_id).lead.account_id
        assert account_id is not None
        account = leadfit.matching.record(RecordKind.ACCOUNT, account_id)
        assert isinstance(account, Account)
        assert account.name == called
