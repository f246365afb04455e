"""Serves a workspace on this machine until it is told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import resource
import signal
import socket
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Final

import h11
import uvicorn
from litestar.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from leadfit.app import Leadfit
from leadfit.errors import BadInput, Fault, Retryable
from leadfit.log import logger
from leadfit.web.app import create_app
from leadfit.web.guard import is_loopback
from leadfit.web.site import Site

_LOG = logger("web")

# When slow clients are closed and a stop ends: promised (docs/promises.md), and a matter of safety.
HEADER_DEADLINE_S: Final = 10.0
UNREAD_S: Final = 20.0
IDLE_S: Final = 10
FINISH_S: Final = 6
GIVE_UP_S: Final = 8.0
WAITING_CONNECTIONS: Final = 512
_FILES: Final = 16_384
STOPS: Final = (signal.SIGTERM, signal.SIGINT)


class PortTaken(Retryable):
    """The port to listen on cannot be had.

    Attributes:
        port: The port.
    """

    code = "port_taken"

    def __init__(self, host: str, port: int) -> None:
        self.port = port
        super().__init__(
            f"cannot listen on {host}:{port}; another program may hold the port: choose another "
            "with --port"
        )


class PunctualProtocol(H11Protocol):
    """HTTP that closes a connection on which a request head does not come in time.

    One whose other side does not read what it asked for is closed, too.
    """

    head_deadline_s = HEADER_DEADLINE_S
    unread_s = UNREAD_S
    _head_due: asyncio.TimerHandle | None = None
    _read_due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn asks for the same
        """Start the deadline of the first head with the connection."""
        super().connection_made(transport)
        self._expect_head()

    def data_received(self, data: bytes) -> None:
        """Start the deadline of a later head with its first bytes; end it with its last."""
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._drop_deadline()
        elif self._head_due is None:
            self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the deadline with the connection."""
        self._drop_deadline()
        self._drop_read_deadline()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Start the deadline of a reader that has let too much pile up."""
        super().pause_writing()
        self._drop_read_deadline()
        self._read_due = self.loop.call_later(self.unread_s, self._close)

    def resume_writing(self) -> None:
        """End it: what had piled up was read."""
        self._drop_read_deadline()
        super().resume_writing()

    def _expect_head(self) -> None:
        self._head_due = self.loop.call_later(self.head_deadline_s, self._close)

    def _drop_deadline(self) -> None:
        if self._head_due is not None:
            self._head_due.cancel()
            self._head_due = None

    def _drop_read_deadline(self) -> None:
        if self._read_due is not None:
            self._read_due.cancel()
            self._read_due = None

    def _close(self) -> None:
        if not self.transport.is_closing():
            self.transport.abort()


class Server(uvicorn.Server):
    """A server that ends within ten seconds of being told, whatever is still attached.

    It does not raise the signal again when it has ended, so that the caller closes the store.
    """

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Finish what is under way, then cut what is left."""
        late = threading.Timer(GIVE_UP_S, self._give_up)
        late.daemon = True
        late.start()
        try:
            await super().shutdown(sockets)
        finally:
            late.cancel()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop on SIGTERM and SIGINT while the server runs; only the main thread may listen."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self._told) for number in STOPS}
        try:
            yield
        finally:
            for number, action in before.items():
                signal.signal(number, action)

    def _told(self, number: int, frame: FrameType | None) -> None:
        self.handle_exit(number, frame)

    def _give_up(self) -> None:
        self.force_exit = True


def serve(
    leadfit: Leadfit, host: str = "127.0.0.1", port: int = 8321, *, public_url: str | None = None
) -> None:
    """Serve ``leadfit`` until SIGTERM or SIGINT; its jobs run while it serves.

    Args:
        leadfit: The open workspace; the caller closes it.
        host: A loopback address. Nobody signs in yet, so no other machine may reach the pages.
        port: The port; 0 takes a free one.
        public_url: Where vendors reach the hooks through a proxy.

    Raises:
        BadInput: ``host`` can be reached from another machine.
        PortTaken: The port cannot be had.
    """
    if not is_loopback(host):
        raise BadInput(
            Fault(
                place="host",
                came=repr(host),
                allowed="127.0.0.1, ::1 or localhost: nobody signs in to the pages, so they are "
                "for this machine only",
            )
        )
    _allow_connections()
    site = Site(leadfit, public_url=public_url)
    for told in leadfit.hooks.check():
        _LOG.warning("server.hook", reason=told)
    listening = _listen(host, port)
    server = Server(_config(create_app(leadfit, site=site)))
    leadfit.start()
    # What is loaded by now stays: the collector need not look through it again and again.
    gc.collect()
    gc.freeze()
    _LOG.info("server.starting", host=host, port=listening.getsockname()[1])
    try:
        server.run(sockets=[listening])
    finally:
        # What is frozen is not freed when the process ends, and some libraries count it as lost.
        gc.unfreeze()
        site.close()
        listening.close()
        _LOG.info("server.stopped")


def _config(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=PunctualProtocol,
        loop="asyncio",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=IDLE_S,
        timeout_graceful_shutdown=FINISH_S,
        h11_max_incomplete_event_size=32_768,
    )


def _allow_connections() -> None:
    """Take as many open files as the system lets us: every connection is one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens, before anything else is started.

    Raises:
        PortTaken: The port cannot be had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio turns off Nagle's delay only where the protocol is named; without it every answer
    # waits 40 ms for the other side's acknowledgement.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(WAITING_CONNECTIONS)
    except OSError as error:
        listening.close()
        raise PortTaken(host, port) from error
    return listening
