"""The one way out over HTTP: addresses that are checked, a time and a size for every answer.

One connection a request: a kept one that the other side has closed would leave it unclear whether
the request arrived. No proxy, no redirect.
"""

from __future__ import annotations

import http.client
import io
import ipaddress
import json
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Final
from urllib.parse import urlsplit

from leadfit.connectors.addresses import Address, Names, Network, open_any
from leadfit.connectors.base import (
    NotAllowedIn,
    NotReached,
    NotTaken,
    OnHold,
    RecordRefused,
    Unclear,
    WronglySetUp,
)
from leadfit.world import World

# What a receiver may make us hold in memory, and wait: limits of safety, beyond any policy.
MOST_BYTES: Final = 1_048_576
_MOST_HEAD_BYTES: Final = 65_536
_LONGEST_WAIT_S: Final = 31 * 86_400.0
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """What a receiver answered.

    Attributes:
        headers: By name in lower case.
        retry_after_s: What it said of when to come back, in seconds.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    retry_after_s: float | None = None

    def json(self) -> object:
        """Return the body as JSON.

        Raises:
            Unclear: It is none.
        """
        try:
            found: object = json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise Unclear(f"status {self.status} with a body that is no JSON") from error
        return found


class Transport:
    """Sends requests to receivers. Safe to use from any thread.

    Args:
        world: Time.
        request_s: Seconds for the whole of a request and its answer.
        allowed: Networks that are not public and may be reached; over plain HTTP, too, where they
            are this machine's own.
        tls: Whom to trust; the system's authorities by default.
        names: Who is asked for names of hosts.
    """

    def __init__(
        self,
        world: World,
        *,
        request_s: Callable[[], float],
        allowed: Sequence[Network] = (),
        tls: ssl.SSLContext | None = None,
        names: Names | None = None,
    ) -> None:
        self._world = world
        self._request_s = request_s
        self._allowed = tuple(allowed)
        self._tls = tls or ssl.create_default_context()
        self._names = names or Names(world)

    def send(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes = b""
    ) -> HttpAnswer:
        """Send a request and return the whole answer, whatever its status.

        Raises:
            NotReached: No connection came about: nothing was sent.
            Unclear: It was sent, and no answer came in time, or none that can be used.
            WronglySetUp: The address may not be asked.
        """
        due_s = self._world.monotonic_s() + self._request_s()
        parts = urlsplit(url)
        connection = self._connect(parts.scheme, parts.hostname or "", parts.port, due_s)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        with _closing(connection):
            try:
                connection.sock.settimeout(self._left(due_s))
                connection.request(method, target, body=body, headers=dict(headers))
                with closing(_response(self._world, due_s, connection.sock, method)) as response:
                    return self._answer(response)
            except TimeoutError as error:
                raise Unclear("no whole answer in time") from error
            except (OSError, http.client.HTTPException, ValueError) as error:
                raise Unclear(f"the answer broke off: {type(error).__name__}") from error

    def _answer(self, response: http.client.HTTPResponse) -> HttpAnswer:
        # Not connection.getresponse(): of a receiver that closes after its answer it closes the
        # socket once the head is there, and a body that comes later is lost.
        response.begin()
        body = response.read(MOST_BYTES + 1)
        if len(body) > MOST_BYTES:
            words = f"status {response.status} with more than {MOST_BYTES} bytes"
            raise Unclear(words, status=response.status, is_too_large=True)
        if response.length:
            words = f"status {response.status} with a body that was cut short"
            raise Unclear(words, status=response.status)
        headers = {name.lower(): value for name, value in response.getheaders()}
        return HttpAnswer(
            status=response.status,
            headers=headers,
            body=body,
            retry_after_s=retry_after_s(headers.get("retry-after"), self._world.now()),
        )

    def _connect(
        self, scheme: str, host: str, port: int | None, due_s: float
    ) -> http.client.HTTPConnection:
        if scheme not in ("https", "http") or not host:
            raise WronglySetUp("the address is no https address")
        chosen = port or (443 if scheme == "https" else 80)
        addresses = self._resolve(host, chosen, due_s)
        if scheme == "http" and not all(each.is_loopback for each in addresses):
            raise WronglySetUp("plain http may be spoken to this machine only: use https")
        raw = open_any(addresses, chosen, partial(self._left, due_s))
        try:
            raw.settimeout(self._left(due_s))
            if scheme == "https":
                raw = self._tls.wrap_socket(raw, server_hostname=host)
        except (OSError, ValueError) as error:
            raw.close()
            raise NotReached(f"no secure connection: {type(error).__name__}") from error
        connection = http.client.HTTPConnection(host, chosen)
        connection.sock = raw
        return connection

    def _resolve(self, host: str, port: int, due_s: float) -> tuple[Address, ...]:
        """Look a name up once; every address it has must be one that may be reached."""
        addresses = self._names.find(host, port, self._left(due_s))
        if not addresses or not all(self._may_reach(each) for each in addresses):
            raise WronglySetUp(
                "the address leads into a network that is not public; `allow` in connectors.toml "
                "lets networks of your own in"
            )
        return addresses

    def _may_reach(self, address: Address) -> bool:
        real = _real(address)
        if any(real.version == each.version and real in each for each in self._allowed):
            return True
        return real.is_global and not real.is_multicast

    def _left(self, due_s: float) -> float:
        return max(0.001, due_s - self._world.monotonic_s())


def _real(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 address stands for, or the address itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.sixtofour or address


@contextmanager
def _closing(connection: http.client.HTTPConnection) -> Iterator[None]:
    try:
        yield
    finally:
        connection.close()


class _Punctual(io.RawIOBase):
    """Reads from a socket until a time, however slowly the bytes come."""

    def __init__(self, sock: socket.socket, world: World, due_s: float) -> None:
        self._sock = sock
        self._world = world
        self._due_s = due_s
        self._read = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # what BufferedReader gives
        left = self._due_s - self._world.monotonic_s()
        if left <= 0:
            raise TimeoutError
        self._sock.settimeout(left)
        number = self._sock.recv_into(buffer)
        self._read += number
        if self._read > MOST_BYTES + _MOST_HEAD_BYTES:
            raise http.client.HTTPException("too many bytes")
        return number


class _Reading:
    """As much of a socket as a response asks for."""

    def __init__(self, raw: _Punctual) -> None:
        self._raw = raw

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self._raw)


def _response(
    world: World, due_s: float, sock: socket.socket, method: str
) -> http.client.HTTPResponse:
    reading = _Reading(_Punctual(sock, world, due_s))
    return http.client.HTTPResponse(reading, method=method)  # type: ignore[arg-type]  # makefile is all it asks for


def retry_after_s(said: str | None, now: datetime) -> float | None:
    """Return the seconds of a ``Retry-After`` header, a number or a date; ``None`` for neither.

    A longer time than 31 days counts as that: some say the end of all time.

    >>> retry_after_s("7", datetime(2026, 1, 1, tzinfo=UTC))
    7.0
    """
    if said is None:
        return None
    text = said.strip()
    if text.isascii() and text.isdigit() and len(text) < 10:
        return min(float(text), _LONGEST_WAIT_S)
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    until = until.replace(tzinfo=UTC) if until.tzinfo is None else until
    return min(max(0.0, (until - now).total_seconds()), _LONGEST_WAIT_S)


def check(answer: HttpAnswer) -> HttpAnswer:
    """Return an answer of success; the rules that hold where a receiver has none of its own.

    Raises:
        NotTaken: It has too much to do.
        OnHold: Nothing more is taken for now.
        NotAllowedIn: It does not know us.
        WronglySetUp: What we ask for is not there or not ours to ask, also a redirect.
        RecordRefused: It will not take this.
        Unclear: It failed, perhaps after it did what it was asked.
    """
    status, words = answer.status, f"status {answer.status}"
    if 200 <= status < 300:
        return answer
    if status == 429:
        raise NotTaken(words, answer.retry_after_s)
    if status == 402:
        raise OnHold(f"{words}: nothing more is paid for", answer.retry_after_s)
    if status == 401:
        raise NotAllowedIn(f"{words}: the credential is not taken", answer.retry_after_s)
    if status in (403, 404, 405, 410, 426) or 300 <= status < 400:
        raise WronglySetUp(f"{words}: look at the address, its version and the rights of the key")
    if 400 <= status < 500 and status != 408:
        raise RecordRefused(f"{words}: refused")
    raise Unclear(words, answer.retry_after_s)


def packed(body: object) -> bytes:
    """Return a body as JSON in UTF-8."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
