"""Live signals and policy tables of the planted company, against the rooms that read them."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from leadfit import policy
from leadfit.records import Refusal
from leadfit.signal import read
from leadfit.testing import planted
from leadfit.testing.planted import Arrival, Company, Dials, SignalCase

UNTIL = datetime(2026, 9, 1, 15, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def company() -> Company:
    return planted.simulate(Dials(leads=800, facts=20))


@pytest.fixture(scope="module")
def arrivals(company: Company) -> list[Arrival]:
    return planted.arrivals(company, 600, until=UNTIL)


def test_every_signal_is_one_that_can_be_taken(arrivals: list[Arrival]) -> None:
    rules = policy.load_starter()

    answers = [read(each.body, rules, now=UNTIL, signal_id="sig_1") for each in arrivals]

    assert not [answer for answer in answers if isinstance(answer, Refusal)]


def test_signals_are_plain_json_and_the_same_every_time(
    company: Company, arrivals: list[Arrival]
) -> None:
    bodies = planted.new_signals(company, 600, until=UNTIL)
    assert json.loads(json.dumps(bodies)) == [each.body for each in arrivals]


def test_every_case_comes_about_as_often_as_it_should(arrivals: list[Arrival]) -> None:
    seen = Counter(each.case for each in arrivals)
    assert set(seen) == set(SignalCase)
    assert seen[SignalCase.NEW_CONTACT] > seen[SignalCase.FREE_MAIL] > 0


def test_known_contacts_come_with_the_address_of_the_export(
    company: Company, arrivals: list[Arrival]
) -> None:
    emails = {row.contact_id: row.email for row in company.ledger.contacts}
    known = [each for each in arrivals if each.case is SignalCase.KNOWN_CONTACT]
    for each in known:
        identifiers = each.body["identifiers"]
        assert isinstance(identifiers, dict)
        assert identifiers["email"] == emails[each.contact_id or ""]


def test_newcomers_have_domains_no_account_of_the_export_has(
    company: Company, arrivals: list[Arrival]
) -> None:
    domains = {row.entity.domain for row in company.ledger.accounts}
    stems = {each.stem for each in company.entities}
    fresh = [each.entity for each in arrivals if each.case is SignalCase.NEW_ACCOUNT]
    own = [each for each in fresh if each.parent is None]

    assert own
    assert not [each for each in own if each.domain in domains or each.stem in stems]


def test_a_repeat_is_the_same_event_to_the_letter(arrivals: list[Arrival]) -> None:
    first: dict[object, object] = {}
    repeats = 0
    for each in arrivals:
        key = each.body["event_id"]
        if each.case is SignalCase.REPEAT:
            repeats += 1
            assert first[key] == each.body
        else:
            assert key not in first
            first[key] = each.body
    assert repeats > 0


def test_times_rise_to_the_last(arrivals: list[Arrival]) -> None:
    times = [str(each.body["at"]) for each in arrivals if each.case is not SignalCase.REPEAT]
    assert times == sorted(times)
    assert max(times) <= "2026-09-01T15:00:00Z"


def test_the_policy_tables_fit_the_starter_policy(company: Company, tmp_path: Path) -> None:
    for name, content in policy.starter_files().items():
        (tmp_path / name).write_bytes(content)
    for name, text in planted.policy_files(company).items():
        (tmp_path / name).write_text(text, "utf-8")

    rules = policy.load(tmp_path)

    assert {rep.rep_id for rep in rules.reps} >= {
        seller.rep_id for seller in company.economics.market.sellers
    }
    covered = {territory for rep in rules.reps for territory in rep.territories}
    assert covered == {territory.name for territory in rules.territories}
    teams = {rep.team for rep in rules.reps}
    assert teams >= {"senior-ae", "ae", "sdr", "marketing"}
