"""Fifth stage: what is done for an owner's lead, by when, and what follows if nobody acts."""

from __future__ import annotations

from leadfit.orchestrate.breach import breach
from leadfit.orchestrate.plan import plan

__all__ = ["breach", "plan"]
