"""A vendor of facts that sells what a test says, through the ledger and as stored signals."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from leadfit import Leadfit, Receipt, create_workspace
from leadfit.buying import VENDOR, Purchase, PurchaseState
from leadfit.records import Fact
from leadfit.store import Session
from leadfit.store.vendors import Bill, CallState, Ended, Terms
from leadfit.store.views import LeadView
from leadfit.testing import FrozenWorld
from posted import body

RULES = """
[[enrich.vendors]]
name = "companies"
profile = "csv"
options = { file = "companies.csv" }
supplies = { employees = "company", industry = "company", country = "company" }
price = 0.50
hit_rate = 0.8

[[enrich.vendors]]
name = "people"
profile = "csv"
options = { file = "people.csv" }
supplies = { title = "contact", domain = "contact" }
price = 0.25
hit_rate = 0.8
"""


def workspace_that_buys(folder: Path, world: FrozenWorld, **changes: str) -> Path:
    """Make a workspace whose policy buys facts; ``changes`` are other values of ``[enrich]``."""
    workspace = create_workspace(folder, world=world)
    policy = workspace / "policy" / "policy.toml"
    text = policy.read_text("utf-8").replace("on = false", "on = true")
    for key, value in changes.items():
        start = text.index(f"\n{key} = ") + 1
        text = text[:start] + f"{key} = {value}" + text[text.index("\n", start) :]
    policy.write_text(text + RULES, "utf-8")
    (workspace / "companies.csv").write_text("domain,employees\n", "utf-8")
    (workspace / "people.csv").write_text("email,title,domain\n", "utf-8")
    return workspace


class Seller:
    """Posts signals, and answers what is bought by what it knows of."""

    def __init__(self, leadfit: Leadfit, world: FrozenWorld) -> None:
        self.leadfit = leadfit
        self.world = world
        self.knows: dict[str, Mapping[str, Fact]] = {}
        self.sold: list[Purchase] = []
        self._sent = 0

    def send(self, kind: str, email: str, facts: Mapping[str, Fact] | None = None) -> str:
        """Post one signal and decide; return its id."""
        self._sent += 1
        answer = self.leadfit.accept(body(self._sent, kind, self.world.now(), email, facts))
        assert isinstance(answer, Receipt)
        self.leadfit.decide_pending()
        return answer.signal_id

    def wanted(self) -> list[Purchase]:
        """Return what is bought and not answered yet."""
        views = self.leadfit._store.read(lambda session: session.vendors.views(1000))
        open_ones = {PurchaseState.WANTED, PurchaseState.ASKED}
        return [each.purchase for each in reversed(views) if each.state in open_ones]

    def answer(self, *, decide: bool = True) -> int:
        """Answer everything that is bought; return how many there were."""
        found = self.wanted()
        for each in found:
            self.sold.append(each)
            facts = self.knows.get(each.vendor)
            self._end(each, None if facts is None else self._tell(each, facts))
        if decide:
            self.leadfit.decide_pending()
        return len(found)

    def fail(self, reason: str) -> int:
        """Give everything up that is bought; return how many there were."""
        found, now = self.wanted(), self.world.now()

        def give_up(session: Session) -> None:
            for each in found:
                session.vendors.give_up(each.purchase_id, reason, now)

        self.leadfit._store.write(give_up)
        self.leadfit.decide_pending()
        return len(found)

    def _tell(self, purchase: Purchase, facts: Mapping[str, Fact]) -> str:
        came = self.leadfit._store.read(lambda session: session.signals.read(purchase.signal_id))
        assert came is not None
        answer = self.leadfit.accept(
            {
                "source": f"{VENDOR}{purchase.vendor}",
                "event_id": purchase.purchase_id,
                "kind": "enriched",
                "at": self.world.now().isoformat(),
                "identifiers": {"email": came.identifiers.email},
                "facts": dict(facts),
            }
        )
        assert isinstance(answer, Receipt)
        return answer.signal_id

    def _end(self, purchase: Purchase, answer_id: str | None) -> None:
        now = self.world.now()
        terms = Terms(
            limits={},
            bucket="all",
            most=Bill(),
            money_a_month=None,
            credits_a_month=None,
            fresh_since=now - timedelta(days=1),
            latest=now + timedelta(seconds=5),
        )
        call_id = self.world.new_id("call")
        came = answer_id is not None
        ended = Ended(
            state=CallState.ANSWERED if came else CallState.MISSED,
            then=PurchaseState.ANSWERED if came else PurchaseState.MISSED,
            answer_id=answer_id,
        )

        def end(session: Session) -> None:
            session.vendors.begin(
                purchase, terms, call_id=call_id, holder="test", now=now, lease=now
            )
            session.vendors.end(call_id, ended, now)

        self.leadfit._store.write(end)

    def lead(self, signal_id: str) -> LeadView:
        """Return the lead of a signal."""
        lead_id = self.leadfit.signal(signal_id).lead_id
        assert lead_id is not None
        return self.leadfit.lead(lead_id)
