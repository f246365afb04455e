"""Makes plans: reads a policy, says what differs, rehearses the history; nothing is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from leadfit import artifact as artifacts
from leadfit import policy as policies
from leadfit.artifact import Artifact
from leadfit.connectors.vendors import Profiles
from leadfit.errors import BadInput, BadPolicy, Fault, NotFound
from leadfit.jobs.decisions.kept import kept_artifact
from leadfit.jobs.decisions.shadow import ShadowReport, shadow_report
from leadfit.jobs.files.plans import PlanFile
from leadfit.jobs.rehearsal.rehearse import rehearse
from leadfit.pipeline import InForce
from leadfit.policy import Policy
from leadfit.policy.enrichment import VendorRules
from leadfit.policy.load import FILES
from leadfit.score.cells import split
from leadfit.store import Store
from leadfit.world import World


class Planning:
    """The part of :class:`leadfit.Leadfit` that plans; safe to use from any thread.

    Args:
        world: Time.
        store: Read, never written.
        folder: The workspace.
        in_force: Returns the rules in force.
        open_again: Opens the store once more, in another process.
    """

    def __init__(
        self,
        world: World,
        store: Store,
        folder: Path,
        in_force: Callable[[], InForce],
        open_again: Callable[[], Store] | None,
    ) -> None:
        self._world = world
        self._store = store
        self._folder = folder
        self._in_force = in_force
        self._open_again = open_again

    def plan(
        self,
        source: Path | None = None,
        *,
        artifact: str | None = None,
        since: datetime | None = None,
        workers: int = 1,
    ) -> PlanFile:
        """Plan a change: say what differs and rehearse the recorded history.

        Args:
            source: A policy folder, or one file of one; the workspace's own folder by default, or
                the policy in force where an artifact is planned.
            artifact: Digest of an artifact that is kept, or the path of one.
            since: Decisions before this time are left out.
            workers: How many processes share the work.

        Raises:
            BadInput: There is no such policy or artifact.
            BadPolicy: The policy cannot be used; every fault is named.
            NotFound: No artifact has the digest.
        """
        present = self._in_force()
        policy, place = self._policy(source, present, is_asked=artifact is None)
        learned = present.artifact if artifact is None else self._artifact(artifact)
        other = replace(present, policy=policy, artifact=learned)
        self._check_buying(policy)
        differences = policies.diff(present.policy, policy)
        head = self._store.read(lambda session: session.publications.head())
        found = rehearse(
            self._store,
            (present, other),
            differences,
            since=since,
            open_store=self._open_again,
            workers=workers,
        )
        return PlanFile(
            made_at=self._world.now(),
            policy=policy,
            artifact=learned,
            before_policy=present.policy.digest,
            before_artifact=present.artifact_digest,
            head=head,
            source=None if place is None else str(place),
            differences=differences,
            effects=found.effects,
            leads=found.leads,
        )

    def shadow(self, since: datetime | None = None) -> ShadowReport:
        """Say how often decisions of shadow mode differ from what the incumbent did.

        Args:
            since: Decisions before this time are left out.
        """
        return shadow_report(self._store, since)

    def _policy(
        self, source: Path | None, present: InForce, *, is_asked: bool
    ) -> tuple[Policy, Path | None]:
        if source is None and not is_asked:
            return present.policy, None
        place = (source or self._folder / "policy").resolve()
        if place.is_file():
            name = place.name if place.name in FILES else "policy.toml"
            files = dict(present.policy.files) | {name: place.read_bytes()}
            return policies.from_files(files), None
        if not place.is_dir():
            allowed = "a policy folder, or one of its files"
            raise BadInput(Fault(place="POLICY", came=str(place), allowed=allowed))
        return policies.load(place), place

    def _check_buying(self, policy: Policy) -> None:
        """Refuse rules by which a lead could not be decided: found now, not with the first lead."""
        profiles = Profiles(self._folder)
        faults: list[Fault] = []
        for vendor in policy.enrich.vendors:
            try:
                profiles.get(vendor.profile)
            except BadInput as error:
                key = f"policy.toml: enrich.vendors[{vendor.name}]"
                faults += [replace(each, place=f"{key}.{each.place}") for each in error.faults]
            faults += _too_many_words(policy, vendor)
        if faults:
            raise BadPolicy(faults)

    def _artifact(self, named: str) -> Artifact:
        path = Path(named)
        if not path.is_file():
            path = self._folder / "artifacts" / f"{named}.json"
        if path.is_file():
            return artifacts.from_json(path.read_text("utf-8"))
        if not named.isalnum():
            raise NotFound("artifact", named)
        return self._store.read(lambda session: kept_artifact(session, named))


def _too_many_words(policy: Policy, vendor: VendorRules) -> Iterator[Fault]:
    """Yield the facts in which the policy looks for more words than can be tried together."""
    for fact in vendor.supplies:
        try:
            split(fact, policy)
        except ValueError as error:
            key = f"policy.toml: enrich.vendors[{vendor.name}].supplies.{fact}"
            yield Fault(
                place=key, came="a fact that many words are looked for in", allowed=str(error)
            )
