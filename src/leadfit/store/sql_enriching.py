"""Waits, certificates and recorded values of facts in SQL."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from leadfit.buying import Certificate
from leadfit.records import Facts
from leadfit.store.codec import from_us, to_us
from leadfit.store.decided import open_decision
from leadfit.store.enriching import CLOCK_SET_BACK, StoredCertificate, Wait
from leadfit.store.personal import part_facts
from leadfit.store.sql import Connection

_LONGEST: Final = 60
_LISTED: Final = 200
_NAMED: Final = '"certificate_digest":"'


class SqlEnriching:
    """See :class:`leadfit.store.enriching.EnrichmentState`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def wait(self, signal_id: str, wait: Wait) -> None:
        """Let a signal wait; one that waited before keeps its deadline."""
        self._connection.execute(
            "INSERT INTO enrich_waits (signal_id, began_us, until_us, is_open) VALUES (?, ?, ?, 1)"
            " ON CONFLICT (signal_id) DO UPDATE SET is_open = 1",
            (signal_id, to_us(wait.began_at), to_us(wait.until)),
        )
        self._connection.execute(
            "UPDATE signals SET status = 'waiting' WHERE signal_id = ?", (signal_id,)
        )

    def waited(self, signal_id: str) -> Wait | None:
        """Return how long a signal may wait, if it waits or waited."""
        row = self._connection.execute(
            "SELECT began_us, until_us FROM enrich_waits WHERE signal_id = ?", (signal_id,)
        ).fetchone()
        return None if row is None else Wait(began_at=from_us(row[0]), until=from_us(row[1]))

    def due(self, now: datetime, limit: int) -> tuple[str, ...]:
        """Return signals whose time is up or for which nothing is under way any more."""
        rows = self._connection.execute(
            "SELECT signal_id FROM enrich_waits WHERE is_open = 1 AND (until_us <= ?"
            " OR began_us > ? OR NOT EXISTS (SELECT 1 FROM purchases WHERE"
            " purchases.signal_id = enrich_waits.signal_id"
            " AND purchases.state IN ('wanted', 'asked'))) ORDER BY until_us, signal_id LIMIT ?",
            (to_us(now), to_us(now + CLOCK_SET_BACK), limit),
        )
        return tuple(row[0] for row in rows)

    def release(self, signal_ids: Sequence[str]) -> None:
        """Let signals that wait be decided."""
        for signal_id in signal_ids:
            self._connection.execute(
                "UPDATE enrich_waits SET is_open = 0 WHERE signal_id = ?", (signal_id,)
            )
            self._connection.execute(
                "UPDATE signals SET status = 'accepted' WHERE signal_id = ? AND status = 'waiting'",
                (signal_id,),
            )

    def keep(self, decision_id: str, lead_id: str | None, certificate: Certificate) -> None:
        """Keep the certificate of a decision."""
        self._connection.execute(
            "INSERT INTO certificates (decision_id, lead_id, digest, body) VALUES (?, ?, ?, ?)",
            (decision_id, lead_id, certificate.digest, zlib.compress(certificate.body.encode())),
        )

    def certificate(self, decision_id: str) -> Certificate | None:
        """Return the certificate of a decision."""
        row = self._connection.execute(
            "SELECT digest, body FROM certificates WHERE decision_id = ?", (decision_id,)
        ).fetchone()
        return None if row is None else _read(*row)

    def certificates(
        self, limit: int, after: str = "", lead_id: str | None = None
    ) -> tuple[StoredCertificate, ...]:
        """Return certificates, by decision behind ``after``, of all leads or of one."""
        where, of = ("", ()) if lead_id is None else (" AND lead_id = ?", (lead_id,))
        rows = self._connection.execute(
            "SELECT decision_id, lead_id, digest, body FROM certificates"  # noqa: S608 -- fixed words
            f" WHERE decision_id > ?{where} ORDER BY decision_id LIMIT ?",
            (after, *of, limit),
        )
        return tuple(
            StoredCertificate(
                decision_id=decision_id, lead_id=lead, certificate=_maybe_read(digest, body)
            )
            for decision_id, lead, digest, body in rows
        )

    def lacking(
        self, limit: int, after: str = "", lead_id: str | None = None
    ) -> tuple[tuple[tuple[str, str | None], ...], str]:
        """Return decisions that name a certificate and have none, and where to go on."""
        where, of = ("", ()) if lead_id is None else (" AND lead_id = ?", (lead_id,))
        rows = self._connection.execute(
            "SELECT decision_id, lead_id, body FROM decisions WHERE decision_id > ? AND NOT EXISTS"  # noqa: S608 -- fixed words
            " (SELECT 1 FROM certificates"
            f" WHERE certificates.decision_id = decisions.decision_id){where}"
            " ORDER BY decision_id LIMIT ?",
            (after, *of, limit),
        ).fetchall()
        found = tuple((row[0], row[1]) for row in rows if _names_one(row[2]))
        return found, rows[-1][0] if rows else ""

    def observe(self, facts: Facts) -> None:
        """Count values of facts that were found at a lead; nothing personal is counted."""
        plain, _ = part_facts(facts)
        for name, value in sorted(plain.items()):
            text = "" if value is None else " ".join(str(value).split())
            if 0 < len(text) <= _LONGEST:
                self._connection.execute(
                    "INSERT INTO fact_values (fact, value, seen) VALUES (?, ?, 1)"
                    " ON CONFLICT (fact, value) DO UPDATE SET seen = fact_values.seen + 1",
                    (name, text),
                )

    def counts(self, facts: Sequence[str]) -> Mapping[str, Mapping[str, int]]:
        """Return how often values were counted, by fact, the most frequent ones."""
        found: dict[str, dict[str, int]] = {}
        for name in facts:
            rows = self._connection.execute(
                "SELECT value, seen FROM fact_values WHERE fact = ?"
                " ORDER BY seen DESC, value LIMIT ?",
                (name, _LISTED),
            ).fetchall()
            if rows:
                found[name] = dict(rows)
        return found


def _names_one(body: bytes) -> bool:
    """Return whether a decision names a certificate; one that cannot be read is for a replay."""
    try:
        return _NAMED in open_decision(body)
    except (zlib.error, ValueError):
        return False


def _maybe_read(digest: str, body: bytes) -> Certificate | None:
    try:
        return _read(digest, body)
    except (zlib.error, ValueError):
        return None


def _read(digest: str, body: bytes) -> Certificate:
    return Certificate(body=zlib.decompress(body).decode(), digest=digest)
