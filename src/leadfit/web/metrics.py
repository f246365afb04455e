"""Counters of the server in the Prometheus text format."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from threading import Lock
from typing import Final

from leadfit.app import Status

MEDIA_TYPE: Final = "text/plain; version=0.0.4"
BUCKETS_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)

Labels = tuple[tuple[str, str], ...]


class Metrics:
    """What the server counted since it started; safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._requests: Counter[Labels] = Counter()
        self._signals: Counter[Labels] = Counter()
        self._keys: Counter[Labels] = Counter()
        self._buckets: Counter[float] = Counter()
        self._seconds = 0.0
        self._timed = 0

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answered request."""
        with self._lock:
            self._requests[("method", method), ("route", route), ("status", str(status))] += 1
            self._seconds += seconds
            self._timed += 1
            bucket = next((edge for edge in BUCKETS_S if seconds <= edge), float("inf"))
            self._buckets[bucket] += 1

    def signal(self, result: str) -> None:
        """Count one signal: ``accepted``, ``repeat``, ``refused`` or ``conflict``."""
        with self._lock:
            self._signals[(("result", result),)] += 1

    def refused_key(self, reason: str) -> None:
        """Count a key that was not let in: ``unknown`` or ``scope``."""
        with self._lock:
            self._keys[(("reason", reason),)] += 1

    def text(self, status: Status) -> str:
        """Return all counters and the counts of the workspace."""
        counts = status.counts
        with self._lock:
            families = [
                _family("leadfit_http_requests_total", "counter", self._requests),
                self._histogram(),
                _family("leadfit_signals_received_total", "counter", self._signals),
                _family("leadfit_keys_refused_total", "counter", self._keys),
            ]
        gauges = {
            "leadfit_ready": int(status.ready),
            "leadfit_accounts": counts.accounts,
            "leadfit_contacts": counts.contacts,
            "leadfit_leads_open": counts.open_leads,
            "leadfit_leads_unassigned": counts.unassigned,
            "leadfit_signals_pending": counts.signals_pending,
            "leadfit_signals_dead": counts.signals_dead,
            "leadfit_decisions": counts.decisions,
            "leadfit_log_rows": counts.log_rows,
            "leadfit_clocks_running": counts.clocks_running,
            "leadfit_clocks_overdue": counts.overdue,
        }
        families += [_family(name, "gauge", {(): value}) for name, value in gauges.items()]
        families.append(
            _family(
                "leadfit_leads",
                "gauge",
                {(("tier", str(tier)),): n for tier, n in counts.leads_by_tier.items()},
            )
        )
        families.append(
            _family(
                "leadfit_actions",
                "gauge",
                {(("state", str(state)),): n for state, n in counts.actions.items()},
            )
        )
        return "".join(families)

    def _histogram(self) -> str:
        name = "leadfit_http_request_seconds"
        lines = [f"# TYPE {name} histogram"]
        so_far = 0
        for edge in BUCKETS_S:
            so_far += self._buckets[edge]
            lines.append(f'{name}_bucket{{le="{edge:g}"}} {so_far}')
        lines.append(f'{name}_bucket{{le="+Inf"}} {self._timed}')
        lines.append(f"{name}_sum {self._seconds:.6f}")
        lines.append(f"{name}_count {self._timed}")
        return "\n".join(lines) + "\n"


def _family(name: str, kind: str, values: Mapping[Labels, int]) -> str:
    lines = [f"# TYPE {name} {kind}"]
    lines += [f"{name}{_labels(labels)} {value}" for labels, value in sorted(values.items())]
    return "\n".join(lines) + "\n"


def _labels(labels: Iterable[tuple[str, str]]) -> str:
    parts = [f'{name}="{_escaped(value)}"' for name, value in labels]
    return "{" + ",".join(parts) + "}" if parts else ""


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
