"""Accepting clients: one in each turn of the event loop, with a pause where the system has no room for more."""

import asyncio
import logging
import socket
from collections.abc import Callable

PAUSE_SECONDS = 1.0
"""Time without a look at waiting clients after the system refused one, for want of descriptors or memory."""

logger = logging.getLogger(__name__)


class Acceptor:
    """Acceptor of clients from a listening socket, for use inside one event loop.

    asyncio's own server accepts a whole backlog in a turn before it sets up the first client: hundreds are then open
    beyond any limit on connections. Where descriptors run out, it tries and logs each of them.
    """

    def __init__(self, listener: socket.socket, protocol: Callable[[], asyncio.BaseProtocol]) -> None:
        """Begin to accept; each client gets a `protocol` of its own."""
        self._listener = listener
        self._protocol = protocol
        self._loop = asyncio.get_running_loop()
        self._pause: asyncio.TimerHandle | None = None
        self._connecting: set[asyncio.Task[None]] = set()
        listener.setblocking(False)  # noqa: FBT003 - the standard library's signature
        self._resume()

    async def close(self) -> None:
        """Stop accepting, close the address, and return when every accepted client has its protocol."""
        if self._pause is not None:
            self._pause.cancel()
        self._loop.remove_reader(self._listener)
        self._listener.close()
        if self._connecting:
            await asyncio.wait(self._connecting)

    def _resume(self) -> None:
        self._pause = None
        self._loop.add_reader(self._listener, self._accept)

    def _accept(self) -> None:
        try:
            client, _ = self._listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return
        except OSError as error:
            logger.warning("clients have to wait: %s", error.strerror)
            self._loop.remove_reader(self._listener)
            self._pause = self._loop.call_later(PAUSE_SECONDS, self._resume)
            return
        client.setblocking(False)  # noqa: FBT003 - the standard library's signature
        task = self._loop.create_task(self._connect(client))
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)

    async def _connect(self, client: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._protocol, client)
        except OSError as error:
            logger.warning("a client is not served: %s", error.strerror)
            client.close()
