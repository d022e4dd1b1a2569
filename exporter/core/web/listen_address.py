"""Listen addresses, written as node_exporter's flags take them, and the sockets behind them."""

import errno
import re
import socket
from dataclasses import dataclass

BACKLOG = 1024

_ADDRESS = re.compile(r"(?:\[(?P<ipv6>[^\[\]]+)\]|(?P<host>[^:\[\]\s]*)):(?P<port>\d{1,5})", re.ASCII)


class ListenError(Exception):
    """Address that cannot be listened on; the message is one line with the address and the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenAddress:
    """Host (empty: every interface) and TCP port (0: any free one)."""

    host: str
    port: int


def parse_address(text: str) -> ListenAddress:
    """Take apart `127.0.0.1:10110`, `[::1]:10110`, `[fe80::1%eth0]:10110`, `localhost:10110` or `:10110`.

    Raises ListenError.
    """
    match = _ADDRESS.fullmatch(text)
    if match is None or int(match["port"]) > 65535:
        raise ListenError(f"cannot listen on {text!r}: expected HOST:PORT, [IPV6]:PORT or :PORT, port 0 to 65535")
    return ListenAddress(host=match["ipv6"] or match["host"], port=int(match["port"]))


def listen(text: str) -> socket.socket:
    """Open a listening socket. A name with addresses of both kinds gets the IPv4 one, as in Go.

    Raises ListenError where the address is wrong, unknown, taken or not ours.
    """
    address = parse_address(text)
    try:
        if address.host in ("", "::"):
            return _listen_everywhere(address.port)
        # Bytes, since Python loads its tables of international names for text, even for an address.
        host = address.host.encode("ascii") if address.host.isascii() else address.host
        found = socket.getaddrinfo(host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, target = min(found, key=lambda entry: entry[0] != socket.AF_INET)
        # The whole of it: a link-local address is none without the number of its link.
        return socket.create_server(target, family=family, backlog=BACKLOG)
    except UnicodeError as error:
        raise ListenError(f"cannot listen on {text}: not a host name") from error
    except OSError as error:
        # Python puts the address into some of these texts; the part before it says what is wrong.
        reason = (error.strerror or str(error)).partition(" (")[0]
        remedy = "; choose another by --web.listen-address" if error.errno == errno.EADDRINUSE else ""
        raise ListenError(f"cannot listen on {text}: {reason}{remedy}") from error


def _listen_everywhere(port: int) -> socket.socket:
    if socket.has_dualstack_ipv6():
        return socket.create_server(("", port), family=socket.AF_INET6, backlog=BACKLOG, dualstack_ipv6=True)
    return socket.create_server(("", port), backlog=BACKLOG)


def is_loopback(listener: socket.socket) -> bool:
    """Tell whether only this machine can reach the socket."""
    host = _host(listener)
    return host == "::1" or host.startswith("127.")


def _host(listener: socket.socket) -> str:
    """Return the address of a socket; of an IPv4 one that is written as IPv6, the former."""
    return str(listener.getsockname()[0]).removeprefix("::ffff:")


def base_url(listener: socket.socket, scheme: str) -> str:
    """Return a URL under which this machine reaches the socket, without a final slash."""
    host, (_, port, *more) = _host(listener), listener.getsockname()
    if host in ("::", "0.0.0.0"):  # noqa: S104 - compared, not bound
        host = "localhost"
    if more and more[1]:
        # The link of a link-local address, after an escaped percent sign (RFC 6874).
        host = f"{host}%25{socket.if_indextoname(more[1])}"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
