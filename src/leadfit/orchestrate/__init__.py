"""Fifth stage: what is done for an owner's lead, by when, and what follows if nobody acts."""

from __future__ import annotations

from leadfit.orchestrate.actions import following
from leadfit.orchestrate.alerts import alert
from leadfit.orchestrate.breach import BREACH, breach
from leadfit.orchestrate.plan import plan
from leadfit.orchestrate.storm import tell_together, together_key
from leadfit.orchestrate.waiting import Handover, hand_over, in_channels, mails

__all__ = [
    "BREACH",
    "Handover",
    "alert",
    "breach",
    "following",
    "hand_over",
    "in_channels",
    "mails",
    "plan",
    "tell_together",
    "together_key",
]
