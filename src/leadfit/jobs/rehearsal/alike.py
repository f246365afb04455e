"""In which parts two sets of rules are the same."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from leadfit import policy as policies
from leadfit.pipeline import InForce

_PART: Final = re.compile(r"[a-z_]+")


def are_alike(rules: tuple[InForce, InForce], parts: Collection[str]) -> bool:
    """Return whether two rules have one artifact and say the same in some parts of the policy.

    Args:
        rules: Both.
        parts: Tables of ``policy.toml``, and ``territories``, ``reps`` or ``holidays``.
    """
    one, other = rules
    if one.artifact_digest != other.artifact_digest:
        return False
    found = (_PART.match(each.path) for each in policies.diff(one.policy, other.policy))
    return not any(part is not None and part.group() in parts for part in found)
