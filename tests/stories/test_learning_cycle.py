"""A cycle: import, learn, live leads, what reps say of them, learn again, what changed and why."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from leadfit import BadInput, Leadfit, create_workspace, open_leadfit
from leadfit.exports import read_export
from leadfit.history import History, Step
from leadfit.jobs import Learned
from leadfit.store import Session
from leadfit.testing import FrozenWorld, planted
from leadfit.web import create_app

AFTER = datetime(2026, 7, 20, 9, tzinfo=UTC)
REASON = "we do not serve this industry"
LEADS = 70


def profile_of(learned: Learned) -> tuple[str, str]:
    """Return the frequent value of an account's fact that is worth most."""
    artifact = learned.proposal.artifact
    assert artifact is not None
    texts = {fact.name: fact.values for fact in artifact.facts if fact.values}
    changes = [c for c in learned.proposal.changes if c.fact == "industry"]
    best = max(changes, key=lambda change: change.after)
    assert best.value.lower() in texts["industry"]
    return best.fact, best.value


def points_of(leadfit: Leadfit, fact: str, value: str) -> float:
    from leadfit.artifact import evaluate_level  # noqa: PLC0415 -- only here

    artifact = leadfit.artifact
    assert artifact is not None
    place = [each.name for each in artifact.facts].index(fact)
    return evaluate_level(artifact, place, artifact.facts[place].levels.index(value))


def post(leadfit: Leadfit, number: int, **facts: str) -> str:
    """Send a lead of a new company and return its id."""
    receipt = leadfit.accept(
        {
            "source": "web-form",
            "event_id": f"lead-{number}",
            "kind": "demo_request",
            "at": leadfit.world.now().isoformat(),
            "identifiers": {
                "email": f"jo.hill@company-{number}.com",
                "company": f"Company {number}",
                "title": "VP Operations",
            },
            "facts": facts,
        }
    )
    assert not hasattr(receipt, "faults")
    leadfit.decide_pending()
    lead_id = leadfit.signal(receipt.signal_id).lead_id
    assert lead_id is not None
    return lead_id


@pytest.fixture
def world() -> FrozenWorld:
    return FrozenWorld(AFTER)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> History:
    folder = tmp_path_factory.mktemp("planted") / "export"
    planted.write(planted.simulate(planted.Dials(seed=11, leads=900, facts=12)), folder)
    return read_export(folder)


@pytest.fixture
def leadfit(tmp_path: Path, world: FrozenWorld, recorded: History) -> Iterator[Leadfit]:
    create_workspace(tmp_path / "workspace", world=world)
    with open_leadfit(tmp_path / "workspace", world=world) as opened:
        opened.import_history(recorded)
        yield opened


def scores(leadfit: Leadfit) -> dict[str, tuple[float, str]]:
    def read(session: Session) -> dict[str, tuple[float, str]]:
        ids = [each.account_id for each in session.past.to_score(None, 10_000)]
        found = session.past.scores_of(ids)
        return {i: (found[i].score, found[i].artifact_digest) for i in ids}

    return leadfit._store.read(read)


def test_rejections_of_a_cycle_lower_the_points_of_what_the_leads_share(
    leadfit: Leadfit, world: FrozenWorld
) -> None:
    first = leadfit.learn()
    assert first.published
    assert first.accounts == leadfit.status().counts.accounts == len(scores(leadfit))
    fact, value = profile_of(first)
    before = points_of(leadfit, fact, value)
    lead_ids = [post(leadfit, n, **{fact: value}) for n in range(LEADS)]
    world.pass_time(3600)
    key = leadfit.keys.create("ops")
    reject_over_http(leadfit, lead_ids[0], key)
    for lead_id in lead_ids[1:]:
        leadfit.reject_lead(lead_id, "rep_ada", REASON)
    second = leadfit.learn()
    assert second.published, second.proposal.objections
    assert points_of(leadfit, fact, value) < before - 0.25
    change = next(c for c in second.proposal.changes if (c.fact, c.value) == (fact, value))
    assert change.before == pytest.approx(before, abs=0.06)
    assert change.why == f"{LEADS} of {LEADS} leads with it were rejected: {REASON} ({LEADS})"
    assert second.proposal.rejected.reasons == ((REASON, LEADS),)
    # Every account has a score by the artifact in force, those made in the cycle as well.
    there = scores(leadfit)
    assert len(there) == leadfit.status().counts.accounts == second.accounts
    assert {digest for _, digest in there.values()} == {leadfit.status().artifact_digest}
    view = leadfit.lead(lead_ids[0])
    assert view.icp is not None
    assert view.account is not None
    assert view.icp.score == there[view.account.account_id][0]


def reject_over_http(leadfit: Leadfit, lead_id: str, key: str) -> None:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app=create_app(leadfit))  # type: ignore[arg-type]  # an ASGI app
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.post(
                f"/v1/leads/{lead_id}/reject",
                json={"by": "rep_ada", "reason": REASON},
                headers={"Authorization": f"Bearer {key}"},
            )

    answer = asyncio.run(ask())
    assert answer.status_code == 200, answer.text
    assert answer.json()["icp"] is None


def test_an_acceptance_that_was_worked_counts_once_and_names_nobody(
    leadfit: Leadfit, world: FrozenWorld
) -> None:
    before = leadfit.learn().proposal.outcomes
    lead_id = post(leadfit, 1, industry="software")
    world.pass_time(60)
    leadfit.accept_lead(lead_id, "rep_ada")
    leadfit.accept(
        {
            "source": "crm",
            "event_id": "worked-1",
            "kind": "worked",
            "at": world.now().isoformat(),
            "identifiers": {"lead_id": lead_id},
            "facts": {},
        }
    )
    leadfit.decide_pending()
    history = leadfit.history()
    assert list(history.leads.columns["lead_id"]).count(lead_id) == 1
    told = [
        kind
        for kind, lead in zip(
            history.events.columns["kind"], history.events.columns["lead_id"], strict=True
        )
        if lead == lead_id
    ]
    assert sorted(map(str, told)) == ["accepted", "demo_request", "worked"]
    assert "@" not in repr(history)
    assert "Hill" not in repr(history)
    assert Step.ACCEPTED.value not in history.observed_until
    after = leadfit.learn().proposal.outcomes
    assert after["accepted"] == before["accepted"] + 1


def test_the_same_history_gives_the_same_artifact_and_writes_no_score_twice(
    leadfit: Leadfit, recorded: History
) -> None:
    first, second = leadfit.learn(), leadfit.learn()
    assert first.proposal.files["artifact.json"] == second.proposal.files["artifact.json"]
    assert (second.rescored, second.proposal.changes, second.proposal.objections) == (0, (), ())
    assert recorded.events.rows == leadfit.history().events.rows


def test_fewer_outcomes_than_before_are_not_put_in_force_unseen(leadfit: Leadfit) -> None:
    first = leadfit.learn()
    earlier = datetime(2025, 9, 1, tzinfo=UTC)
    second = leadfit.learn(earlier)
    assert not second.published
    assert any("fewer outcomes" in words for words in second.proposal.objections)
    assert leadfit.artifact == first.proposal.artifact
    third = leadfit.learn(earlier, force=True)
    assert third.published
    assert leadfit.artifact == third.proposal.artifact != first.proposal.artifact


def test_a_time_to_come_is_refused_since_nobody_watched_it(leadfit: Leadfit) -> None:
    ahead = leadfit.world.now() + timedelta(days=1)
    for ask in (leadfit.history, leadfit.learn, leadfit.drift, leadfit.outcomes.outlook):
        with pytest.raises(BadInput, match="no time to come"):
            ask(ahead)
    assert leadfit.history(leadfit.world.now()).as_of == leadfit.world.now()


def test_an_empty_workspace_says_that_there_is_nothing_to_learn_from(tmp_path: Path) -> None:
    with open_leadfit(create_workspace(tmp_path / "w")) as leadfit, pytest.raises(BadInput):
        leadfit.learn()
