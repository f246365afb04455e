"""A workspace in memory and a client that speaks to it without a socket."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from litestar.types import ASGIApp

from leadfit.app import Leadfit, Status
from leadfit.app.changing import Changing
from leadfit.app.delivering import Delivering, DeliveryStatus, DestinationView
from leadfit.app.edited import FolderState
from leadfit.app.health import Check, Waits
from leadfit.app.keys import ApiKeys
from leadfit.app.listing import LeadPage, LeadsAsked, Listing
from leadfit.app.matching import Matching
from leadfit.app.routing import Routing
from leadfit.canonical import digest
from leadfit.errors import Conflict, Fault, NotFound, NotPossible, StoreBusy
from leadfit.pipeline import Accepting, InForce
from leadfit.policy import load_starter
from leadfit.records import (
    Account,
    Action,
    Assignment,
    Band,
    Clock,
    ClockKind,
    Contact,
    Decision,
    IcpScore,
    Kind,
    Lead,
    Match,
    Place,
    Plan,
    Ranking,
    Reason,
    Refusal,
    Relation,
    Score,
    Subject,
    Tier,
)
from leadfit.store.lifts import Lift
from leadfit.store.matching import Review
from leadfit.store.outbox import Gate, GateState
from leadfit.store.views import (
    ActionState,
    ActionView,
    ClockView,
    Counts,
    Feedback,
    LeadView,
    Receipt,
    SignalState,
    SignalView,
)
from leadfit.testing import FrozenWorld

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
KEYS = {"in": "ingest", "see": "read", "act": "ops"}
SIGNAL = {
    "source": "web-form",
    "event_id": "1",
    "kind": "demo_request",
    "at": "2026-03-02T09:00:00Z",
    "identifiers": {"email": "ada@acme.example"},
}


def score() -> Score:
    return Score(
        model="A",
        tier=Tier.ONE,
        total=72.25,
        fit=31.0,
        engagement=21.25,
        intent=14.0,
        authority=6.0,
        fit100=77.5,
        intent100=70.5,
        icp=IcpScore(
            score=64.0,
            detractor=0.11,
            flagged=False,
            artifact_digest="a" * 64,
            reasons=(
                Reason(rule="icp.base", words="Every account starts here", points=40.0),
                Reason(rule="icp.industry", words="Industry is software", points=24.0),
            ),
        ),
        reasons=(
            Reason(rule="fit.industry", words="Industry is software", points=31.0),
            Reason(rule="engagement.demo", words="Asked for a demo", points=21.25),
            Reason(rule="intent.pricing", words="Looked at prices", points=14.0),
            Reason(rule="authority.title", words="Is a vice president", points=6.0),
            Reason(rule="tier", words="70 points or more make Tier 1"),
        ),
    )


def match() -> Match:
    return Match(
        band=Band.AUTO,
        probability=0.993,
        relation=Relation.SAME,
        method="domain",
        account_id="acc_1",
        candidates=("acc_1", "acc_2"),
        reasons=(Reason(rule="match.domain", words="The domain acme.example is the account's"),),
    )


def ranking() -> Ranking:
    return Ranking(
        places=(
            Place(rep_id="rep_ada", rule="territory", words="Covers Germany, fewest leads"),
            Place(rep_id="rep_bo", rule="territory", words="Covers Germany, was last"),
        ),
        excluded=(Place(rep_id="rep_cy", rule="away", words="Away until 9 March"),),
        needs_slot=True,
        reasons=(Reason(rule="territory", words="Country DE is territory dach"),),
    )


def lead_view(
    lead_id: str = "lead_1", *, name: str = "Acme Industries", tier: Tier = Tier.ONE
) -> LeadView:
    clock = Clock(
        key="c1",
        kind=ClockKind.ASSIGNMENT_TO_TOUCH,
        lead_id=lead_id,
        assignment_id="as_1",
        started_at=START,
        due_at=START + timedelta(minutes=5),
    )
    action = Action(
        key="k1",
        kind="alert",
        destination="chat",
        lead_id=lead_id,
        assignment_id="as_1",
        due_at=START,
        recipients=("rep_ada",),
        fields={"play": "call within five minutes"},
    )
    return LeadView(
        lead=Lead(
            lead_id=lead_id,
            created_at=START,
            account_id="acc_1",
            contact_id="con_1",
            source="web-form",
            owner_id="rep_ada",
            tier=tier,
        ),
        account=Account(account_id="acc_1", name=name, domains=("acme.example",), country="DE"),
        contact=Contact(
            contact_id="con_1",
            email="ada@acme.example",
            first_name="Ada",
            last_name="Lovelace",
            title="VP Sales",
        ),
        match=match(),
        score=score(),
        assignment=assignment(lead_id),
        clocks=(ClockView(clock=clock),),
        actions=(
            ActionView(
                action=action,
                state=ActionState.DONE,
                attempts=1,
                next_at=START,
                done_at=START + timedelta(seconds=2),
            ),
        ),
        feedback=(Feedback(lead_id=lead_id, kind=Kind.ACCEPTED, by="rep_ada", at=START),),
        reasons=(Reason(rule="route.territory", words="rep_ada covers Germany and was next"),),
    )


def assignment(lead_id: str) -> Assignment:
    return Assignment(
        assignment_id="as_1",
        lead_id=lead_id,
        owner_id="rep_ada",
        tier=Tier.ONE,
        signal_at=START,
        assigned_at=START,
        place=Place(rep_id="rep_ada", rule="territory", words="Covers Germany, fewest leads"),
    )


def decision(lead_id: str = "lead_1") -> Decision:
    return Decision(
        decision_id="dec_1",
        signal_id="sig_1",
        lead_id=lead_id,
        account_id="acc_1",
        contact_id="con_1",
        decided_at=START,
        opened=True,
        match=match(),
        subject=Subject(facts={"industry": "software", "employees": 120}),
        score=score(),
        ranking=ranking(),
        assignment=assignment(lead_id),
        plan=Plan(),
        policy_digest="b" * 64,
        artifact_digest="a" * 64,
    )


class NoReviews(Matching):
    """Matching without a store: nothing waits for a review."""

    def __init__(self) -> None:
        """Need nothing."""

    def of_lead(self, lead_id: str) -> tuple[Review, ...]:
        assert lead_id
        return ()


class ListingInMemory(Listing):
    """Leads in a dictionary; by tier and owner they can be asked for."""

    def __init__(self, views: Mapping[str, LeadView]) -> None:
        self._views = views

    def page(
        self, asked: LeadsAsked | None = None, limit: int = 50, *, after: str | None = None
    ) -> LeadPage:
        wanted = asked or LeadsAsked()
        found = [
            view
            for view in self._views.values()
            if wanted.tier in {None, view.lead.tier}
            and wanted.owner_id in {None, view.lead.owner_id}
        ]
        ids = [view.lead.lead_id for view in found]
        start = ids.index(after) + 1 if after in ids else 0
        views = tuple(found[start : start + limit])
        more = start + limit < len(found)
        return LeadPage(views=views, rows=(), next=views[-1].lead.lead_id if more else None)


class NoChanges(Changing):
    """A policy folder that says what is in force."""

    def __init__(self) -> None:
        """Need nothing."""

    def folder_state(self) -> FolderState:
        return FolderState()


class NoWaits(Waits):
    """Nobody waited."""

    def __init__(self) -> None:
        """Need nothing."""

    def new(self) -> tuple[float, ...]:
        return (0.02, 40.0)


class NoRouting(Routing):
    """Leads that people gave to others are written down, and nothing follows."""

    def __init__(self, said: list[tuple[str, str, str, object]]) -> None:
        self._said = said

    def assign(self, lead_id: str, rep_id: str, *, by: str, reason: str) -> Assignment:
        if rep_id == "rep_full":
            raise NotPossible(f"rep {rep_id}", "all 15 slots are taken")
        self._said.append(("assigned", lead_id, by, (rep_id, reason)))
        return assignment(lead_id)

    def lift(self, lead_id: str, *, by: str, reason: str) -> Lift:
        if reason == "a friend":
            raise NotPossible(f"lead {lead_id}", "fit 10 of 100 is below the gate of 70")
        self._said.append(("lifted", lead_id, by, reason))
        return Lift(
            decision_id="decision_1",
            lead_id=lead_id,
            tier=Tier.ONE,
            from_tier=Tier.TWO,
            by=by,
            reason=reason,
            at=START,
        )

    def lifts(self, lead_id: str) -> tuple[Lift, ...]:
        assert lead_id
        return ()

    def override_counts(self) -> Mapping[str, int]:
        return {"rep_ada": 3, "-": 1}


class NoDeliveries(Delivering):
    """One destination is down."""

    def __init__(self) -> None:
        """Need nothing."""

    def status(self) -> DeliveryStatus:
        gate = Gate(destination="crm", state=GateState.BROKEN, failing_since=START)
        return DeliveryStatus(
            destinations=(DestinationView(gate=gate, waiting=3, oldest_at=START),),
            doubtful=(),
            dead_actions=0,
            dead_signals=0,
            dead_clocks=0,
            near_misses=0,
            at=START,
        )


class FixedKeys(ApiKeys):
    """The keys of :data:`KEYS`."""

    are_near = True

    def __init__(self) -> None:
        """Need nothing."""

    def scope(self, key: str) -> str | None:
        return KEYS.get(key)


class LeadfitInMemory(Leadfit):
    """The facade with everything in dictionaries; ``is_busy`` refuses every signal."""

    def __init__(self, folder: Path, views: Iterable[LeadView] = ()) -> None:
        self.folder = folder
        self.world = FrozenWorld(START + timedelta(minutes=2))
        self.matching = NoReviews()
        self.waits = NoWaits()
        self.policies = NoChanges()
        self.keys = FixedKeys()
        self.deliveries = NoDeliveries()
        self._in_force = InForce(policy=load_starter())
        self.views = {view.lead.lead_id: view for view in views}
        self.listing = ListingInMemory(self.views)
        self.stored: dict[tuple[object, object], tuple[str, str]] = {}
        self.is_busy = False
        self.is_ready = True
        self.said: list[tuple[str, str, str, object]] = []
        self.routing = NoRouting(self.said)

    def accept_many(self, bodies: Iterable[object]) -> tuple[Receipt | Refusal | Conflict, ...]:
        if self.is_busy:
            raise StoreBusy("the store is full", retry_after_s=2.5)
        return tuple(self._accept(body) for body in bodies)

    def begin_accepting(self, bodies: Iterable[object]) -> Accepting:
        answers = self.accept_many(bodies)
        stored: Future[list[Receipt | Conflict]] = Future()
        stored.set_result([each for each in answers if not isinstance(each, Refusal)])
        refused = tuple(each if isinstance(each, Refusal) else None for each in answers)
        return Accepting(world=self.world, refused=refused, stored=stored)

    def _accept(self, body: object) -> Receipt | Refusal | Conflict:
        if not isinstance(body, Mapping):
            return Refusal(faults=(Fault(place="body", came=repr(body), allowed="an object"),))
        missing = [key for key in ("source", "event_id", "kind") if not body.get(key)]
        if missing:
            return Refusal(
                faults=tuple(Fault(place=k, came="nothing", allowed="a value") for k in missing)
            )
        key, seal = (body["source"], body["event_id"]), digest(body)
        if key in self.stored:
            signal_id, first = self.stored[key]
            if first != seal:
                return Conflict(str(key[0]), str(key[1]))
            return Receipt(signal_id=signal_id, is_repeat=True, lead_id="lead_1")
        signal_id = f"sig_{len(self.stored) + 1}"
        self.stored[key] = (signal_id, seal)
        return Receipt(signal_id=signal_id)

    def signal(self, signal_id: str) -> SignalView:
        if signal_id not in {stored for stored, _ in self.stored.values()}:
            raise NotFound("signal", signal_id)
        return SignalView(
            signal_id=signal_id,
            seq=1,
            source="web-form",
            kind=Kind.DEMO_REQUEST,
            status=SignalState.DECIDED,
            received_at=START,
            lead_id="lead_1",
        )

    def lead(self, lead_id: str) -> LeadView:
        if lead_id not in self.views:
            raise NotFound("lead", lead_id)
        return self.views[lead_id]

    def why(self, lead_id: str) -> tuple[Decision, ...]:
        return (decision(lead_id),) if self.lead(lead_id).score else ()

    def touch(self, lead_id: str, by: str, at: datetime | None = None) -> LeadView:
        self.said.append(("touch", lead_id, by, at))
        return self.lead(lead_id)

    def accept_lead(self, lead_id: str, by: str) -> LeadView:
        self.said.append(("accept", lead_id, by, None))
        return self.lead(lead_id)

    def reject_lead(self, lead_id: str, by: str, reason: str) -> LeadView:
        self.said.append(("reject", lead_id, by, reason))
        return self.lead(lead_id)

    def checks(self) -> tuple[Check, ...]:
        return self.status().checks

    def status(self) -> Status:
        check = Check(name="store", holds=self.is_ready, words="the store is as it is")
        return Status(
            counts=Counts(
                accounts=3,
                contacts=5,
                leads=len(self.views),
                open_leads=len(self.views),
                unassigned=1,
                signals_pending=0,
                signals_dead=0,
                decisions=7,
                log_rows=20,
                clocks_running=2,
                overdue=1,
                leads_by_tier={1: 1, 2: 0},
                actions={"done": 4},
            ),
            policy_digest="b" * 64,
            artifact_digest=None,
            ready=self.is_ready,
            checks=(check,),
        )


def ask(
    app: ASGIApp,
    method: str,
    path: str,
    *,
    key: str | None = None,
    host: str = "127.0.0.1:8321",
    **rest: object,
) -> httpx.Response:
    """Send one request to the application and return its answer."""

    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type] # their names differ
        async with httpx.AsyncClient(transport=transport, base_url=f"http://{host}") as client:
            headers = dict(rest.pop("headers", None) or {})  # type: ignore[call-overload]  # a mapping of headers
            if key is not None:
                headers["Authorization"] = f"Bearer {key}"
            return await client.request(method, path, headers=headers, **rest)  # type: ignore[arg-type]  # passed on

    return asyncio.run(send())
