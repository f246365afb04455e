"""What is in force: read from the store by its digest, never from a folder somebody edits.

Until the first decision the policy folder is in force. From then on it is what was applied last,
or, in a workspace that an older Leadfit kept, the policy of its latest decision.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from leadfit import policy as policies
from leadfit.app.files import can_write, current_artifact, current_card, write_artifact, write_whole
from leadfit.artifact import Artifact
from leadfit.jobs.decisions.kept import kept_artifact, kept_policy
from leadfit.pipeline import InForce
from leadfit.policy import Policy
from leadfit.store import Session, Store
from leadfit.store.publications import Change, Publication

PEOPLE_FILES: Final = ("reps.csv", "holidays.csv")
MIRRORED: Final = "policy.mirrored"
"""Number of the publication that the folder and the artifact's file show."""


def rules_in_force(place: Path, store: Store) -> InForce:
    """Return what is in force in a workspace.

    Raises:
        BadInput: The artifact or the model card cannot be used.
        BadPolicy: Nothing was decided yet, and the folder cannot be used.
        NotFound: What was put in force is not kept.
    """
    shown = mirror(place, store)
    policy = store.read(policy_in_force)
    latest = store.read(lambda session: session.publications.latest())
    if latest is not None and latest.number > shown:
        # Nothing can be written here, so the folder does not show what is in force.
        return InForce(
            policy=policies.load(place / "policy") if policy is None else policy,
            artifact=_published_artifact(store, latest.artifact_digest),
            card=current_card(place),
        )
    return InForce(
        policy=policies.load(place / "policy") if policy is None else policy,
        artifact=current_artifact(place),
        card=current_card(place),
    )


def policy_in_force(session: Session) -> Policy | None:
    """Return the policy that the store says is in force; ``None`` while it is the folder's.

    Raises:
        NotFound: It is not kept.
    """
    digest = digest_in_force(session)
    return None if digest is None else kept_policy(session, digest)


def digest_in_force(session: Session) -> str | None:
    """Return the digest of the policy in force; ``None`` while it is the folder's."""
    latest = session.publications.latest()
    if latest is None:
        return session.publications.deciding()
    if latest.change is Change.LEARNED and all(
        each.change is Change.LEARNED for each in session.publications.all()
    ):
        # Learning names the policy of its day and settles nothing about it.
        return session.publications.deciding()
    return latest.policy_digest


def mirror(place: Path, store: Store) -> int:
    """Let the folder and the artifact's file show what was put in force; return its number.

    A file that somebody edited meanwhile stays as it is. Whatever is cut short here is done when
    the workspace is next opened.
    """
    shown = mirrored(place)
    kept = store.read(lambda session: session.publications.all())
    if not kept or kept[-1].number <= shown or not can_write(place):
        return shown
    store.read(lambda session: _mirror(place, session, kept, shown))
    write_whole(place / MIRRORED, f"{kept[-1].number}\n".encode())
    return kept[-1].number


def _published_artifact(store: Store, digest: str | None) -> Artifact | None:
    return None if digest is None else store.read(lambda session: kept_artifact(session, digest))


def mirrored(place: Path) -> int:
    """Return the number of the publication that the folder shows; 0 before the first."""
    try:
        return int((place / MIRRORED).read_text("ascii"))
    except (OSError, ValueError):
        return 0


def _mirror(place: Path, session: Session, kept: tuple[Publication, ...], shown: int) -> None:
    new = kept[shown:]
    before, after = new[0], new[-1]
    if any(each.change is not Change.LEARNED for each in new):
        was = kept_policy(session, before.before_policy).files
        for name, content in kept_policy(session, after.policy_digest).files.items():
            path = place / "policy" / name
            if _same(_bytes_of(path), was[name]) and not _same(content, was[name]):
                write_whole(path, content)
    if all(each.artifact_digest == each.before_artifact for each in new):
        return
    if after.artifact_digest is None:
        (place / "artifacts" / "current").unlink(missing_ok=True)
        return
    name = write_artifact(place, kept_artifact(session, after.artifact_digest))
    write_whole(place / "artifacts" / "current", name.encode())


def _bytes_of(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _same(one: bytes | None, other: bytes) -> bool:
    """Return whether two files say the same; line ends of a checkout do not matter."""
    return one is not None and one.replace(b"\r\n", b"\n") == other.replace(b"\r\n", b"\n")
