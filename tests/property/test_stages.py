"""What holds for every input of the five stages."""

from __future__ import annotations

import json
import math
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from leadfit.orchestrate import breach, plan
from leadfit.policy import Policy, load_starter
from leadfit.policy.calendar import add_minutes, minutes_between
from leadfit.records import (
    Account,
    Activity,
    Assignment,
    Band,
    Candidate,
    ClockKind,
    Contact,
    Fact,
    Kind,
    Lead,
    Rep,
    RepLoad,
    Score,
    Signal,
    Subject,
    Tier,
)
from leadfit.resolve import decide, keys
from leadfit.route import rank
from leadfit.score import rate
from leadfit.signal import parse, read
from leadfit.testing.builders import NOW, assignment, changed, rep, signal

quick = settings(max_examples=60, deadline=None, derandomize=True, database=None)
POLICY = load_starter()
MODELS = (POLICY, changed(POLICY, "score.model", "A"))

plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30)
trees = st.recursive(
    plain,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
bodies = st.fixed_dictionaries(
    {},
    optional={
        "source": st.just("web") | trees,
        "event_id": st.just("e1") | trees,
        "kind": st.sampled_from([kind.value for kind in Kind]) | trees,
        "at": st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat) | trees,
        "identifiers": st.dictionaries(st.sampled_from(["email", "phone", "x"]), trees) | trees,
        "facts": st.dictionaries(st.text(max_size=5), plain, max_size=4) | trees,
        "text": st.text() | trees,
        "other": trees,
    },
)


@quick
@given(st.binary(max_size=200) | st.text(alphabet='{}[]",:\\1eN', max_size=60).map(str.encode))
def test_parsing_answers_every_sequence_of_bytes(raw: bytes) -> None:
    answer = parse(raw)
    if not hasattr(answer, "faults"):
        assert json.loads(raw) == answer


@quick
@given(bodies | trees)
def test_reading_answers_every_body_with_a_signal_or_with_faults(body: object) -> None:
    answer = read(body, POLICY, now=NOW, signal_id="s")
    if isinstance(answer, Signal):
        assert answer.at <= NOW + timedelta(minutes=POLICY.signal.future_minutes)
        json.dumps(dict(answer.facts), allow_nan=False).encode()
    else:
        assert answer.faults
        assert all(fault.place and fault.came and fault.allowed for fault in answer.faults)


account_ids = st.sampled_from(["a", "b", "c"])
accounts = st.builds(
    Account,
    account_id=account_ids,
    name=st.just("Acme"),
    parent_account_id=st.none() | account_ids,
    is_customer=st.booleans(),
)
contacts = st.builds(
    Contact, contact_id=st.sampled_from(["x", "y"]), account_id=st.none() | account_ids
)
candidates = st.lists(
    st.builds(
        Candidate,
        found_by=st.sampled_from(["lead_id", "contact_id", "account_id", "email", "domain"]),
        account=st.none() | accounts,
        contact=st.none() | contacts,
        open_lead_id=st.none() | st.just("lead_1"),
    ),
    max_size=5,
)
weak = st.sampled_from(
    ["jo@gmail.com", "jo@mailinator.com", "info@acme.com", "test@acme.com", "aaa@acme.com", "no"]
)
strong = st.sampled_from(["jo@acme.com", "li@acme.com"])


@quick
@given(weak, candidates, st.none() | st.just("acme.com"))
def test_low_trust_keys_alone_never_link(
    email: str, found: list[Candidate], domain: str | None
) -> None:
    given_signal = signal(email=email, **({"domain": domain} if domain else {}))
    shared = [each for each in found if each.found_by in {"email", "domain"}]
    match = decide(given_signal, keys(given_signal, POLICY), shared, POLICY, now=NOW)
    assert match.band is not Band.AUTO
    assert match.account_id is None


@quick
@given(weak | strong, candidates)
def test_every_match_has_reasons_and_the_band_of_its_probability(
    email: str, found: list[Candidate]
) -> None:
    given_signal = signal(email=email)
    own = keys(given_signal, POLICY)
    match = decide(given_signal, own, found, POLICY, now=NOW)
    assert match.reasons
    edges = POLICY.matching
    assert match.band is (
        Band.AUTO
        if match.probability >= edges.auto
        else Band.REVIEW
        if match.probability >= edges.review
        else Band.NEW
    )
    assert (match.account_id is None) or match.band is Band.AUTO
    assert decide(given_signal, own, found[::-1], POLICY, now=NOW).band is match.band


facts = st.fixed_dictionaries(
    {},
    optional={
        "industry": st.sampled_from(["software", "Retail", "mining", ""]),
        "employees": st.integers(-5, 10**7) | st.sampled_from(["1,000+", "51-200", "many"]),
        "Country": st.sampled_from(["US", "de", "Narnia"]),
        "title": st.text(max_size=20) | st.sampled_from(["CEO", "Senior Manager", "VP"]),
        "budget": st.booleans() | st.just("yes"),
    },
)
done = st.lists(
    st.builds(
        Activity,
        kind=st.sampled_from(list(Kind)),
        at=st.integers(-(10**6), 10**7).map(lambda s: NOW - timedelta(seconds=s)),
    ),
    max_size=25,
)
policies = st.sampled_from(MODELS)


@quick
@given(facts, done, policies)
def test_reasons_sum_to_the_score_and_components_stay_in_their_bounds(
    known: dict[str, Fact], activities: list[Activity], policy: Policy
) -> None:
    score = rate(Subject(facts=known, activities=tuple(activities)), None, policy, now=NOW)
    assert (
        math.fsum(each.points for each in score.reasons if each.points is not None) == score.total
    )
    assert 0 <= score.fit <= 40
    assert 0 <= score.engagement <= 30
    assert 0 <= score.intent <= 20
    assert 0 <= score.authority <= 10
    assert 0 <= score.fit100 <= 100
    assert 0 <= score.intent100 <= 100
    assert any(each.rule.startswith("tier.") for each in score.reasons)


@quick
@given(facts, done)
def test_no_activity_opens_the_fit_gate(known: dict[str, Fact], activities: list[Activity]) -> None:
    full = [Activity(kind=kind, at=NOW) for kind in Kind for _ in range(5)]
    score = rate(Subject(facts=known, activities=(*activities, *full)), None, POLICY, now=NOW)
    assert (score.tier is Tier.THREE) == (score.fit100 < POLICY.score.cuts.b_fit)


@quick
@given(facts, done, st.sampled_from(list(Kind)), policies)
def test_one_more_activity_never_lowers_a_score_and_time_alone_never_raises_it(
    known: dict[str, Fact], activities: list[Activity], kind: Kind, policy: Policy
) -> None:
    past = tuple(each for each in activities if each.at <= NOW)
    more = (*past, Activity(kind=kind, at=NOW))
    before = rate(Subject(facts=known, activities=past), None, policy, now=NOW)
    after = rate(Subject(facts=known, activities=more), None, policy, now=NOW)
    later = rate(Subject(facts=known, activities=past), None, policy, now=NOW + timedelta(days=9))
    assert after.total >= before.total
    assert after.tier <= before.tier
    assert later.total <= before.total


reps = st.lists(
    st.builds(
        Rep,
        rep_id=st.sampled_from([f"r{n}" for n in range(8)]),
        name=st.just("R"),
        team=st.none() | st.sampled_from(["senior-ae", "ae", "sdr", "marketing"]),
        manager_id=st.none() | st.just("r0"),
        skills=st.frozensets(st.sampled_from(["proof", "technical"])),
        territories=st.frozensets(st.sampled_from(["west-coast", "europe"])),
        timezone=st.sampled_from(["UTC", "America/New_York", "Asia/Tokyo"]),
        away_from=st.none() | st.just(NOW - timedelta(days=1)) | st.just(NOW + timedelta(days=1)),
        away_to=st.none() | st.just(NOW + timedelta(days=2)),
        active=st.booleans(),
        is_overflow=st.booleans(),
    ),
    max_size=8,
    unique_by=lambda each: each.rep_id,
)


def scored(tier: Tier) -> Score:
    whole = rate(Subject(facts={}), None, POLICY, now=NOW)
    return replace(whole, tier=tier)


@quick
@given(reps, st.integers(13, 17), st.sampled_from(list(Tier)), st.sampled_from(["us", "de", "xx"]))
def test_nobody_absent_or_full_is_ever_ranked_and_everyone_is_accounted_for(
    people: list[Rep], taken: int, tier: Tier, country: str
) -> None:
    lead = Lead(lead_id="l", created_at=NOW, facts={"country": country}, owner_id="r1")
    account = Account(account_id="a", name="A", owner_id="r2")
    loads = [
        RepLoad(rep=each, slots_taken=taken - n, last_turn=n % 3) for n, each in enumerate(people)
    ]
    found = rank(lead, account, scored(tier), loads, POLICY, now=NOW)
    placed = [each.rep_id for each in found.places]
    assert sorted(placed + [each.rep_id for each in found.excluded]) == sorted(
        each.rep_id for each in people
    )
    for load in loads:
        if load.rep.rep_id in placed:
            begun = load.rep.away_from is None or load.rep.away_from <= NOW
            leave = load.rep.away_from is not None or load.rep.away_to is not None
            assert load.rep.active
            assert not (leave and begun)
            assert load.rep.rep_id != "r1"
            assert not found.needs_slot or load.slots_taken < POLICY.route.capacity.slots
    assert rank(lead, account, scored(tier), loads[::-1], POLICY, now=NOW) == found


@quick
@given(st.lists(st.sampled_from(["join", "leave", "lead", "lead", "lead"]), max_size=80))
def test_reps_who_are_always_there_differ_by_at_most_one_lead_at_every_moment(
    happens: list[str],
) -> None:
    steady = ["s1", "s2", "s3"]
    guests: list[str] = []
    turns = dict.fromkeys(steady, 0)
    counts: Counter[str] = Counter()
    for number, each in enumerate(happens, start=1):
        if each == "join":
            guests.append(f"g{number}")
            turns[f"g{number}"] = min(turns.values()) - 1
        elif each == "leave" and guests:
            guests.pop(0)
        else:
            loads = [RepLoad(rep=rep(name), last_turn=turns[name]) for name in (*steady, *guests)]
            lead = Lead(lead_id="l", created_at=NOW)
            owner = rank(lead, None, scored(Tier.TWO), loads, POLICY, now=NOW).places[0].rep_id
            turns[owner] = number
            counts[owner] += 1
        given_out = [counts[name] for name in steady]
        assert max(given_out) - min(given_out) <= 1


moments = st.datetimes(
    min_value=datetime.fromisoformat("2026-01-01"),
    max_value=datetime.fromisoformat("2027-03-01"),
    timezones=st.just(UTC),
)
workers = st.builds(
    Rep,
    rep_id=st.just("r"),
    name=st.just("R"),
    timezone=st.sampled_from(["UTC", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe"]),
    working_hours=st.sampled_from(
        ["mon-fri 09:00-17:00", "mon-sun 22:00-06:00", "sun 01:30-02:30", "mon-sun 00:00-24:00"]
    ),
    calendar=st.sampled_from([None, "us", "de"]),
)


@quick
@given(workers, moments, st.integers(0, 3000), st.integers(0, 3000))
def test_working_minutes_add_up(who: Rep, start: datetime, first: int, second: int) -> None:
    middle = add_minutes(who, POLICY.closures, start, first)
    assert middle is not None
    end = add_minutes(who, POLICY.closures, middle, second)
    assert end == add_minutes(who, POLICY.closures, start, first + second)
    assert end is not None
    assert minutes_between(who, POLICY.closures, start, end) == first + second


@quick
@given(st.sampled_from(POLICY.reps), st.sampled_from(list(Tier)), moments, st.integers(1, 3), done)
def test_no_plan_holds_a_key_twice_or_an_action_before_the_assignment(
    owner: Rep, tier: Tier, now: datetime, number: int, activities: list[Activity]
) -> None:
    score = rate(Subject(facts={}, activities=tuple(activities)), None, POLICY, now=NOW)
    given_out = assignment(owner.rep_id, tier, number=number, now=now)
    lead = Lead(lead_id="lead_1", created_at=now, facts={"linkedin": "in/jo"})
    found = plan(given_out, lead, score, POLICY, now=now)
    identities = [each.key for each in found.actions] + [each.key for each in found.clocks]
    assert len(set(identities)) == len(identities)
    own = (f"lead_1/{number}/", f"lead_1/tier-{tier.value}/")
    assert all(each.key.startswith(own) for each in found.actions)
    assert all(each.due_at >= now for each in found.actions)
    for clock in found.clocks:
        assert clock.due_at is None or clock.due_at > clock.started_at


@quick
@given(st.sampled_from(list(Tier)), st.lists(st.integers(1, 3000), min_size=1, max_size=12))
def test_a_ladder_takes_every_step_once_whenever_its_timer_fires(
    tier: Tier, waits: list[int]
) -> None:
    given_out: Assignment = assignment("rep_ada", tier)
    lead = Lead(lead_id="lead_1", created_at=NOW)
    clock = next(
        each
        for each in plan(given_out, lead, scored(tier), POLICY, now=NOW).clocks
        if each.kind is ClockKind.ASSIGNMENT_TO_TOUCH
    )
    taken: list[str] = []
    reassigned = 0
    now = NOW
    for wait in [*waits, 100_000, 100_000]:
        now += timedelta(minutes=wait)
        found = breach(clock, given_out, "rep_max", POLICY, now=now)
        taken += [reason.rule for reason in found.reasons]
        reassigned += found.reassign
        clock = found.clocks[0] if found.clocks else clock
    ladder = POLICY.tier(tier).breach
    assert taken == [f"breach.{step.step}" for step in ladder]
    assert reassigned == sum(step.reassign for step in ladder)
    assert clock.due_at is None
