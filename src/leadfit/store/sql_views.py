"""Leads with everything a page shows, in a fixed number of queries a page."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from typing import Final, TypeVar, cast

from leadfit.records import (
    Action,
    Assignment,
    Clock,
    ClockKind,
    Kind,
    Lead,
    Match,
    Ranking,
    Reason,
    Score,
    Tier,
)
from leadfit.store.codec import decode, from_us, maybe_time, unpack
from leadfit.store.decided import personal_of, unpack_decision
from leadfit.store.past import AccountScore
from leadfit.store.sql import Connection
from leadfit.store.sql_accounts import SqlAccounts
from leadfit.store.sql_past import scores_of
from leadfit.store.sql_signals import SqlSignals
from leadfit.store.views import ActionState, ActionView, ClockView, Feedback, LeadView

T = TypeVar("T")

LEAD: Final = (
    "lead_id, created_us, account_id, contact_id, source, facts, owner_id, tier, is_open,"
    " possible_account_id, decision_id, touched_us"
)
CLOCK: Final = (
    "key, kind, lead_id, assignment_id, started_us, coalesce(owed_us, due_us), step, stopped_us,"
    " stopped_by, breached_us, late_us, aside_us, trouble"
)
ACTION: Final = (
    "key, kind, destination, lead_id, assignment_id, due_us, recipients, fields, state, attempts,"
    " next_us, error, done_us, doubts, again_us"
)


class SqlViews:
    """Puts :class:`leadfit.store.views.LeadView` together."""

    def __init__(self, connection: Connection, signals: SqlSignals, accounts: SqlAccounts) -> None:
        self._connection = connection
        self._signals = signals
        self._accounts = accounts

    def of(self, query: str, values: Sequence[object]) -> tuple[LeadView, ...]:
        """Return a view of every lead ``query`` finds, in its order."""
        rows = self._connection.execute(query, values).fetchall()
        ids = [row[0] for row in rows]
        clocks = self._grouped(
            f"SELECT lead_id, {CLOCK} FROM clocks WHERE lead_id IN ({{}})"  # noqa: S608 -- fixed columns
            " ORDER BY started_us, rowid",
            ids,
        )
        actions = self._grouped(
            f"SELECT lead_id, {ACTION} FROM outbox WHERE lead_id IN ({{}})"  # noqa: S608 -- fixed columns
            " ORDER BY due_us, rowid",
            ids,
        )
        feedback = self._grouped(
            "SELECT lead_id, lead_id, kind, by, at_us, reason FROM feedback"
            " WHERE lead_id IN ({}) ORDER BY seq",
            ids,
        )
        assignments = self._grouped(
            "SELECT lead_id, body FROM assignments WHERE ended_us IS NULL AND lead_id IN ({})", ids
        )
        decided = self._decided([row[10] for row in rows if row[10] is not None])
        scores = scores_of(self._connection, [row[2] for row in rows if row[2] is not None])
        return tuple(
            self._view(
                row,
                decided.get(row[10], {}),
                assignment=next((each[0] for each in assignments[row[0]]), None),
                clocks=tuple(clock_view(each) for each in clocks[row[0]]),
                actions=tuple(action_view(each) for each in actions[row[0]]),
                feedback=tuple(_feedback(each) for each in feedback[row[0]]),
                icp=scores.get(row[2]),
            )
            for row in rows
        )

    def _grouped(self, query: str, ids: Sequence[str]) -> dict[str, list[tuple[object, ...]]]:
        found: dict[str, list[tuple[object, ...]]] = defaultdict(list)
        for row in self._connection.execute(query.format(",".join("?" * len(ids))), ids):
            found[row[0]].append(row[1:])
        return found

    def _decided(self, ids: Sequence[str]) -> dict[str, dict[str, object]]:
        rows = self._connection.execute(
            "SELECT decisions.decision_id, decisions.body, decisions.signal_id FROM decisions"  # noqa: S608 -- placeholders only
            f" WHERE decision_id IN ({','.join('?' * len(ids))})",
            ids,
        ).fetchall()
        return {
            decision_id: unpack_decision(body, personal_of(self._signals.person_of(signal_id)))
            for decision_id, body, signal_id in rows
        }

    def _view(
        self,
        row: tuple[object, ...],
        decided: dict[str, object],
        *,
        assignment: object,
        clocks: tuple[ClockView, ...],
        actions: tuple[ActionView, ...],
        feedback: tuple[Feedback, ...],
        icp: AccountScore | None,
    ) -> LeadView:
        lead = lead_of(row)
        ranking = _part(Ranking, decided.get("ranking"))
        given = None if assignment is None else unpack(Assignment, cast("str", assignment))
        return LeadView(
            lead=lead,
            account=None if lead.account_id is None else self._accounts.account(lead.account_id),
            contact=None if lead.contact_id is None else self._accounts.contact(lead.contact_id),
            match=_part(Match, decided.get("match")),
            score=_part(Score, decided.get("score")),
            possible_account_id=cast("str | None", row[9]),
            assignment=given,
            assigned_by=None if given is None else given.place.rule,
            touched_at=maybe_time(cast("int | None", row[11])),
            clocks=clocks,
            actions=actions,
            feedback=feedback,
            reasons=_owner_reasons(given, ranking),
            icp=icp,
        )


def _part(kind: type[T], plain: object) -> T | None:
    return None if plain is None else decode(kind, plain)


def _owner_reasons(assignment: Assignment | None, ranking: Ranking | None) -> tuple[Reason, ...]:
    if assignment is not None:
        place = assignment.place
        return (Reason(rule=place.rule, words=place.words),)
    if ranking is None:
        return ()
    left_out = (Reason(rule=each.rule, words=each.words) for each in ranking.excluded)
    return (*ranking.reasons, *left_out)


def lead_of(row: Sequence[object]) -> Lead:
    """Return the lead of a row of the columns :data:`LEAD`."""
    return Lead(
        lead_id=cast("str", row[0]),
        created_at=from_us(cast("int", row[1])),
        account_id=cast("str | None", row[2]),
        contact_id=cast("str | None", row[3]),
        source=cast("str | None", row[4]),
        facts=json.loads(cast("str", row[5])),
        owner_id=cast("str | None", row[6]),
        tier=None if row[7] is None else Tier(cast("int", row[7])),
        is_open=bool(row[8]),
    )


def clock_of(row: Sequence[object]) -> Clock:
    """Return the clock of a row of the columns :data:`CLOCK`."""
    return Clock(
        key=cast("str", row[0]),
        kind=ClockKind(cast("str", row[1])),
        lead_id=cast("str", row[2]),
        assignment_id=cast("str | None", row[3]),
        started_at=from_us(cast("int", row[4])),
        due_at=maybe_time(cast("int | None", row[5])),
        step=cast("int", row[6]),
    )


def clock_view(row: Sequence[object]) -> ClockView:
    """Return the view of a row of the columns :data:`CLOCK`."""
    late_us = cast("int | None", row[10])
    return ClockView(
        clock=clock_of(row),
        stopped_at=maybe_time(cast("int | None", row[7])),
        stopped_by=cast("str | None", row[8]),
        breached_at=maybe_time(cast("int | None", row[9])),
        late_by_s=None if late_us is None else late_us / 1_000_000,
        aside_at=maybe_time(cast("int | None", row[11])),
        trouble=cast("str | None", row[12]),
    )


def action_view(row: Sequence[object]) -> ActionView:
    """Return the view of a row of the columns :data:`ACTION`."""
    return ActionView(
        action=Action(
            key=cast("str", row[0]),
            kind=cast("str", row[1]),
            destination=cast("str", row[2]),
            lead_id=cast("str", row[3]),
            assignment_id=cast("str | None", row[4]),
            due_at=from_us(cast("int", row[5])),
            recipients=tuple(json.loads(cast("str", row[6]))),
            fields=json.loads(cast("str", row[7])),
        ),
        state=ActionState(cast("str", row[8])),
        attempts=cast("int", row[9]),
        next_at=from_us(cast("int", row[10])),
        error=cast("str | None", row[11]),
        done_at=maybe_time(cast("int | None", row[12])),
        doubts=cast("int", row[13]),
        again_at=maybe_time(cast("int | None", row[14])),
    )


def _feedback(row: Sequence[object]) -> Feedback:
    lead_id, kind, by, at_us, reason = row
    return Feedback(
        lead_id=cast("str", lead_id),
        kind=Kind(cast("str", kind)),
        by=cast("str", by),
        at=from_us(cast("int", at_us)),
        reason=cast("str | None", reason),
    )
