"""What travels along the line: a signal with its transaction, who it is about, who gets it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from leadfit.artifact import Artifact
from leadfit.policy import Policy
from leadfit.records import (
    Account,
    Assignment,
    Candidate,
    Contact,
    Keys,
    Lead,
    Match,
    Plan,
    Ranking,
    Reason,
    RepLoad,
    Signal,
)
from leadfit.resolve.model.card import Card
from leadfit.store import Session
from leadfit.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """The rules a decision is made by: policy, artifact and model card, changed together.

    Attributes:
        card: What accounts in doubt are weighed by; ``None`` leaves them to rules alone.
    """

    policy: Policy
    artifact: Artifact | None = None
    card: Card | None = None

    @property
    def artifact_digest(self) -> str | None:
        """Digest of the artifact, if there is one."""
        return None if self.artifact is None else self.artifact.digest

    @property
    def card_digest(self) -> str | None:
        """Digest of the model card, if there is one."""
        return None if self.card is None else self.card.digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Where one piece of work is done: a transaction, the rules and one reading of the clock."""

    world: World
    session: Session
    in_force: InForce
    now: datetime

    @property
    def policy(self) -> Policy:
        """The policy in force."""
        return self.in_force.policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A signal on its way through the stages."""

    desk: Desk
    signal: Signal
    keys: Keys
    candidates: tuple[Candidate, ...]
    match: Match


@dataclass(frozen=True, slots=True, kw_only=True)
class Colleague:
    """A contact of the same account who may be the very person, under another address.

    Attributes:
        open_lead_id: That contact's open lead, whose owner the person speaks to already.
    """

    contact_id: str
    probability: float
    evidence: tuple[Reason, ...]
    open_lead_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """Whom a signal is about.

    Attributes:
        lead: The open lead it joins, or the lead it reports on.
        alike: Who else of the account a new contact may be.
    """

    account: Account | None
    contact: Contact | None
    lead: Lead | None
    alike: Colleague | None = None

    @property
    def account_id(self) -> str | None:
        """Id of the account, if there is one."""
        return None if self.account is None else self.account.account_id

    @property
    def contact_id(self) -> str | None:
        """Id of the contact, if there is one."""
        return None if self.contact is None else self.contact.contact_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Routed:
    """What routing and orchestrating came to; without an assignment nobody is free."""

    ranking: Ranking | None = None
    loads: tuple[RepLoad, ...] = ()
    assignment: Assignment | None = None
    plan: Plan = field(default_factory=Plan)
