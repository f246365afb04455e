"""Facts that are bought: purchases are made, and it is said what came of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from leadfit import jobs
from leadfit.app.queues import InThreads
from leadfit.app.scorecard import Line, scorecard
from leadfit.connectors import Vendor
from leadfit.connectors.vendors import Profiles
from leadfit.errors import BadInput, Fault, NotFound
from leadfit.jobs.vendors.audit import MOST_TOLERANCE, VendorAudit, audit, draw
from leadfit.jobs.vendors.spending import Spending, spending
from leadfit.policy import Policy
from leadfit.policy.enrichment import EnrichRules, VendorRules, millionths
from leadfit.store import Session, Store
from leadfit.store.outbox import Gate
from leadfit.store.pace import spans
from leadfit.store.vendors import PurchaseView, Spent, gate_name, month_of
from leadfit.world import World

_MOST_DAYS = 3_660
_MOST_PURCHASES = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """One limit of a vendor and what is used of it.

    Attributes:
        vendor: Its name in the policy.
        what: ``money``, ``credits``, or ``calls`` with the seconds of the window.
        used: Millionths of money and credits, or calls; what is under way is in it.
        most: The limit; ``None`` where there is none.
    """

    vendor: str
    what: str
    used: int
    most: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorStatus:
    """How a vendor is doing.

    Attributes:
        gate: Whether it is asked, and if not, why and until when.
        quotas: Its limits and what is used of them.
    """

    vendor: str
    gate: Gate
    quotas: tuple[Quota, ...]


class Enriching:
    """Makes purchases while a server runs, and says what became of them.

    Args:
        world: Time.
        store: Holds purchases and the ledger of calls.
        folder: The workspace.
        policy: The policy in force.
        vendors: Those that can be asked now.
        wake: Told which job has work now.
    """

    def __init__(
        self,
        world: World,
        store: Store,
        folder: Path,
        policy: Callable[[], Policy],
        *,
        vendors: Callable[[], Mapping[str, Vendor]],
        wake: Callable[[str], None],
    ) -> None:
        self._world = world
        self._store = store
        self._folder = folder
        self._policy = policy
        self._enrichment = jobs.Enrichment(world, store, vendors, policy, wake)
        self._threads = InThreads(world, self._enrichment)

    def start(self) -> None:
        """Make purchases in threads."""
        self._threads.start()

    def tick(self, limit: int) -> int:
        """Wake the threads of vendors of which something is to be bought."""
        return self._threads.tick(limit) if self._policy().enrich.is_live else 0

    def stop(self) -> None:
        """End when the calls under way have been answered."""
        self._threads.stop()

    def buy(self, limit: int = 1000) -> int:
        """Make purchases that are due, one after another; return how many ended.

        Raises:
            StoreBusy: Another process writes to the store.
        """
        return self._enrichment.buy(limit)

    def check(self, lead_id: str | None = None) -> jobs.CertificatesChecked:
        """Check again why nothing that could be bought changed decisions.

        Args:
            lead_id: Of one lead alone.

        Raises:
            NotFound: No lead has this id.
        """
        if lead_id is not None:
            found = self._store.read(lambda session: session.leads.get(lead_id))
            if found is None:
                raise NotFound("lead", lead_id)
        return jobs.check_certificates(self._store, lead_id=lead_id)

    def report(self, since: datetime | None = None, until: datetime | None = None) -> Spending:
        """Return what calls cost, by month, vendor and lead, and how much of it was waste.

        Args:
            since: From when on; the beginning of this month by default.
            until: Up to when; now by default.

        Raises:
            BadInput: The time is empty or longer than ten years, or the currency changed in it.
        """
        now = self._world.now()
        last = now + timedelta(microseconds=1) if until is None else until
        first = now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        first = first if since is None else since
        if not first < last <= first + timedelta(days=_MOST_DAYS):
            came = f"{first.isoformat()} to {last.isoformat()}"
            raise BadInput(Fault(place="since", came=came, allowed="a time before the other"))
        currency = self._policy().enrich.currency
        return self._store.read(
            lambda session: spending(session, since=first, until=last, currency=currency)
        )

    def status(self) -> tuple[VendorStatus, ...]:
        """Return how each vendor of the policy is doing, with its quotas."""
        now, rules = self._world.now(), self._policy().enrich

        def read(session: Session) -> tuple[VendorStatus, ...]:
            return tuple(
                VendorStatus(
                    vendor=each.name,
                    gate=session.destinations.gate(gate_name(each.name)),
                    quotas=(*_budgets(session, each, now), *self._windows(session, each, now)),
                )
                for each in rules.vendors
            )

        return self._store.read(read)

    def _windows(self, session: Session, rules: VendorRules, now: datetime) -> tuple[Quota, ...]:
        buckets: dict[str, Mapping[float, int]] = {}
        with suppress(BadInput):
            profile = Profiles(self._folder).get(rules.profile)
            plan = rules.options.get("plan")
            own = {each.seconds: each.calls for each in rules.windows}
            for kind in sorted(set(rules.supplies.values())):
                known = profile.limits(kind, None if plan is None else str(plan))
                buckets[profile.bucket(kind)] = own or known
        return tuple(
            Quota(
                vendor=rules.name,
                what=f"calls in {span / 1_000_000:g} s, {bucket}",
                used=used,
                most=most,
            )
            for bucket, limits in buckets.items()
            for span, (used, most) in sorted(
                session.paces.counted(rules.name, bucket, spans(limits), now).items()
            )
        )

    def purchases(self, limit: int = 20, vendor: str | None = None) -> tuple[PurchaseView, ...]:
        """Return the latest purchases, newest first.

        Args:
            limit: Most of them, up to 500.
            vendor: Of one vendor; all by default.
        """
        most = max(0, min(limit, _MOST_PURCHASES))
        return self._store.read(lambda session: session.vendors.views(most, vendor))

    def audit(self, vendor: str, truth: Path, *, tolerance: float = 0.1) -> VendorAudit:
        """Compare what a vendor answered with the truth, fact by fact, and keep what comes of it.

        Args:
            vendor: Its name in the policy.
            truth: CSV with a column ``domain`` or ``email`` and one for each fact.
            tolerance: By which share a number may be off and still be right.

        Raises:
            BadInput: There is no such vendor or file, or the tolerance is no share.
            StoreBusy: Another process writes to the store.
        """
        rules = _vendor(self._policy().enrich, vendor)
        if not 0 <= tolerance <= MOST_TOLERANCE:
            allowed = f"0 to {MOST_TOLERANCE:g}"
            raise BadInput(Fault(place="tolerance", came=str(tolerance), allowed=allowed))
        now = self._world.now()
        return self._store.write(
            lambda session: audit(session, rules, truth, tolerance=tolerance, now=now)
        )

    def sample(self, vendor: str, leads: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Draw companies a vendor answered about; return their domains, and its facts of them.

        Args:
            vendor: Its name in the policy.
            leads: How many.

        Raises:
            BadInput: There is no such vendor.
        """
        rules = _vendor(self._policy().enrich, vendor)
        domains = self._store.read(lambda session: draw(session, rules, leads))
        return domains, rules.facts_of("company")

    def scorecard(self) -> tuple[Line, ...]:
        """Return what is known of vendors with its source, beside what was measured here."""
        now, rules = self._world.now(), self._policy().enrich
        return self._store.read(
            lambda session: scorecard(session, rules, Profiles(self._folder), now)
        )


def _vendor(rules: EnrichRules, name: str) -> VendorRules:
    found = rules.vendor(name)
    if found is None:
        names = ", ".join(each.name for each in rules.vendors) or "none"
        allowed = f"a vendor of the policy: {names}"
        raise BadInput(Fault(place="vendor", came=repr(name), allowed=allowed))
    return found


def _budgets(session: Session, rules: VendorRules, now: datetime) -> tuple[Quota, ...]:
    used = session.vendors.spent(rules.name, month_of(now))
    return tuple(
        Quota(
            vendor=rules.name,
            what=what,
            used=each.reserved + each.spent,
            most=None if most is None else millionths(most),
        )
        for what, most in (("money", rules.money_a_month), ("credits", rules.credits_a_month))
        for each in (used.get(what, Spent()),)
    )
