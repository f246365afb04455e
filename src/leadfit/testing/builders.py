"""Short ways to the inputs of a stage, so that a test states only what it is about."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import BaseModel

from leadfit.policy import Policy, starter_files
from leadfit.records import (
    Activity,
    Assignment,
    Identifiers,
    Kind,
    Place,
    Rep,
    Signal,
    Tier,
)

NOW = datetime(2026, 3, 4, 15, tzinfo=UTC)
"""A Wednesday: 10:00 in New York, 16:00 in Berlin."""


def changed(policy: Policy, path: str, value: object) -> Policy:
    """Return a policy with one number changed; values are not checked again.

    Args:
        policy: The policy.
        path: Where the number stands, such as ``score.model``.
        value: Its new value.

    >>> from leadfit.policy import load_starter
    >>> changed(load_starter(), "score.model", "A").score.model
    'A'
    """

    def inside(model: BaseModel, names: Sequence[str]) -> BaseModel:
        new = value if len(names) == 1 else inside(getattr(model, names[0]), names[1:])
        return model.model_copy(update={names[0]: new})

    result = inside(policy, path.split("."))
    assert isinstance(result, Policy)  # noqa: S101 -- a copy is of the same class
    # The files say otherwise now: such a policy cannot be kept for a replay.
    fields = {name: getattr(result, name) for name in Policy.model_fields if name != "files"}
    return Policy(**fields)


def write_policy(folder: Path, **changes: str | bytes | None) -> Path:
    """Write the starter policy into ``folder``, some of its files changed.

    Args:
        folder: An existing folder.
        changes: New content by file name without its ending; ``None`` leaves the file out.
    """
    for name, content in starter_files().items():
        new = changes.get(name.partition(".")[0], content)
        if new is not None:
            (folder / name).write_bytes(new.encode() if isinstance(new, str) else new)
    return folder


def signal(kind: Kind = Kind.DEMO_REQUEST, /, **identifiers: str) -> Signal:
    """Return a signal about these identifiers, received at :data:`NOW`."""
    return Signal(
        signal_id="signal_1",
        source="web-form",
        event_id="event_1",
        kind=kind,
        at=NOW,
        received_at=NOW,
        identifiers=Identifiers(**identifiers),
    )


def activities(*kinds: Kind, days_ago: float = 0, now: datetime = NOW) -> tuple[Activity, ...]:
    """Return activities of these kinds, all of one age."""
    return tuple(Activity(kind=kind, at=now - timedelta(days=days_ago)) for kind in kinds)


def rep(rep_id: str, **fields: object) -> Rep:
    """Return a rep who is always at work unless the fields say otherwise."""
    given: dict[str, object] = {"name": rep_id, "working_hours": "mon-sun 00:00-24:00", **fields}
    return Rep(rep_id=rep_id, **given)  # type: ignore[arg-type] # fields are the test's own words


def assignment(owner_id: str, tier: Tier, *, number: int = 1, now: datetime = NOW) -> Assignment:
    """Return an assignment made now for a signal of a minute ago."""
    return Assignment(
        assignment_id=f"assignment_{number}",
        lead_id="lead_1",
        owner_id=owner_id,
        tier=tier,
        signal_at=now - timedelta(minutes=1),
        assigned_at=now,
        place=Place(rep_id=owner_id, rule="round_robin", words="next in turn"),
        number=number,
    )
