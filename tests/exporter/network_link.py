"""Network namespaces for tests: real devices, and nobody else's traffic."""

import contextlib
import itertools
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A namespace joined to the host by a pair of virtual devices."""

    namespace: str
    host_device: str
    address: str


def reason_to_skip() -> str:
    if os.geteuid() != 0:
        return "making a network namespace takes root"
    if shutil.which("ip") is None:
        return "iproute2 is not installed"
    probe = ["unshare", "--net", "--mount", "true"]
    denied = subprocess.run(probe, capture_output=True, timeout=240, check=False).returncode != 0
    return "this kernel or container denies new namespaces" if denied else ""


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], timeout=240, check=True, capture_output=True)


LINKS = itertools.count()


@contextlib.contextmanager
def linked_namespace() -> Iterator[Link]:
    """Make a namespace for the time of the block, or skip the test where that cannot be done."""
    if reason := reason_to_skip():
        pytest.skip(reason)
    # The kernel takes a deleted namespace apart in its own time, so that no name is used again.
    number = f"{os.getpid()}-{next(LINKS)}"
    # 198.18.0.0/15 is set aside for tests on isolated networks (RFC 2544).
    network = f"198.18.{os.getpid() % 251}"
    link = Link(namespace=f"ecotrack-{number}", host_device=f"eco{number}", address=f"{network}.2")
    ip("netns", "add", link.namespace)
    try:
        ip("link", "add", link.host_device, "type", "veth", "peer", "name", "inner0", "netns", link.namespace)
        ip("address", "add", f"{network}.1/24", "dev", link.host_device)
        ip("link", "set", link.host_device, "up")
        ip("-netns", link.namespace, "address", "add", f"{link.address}/24", "dev", "inner0")
        ip("-netns", link.namespace, "link", "set", "inner0", "up")
        if link.host_device not in Path("/proc/1/net/dev").read_text():
            pytest.skip("the first process is in another network namespace than this test")
        yield link
    finally:
        # With the device its address and route, which the next link needs, are gone at once.
        subprocess.run(["ip", "link", "delete", link.host_device], timeout=240, check=False, capture_output=True)
        ip("netns", "delete", link.namespace)
