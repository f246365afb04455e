"""What every route works with: the workspace, the threads, the counters."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any, Final, TypeVar

from litestar import Request
from litestar.datastructures import State

from leadfit.app import Leadfit
from leadfit.web.buckets import Buckets
from leadfit.web.metrics import Metrics
from leadfit.web.problems import Problem, overloaded

T = TypeVar("T")
Asked = Request[Any, Any, State]

# What a server holds at once: limits of safety, measured in docs/performance.md.
WAITING_AT_MOST: Final = 512
WAITING_AT_MOST_A_KEY: Final = 256
BYTES_AT_MOST: Final = 16 * 1_048_576
THREADS: Final = 64
LONGEST_KEY: Final = 256
SCOPES_FOR: Final[dict[str, frozenset[str]]] = {
    "ingest": frozenset({"ingest", "admin"}),
    "read": frozenset({"read", "ops", "admin"}),
    "status": frozenset({"ingest", "read", "ops", "admin"}),
    "ops": frozenset({"ops", "admin"}),
}


class Room:
    """The place of one post that is under way, with the bytes of its body.

    A body that dawdles holds its bytes and no place: whoever has sent all goes first.
    """

    def __init__(self, site: Site, key: str) -> None:
        self._site = site
        self._key = key
        self.held = 0
        self.has_begun = False

    def begin(self) -> None:
        """Take the place, once the body is there.

        Raises:
            Problem: 503 when all places are taken, 429 when this key holds its share.
        """
        self._site.take_place(self._key)
        self.has_begun = True

    def hold(self, count: int) -> None:
        """Hold more bytes until the post is answered.

        Raises:
            Problem: 503 when the server holds too many.
        """
        self._site.add_bytes(count)
        self.held += count


class Site:
    """A workspace that is served.

    Args:
        leadfit: The open workspace.
        body_deadline_s: Seconds in which a body must have come.
        waiting_at_most: Posts that may be under way at once; more are answered 503.
        waiting_at_most_a_key: Of those, posts of one key or hook.
        bytes_at_most: Bytes of bodies that may be held at once; more are answered 503.
        public_url: Where vendors reach the server through a proxy.
    """

    def __init__(
        self,
        leadfit: Leadfit,
        *,
        body_deadline_s: float = 20.0,
        waiting_at_most: int = WAITING_AT_MOST,
        waiting_at_most_a_key: int = WAITING_AT_MOST_A_KEY,
        bytes_at_most: int = BYTES_AT_MOST,
        public_url: str | None = None,
    ) -> None:
        self.leadfit = leadfit
        self.public_url = public_url
        self.body_deadline_s = body_deadline_s
        self.metrics = Metrics()
        self._waiting_at_most = waiting_at_most
        self._waiting_at_most_a_key = waiting_at_most_a_key
        self._waiting: Counter[str] = Counter()
        self._bytes_at_most = bytes_at_most
        self._bytes = 0
        self._buckets = Buckets()
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="web")

    async def run(self, call: Callable[[], T]) -> T:
        """Run a call that waits for the store in a thread, so that the loop stays free."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)

    async def look(self, call: Callable[[], T]) -> T:
        """Run a call that takes a look into the store: here, unless another machine is asked.

        A way through a thread takes ten times as long as a look into a page that is in memory.
        """
        return call() if self.leadfit.keys.are_near else await self.run(call)

    @staticmethod
    async def until(begun: Future[T]) -> None:
        """Wait until the store has ended a piece of work, well or not, without a thread for it."""
        loop = asyncio.get_running_loop()
        ended: asyncio.Event = asyncio.Event()

        def tell(_end: Future[T]) -> None:
            # The server may have ended in the meantime, and nobody waits any more.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(ended.set)

        begun.add_done_callback(tell)
        await ended.wait()

    @contextmanager
    def room_for(self, key: str) -> Iterator[Room]:
        """Give a post room for its body, and a place for its work; let go of both in the end.

        Raises:
            Problem: 503 when all places are taken, 429 when this key holds its share.
        """
        self._check_places(key)
        room = Room(self, key)
        try:
            yield room
        finally:
            self.add_bytes(-room.held)
            if room.has_begun:
                self._waiting[key] -= 1
                if not self._waiting[key]:
                    del self._waiting[key]

    def take_place(self, key: str) -> None:
        """Take one of the places for posts under way.

        Raises:
            Problem: 503 when all places are taken, 429 when this key holds its share.
        """
        self._check_places(key)
        self._waiting[key] += 1

    def _check_places(self, key: str) -> None:
        if self._waiting.total() >= self._waiting_at_most:
            raise overloaded(503, "overloaded", "too many requests are under way; try again later")
        if self._waiting[key] >= self._waiting_at_most_a_key:
            raise overloaded(429, "too_many_requests", "this key has too many requests under way")

    def add_bytes(self, count: int) -> None:
        """Count bytes of bodies that are held, or with a negative number those let go.

        Raises:
            Problem: 503 when too many are held already.
        """
        if count > 0 and self._bytes + count > self._bytes_at_most:
            raise overloaded(503, "overloaded", "too many bodies are under way; try again later")
        self._bytes += count

    def take(self, name: str, signals: int, *, per_second: float, burst: int) -> None:
        """Take signals from the bucket of a key or a hook.

        Raises:
            Problem: 429 with the seconds after which they would be there.
        """
        now_s = self.leadfit.world.monotonic_s()
        wait_s = self._buckets.wait_s(
            name, signals, per_second=per_second, burst=burst, now_s=now_s
        )
        if wait_s > 0:
            words = f"more than {per_second:g} a second, {burst} at once"
            raise overloaded(429, "too_many_requests", words, wait_s)

    @property
    def under_way(self) -> int:
        """Posts that are under way."""
        return self._waiting.total()

    def close(self) -> None:
        """Let the threads end."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def site_of(request: Asked) -> Site:
    """Return the site a request came to."""
    site = request.app.state["site"]
    if not isinstance(site, Site):
        raise TypeError("the app was not made by create_app")
    return site


def named(request: Asked, parameter: str) -> str:
    """Return the id that stands in the path of a request."""
    return str(request.path_params[parameter])


async def authorised(request: Asked, need: str) -> str:
    """Return the key of a request after its scope was found to be enough.

    Raises:
        Problem: 401 without a known key, 403 with one of another scope.
    """
    header = request.headers.get("authorization", "")
    kind, _, key = header.partition(" ")
    key = key.strip()
    if kind.lower() != "bearer" or not key:
        raise _unknown("send a key: Authorization: Bearer KEY; leadfit key create makes one")
    return await permitted(site_of(request), key, need)


async def permitted(site: Site, key: str, need: str) -> str:
    """Return a key after its scope was found to be enough.

    Raises:
        Problem: 401 without a known key, 403 with one of another scope.
    """
    scope = None
    if len(key) <= LONGEST_KEY:
        # At every request, so that a key that is taken away is refused at once.
        scope = await site.look(lambda: site.leadfit.keys.scope(key))
    if scope is None:
        site.metrics.refused_key("unknown")
        raise _unknown("this key is not known", 'Bearer error="invalid_token"')
    if scope not in SCOPES_FOR[need]:
        site.metrics.refused_key("scope")
        allowed = " or ".join(sorted(SCOPES_FOR[need]))
        raise Problem(
            403,
            "wrong_scope",
            f"this key has the scope {scope}; allowed: {allowed}",
            headers={"WWW-Authenticate": 'Bearer error="insufficient_scope"'},
        )
    return key


def _unknown(detail: str, challenge: str = "Bearer") -> Problem:
    return Problem(401, "no_key", detail, headers={"WWW-Authenticate": challenge})
