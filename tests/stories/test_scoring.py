"""A lead is lifted by hand, scored by a learned chance, by a list; and all of it is replayed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from leadfit import BadInput, Leadfit, Receipt, create_workspace, open_leadfit
from leadfit.artifact import evaluate
from leadfit.cli import run
from leadfit.errors import NotPossible
from leadfit.propensity import chance_of, measure
from leadfit.records import Activity, Facts, Kind, Tier
from leadfit.score import draw_of
from leadfit.testing import FrozenWorld
from posted import body
from unit.score.learned import CHANCE, LEARNED, WITH_C

START = datetime(2026, 3, 2, 15, tzinfo=UTC)
FACTS: Facts = {"employees": 800, "industry": "software", "country": "US"}
Opened = Callable[..., AbstractContextManager["Desk"]]


class Desk:
    """An open workspace, with a number for each event."""

    def __init__(self, leadfit: Leadfit, world: FrozenWorld) -> None:
        self.leadfit = leadfit
        self.world = world
        self._sent = 0

    def send(self, kind: str, facts: Facts | None = None, email: str = "jo@acme.com") -> str:
        self._sent += 1
        answer = self.leadfit.accept(
            body(self._sent, kind, self.world.now(), email, facts, title="VP Operations")
        )
        assert isinstance(answer, Receipt)
        self.leadfit.decide_pending()
        return self.leadfit.signal(answer.signal_id).lead_id or ""

    def rules(self, lead_id: str) -> list[str]:
        score = self.leadfit.lead(lead_id).score
        assert score is not None
        return [reason.rule for reason in score.reasons]


@pytest.fixture
def opened(tmp_path: Path) -> Opened:
    @contextmanager
    def open_with(*changes: tuple[str, str]) -> Iterator[Desk]:
        world = FrozenWorld(START)
        place = create_workspace(tmp_path / "workspace", world=world)
        policy = place / "policy" / "policy.toml"
        text = policy.read_text("utf-8")
        for before, after in changes:
            assert before in text
            text = text.replace(before, after, 1)
        policy.write_text(text, "utf-8")
        with open_leadfit(place, world=world) as leadfit:
            yield Desk(leadfit, world)
            replayed = leadfit.replay()
            assert (replayed.different, leadfit.verify().intact) == (0, True)

    return open_with


def test_a_person_lifts_a_lead_over_the_intent_gate_and_it_goes_the_way_of_tier_one(
    opened: Opened,
) -> None:
    with opened() as desk:
        lead_id = desk.send("form_fill", FACTS)
        assert desk.leadfit.lead(lead_id).lead.tier is Tier.THREE
        made = desk.leadfit.routing.lift(lead_id, by="rep_ada", reason="met their board")
        view = desk.leadfit.lead(lead_id)
        assert (made.from_tier, made.tier, view.lead.tier) == (Tier.THREE, Tier.ONE, Tier.ONE)
        assert desk.rules(lead_id).index("tier.override") < desk.rules(lead_id).index(
            "tier.intent_gate"
        )
        assert view.assignment is not None
        assert view.assignment.tier is Tier.ONE
        assert desk.leadfit.routing.lifts(lead_id) == (made,)
        assert desk.leadfit.routing.lifts_since(START) == (made,)
        desk.send("page_view")
        assert desk.leadfit.lead(lead_id).lead.tier is Tier.ONE
        with pytest.raises(NotPossible, match="it is Tier 1 already"):
            desk.leadfit.routing.lift(lead_id, by="rep_ada", reason="once more")


def test_nobody_lifts_a_lead_that_does_not_fit_and_the_reason_is_given(opened: Opened) -> None:
    with opened() as desk:
        lead_id = desk.send("demo_request", {**FACTS, "employees": 10})
        with pytest.raises(
            NotPossible, match="below the gate of 70, which no intent opens, and no"
        ):
            desk.leadfit.routing.lift(lead_id, by="rep_ada", reason="a friend")
        assert desk.leadfit.routing.lifts(lead_id) == ()
        with pytest.raises(BadInput, match="reason"):
            desk.leadfit.routing.lift(lead_id, by="rep_ada", reason=" ")


def test_the_command_tells_of_an_override_and_why_shows_it(
    opened: Opened, capsys: pytest.CaptureFixture[str]
) -> None:
    with opened() as desk:
        lead_id = desk.send("form_fill", FACTS)
        folder = desk.leadfit.folder

    def said(*words: str) -> str:
        capsys.readouterr()
        assert run([*words, "--workspace", str(folder)]) == 0
        return capsys.readouterr().out

    told = said("override", lead_id, "--by", "rep_ada", "--reason", "met their board")
    assert "is Tier 1 now, lifted from Tier 3" in told
    why = said("why", lead_id)
    assert "1: lifted to Tier 1 by rep_ada" in why
    assert "met their board" in why
    assert "met their board" in said("overrides", "--days", "3650")
    assert json.loads(said("why", lead_id, "--json"))["lifted"][0]["by"] == "rep_ada"


def test_a_lead_that_an_override_takes_from_a_rep_whom_a_person_chose_is_shown_with_both_reasons(
    opened: Opened, capsys: pytest.CaptureFixture[str]
) -> None:
    with opened() as desk:
        leadfit, lead_id = desk.leadfit, desk.send("form_fill", FACTS)
        leadfit.routing.assign(lead_id, "rep_gia", by="rep_max", reason="met at a fair")
        assert leadfit.routing.by_hand(START).moved_on == ()
        desk.world.pass_time(60)
        made = leadfit.routing.lift(lead_id, by="rep_ada", reason="met their board")
        owner_id = leadfit.lead(lead_id).lead.owner_id
        assert owner_id not in {None, "rep_gia"}
        (found,) = leadfit.routing.by_hand(START).moved_on
        assert (found.chosen.by, found.chosen.to_id) == ("rep_max", "rep_gia")
        assert (found.moved.owner_id, found.lifted) == (owner_id, made)
        assert leadfit.routing.by_hand(desk.world.now() + timedelta(seconds=1)).moved_on == ()
        folder = leadfit.folder
    assert run(["overrides", "--days", "3650", "--workspace", str(folder)]) == 0
    told = capsys.readouterr().out
    assert f"{lead_id} left Gia Moss (rep_gia), chosen by Max Boyd (rep_max) on 2026-" in told
    assert "(met at a fair), for " in told
    assert "lifted to Tier 1 by Ada North (rep_ada) (met their board)" in told


def test_a_lead_that_a_person_moves_again_did_not_leave_by_the_rules(opened: Opened) -> None:
    with opened() as desk:
        routing, lead_id = desk.leadfit.routing, desk.send("form_fill", FACTS)
        routing.assign(lead_id, "rep_gia", by="rep_max", reason="met at a fair")
        routing.assign(lead_id, "rep_finn", by="rep_max", reason="she is away")
        found = routing.by_hand(START)
        assert ([each.to_id for each in found.moved], found.moved_on) == (
            ["rep_gia", "rep_finn"],
            (),
        )


def test_what_was_said_of_a_person_goes_with_the_person_and_the_override_stays(
    opened: Opened,
) -> None:
    with opened() as desk:
        lead_id = desk.send("form_fill", FACTS)
        desk.leadfit.routing.lift(lead_id, by="rep_ada", reason="Jo called me")
        desk.leadfit.persons.erase("jo@acme.com")
        (lifted,) = desk.leadfit.routing.lifts(lead_id)
        assert (lifted.by, lifted.reason) == ("rep_ada", None)


def test_a_live_lead_has_the_chance_its_own_activities_measure(opened: Opened) -> None:
    with opened(('model = "B"', 'model = "C"')) as desk:
        desk.leadfit.publish(WITH_C)
        lead_id = desk.send("demo_request", FACTS)
        desk.world.pass_time(86_400)
        of_a_colleague = desk.send("pricing_view", {}, "max@acme.com")
        desk.world.pass_time(6 * 86_400)
        desk.send("pricing_view")
        desk.send("intent_topic")
        now = desk.world.now()
        assert of_a_colleague == ""
        ages = ((Kind.DEMO_REQUEST, 7), (Kind.PRICING_VIEW, 6), (Kind.PRICING_VIEW, 0))
        own = [Activity(kind=kind, at=now - timedelta(days=age)) for kind, age in ages]
        own.append(Activity(kind=Kind.INTENT_TOPIC, at=now))
        facts: Facts = {"Industry": "software", "Employees": 800}
        expected = chance_of(
            CHANCE,
            facts,
            {**measure(CHANCE, own, "web-form", now), "icp_score": evaluate(WITH_C, facts).score},
        )
        score = desk.leadfit.lead(lead_id).score
        assert score is not None
        assert (score.model, round(score.total / 100, 6)) == ("C", expected.chance)
        decision = desk.leadfit.why(lead_id)[0]
        assert decision.subject.measured["channel_win_rate"] == 0.15


def test_without_a_learned_chance_a_lead_is_scored_by_rules_and_says_so(opened: Opened) -> None:
    with opened(('model = "B"', 'model = "C"')) as desk:
        lead_id = desk.send("demo_request", FACTS)
        assert "model.degraded" in desk.rules(lead_id)


def test_a_lead_from_a_competitors_domain_has_no_fit(opened: Opened) -> None:
    with opened(("domains = []", 'domains = ["acme.com"]')) as desk:
        lead_id = desk.send("demo_request", FACTS)
        score = desk.leadfit.lead(lead_id).score
        assert score is not None
        assert (score.fit, score.tier) == (0, Tier.THREE)
        desk.send("pricing_view")
        assert "fit.less.competitors" in desk.rules(lead_id)


def test_a_flagged_lead_is_kept_out_of_nurture_unless_the_lot_lets_it_through(
    opened: Opened,
) -> None:
    with opened(("explore_share = 0.02", "explore_share = 0.5")) as desk:
        desk.leadfit.publish(replace(LEARNED, flag_at=0.3))
        seen = set()
        for number in range(12):
            lead_id = desk.send("form_fill", {"industry": "mining"}, f"jo@company{number}.com")
            through = draw_of(lead_id) < 0.5
            seen.add(through)
            assert ("detractor.explored" in desk.rules(lead_id)) is through
            kinds = {each.action.kind for each in desk.leadfit.lead(lead_id).actions}
            assert ("nurture" in kinds) is through
        assert seen == {True, False}
