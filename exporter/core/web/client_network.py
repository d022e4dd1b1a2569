"""The networks of clients, for limits that hold for each client: an IPv4 address, or an IPv6 /64."""

import socket

_MAPPED = bytes(10) + b"\xff\xff"

_NETWORK_BYTES = 8
"""Bytes of an IPv6 address that name its network: a host chooses the other eight as it likes (RFC 4291, 2.5.1)."""


def network_of(peer: str) -> bytes:
    """Return what all addresses of a client have in common: all 4 bytes of IPv4, the first 8 of IPv6.

    IPv4 that comes through an IPv6 socket is IPv4. What is no address is its own network.
    """
    try:
        packed = socket.inet_pton(socket.AF_INET6, peer.partition("%")[0])
    except OSError:
        try:
            return socket.inet_pton(socket.AF_INET, peer)
        except OSError:
            return peer.encode()
    return packed.removeprefix(_MAPPED) if packed.startswith(_MAPPED) else packed[:_NETWORK_BYTES]
