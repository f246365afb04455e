"""Notices that the policy folder of a workspace was changed while it is served."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from leadfit import policy as policies
from leadfit.errors import BadPolicy
from leadfit.log import logger
from leadfit.policy import Policy
from leadfit.policy.load import FILES
from leadfit.world import World

_LOOK_S: Final = 2.0

_log = logger("app.policy")


class PolicyFolder:
    """Looks at a policy folder from time to time.

    A change counts once two looks in a row have found the same: four files that belong together
    are not saved at one moment. A folder that cannot be used is refused whole, and the policy in
    force stays in force.

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

    def changed(self, in_force: Policy) -> Policy | None:
        """Return the policy of the folder if it is another than the one in force, and settled."""
        now_s = self._world.monotonic_s()
        if self._looked_s is not None and now_s < self._looked_s + _LOOK_S:
            return None
        self._looked_s = now_s
        found, before = self._read(), self._seen
        self._seen = found
        if found is None or found != before or found == self._refused:
            return None
        if found == in_force.files:
            return None
        try:
            policy = policies.from_files(found)
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
