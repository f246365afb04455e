"""What holds of owners whatever happens: one owner, explained waits, capacity, fair rotations."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from leadfit import pipeline, route
from leadfit.errors import NotPossible
from leadfit.policy import Policy, load_starter
from leadfit.policy.policy import Territory
from leadfit.policy.routing import SkillRule
from leadfit.records import Fact, Kind, Lead, Rep, RepLoad, Score, Tier
from leadfit.store import SqliteStore
from leadfit.store.views import Feedback, LeadView
from leadfit.testing import FrozenWorld
from leadfit.testing.builders import NOW, changed, rep
from leadfit.testing.ownership import Span, gaps, overlaps, read
from lived import START
from owners import FACTS, Company, policy_of

WINDOW = timedelta(hours=48)
SENIOR = ("ann", "bob", "cid")
OTHERS = ("eve", "hal", "max", "pam")
STARTER = load_starter()


def team(name: str) -> Rep:
    fields: dict[str, object] = {"team": "senior-ae", "capacity": 2, "manager_id": "max"}
    if name == "eve":
        fields |= {"team": "ae"}
    elif name == "hal":
        fields |= {"team": "marketing"}
    elif name == "max":
        fields = {"team": "management", "capacity": 2}
    elif name == "pam":
        fields |= {"is_overflow": True}
    return rep(name, **fields)


class Owners(RuleBasedStateMachine):
    """Signals, touches, breaches, leaves, hires, sweeps, restarts and hands, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "s.sqlite3"
        self.world = FrozenWorld(START)
        self.reps = {name: team(name) for name in (*SENIOR, *OTHERS)}
        self.company = Company(self.opened(), self.world, self.policy_now())
        self.seen: set[tuple[str, int]] = set()

    def opened(self) -> SqliteStore:
        return SqliteStore(self.path, secret=b"s", world=self.world)

    def policy_now(self) -> Policy:
        # One signal is enough for Tier 1 with a good fit; without one it is Tier 3.
        return policy_of(
            tuple(self.reps.values()), score__cuts__b_tier_two=1.0, score__cuts__b_tier_one=2.0
        )

    def teardown(self) -> None:
        self.company.store.close()
        self.folder.cleanup()

    @rule(who=st.integers(0, 5), is_hot=st.booleans())
    def a_signal_comes(self, who: int, is_hot: bool) -> None:
        if is_hot:
            self.company.send("demo_request", f"jo@firm{who}.com", **FACTS)
        else:
            self.company.send("form_fill", f"jo@firm{who}.com")

    @rule(minutes=st.sampled_from([1, 14, 20, 90, 700, 2000]))
    def time_passes(self, minutes: int) -> None:
        self.company.passes(minutes=minutes)

    @rule()
    def clocks_run(self) -> None:
        self.company.run()

    @rule(name=st.sampled_from((*SENIOR, *OTHERS)), what=st.sampled_from(["gone", "away", "back"]))
    def a_rep_goes_or_comes(self, name: str, what: str) -> None:
        now = self.world.now()
        fields: dict[str, object] = {"active": what != "gone", "away_from": None, "away_to": None}
        if what == "away":
            fields |= {"away_from": now + timedelta(minutes=5), "away_to": now + timedelta(days=1)}
        self.reps[name] = replace(self.reps[name], **fields)  # type: ignore[arg-type] # as above
        self.company.policy = self.policy_now()

    @rule(name=st.sampled_from((*SENIOR, "pam")), slots=st.integers(0, 4))
    def a_rep_has_other_slots(self, name: str, slots: int) -> None:
        self.reps[name] = replace(self.reps[name], capacity=slots)
        self.company.policy = self.policy_now()

    @precondition(lambda self: self.company.leads())
    @rule(which=st.integers(0, 20), kind=st.sampled_from([Kind.TOUCHED, Kind.REJECTED]))
    def a_person_says_something(self, which: int, kind: Kind) -> None:
        said = Feedback(
            lead_id=self.lead(which).lead.lead_id, kind=kind, by="ann", at=self.world.now(),
            reason="no budget",
        )  # fmt: skip
        self.company.store.write(lambda session: pipeline.hear(session, said, self.company.policy))

    @precondition(lambda self: self.company.leads())
    @rule(which=st.integers(0, 20), name=st.sampled_from((*SENIOR, *OTHERS)))
    def a_person_gives_a_lead(self, which: int, name: str) -> None:
        lead_id = self.lead(which).lead.lead_id
        try:
            self.company.store.write(
                lambda session: pipeline.assign_by_hand(
                    self.company.desk(session), lead_id, name, by="max", reason="knows them"
                )
            )
        except NotPossible:
            return

    @rule()
    def the_process_begins_anew(self) -> None:
        self.company.store.close()
        self.company.store = self.opened()

    @rule()
    def a_sweep_accounts_for_every_lead(self) -> None:
        swept = self.company.sweep()
        assert swept.leads.unexplained == 0
        assert swept.put_right == 0
        absent = [
            view.lead.lead_id
            for view in self.company.leads()
            if view.lead.is_open
            and view.touched_at is None
            and view.lead.owner_id is not None
            and not self.is_there(view.lead.owner_id)
        ]
        assert len(absent) <= swept.stuck

    @invariant()
    def a_lead_has_one_owner_and_every_wait_is_on_record(self) -> None:
        with closing(sqlite3.connect(self.path)) as connection:
            history = read(connection)
        assert overlaps(history) == []
        assert gaps(history) == []
        given_out = list(history.given())
        for place, span in enumerate(given_out):
            if (span.lead_id, span.start_us) not in self.seen:
                self.check(span, given_out[: place + 1])
        self.seen |= {(span.lead_id, span.start_us) for span in given_out}

    def check(self, span: Span, until: Sequence[Span]) -> None:
        """Whoever was given a lead just now was there and had a slot."""
        assert self.is_there(span.owner_id), span
        if span.tier == 1:
            begin = span.start_us - WINDOW // timedelta(microseconds=1)
            within = [
                each
                for each in until
                if each.owner_id == span.owner_id and each.tier == 1 and each.start_us > begin
            ]
            slots = route.slots_of(self.reps[span.owner_id], self.company.policy)
            assert len(within) <= slots, (span, within)

    def is_there(self, name: str) -> bool:
        who = self.reps[name]
        return who.active and not route.is_away(who, self.world.now())

    def lead(self, which: int) -> LeadView:
        leads = self.company.leads()
        return leads[which % len(leads)]


TestOwners = Owners.TestCase
TestOwners.settings = settings(
    max_examples=25,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


WEST = Territory(name="west", values={"state": frozenset({"ca"})}, least={}, most={})
POOLED = changed(
    changed(changed(STARTER, "territories", (WEST,)), "plays", ()),
    "route.skills",
    (SkillRule(skill="api", fact="product", values=("api",)),),
)
LEADS: tuple[dict[str, Fact], ...] = ({}, {"state": "ca"}, {"product": "api"})
# Two who are equal everywhere, two in the territory alone, two with the skill alone, and guests.
MEMBERS = {
    "a1": ({"west"}, {"api"}), "a2": ({"west"}, {"api"}),
    "w1": ({"west"}, set()), "w2": ({"west"}, set()),
    "s1": (set(), {"api"}), "s2": (set(), {"api"}),
}  # fmt: skip
EQUAL = (("a1", "a2"), ("w1", "w2"), ("s1", "s2"))


def member(name: str, territories: set[str], skills: set[str]) -> Rep:
    return rep(name, territories=frozenset(territories), skills=frozenset(skills))


def rated(tier: Tier) -> Score:
    return Score(
        model="B", tier=tier, total=0, fit=0, engagement=0, intent=0, authority=0, fit100=0,
        intent100=0,
    )  # fmt: skip


class Turns:
    """What a store keeps of turns."""

    def __init__(self) -> None:
        self.last: dict[str, int] = {}
        self.pools: dict[tuple[str, str], int] = {}
        self.number = 0

    def load(self, who: Rep) -> RepLoad:
        own = {pool: turn for (pool, name), turn in self.pools.items() if name == who.rep_id}
        return RepLoad(rep=who, last_turn=self.last.get(who.rep_id, 0), turns=own)

    def take(self, name: str, pool: str) -> None:
        self.number += 1
        self.last[name] = self.pools[pool, name] = self.number


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("lead"), st.integers(0, 2), st.sampled_from([Tier.ONE, Tier.TWO])),
        st.tuples(st.sampled_from(["join", "leave"]), st.integers(0, 3), st.just(Tier.ONE)),
    ),
    max_size=120,
)


@settings(max_examples=80, deadline=None)
@given(STEPS)
def test_reps_who_are_equal_in_a_pool_differ_by_at_most_one_lead_of_it_at_every_moment(
    steps: list[tuple[str, int, Tier]],
) -> None:
    reps = {name: member(name, *of) for name, of in MEMBERS.items()}
    guests = {f"g{n}": member(f"g{n}", {"west"}, {"api"}) for n in range(4)}
    there: dict[str, Rep] = dict(reps)
    turns, counts, whole = Turns(), dict[tuple[str, str], int](), dict.fromkeys(reps, 0)
    for what, number, tier in steps:
        guest = f"g{number}"
        if what == "join":
            there[guest] = guests[guest]
        elif what == "leave":
            there.pop(guest, None)
        else:
            lead = Lead(lead_id="l", created_at=NOW, facts=LEADS[number])
            loads = [turns.load(each) for each in there.values()]
            place = route.rank(lead, None, rated(tier), loads, POOLED, now=NOW).places[0]
            assert place.pool is not None
            assert place.pool in route.pools(lead, None, rated(tier), POOLED, now=NOW)
            turns.take(place.rep_id, place.pool)
            counts[place.pool, place.rep_id] = counts.get((place.pool, place.rep_id), 0) + 1
            whole[place.rep_id] = whole.get(place.rep_id, 0) + 1
    pools = {pool for pool, _ in counts}
    for one, other in EQUAL:
        for pool in pools:
            assert abs(counts.get((pool, one), 0) - counts.get((pool, other), 0)) <= 1
        assert abs(whole[one] - whole[other]) <= len(pools)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.booleans(), max_size=60), st.integers(1, 3))
def test_a_rep_who_comes_back_is_next_once_and_then_in_turn(comes: list[bool], guests: int) -> None:
    steady = [rep("s1"), rep("s2")]
    turns, run, longest = Turns(), 0, 0
    for is_there in comes:
        reps = [*steady, *(rep(f"g{n}") for n in range(guests if is_there else 0))]
        loads = [turns.load(each) for each in reps]
        lead = Lead(lead_id="l", created_at=NOW)
        place = route.rank(lead, None, rated(Tier.TWO), loads, POOLED, now=NOW).places[0]
        assert place.pool is not None
        turns.take(place.rep_id, place.pool)
        run = run + 1 if place.rep_id.startswith("g") else 0
        longest = max(longest, run)
    assert longest <= guests
