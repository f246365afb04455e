"""The row of a publication, what the log says of it, and whether both agree."""

from __future__ import annotations

from typing import Final

from leadfit.store.codec import from_us, pack, to_us
from leadfit.store.publications import Change, Publication
from leadfit.store.sql import Connection, Row

KIND: Final = "publication"
"""Kind of their rows in the log."""

COLUMNS: Final = (
    "number, at_us, change, policy_digest, artifact_digest, said_by, reason, before_policy,"
    " before_artifact, plan_digest, restores"
)


def said_of(publication: Publication) -> dict[str, object]:
    """Return what the log says of a publication."""
    return {
        "artifact": publication.artifact_digest,
        "before_artifact": publication.before_artifact,
        "before_policy": publication.before_policy,
        "by": publication.by,
        "change": publication.change.value,
        "number": publication.number,
        "plan": publication.plan_digest,
        "policy": publication.policy_digest,
        "reason": publication.reason,
        "restores": publication.restores,
    }


def check_publication(connection: Connection, seq: int, at_us: int, said: bytes) -> str | None:
    """Return what is wrong with the publication a row of the log tells of, or ``None``."""
    row = connection.execute(
        f"SELECT {COLUMNS} FROM publications WHERE seq = ?",  # noqa: S608 -- fixed columns
        (seq,),
    ).fetchone()
    if row is None:
        return f"the publication of log row {seq} is missing"
    try:
        found = publication_of(row)
    except ValueError:
        return f"the publication of log row {seq} is not what was written"
    if pack(said_of(found)) != bytes(said) or to_us(found.at) != at_us:
        return f"the publication of log row {seq} is not what was written"
    kept = connection.execute(
        "SELECT 1 FROM contents WHERE digest = ?", (found.policy_digest,)
    ).fetchone()
    return None if kept is not None else f"the policy of publication {found.number} is missing"


def publication_of(row: Row) -> Publication:
    """Return a publication from its row.

    Raises:
        ValueError: Its kind of change is of none that there is.
    """
    number, at_us, change, policy, artifact, by, reason, was, was_artifact, plan, restores = row
    return Publication(
        number=number,
        at=from_us(at_us),
        change=Change(change),
        policy_digest=policy,
        artifact_digest=artifact,
        by=by,
        reason=reason,
        before_policy=was,
        before_artifact=was_artifact,
        plan_digest=plan,
        restores=restores,
    )
