"""Hosts, as far as a name or an address alone tells of them."""

from ipaddress import ip_address


def is_this_machine(host: str) -> bool:
    """Return whether a name or address is that of this machine, and of this one alone."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
