"""What experiments with response times found, from what the store keeps of them."""

from __future__ import annotations

from datetime import datetime

from leadfit.errors import NotFound
from leadfit.policy import Policy
from leadfit.policy.experiment import ResponseExperiment
from leadfit.store import Session, Store
from leadfit.watch.response import ResponseFindings, response_findings


def response_report(
    store: Store, policy: Policy, *, now: datetime, name: str | None = None
) -> ResponseFindings | None:
    """Return what an experiment found, or ``None`` where none ever ran.

    Args:
        store: Keeps who was drawn and what came of it.
        policy: How long conversions are watched for, for the experiment in it.
        now: Younger leads are not counted.
        name: The experiment; that of the policy, else the latest that drew.

    Raises:
        NotFound: No experiment of this name is in the policy or drew anybody.
    """
    rules = policy.experiment.response

    def read(session: Session) -> ResponseFindings | None:
        known = session.trials.experiments()
        wanted = name or (rules.name if rules is not None else next(iter(known), None))
        if wanted is None:
            return None
        own = rules if rules is not None and rules.name == wanted else None
        if own is None and wanted not in known:
            raise NotFound("experiment", wanted)
        return _found(session, wanted, own, now)

    return store.read(read)


def _found(
    session: Session, name: str, rules: ResponseExperiment | None, now: datetime
) -> ResponseFindings:
    """Return what was found; an experiment that left the policy is read by the defaults."""
    rows = session.trials.followed(name)
    if rules is None:
        alone = all(each.trial.cluster_id == each.trial.lead_id for each in rows)
        return response_findings(
            rows, experiment=name, unit="lead" if alone else "account", now=now
        )
    return response_findings(
        rows,
        experiment=name,
        unit=rules.unit,
        maturity_days=rules.maturity_days,
        confidence=rules.confidence,
        now=now,
    )
