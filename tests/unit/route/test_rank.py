"""Ranking reps for a lead."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations

import pytest

from leadfit.policy import Policy, load_starter
from leadfit.policy.policy import Territory
from leadfit.policy.routing import SkillRule
from leadfit.records import (
    Account,
    Fact,
    Kind,
    Lead,
    Ranking,
    Rep,
    RepLoad,
    Score,
    Subject,
    Tier,
)
from leadfit.route import rank
from leadfit.score import rate
from leadfit.testing.builders import NOW, activities, changed, rep

STARTER = load_starter()
WEST = Territory(name="west", values={"state": frozenset({"ca"})}, least={}, most={})
POLICY = changed(
    changed(STARTER, "territories", (WEST,)),
    "route.skills",
    (SkillRule(skill="technical", fact="product", values=("api",)),),
)
ACME = Account(account_id="acme", name="Acme", owner_id="owner")


def score(tier: Tier = Tier.ONE, *done: Kind) -> Score:
    found = rate(Subject(facts={}, activities=activities(*done)), None, STARTER, now=NOW)
    return Score(
        model="B", tier=tier, total=0, fit=0, engagement=0, intent=0, authority=0, fit100=0,
        intent100=0, reasons=found.reasons,
    )  # fmt: skip


def ranked(
    *reps: Rep | RepLoad,
    facts: dict[str, Fact] | None = None,
    account: Account | None = None,
    owner_id: str | None = None,
    scored: Score | None = None,
    policy: Policy = POLICY,
) -> Ranking:
    loads = [each if isinstance(each, RepLoad) else RepLoad(rep=each) for each in reps]
    lead = Lead(lead_id="lead_1", created_at=NOW, facts=facts or {}, owner_id=owner_id)
    return rank(lead, account, scored or score(), loads, policy, now=NOW)


def places(ranking: Ranking) -> list[tuple[str, str]]:
    return [(place.rep_id, place.rule) for place in ranking.places]


def left_out(ranking: Ranking) -> list[tuple[str, str]]:
    return [(place.rep_id, place.rule) for place in ranking.excluded]


TEAM = (
    rep("land", territories=frozenset({"west"})),
    rep("owner"),
    rep("tech", skills=frozenset({"Technical"})),
    rep("zoe"),
)
CASE: dict[str, Fact] = {"State": "CA", "product interest": "API"}


def test_territory_then_account_owner_then_skill_then_the_rotation() -> None:
    assert places(ranked(*TEAM, facts=CASE, account=ACME)) == [
        ("land", "territory"),
        ("owner", "account_owner"),
        ("tech", "skill"),
        ("zoe", "round_robin"),
    ]


def test_owner_first_puts_the_account_owner_before_the_territory() -> None:
    policy = changed(POLICY, "route.order", "owner-first")
    found = places(ranked(*TEAM, facts=CASE, account=ACME, policy=policy))
    assert [rule for _, rule in found[:2]] == ["account_owner", "territory"]


def test_the_account_owner_counts_for_customers_only_where_the_policy_says_so() -> None:
    policy = changed(POLICY, "route.owner_of", "customers")
    customer = Account(account_id="acme", name="Acme", owner_id="owner", is_customer=True)
    assert places(ranked(*TEAM, account=ACME, policy=policy))[0] == ("land", "round_robin")
    assert places(ranked(*TEAM, account=customer, policy=policy))[0] == ("owner", "account_owner")


def test_the_owner_of_a_customer_gets_a_new_contact_whatever_the_team() -> None:
    owner = rep("owner", team="sdr")
    found = ranked(owner, rep("zoe", team="senior-ae"), account=ACME)
    assert places(found) == [("owner", "account_owner"), ("zoe", "round_robin")]


def test_the_first_territory_that_holds_counts() -> None:
    large = Territory(name="large", values={}, least={"employees": 1000}, most={}, rep_ids=("zoe",))
    policy = changed(POLICY, "territories", (large, WEST))
    both: dict[str, Fact] = {"state": "ca", "employees": "1,500"}
    assert places(ranked(*TEAM, facts=both, policy=policy))[0] == ("zoe", "territory")
    small: dict[str, Fact] = {"state": "ca", "employees": 999}
    assert places(ranked(*TEAM, facts=small, policy=policy))[0] == ("land", "territory")


def test_facts_of_the_account_place_a_lead_that_has_none() -> None:
    account = Account(account_id="a", name="A", facts={"state": "CA"})
    assert places(ranked(*TEAM, account=account))[0] == ("land", "territory")


@pytest.mark.parametrize(
    ("done", "skill"),
    [
        ([Kind.DOCS_VIEW], "solutions-engineer"),
        ([Kind.CASE_STUDY_VIEW] * 3, "proof"),
        ([Kind.COMPARISON_VIEW], "battle-card"),
    ],
)
def test_a_play_routes_to_the_reps_with_its_skill(done: list[Kind], skill: str) -> None:
    able = rep("zoe", skills=frozenset({skill}))
    found = ranked(rep("ann"), able, scored=score(Tier.ONE, *done))
    assert places(found) == [("zoe", "skill"), ("ann", "round_robin")]
    assert f"has the skill {skill}" in found.places[0].words


def test_inside_a_territory_the_skill_that_is_called_for_comes_first() -> None:
    lands = frozenset({"west"})
    able = rep("zoe", territories=lands, skills=frozenset({"battle-card"}))
    found = ranked(
        rep("ann", territories=lands),
        able,
        facts=CASE,
        scored=score(Tier.ONE, Kind.COMPARISON_VIEW),
    )
    assert places(found) == [("zoe", "territory"), ("ann", "territory")]


@pytest.mark.parametrize(
    ("fields", "rule"),
    [
        ({"active": False}, "inactive"),
        ({"away_from": NOW}, "away"),
        ({"away_from": NOW - timedelta(days=1), "away_to": NOW + timedelta(days=1)}, "away"),
        ({"away_to": NOW + timedelta(days=1)}, "away"),
        ({"team": "sdr"}, "team"),
    ],
)
def test_a_rep_who_cannot_take_the_lead_says_why(fields: dict[str, object], rule: str) -> None:
    found = ranked(rep("ann", **fields), rep("zoe"))
    assert (places(found), left_out(found)) == ([("zoe", "round_robin")], [("ann", rule)])


@pytest.mark.parametrize(
    "fields",
    [
        {"away_from": NOW + timedelta(seconds=1)},
        {"away_from": NOW - timedelta(days=2), "away_to": NOW},
        {"team": "Senior-AE"},
        {"team": None},
    ],
)
def test_a_rep_who_is_there_is_ranked(fields: dict[str, object]) -> None:
    assert places(ranked(rep("ann", **fields))) == [("ann", "round_robin")]


def test_the_sixteenth_lead_of_a_window_goes_to_the_next_available_rep() -> None:
    ann, zoe = rep("ann", territories=frozenset({"west"})), rep("zoe")
    before = ranked(RepLoad(rep=ann, slots_taken=14), zoe, facts=CASE)
    after = ranked(RepLoad(rep=ann, slots_taken=15), zoe, facts=CASE)
    assert (places(before)[0], before.needs_slot) == (("ann", "territory"), True)
    assert (places(after), left_out(after)) == ([("zoe", "round_robin")], [("ann", "capacity")])


def test_a_tier_without_slots_asks_nobody_about_capacity() -> None:
    full = RepLoad(rep=rep("ann"), slots_taken=99)
    found = ranked(full, scored=score(Tier.TWO))
    assert (places(found), found.needs_slot) == ([("ann", "round_robin")], False)


def test_every_rep_is_either_ranked_or_left_out_with_words() -> None:
    reps = [*STARTER.reps, rep("gone", active=False)]
    found = ranked(*reps, policy=STARTER, facts={"country": "us"})
    named = [place.rep_id for place in (*found.places, *found.excluded)]
    assert sorted(named) == sorted(each.rep_id for each in reps)
    assert all(place.words for place in (*found.places, *found.excluded))


def test_overflow_comes_behind_the_rotation_and_then_the_manager_of_the_absent() -> None:
    gone = rep("ann", active=False, manager_id="max")
    spare = rep("spare", is_overflow=True)
    found = ranked(gone, rep("max", team="management"), spare, rep("zoe"))
    assert places(found) == [
        ("zoe", "round_robin"),
        ("spare", "overflow"),
        ("max", "manager"),
    ]


def test_managers_of_other_teams_are_not_asked() -> None:
    gone = rep("ann", active=False, manager_id="max", team="marketing")
    found = ranked(gone, rep("max", team="management"), rep("zoe"))
    assert places(found) == [("zoe", "round_robin")]


def test_a_full_overflow_pool_is_left_out_too() -> None:
    found = ranked(RepLoad(rep=rep("spare", is_overflow=True), slots_taken=15))
    assert (places(found), left_out(found)) == ([], [("spare", "capacity")])
    assert found.reasons[-1].rule == "route.nobody"


def test_a_lead_taken_from_its_owner_goes_to_the_overflow_pool_first() -> None:
    ann = rep("ann", manager_id="max")
    found = ranked(
        ann, rep("max", team="management"), rep("spare", is_overflow=True), rep("zoe"),
        owner_id="ann",
    )  # fmt: skip
    assert places(found) == [
        ("spare", "overflow"),
        ("zoe", "round_robin"),
        ("max", "manager"),
    ]
    assert left_out(found) == [("ann", "present_owner")]


def test_no_reps_at_all_is_an_empty_ranking_and_no_error() -> None:
    assert ranked().places == ()


def test_the_rep_whose_turn_is_longest_past_comes_first_and_ids_break_ties() -> None:
    turns = {"cid": 2, "ann": 3, "bob": 2, "dan": 0}
    found = ranked(*(RepLoad(rep=rep(name), last_turn=turn) for name, turn in turns.items()))
    assert [place.rep_id for place in found.places] == ["dan", "bob", "cid", "ann"]


def test_the_order_in_which_reps_are_given_changes_nothing() -> None:
    answers = {ranked(*order, facts=CASE, account=ACME) for order in permutations(TEAM)}
    assert len(answers) == 1


def test_a_rep_at_work_comes_before_one_asleep_with_an_older_turn() -> None:
    asleep = RepLoad(rep=rep("ann", working_hours="mon-fri 20:00-23:00"), last_turn=0)
    found = ranked(asleep, RepLoad(rep=rep("zoe"), last_turn=9))
    assert [place.rep_id for place in found.places] == ["zoe", "ann"]
    assert found.places[1].words.endswith("works next from 2026-03-04 20:00 UTC")


def test_a_territory_keeps_its_lead_while_its_owner_sleeps() -> None:
    owner = rep("land", territories=frozenset({"west"}), working_hours="mon-fri 20:00-23:00")
    assert places(ranked(owner, rep("zoe"), facts=CASE))[0] == ("land", "territory")


def test_hours_can_be_ignored() -> None:
    asleep = rep("ann", working_hours="mon-fri 20:00-23:00")
    policy = changed(POLICY, "route.hours", "ignore")
    assert places(ranked(asleep, rep("zoe"), policy=policy))[0] == ("ann", "round_robin")


def test_somebody_at_work_can_come_before_the_owner_of_a_territory_who_sleeps() -> None:
    policy = changed(POLICY, "route.hours", "across-rules")
    owner = rep("land", territories=frozenset({"west"}), working_hours="mon-fri 20:00-23:00")
    found = places(ranked(owner, rep("zoe"), facts=CASE, policy=policy))
    assert found == [("zoe", "round_robin"), ("land", "territory")]
