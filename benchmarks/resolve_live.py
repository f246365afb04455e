"""One new record against a large base on the embedded store: p95 <= 5 ms, exact p95 <= 2 ms.

The base is 1M accounts and 3M contacts in SQLite at full size: made-up companies and people whose
words and names fall off in frequency as in registers (Zipf), so that some keys are too common to
follow. A signal is matched by identifiers and, where these do not decide, by the weight of what
is alike; nothing is written. Matching runs in a process of its own, whose memory is measured.
Beside the time on the clock stands that of the processor, which other programs do not disturb.
"""

from __future__ import annotations

import json
import math
import resource
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from time import perf_counter, thread_time
from typing import TypeVar

import splink_peer
from recording import asked_for_full, quantile, record

from leadfit import policy as policies
from leadfit import resolve
from leadfit.pipeline.case import Desk, InForce
from leadfit.pipeline.matching import find
from leadfit.records import Account, Contact, Identifiers, Kind, Match, Signal
from leadfit.resolve.model.starter import starter_card
from leadfit.store import Session, SqliteStore
from leadfit.world import SystemWorld, seeded

T = TypeVar("T")

SECRET = b"benchmark secret"
EXACT_P95_MS = 2.0
WHOLE_P95_MS = 5.0
MEMORY_GIB = 1.5
CHUNK = 5_000
FORMS = ("Inc", "LLC", "GmbH", "Ltd", "Corp", "", "SA", "B.V.")
SYLLABLES = ("ka", "lo", "mi", "ra", "ten", "vor", "sil", "dan", "qui", "pre", "zan", "tor", "bel")
TRADES = ("systems", "group", "bank", "services", "energy", "software", "health", "logistics")


def word(number: int) -> str:
    """Return the made-up word with this number."""
    parts = []
    while True:
        number, rest = divmod(number, len(SYLLABLES))
        parts.append(SYLLABLES[rest])
        if number == 0:
            return "".join(parts)
        number -= 1


class Names:
    """Draws words and names that are as unevenly common as real ones."""

    def __init__(self, size: int) -> None:
        self._random = seeded("resolve live", size)
        self._size = size

    def _rank(self, most: int) -> int:
        """Return a rank from 0 with a chance falling off as its reciprocal."""
        return int(math.exp(self._random.random() * math.log(most))) - 1

    def company(self) -> str:
        """Return a name of one or two words of its own, a trade and a legal form."""
        count = self._random.choice((1, 2, 2))
        own = [word(100 + self._rank(self._size)).title() for _ in range(count)]
        trade = [self._random.choice(TRADES).title()] if self._random.random() < 0.6 else []
        return " ".join((*own, *trade, self._random.choice(FORMS))).strip()

    def person(self) -> tuple[str, str]:
        """Return a first name and a surname."""
        return word(20 + self._rank(3_000)).title(), word(50 + self._rank(150_000)).title()


def accounts(size: int) -> Iterator[Account]:
    """Yield the accounts of the base, the same every time."""
    names = Names(size)
    for number in range(size):
        yield Account(
            account_id=f"acc-{number}",
            name=names.company(),
            domains=(f"firm{number}.com",) if number % 5 else (),
            country=("US", "DE", "GB", "FR")[number % 4],
        )


def contacts(size: int) -> Iterator[Contact]:
    """Yield three contacts of each account."""
    names = Names(size + 1)
    for number in range(3 * size):
        first, last = names.person()
        yield Contact(
            contact_id=f"con-{number}",
            account_id=f"acc-{number // 3}",
            email=f"{first}.{last}.{number}@firm{number // 3}.com".lower(),
            first_name=first,
            last_name=last,
            phone=f"+1 {(212, 415, 312, 617)[number % 4]} {2_000_001 + number * 7 % 7_900_000}",
        )


def build(path: Path, size: int) -> float:
    """Write the base; return the seconds it took."""
    began = perf_counter()
    store = SqliteStore(path, secret=SECRET, world=SystemWorld())
    for some in _chunks(accounts(size)):
        store.write(partial(_add_accounts, some))
    for others in _chunks(contacts(size)):
        keyed = [(each, resolve.email_key(each.email)) for each in others]
        store.write(partial(_add_contacts, keyed))
    store.close()
    return perf_counter() - began


def _add_accounts(some: Sequence[Account], session: Session) -> None:
    session.accounts.add_accounts(some)


def _add_contacts(some: Sequence[tuple[Contact, str | None]], session: Session) -> None:
    session.accounts.add_contacts(some)


def _chunks(items: Iterable[T]) -> Iterator[list[T]]:
    chunk: list[T] = []
    for item in items:
        chunk.append(item)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


KINDS = ("known address", "own domain", "name in another form", "name with a slip", "free mail",
         "common words", "unknown")  # fmt: skip


def signals(size: int, count: int) -> Iterator[tuple[str, str | None, Signal]]:
    """Yield signals with the kind of each and the account it is truly of."""
    world = SystemWorld()
    random = seeded("resolve live signals", size)
    known = list(accounts(size)) if size <= 50_000 else None
    picked = sorted(random.sample(range(size), count))
    wanted = set(picked)
    chosen = (
        {n: known[n] for n in picked}
        if known is not None
        else {n: each for n, each in enumerate(accounts(size)) if n in wanted}
    )
    people = _people(size, wanted)
    for at, number in enumerate(picked):
        kind = KINDS[at % len(KINDS)]
        account, person = chosen[number], people[number]
        now = world.now()
        yield kind, _truth(kind, account), Signal(
            signal_id=f"s{at}", source="bench", event_id=f"e{at}", kind=Kind.DEMO_REQUEST,
            at=now, received_at=now, identifiers=_said(kind, account, person, at),
        )  # fmt: skip


def _people(size: int, wanted: set[int]) -> dict[int, Contact]:
    found: dict[int, Contact] = {}
    for number, each in enumerate(contacts(size)):
        if number % 3 == 0 and number // 3 in wanted:
            found[number // 3] = each
    return found


def _truth(kind: str, account: Account) -> str | None:
    return None if kind in {"common words", "unknown"} else account.account_id


def _said(kind: str, account: Account, person: Contact, at: int) -> Identifiers:
    bare = " ".join(account.name.split()[:-1]) or account.name
    host = account.domains[0] if account.domains else f"new{at}.com"
    by_kind = {
        "known address": Identifiers(email=person.email, company=account.name),
        "own domain": Identifiers(email=f"somebody.new@{host}", company=bare),
        "name in another form": Identifiers(company=f"{bare.upper()}, L.L.C."),
        "name with a slip": Identifiers(company=bare[:2] + bare[3:], first_name="Jo"),
        "free mail": Identifiers(email=f"x{at}@gmail.com", company=bare),
        "common words": Identifiers(company="Bank Group Services"),
        "unknown": Identifiers(email=f"a@nobody{at}.com", company=f"Nobody Number {at}"),
    }
    return by_kind[kind]


def match(path: Path, size: int, count: int) -> dict[str, object]:
    """Match signals one by one; return latencies and where they ended."""
    store = SqliteStore(path, secret=SECRET, world=SystemWorld())
    rules = InForce(policy=policies.load_starter(), card=starter_card())
    took: dict[str, list[float]] = defaultdict(list)
    exact: list[float] = []
    cpu: list[float] = []
    ended: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for kind, truth, signal in signals(size, count):
        began, busy = perf_counter(), thread_time()
        found = store.read(partial(_match, rules, signal))
        cpu.append((thread_time() - busy) * 1000)
        took[kind].append((perf_counter() - began) * 1000)
        if found.method in {"exact", "domain"}:
            exact.append(took[kind][-1])
        ended[kind][_end(found, truth)] += 1
    store.close()
    every = [each for some in took.values() for each in some]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {
        "whole_ms": _quantiles(every),
        "whole_cpu_ms": _quantiles(cpu),
        "exact_ms": _quantiles(exact),
        "by_kind_ms": {kind: _quantiles(some) for kind, some in took.items()},
        "ended": {kind: dict(some) for kind, some in ended.items()},
        "memory_gib": round(peak, 2),
    }


def _match(rules: InForce, signal: Signal, session: Session) -> Match:
    desk = Desk(world=SystemWorld(), session=session, in_force=rules, now=signal.at)
    return find(desk, signal).match


def _end(found: Match, truth: str | None) -> str:
    """Return where a signal ended, and whether the account that was named is the true one."""
    named = found.account_id or found.possible_account_id
    if named is None:
        return f"{found.band.value}: nobody named"
    return f"{found.band.value}: {'true' if named == truth else 'another'} account named"


def _quantiles(values: Sequence[float]) -> dict[str, float]:
    return {
        f"p{int(100 * share)}": round(quantile(values, share), 3) for share in (0.5, 0.95, 0.99)
    } | {"signals": len(values)}


def main() -> None:
    """Build the base, match in a process of its own, and measure Splink alone beside it."""
    if len(sys.argv) > 1 and sys.argv[1] == "match":
        path, size, count = Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
        print(json.dumps(match(path, size, count)))
        return
    full = asked_for_full(__doc__)
    size, count = (1_000_000, 14_000) if full else (20_000, 2_100)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "base.sqlite3"
        seconds = build(path, size)
        print(f"built in {seconds:.0f} s", file=sys.stderr)
        megabytes = round(path.stat().st_size / 2**20)
        ran = subprocess.run(
            [sys.executable, __file__, "match", str(path), str(size), str(count)],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
    found = json.loads(ran.stdout)
    whole, exact = found["whole_ms"]["p95"], found["exact_ms"]["p95"]
    peer = splink_peer.measure(list(accounts(100_000 if full else 20_000)), count=20)
    record(
        "resolve_live",
        {
            "accounts": size, "contacts": 3 * size, "build_s": round(seconds, 1),
            "store_mb": megabytes, **found, "splink_alone": peer,
            "targets": {
                "whole p95 <= 5 ms": whole <= WHOLE_P95_MS,
                "exact p95 <= 2 ms": exact <= EXACT_P95_MS,
                "memory <= 1.5 GiB": found["memory_gib"] <= MEMORY_GIB,
            },
        },
        full=full,
    )  # fmt: skip


if __name__ == "__main__":
    main()
