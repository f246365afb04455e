"""The policy in force: the numbers, the reps, the territories and the holidays, with a digest."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property, lru_cache
from typing import Annotated, Final

from pydantic import Field, SkipValidation

from leadfit.policy.calendar import Closures, Span, next_opening, works_until
from leadfit.policy.schema import Play, PolicyFile
from leadfit.records import Fact, Facts, Rep, Score

PLAY = "play."
"""Reasons of a score that name a play begin so."""
EXPLORED = "detractor.explored"
"""The reason of a score by which a flagged lead is let through by lot."""
_MOST_NAMED: Final = 4096
"""Choices of names that a policy remembers; a policy has a few, and strangers can send many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Territory:
    """One row of ``territories.csv``: conditions on facts, and who owns what meets them.

    Attributes:
        name: Several rows may share a name.
        values: Allowed values by fact, folded; all facts must be met.
        least: Smallest number by fact.
        most: Largest number by fact.
        rep_ids: Owners named in the row; otherwise the reps that list the territory.
    """

    name: str
    values: Mapping[str, frozenset[str]]
    least: Mapping[str, float]
    most: Mapping[str, float]
    rep_ids: tuple[str, ...] = ()

    def holds(self, known: Facts) -> bool:
        """Return whether a lead with these facts lies in the territory."""
        for fact, allowed in self.values.items():
            if fold(known.get(fact)) not in allowed:
                return False
        sizes = {fact: to_number(known.get(fact)) for fact in {*self.least, *self.most}}
        return all(
            size is not None
            and self.least.get(fact, -math.inf) <= size <= self.most.get(fact, math.inf)
            for fact, size in sizes.items()
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Holiday:
    """A day with other hours.

    Attributes:
        calendar: The reps it holds for; ``None`` for all.
        open: Spans in which work goes on; empty for a closed day.
    """

    day: date
    name: str
    calendar: str | None = None
    open: tuple[Span, ...] = ()


class Policy(PolicyFile):
    """Everything the stages ask about the business; one digest over its four files."""

    reps: Annotated[tuple[Rep, ...], SkipValidation] = ()
    """Reps in the order of ``reps.csv``."""
    territories: Annotated[tuple[Territory, ...], SkipValidation] = ()
    """Rows of ``territories.csv`` in their order."""
    holidays: Annotated[tuple[Holiday, ...], SkipValidation] = ()
    """Rows of ``holidays.csv``."""
    digest: str
    """SHA-256 over the four files."""
    files: Annotated[Mapping[str, bytes], SkipValidation] = Field(
        default_factory=dict, exclude=True, repr=False
    )
    """The four files as they were read; empty for a policy that was made otherwise."""

    @cached_property
    def closures(self) -> Closures:
        """Holidays and half days by calendar and day."""
        return {(day.calendar, day.day): day.open for day in self.holidays}

    @property
    def acts(self) -> bool:
        """What is decided is acted on: it is not in shadow mode."""
        return self.mode == "live"

    @cached_property
    def _reps(self) -> Mapping[str, Rep]:
        return {rep.rep_id: rep for rep in self.reps}

    @cached_property
    def _others(self) -> tuple[tuple[str, ...], ...]:
        """Each fact's name with the other names it goes by."""
        return tuple(
            (fact_name(name), *map(fact_name, others)) for name, others in self.facts.items()
        )

    @cached_property
    def _shifts(self) -> dict[object, tuple[datetime, datetime, bool]]:
        """What :meth:`is_at_work` found of late, by schedule: since when, until when, what."""
        return {}

    @cached_property
    def managers(self) -> tuple[str, ...]:
        """Everybody who manages somebody, in the order of their ids."""
        return tuple(sorted({rep.manager_id for rep in self.reps if rep.manager_id is not None}))

    @cached_property
    def worked_out(self) -> dict[object, object]:
        """What follows from the policy alone and is worked out once, by whoever needs it."""
        return {}

    def is_at_work(self, rep: Rep, at: datetime) -> bool:
        """Return whether a rep works at ``at``: inside the hours, no holiday, no leave.

        Asked of every rep for every lead, so what holds until the next change is kept.

        Args:
            rep: The rep.
            at: An aware time.
        """
        schedule = (rep.timezone, rep.working_hours, rep.calendar, rep.away_from, rep.away_to)
        since, until, works = self._shifts.get(schedule, (at, at, False))
        if not since <= at < until:
            works, until = works_until(rep, self.closures, at)
            self._shifts[schedule] = (at, until, works)
        return works

    @cached_property
    def _asleep(self) -> dict[str, tuple[tuple[Rep, ...], datetime, datetime, frozenset[str]]]:
        """What :meth:`asleep` found last: among whom, since when, until when, who."""
        return {}

    def asleep(self, at: datetime) -> frozenset[str]:
        """Return which of the policy's reps do not work at a time, by their ids.

        Args:
            at: An aware time.
        """
        last = self._asleep.get("last")
        if last is not None and last[0] is self.reps and last[1] <= at < last[2]:
            return last[3]
        spans = [works_until(rep, self.closures, at) for rep in self.reps]
        found = frozenset(
            rep.rep_id for rep, (works, _) in zip(self.reps, spans, strict=True) if not works
        )
        if spans:
            self._asleep["last"] = (self.reps, at, min(until for _, until in spans), found)
        return found

    @cached_property
    def _openings(self) -> dict[object, tuple[datetime, datetime]]:
        """What :meth:`next_opening` found of late, by schedule: since when, and the opening."""
        return {}

    def next_opening(self, rep: Rep, at: datetime) -> datetime | None:
        """Return when a rep works next: ``at`` itself, a later time, or ``None`` if never.

        Until that time comes the answer stays the same, so it is kept.

        Args:
            rep: The rep.
            at: An aware time.
        """
        schedule = (rep.timezone, rep.working_hours, rep.calendar, rep.away_from, rep.away_to)
        since, opening = self._openings.get(schedule, (at, at))
        if since <= at < opening:
            return opening
        found = next_opening(rep, self.closures, at)
        if found is not None:
            self._openings[schedule] = (at, found)
        return found

    def rep(self, rep_id: str | None) -> Rep | None:
        """Return the rep with this id, or ``None``."""
        return None if rep_id is None else self._reps.get(rep_id)

    def known(self, *sources: Facts) -> dict[str, Fact]:
        """Return facts under all of their names; blanks left out, earlier sources first.

        Args:
            sources: Facts of a lead, of its account and so on.
        """
        result: dict[str, Fact] = {}
        for facts in sources:
            said = [
                name
                for name, value in facts.items()
                if value is not None and not (isinstance(value, str) and not value.strip())
            ]
            named = self._named(tuple(sorted(said, reverse=True)))
            own = {name: facts[source] for name, source in named}
            result = own | result if result else own
        return result

    @cached_property
    def _names(self) -> dict[tuple[str, ...], tuple[tuple[str, str], ...]]:
        """What :meth:`_named` found, by the names that came."""
        return {}

    def _named(self, said: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
        """Return all names under which facts go, each with the name under which it came.

        It depends on which facts came and not on their values, so it is found once for each
        choice of names.

        Args:
            said: The names that came, the last of the alphabet first.
        """
        found = self._names.get(said)
        if found is not None:
            return found
        named = {fact_name(name): name for name in said}
        for names in self._others:
            first = next((each for each in names if each in named), None)
            if first is not None:
                for other in names:
                    named.setdefault(other, named[first])
        if len(self._names) >= _MOST_NAMED:
            self._names.clear()
        self._names[said] = found = tuple(named.items())
        return found

    def play_of(self, score: Score) -> Play | None:
        """Return the play that scoring found for a lead, or ``None``.

        Args:
            score: The answer of the score stage.
        """
        named = {reason.rule for reason in score.reasons if reason.rule.startswith(PLAY)}
        if not named:
            return None
        return next((play for play in self.plays if PLAY + play.name in named), None)


def is_held_back(score: Score) -> bool:
    """Return whether a lead carries the detractor flag and no lot let it through.

    Args:
        score: The answer of the score stage.
    """
    flagged = score.icp is not None and score.icp.flagged
    return flagged and all(reason.rule != EXPLORED for reason in score.reasons)


@lru_cache(maxsize=4096)
def fact_name(name: str) -> str:
    """Return a fact's name without case, spaces and dashes.

    >>> fact_name("Number of Employees")
    'number_of_employees'
    """
    return re.sub(r"[\W_]+", "_", name.casefold()).strip("_")


def fold(value: Fact) -> str:
    """Return a value as text for comparing: without case and outer or doubled spaces.

    >>> fold(" United  States ")
    'united states'
    """
    return "" if value is None else " ".join(str(value).casefold().split())


def to_number(value: Fact) -> float | None:
    """Return a size as a number; the lower end of a range; ``None`` for anything else.

    >>> to_number("1,000"), to_number("201-500"), to_number("1000+"), to_number("many")
    (1000.0, 201.0, 1000.0, None)
    """
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, str):
        text = value.replace(",", "").replace("_", "").replace(" ", "")
        found = re.match(r"[+-]?\d+(?:\.\d+)?(?:[eE]\d{1,3})?(?=\+?\Z|[-\u2013\u2014]\d)", text)
        if found is None:
            return None
        value = float(found[0])
    number = float(value)
    return number if math.isfinite(number) else None


YES_WORDS: Final = ("yes", "true", "y", "1", "1.0")
"""Texts that say yes, lower case."""


def to_yes(value: Fact) -> bool:
    """Return whether a value says yes.

    >>> to_yes("Yes"), to_yes("no")
    (True, False)
    """
    return fold(value) in YES_WORDS
