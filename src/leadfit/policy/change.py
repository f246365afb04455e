"""The shape of what the policy says about changing it, and about acting at all."""

from __future__ import annotations

from pydantic import Field

from leadfit.policy.section import Section


class ChangeRules(Section):
    """How long a plan stays good."""

    most_rows: int = Field(default=200_000, ge=0, le=100_000_000)
    """Rows by which the log may have grown since the plan was made; then a new plan is wanted."""
    most_hours: float = Field(default=168, gt=0, le=8_760)
    """Hours after which a plan is not applied any more."""
    lists: int = Field(default=10_000, ge=0, le=1_000_000)
    """Leads that a plan lists one by one; what lies beyond is counted."""
