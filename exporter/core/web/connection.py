"""One client connection: bytes in, requests through the site, bytes out; every wait is bounded."""

import asyncio
import contextlib
import enum
import functools
import logging
import ssl
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

import h11

from exporter.core.web.client_network import network_of
from exporter.core.web.error_page import readable
from exporter.core.web.site import SECURITY_HEADERS, Request, Response, Site, text

if TYPE_CHECKING:
    from exporter.core.web.authentication import Verdict
    from exporter.core.web.protection import Protection
    from exporter.core.web.tls_stream import TlsStream

MAX_HEAD_BYTES = 16 * 1024

_HTTP_ON_TLS = b"HTTP/1.0 400 Bad Request\r\nConnection: close\r\n\r\nThis port expects TLS: use https.\n"

# A client's fault is logged at debug level, with nothing that a client sent.
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits on what clients may take of the server.

    `requests` may be in flight, and `connections` open, at once; fewer where the limit on open files is low.
    `head_seconds` run from accept, or from the first byte of a later request, to a complete head; a TLS handshake is
    part of them. `idle_seconds` is for a connection between requests (Prometheus comes back every 15 to 60).
    `response_seconds` is for a check of credentials and for a client to read its response, `linger_seconds` for it to
    read a last answer and close before it is cut off. Where all of `requests` are in flight, a client of another
    network than that with most of them has the place of its oldest, and any client that of one that was not read for
    `unread_seconds`.
    """

    requests: int
    connections: int = 256
    head_seconds: float = 10.0
    idle_seconds: float = 75.0
    response_seconds: float = 10.0
    linger_seconds: float = 1.0
    unread_seconds: float = 2.0


class Phase(enum.IntEnum):
    """Phase of a connection, by what it waits for. Where room is needed, the lowest go first."""

    CLOSING = 0
    HEAD = 1
    IDLE = 2
    AUTHENTICATING = 3
    SENDING = 4


class Hub:
    """State that the connections of one server share: the limits, and the open connections."""

    def __init__(self, *, protection: "Protection | None", limits: Limits) -> None:
        self.protection = protection
        self.limits = limits
        # Those whose answers are in flight, the oldest first.
        self.in_flight: dict[Connection, float] = {}
        self.connections: dict[Connection, None] = {}
        self.stopping = False
        # Filled and emptied within one callback, so that no connection needs a read buffer of its own.
        self.buffer = memoryview(bytearray(MAX_HEAD_BYTES))

    def admit(self, connection: "Connection") -> None:
        """Admit a connection. Where there is no room, drop the oldest half-open one, else the oldest idle one."""
        if len(self.connections) >= self.limits.connections:
            logger.debug("too many connections: dropped the oldest")
            min(self.connections, key=lambda other: other.phase).drop()
        self.connections[connection] = None

    def has_slot_for(self, connection: "Connection", now: float) -> bool:
        """Tell whether a request can be answered; where slots are scarce, cut off an answer that nobody reads."""
        if len(self.in_flight) < self.limits.requests:
            return True
        held = Counter(other.network for other in self.in_flight)
        greediest, most = held.most_common(1)[0]
        oldest = next(iter(self.in_flight))
        if held[connection.network] + 1 < most:
            oldest = next(other for other in self.in_flight if other.network == greediest)
        elif now - self.in_flight[oldest] < self.limits.unread_seconds:
            return False
        logger.debug("an answer was not read while others waited, and was cut off")
        oldest.drop()
        return True


class Connection(asyncio.BufferedProtocol):
    """HTTP/1.1 on one socket: requests one after the other, each answered by one write."""

    _transport: asyncio.Transport
    _timer: asyncio.TimerHandle

    def __init__(self, hub: Hub, site: Site) -> None:
        self.phase = Phase.HEAD
        self._hub = hub
        self._site = site
        self._loop = asyncio.get_running_loop()
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_HEAD_BYTES)
        # Before there is a transport: one whose TLS cannot be set up must not be served without.
        self._tls = None if hub.protection is None else hub.protection.stream()
        self.network = b""
        self._head_only = False
        self._peer_ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the connection; the clock for the first head runs from here."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - narrows the type; TCP transports are
        self._transport = transport
        self.network = network_of(str((transport.get_extra_info("peername") or ("",))[0]))
        # With no buffer allowed, "writing may resume" means that the kernel has everything.
        transport.set_write_buffer_limits(high=0)
        self._timer = self._loop.call_later(self._hub.limits.head_seconds, self._time_is_up)
        self._hub.admit(self)

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - the event loop's signature
        """Return the buffer into which the event loop reads."""
        return self._hub.buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Process the bytes that were read."""
        if self.phase is Phase.CLOSING:
            return
        data = bytes(self._hub.buffer[:nbytes])
        if self._tls is not None:
            data = self._decrypt(self._tls, data)
        if data:
            self._http.receive_data(data)
            self._advance()

    def eof_received(self) -> bool:
        """Answer what the client asked before it closed its side; it may still be reading."""
        self._peer_ended = True
        if self.phase is Phase.CLOSING:
            return False
        self._http.receive_data(b"")
        self._advance()
        return True

    def resume_writing(self) -> None:
        """Go on once the kernel has all that was written."""
        if self.phase is Phase.SENDING:
            self._sent()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the event loop's signature
        """Forget the connection."""
        self.phase = Phase.CLOSING
        self._timer.cancel()
        self._release_slot()
        self._hub.connections.pop(self, None)
        # A transport of asyncio holds a method of its own, and would be kept until the next search for garbage.
        setattr(self._transport, "_read_ready_cb", None)  # noqa: B010 - not among the attributes of its type

    def drop(self) -> None:
        """Cut the connection off now."""
        self._hub.connections.pop(self, None)
        self._release_slot()
        self._transport.abort()

    def finish(self) -> None:
        """Close now, or after the response that is under way; the hub is stopping."""
        if self.phase is not Phase.SENDING:
            self._transport.close()

    def _advance(self) -> None:
        """Take the next request from what was received, if its head is complete."""
        if self.phase not in (Phase.HEAD, Phase.IDLE) or self._hub.stopping:
            return
        try:
            event = self._http.next_event()
            if isinstance(event, h11.Request):
                # An empty chunked body may be here already; what announces one is refused whenever it comes.
                announced = any(name == b"transfer-encoding" for name, _ in event.headers)
                has_body = not isinstance(self._http.next_event(), h11.EndOfMessage) or announced
                self._begin(event, has_body=has_body)
        except h11.RemoteProtocolError as error:
            logger.debug("a request was not well-formed")
            self._send(text(error.error_status_hint, HTTPStatus(error.error_status_hint).phrase), close=True)
            return
        if event is h11.NEED_DATA:
            self._await_more()
        elif isinstance(event, h11.ConnectionClosed):
            self._transport.close()

    def _await_more(self) -> None:
        if self.phase is Phase.IDLE and self._http.trailing_data[0]:
            self.phase = Phase.HEAD
            self._set_deadline(self._hub.limits.head_seconds)
        if not self._transport.is_reading():
            self._transport.resume_reading()

    def _begin(self, head: h11.Request, *, has_body: bool) -> None:
        """Answer a request, or start the check of its credentials."""
        request = _request(head)
        self._head_only = request.method == "HEAD"
        refusal = self._site.refuse(request)
        if refusal is not None:
            self._send(readable(request, refusal), close=has_body)
        elif _head_bytes(head) > MAX_HEAD_BYTES:
            self._send(text(431, "A request's head is limited to 16 KiB."), close=True)
        elif has_body:
            self._send(text(413, "Requests with a body are not accepted."), close=True)
        elif self._hub.protection is not None:
            self._authenticate(request, self._hub.protection)
        else:
            self._respond(request)

    def _authenticate(self, request: Request, protection: "Protection") -> None:
        peer = self._transport.get_extra_info("peername") or ("",)
        with self._failing_audibly(request):
            verdict = protection.check(request, str(peer[0]))
        if isinstance(verdict, asyncio.Future):
            self.phase = Phase.AUTHENTICATING
            self._transport.pause_reading()
            self._set_deadline(self._hub.limits.response_seconds)
            verdict.add_done_callback(functools.partial(self._checked, request))
        else:
            self._judge(request, verdict)

    def _checked(self, request: Request, found: "asyncio.Future[Verdict]") -> None:
        if self.phase is not Phase.AUTHENTICATING or found.cancelled():
            return
        with self._failing_audibly(request):
            verdict = found.result()
        self._judge(request, verdict)

    def _judge(self, request: Request, verdict: "Verdict") -> None:
        if verdict.refusal is None:
            self._respond(request)
        else:
            logger.debug("a request was refused: credentials %s", verdict.value)
            self._send(readable(request, verdict.refusal))

    def _respond(self, request: Request) -> None:
        """Let the site answer, within the limit; a request is in flight until its last byte is with the kernel."""
        if not self._hub.has_slot_for(self, self._loop.time()):
            logger.debug("too many requests in flight")
            self._send(text(503, "Too many requests are in flight.", ("Retry-After", "1")))
            return
        self._hub.in_flight[self] = self._loop.time()
        with self._failing_audibly(request):
            response = readable(request, self._site.respond(request))
        self._send(response)

    @contextlib.contextmanager
    def _failing_audibly(self, request: Request) -> Iterator[None]:
        """Answer 500 where the block raises; the exception passes on to the event loop, which reports it."""
        with contextlib.ExitStack() as on_failure:
            on_failure.callback(self._fail, request)
            yield
            on_failure.pop_all()

    def _fail(self, request: Request) -> None:
        self._send(readable(request, text(500, "The server failed to answer; its log says why.")))

    def _send(self, response: Response, *, close: bool = False) -> None:
        self.phase = Phase.SENDING
        data = self._encode(response, close=close)
        self._transport.write(data if self._tls is None else self._tls.send(data))
        if self._transport.get_write_buffer_size() == 0:
            self._sent()
        else:
            self._transport.pause_reading()
            self._set_deadline(self._hub.limits.response_seconds)

    def _encode(self, response: Response, *, close: bool) -> bytes:
        """Head and body in one piece, for one write."""
        headers = SECURITY_HEADERS | {name.lower(): value for name, value in response.headers}
        if self._hub.protection is not None:
            headers |= self._hub.protection.headers
        headers["content-type"] = response.content_type
        headers["content-length"] = str(len(response.body))
        headers["date"] = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime())
        if close:
            headers["connection"] = "close"
        reason = HTTPStatus(response.status).phrase
        head = self._http.send(h11.Response(status_code=response.status, headers=list(headers.items()), reason=reason))
        body = None if self._head_only else self._http.send(h11.Data(data=response.body))
        self._http.send(h11.EndOfMessage())
        return (head or b"") + (body or b"")

    def _sent(self) -> None:
        """Close after a response is out, or wait for the next request, which may be here already."""
        self._release_slot()
        if self._http.our_state is h11.MUST_CLOSE or self._hub.stopping:
            self._linger()
            return
        self._http.start_next_cycle()
        self._head_only = False
        self.phase = Phase.IDLE
        self._set_deadline(self._hub.limits.idle_seconds)
        if self._http.trailing_data[0]:
            # Other connections get their turn between pipelined requests, and no more is read meanwhile.
            self._transport.pause_reading()
        if not self._transport.is_reading():
            self._loop.call_soon(self._advance)

    def _release_slot(self) -> None:
        self._hub.in_flight.pop(self, None)

    def _linger(self) -> None:
        """Say goodbye, then drop bytes that still arrive: closing over unread bytes would reset an answer under way."""
        self.phase = Phase.CLOSING
        if self._tls is not None:
            self._transport.write(self._tls.close())
        if self._peer_ended or self._hub.stopping:
            self._transport.close()
            return
        with contextlib.suppress(OSError):  # already reset by the client
            self._transport.write_eof()
        self._transport.resume_reading()
        self._set_deadline(self._hub.limits.linger_seconds)

    def _decrypt(self, tls: "TlsStream", data: bytes) -> bytes:
        try:
            plaintext = tls.receive(data)
        except ssl.SSLError as error:
            logger.debug("a TLS handshake or record was refused")
            if getattr(error, "reason", None) == "HTTP_REQUEST":
                self._transport.write(_HTTP_ON_TLS)
            self._linger()
            return b""
        pending = tls.pending()
        if pending:
            self._transport.write(pending)
        return plaintext

    def _set_deadline(self, seconds: float) -> None:
        self._timer.cancel()
        self._timer = self._loop.call_later(seconds, self._time_is_up)

    def _time_is_up(self) -> None:
        if self.phase in (Phase.HEAD, Phase.SENDING):
            logger.debug("a client was too slow and was cut off")
        self._transport.abort()


def _request(head: h11.Request) -> Request:
    headers: dict[str, str] = {}
    for raw_name, raw_value in head.headers:
        name, value = raw_name.decode("ascii"), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    target = head.target.decode("latin-1")
    if target.lower().startswith(("http://", "https://")):
        # The absolute form, as sent to a proxy: its authority counts instead of Host.
        authority, slash, rest = target.partition("://")[2].partition("/")
        headers["host"], target = authority, slash + rest
    path, _, query = target.partition("?")
    return Request(method=head.method.decode("ascii"), path=path or "/", query=query, headers=headers)


def _head_bytes(head: h11.Request) -> int:
    """Return the size of a head, without its line ends and separators."""
    return len(head.target) + sum(len(name) + len(value) for name, value in head.headers)
