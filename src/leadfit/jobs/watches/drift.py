"""Checks once a month whether the score still holds and what a tier is worth, while it is served.

What is found is told to the reviewers by a key of its month, so that a check done again tells
nobody twice. The review for the meeting is written each time, and beside it when and with what
result it was made, so that a restart does not begin anew.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from leadfit import orchestrate
from leadfit.canonical import canonical, moment
from leadfit.errors import Permanent
from leadfit.jobs.learning.proposing import drift
from leadfit.jobs.past.placing import outlook
from leadfit.log import logger
from leadfit.pipeline import InForce
from leadfit.pipeline.matching import reviewers
from leadfit.policy import Policy
from leadfit.records import Action, Tier
from leadfit.store import Store
from leadfit.world import World

if TYPE_CHECKING:
    from leadfit.learn import DriftFindings
    from leadfit.learn.outlook import Outlook

KEPT: Final = "drift-check.json"
_FIRST: Final = timedelta(days=1)
_AGAIN: Final = timedelta(days=1)
_ALARM: Final = "alarm"

_log = logger("jobs.drift_watch")

Write = Callable[[Path, bytes], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftCheck:
    """The latest monthly check.

    Attributes:
        at: When it was made; when the first server ran, before the first check.
        is_made: It was made.
        is_found: It found something.
        words: What it found.
    """

    at: datetime
    is_made: bool = False
    is_found: bool = False
    words: str = ""

    @property
    def due_at(self) -> datetime:
        """When the next one is due: on the first of the next month; the first one after a day."""
        if not self.is_made:
            return self.at + _FIRST
        month = self.at.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        return (month + timedelta(days=32)).replace(day=1)


class DriftWatch:
    """Makes the check when a month has begun.

    Args:
        world: Time.
        store: The history, and the queue of actions.
        in_force: Returns the rules in force.
        folder: Where the review and the latest check are kept.
        write: Replaces a file whole.
    """

    def __init__(
        self,
        world: World,
        store: Store,
        in_force: Callable[[], InForce],
        folder: Path,
        write: Write,
    ) -> None:
        self._world = world
        self._store = store
        self._in_force = in_force
        self._folder = folder
        self._write = write
        self._due_at: datetime | None = None

    def latest(self) -> DriftCheck | None:
        """Return the latest check; ``None`` where no server ever ran."""
        try:
            said = json.loads((self._folder / KEPT).read_bytes())
            return DriftCheck(
                at=datetime.fromisoformat(said["at"]),
                is_made=bool(said["is_made"]),
                is_found=bool(said["is_found"]),
                words=str(said["words"]),
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def round(self) -> int:
        """Check if it is time; return how many messages were queued.

        A check that cannot be made, as where nothing is recorded yet, is tried a day later.
        """
        now = self._world.now()
        if self._due_at is None:
            latest = self.latest()
            if latest is None:
                latest = DriftCheck(at=now)
                self._keep(latest)
            self._due_at = latest.due_at
        if now < self._due_at:
            return 0
        self._due_at = now + _AGAIN
        try:
            made, files = self._check(now)
        except Permanent as error:
            _log.warning("drift.not_checked", code=error.code)
            return 0
        for name, text in files.items():
            self._write(self._folder / name, text.encode())
        self._keep(made)
        self._due_at = made.due_at
        return int(made.is_found)

    def _check(self, now: datetime) -> tuple[DriftCheck, Mapping[str, str]]:
        """Make the check, and tell of what is found before it is written down as made.

        Raises:
            BadInput: Nothing is recorded yet.
            MissingExtra: The extra ``learn`` is not installed.
        """
        rules = self._in_force()
        found = drift(self._store, rules.policy, rules.artifact)
        worth = outlook(self._store, rules.policy)
        is_found = drifted(found) or worth.bias.level == _ALARM
        words = " ".join(_words(found, worth)) or "nothing was found"
        made = DriftCheck(at=now, is_made=True, is_found=is_found, words=words)
        if is_found:
            told = _alert(rules.policy, found, words, now)
            self._store.write(lambda session: session.outbox.queue(told, now))
            _log.warning("drift.found")
        return made, review_files(found, worth)

    def _keep(self, check: DriftCheck) -> None:
        self._folder.mkdir(exist_ok=True)
        said = {
            "at": moment(check.at),
            "is_made": check.is_made,
            "is_found": check.is_found,
            "words": check.words,
        }
        self._write(self._folder / KEPT, canonical(said))


def drifted(found: DriftFindings) -> bool:
    """There is an alarm, or a watch that something with a false-finding rate of its own confirms.

    That is a segment that fell or that customer success notes, or a win rate that moved.
    """
    moved = found.win_rate is not None and found.win_rate.fired
    confirmed = bool(found.segments or found.noted) or moved
    return found.level == _ALARM or (found.level == "watch" and confirmed)


def review_files(found: DriftFindings, worth: Outlook) -> dict[str, str]:
    """Return the text of the files of a quarterly review."""
    from leadfit import report  # noqa: PLC0415 -- it needs the extra

    told = json.dumps(
        report.review_document(found, worth), indent=1, ensure_ascii=False, allow_nan=False
    )
    return {"review.html": report.review_page(found, worth), "review.json": told + "\n"}


def _words(found: DriftFindings, worth: Outlook) -> Iterator[str]:
    from leadfit.report.outlook import bias_words  # noqa: PLC0415 -- it needs the extra

    if drifted(found):
        yield f"The score: {found.level}. {found.words}"
    if worth.bias.level == _ALARM:
        yield f"Engagement and fit: {bias_words(worth.bias)}"
    for each in worth.tiers.changes:
        if each.tier is Tier.ONE and each.points is not None and (each.points_high or 0) < 0:
            yield f"Tier 1 wins {100 * each.points:+.1f} points since the first year."


def _alert(policy: Policy, found: DriftFindings, words: str, now: datetime) -> Action:
    month = f"{now:%Y-%m}"
    fields = {
        "check": "monthly check of the score",
        "month": month,
        "level": found.level,
        "words": f"{words} `leadfit drift` shows all of it",
    }
    return orchestrate.alert(f"drift/{month}/alert", to=reviewers(policy), fields=fields, now=now)
