"""Every performer does what every performer must."""

from __future__ import annotations

import ipaddress
import json
import resource
import signal
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from leadfit import policy as policies
from leadfit.canonical import canonical, document
from leadfit.connectors import FilePerformer, Performer
from leadfit.connectors.base import no_briefing
from leadfit.connectors.line_file import PIECE
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


def lines_before(path: Path, number: int, *, at: datetime) -> None:
    with path.open("ab") as file:
        for each in range(number):
            told = document(make_action(f"old_{each}")) | {"done_at": at}
            file.write(canonical(told) + b"\n")


def test_a_file_of_any_length_is_read_from_its_end_and_held_by_pieces(tmp_path: Path) -> None:
    path = tmp_path / "outbox.jsonl"
    world = FrozenWorld()
    lines_before(path, 20_000, at=world.now() - timedelta(days=3))
    assert path.stat().st_size > 4 * PIECE
    tracemalloc.start()
    performer = FilePerformer(path, world=world)
    _, at_start = tracemalloc.get_traced_memory()
    performer.perform(make_action("new"))
    assert performer.knows_since("new", world.now())
    assert not performer.knows_since("never", world.now())
    assert performer.knows("old_3"), "a line far back is not found"
    assert not performer.knows("never")
    _, at_most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    performer.close()
    assert at_start < 6 * PIECE, f"{at_start} bytes were held at the start"
    assert at_most < 10 * PIECE, f"{at_most} bytes were held"


def test_a_look_back_ends_where_an_action_was_not_due_yet(tmp_path: Path) -> None:
    path = tmp_path / "outbox.jsonl"
    world = FrozenWorld()
    lines_before(path, 30_000, at=world.now() - timedelta(days=3))
    performer = FilePerformer(path, world=world)
    performer.perform(make_action("new"))
    assert not performer.knows_since("old_0", world.now()), "the whole file was read"
    performer.close()


def test_a_line_is_found_also_where_the_clock_was_set_back_after_it(tmp_path: Path) -> None:
    path = tmp_path / "outbox.jsonl"
    fast = FrozenWorld(datetime(2026, 3, 5, 9, tzinfo=UTC))
    performer = FilePerformer(path, world=fast)
    performer.perform(make_action("before"))
    performer.close()
    right = FrozenWorld(datetime(2026, 3, 2, 9, tzinfo=UTC))
    performer = FilePerformer(path, world=right)
    for number in range(0, 30_000, 500):
        performer.perform_together(
            [make_action(f"k{each}") for each in range(number, number + 500)]
        )
    assert path.stat().st_size > 4 * PIECE
    assert performer.knows_since("before", fast.now())
    performer.close()
    last = json.loads(path.read_bytes().splitlines()[-1])
    assert (last["done_at"], last["clock_was"]) == ("2026-03-02T09:00:00Z", "2026-03-05T09:00:00Z")


def test_two_that_write_to_one_file_know_what_the_other_wrote(tmp_path: Path) -> None:
    path = tmp_path / "outbox.jsonl"
    first, second = (FilePerformer(path, world=FrozenWorld()) for _ in range(2))
    first.perform(make_action("a"))
    assert second.knows("a")
    second.perform_together([make_action("a"), make_action("b")])
    first.perform(make_action("b"))
    for each in (first, second):
        each.close()
    assert [json.loads(line)["key"] for line in path.read_bytes().splitlines()] == ["a", "b"]


@pytest.mark.parametrize("cut", [1, 2, 40])
def test_no_key_stands_there_twice_wherever_a_line_was_cut(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "outbox.jsonl"
    performer = FilePerformer(path, world=FrozenWorld())
    performer.perform_together([make_action("a"), make_action("b")])
    performer.close()
    path.write_bytes(path.read_bytes()[:-cut])
    again = FilePerformer(path, world=FrozenWorld())
    for key in "ab":
        if not again.knows(key):
            again.perform(make_action(key))
    again.perform(make_action("c"))
    again.close()
    whole = []
    for line in path.read_bytes().splitlines():
        with suppress(ValueError):
            whole.append(json.loads(line)["key"])
    assert whole == ["a", "b", "c"]


def test_a_file_that_was_begun_anew_is_written_to(tmp_path: Path) -> None:
    path = tmp_path / "outbox.jsonl"
    performer = FilePerformer(path, world=FrozenWorld())
    performer.perform(make_action("a"))
    path.write_bytes(b"")  # as a rotation by copying does
    performer.perform(make_action("b"))
    performer.close()
    assert [json.loads(line)["key"] for line in path.read_bytes().splitlines()] == ["b"]


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
