"""How long a fall of the reference size would take to be seen, at the volume of the user."""

from __future__ import annotations

import math

from leadfit.learn.drift.result import Delay

KEPT = 0.6
"""What is left of the curve when the latent correlation falls by a third, as from .72 to .48."""
RAMP_MONTHS = 9.0
_WEEKS_A_MONTH = 365.25 / 12 / 7
_LESS = 0.25
_LONGEST = 60.0
_STEP = 0.02


def months_to_see(
    a_month: float, information: float, guard: float, log_level: float, *, ramp_months: float
) -> float | None:
    """Return the months until the expected evidence reaches a level, ``None`` beyond five years.

    Args:
        a_month: Decisions or leads a month.
        information: Fisher information of the slope multiple in one of them.
        guard: How much lower than 1 the multiple taken as no change is.
        log_level: Log of the detector at the level.
        ramp_months: Months until the fall is complete; 0 is sudden.

    The expected log likelihood ratio grows by half the information times the squared distance
    from the guarded baseline (Kullback and Leibler). Those begun in each week since add up, so
    the detector stands higher by about the log of their number. The unit tests hold the figure
    against delays simulated by ``benchmarks/learn_drift.py``.
    """
    gathered, month = 0.0, 0.0
    while gathered < log_level + _LESS - math.log1p(month * _WEEKS_A_MONTH):
        month += _STEP
        if month > _LONGEST:
            return None
        done = min(1.0, month / ramp_months) if ramp_months else 1.0
        distance = max(0.0, (1.0 - KEPT) * done - guard)
        gathered += _STEP * a_month * information * distance**2 / 2
    return round(month, 1)


def expect(  # noqa: PLR0917 -- all that a delay depends on
    level: str,
    a_month: float,
    share: float,
    information: float,
    guard: float,
    at: float,
    waiting: float = 0.0,
) -> Delay:
    """Return the expected delays to a level.

    Args:
        level: ``watch`` or ``alarm``.
        a_month: Leads a month.
        share: Share of leads that give evidence.
        information: Of one that does.
        guard: How much lower than 1 the multiple taken as no change is.
        at: The detector at the level.
        waiting: Months until a lead's answer is known.
    """
    sudden, ramp = (
        months_to_see(a_month * share, information, guard, math.log(at), ramp_months=over)
        for over in (0.0, RAMP_MONTHS)
    )
    return Delay(
        level=level,
        leads_a_month=a_month,
        sudden_months=None if sudden is None else sudden + round(waiting, 1),
        ramp_months=None if ramp is None else ramp + round(waiting, 1),
    )
