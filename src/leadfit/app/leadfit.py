"""A workspace that is open: every surface goes through it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

from leadfit import jobs, pipeline, resolve
from leadfit.app.changing import Changing
from leadfit.app.deadlines import next_deadline
from leadfit.app.delivering import Delivering
from leadfit.app.enriching import Enriching
from leadfit.app.errands import Errands
from leadfit.app.feedback import hear
from leadfit.app.files import write_whole
from leadfit.app.health import Check, Health, Status, Waits
from leadfit.app.hooks import Hooks
from leadfit.app.keys import ApiKeys
from leadfit.app.learning import Learning
from leadfit.app.listing import MOST_LEADS, Listing
from leadfit.app.locks import Locks
from leadfit.app.matching import Matching
from leadfit.app.outcomes import Outcomes
from leadfit.app.persons import Persons
from leadfit.app.planning import Planning
from leadfit.app.queues import AFTER_ANSWER_S, InThreads
from leadfit.app.routing import Routing
from leadfit.artifact import Artifact
from leadfit.connectors import Performer, Vendor
from leadfit.errors import Conflict, NotFound
from leadfit.history import History
from leadfit.pipeline import Accepting, InForce
from leadfit.policy import Policy
from leadfit.records import Decision, Kind, Refusal, Tier
from leadfit.resolve.model.card import Card
from leadfit.store import Session, Store
from leadfit.store.listing import LeadFilter
from leadfit.store.views import (
    Imported,
    Incident,
    LeadView,
    Receipt,
    SignalView,
    Verification,
)
from leadfit.world import World

if TYPE_CHECKING:
    from leadfit.jobs.learning.card_training import TrainedCard
    from leadfit.learn import DriftFindings

T = TypeVar("T")


class Leadfit:
    """A workspace that is open; every surface goes through it. Safe to use from any thread.

    Args:
        folder: The workspace.
        store: Its store.
        in_force: The rules decisions are made by.
        performers: Who carries out actions, by destination; ``*`` for all others.
        world: Time, ids and failpoints.
        open_again: Opens the store once more, in another process; for a replay by several.
        fallbacks: Destinations that take an alert when its own does not, best first.
        vendors: Those of facts that can be asked now, by their names in the policy.
        environment: Where the secrets of hooks are.

    Attributes:
        matching: Reviews, merges and their undoing.
        persons: Erasing, readmitting and handing out what is kept of one person.
        enriching: Facts that are bought: purchases, what they cost, how good vendors are.
        deliveries: How deliveries are doing; dead letters, which wait for a person.
        plans: What another policy would have made of the recorded history.
        policies: Changing the policy: what was in force, applying a plan, taking it back.
        errands: What people do, here or by the process that writes to the store.
        routing: Owners: moving a lead by hand, the sweep over all open leads, waits.
        listing: Lists of leads, and the one that a person means.
        outcomes: What came of decisions: experiments.
        keys: API keys.
        hooks: Calls of vendors.
        waits: How long leads wait for their first owner.
    """

    def __init__(
        self,
        folder: Path,
        *,
        store: Store,
        in_force: InForce,
        performers: Mapping[str, Performer],
        world: World,
        fallbacks: Mapping[str, Sequence[str]] | None = None,
        vendors: Callable[[], Mapping[str, Vendor]] = dict,
        open_again: Callable[[], Store] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self.world = world
        self._store = store
        self._open_again = open_again
        self._in_force = in_force
        self._performers = performers
        self._deliveries = jobs.Deliveries(
            world, store, performers, self._policy, fallbacks=fallbacks, recheck=self.recheck
        )
        self._sending = InThreads(world, self._deliveries, AFTER_ANSWER_S)
        self._locks = Locks()
        self._loops: jobs.Loops | None = None
        where = (world, store, folder)
        self.enriching = Enriching(*where, self._policy, vendors=vendors, wake=self._wake)
        self.deliveries = Delivering(world, store, self._wake)
        self.persons = Persons(world, store, folder / "erased.marks")
        self.matching = Matching(world, store, self._rules, self._wake)
        self.routing = Routing(world, store, self._rules, self._wake)
        self.listing = Listing(world, store, self._policy)
        self.plans = Planning(*where, self._rules, open_again)
        self.policies = Changing(*where, self._rules, self._put)
        self.outcomes = Outcomes(world, store, self._policy)
        self._learning = Learning(*where, rules=self._rules, put=self._put, policies=self.policies)
        self.keys = ApiKeys(world, store)
        self.hooks = Hooks(world, store, self._policy, self.accept_many, environment or {})
        self.waits = Waits(world, store)
        self._health = Health(*where, self._policy)
        self._watch_things()

    def _watch_things(self) -> None:
        world, store = self.world, self._store
        self.errands = Errands(
            world, self.folder,
            policies=self.policies, routing=self.routing, matching=self.matching,
            deliveries=self.deliveries, persons=self.persons, hear=self._hear, lead=self.lead,
        )  # fmt: skip
        self._signals = jobs.SignalWatch(world, store, self._policy, self.hooks.forget_old)
        self._watch = jobs.MatchWatch(world, store, self._rules, self.publish_card)
        reports = self.folder / "reports"
        self._drift = jobs.DriftWatch(world, store, self._rules, reports, write_whole)

    def __enter__(self) -> Leadfit:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop the jobs, finish what was begun and release the store."""
        if self._loops is not None:
            self._loops.stop()
            self._loops = None
        self._sending.stop()
        self.enriching.stop()
        self._store.close()
        for performer in self._performers.values():
            performer.close()

    def start(self) -> None:
        """Run decisions, deliveries and clocks in threads until :meth:`close`.

        Raises:
            StoreBusy: Another process writes to the store.
        """
        if self._loops is None:
            # Become the one writer now: a second server would otherwise call itself ready.
            self._store.write(lambda _session: None)
            self.errands.open()
            resolve.warm_up()
            cycle = jobs.Cycle(self.world, self._store, self._policy, self.learn)
            self._sending.start()
            self.enriching.start()
            self._loops = jobs.Loops(
                self.world.monotonic_s,
                decide=self.decide_pending,
                deliver=self._sending.tick,
                enrich=self.enriching.tick,
                clocks=self.run_clocks,
                learn=lambda limit: self._learn_and_check(cycle, limit),
                matching=self.watch_matching,
                sweep=self._sweep_by_the_policy,
                signals=lambda _limit: self.watch_signals(),
                errands=self.errands.round,
            )
            self._loops.start()

    def _wake(self, name: str) -> None:
        loops = self._loops
        if loops is not None:
            loops.wake(name)

    def _learn_and_check(self, cycle: jobs.Cycle, limit: int) -> int:
        # In one thread: both read the whole history.
        if self._store.may_do("learn"):
            cycle.round(limit)
        self.check_drift()
        return 0

    def _sweep_by_the_policy(self, limit: int) -> int:
        self.notice_policy()
        return self.routing.round(limit)

    def notice_policy(self) -> bool:
        """Put in force what another process applied, and who works here by the folder.

        Returns:
            Whether another policy is in force now.
        """
        found = self.policies.notice()
        if found:
            self.world.reach("policy.noticed")
        return found

    def _put(self, rules: InForce) -> None:
        self._in_force = rules

    def _rules(self) -> InForce:
        return self._in_force

    def _policy(self) -> Policy:
        return self._in_force.policy

    @property
    def policy(self) -> Policy:
        """The policy in force."""
        return self._in_force.policy

    @property
    def card(self) -> Card | None:
        """The model card in force, if there is one."""
        return self._in_force.card

    @property
    def artifact(self) -> Artifact | None:
        """The learned artifact in force, if there is one."""
        return self._in_force.artifact

    def accept(self, body: object) -> Receipt | Refusal:
        """Store a signal for good before answering.

        Args:
            body: A parsed JSON body, or the ``Refusal`` of :func:`leadfit.signal.parse`.

        Raises:
            Conflict: The source used this event id before with another body.
            StoreBusy: The store cannot take more now.
        """
        (answer,) = self.accept_many([body])
        if isinstance(answer, Conflict):
            raise answer
        return answer

    def accept_many(self, bodies: Iterable[object]) -> tuple[Receipt | Refusal | Conflict, ...]:
        """Store signals; the answers stand in the order of ``bodies``; a conflict is a value.

        Raises:
            StoreBusy: The store cannot take more now; nothing was stored.
        """
        return self.begin_accepting(bodies).answers()

    def begin_accepting(self, bodies: Iterable[object]) -> Accepting:
        """Begin to store signals, for who has other things to do than to wait.

        Raises:
            StoreBusy: The store cannot take more now; nothing was stored.
        """
        self._health.keep_reserve()
        rules = self._in_force
        return pipeline.begin_accepting(
            self.world,
            self._store,
            rules.policy,
            bodies,
            decide_by=None if self._loops is None else rules,
            wake=self._wake,
        )

    def decide_pending(self, limit: int = 1000) -> int:
        """Decide stored signals in the order of the log; return how many were taken."""
        with self._locks.deciding:
            decided = pipeline.decide_pending(self.world, self._store, self._in_force, limit)
        if decided:
            self._wake("deliver")
        return decided

    def signal(self, signal_id: str) -> SignalView:
        """Return where a signal stands.

        Raises:
            NotFound: No signal has this id.
        """
        found = self._store.read(lambda session: session.signals.view(signal_id))
        return _there(found, "signal", signal_id)

    def leads(
        self,
        limit: int = 50,
        after: str | None = None,
        tier: Tier | None = None,
        owner_id: str | None = None,
    ) -> tuple[LeadView, ...]:
        """Return leads, newest first; ``after`` is the last lead id of the page before."""
        most, wanted = max(0, min(limit, MOST_LEADS)), LeadFilter(tier=tier, owner_id=owner_id)
        return self._store.read(lambda session: session.leads.page(most, after, wanted))

    def lead(self, lead_id: str) -> LeadView:
        """Return one lead.

        Raises:
            NotFound: No lead has this id.
        """
        found = self._store.read(lambda session: session.leads.view(lead_id))
        view = _there(found, "lead", lead_id)
        return replace(view, deadline=next_deadline(view, self._in_force.policy))

    def why(self, lead_id: str) -> tuple[Decision, ...]:
        """Return every decision about a lead, newest first.

        Raises:
            NotFound: No lead has this id.
        """

        def read(session: Session) -> tuple[Decision, ...]:
            _there(session.leads.get(lead_id), "lead", lead_id)
            return session.leads.decisions(lead_id)

        return self._store.read(read)

    def touch(self, lead_id: str, by: str, at: datetime | None = None) -> LeadView:
        """Record that a person touched the lead: its clocks stop.

        Args:
            lead_id: The lead.
            by: Who, usually a rep id.
            at: When; now, if it is not given.

        Raises:
            NotFound: No lead has this id.
            BadInput: The time is in the future or has no zone.
        """
        return self._hear(lead_id, Kind.TOUCHED, by, at)

    def accept_lead(self, lead_id: str, by: str) -> LeadView:
        """Record that a person took the lead on.

        Raises:
            NotFound: No lead has this id.
        """
        return self._hear(lead_id, Kind.ACCEPTED, by, None)

    def reject_lead(self, lead_id: str, by: str, reason: str) -> LeadView:
        """Record that a person turned the lead down; it is closed.

        Raises:
            NotFound: No lead has this id.
            BadInput: There is no reason.
        """
        return self._hear(lead_id, Kind.REJECTED, by, None, reason)

    def _hear(
        self, lead_id: str, kind: Kind, by: str, at: datetime | None, reason: str | None = None
    ) -> LeadView:
        policy = self._in_force.policy
        hear(
            self.world, self._store, policy,
            lead_id=lead_id, kind=kind, by=by, at=at, reason=reason,
        )  # fmt: skip
        return self.lead(lead_id)

    def recheck(self, lead_id: str) -> bool:
        """Rate an open lead again by what is known now; return whether its tier rose."""
        rules = self._in_force
        return self._store.write(
            lambda session: pipeline.recheck(self.world, session, rules, lead_id)
        )

    def incidents(self, since: datetime) -> tuple[Incident, ...]:
        """Return the breaches kept for the weekly review, oldest first."""
        return self._store.read(lambda session: session.clocks.incidents(since))

    def import_history(self, history: History) -> Imported:
        """Take an export into the workspace, once, with its past to learn from.

        Raises:
            BadInput: It counts deals where the past that is there counts leads, or the reverse.
        """
        return jobs.import_history(self.world, self._store, history)

    def history(self, as_of: datetime | None = None) -> History:
        """Return everything recorded up to ``as_of``, imported and live, as one history.

        Raises:
            BadInput: Nothing is recorded yet, or the time lies ahead.
        """
        return jobs.history(self._store, self._in_force.policy, self._up_to(as_of))

    def _up_to(self, as_of: datetime | None) -> datetime | None:
        return jobs.up_to(self._store, as_of, self.world.now())

    def learn(
        self, as_of: datetime | None = None, *, publish: bool = False, force: bool = False
    ) -> jobs.Learned:
        """Learn from the workspace's history, put the artifact in force, score every account.

        The artifact and the reports are written in any case. It is put in force unless something
        speaks against it, or the policy wants to be asked.

        Args:
            as_of: Nothing later is looked at; by default the latest outcome, use or feedback.
            publish: Put it in force although ``learn.publish`` is ``ask``.
            force: Put it in force whatever speaks against it.

        Raises:
            BadInput: Nothing is recorded yet, or the time lies ahead.
            MissingExtra: The extra ``learn`` is not installed.
            StoreBusy: Another process writes to the store.
        """
        return self._learning.learn(self._up_to(as_of), publish=publish, force=force)

    def drift(self, as_of: datetime | None = None) -> DriftFindings:
        """Say whether the score in force still tells who will be accepted, won and expanded.

        Args:
            as_of: Nothing later is looked at; by default the latest outcome, use or feedback.

        Raises:
            BadInput: Nothing is recorded yet, or the time lies ahead.
            MissingExtra: The extra ``learn`` is not installed.
        """
        rules = self._in_force
        return jobs.drift(self._store, rules.policy, rules.artifact, self._up_to(as_of))

    def check_drift(self) -> int:
        """Make the monthly check of the score if it is due; return how many messages it queued."""
        with self._locks.checking:
            told = self._drift.round() if self._store.may_do("watch") else 0
        if told:
            self._wake("deliver")
        return told

    def publish(self, artifact: Artifact) -> str:
        """Put a learned artifact in force for the next decision; return its digest."""
        return self._learning.publish(artifact)

    def publish_card(self, card: Card) -> str:
        """Put a model card in force for the next decision; return its digest."""
        return self._learning.publish_card(card)

    def train_card(self, *, publish: bool = False) -> TrainedCard:
        """Train a model card on the workspace's accounts and decided reviews.

        Args:
            publish: Put it in force, unless something speaks against it.

        Raises:
            BadInput: There are too few accounts, or no two of them are alike.
            MissingExtra: The extra ``linkage`` is not installed.
        """
        return self._learning.train_card(publish=publish)

    def deliver(self, limit: int = 1000) -> int:
        """Carry out queued actions that are due; return how many ended.

        Several processes that share a store may deliver at the same time.
        """
        with self._locks.delivering:
            return self._deliveries.deliver(limit)

    def run_clocks(self, limit: int = 1000) -> int:
        """Fire due clocks in due order and look for owners of unassigned leads.

        Where several processes share a store, one of them does, so that the order is kept and
        nobody is told twice.
        """
        with self._locks.firing:
            if not self._store.may_do("clocks"):
                return 0
            fired = jobs.run_clocks(self.world, self._store, self._in_force, limit)
        if fired:
            self._wake("deliver")
        return fired

    def match_kpis(self, weeks: int = 4) -> jobs.MatchReport:
        """Return how matching did in the last whole weeks, with intervals and alerts.

        Args:
            weeks: How many, 1 to 104.

        Raises:
            BadInput: So many weeks are not looked at.
        """
        return self.outcomes.match_kpis(weeks)

    def sla_kpis(self, weeks: int = 4) -> jobs.SlaReport:
        """Return how promises of a first touch were kept in the last whole weeks and this one.

        Args:
            weeks: How many, 1 to 104.

        Raises:
            BadInput: So many weeks are not looked at.
        """
        return self.outcomes.sla_kpis(weeks)

    def watch_matching(self, limit: int = 1000) -> int:
        """Tell of overdue reviews; once a week draw audits, alert, step back where it must.

        Returns:
            How many reviews and figures the reviewers were told of.
        """
        with self._locks.watching:
            told = self._watch.round(limit) if self._store.may_do("watch") else 0
        if told:
            self._wake("deliver")
        return told

    def replay(self, since: datetime | None = None, *, workers: int = 1) -> jobs.Replayed:
        """Make recorded decisions again from what they were told, and compare every byte.

        Args:
            since: Decisions before this time are left out.
            workers: How many processes share the work.
        """
        return jobs.replay(self._store, self._open_again, since=since, workers=workers)

    def verify(self, *, workers: int = 1, anchors: Sequence[str] = ()) -> Verification:
        """Check the log, and what it gives the digests of: decisions, policies, models.

        Args:
            workers: How many processes share the work.
            anchors: What earlier checks gave as their ``anchor``; must still be in the log.

        Raises:
            BadInput: An anchor is none.
        """
        return jobs.verify(self._store, self._open_again, workers=workers, anchors=anchors)

    def status(self) -> Status:
        """Return counts and digests, what readiness is made of, and how sources do."""
        folder = self.policies.folder_state()
        status = self._health.status(self._in_force, self._loops, self._signals.flows(), folder)
        return replace(status, drift_check=self._drift.latest())

    def checks(self) -> tuple[Check, ...]:
        """Return what readiness is made of: the disk; while it serves, the store and the jobs."""
        return self._health.checks(self._loops)

    def watch_signals(self) -> int:
        """Tell of sources that fell silent or lost their addresses; look at most once an hour.

        Returns:
            Of how many.
        """
        with self._locks.watching:
            told = self._signals.round() if self._store.may_do("watch") else 0
        if told:
            self._wake("deliver")
        return told


def _there(found: T | None, kind: str, record_id: str) -> T:
    if found is None:
        raise NotFound(kind, record_id)
    return found
