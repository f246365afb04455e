"""The file of a plan: canonical JSON that says by its digest whether anything in it was changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, cast

from leadfit import artifact as artifacts
from leadfit import policy as policies
from leadfit.artifact import Artifact
from leadfit.canonical import canonical, moment
from leadfit.errors import BadInput, BadPolicy, Fault, shorten
from leadfit.policy import Difference, Policy
from leadfit.store.publications import LogHead
from leadfit.version import VERSION

_SHAPE: Final = 1
_ALLOWED: Final = "a file as `leadfit plan --out` wrote it; make a new plan"
LARGEST_PLAN_BYTES: Final = 200_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanFile:
    """Everything a plan says, and all that is needed to publish exactly it.

    Attributes:
        policy: The policy that may come in force.
        artifact: The artifact beside it; that of the plan's day where none was given.
        before_policy: Digest of the policy in force when the plan was made.
        before_artifact: Digest of the artifact in force then, or ``None``.
        head: The last row of the log then.
        source: The folder the policy was read from; ``None`` for one that was derived.
        differences: What changes.
        effects: What the recorded history says of it, as JSON types.
        leads: Leads that move, as columns and rows.
        version: Version of Leadfit that made it.
    """

    made_at: datetime
    policy: Policy
    artifact: Artifact | None
    before_policy: str
    before_artifact: str | None
    head: LogHead
    source: str | None = None
    differences: tuple[Difference, ...] = ()
    effects: Mapping[str, object] = field(default_factory=dict)
    leads: Mapping[str, object] = field(default_factory=dict)
    version: str = VERSION

    @property
    def artifact_digest(self) -> str | None:
        """Digest of the artifact, if there is one."""
        return None if self.artifact is None else self.artifact.digest

    @property
    def changes_anything(self) -> bool:
        """The policy or the artifact differs from what was in force."""
        return (self.policy.digest, self.artifact_digest) != (
            self.before_policy,
            self.before_artifact,
        )


def write_plan(plan: PlanFile) -> tuple[bytes, str]:
    """Return the bytes of a plan's file and the digest that names the plan."""
    said = _document(plan)
    body = canonical(said)
    digest = hashlib.sha256(body).hexdigest()
    return b'{"digest":"%s","plan":%s}\n' % (digest.encode(), body), digest


def _document(plan: PlanFile) -> dict[str, object]:
    return {
        "artifact": {
            "before": plan.before_artifact,
            "after": plan.artifact_digest,
            "content": None if plan.artifact is None else artifacts.to_json(plan.artifact),
        },
        "differences": [
            {
                "category": each.category.value,
                "path": each.path,
                "before": each.before,
                "after": each.after,
                "meaning": each.meaning,
            }
            for each in plan.differences
        ],
        "effects": plan.effects,
        "leadfit": plan.version,
        "leads": plan.leads,
        "log": {"seq": plan.head.seq, "hash": plan.head.hash},
        "made_at": moment(plan.made_at),
        "policy": {
            "before": plan.before_policy,
            "after": plan.policy.digest,
            "files": {name: content.decode() for name, content in plan.policy.files.items()},
        },
        "shape": _SHAPE,
        "source": plan.source,
    }


def read_plan(content: bytes) -> tuple[PlanFile, str]:
    """Return the plan of a file and its digest.

    Raises:
        BadInput: It is no plan, or not as it was written.
    """
    try:
        whole = json.loads(content)
        said, digest = whole["plan"], whole["digest"]
        own = hashlib.sha256(canonical(said)).hexdigest()
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _refused("something that is no plan") from error
    if own != digest:
        raise _refused("a plan that was changed after it was made: its digest is another")
    try:
        return _plan_of(said), str(digest)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        came = f"a plan without {shorten(str(error))}"
        raise _refused(came) from error
    except BadPolicy as error:
        raise _refused("a plan whose policy cannot be used") from error


def _plan_of(said: Mapping[str, object]) -> PlanFile:
    if said["shape"] != _SHAPE:
        raise _refused(f"a plan of shape {said['shape']!r}; this Leadfit knows {_SHAPE}")
    rules = cast("Mapping[str, object]", said["policy"])
    learned = cast("Mapping[str, object]", said["artifact"])
    head = cast("Mapping[str, object]", said["log"])
    texts = cast("Mapping[str, str]", rules["files"])
    policy = policies.from_files({name: text.encode() for name, text in texts.items()})
    content = cast("str | None", learned["content"])
    artifact = None if content is None else artifacts.from_json(content)
    made = (policy.digest, None if artifact is None else artifact.digest)
    if made != (rules["after"], learned["after"]):
        raise _refused("a plan whose digests are not those of what it holds")
    made_at, source, seq = datetime.fromisoformat(str(said["made_at"])), said["source"], head["seq"]
    is_place = isinstance(source, str | None) and isinstance(seq, int) and 0 <= seq < 2**63
    if made_at.tzinfo is None or not is_place:
        raise _refused("a plan without a time, a folder or a place in the log")
    return PlanFile(
        made_at=made_at,
        policy=policy,
        artifact=artifact,
        before_policy=str(rules["before"]),
        before_artifact=cast("str | None", learned["before"]),
        head=LogHead(seq=cast("int", seq), hash=str(head["hash"])),
        source=cast("str | None", source),
        effects=cast("Mapping[str, object]", said["effects"]),
        leads=cast("Mapping[str, object]", said["leads"]),
        version=str(said["leadfit"]),
    )


def _refused(came: str) -> BadInput:
    return BadInput(Fault(place="plan", came=came, allowed=_ALLOWED))
