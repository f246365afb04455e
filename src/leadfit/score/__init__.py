"""Third stage: a tier and points, each with the reasons that sum to them."""

from __future__ import annotations

from leadfit.score.rate import rate

__all__ = ["rate"]
