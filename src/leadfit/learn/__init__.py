"""What revenue outcomes say about an ideal customer profile.

Needs the extra ``learn``. ``benchmark`` says what a recorded past supports, ``fit`` writes the
artifact that scores accounts, ``study`` does both in one pass.
"""

from __future__ import annotations

from leadfit.errors import MissingExtra

try:
    import numpy as np  # noqa: F401 -- asked for here, so that one clear error names the extra
    import scipy  # noqa: F401 -- the same
except ImportError as error:
    raise MissingExtra("learn", "learning from recorded outcomes") from error

from leadfit.learn.drift import DriftFindings, DriftRules, drift
from leadfit.learn.findings import Study, benchmark, fit, study
from leadfit.learn.flagging import FlagPrecision, flag_precision
from leadfit.learn.model_c import PropensityFindings, PropensityRules, propensity
from leadfit.learn.rejects import RejectedSegment, rejections
from leadfit.learn.result import Benchmark
from leadfit.learn.rules import Rules
from leadfit.learn.static import StaticIcp, read_static
from leadfit.learn.stream import SignalWeights, Stream, replay

__all__ = [
    "Benchmark",
    "DriftFindings",
    "DriftRules",
    "FlagPrecision",
    "PropensityFindings",
    "PropensityRules",
    "RejectedSegment",
    "Rules",
    "SignalWeights",
    "StaticIcp",
    "Stream",
    "Study",
    "benchmark",
    "drift",
    "fit",
    "flag_precision",
    "propensity",
    "read_static",
    "rejections",
    "replay",
    "study",
]
