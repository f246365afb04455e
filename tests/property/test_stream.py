"""A refresh by stream equals a refit over the whole past, whatever the order of events."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadfit import learn
from leadfit.artifact import Artifact, evaluate
from leadfit.history import History, Step
from leadfit.learn.ladder import climb
from leadfit.learn.past import days, read_past
from leadfit.learn.rules import Rules
from leadfit.learn.stream import Stream, leads_of, replay
from leadfit.learn.weights import weigh
from leadfit.records import Kind
from unit.learn.drifting import Fading, fade
from unit.learn.worlds import AS_OF, SPAN_DAYS, START, Event, history_of

NOW = days(AS_OF)
KINDS = {kind.value: kind for kind in Kind}


@pytest.fixture(scope="module")
def history() -> History:
    return fade(Fading(seed=41, leads=600))


@pytest.fixture(scope="module")
def artifact(history: History) -> Artifact:
    return learn.fit(history)


def close(one: Artifact, other: Artifact) -> bool:
    pairs = zip(one.heads, other.heads, strict=True)
    return all(
        abs(a.weight - b.weight) < 1e-6
        and abs(a.intercept - b.intercept) < 1e-6
        and np.allclose(np.concatenate(a.coefficients), np.concatenate(b.coefficients), atol=1e-6)
        for a, b in pairs
    )


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), half=st.booleans())
def test_any_order_of_events_publishes_what_a_refit_would(
    history: History, artifact: Artifact, seed: int, half: bool
) -> None:
    rng = np.random.default_rng(seed)
    events = history.events.columns
    rows = list(zip(events["lead_id"], events["account_id"], events["kind"], strict=True))
    stream = Stream(artifact)
    leads = list(leads_of(history, artifact))
    order = rng.permutation(len(leads) + len(rows))
    for n, place in enumerate(order):
        if place < len(leads):
            stream.lead(*leads[place])
        else:
            lead, account, kind = rows[place - len(leads)]
            stream.event(str(lead), str(account), KINDS[str(kind)])
        if half and n == len(order) // 2:
            stream.publish(NOW)
    assert close(stream.publish(NOW), replay(history, artifact).publish(NOW))


def test_links_of_the_stream_are_those_the_weights_are_made_of(history: History) -> None:
    past = read_past(history)
    weights, _ = weigh(past, climb(past), Rules(), np.random.default_rng(1))
    links = replay(history, None).signal_weights(NOW)
    pairs = (
        (links.qualified_given_accepted, Step.ACCEPTED, Step.QUALIFIED),
        (links.won_given_qualified, Step.QUALIFIED, Step.CONVERTED),
    )
    for link, lower, upper in pairs:
        assert link == pytest.approx(weights[lower].value / weights[upper].value, abs=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_links_are_the_same_where_accounts_come_again_and_events_name_no_lead(seed: int) -> None:
    rng = np.random.default_rng(seed)
    leads: dict[str, list[object]] = {"lead_id": [], "account_id": [], "created_at": []}
    events: list[Event] = []
    for n in range(600):
        account, day = f"a{n % 350}", float(rng.uniform(0, SPAN_DAYS - 1))
        leads["lead_id"].append(f"l{n}")
        leads["account_id"].append(account)
        leads["created_at"].append(START + timedelta(days=day))
        for kind in ("accepted", "worked", "qualified", "converted"):
            day += float(rng.uniform(0, 90))
            if rng.random() < 0.4 or day > SPAN_DAYS:
                break
            lead = [f"l{n}", None, f"gone {n}"][int(rng.choice(3, p=[0.6, 0.3, 0.1]))]
            events.append((day, kind, account, lead, None, None))
    both = history_of(leads, events, [])
    past = read_past(both)
    weights, _ = weigh(past, climb(past), Rules(), np.random.default_rng(1))
    links = replay(both, None).signal_weights(NOW)
    values = [weights[step].value for step in (Step.ACCEPTED, Step.QUALIFIED, Step.CONVERTED)]
    assert links.qualified_given_accepted == pytest.approx(values[0] / values[1], abs=1e-6)
    assert links.won_given_qualified == pytest.approx(values[1] / values[2], abs=1e-6)


@pytest.mark.parametrize("kind", [Kind.REJECTED, Kind.ACCEPTED])
def test_a_decision_inside_a_cycle_changes_the_scores_its_end_publishes(
    history: History, artifact: Artifact, kind: Kind
) -> None:
    facts = {"industry": "saas", "size": "small"}
    before, after = replay(history, artifact), replay(history, artifact)
    for n in range(20):
        for stream in (before, after):
            stream.lead(f"new {n}", f"new account {n}", NOW - 3.0, facts)
        after.event(f"new {n}", f"new account {n}", kind)
        after.event(f"new {n}", f"new account {n}", Kind.WORKED)
    scores = [evaluate(stream.publish(NOW), facts).score for stream in (before, after)]
    assert scores[0] != scores[1]
    assert (scores[1] > scores[0]) == (kind is Kind.ACCEPTED)


def test_a_stream_keeps_the_weights_in_order(history: History, artifact: Artifact) -> None:
    found = replay(history, replace(artifact)).signal_weights(NOW).weights
    assert list(found.values()) == sorted(found.values())
