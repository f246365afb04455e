"""What runs on a timer, and work on a whole workspace or on files: a folder for each subject."""

from __future__ import annotations

from leadfit.jobs.decisions.replay import Divergence, Replayed, replay
from leadfit.jobs.decisions.route_orders import OrdersCompared, compare_orders
from leadfit.jobs.decisions.verify import verify
from leadfit.jobs.deliveries.deliver import Deliveries
from leadfit.jobs.learning.completing import too_old, why_retrain
from leadfit.jobs.learning.cycle import Cycle
from leadfit.jobs.learning.proposing import Learned, Proposal, drift, propose, score_accounts
from leadfit.jobs.past.importing import import_history
from leadfit.jobs.past.placing import outlook
from leadfit.jobs.past.recall import history, up_to
from leadfit.jobs.promises.response import response_report
from leadfit.jobs.promises.sla import run_clocks
from leadfit.jobs.promises.sla_report import SlaReport, sla_report
from leadfit.jobs.promises.sweep import Sweep, Swept, sweep
from leadfit.jobs.vendors.certificates import CertificatesChecked, check_certificates
from leadfit.jobs.vendors.enrich import Enrichment
from leadfit.jobs.watches.drift import DriftCheck, DriftWatch
from leadfit.jobs.watches.matching import MatchReport, MatchWatch, match_report
from leadfit.jobs.watches.signals import SignalWatch, source_flows
from leadfit.jobs.workers.lanes import Lanes
from leadfit.jobs.workers.loops import Loops

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
