"""What runs on a timer: deliveries, clocks, imports, learning; and the threads that run them."""

from __future__ import annotations

from leadfit.jobs.bulk import import_history
from leadfit.jobs.certificates import CertificatesChecked, check_certificates
from leadfit.jobs.completing import too_old, why_retrain
from leadfit.jobs.cycle import Cycle
from leadfit.jobs.deliver import Deliveries
from leadfit.jobs.drift_watch import DriftCheck, DriftWatch
from leadfit.jobs.enrich import Enrichment
from leadfit.jobs.lanes import Lanes
from leadfit.jobs.learning import Learned, Proposal, drift, propose, score_accounts
from leadfit.jobs.loops import Loops
from leadfit.jobs.match_watch import MatchReport, MatchWatch, match_report
from leadfit.jobs.placing import outlook
from leadfit.jobs.recall import history, up_to
from leadfit.jobs.replay import Divergence, Replayed, replay
from leadfit.jobs.response import response_report
from leadfit.jobs.route_orders import OrdersCompared, compare_orders
from leadfit.jobs.signal_watch import SignalWatch, source_flows
from leadfit.jobs.sla import run_clocks
from leadfit.jobs.sla_report import SlaReport, sla_report
from leadfit.jobs.sweep import Sweep, Swept, sweep
from leadfit.jobs.verify import verify

__all__ = [
    "CertificatesChecked",
    "Cycle",
    "Deliveries",
    "Divergence",
    "DriftCheck",
    "DriftWatch",
    "Enrichment",
    "Lanes",
    "Learned",
    "Loops",
    "MatchReport",
    "MatchWatch",
    "OrdersCompared",
    "Proposal",
    "Replayed",
    "SignalWatch",
    "SlaReport",
    "Sweep",
    "Swept",
    "check_certificates",
    "compare_orders",
    "drift",
    "history",
    "import_history",
    "match_report",
    "outlook",
    "propose",
    "replay",
    "response_report",
    "run_clocks",
    "score_accounts",
    "sla_report",
    "source_flows",
    "sweep",
    "too_old",
    "up_to",
    "verify",
    "why_retrain",
]
