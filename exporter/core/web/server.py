"""The HTTP server of both programs: small, bounded, and never in the way of what it reports.

One thread runs one asyncio event loop; handlers are called on it and return bytes that are ready. See
docs/adr/0002-http-server.md for what it was chosen over.
"""

import asyncio
import contextlib
import functools
import logging
import socket
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from exporter.core.html import style_sheet
from exporter.core.logs import SERVER_THREAD
from exporter.core.web.acceptor import Acceptor
from exporter.core.web.connection import Connection, Hub, Limits
from exporter.core.web.descriptors import room_for
from exporter.core.web.listen_address import ListenError, base_url, is_loopback, listen
from exporter.core.web.site import Handler, Request, Response, Site

if TYPE_CHECKING:
    from exporter.core.web.protection import Protection
    from exporter.core.web.refusal import Refusal
    from exporter.core.web.validity import Validity
    from exporter.core.web.web_config import WebConfig

__all__ = ["Handler", "ListenError", "Request", "Response", "Server"]

STOP_SECONDS = 1.0
"""Seconds that what is in flight may take when the server stops."""

logger = logging.getLogger(__name__)

_Sites = Sequence[tuple[socket.socket, Site]]


class Server:
    """HTTP server that binds its addresses at once, and serves routes there from its own thread once started.

    A handler runs on the event loop's thread, one at a time; it should return within milliseconds. At most
    `max_requests` requests are between their complete head and the last byte handed to the kernel; others get 503.
    `limits`, if given, replaces that number and the other bounds.
    """

    def __init__(
        self,
        *,
        addresses: Sequence[str],
        web_config: "WebConfig | None",
        max_requests: int,
        limits: Limits | None = None,
        passed: Sequence[socket.socket] = (),
    ) -> None:
        """Bind the addresses, and take over sockets that listen already; clients that connect before `start` wait.

        Raises ListenError where one of them cannot be listened on.
        """
        with contextlib.ExitStack() as opened:
            self._listeners = [opened.enter_context(listen(address)) for address in addresses]
            self._protection = _protection(web_config)
            opened.pop_all()
        self._listeners += passed
        scheme = "https" if web_config is not None and web_config.tls else "http"
        self._urls = tuple(base_url(listener, scheme) for listener in self._listeners)
        self._limits = limits or Limits(requests=max_requests)
        self._thread: threading.Thread | None = None

    @property
    def certificate(self) -> "Validity | None":
        """The validity of the certificate in force; None without TLS."""
        return None if self._protection is None else self._protection.validity

    @property
    def refused_logins(self) -> "Mapping[Refusal, int]":
        """Logins that were refused since the start, by reason; empty where nobody is asked for one."""
        return {} if self._protection is None else self._protection.refused_logins

    @property
    def url(self) -> str:
        """The base URL of the first address on this machine, such as `http://127.0.0.1:10110`."""
        return self._urls[0]

    @property
    def urls(self) -> tuple[str, ...]:
        """The base URL of each address."""
        return self._urls

    def start(self, routes: Mapping[str, Handler]) -> None:
        """Serve `routes` (path to handler)."""
        style_sheet()  # kept from here on: an upgrade may replace its file before the first page
        sites = [(one, Site(routes=routes, loopback_only=is_loopback(one))) for one in self._listeners]
        runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        loop, stopping = runner.get_loop(), asyncio.Event()
        limits = replace(self._limits, connections=room_for(self._limits.connections))
        if limits.connections < self._limits.connections:
            logger.warning("at most %d connections at once: the limit on open files is low", limits.connections)
        loop.set_exception_handler(_report)
        hub = Hub(protection=self._protection, limits=limits)
        self._request_stop = functools.partial(loop.call_soon_threadsafe, stopping.set)
        self._thread = threading.Thread(
            target=_run, args=(runner, hub, sites, stopping), name=SERVER_THREAD, daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Close the addresses at once, let what is in flight end within a second, and return when all is closed."""
        if self._thread is not None:
            self._request_stop()
            self._thread.join()
            self._thread = None
        for listener in self._listeners:
            listener.close()


def _protection(web_config: "WebConfig | None") -> "Protection | None":
    if web_config is None:
        return None
    from exporter.core.web.protection import Protection  # noqa: PLC0415 - what is off is not loaded

    return Protection(web_config)


def _run(runner: asyncio.Runner, hub: Hub, sites: _Sites, stopping: asyncio.Event) -> None:
    with runner:
        runner.run(_serve(hub, sites, stopping))


async def _serve(hub: Hub, sites: _Sites, stopping: asyncio.Event) -> None:
    """Accept and answer until `stopping` is set."""
    loop = asyncio.get_running_loop()
    acceptors = [Acceptor(listener, functools.partial(Connection, hub, site)) for listener, site in sites]
    await stopping.wait()
    hub.stopping = True
    for acceptor in acceptors:
        await acceptor.close()
    if hub.protection is not None:
        hub.protection.close()
    for connection in list(hub.connections):
        connection.finish()
    deadline = loop.time() + STOP_SECONDS
    while hub.connections and loop.time() < deadline:
        await asyncio.sleep(0.01)
    for connection in list(hub.connections):
        connection.drop()
    # The transports close their sockets in the next turn of the loop.
    await asyncio.sleep(0)


def _report(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log what a callback raised, without the socket addresses that asyncio would add."""
    logger.error("%s", context["message"], exc_info=context.get("exception"))
