"""How sources and matching do: figures with intervals, alerts on bounds, stepping back."""

from __future__ import annotations

from leadfit.watch.alerts import Alert, alerts, must_step_back
from leadfit.watch.bands import BandShare, WhatIf, what_if
from leadfit.watch.flow import FlowAlarm, HourCount, SourceFlow, source_flow
from leadfit.watch.kpis import Audit, Kpi, KpiName, MatchKpis, audited, match_kpis
from leadfit.watch.overrides import OverrideRise, override_rises
from leadfit.watch.rows import AUDIT, Period, Rows, week_of, weeks_before
from leadfit.watch.tables import band_rows, edge_rows, figure_rows, week_name, week_rows
from leadfit.watch.words import (
    NAMES,
    amount,
    interval_words,
    kpi_words,
    proof_words,
    state_words,
)

__all__ = [
    "AUDIT",
    "NAMES",
    "Alert",
    "Audit",
    "BandShare",
    "FlowAlarm",
    "HourCount",
    "Kpi",
    "KpiName",
    "MatchKpis",
    "OverrideRise",
    "Period",
    "Rows",
    "SourceFlow",
    "WhatIf",
    "alerts",
    "amount",
    "audited",
    "band_rows",
    "edge_rows",
    "figure_rows",
    "interval_words",
    "kpi_words",
    "match_kpis",
    "must_step_back",
    "override_rises",
    "proof_words",
    "source_flow",
    "state_words",
    "week_name",
    "week_of",
    "week_rows",
    "weeks_before",
    "what_if",
]
