"""Stories of what goes wrong, replayed the naive way and the Leadfit way on one planted world.

The Leadfit way runs the real stages; the naive way is what teams do without them. Each module has
`story(seed)`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from leadfit.testing.stories import (
    engagement_bias,
    enrichment_spiral,
    false_merge,
    hourly_batch,
    segment_drift,
    static_drift,
)
from leadfit.testing.stories.telling import Estimate, Figure, Story, rows

STORIES: Final[Mapping[str, Callable[[int], Story]]] = MappingProxyType(
    {
        engagement_bias.NAME: engagement_bias.story,
        enrichment_spiral.NAME: enrichment_spiral.story,
        false_merge.NAME: false_merge.story,
        hourly_batch.NAME: hourly_batch.story,
        segment_drift.NAME: segment_drift.story,
        static_drift.NAME: static_drift.story,
    }
)
"""The stories by name; each makes its world from a seed."""

__all__ = ["STORIES", "Estimate", "Figure", "Story", "rows"]
