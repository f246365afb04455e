"""Links, reviews and merges."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from typing import Final

from leadfit.errors import NotPossible
from leadfit.records import Band, Relation
from leadfit.resolve.model.card import RecordKind
from leadfit.store.codec import decode, from_us, maybe_time, maybe_us, pack_text, to_us
from leadfit.store.matching import Link, Merge, Review, ReviewKind
from leadfit.store.sql import Connection
from leadfit.store.sql_rare import Rare

_LINK: Final = (
    "signal_id, lead_id, decided_us, band, probability, method, account_id, possible_account_id,"
    " is_new_account, card_digest"
)
_REVIEW: Final = (
    "review_id, kind, record_kind, left_id, right_id, lead_id, signal_id, probability, stratum,"
    " chosen_with, card_digest, evidence, opened_us, due_us, alerted_us, decided_us, reviewer,"
    " relation, reason"
)
_MERGE: Final = (
    "merge_id, record_kind, survivor_id, absorbed_id, merged_us, by, reason, review_id,"
    " probability, card_digest, evidence, provenance, closed_lead_id, undone_us, undone_by,"
    " undone_reason"
)
_ADD_LINK: Final = f"""
INSERT INTO links ({_LINK}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (signal_id) DO NOTHING
"""  # noqa: S608 -- fixed columns
_ADD_REVIEW: Final = f"""
INSERT INTO reviews ({_REVIEW})
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO NOTHING
"""  # noqa: S608 -- fixed columns
_ADD_MERGE: Final = f"""
INSERT INTO merges ({_MERGE}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL, NULL)
"""  # noqa: S608 -- fixed columns
_TURN: Final = f"coalesce(due_us, {2**62}), opened_us, review_id"
_TABLES: Final = {
    RecordKind.ACCOUNT: ("accounts", "account_id"),
    RecordKind.CONTACT: ("contacts", "contact_id"),
}


class SqlLinks:
    """See :class:`leadfit.store.matching.Links`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, link: Link) -> None:
        """Keep how a signal was matched; once by its signal."""
        self._connection.execute(
            _ADD_LINK,
            (
                link.signal_id, link.lead_id, to_us(link.decided_at), link.band.value,
                link.probability, link.method, link.account_id, link.possible_account_id,
                int(link.is_new_account), link.card_digest,
            ),
        )  # fmt: skip

    def between(self, start: datetime, end: datetime) -> tuple[Link, ...]:
        """Return links decided from ``start`` up to ``end``, exclusive, in order of time."""
        rows = self._connection.execute(
            f"SELECT {_LINK} FROM links WHERE decided_us >= ? AND decided_us < ?"  # noqa: S608 -- fixed columns
            " ORDER BY decided_us, signal_id",
            (to_us(start), to_us(end)),
        )
        return tuple(
            Link(
                signal_id=row[0], lead_id=row[1], decided_at=from_us(row[2]), band=Band(row[3]),
                probability=row[4], method=row[5], account_id=row[6], possible_account_id=row[7],
                is_new_account=bool(row[8]), card_digest=row[9],
            )
            for row in rows
        )  # fmt: skip


class SqlReviews:
    """See :class:`leadfit.store.matching.Reviews`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def open(self, review: Review) -> bool:
        """Ask about a pair; ``False`` where the same question is open already."""
        added = self._connection.execute(
            _ADD_REVIEW,
            (
                review.review_id, review.kind.value, review.record_kind.value, review.left_id,
                review.right_id, review.lead_id, review.signal_id, review.probability,
                review.stratum, review.chosen_with, review.card_digest,
                pack_text(review.evidence), to_us(review.opened_at), maybe_us(review.due_at),
                maybe_us(review.alerted_at), maybe_us(review.decided_at), review.reviewer,
                None if review.relation is None else review.relation.value, review.reason,
            ),
        )  # fmt: skip
        return added.rowcount > 0

    def get(self, review_id: str) -> Review | None:
        """Return a review."""
        return next(iter(self._where("review_id = ?", (review_id,))), None)

    def waiting(
        self, limit: int, *, after: str | None = None, kind: ReviewKind | None = None
    ) -> tuple[Review, ...]:
        """Return open reviews behind the review ``after``, those due first, then by age."""
        where, values = "decided_us IS NULL", []
        if kind is not None:
            where, values = f"{where} AND kind = ?", [kind.value]
        if after is not None:
            where += f" AND ({_TURN}) > (SELECT {_TURN} FROM reviews WHERE review_id = ?)"  # noqa: S608 -- fixed columns
            values.append(after)
        order = f" ORDER BY {_TURN} LIMIT ?"
        return self._where(where + order, (*values, limit))

    def of_lead(self, lead_id: str) -> tuple[Review, ...]:
        """Return the reviews of a lead, the open ones first."""
        return self._where(
            "lead_id = ? ORDER BY decided_us IS NOT NULL, opened_us, review_id", (lead_id,)
        )

    def of_contact(self, contact_id: str) -> tuple[Review, ...]:
        """Return reviews of every lead that a contact had a part in, without words, newest first.

        Who answered and why stay out: what a decision is told is kept beside it.
        """
        found = self._where(
            "lead_id IN (SELECT lead_id FROM activities WHERE contact_id = ?"
            " AND lead_id IS NOT NULL) ORDER BY opened_us DESC, review_id DESC",
            (contact_id,),
        )
        return tuple(replace(each, reviewer=None, reason=None, evidence=()) for each in found)

    def overdue(self, now: datetime, limit: int) -> tuple[Review, ...]:
        """Return open reviews that are past due and about which nobody was told."""
        return self._where(
            "decided_us IS NULL AND due_us <= ? AND alerted_us IS NULL"
            " ORDER BY due_us, review_id LIMIT ?",
            (to_us(now), limit),
        )

    def alerted(self, review_id: str, at: datetime) -> None:
        """Write that the reviewers were told."""
        self._connection.execute(
            "UPDATE reviews SET alerted_us = ? WHERE review_id = ?", (to_us(at), review_id)
        )

    def decide(
        self, review_id: str, relation: Relation, *, at: datetime, reviewer: str, reason: str | None
    ) -> bool:
        """Write what a reviewer decided; ``False`` where somebody decided before."""
        decided = self._connection.execute(
            "UPDATE reviews SET decided_us = ?, reviewer = ?, relation = ?, reason = ?"
            " WHERE review_id = ? AND decided_us IS NULL",
            (to_us(at), reviewer, relation.value, reason, review_id),
        )
        return decided.rowcount > 0

    def unanswered(self, now: datetime, strata: Collection[str], limit: int) -> tuple[Review, ...]:
        """Return open reviews of leads of some strata that are past due, those due first."""
        marks = ",".join("?" * len(strata))
        return self._where(
            f"decided_us IS NULL AND due_us <= ? AND kind = ? AND stratum IN ({marks})"
            " ORDER BY due_us, review_id LIMIT ?",
            (to_us(now), ReviewKind.LINK.value, *strata, limit),
        )

    def close(self, review_id: str, at: datetime, reason: str) -> bool:
        """End a review without an answer; ``False`` where it is decided or ended."""
        closed = self._connection.execute(
            "UPDATE reviews SET decided_us = ?, reason = ?"
            " WHERE review_id = ? AND decided_us IS NULL",
            (to_us(at), reason, review_id),
        )
        return closed.rowcount > 0

    def decided(self, start: datetime, end: datetime) -> tuple[Review, ...]:
        """Return reviews decided from ``start`` up to ``end``, exclusive, in order of time."""
        return self._where(
            "decided_us >= ? AND decided_us < ? ORDER BY decided_us, review_id",
            (to_us(start), to_us(end)),
        )

    def opened(self, start: datetime, end: datetime) -> tuple[Review, ...]:
        """Return reviews opened from ``start`` up to ``end``, exclusive, in order of time."""
        return self._where(
            "opened_us >= ? AND opened_us < ? ORDER BY opened_us, review_id",
            (to_us(start), to_us(end)),
        )

    def _where(self, where: str, values: tuple[object, ...]) -> tuple[Review, ...]:
        rows = self._connection.execute(
            f"SELECT {_REVIEW} FROM reviews WHERE {where}",  # noqa: S608 -- conditions of our own
            values,
        )
        return tuple(_review(row) for row in rows)


def _review(row: tuple[object, ...]) -> Review:
    named = dict(zip(_REVIEW.split(", "), row, strict=True))
    return decode(
        Review,
        {
            **{name: value for name, value in named.items() if not name.endswith("_us")},
            "evidence": json.loads(str(named["evidence"])),
            **_times(named),
        },
    )


def _times(named: dict[str, object]) -> dict[str, object]:
    """Return columns ``..._us`` as the fields ``..._at`` of a record, in its JSON form."""
    found: dict[str, object] = {}
    for name, value in named.items():
        if name.endswith("_us"):
            at = maybe_time(value) if isinstance(value, int) else None
            found[name.removesuffix("_us") + "_at"] = None if at is None else at.isoformat()
    return found


class SqlMerges:
    """See :class:`leadfit.store.matching.Merges`."""

    def __init__(self, connection: Connection, rare: Rare) -> None:
        self._connection = connection
        self._rare = rare

    def make(self, merge: Merge) -> None:
        """Point the absorbed record to the survivor.

        Raises:
            NotPossible: One is not there, is merged into another already, or both are the same.
        """
        survivor = self._pointer(merge.record_kind, merge.survivor_id)
        absorbed = self._pointer(merge.record_kind, merge.absorbed_id)
        if merge.survivor_id == merge.absorbed_id:
            raise _impossible(merge, "a record cannot be merged into itself")
        for record_id, into in ((merge.survivor_id, survivor), (merge.absorbed_id, absorbed)):
            if into is not None:
                raise _impossible(merge, f"{record_id} is merged into {into} already")
        table, column = _TABLES[merge.record_kind]
        self._rare.forget()
        self._connection.execute(
            f"UPDATE {table} SET merged_into = ? WHERE {column} = ?",  # noqa: S608 -- names of our own
            (merge.survivor_id, merge.absorbed_id),
        )
        self._connection.execute(
            _ADD_MERGE,
            (
                merge.merge_id, merge.record_kind.value, merge.survivor_id, merge.absorbed_id,
                to_us(merge.merged_at), merge.by, merge.reason, merge.review_id,
                merge.probability, merge.card_digest, pack_text(merge.evidence),
                pack_text(merge.provenance), merge.closed_lead_id,
            ),
        )  # fmt: skip

    def undo(self, merge_id: str, *, at: datetime, by: str, reason: str | None) -> bool:
        """Take a merge back; ``False`` where it was taken back before."""
        undone = self._connection.execute(
            "UPDATE merges SET undone_us = ?, undone_by = ?, undone_reason = ?"
            " WHERE merge_id = ? AND undone_us IS NULL RETURNING record_kind, absorbed_id",
            (to_us(at), by, reason, merge_id),
        ).fetchall()
        self._rare.forget()
        for kind, absorbed_id in undone:
            table, column = _TABLES[RecordKind(kind)]
            self._connection.execute(
                f"UPDATE {table} SET merged_into = NULL WHERE {column} = ?",  # noqa: S608 -- names of our own
                (absorbed_id,),
            )
        return bool(undone)

    def closes(self, merge_id: str, lead_id: str | None) -> None:
        """Write which open lead gives way while this merge holds, if one does."""
        self._connection.execute(
            "UPDATE merges SET closed_lead_id = ? WHERE merge_id = ?", (lead_id, merge_id)
        )

    def get(self, merge_id: str) -> Merge | None:
        """Return a merge."""
        return next(iter(self._where("merge_id = ?", (merge_id,))), None)

    def of(self, record_id: str) -> tuple[Merge, ...]:
        """Return the merges a record has part in, newest first."""
        return self._where(
            "survivor_id = ? OR absorbed_id = ? ORDER BY merged_us DESC, merge_id DESC",
            (record_id, record_id),
        )

    def survivor(self, kind: RecordKind, record_id: str) -> str:
        """Return the record that stands for ``record_id``: itself, if it is not merged."""
        if not self._rare.has_merged(kind):
            return record_id
        seen = {record_id}
        found = record_id
        table, column = _TABLES[kind]
        while True:
            row = self._connection.execute(
                f"SELECT merged_into FROM {table} WHERE {column} = ?",  # noqa: S608 -- names of our own
                (found,),
            ).fetchone()
            # A circle cannot be made by `make`; a damaged one must not hang a reader.
            if row is None or row[0] is None or row[0] in seen:
                return found
            found = row[0]
            seen.add(found)

    def members(self, kind: RecordKind, record_id: str) -> tuple[str, ...]:
        """Return the records that ``record_id`` stands for: itself, then in the order they came.

        What came first fills a blank first, so that a later merge changes no value there is.
        """
        if not self._rare.has_merged(kind):
            return (record_id,)
        table, column = _TABLES[kind]
        query = (
            f"SELECT {column} FROM {table} LEFT JOIN merges ON absorbed_id = {column}"  # noqa: S608 -- names of our own
            " AND record_kind = ?2 AND undone_us IS NULL WHERE merged_into = ?1"
            f" ORDER BY merged_us DESC NULLS LAST, merge_id DESC NULLS LAST, {column} DESC"
        )
        found: dict[str, None] = {}
        begun = [record_id]
        while begun:
            each = begun.pop()
            if each not in found:
                found[each] = None
                begun += [row[0] for row in self._connection.execute(query, (each, kind.value))]
        return tuple(found)

    def _pointer(self, kind: RecordKind, record_id: str) -> str | None:
        table, column = _TABLES[kind]
        row = self._connection.execute(
            f"SELECT merged_into FROM {table} WHERE {column} = ?",  # noqa: S608 -- names of our own
            (record_id,),
        ).fetchone()
        if row is None:
            raise NotPossible(f"{kind.value} {record_id}", "it is not on record")
        into: str | None = row[0]
        return into

    def _where(self, where: str, values: tuple[object, ...]) -> tuple[Merge, ...]:
        rows = self._connection.execute(
            f"SELECT {_MERGE} FROM merges WHERE {where}",  # noqa: S608 -- conditions of our own
            values,
        )
        return tuple(_merge(row) for row in rows)


def _merge(row: tuple[object, ...]) -> Merge:
    named = dict(zip(_MERGE.split(", "), row, strict=True))
    return decode(
        Merge,
        {
            **{name: value for name, value in named.items() if not name.endswith("_us")},
            "evidence": json.loads(str(named["evidence"])),
            "provenance": json.loads(str(named["provenance"])),
            **_times(named),
        },
    )


def _impossible(merge: Merge, why: str) -> NotPossible:
    return NotPossible(f"merge of {merge.absorbed_id} into {merge.survivor_id}", why)
