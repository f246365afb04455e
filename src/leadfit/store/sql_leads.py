"""Leads, owners, decisions, activities and feedback."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import Final, cast

from leadfit.records import Activity, Assignment, Decision, Facts, Kind, Lead, Signal, Tier
from leadfit.resolve.model.card import RecordKind
from leadfit.store.codec import (
    from_us,
    maybe_time,
    pack_text,
    to_us,
    unpack,
)
from leadfit.store.decided import (
    decision_of,
    decision_text,
    open_decision,
    open_inputs,
    squeeze_decision,
    squeeze_inputs,
)
from leadfit.store.listing import LeadFilter
from leadfit.store.personal import part_facts
from leadfit.store.sql import Connection
from leadfit.store.sql_accounts import SqlAccounts
from leadfit.store.sql_listing import conditions
from leadfit.store.sql_signals import SqlSignals
from leadfit.store.sql_tallies import Tallies
from leadfit.store.sql_views import (
    LEAD,
    SqlViews,
    lead_of,
)
from leadfit.store.told import People, Statement
from leadfit.store.views import Feedback, LeadView

# Each limited by itself: PostgreSQL would else read every activity an account ever had.
_NEWEST: Final = "ORDER BY at_us DESC, signal_id DESC LIMIT :limit"
_ACTIVITIES: Final = f"""
SELECT at_us, signal_id, kind FROM (
    SELECT at_us, signal_id, kind FROM activities WHERE lead_id = :lead {_NEWEST}
) AS of_lead
UNION
SELECT at_us, signal_id, kind FROM (
    SELECT at_us, signal_id, kind FROM activities WHERE contact_id = :contact {_NEWEST}
) AS of_contact
UNION
SELECT at_us, signal_id, kind FROM (
    SELECT at_us, signal_id, kind FROM activities
    WHERE contact_id IS NULL AND account_id = :account {_NEWEST}
) AS of_account
{_NEWEST}
"""  # noqa: S608 -- fixed words


# The oldest of each tier alone: nobody behind them can be served before them, and a queue of
# thousands would else keep the writer from new leads. Who waits for longer, as for a reviewer, is
# not in the queue.
_UNASSIGNED: Final = """
SELECT lead_id FROM (
    SELECT lead_id, tier, signal_us, retry_us,
           row_number() OVER (PARTITION BY tier ORDER BY signal_us, lead_id) AS place
    FROM leads WHERE is_open = 1 AND owner_id IS NULL AND is_imported = 0
    AND (retry_us IS NULL OR retry_us <= :soon)
) AS queue
WHERE place <= :front AND (retry_us IS NULL OR retry_us <= :now)
ORDER BY tier NULLS FIRST, signal_us, lead_id LIMIT :limit
"""
LEADS: Final = "leads/"
"""How the tallies of leads begin; the tier follows, or ``-``."""
_SOON: Final = timedelta(seconds=15)
# So many of a tier are looked at in a round: those behind them cannot be served before them.
_FRONT: Final = 100


class SqlLeads:
    """See :class:`leadfit.store.base.Leads`."""

    def __init__(
        self,
        connection: Connection,
        signals: SqlSignals,
        accounts: SqlAccounts,
        tallies: Tallies,
    ) -> None:
        self._connection = connection
        self._signals = signals
        self._accounts = accounts
        self._tallies = tallies
        self._views = SqlViews(connection, signals, accounts)

    def _one(self, statement: str, *values: object) -> tuple[object, ...] | None:
        row = self._connection.execute(statement, values).fetchone()
        return cast("tuple[object, ...] | None", row)

    def get(self, lead_id: str) -> Lead | None:
        """Return a lead."""
        row = self._one(f"SELECT {LEAD} FROM leads WHERE lead_id = ?", lead_id)  # noqa: S608 -- fixed columns
        return None if row is None else lead_of(row)

    def open_lead_of(self, contact_id: str) -> str | None:
        """Return the open lead of a contact."""
        return self._accounts.open_lead_of(contact_id)

    def open_leads(self, contact_ids: Sequence[str]) -> tuple[Lead, ...]:
        """Return the open leads of these contacts themselves, oldest first."""
        if not contact_ids:
            return ()
        rows = self._connection.execute(
            f"SELECT {LEAD} FROM leads WHERE is_open = 1"  # noqa: S608 -- fixed columns and marks
            f" AND contact_id IN ({','.join('?' * len(contact_ids))})"
            " ORDER BY created_us, lead_id",
            tuple(contact_ids),
        )
        return tuple(lead_of(row) for row in rows)

    def add(self, lead: Lead, signal_at: datetime, possible_account_id: str | None) -> None:
        """Add a lead."""
        self._connection.execute(
            "INSERT INTO leads (lead_id, created_us, signal_us, account_id, possible_account_id,"
            " contact_id, source, facts, owner_id, tier, is_open, is_imported)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL, ?, ?, 0)",
            (
                lead.lead_id, to_us(lead.created_at), to_us(signal_at), lead.account_id,
                possible_account_id, lead.contact_id, lead.source,
                pack_text(part_facts(lead.facts)[0]), lead.tier, int(lead.is_open),
            ),
        )  # fmt: skip
        self._tallies.add(_tally(lead.tier))

    def import_leads(self, leads: Iterable[Lead]) -> int:
        """Add past leads that are not there; return how many were added."""
        by_tier: dict[Tier | None, list[Lead]] = defaultdict(list)
        for lead in leads:
            by_tier[lead.tier].append(lead)
        added = 0
        for tier, some in by_tier.items():
            new = self._import(some)
            self._tallies.add(_tally(tier), new)
            added += new
        return added

    def _import(self, leads: Sequence[Lead]) -> int:
        before = self._connection.total_changes
        self._connection.executemany(
            "INSERT INTO leads (lead_id, created_us, signal_us, account_id, contact_id, source,"
            " facts, owner_id, tier, is_open, is_imported)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1) ON CONFLICT (lead_id) DO NOTHING",
            (
                (
                    lead.lead_id, to_us(lead.created_at), to_us(lead.created_at), lead.account_id,
                    None if lead.contact_id is None
                    else self._accounts.contact_key(lead.contact_id),
                    lead.source, pack_text(part_facts(lead.facts)[0]), lead.owner_id, lead.tier,
                    int(lead.is_open),
                )
                for lead in leads
            ),
        )  # fmt: skip
        return self._connection.total_changes - before

    def rate(
        self, lead_id: str, tier: Tier, decision_id: str, facts: Facts, was: Tier | None
    ) -> None:
        """Write a lead's tier, its latest decision and its facts."""
        if was != tier:
            self._tallies.add(_tally(was), -1)
            self._tallies.add(_tally(tier))
        self._connection.execute(
            "UPDATE leads SET tier = ?, decision_id = ?, facts = ? WHERE lead_id = ?",
            (int(tier), decision_id, pack_text(part_facts(facts)[0]), lead_id),
        )

    def opened_by(self, lead_id: str, decision_id: str) -> None:
        """Write which decision opened a lead; what it was rated is written with the lead."""
        self._connection.execute(
            "UPDATE leads SET decision_id = ? WHERE lead_id = ?", (decision_id, lead_id)
        )

    def signal_at(self, lead_id: str) -> datetime | None:
        """Return when the lead's first signal reached us."""
        row = self._one("SELECT signal_us FROM leads WHERE lead_id = ?", lead_id)
        return None if row is None else from_us(cast("int", row[0]))

    def assign(self, assignment: Assignment) -> None:
        """Give a lead its owner; the assignment before must have ended."""
        self._connection.execute(
            "INSERT INTO assignments (assignment_id, lead_id, owner_id, assigned_us, body)"
            " VALUES (?, ?, ?, ?, ?)",
            (
                assignment.assignment_id,
                assignment.lead_id,
                assignment.owner_id,
                to_us(assignment.assigned_at),
                pack_text(assignment),
            ),
        )
        self._connection.execute(
            "UPDATE leads SET owner_id = ?, retry_us = NULL WHERE lead_id = ?",
            (assignment.owner_id, assignment.lead_id),
        )

    def end_assignment(self, lead_id: str, at: datetime) -> None:
        """End the lead's assignment; it has no owner until the next one."""
        self._connection.execute(
            "UPDATE assignments SET ended_us = ? WHERE lead_id = ? AND ended_us IS NULL",
            (to_us(at), lead_id),
        )
        self._connection.execute(
            "UPDATE leads SET owner_id = NULL, retry_us = NULL WHERE lead_id = ?", (lead_id,)
        )

    def assignment(self, lead_id: str) -> Assignment | None:
        """Return the lead's present assignment."""
        row = self._one(
            "SELECT body FROM assignments WHERE lead_id = ? AND ended_us IS NULL", lead_id
        )
        return None if row is None else unpack(Assignment, cast("str", row[0]))

    def present_assignments(self, lead_ids: Sequence[str]) -> Mapping[str, Assignment]:
        """Return the present assignment of each of these leads that has one."""
        if not lead_ids:
            return {}
        rows = self._connection.execute(
            "SELECT lead_id, body FROM assignments WHERE ended_us IS NULL"  # noqa: S608 -- placeholders only
            f" AND lead_id IN ({','.join('?' * len(lead_ids))})",
            tuple(lead_ids),
        )
        return {lead_id: unpack(Assignment, body) for lead_id, body in rows}

    def assignments(self, lead_id: str) -> tuple[Assignment, ...]:
        """Return every assignment of a lead, first one first."""
        rows = self._connection.execute(
            "SELECT body FROM assignments WHERE lead_id = ? ORDER BY assigned_us, rowid",
            (lead_id,),
        )
        return tuple(unpack(Assignment, row[0]) for row in rows)

    def unassigned(self, now: datetime, limit: int, *, soon: timedelta = _SOON) -> tuple[str, ...]:
        """Return open leads without an owner that are due for another try."""
        rows = self._connection.execute(
            _UNASSIGNED,
            {"now": to_us(now), "soon": to_us(now + soon), "front": _FRONT, "limit": limit},
        )
        return tuple(row[0] for row in rows)

    def retry_at(self, lead_id: str, at: datetime) -> None:
        """Write when an owner is looked for again."""
        self._connection.execute(
            "UPDATE leads SET retry_us = ? WHERE lead_id = ?", (to_us(at), lead_id)
        )

    def touched_at(self, lead_id: str) -> datetime | None:
        """Return when a person first touched the lead."""
        row = self._one("SELECT touched_us FROM leads WHERE lead_id = ?", lead_id)
        return None if row is None else maybe_time(cast("int | None", row[0]))

    def replied_since(self, lead_id: str, at: datetime) -> bool:
        """Return whether the lead has replied to a mail since ``at``."""
        found = self._one(
            "SELECT 1 FROM activities WHERE lead_id = ? AND kind = 'email_reply' AND at_us >= ?"
            " LIMIT 1",
            lead_id,
            to_us(at),
        )
        return found is not None

    def touch(self, lead_id: str, at: datetime) -> None:
        """Write the first touch; a later one changes nothing."""
        self._connection.execute(
            "UPDATE leads SET touched_us = CASE WHEN touched_us <= ?1 THEN touched_us ELSE ?1 END"
            " WHERE lead_id = ?2",
            (to_us(at), lead_id),
        )

    def close(self, lead_id: str) -> None:
        """Close a lead."""
        self._connection.execute("UPDATE leads SET is_open = 0 WHERE lead_id = ?", (lead_id,))

    def reopen(self, lead_id: str) -> None:
        """Open a closed lead again."""
        self._connection.execute("UPDATE leads SET is_open = 1 WHERE lead_id = ?", (lead_id,))

    def link(self, lead_id: str, account_id: str | None) -> None:
        """Put a lead into an account, or take it out of one."""
        self._connection.execute(
            "UPDATE leads SET account_id = ? WHERE lead_id = ?", (account_id, lead_id)
        )

    def settle_possible(self, lead_id: str) -> None:
        """Forget the account a lead might have been of: a reviewer decided."""
        self._connection.execute(
            "UPDATE leads SET possible_account_id = NULL WHERE lead_id = ?", (lead_id,)
        )

    def add_activity(
        self,
        signal: Signal,
        *,
        lead_id: str | None,
        contact_id: str | None,
        account_id: str | None,
    ) -> None:
        """Keep what a signal reported as an activity."""
        self._connection.execute(
            "INSERT INTO activities (signal_id, at_us, kind, lead_id, contact_id, account_id)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (
                signal.signal_id,
                to_us(signal.at),
                signal.kind.value,
                lead_id,
                contact_id,
                account_id,
            ),
        )  # fmt: skip

    def activities(
        self,
        *,
        lead_id: str | None,
        contact_id: str | None,
        account_id: str | None,
        limit: int,
    ) -> tuple[Activity, ...]:
        """Return the newest activities of a lead, its contact and its account, oldest first."""
        contacts = self._accounts.members_of(RecordKind.CONTACT, contact_id)
        accounts = self._accounts.members_of(RecordKind.ACCOUNT, account_id)
        found: set[tuple[int, str, str]] = set()
        for contact, account in zip_longest(contacts, accounts):
            found.update(
                self._connection.execute(
                    _ACTIVITIES,
                    {"lead": lead_id, "contact": contact, "account": account, "limit": limit},
                )
            )
        newest = sorted(found)[-limit:] if limit else []
        return tuple(Activity(kind=Kind(kind), at=from_us(at_us)) for at_us, _, kind in newest)

    def add_decision(
        self, decision: Decision, inputs: Mapping[str, object], people: People | None = None
    ) -> None:
        """Keep a decision with what it was decided from, and its digest in the log."""
        found = self._signals.speaker_just_read(decision.signal_id)
        text, personal = decision_text(decision, {} if found is None else found[1])
        if personal:
            contact_id = decision.contact_id if found is None else None
            token = None if contact_id is None else self._accounts.token_of(contact_id)
            self._signals.keep_subject(decision.signal_id, found, personal, token)
        body, told = squeeze_decision(text), squeeze_inputs(inputs)
        sealed = None if not people else self._accounts.seal(people)
        seq = self._signals.append(
            "decision", decision.decided_at, _logged(decision, body, told, sealed)
        )
        self._connection.execute(
            "INSERT INTO decisions (decision_id, signal_id, lead_id, decided_us, policy_digest,"
            " artifact_digest, body, inputs, seq, sealed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                decision.decision_id, decision.signal_id, decision.lead_id,
                to_us(decision.decided_at), decision.policy_digest, decision.artifact_digest,
                body, told, seq, sealed,
            ),
        )  # fmt: skip
        self._tallies.add("decisions")

    def decisions(self, lead_id: str) -> tuple[Decision, ...]:
        """Return every decision about a lead, newest first."""
        rows = self._connection.execute(
            "SELECT signal_id, body FROM decisions WHERE lead_id = ?"
            " ORDER BY decided_us DESC, rowid DESC",
            (lead_id,),
        ).fetchall()
        return tuple(self._decision(signal_id, body) for signal_id, body in rows)

    def rated(self, lead_id: str) -> Decision | None:
        """Return the decision by which the lead was last rated, without what routing made of it."""
        row = self._one(
            "SELECT decisions.signal_id, body FROM leads JOIN decisions USING (decision_id)"
            " WHERE leads.lead_id = ?",
            lead_id,
        )
        if row is None:
            return None
        return self._decision(cast("str", row[0]), cast("bytes", row[1]), is_rating=True)

    def decision(self, decision_id: str) -> Decision | None:
        """Return a decision."""
        row = self._one("SELECT signal_id, body FROM decisions WHERE decision_id = ?", decision_id)
        return None if row is None else self._decision(cast("str", row[0]), cast("bytes", row[1]))

    def _decision(self, signal_id: str, body: bytes, *, is_rating: bool = False) -> Decision:
        found = self._signals.person_of(signal_id)
        said: Statement = {} if found is None else found[1]
        return decision_of(open_decision(body), said, is_rating=is_rating)

    def inputs(self, decision_id: str) -> Mapping[str, object] | None:
        """Return what a decision was decided from."""
        row = self._one("SELECT inputs FROM decisions WHERE decision_id = ?", decision_id)
        return None if row is None else open_inputs(cast("bytes", row[0]))

    def add_feedback(self, feedback: Feedback) -> None:
        """Keep what a person said about a lead, and that it was said in the log."""
        seq = self._signals.append(
            "feedback",
            feedback.at,
            {
                "lead_id": feedback.lead_id,
                "kind": feedback.kind,
                "by": self._accounts.contact_key(feedback.by),
                "reason_hmac": None
                if feedback.reason is None
                else self._signals.digest(feedback.reason.encode()).hex(),
            },
        )
        self._connection.execute(
            "INSERT INTO feedback (seq, lead_id, kind, by, at_us, reason)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (
                seq,
                feedback.lead_id,
                feedback.kind.value,
                feedback.by,
                to_us(feedback.at),
                feedback.reason,
            ),
        )

    def view(self, lead_id: str) -> LeadView | None:
        """Return a lead with everything about it."""
        found = self._views.of(f"SELECT {LEAD} FROM leads WHERE lead_id = ?", (lead_id,))  # noqa: S608 -- fixed columns
        return found[0] if found else None

    def page(
        self, limit: int, after: str | None = None, wanted: LeadFilter | None = None
    ) -> tuple[LeadView, ...]:
        """Return leads, newest first, behind the lead ``after``."""
        where, values = conditions(wanted or LeadFilter(), after, self._accounts.members_of)
        return self._views.of(
            f"SELECT {LEAD} FROM leads WHERE {where}"  # noqa: S608 -- fixed texts
            " ORDER BY created_us DESC, lead_id DESC LIMIT ?",
            (*values, limit),
        )


def _tally(tier: Tier | None) -> str:
    """Return the name under which leads of a tier are counted."""
    return f"{LEADS}{'-' if tier is None else int(tier)}"


def _logged(
    decision: Decision, body: bytes, told: bytes, sealed: bytes | None
) -> dict[str, object]:
    """Return what the log says of a decision: whose it is, and the digests of its bytes."""
    said: dict[str, object] = {
        "decision_id": decision.decision_id,
        "signal_id": decision.signal_id,
        "lead_id": decision.lead_id,
        "owner_id": None if decision.assignment is None else decision.assignment.owner_id,
        "tier": None if decision.score is None else decision.score.tier,
        "body_sha256": hashlib.sha256(body).hexdigest(),
        "inputs_sha256": hashlib.sha256(told).hexdigest(),
    }
    if sealed is not None:
        said["sealed_sha256"] = hashlib.sha256(sealed).hexdigest()
    return said
