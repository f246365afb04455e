"""Counters of the server in the Prometheus text format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Final

from leadfit.app import Status
from leadfit.app.delivering import DeliveryStatus
from leadfit.app.edited import FolderState
from leadfit.policy.load import FILES

MEDIA_TYPE: Final = "text/plain; version=0.0.4"
REQUEST_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)
ASSIGNMENT_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0, 60.0, 300.0, 3600.0)

Labels = tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Histogram:
    """Seconds, counted in buckets."""

    edges: tuple[float, ...]
    counts: Counter[float] = field(default_factory=Counter)
    seconds: float = 0.0
    times: int = 0

    def add(self, seconds: float) -> None:
        """Count one."""
        self.seconds += seconds
        self.times += 1
        self.counts[next((edge for edge in self.edges if seconds <= edge), float("inf"))] += 1

    def text(self, name: str, words: str) -> str:
        """Return the family."""
        lines = [f"# HELP {name} {words}", f"# TYPE {name} histogram"]
        so_far = 0
        for edge in self.edges:
            so_far += self.counts[edge]
            lines.append(f'{name}_bucket{{le="{edge:g}"}} {so_far}')
        lines.append(f'{name}_bucket{{le="+Inf"}} {self.times}')
        lines.append(f"{name}_sum {self.seconds:.6f}")
        lines.append(f"{name}_count {self.times}")
        return "\n".join(lines) + "\n"


class Metrics:
    """What the server counted since it started; safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._requests: Counter[Labels] = Counter()
        self._signals: Counter[Labels] = Counter()
        self._keys: Counter[Labels] = Counter()
        self._hooks: Counter[Labels] = Counter()
        self._answered = Histogram(REQUEST_S)
        self._assigned = Histogram(ASSIGNMENT_S)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answered request."""
        known = method if method in _METHODS else "other"
        with self._lock:
            self._requests[("method", known), ("route", route), ("status", str(status))] += 1
            self._answered.add(seconds)

    def signal(self, result: str) -> None:
        """Count one signal: ``accepted``, ``repeat``, ``refused`` or ``conflict``."""
        with self._lock:
            self._signals[(("result", result),)] += 1

    def refused_key(self, reason: str) -> None:
        """Count a key that was not let in: ``unknown`` or ``scope``."""
        with self._lock:
            self._keys[(("reason", reason),)] += 1

    def hook(self, source: str, result: str) -> None:
        """Count a call of a vendor: ``taken``, ``unreadable``, or why it was not verified."""
        with self._lock:
            self._hooks[("result", result), ("source", source)] += 1

    def assigned(self, seconds: Iterable[float]) -> None:
        """Count how long leads waited from their signal to their first owner."""
        with self._lock:
            for each in seconds:
                self._assigned.add(each)

    def text(
        self,
        status: Status,
        *,
        under_way: int = 0,
        overrides: Mapping[str, int] | None = None,
    ) -> str:
        """Return all counters and the counts of the workspace."""
        taken: dict[Labels, float] = {
            (("rep", rep_id),): count for rep_id, count in (overrides or {}).items()
        }
        with self._lock:
            families = [
                family(
                    "leadfit_http_requests_total", "Requests that were answered", self._requests
                ),
                self._answered.text(
                    "leadfit_http_request_duration_seconds", "Time until a request was answered"
                ),
                family("leadfit_signals_received_total", "Signals by answer", self._signals),
                family("leadfit_hook_calls_total", "Calls of vendors by result", self._hooks),
                family("leadfit_keys_refused_total", "Keys that were not let in", self._keys),
                self._assigned.text(
                    "leadfit_signal_to_assignment_seconds",
                    "Time from a signal that opens a lead to the lead's first owner",
                ),
            ]
        words = "Leads that people took from a rep by hand; - for leads without one"
        families.append(family("leadfit_overrides_total", words, taken))
        families += _gauges(status, under_way)
        return "".join(families)


_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def _gauges(status: Status, under_way: int) -> Sequence[str]:
    counts = status.counts
    plain = {
        "leadfit_ready": (int(status.ready), "1 when signals can be taken and decided"),
        "leadfit_posts_under_way": (under_way, "Posts that wait for an answer"),
        "leadfit_accounts": (counts.accounts, "Accounts"),
        "leadfit_contacts": (counts.contacts, "Contacts"),
        "leadfit_leads_open": (counts.open_leads, "Open leads"),
        "leadfit_leads_unassigned": (counts.unassigned, "Open leads without an owner"),
        "leadfit_signals_pending": (counts.signals_pending, "Signals that wait for a decision"),
        "leadfit_signals_dead": (counts.signals_dead, "Signals that wait for a person"),
        "leadfit_signals_refused_kept": (
            status.refused, "Signals that could not be taken and are kept to look at"
        ),
        "leadfit_decisions": (counts.decisions, "Decisions"),
        "leadfit_log_rows": (counts.log_rows, "Rows of the event log"),
        "leadfit_clocks_running": (counts.clocks_running, "Clocks that run"),
        "leadfit_clocks_overdue": (counts.overdue, "Clocks whose next step is past due"),
        "leadfit_clocks_put_aside": (
            counts.clocks_aside, "Clocks whose next step failed too often; they wait for a person"
        ),
    }  # fmt: skip
    families = [family(name, words, {(): value}) for name, (value, words) in plain.items()]
    by_tier: dict[Labels, float] = {
        (("tier", str(tier)),): n for tier, n in counts.leads_by_tier.items()
    }
    families.append(family("leadfit_leads", "Leads by tier", by_tier))
    by_state: dict[Labels, float] = {
        (("state", str(state)),): n for state, n in counts.actions.items()
    }
    families.append(family("leadfit_actions", "Queued actions by state", by_state))
    checks: dict[Labels, float] = {
        (("check", each.name),): int(each.holds) for each in status.checks
    }
    families.append(family("leadfit_check", "What readiness is made of; 1 when it holds", checks))
    return [*families, *_of_the_folder(status.policy_folder), *_of_sources(status)]


def _of_the_folder(folder: FolderState) -> Sequence[str]:
    differs: dict[Labels, float] = {
        (("file", name),): int(name in folder.differs) for name in FILES
    }
    unusable: dict[Labels, float] = {(): int(not folder.is_usable)}
    return (
        family("leadfit_policy_differs", "1 while a file says what is not in force", differs),
        family("leadfit_policy_unusable", "1 while no plan can be made of the folder", unusable),
    )


def _of_sources(status: Status) -> Sequence[str]:
    """Return what came from each source in the last whole day, and what is wrong with it."""
    by_source = {(("source", each.source),): each for each in status.sources}
    families = [
        family(
            "leadfit_source_signals_24h",
            "Signals of the last 24 hours",
            {labels: each.received for labels, each in by_source.items()},
        ),
        family(
            "leadfit_source_expected_24h",
            "Signals that were expected in these hours",
            {labels: e.expected for labels, e in by_source.items() if e.expected is not None},
        ),
        family(
            "leadfit_source_without_email_ratio",
            "Share of them without an address",
            {labels: e.null_share for labels, e in by_source.items() if e.null_share is not None},
        ),
    ]
    alarms: dict[Labels, float] = {
        (("kind", kind), ("source", each.source)): int(kind in each.alarms)
        for each in status.sources
        for kind in ("volume", "email")
    }
    families.append(family("leadfit_source_alarm", "1 while a source gives alarm", alarms))
    return families


def of_destinations(deliveries: DeliveryStatus, now: datetime) -> str:
    """Return what waits for each destination, and which are down.

    Args:
        deliveries: How deliveries are doing.
        now: From when the age of what waits is counted back.
    """
    waiting: dict[Labels, float] = {}
    oldest: dict[Labels, float] = {}
    broken: dict[Labels, float] = {}
    held: dict[Labels, float] = {}
    for each in deliveries.destinations:
        labels = (("destination", each.gate.destination),)
        waiting[labels] = each.waiting
        broken[labels] = int(each.gate.failing_since is not None)
        until = each.gate.until if each.gate.holds(now) else None
        held[labels] = 0.0 if until is None else (until - now).total_seconds()
        oldest[labels] = 0.0 if each.oldest_at is None else (now - each.oldest_at).total_seconds()
    doubtful: dict[Labels, float] = {(): len(deliveries.doubtful)}
    near: dict[Labels, float] = {(): deliveries.near_misses}
    return "".join(
        (
            family("leadfit_destination_waiting", "Actions that are due and not done", waiting),
            family("leadfit_destination_oldest_seconds", "Since when the oldest is due", oldest),
            family("leadfit_destination_broken", "1 while sending to it fails", broken),
            family("leadfit_destination_held_seconds", "Nothing is sent to it for so long", held),
            family("leadfit_actions_doubtful", "Actions that may have taken effect", doubtful),
            family("leadfit_echo_near_misses", "Own fields that came back changed", near),
        )
    )


def family(name: str, words: str, values: Mapping[Labels, float] | Counter[Labels]) -> str:
    """Return a family; those whose name ends in ``_total`` are counters, others gauges."""
    kind = "counter" if name.endswith("_total") else "gauge"
    lines = [f"# HELP {name} {words}", f"# TYPE {name} {kind}"]
    lines += [f"{name}{_labels(labels)} {value:.12g}" for labels, value in sorted(values.items())]
    return "\n".join(lines) + "\n"


def _labels(labels: Iterable[tuple[str, str]]) -> str:
    parts = [f'{name}="{_escaped(value)}"' for name, value in labels]
    return "{" + ",".join(parts) + "}" if parts else ""


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
