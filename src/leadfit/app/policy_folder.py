"""Notices that the policy folder of a workspace was changed while it is served.

Who works here and when (``reps.csv``, ``holidays.csv``) comes in force at once: whoever falls ill
does not wait for a review. ``policy.toml`` and ``territories.csv`` come in force by a plan that is
applied; until the first decision of a workspace all four do at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from leadfit import policy as policies
from leadfit.app.in_force import PEOPLE_FILES
from leadfit.errors import BadPolicy
from leadfit.log import logger
from leadfit.policy import Policy
from leadfit.policy.load import FILES
from leadfit.world import World

# How often the files are looked at: a stat of four files.
_LOOK_S: Final = 2.0

_log = logger("app.policy")


class PolicyFolder:
    """Looks at a policy folder from time to time.

    A change counts once two looks in a row have found the same: files that belong together are not
    saved at one moment. A folder that cannot be used is refused whole, and the policy in force
    stays in force.

    Args:
        folder: The folder.
        world: Its monotonic clock says when to look.
    """

    def __init__(self, folder: Path, world: World) -> None:
        self._folder = folder
        self._world = world
        self._looked_s: float | None = None
        self._seen: Mapping[str, bytes] | None = None
        self._refused: Mapping[str, bytes] | None = None

    def is_time(self) -> bool:
        """Return whether it is time for another look, and take it as begun."""
        now_s = self._world.monotonic_s()
        if self._looked_s is not None and now_s < self._looked_s + _LOOK_S:
            return False
        self._looked_s = now_s
        return True

    def changed(self, in_force: Policy, *, people_only: bool) -> Policy | None:
        """Return what comes in force by a change of the folder that has settled, or ``None``.

        Args:
            in_force: The policy in force.
            people_only: Only who works here and when comes in force; the rest is reviewed.
        """
        found, before = self._read(), self._seen
        self._seen = found
        if found is None or found != before or found == self._refused:
            return None
        return self._other(in_force, found, people_only=people_only)

    def people_now(self, in_force: Policy) -> Policy | None:
        """Return what comes in force by who works here as the folder says at this moment."""
        found = self._read()
        return None if found is None else self._other(in_force, found, people_only=True)

    def _other(
        self, in_force: Policy, found: Mapping[str, bytes], *, people_only: bool
    ) -> Policy | None:
        files = dict(in_force.files) if people_only else {}
        files |= {name: found[name] for name in (PEOPLE_FILES if people_only else FILES)}
        if files == in_force.files:
            return None
        try:
            policy = policies.from_files(files)
        except BadPolicy as error:
            self._refused = found
            _log.error("policy.refused", code=error.code)
            return None
        return None if policy.digest == in_force.digest else policy

    def _read(self) -> Mapping[str, bytes] | None:
        """Return the files as they are, or ``None`` while one cannot be read."""
        try:
            return {name: (self._folder / name).read_bytes() for name in FILES}
        except OSError:
            return None
