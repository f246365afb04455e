"""The composition root: reads the settings, builds everything, names the connectors."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType

from leadfit.errors import BadInput, Conflict, Fault
from leadfit.history import History
from leadfit.records import Decision, Refusal, Tier
from leadfit.store.views import (
    Counts,
    Imported,
    LeadView,
    Receipt,
    SignalView,
    Verification,
)
from leadfit.world import SystemWorld, World


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the operator sets by the environment.

    Attributes:
        workspace: ``LEADFIT_WORKSPACE``: the folder everything lives in.
        database_url: ``LEADFIT_DATABASE_URL``: ``sqlite:///PATH``; the workspace's own file when
            unset.
        host: ``LEADFIT_HOST``: the address ``leadfit serve`` listens on.
        port: ``LEADFIT_PORT``: its port.
        log_format: ``LEADFIT_LOG_FORMAT``: ``json`` or ``text``.
    """

    workspace: Path = Path("leadfit-data")
    database_url: str | None = None
    host: str = "127.0.0.1"
    port: int = 8321
    log_format: str = "json"


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from ``environment``, by default the process's own.

    Raises:
        BadInput: A value cannot be used; every fault is named.

    >>> read_settings({"LEADFIT_PORT": "9000"}).port
    9000
    """
    given = os.environ if environment is None else environment  # noqa: TID251 -- this is the place
    faults: list[Fault] = []
    port_text = given.get("LEADFIT_PORT", "8321")
    if not (port_text.isascii() and port_text.isdigit() and 0 < int(port_text) < 65536):
        faults.append(Fault(place="LEADFIT_PORT", came=repr(port_text), allowed="1 to 65535"))
        port_text = "8321"
    log_format = given.get("LEADFIT_LOG_FORMAT", "json")
    if log_format not in ("json", "text"):
        faults.append(
            Fault(place="LEADFIT_LOG_FORMAT", came=repr(log_format), allowed="json or text")
        )
    if faults:
        raise BadInput(faults)
    return Settings(
        workspace=Path(given.get("LEADFIT_WORKSPACE") or "leadfit-data"),
        database_url=given.get("LEADFIT_DATABASE_URL") or None,
        host=given.get("LEADFIT_HOST") or "127.0.0.1",
        port=int(port_text),
        log_format=log_format,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Counts for the summary table and for readiness.

    Attributes:
        ready: The store can be read and the policy is loaded.
    """

    counts: Counts
    policy_digest: str
    artifact_digest: str | None
    ready: bool


class Leadfit:
    """A workspace that is open; every surface goes through it. Safe to use from any thread."""

    def __init__(self, folder: Path, *, world: World) -> None:
        self.folder = folder
        self.world = world

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

    def start(self) -> None:
        """Run decisions, deliveries and clocks in threads until :meth:`close`."""
        raise NotImplementedError

    def accept(self, body: Mapping[str, object]) -> Receipt | Refusal:
        """Store a signal for good before answering.

        Raises:
            Conflict: The source used this event id before with another body.
            StoreBusy: The store cannot take more now.
        """
        raise NotImplementedError

    def accept_many(
        self, bodies: Iterable[Mapping[str, object]]
    ) -> tuple[Receipt | Refusal | Conflict, ...]:
        """Store signals; the answers stand in the order of ``bodies``; a conflict is a value."""
        raise NotImplementedError

    def decide_pending(self, limit: int = 1000) -> int:
        """Decide stored signals in the order of the log; return how many were taken."""
        raise NotImplementedError

    def signal(self, signal_id: str) -> SignalView:
        """Return where a signal stands.

        Raises:
            NotFound: No signal has this id.
        """
        raise NotImplementedError

    def leads(
        self,
        limit: int = 50,
        after: str | None = None,
        tier: Tier | None = None,
        owner_id: str | None = None,
    ) -> tuple[LeadView, ...]:
        """Return leads, newest first; ``after`` is the last lead id of the page before."""
        raise NotImplementedError

    def lead(self, lead_id: str) -> LeadView:
        """Return one lead.

        Raises:
            NotFound: No lead has this id.
        """
        raise NotImplementedError

    def why(self, lead_id: str) -> tuple[Decision, ...]:
        """Return every decision about a lead, newest first.

        Raises:
            NotFound: No lead has this id.
        """
        raise NotImplementedError

    def touch(self, lead_id: str, by: str, at: datetime | None = None) -> LeadView:
        """Record that a person touched the lead: its clocks stop."""
        raise NotImplementedError

    def accept_lead(self, lead_id: str, by: str) -> LeadView:
        """Record that a person took the lead on."""
        raise NotImplementedError

    def reject_lead(self, lead_id: str, by: str, reason: str) -> LeadView:
        """Record that a person turned the lead down; it is closed."""
        raise NotImplementedError

    def import_history(self, history: History) -> Imported:
        """Take accounts, contacts and leads of an export into the workspace, once."""
        raise NotImplementedError

    def deliver(self, limit: int = 1000) -> int:
        """Carry out queued actions that are due; return how many were settled."""
        raise NotImplementedError

    def run_clocks(self, limit: int = 1000) -> int:
        """Fire due clocks in due order and look for owners of unassigned leads."""
        raise NotImplementedError

    def verify(self) -> Verification:
        """Check the hash chain of the log."""
        raise NotImplementedError

    def new_key(self, scope: str) -> str:
        """Make an API key, return it once and keep only its hash."""
        raise NotImplementedError

    def key_scope(self, key: str) -> str | None:
        """Return the scope of an API key, or ``None`` for an unknown one."""
        raise NotImplementedError

    def status(self) -> Status:
        """Return counts and digests."""
        raise NotImplementedError


def create_workspace(folder: Path, *, world: World | None = None) -> Path:
    """Make a workspace with the starter policy and an empty store; return its folder."""
    raise NotImplementedError


def open_leadfit(workspace: Path | str, *, world: World | None = None) -> Leadfit:
    """Open the workspace in ``workspace``."""
    return Leadfit(Path(workspace), world=world or SystemWorld())
