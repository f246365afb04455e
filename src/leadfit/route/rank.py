"""Ranks reps for a lead: rules make groups, availability filters them, the rotation orders them.

Every group is a pool with a rotation of its own: a territory, a skill, the teams of a tier. It is
ordered by whose turn in it is longest past, then by whose turn anywhere is, then by id, so the same
input gives the same owner. Whoever takes a turn goes to the end of that pool, so somebody who joins
or comes back is next in it once and is never flooded. What names one rep alone, such as the owner
of an account, is no pool and takes no turn.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from operator import is_

from leadfit.policy import Play, Policy
from leadfit.policy.policy import Territory, fact_name, fold
from leadfit.records import (
    Account,
    Fact,
    Lead,
    Place,
    Ranking,
    Reason,
    Rep,
    RepLoad,
    Score,
    Tier,
)

_ORDERS = {
    "source-order": ("territory", "account_owner", "skill"),
    "owner-first": ("account_owner", "territory", "skill"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    """Reps that a rule names, with the words that say why."""

    rule: str
    words: str
    rep_ids: frozenset[str]
    pool: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What is known of the lead that was looked at last."""

    lead: Lead
    account: Account | None
    facts: Mapping[str, Fact]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Crew:
    """What follows for a tier from the reps alone.

    Attributes:
        made_of: The reps and the teams of the tier; a changed policy has others.
        fits: Reps of the teams that work the tier, or of no team.
        in_turn: Those of them who are not in the overflow pool.
        overflow: The overflow pool.
        other_teams: Why each rep is left out who is not looked at, in the order of their ids.
        in_doubt: Reps who are gone, or have a leave: the others are here whatever the time.
    """

    made_of: tuple[Sequence[Rep], Sequence[str]]
    fits: frozenset[str]
    in_turn: frozenset[str]
    overflow: frozenset[str]
    other_teams: tuple[Place, ...]
    in_doubt: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """Everything one ranking is made from."""

    lead: Lead
    account: Account | None
    tier: Tier
    known: Mapping[str, Fact]
    play: Play | None
    loads: Mapping[str, RepLoad]
    asleep: frozenset[str]
    crew: _Crew
    needs_slot: bool
    policy: Policy
    now: datetime


def rank(
    lead: Lead,
    account: Account | None,
    score: Score,
    loads: Sequence[RepLoad],
    policy: Policy,
    *,
    now: datetime,
) -> Ranking:
    """Rank reps for ``lead``.

    Args:
        lead: The lead. If it has an owner, it is taken from that owner: the overflow pool comes
            first, the owner is left out.
        account: Its account, if it has one.
        score: Its tier, and perhaps a play whose skill is called for.
        loads: Every rep with the slots taken and the last turn, in any order.
        policy: Order of the rules, territories, skills, teams of the tier, capacity.
        now: The time of the decision.

    Returns:
        Reps in the order in which the store tries to claim them: rule by rule (``territory``,
        ``account_owner``, ``skill`` in the order of the policy), then ``round_robin``, then
        ``overflow`` and ``manager``. Reps that were looked at and left out say why.
    """
    case = _case(lead, account, score, loads, (policy, now))
    excluded = {
        rep_id: place
        for rep_id in _in_question(case)
        if (place := _unavailable(case.loads[rep_id], case)) is not None
    }
    places: dict[str, Place] = {}
    wanted = _wanted_skills(case)
    for group in _in_order(case, excluded):
        for rep_id in _in_turn(group, case, wanted):
            if rep_id not in excluded and rep_id not in places:
                words = _words(group, rep_id, case)
                places[rep_id] = _place(rep_id, group.rule, words, group.pool)
    if policy.route.hours == "across-rules":
        places = dict(sorted(places.items(), key=lambda each: each[0] in case.asleep))
    return Ranking(
        places=tuple(places.values()),
        excluded=(
            *excluded.values(),
            *[
                each
                for each in case.crew.other_teams
                if each.rep_id not in places and each.rep_id not in excluded
            ],
        ),
        needs_slot=case.needs_slot,
        reasons=_reasons(case, places),
    )


def pools(
    lead: Lead, account: Account | None, score: Score, policy: Policy, *, now: datetime
) -> tuple[str, ...]:
    """Return the pools whose rotations :func:`rank` may ask about for ``lead``.

    Args:
        lead: As in :func:`rank`, like the others.
        account: Its account.
        score: Its tier and play.
        policy: Territories and skills.
        now: The time of the decision.
    """
    case = _case(lead, account, score, None, (policy, now))
    return tuple(dict.fromkeys(_pool(name, case) for name in _pool_names(case)))


def _case(
    lead: Lead,
    account: Account | None,
    score: Score,
    loads: Sequence[RepLoad] | None,
    rules_at: tuple[Policy, datetime],
) -> _Case:
    """Put together what a ranking is made from; without loads, what pools are named by."""
    policy, now = rules_at
    reps = policy.reps if loads is None else tuple([load.rep for load in loads])
    if reps == policy.reps:
        asleep, crew = policy.asleep(now), _crew_of_all(policy, score.tier)
    else:
        asleep = frozenset(rep.rep_id for rep in reps if not policy.is_at_work(rep, now))
        crew = _crew(reps, score.tier, policy)
    return _Case(
        lead=lead,
        account=account,
        tier=score.tier,
        known=_known(lead, account, policy),
        play=policy.play_of(score),
        loads={load.rep.rep_id: load for load in loads or ()},
        asleep=asleep,
        crew=crew,
        needs_slot=int(score.tier) in policy.route.capacity.tiers,
        policy=policy,
        now=now,
    )


def _crew_of_all(policy: Policy, tier: Tier) -> _Crew:
    """Return :func:`_crew` of all reps of a policy, which is found once."""
    key = ("route.crew", tier.value)
    found = policy.worked_out.get(key)
    made_of = (policy.reps, policy.tier(tier).teams)
    if not isinstance(found, _Crew) or not all(map(is_, found.made_of, made_of)):
        policy.worked_out[key] = found = _crew(policy.reps, tier, policy)
    return found


def _crew(reps: Sequence[Rep], tier: Tier, policy: Policy) -> _Crew:
    named = policy.tier(tier).teams
    teams = frozenset(map(fold, named))
    fits = [rep for rep in reps if not teams or rep.team is None or fold(rep.team) in teams]
    return _Crew(
        made_of=(reps, named),
        fits=frozenset(rep.rep_id for rep in fits),
        in_turn=frozenset(rep.rep_id for rep in fits if not rep.is_overflow),
        overflow=frozenset(rep.rep_id for rep in reps if rep.is_overflow),
        other_teams=tuple(
            Place(
                rep_id=rep.rep_id,
                rule="team",
                words=f"team {rep.team} does not work Tier {tier.value}",
            )
            for rep in sorted(reps, key=lambda each: each.rep_id)
        ),
        in_doubt=frozenset(
            rep.rep_id for rep in reps if not rep.active or rep.away_from or rep.away_to
        ),
    )


def _known(lead: Lead, account: Account | None, policy: Policy) -> Mapping[str, Fact]:
    """Return what is known of a lead; a lead's pools are asked for, and then it is ranked."""
    last = policy.worked_out.get(_Known)
    if isinstance(last, _Known) and last.lead is lead and last.account is account:
        return last.facts
    if account is None:
        facts = policy.known(lead.facts)
    else:
        facts = policy.known(lead.facts, account.facts, {"country": account.country})
    policy.worked_out[_Known] = _Known(lead=lead, account=account, facts=facts)
    return facts


def _in_question(case: _Case) -> list[str]:
    """Return the reps who may be unavailable, in the order of their ids: most cannot be."""
    found = case.crew.in_doubt | _owner(case)
    if case.needs_slot:
        found |= {
            rep_id
            for rep_id, load in case.loads.items()
            if load.slots_taken >= slots_of(load.rep, case.policy)
        }
    return sorted(found)


def _unavailable(load: RepLoad, case: _Case) -> Place | None:
    """Return why a rep cannot take the lead; whom to ask about says :func:`_in_question`."""
    rep, capacity = load.rep, case.policy.route.capacity
    if not rep.active:
        return Place(rep_id=rep.rep_id, rule="inactive", words="no longer works here")
    if is_away(rep, case.now):
        until = f" until {rep.away_to:%Y-%m-%d %H:%M} UTC" if rep.away_to is not None else ""
        return Place(rep_id=rep.rep_id, rule="away", words=f"is away{until}")
    if rep.rep_id == case.lead.owner_id:
        return Place(rep_id=rep.rep_id, rule="present_owner", words="has the lead already")
    if case.needs_slot and load.slots_taken >= (slots := slots_of(rep, case.policy)):
        words = f"has {load.slots_taken} of {slots} slots of {capacity.window_hours:g} h taken"
        return Place(rep_id=rep.rep_id, rule="capacity", words=words)
    return None


def slots_of(rep: Rep, policy: Policy) -> int:
    """Return how many slots a rep has: those of the rep's own row, or those of the policy.

    Args:
        rep: The rep.
        policy: Its ``route.capacity.slots`` hold for reps without a number of their own.
    """
    return policy.route.capacity.slots if rep.capacity is None else rep.capacity


def is_away(rep: Rep, now: datetime) -> bool:
    """Return whether a rep is on leave.

    Args:
        rep: The rep.
        now: An aware time; the end of the leave is the first moment back.
    """
    if rep.away_from is None and rep.away_to is None:
        return False
    begun = rep.away_from is None or rep.away_from <= now
    ended = rep.away_to is not None and rep.away_to <= now
    return begun and not ended


@lru_cache(maxsize=4096)
def _folded(word: str) -> str:
    """Fold a word of the policy; there are few of them, and each is asked for again and again."""
    return fold(word)


def _groups(case: _Case) -> Iterator[_Group]:
    makers = {"territory": _territory, "account_owner": _account_owner, "skill": _skill}
    for rule in _ORDERS[case.policy.route.order]:
        yield from makers[rule](case)
    yield _Group(
        rule="round_robin",
        words=f"next in turn for Tier {case.tier.value}",
        rep_ids=case.crew.in_turn,
        pool=_pool("round_robin", case),
    )


def _pool(name: str, case: _Case) -> str:
    """Return the name of a pool; a tier has rotations of its own, since its leads are."""
    return f"{name}/{case.tier.value}"


def _pool_names(case: _Case) -> Iterator[str]:
    """Yield the pools of all groups, in the order of the groups."""
    for rule in _ORDERS[case.policy.route.order]:
        if rule == "territory":
            row = _territory_of(case)
            yield from () if row is None else (f"territory/{row.name}",)
        elif rule == "skill":
            yield from (f"skill/{_folded(skill)}" for skill, _ in _calls(case))
    yield from ("round_robin", "overflow", "manager")


def _territory_of(case: _Case) -> Territory | None:
    """Return the first territory whose conditions hold."""
    return next((each for each in case.policy.territories if each.holds(case.known)), None)


def _territory(case: _Case) -> Iterator[_Group]:
    """The first row whose conditions hold names the territory."""
    row = _territory_of(case)
    if row is None:
        return
    owners = row.rep_ids or tuple(
        rep_id for rep_id, load in case.loads.items() if row.name in load.rep.territories
    )
    yield _Group(
        rule="territory",
        words=f"owns the territory {row.name}",
        rep_ids=case.crew.fits.intersection(owners),
        pool=_pool(f"territory/{row.name}", case),
    )


def _account_owner(case: _Case) -> Iterator[_Group]:
    """The owner of the account, whatever the owner's team: the customer knows this rep."""
    account = case.account
    if account is None or account.owner_id is None:
        return
    if case.policy.route.owner_of == "customers" and not account.is_customer:
        return
    yield _Group(
        rule="account_owner",
        words=f"owns the account {account.account_id}",
        rep_ids=frozenset({account.owner_id} & case.loads.keys()),
    )


def _skill(case: _Case) -> Iterator[_Group]:
    for skill, why in _calls(case):
        words = f"has the skill {skill}, which {why} calls for"
        yield _Group(
            rule="skill",
            words=words,
            rep_ids=_skilled(skill, case),
            pool=_pool(f"skill/{_folded(skill)}", case),
        )


def _calls(case: _Case) -> Iterator[tuple[str, str]]:
    """Yield the skills that are called for: by the play, then by the first fact that does."""
    if case.play is not None and case.play.skill is not None:
        yield case.play.skill, f"the play {case.play.name}"
    for each in case.policy.route.skills:
        if fold(case.known.get(fact_name(each.fact))) in map(_folded, each.values):
            yield each.skill, f"the fact {each.fact}"
            return


def _wanted_skills(case: _Case) -> frozenset[str]:
    return frozenset(_folded(skill) for skill, _ in _calls(case))


def _skilled(skill: str, case: _Case) -> frozenset[str]:
    wanted = _folded(skill)
    return frozenset(
        rep_id
        for rep_id in case.crew.in_turn
        if wanted in map(_folded, case.loads[rep_id].rep.skills)
    )


def _in_order(case: _Case, excluded: Mapping[str, Place]) -> tuple[_Group, ...]:
    """Return all groups; the overflow pool first when the lead is taken from an owner."""
    groups = tuple(_groups(case))
    wanted = frozenset[str]().union(*(group.rep_ids for group in groups), _owner(case))
    overflow, managers = _resorts(case, excluded, wanted)
    if case.lead.owner_id is None:
        return (*groups, overflow, managers)
    return (overflow, *groups, managers)


def _resorts(
    case: _Case, excluded: Mapping[str, Place], wanted: frozenset[str]
) -> tuple[_Group, _Group]:
    """Return the overflow pool, and the managers of those who were wanted and cannot take it."""
    managers = (_manager(rep_id, case, excluded) for rep_id in sorted(wanted & excluded.keys()))
    return (
        _Group(
            rule="overflow",
            words="is in the overflow pool",
            rep_ids=case.crew.overflow,
            pool=_pool("overflow", case),
        ),
        _Group(
            rule="manager",
            words="manages a rep who cannot take it",
            rep_ids=frozenset(each for each in managers if each is not None),
            pool=_pool("manager", case),
        ),
    )


def _manager(rep_id: str, case: _Case, excluded: Mapping[str, Place]) -> str | None:
    """Return the nearest manager above a rep who can take a lead; a circle has none."""
    seen: set[str] = set()
    above = case.loads[rep_id].rep.manager_id
    while above is not None and above in case.loads and above not in seen:
        if above not in excluded:
            return above
        seen.add(above)
        above = case.loads[above].rep.manager_id
    return None


def _owner(case: _Case) -> frozenset[str]:
    owner_id = case.lead.owner_id
    return (
        frozenset((owner_id,)) if owner_id is not None and owner_id in case.loads else frozenset()
    )


def _in_turn(group: _Group, case: _Case, wanted: frozenset[str]) -> list[str]:
    """Order a group: at work first, then with a skill called for, then longest without a turn.

    Where nobody had a turn in the pool yet, those come first who had none anywhere for longest.
    """
    if len(group.rep_ids) < 2:
        return list(group.rep_ids)
    prefer = case.policy.route.hours != "ignore"

    def key(rep_id: str) -> tuple[bool, bool, int, int, str]:
        load = case.loads[rep_id]
        asleep = prefer and rep_id in case.asleep
        unskilled = bool(wanted) and wanted.isdisjoint(map(_folded, load.rep.skills))
        turn = 0 if group.pool is None else load.turns.get(group.pool, 0)
        return asleep, unskilled, turn, load.last_turn, rep_id

    return sorted(group.rep_ids, key=key)


def _words(group: _Group, rep_id: str, case: _Case) -> str:
    if rep_id not in case.asleep:
        return group.words
    return _words_asleep(group.words, case.policy.next_opening(case.loads[rep_id].rep, case.now))


@lru_cache(maxsize=4096)
def _words_asleep(words: str, opening: datetime | None) -> str:
    """Return words of a rep who does not work now; the same opening is named by many leads."""
    when = f"works next from {opening:%Y-%m-%d %H:%M} UTC" if opening else "has no working hours"
    return f"{words}; {when}"


@lru_cache(maxsize=4096)
def _place(rep_id: str, rule: str, words: str, pool: str | None) -> Place:
    """Return a place; most reps have theirs, for most leads, by the same words."""
    return Place(rep_id=rep_id, rule=rule, words=words, pool=pool)


def _reasons(case: _Case, places: Mapping[str, Place]) -> tuple[Reason, ...]:
    order = f"rules in the order {case.policy.route.order}"
    reasons = [Reason(rule="route.order", words=order)]
    if case.lead.owner_id is not None:
        words = f"taken from {case.lead.owner_id}: the overflow pool comes first"
        reasons.append(Reason(rule="route.reassigned", words=words))
    if not places:
        words = "nobody is free: every rep is gone, away, full or of another team"
        reasons.append(Reason(rule="route.nobody", words=words))
    return tuple(reasons)
