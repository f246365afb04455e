"""Finds and reaches receivers within a time, however long the system's resolver takes.

The resolver of the system has no time limit and cannot be interrupted. So it is asked in a thread
of its own, whose answer is dropped when it comes too late.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Final

from leadfit.connectors.base import NotReached
from leadfit.world import World

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver = Callable[[str, int], Sequence[str]]
"""Gives the addresses of a host and port as texts.

Raises:
    OSError: There is no such name, or nobody knows.
"""

MOST_LOOKUPS: Final = 4
"""Lookups of one name that may be under way: what a resolver that hangs can hold of threads. Not a
number of the business: a lookup takes milliseconds, or the name cannot be reached anyway."""


def system_resolver(host: str, port: int) -> Sequence[str]:
    """Ask the resolver of the system."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(each[4][0]) for each in found]


class Names:
    """The names of receivers. Safe to use from any thread.

    Args:
        world: Time.
        resolver: Who is asked for a name; never for an address.

    >>> from leadfit.world import SystemWorld
    >>> Names(SystemWorld()).find("127.0.0.1", 443, 1.0)
    (IPv4Address('127.0.0.1'),)
    """

    def __init__(self, world: World, resolver: Resolver = system_resolver) -> None:
        self._world = world
        self._resolver = resolver
        self._lock = threading.Lock()
        self._free: defaultdict[str, threading.Semaphore] = defaultdict(
            lambda: threading.Semaphore(MOST_LOOKUPS)
        )

    def find(self, host: str, port: int, within_s: float) -> tuple[Address, ...]:
        """Return the addresses of a host, each once, in the order the resolver gives them.

        Args:
            host: A name or an address.
            port: The port that is wanted there.
            within_s: Seconds for all of it.

        Raises:
            NotReached: The name was not found, or not in time.
        """
        try:
            return (ipaddress.ip_address(host),)
        except ValueError:
            pass  # a name
        with self._lock:
            free = self._free[host]
        due_s = self._world.monotonic_s() + within_s
        asked = _Asked(partial(self._resolver, host, port))
        if not free.acquire(timeout=within_s):
            raise NotReached("the name of the receiver was not found in time")
        asked.begin(host, then=free.release)
        if not asked.done.wait(max(0.0, due_s - self._world.monotonic_s())):
            raise NotReached("the name of the receiver was not found in time")
        if asked.error is not None:
            kind = type(asked.error).__name__
            raise NotReached(f"the name of the receiver was not found: {kind}") from asked.error
        return addresses(asked.found)


def addresses(texts: Iterable[str]) -> tuple[Address, ...]:
    """Return addresses, each once, without the name of the interface that may follow ``%``.

    >>> addresses(["10.0.0.1", "fe80::1%eth0", "10.0.0.1"])
    (IPv4Address('10.0.0.1'), IPv6Address('fe80::1'))
    """
    return tuple(dict.fromkeys(ipaddress.ip_address(each.split("%")[0]) for each in texts))


def open_any(found: Sequence[Address], port: int, left_s: Callable[[], float]) -> socket.socket:
    """Return a connection to the first address that answers.

    Args:
        found: The addresses of a host.
        port: The port there.
        left_s: Seconds that are left for all of it.

    Raises:
        NotReached: None of them answers.
    """
    last: OSError | None = None
    for behind, address in zip(range(len(found), 0, -1), found, strict=True):
        # One that does not answer leaves time for those behind it.
        share_s = left_s() / behind
        try:
            opened = socket.create_connection((str(address), port), timeout=share_s)
        except OSError as error:
            last = error
            continue
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return opened
    raise NotReached(f"nobody answers there: {type(last).__name__}") from last


class _Asked:
    """One lookup, in a thread that nobody waits for when its time is over."""

    def __init__(self, look_up: Callable[[], Sequence[str]]) -> None:
        self.found: Sequence[str] = ()
        self.error: Exception | None = None
        self.done = threading.Event()
        self._look_up = look_up

    def begin(self, host: str, then: Callable[[], None]) -> None:
        """Ask in a thread; ``then`` is called when there is an answer, however late."""
        name = f"leadfit-look-up-{host}"
        try:
            threading.Thread(target=self._ask, args=(then,), name=name, daemon=True).start()
        except RuntimeError as error:
            then()
            raise NotReached("no thread to look up the name of the receiver") from error

    def _ask(self, then: Callable[[], None]) -> None:
        try:
            self.found = self._look_up()
        except (OSError, ValueError, OverflowError) as error:
            self.error = error
        finally:
            then()
            self.done.set()
