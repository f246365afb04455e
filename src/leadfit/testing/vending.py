"""A vendor in memory, purchases to be made of it, and a shop that makes them by a frozen clock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from leadfit import policy as policies
from leadfit.buying import MILLION, Flip, Purchase, Whom, WhomKind
from leadfit.connectors.lookup import Brought, Lookup
from leadfit.jobs.vendors.enrich import Enrichment
from leadfit.policy import Policy
from leadfit.policy.enrichment import EnrichRules, VendorRules
from leadfit.records import Identifiers, Kind, Signal
from leadfit.store import Session, Store
from leadfit.store.vendors import PurchaseView, VendorCall
from leadfit.testing.builders import changed
from leadfit.world import World

VENDOR_NAME = "v"


class MemoryVendor:
    """Answers as it is told, and remembers what it was paid for.

    Args:
        answers: What it says, one after another; then 640 employees.
        windows: Its limits, calls by seconds.
        paid: Where it writes down whom it was paid for; outlives it.
    """

    is_local = False

    def __init__(
        self,
        *answers: Brought | Exception,
        windows: Mapping[float, int] | None = None,
        paid: Counter[str] | None = None,
    ) -> None:
        self.answers = list(answers)
        self.windows = windows or {}
        self.paid: Counter[str] = Counter() if paid is None else paid
        self.asked: list[Lookup] = []
        self.tickets: list[str] = []

    def limits(self, kind: WhomKind) -> Mapping[float, int]:  # noqa: ARG002 -- the same for all
        """Return its limits."""
        return self.windows

    def bucket(self, kind: WhomKind) -> str:  # noqa: ARG002 -- the same for all
        """Return the one bucket."""
        return "all"

    def ask(self, lookup: Lookup, ticket: str | None = None) -> Brought:
        """Answer."""
        self.asked.append(lookup)
        if ticket is not None:
            self.tickets.append(ticket)
        else:
            self.paid[lookup.fields.get("domain") or lookup.fields["reference"]] += 1
        answer = self.answers.pop(0) if self.answers else Brought(facts={"employees": 640})
        if isinstance(answer, Exception):
            raise answer
        return answer


def enriching(**changes: object) -> Policy:
    """Return the starter policy with one vendor, ``v``, which sells ``employees`` for 1.

    Args:
        changes: Keys of the vendor, or of the table ``enrich`` after ``enrich__``.
    """
    outer = {k.removeprefix("enrich__"): v for k, v in changes.items() if k.startswith("enrich__")}
    inner = {k: v for k, v in changes.items() if not k.startswith("enrich__")}
    vendor = {
        "name": VENDOR_NAME, "profile": "http", "supplies": {"employees": "company"}, "price": 1.0,
        **inner,
    }  # fmt: skip
    rules = EnrichRules.model_validate(
        {"on": True, "vendors": (VendorRules.model_validate(vendor),), **outer}
    )
    return changed(policies.load_starter(), "enrich", rules)


class Shop:
    """A store with purchases, and whoever makes them.

    Args:
        store: Opens the store; asked again after a restart.
        world: Time.
        vendor: Of whom is bought.
        policy: With the vendor ``v``.
    """

    def __init__(
        self,
        store: Callable[[], Store],
        world: World,
        vendor: MemoryVendor,
        policy: Policy | None = None,
    ) -> None:
        self._open = store
        self.world = world
        self.vendor = vendor
        self.policy = policy or enriching()
        self.store = store()
        self.buyer = self._buyer()

    def _buyer(self) -> Enrichment:
        vendors = {VENDOR_NAME: self.vendor}
        return Enrichment(self.world, self.store, lambda: vendors, lambda: self.policy)

    def restart(self) -> None:
        """End the process that buys, and begin another."""
        self.store.close()
        self.store = self._open()
        self.buyer = self._buyer()

    def want(self, *domains: str, wait_s: float = 5) -> Sequence[str]:
        """Keep a signal and a purchase about each company; return the ids of the purchases."""
        now, ids = self.world.now(), []

        def work(session: Session) -> None:
            for domain in domains:
                number = self.world.new_id("number")
                came = Signal(
                    signal_id=f"signal_{number}", source="form", event_id=number,
                    kind=Kind.DEMO_REQUEST, at=now, received_at=now,
                    identifiers=Identifiers(email=f"jo@{domain}", name="Jo Hill"),
                )  # fmt: skip
                session.signals.add(came, b"d" * 32, f"jo@{domain}")
                ids.append(f"purchase_{number}")
                session.purchases.buy(
                    Purchase(
                        purchase_id=ids[-1], signal_id=came.signal_id, vendor=VENDOR_NAME,
                        whom=Whom(kind="company", key=domain), facts=("employees",),
                        flips=(Flip.TIER,), chance=0.5, value=20 * MILLION, price=MILLION,
                        asked_at=now, until=now + timedelta(seconds=wait_s),
                    )
                )  # fmt: skip

        self.store.write(work)
        return ids

    def view(self, purchase_id: str) -> PurchaseView:
        """Return how a purchase stands."""
        found = self.store.read(lambda session: session.vendors.view(purchase_id))
        assert found is not None  # noqa: S101 -- it was kept by this class
        return found

    def calls(self) -> tuple[VendorCall, ...]:
        """Return the ledger."""
        now = self.world.now()
        since, until = now - timedelta(days=400), now + timedelta(days=1)
        return self.store.read(lambda session: session.vendors.calls(since, until))

    def spent(self) -> int:
        """Return what was spent and is set aside this month, in millionths."""
        month = f"{self.world.now():%Y-%m}"
        used = self.store.read(lambda session: session.vendors.spent(VENDOR_NAME, month))
        return used["money"].spent + used["money"].reserved if used else 0


def policy_folder_of(folder: Path, text: str) -> None:
    """Write the starter policy with more lines behind it.

    Args:
        folder: Where.
        text: TOML behind that of the starter policy.
    """
    path = folder / "policy.toml"
    path.write_text(f"{path.read_text('utf-8')}\n{text}", "utf-8")
