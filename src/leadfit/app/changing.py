"""Changing the policy: planned, applied, taken back; each change is one row of the log."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Final

from leadfit import policy as policies
from leadfit.app.edited import Edited, EditedFolder, FolderState, state_of
from leadfit.app.in_force import (
    PEOPLE_FILES,
    digest_in_force,
    mirror,
    mirrored,
    rules_in_force,
)
from leadfit.app.matching import check_said
from leadfit.app.policy_folder import PolicyFolder
from leadfit.artifact import Artifact
from leadfit.errors import BadInput, BadPolicy, Fault, NotFound, StoreBusy
from leadfit.jobs.decisions.kept import kept_artifact, kept_policy
from leadfit.jobs.files.plans import PlanFile, read_plan
from leadfit.pipeline import InForce, keep_rules
from leadfit.policy import Policy
from leadfit.policy.load import FILES
from leadfit.store import Session, Store
from leadfit.store.publications import Change, Publication
from leadfit.version import VERSION
from leadfit.world import World

_AGAIN: Final = "what was in force when the plan was made; run `leadfit plan` again"
_BY_THE_FOLDER: Final = "policy folder"


class Changing:
    """The part of :class:`leadfit.Leadfit` that changes the policy; safe to use from any thread.

    Args:
        world: Time and failpoints.
        store: Keeps what was put in force.
        folder: The workspace.
        in_force: Returns the rules in force.
        put: Puts rules in force for the next decision of this process.
    """

    def __init__(
        self,
        world: World,
        store: Store,
        folder: Path,
        in_force: Callable[[], InForce],
        put: Callable[[InForce], None],
    ) -> None:
        self._world = world
        self._store = store
        self._folder = folder
        self._in_force = in_force
        self._put = put
        self._lock = threading.Lock()
        self._looks = PolicyFolder(folder / "policy", world)
        self._edited = EditedFolder(folder / "policy", lambda: in_force().policy)
        self._number = mirrored(folder)

    def history(self) -> tuple[Publication, ...]:
        """Return every change of the rules in force, the first one first."""
        return self._store.read(lambda session: session.publications.all())

    def policy(self, digest: str | None = None) -> Policy:
        """Return the policy in force, or another that was kept, by its digest or its beginning.

        Raises:
            NotFound: None, or more than one, is kept under it.
        """
        if digest is None or self._in_force().policy.digest.startswith(digest):
            return self._in_force().policy
        return self._store.read(lambda session: kept_policy(session, _whole(session, digest)))

    def edited(self) -> Edited:
        """Return what the workspace's policy folder says that is not in force."""
        return self._edited.now()

    def folder_state(self) -> FolderState:
        """Return whether the workspace's policy folder says what is in force, for a summary."""
        return state_of(self._edited.now())

    def apply(self, content: bytes, *, by: str, reason: str) -> Publication:
        """Publish exactly the policy of a plan, in one transaction.

        Args:
            content: The file of the plan.
            by: Who does it.
            reason: Why; kept in the log.

        Raises:
            BadInput: It is no plan, was changed, changes nothing, or is stale: what is in force,
                the folder it was read from or the log has moved since.
            StoreBusy: Another process writes to the store.
        """
        _check_why(by, reason)
        plan, digest = read_plan(content)
        self._refuse_stale(plan)
        after = replace(self._in_force(), policy=plan.policy, artifact=plan.artifact)
        return self._publish(
            after,
            Change.APPLY,
            by=by,
            reason=reason,
            plan_digest=digest,
            check=lambda session: _check_log(session, plan, self._in_force().policy),
        )

    def rollback(self, *, by: str, reason: str, to: str | None = None) -> Publication:
        """Put back the rules that were in force before, or those of a digest.

        Who works here and when stays as it is today. A second rollback goes one step further.

        Args:
            by: Who does it.
            reason: Why; kept in the log.
            to: Digest of a policy that was in force, or its beginning.

        Raises:
            BadInput: There is nothing before, or it does not fit the people of today.
            NotFound: No such policy was in force.
            StoreBusy: Another process writes to the store.
        """
        _check_why(by, reason)
        present = self._in_force()
        if to is None:
            number, policy_digest, artifact_digest = _one_back(self.history())
        else:
            policy_digest, artifact_digest = self.policy(to).digest, present.artifact_digest
            known = [each for each in self.history() if each.policy_digest == policy_digest]
            number = known[-1].number if known else 0
        kept = self.policy(policy_digest)
        files = dict(kept.files) | {name: present.policy.files[name] for name in PEOPLE_FILES}
        policy = policies.from_files(files)
        if (policy.digest, artifact_digest) == (present.policy.digest, present.artifact_digest):
            came = f"{policy.digest[:12]}, which is in force"
            raise BadInput(Fault(place="rollback", came=came, allowed="another policy"))
        after = replace(present, policy=policy, artifact=self._artifact(artifact_digest))
        return self._publish(after, Change.ROLLBACK, by=by, reason=reason, restores=number)

    def learned(self, artifact: Artifact, *, reason: str) -> Publication:
        """Record that learning puts an artifact in force, and put it there."""
        with self._lock:
            latest = self._store.read(lambda session: session.publications.latest())
            if latest is not None and latest.number > self._number:
                self._follow()
        after = replace(self._in_force(), artifact=artifact)
        return self._publish(after, Change.LEARNED, by="leadfit learn", reason=reason)

    def notice(self) -> bool:
        """Put in force what another process applied, and who works here by the folder.

        A change of the folder counts once two looks, at least two seconds apart, have found the
        same. A folder that cannot be used is refused, and the policy in force stays so.

        Returns:
            Whether another policy is in force now.
        """
        if not self._looks.is_time():
            return False
        with self._lock:
            present = self._in_force()
            kept = self._store.read(lambda session: session.publications.latest())
            if kept is not None and kept.number > self._number:
                return self._follow()
            settled = self._store.read(digest_in_force)
            if settled is not None and settled != present.policy.digest:
                return self._follow()
            is_settled = settled is not None
            found = self._looks.changed(present.policy, people_only=is_settled)
        if found is None:
            return False
        if not is_settled:
            self._put(replace(present, policy=found))
            return True
        self._publish_people(present, found)
        return True

    def catch_up(self) -> bool:
        """Put in force who works here by the folder as it stands: what changed while nothing ran.

        Returns:
            Whether another policy is in force now. Where another process writes, that one does it.
        """
        present = self._in_force()
        if self._store.read(digest_in_force) is None:
            return False
        try:
            found = self._looks.people_now(present.policy)
            if found is None:
                return False
            self._publish_people(present, found)
        except (BadInput, StoreBusy):
            return False
        return True

    def _publish_people(self, present: InForce, found: Policy) -> None:
        changed = [name for name in PEOPLE_FILES if found.files[name] != present.policy.files[name]]
        words = f"{' and '.join(changed)} changed in the folder"
        after = replace(present, policy=found)
        self._publish(after, Change.PEOPLE, by=_BY_THE_FOLDER, reason=words)

    def follow(self) -> bool:
        """Take over what another process put in force; return whether it is another than before."""
        with self._lock:
            return self._follow()

    def _follow(self) -> bool:
        """Take over what another process put in force."""
        before = self._in_force()
        after = rules_in_force(self._folder, self._store)
        self._number = mirrored(self._folder)
        self._put(after)
        return (after.policy.digest, after.artifact_digest) != (
            before.policy.digest,
            before.artifact_digest,
        )

    def _refuse_stale(self, plan: PlanFile) -> None:
        """Refuse a plan that is not of today.

        Raises:
            BadInput: Something moved since it was made.
        """
        present = self._in_force()
        rules = present.policy.change
        now = self._world.now()
        if (plan.before_policy, plan.before_artifact) != (
            present.policy.digest,
            present.artifact_digest,
        ):
            was, held = plan.before_policy[:12], present.policy.digest[:12]
            came = f"a plan made while {was} was in force, which is not so any more: {held} is"
            if was == held:
                came = "a plan made while another artifact was in force"
            raise _stale(came)
        if plan.version != VERSION:
            raise _stale(f"a plan by Leadfit {plan.version}, while this is {VERSION}")
        if not plan.changes_anything:
            raise _stale("a plan that changes nothing")
        if now - plan.made_at > timedelta(hours=rules.most_hours):
            raise _stale(f"a plan older than change.most_hours, {rules.most_hours:g} hours")
        there = None if plan.source is None else _digest_of(Path(plan.source))
        if there is not None and there != plan.policy.digest:
            raise _stale(f"a plan of {plan.source}, which was changed since")

    def _publish(
        self,
        after: InForce,
        change: Change,
        *,
        by: str,
        reason: str,
        plan_digest: str | None = None,
        restores: int | None = None,
        check: Callable[[Session], None] = lambda _session: None,
    ) -> Publication:
        """Write a change in one transaction, then let this process and the folder follow.

        Raises:
            BadInput: Something else was put in force meanwhile.
        """
        with self._lock:
            present = self._in_force()
            made = Publication(
                number=self._number + 1,
                at=self._world.now(),
                change=change,
                policy_digest=after.policy.digest,
                artifact_digest=after.artifact_digest,
                by=by,
                reason=reason,
                before_policy=present.policy.digest,
                before_artifact=present.artifact_digest,
                plan_digest=plan_digest,
                restores=restores,
            )
            self._store.write(lambda session: self._write(session, (present, after), made, check))
            self._world.reach("policy.published")
            self._put(after)
            self._number = mirror(self._folder, self._store)
            self._world.reach("policy.mirrored")
        return made

    def _write(
        self,
        session: Session,
        rules: tuple[InForce, InForce],
        made: Publication,
        check: Callable[[Session], None],
    ) -> None:
        latest = session.publications.latest()
        was = digest_in_force(session) or made.before_policy
        if was != made.before_policy or (latest is not None and latest.number >= made.number):
            raise _stale(f"a change of {made.before_policy[:12]}, while {was[:12]} is in force")
        check(session)
        for each in rules:
            keep_rules(session, each, made.at)
        session.publications.add(made)
        if rules[0].policy.acts != rules[1].policy.acts:
            session.publications.withhold(made.at)
        self._world.reach("policy.written")

    def _artifact(self, digest: str | None) -> Artifact | None:
        present = self._in_force().artifact
        if digest is None or (present is not None and present.digest == digest):
            return None if digest is None else present
        return self._store.read(lambda session: kept_artifact(session, digest))


def _whole(session: Session, beginning: str) -> str:
    """Return the one digest of a policy that was in force and begins so.

    Raises:
        NotFound: There is none, or more than one.
    """
    known = {each.policy_digest for each in session.publications.all()}
    known |= {each.before_policy for each in session.publications.all()}
    found = [each for each in known if each.startswith(beginning)]
    if session.contents.get(beginning) is not None:
        return beginning
    if len(found) != 1:
        raise NotFound("policy that was in force", beginning)
    return found[0]


def _one_back(history: tuple[Publication, ...]) -> tuple[int, str, str | None]:
    """Return number, policy and artifact of what was in force before the latest change by hand.

    Raises:
        BadInput: There is nothing before it.
    """
    by_number = {each.number: each for each in history}
    steps = [each for each in history if each.change is not Change.PEOPLE]
    present = steps[-1] if steps else None
    while present is not None and present.change is Change.ROLLBACK:
        # What came back was itself put in force by a change; the step before that is meant.
        present = None if present.restores is None else by_number.get(present.restores)
    if present is None:
        came = "nothing that was in force before"
        raise BadInput(Fault(place="rollback", came=came, allowed="--to with a digest of history"))
    earlier = [each.number for each in steps if each.number < present.number]
    return (earlier[-1] if earlier else 0), present.before_policy, present.before_artifact


def _check_log(session: Session, plan: PlanFile, policy: Policy) -> None:
    """Refuse a plan of another log, or of one that has grown too far since.

    Raises:
        BadInput: It is so.
    """
    if plan.head.seq and session.publications.hash_of(plan.head.seq) != plan.head.hash:
        raise _stale("a plan of another workspace, or of a log that was changed")
    grown = session.publications.head().seq - plan.head.seq
    if grown > policy.change.most_rows:
        raise _stale(f"a plan since which the log grew by {grown} rows (change.most_rows)")


def _check_why(by: str, reason: str) -> None:
    check_said("by", by, reason)
    for place, said in (("by", by), ("reason", reason)):
        if not said.strip():
            raise BadInput(Fault(place=place, came=repr(said), allowed="who does it, and why"))


def _digest_of(folder: Path) -> str | None:
    """Return the digest of a policy folder; ``None`` where it is not there or cannot be used."""
    if not all((folder / name).is_file() for name in FILES):
        return None
    try:
        return policies.load(folder).digest
    except BadPolicy:
        return ""


def _stale(came: str) -> BadInput:
    return BadInput(Fault(place="plan", came=came, allowed=_AGAIN))
