"""What the policy may say of an experiment with response times."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from leadfit.errors import BadPolicy
from leadfit.policy import Policy, load, load_starter, starter_files
from leadfit.policy.experiment import ResponseExperiment
from leadfit.records import Tier
from leadfit.testing.builders import write_policy

TOML = starter_files()["policy.toml"].decode()
FIVE = '{arm = "five", minutes = 5, share = 0.25}'
ARMS = f'arms = [{FIVE}, {{arm = "usual", minutes = 15, share = 0.75}}]'


def with_experiment(folder: Path, *lines: str) -> Policy:
    table = "\n".join(("", "[experiment.response]", *lines, ""))
    return load(write_policy(folder, policy=TOML + table))


def response(folder: Path, *lines: str) -> ResponseExperiment:
    found = with_experiment(folder, *lines).experiment.response
    assert found is not None
    return found


def refused(folder: Path, *lines: str) -> str:
    with pytest.raises(BadPolicy) as caught:
        with_experiment(folder, *lines)
    return str(caught.value)


def test_no_experiment_runs_by_default() -> None:
    assert load_starter().experiment.response is None


def test_an_even_draw_falls_into_arms_by_their_shares(tmp_path: Path) -> None:
    found = response(tmp_path, 'name = "speed"', ARMS)
    assert [found.arm_at(each).arm for each in (0.0, 0.2499, 0.25, 0.9999)] == [
        "five", "five", "usual", "usual",
    ]  # fmt: skip


def test_it_takes_leads_of_its_tiers_between_start_and_end(tmp_path: Path) -> None:
    found = response(
        tmp_path, 'name = "speed"', ARMS, "start = 2026-03-01T00:00:00Z",
        "end = 2026-04-01T00:00:00Z",
    )  # fmt: skip
    inside = datetime(2026, 3, 1, tzinfo=UTC)
    assert found.takes(Tier.ONE, inside)
    assert not found.takes(Tier.TWO, inside)
    assert not found.takes(Tier.ONE, datetime(2026, 2, 28, tzinfo=UTC))
    assert not found.takes(Tier.ONE, datetime(2026, 4, 1, tzinfo=UTC))


def test_an_arm_slower_than_the_tier_promises_is_refused_unless_it_is_allowed(
    tmp_path: Path,
) -> None:
    slow = ARMS.replace("minutes = 15", "minutes = 30")
    assert "at most 15 minutes" in refused(tmp_path, 'name = "speed"', slow)
    found = response(tmp_path, 'name = "speed"', slow, "slower_than_sla = true")
    assert found.arms[1].minutes == 30


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (ARMS.replace("0.75", "0.5"), "shares that sum to 1"),
        (ARMS.replace("usual", "five"), "each arm once"),
        (ARMS[: ARMS.index("}") + 1] + "]", "at least 2"),
        (ARMS + "\nstart = 2026-03-01T00:00:00", "with a zone"),
        (ARMS + "\nstart = 2026-03-01T00:00:00Z\nend = 2026-02-01T00:00:00Z", "an end after"),
    ],
)
def test_what_cannot_be_drawn_is_refused(tmp_path: Path, line: str, words: str) -> None:
    assert words in refused(tmp_path, 'name = "speed"', line)
