"""Every performer does what every performer must."""

from __future__ import annotations

import ipaddress
import json
import resource
import signal
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from leadfit import policy as policies
from leadfit.connectors import FilePerformer, Performer
from leadfit.connectors.base import no_briefing
from leadfit.connectors.pagerduty import PagerDutyPerformer
from leadfit.connectors.salesforce import SalesforcePerformer
from leadfit.connectors.slack import SlackPerformer
from leadfit.connectors.transport import Transport
from leadfit.connectors.webhook import WebhookPerformer
from leadfit.errors import StoreBusy
from leadfit.policy import Policy
from leadfit.store import SqliteStore
from leadfit.testing import FrozenWorld, receivers
from leadfit.testing.check_connector import (
    CHECKS,
    HTTP_CHECKS,
    OverHttp,
    Receiver,
    faulty,
    make_action,
    through_faults,
)
from leadfit.world import SystemWorld

LOOPBACK = [ipaddress.ip_network("127.0.0.0/8")]
REQUEST_S = 0.4
SECRET = "of the test"  # noqa: S105 -- of the test


class FileReceiver:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.performer: Performer = FilePerformer(path, world=FrozenWorld())

    def effects(self) -> Sequence[str]:
        return [json.loads(line)["key"] for line in self.path.read_text("utf-8").splitlines()]

    def restart(self) -> None:
        self.performer.close()
        self.performer = FilePerformer(self.path, world=FrozenWorld())


class Bench:
    """A connector and the receiver of its vendor."""

    def __init__(self, vendor: str, request_s: float = REQUEST_S) -> None:
        self.vendor, self._request_s = vendor, request_s
        self.receiver: receivers.Receiver = receivers.VENDORS[vendor]()
        self.performer = self._made()

    def effects(self) -> Sequence[str]:
        return self.receiver.order

    def restart(self) -> None:
        self.performer.close()
        self.performer = self._made()

    def _made(self) -> Performer:
        transport = Transport(SystemWorld(), request_s=lambda: self._request_s, allowed=LOOPBACK)
        url = self.receiver.url
        match self.vendor:
            case "slack":
                return SlackPerformer(
                    transport, token=receivers.SlackReceiver.token, channel="C1",
                    people={"rep_a": "U1"}, briefing=no_briefing, url=f"{url}/api",
                )  # fmt: skip
            case "pagerduty":
                return PagerDutyPerformer(
                    transport, routing_key="r" * 32, people={}, briefing=no_briefing,
                    url=f"{url}/v2/enqueue",
                )  # fmt: skip
            case "salesforce":
                return SalesforcePerformer(
                    transport, url=url, client_id="id", client_secret=SECRET, version="v66.0",
                    key_field="Leadfit_Key__c", people={}, briefing=no_briefing,
                )  # fmt: skip
        return WebhookPerformer(
            transport, url, receivers.WebhookReceiver.secret, world=SystemWorld()
        )


@pytest.fixture
def file_receiver(tmp_path: Path) -> Iterator[FileReceiver]:
    receiver = FileReceiver(tmp_path / "outbox.jsonl")
    yield receiver
    receiver.performer.close()


@pytest.fixture(params=sorted(receivers.VENDORS))
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    bench = Bench(request.param)
    yield bench
    bench.receiver.close()


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    folder = tmp_path_factory.mktemp("policy")
    for name, content in policies.starter_files().items():
        (folder / name).write_bytes(content)
    with (folder / "policy.toml").open("a", encoding="utf-8") as file:
        file.write(
            "\n[deliver]\nopen_s = 1\nbackoff_s = 1\nlongest_backoff_s = 4\nattempts = 500\n"
        )
    return policies.load(folder)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_file_performer_does_what_every_performer_must(
    file_receiver: FileReceiver, check: Callable[[Receiver], None]
) -> None:
    check(file_receiver)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_a_connector_does_what_every_performer_must(
    bench: Bench, check: Callable[[Receiver], None]
) -> None:
    wants_keys = check in CHECKS[:2]
    if wants_keys and not bench.receiver.honours:
        for _ in range(2):
            bench.performer.perform(make_action("a"))
        assert bench.effects() == ["a", "a"]
        return
    check(bench)


@pytest.mark.parametrize("check", HTTP_CHECKS, ids=lambda check: check.__name__)
def test_a_connector_does_what_every_one_over_http_must(
    bench: Bench, check: Callable[[OverHttp], None]
) -> None:
    check(bench)


def test_nothing_is_missing_or_double_when_most_answers_are_faulty(
    bench: Bench, tmp_path: Path, policy: Policy
) -> None:
    world = FrozenWorld()
    store = SqliteStore(tmp_path / "s.sqlite3", secret=b"s", world=world)
    bench.receiver.faults = faulty(0.6, seed=1)
    told = through_faults(store, world, policy, bench.performer, bench.receiver, actions=60)
    store.close()
    assert (told.missing, told.not_done, told.unmarked, told.sure_and_doubled) == (0, 0, 0, 0)
    assert bench.receiver.wrong == []
    if bench.receiver.honours:
        assert told.doubled == 0
    else:
        assert told.doubled > 0


def test_a_line_that_a_crash_cut_short_does_not_count(tmp_path: Path) -> None:
    path = tmp_path / "outbox.jsonl"
    path.write_bytes(b'{"key":"whole"}\n{"key":"cut')
    performer = FilePerformer(path, world=FrozenWorld())
    assert performer.knows("whole")
    assert not performer.knows("cut")
    performer.perform(make_action("cut"))
    performer.close()
    lines = path.read_bytes().splitlines()
    assert lines[1] == b'{"key":"cut'
    assert json.loads(lines[2])["key"] == "cut"


def test_actions_written_together_stand_in_the_file_once_and_in_their_order(tmp_path: Path) -> None:
    path = tmp_path / "outbox.jsonl"
    performer = FilePerformer(path, world=FrozenWorld())
    performer.perform(make_action("b"))
    performer.perform_together([make_action(key) for key in ("c", "b", "a", "c")])
    assert all(performer.knows(key) for key in "abc")
    performer.close()
    assert [json.loads(line)["key"] for line in path.read_bytes().splitlines()] == ["b", "c", "a"]


def test_lines_of_several_that_a_full_disk_cut_short_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "outbox.jsonl"
    performer = FilePerformer(path, world=FrozenWorld())
    performer.perform(make_action("a"))
    size = path.stat().st_size
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    # Room for one more line and half of the next.
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(2.5 * size), hard))
    try:
        with pytest.raises(StoreBusy):
            performer.perform_together([make_action(key) for key in "bc"])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    performer.perform_together([make_action(key) for key in "bc"])
    performer.close()
    again = FilePerformer(path, world=FrozenWorld())
    assert all(again.knows(key) for key in "abc")
    again.close()


def test_the_file_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "outbox.jsonl"
    FilePerformer(path, world=FrozenWorld()).close()
    assert path.stat().st_mode & 0o777 == 0o600


def test_closing_twice_does_not_close_the_file_that_got_the_number(tmp_path: Path) -> None:
    performer = FilePerformer(tmp_path / "outbox.jsonl", world=FrozenWorld())
    performer.close()
    with (tmp_path / "other").open("w", encoding="utf-8") as other:
        performer.close()
        other.write("still open")
        other.flush()
    assert (tmp_path / "other").read_text("utf-8") == "still open"
