"""Model C: the chance of a win within ninety days, from what was known at the time."""

from __future__ import annotations

from leadfit.learn.model_c.fitting import PropensityFindings, PropensityRules, propensity

__all__ = ["PropensityFindings", "PropensityRules", "propensity"]
