"""Golden cases of routing, from a posted signal to an owner and what the owner is told."""

from __future__ import annotations

import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from leadfit import Receipt, create_workspace, open_leadfit
from leadfit.app import Settings
from leadfit.jobs import compare_orders
from leadfit.policy import Policy, load_starter
from leadfit.policy.policy import Territory
from leadfit.records import Account, Rep, Tier
from leadfit.store import SqliteStore
from leadfit.store.views import ActionView, LeadView
from leadfit.testing import FrozenWorld
from leadfit.testing.builders import changed, rep
from leadfit.testing.ownership import gaps, overlaps, read, spread
from leadfit.world import seeded
from lived import START
from owners import FACTS, Company, policy_of

STARTER = load_starter()
# A good fit and any signal make Tier 1; without a known fit it is Tier 3.
EASY = changed(changed(STARTER, "score.cuts.b_tier_two", 1.0), "score.cuts.b_tier_one", 2.0)


@pytest.fixture
def company(tmp_path: Path) -> Iterator[Company]:
    world = FrozenWorld(START)
    store = SqliteStore(tmp_path / "s.sqlite3", secret=b"s", world=world)
    yield Company(store, world, EASY)
    store.close()


def place(view: LeadView) -> tuple[str, str]:
    assert view.assignment is not None
    return view.assignment.owner_id, view.assignment.place.rule


def action(view: LeadView, name: str) -> ActionView:
    (found,) = [each for each in view.actions if each.action.key.endswith(f"/{name}")]
    return found


WEST = Territory(name="west", values={"state": frozenset({"ca"})}, least={}, most={})
TEAM = (
    rep("land", territories=frozenset({"west"})),
    rep("owns"),
    rep("tech", skills=frozenset({"technical"})),
    rep("zoe"),
)


def ruled(order: str, **capacity: int) -> Policy:
    reps = tuple(
        each if each.rep_id not in capacity else rep(
            each.rep_id, territories=each.territories, skills=each.skills,
            capacity=capacity[each.rep_id],
        )
        for each in TEAM
    )  # fmt: skip
    policy = policy_of(reps, route__order=order, tiers__one__teams=())
    policy = changed(policy, "territories", (WEST,))
    policy = changed(policy, "score.cuts.b_tier_two", 1.0)
    return changed(policy, "score.cuts.b_tier_one", 2.0)


def with_account(company: Company) -> None:
    acme = Account(account_id="acme", name="Acme", domains=("acme.com",), owner_id="owns")
    company.store.write(lambda session: session.accounts.add_accounts([acme]))


CA, API, NOBODY = {"state": "CA"}, {"product": "API"}, "jo@else.com"
AT_ACME = "jo@acme.com"


@pytest.mark.parametrize(
    ("order", "email", "facts", "full", "expected"),
    [
        # R117: a territory that is defined wins.
        ("source-order", AT_ACME, {**CA, **API}, {}, ("land", "territory")),
        ("source-order", NOBODY, {**CA, **API}, {}, ("land", "territory")),
        # R118: the owner of the account, where there is no territory; or first, by the other order.
        ("source-order", AT_ACME, API, {}, ("owns", "account_owner")),
        ("owner-first", AT_ACME, {**CA, **API}, {}, ("owns", "account_owner")),
        ("owner-first", NOBODY, {**CA, **API}, {}, ("land", "territory")),
        # R119: the skill that a fact calls for.
        ("source-order", NOBODY, API, {}, ("tech", "skill")),
        ("owner-first", NOBODY, API, {}, ("tech", "skill")),
        # R120: whoever is full is passed over, rule by rule.
        ("source-order", AT_ACME, {**CA, **API}, {"land": 0}, ("owns", "account_owner")),
        ("owner-first", AT_ACME, {**CA, **API}, {"owns": 0}, ("land", "territory")),
        ("source-order", NOBODY, {**CA, **API}, {"land": 0}, ("tech", "skill")),
        ("source-order", NOBODY, API, {"tech": 0}, ("land", "round_robin")),
        # R121: everybody in turn.
        ("source-order", NOBODY, {}, {}, ("land", "round_robin")),
        ("owner-first", NOBODY, {}, {"land": 0}, ("owns", "round_robin")),
    ],
)
def test_the_rules_name_the_owner_in_their_order(  # noqa: PLR0917 -- a row of the table
    company: Company,
    order: str,
    email: str,
    facts: dict[str, str],
    full: dict[str, int],
    expected: tuple[str, str],
) -> None:
    company.policy = ruled(order, **full)
    with_account(company)
    company.send("demo_request", email, **FACTS, **facts)
    view = company.of(email)
    assert (view.lead.tier, place(view)) == (Tier.ONE, expected)


def test_the_sixteenth_tier_one_lead_in_48_hours_overflows(company: Company) -> None:
    company.policy = ruled("source-order")
    for number in range(16):
        company.passes(hours=2.9)
        company.send("demo_request", f"jo@firm{number}.com", **FACTS, **CA)
    owners = [place(company.of(f"jo@firm{number}.com")) for number in range(16)]
    assert owners[:15] == [("land", "territory")] * 15
    assert owners[15][1] == "round_robin"
    company.passes(hours=48 - 15 * 2.9)
    company.send("demo_request", "jo@next.com", **FACTS, **CA)
    assert place(company.of("jo@next.com")) == ("land", "territory")


def test_how_many_leads_the_other_order_would_give_to_somebody_else_is_counted(
    company: Company,
) -> None:
    company.policy = ruled("source-order")
    with_account(company)
    for number in range(3):
        company.send("demo_request", f"a{number}@acme.com", **FACTS, **CA)
        company.send("demo_request", f"b{number}@acme.com", **FACTS)
        company.send("demo_request", f"c{number}@firm{number}.com", **FACTS, **CA)
    policy = company.policy
    found = company.store.read(lambda session: compare_orders(session, policy, 100))
    assert (found.compared, found.differ) == (9, 3)
    assert found.by_rules == {"territory -> account_owner": 3}
    addresses = {company.lead(each).contact for each in found.leads}
    assert {each.email for each in addresses if each is not None} == {
        f"a{number}@acme.com" for number in range(3)
    }
    other = changed(policy, "route.order", "owner-first")
    assert company.store.read(lambda session: compare_orders(session, other, 100)) == found


NAMED = {each.rep_id: each for each in STARTER.reps}


@pytest.mark.parametrize(
    ("seen", "playbook", "skill"),
    [
        (["pricing_view", "calculator"], "ready-to-buy sales playbook", None),
        (["docs_view"], "technical discovery call", "solutions-engineer"),
        (["case_study_view"] * 3, "proof-focused call with references", "proof"),
        (["case_study_view"] * 5, "proof-focused call with references", "proof"),
        (["comparison_view"], "battle card of the competitor", "battle-card"),
        # The first that holds counts, in the order of the policy.
        (["comparison_view", "calculator", "pricing_view"], "ready-to-buy sales playbook", None),
    ],
)
def test_what_a_contact_looked_at_decides_who_gets_the_lead_and_what_the_owner_is_told(
    company: Company, seen: list[str], playbook: str, skill: str | None
) -> None:
    for kind in seen:
        company.send(kind, AT_ACME)
    company.send("demo_request", AT_ACME, **FACTS)
    view = company.of(AT_ACME)
    owner_id, rule = place(view)
    assert action(view, "task").action.fields["playbook"] == playbook
    assert skill is None or (rule, skill in NAMED[owner_id].skills) == ("skill", True)


@pytest.mark.parametrize(
    "seen", [["case_study_view"] * 2, ["pricing_view"], ["calculator"], ["page_view"] * 9, []]
)
def test_less_than_a_play_needs_calls_for_nothing(company: Company, seen: list[str]) -> None:
    for kind in seen:
        company.send(kind, AT_ACME)
    company.send("demo_request", AT_ACME, **FACTS)
    view = company.of(AT_ACME)
    assert place(view)[1] == "round_robin"
    assert "playbook" not in action(view, "task").action.fields


def test_views_older_than_the_window_of_a_play_do_not_count(company: Company) -> None:
    for _ in range(3):
        company.send("case_study_view", AT_ACME)
    company.passes(days=31)
    company.send("demo_request", AT_ACME, **FACTS)
    assert place(company.of(AT_ACME))[1] == "round_robin"


def test_a_blog_reader_is_nurtured_and_touched_by_the_sdr_team_on_day_14(company: Company) -> None:
    company.send("blog_view", AT_ACME)
    company.send("form_fill", AT_ACME)
    view = company.of(AT_ACME)
    assert view.lead.tier is Tier.THREE
    touch = action(view, "sdr-touch").action
    assert touch.due_at == START + timedelta(days=14)
    assert (touch.recipients, touch.fields["team"]) == ((), "sdr")
    assert "nurture" in {each.action.kind for each in view.actions}


def test_an_owner_is_told_of_a_play_that_begins_to_hold_later_and_keeps_the_lead(
    company: Company,
) -> None:
    company.policy = STARTER
    company.send("form_fill", AT_ACME)
    first = company.of(AT_ACME)
    assert first.lead.tier is Tier.THREE
    company.passes(minutes=5)
    for _ in range(2):
        company.send("comparison_view", AT_ACME)
    view = company.of(AT_ACME)
    told = action(view, "play-battle-card").action
    assert (told.recipients, told.fields["skill"]) == (("rep_hugo",), "battle-card")
    assert view.assignment == first.assignment
    company.send("blog_view", AT_ACME)
    assert [each for each in company.of(AT_ACME).actions if "play-blog" in each.action.key] == []


def test_a_lead_that_begins_to_read_the_blog_later_is_touched_on_day_14_from_then(
    company: Company,
) -> None:
    company.policy = STARTER
    company.send("form_fill", AT_ACME)
    company.passes(days=3)
    company.send("blog_view", AT_ACME)
    touch = action(company.of(AT_ACME), "sdr-touch").action
    assert touch.due_at == START + timedelta(days=17)


@pytest.mark.parametrize("domain", ["gmail.com", "hey.com", "googlemail.com", "gmx.de"])
def test_a_lead_from_free_mail_has_an_owner_at_once_and_waits_for_no_review(
    company: Company, domain: str
) -> None:
    with_account(company)
    company.send("form_fill", f"jo.hill@{domain}")
    view = company.of(f"jo.hill@{domain}")
    assert (view.lead.tier, place(view)[0]) == (Tier.THREE, "rep_hugo")
    assert "nurture" in {each.action.kind for each in view.actions}
    waiting = company.store.read(lambda session: session.reviews.waiting(50, after=None, kind=None))
    assert [each.kind.value for each in waiting if each.lead_id == view.lead.lead_id] == []


THREADS = 40
PERSONS = 5


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_same_person_in_forty_threads_is_one_contact_with_one_owner_and_one_set_of_actions(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str
) -> None:
    url = request.getfixturevalue("postgres_url") if kind == "postgresql" else None
    settings = Settings(database_url=url)
    folder = create_workspace(tmp_path / "workspace", settings=settings)
    with open_leadfit(folder, settings=settings) as leadfit:
        leadfit.start()
        at = leadfit.world.now().isoformat()
        begin, answers = threading.Barrier(THREADS), list[object]()

        def post(number: int) -> None:
            begin.wait()
            for person in range(PERSONS):
                answers.append(
                    leadfit.accept(
                        {
                            "source": f"form-{number % 2}",
                            "event_id": f"event-{number}-{person}",
                            "kind": "form_fill",
                            "at": at,
                            "identifiers": {"email": f"Jo{person}@Acme.com"},
                        }
                    )
                )

        threads = [threading.Thread(target=post, args=(number,)) for number in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert all(isinstance(each, Receipt) for each in answers)
        while leadfit.status().counts.signals_pending:
            leadfit.world.wait(0.02)
        counts = leadfit.status().counts
        views = leadfit.leads(500)
        assert (counts.accounts, counts.contacts, counts.signals_dead) == (1, PERSONS, 0)
        assert len(views) == PERSONS
        for view in views:
            assert view.assignment is not None
            assert view.assignment.number == 1
            names = Counter(each.action.key.rpartition("/")[2] for each in view.actions)
            assert names
            assert set(names.values()) == {1}


def test_equal_reps_differ_by_at_most_one_lead_of_each_pool_over_restarts_and_changes(
    tmp_path: Path,
) -> None:
    path, world = tmp_path / "s.sqlite3", FrozenWorld(START)

    def opened() -> SqliteStore:
        return SqliteStore(path, secret=b"s", world=world)

    def ruled_by(*guests: Rep) -> Policy:
        steady = [rep(f"s{n}", territories=frozenset({"west"})) for n in range(4)]
        policy = policy_of((*steady, *guests), tiers__one__teams=(), route__capacity__slots=100)
        policy = changed(changed(policy, "territories", (WEST,)), "score.cuts.b_tier_two", 1.0)
        return changed(policy, "score.cuts.b_tier_one", 2.0)

    draw = seeded("fairness", 1)
    company = Company(opened(), world, ruled_by())
    for number in range(160):
        if number % 7 == 0:
            company.store.close()
            company.store = opened()
        if number % 11 == 0:
            guests = [rep(f"g{n}", territories=frozenset({"west"})) for n in range(3)]
            away = [replace(each, away_from=START) for each in guests]
            there = [draw.choice(each) for each in zip(guests, away, strict=True)]
            company.policy = ruled_by(*there)
        facts = CA if draw.random() < 0.4 else {}
        company.send("demo_request", f"jo@firm{number}.com", **FACTS, **facts)
        company.passes(minutes=draw.random() * 60)
    company.store.close()
    with closing(sqlite3.connect(path)) as connection:
        history = read(connection)
    steady = [f"s{n}" for n in range(4)]
    given = Counter(span.pool for span in history.given())
    assert set(given) == {"round_robin/1", "territory/west/1"}
    assert min(given.values()) > 40
    assert [spread(history, str(pool), steady) for pool in given] == [1, 1]
    assert overlaps(history) == gaps(history) == []
