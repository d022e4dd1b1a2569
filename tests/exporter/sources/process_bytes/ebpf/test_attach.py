"""Whatever the kernel refuses, nothing of what it had granted before stays open, and nothing counts twice meanwhile."""

import errno
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from exporter.sources.process_bytes.ebpf import attach
from exporter.sources.process_bytes.ebpf.attach import Attached, Kernel, Means, attach_best
from exporter.sources.process_bytes.ebpf.btf import kernel_types
from exporter.sources.process_bytes.ebpf.hooks import SOCKET_CALLS, TRACEPOINTS, UDP_CALLS
from exporter.sources.process_bytes.ebpf.syscalls import Purpose, RefusedError
from exporter.sources.process_bytes.ebpf.unavailable import EbpfUnavailableError
from tests.exporter.sources.process_bytes.ebpf.description import Description
from tests.exporter.sources.process_bytes.ebpf.test_program import LAYOUT, MAPS

HOOKS = (*TRACEPOINTS, *SOCKET_CALLS, *UDP_CALLS)

DESCRIPTORS = {Means.TRACEPOINT: 12, Means.FUNCTION_EXIT: 10, Means.PROBE: 21}
"""Descriptors of programs and of where they are attached; with probes, also that of the notes."""


class FakeKernel:
    """A kernel that hands out descriptors of one file, and refuses the calls of some numbers, counted from 0."""

    def __init__(self, file: Path, *refused: int) -> None:
        self._file = os.open(file, os.O_RDONLY | os.O_CREAT)
        self._refused = refused
        self._calls = 0
        self._targets: dict[int, int] = {}
        self._attached: dict[int, int] = {}
        self.together: list[set[int]] = []

    def create_map(self, *_: object) -> int:
        return self._granted()

    def load_program(self, _code: bytes, _name: str, purpose: Purpose) -> int:
        program = self._granted()
        self._targets[program] = purpose.target
        return program

    def attach(self, program: int) -> int:
        link = self._granted()
        self._attached[link] = self._targets[program]
        self.together.append({target for one, target in self._attached.items() if self._is_open(one)})
        return link

    def probe(self, *_: object) -> int:
        return self._granted()

    def descriptors(self) -> int:
        """Return how many descriptors are open of those that were handed out."""
        return sum(self._is_open(int(one.name)) for one in Path("/proc/self/fd").iterdir()) - 1

    def close(self) -> None:
        os.close(self._file)

    def _is_open(self, descriptor: int) -> bool:
        with suppress(OSError):
            return os.path.samestat(os.fstat(descriptor), os.fstat(self._file))
        return False

    def _granted(self) -> int:
        self._calls += 1
        if self._calls - 1 in self._refused:
            raise RefusedError(errno.EPERM, "not here")
        return os.dup(self._file)


@contextmanager
def known_kernel(folder: Path) -> Iterator[Kernel]:
    """Yield a kernel that has every hook."""
    made = Description()
    for hook in HOOKS:
        (made.tracepoint if hook.is_tracepoint else made.function)(hook.target, hook.arguments[0])
    path = folder / "types"
    path.write_bytes(made.content())
    with kernel_types(path, [hook.wanted for hook in HOOKS]) as types:
        yield Kernel(types=types, layout=LAYOUT, maps=MAPS, room=8)


@contextmanager
def attached(folder: Path, means: Means, *refused: int) -> Iterator[tuple[FakeKernel, Attached | None]]:
    """Yield the kernel and what was attached to it by one means; None where that was refused. It is closed after."""
    fake = FakeKernel(folder / "descriptor", *refused)
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        stack.callback(fake.close)
        for name in ("create_map", "load_program", "attach", "probe"):
            patch.setattr(attach, name, getattr(fake, name))
        kernel = stack.enter_context(known_kernel(folder))
        with ExitStack() as held:
            found = None
            with suppress(EbpfUnavailableError):
                found = attach_best([means], kernel, held)
            yield fake, found
        assert fake.descriptors() == 0


@pytest.mark.parametrize("means", Means)
def test_descriptors_are_those_of_the_means_and_gone_with_them(tmp_path: Path, means: Means) -> None:
    with attached(tmp_path, means) as (kernel, found):
        assert found == Attached(means=means, sees_messages=True)
        assert kernel.descriptors() == DESCRIPTORS[means]


@pytest.mark.parametrize("means", Means)
def test_whichever_call_is_refused_nothing_is_left_open(tmp_path: Path, means: Means) -> None:
    for number in range(DESCRIPTORS[means]):
        with attached(tmp_path, means, number) as (kernel, found):
            if found is None:
                assert kernel.descriptors() == 0


def test_functions_of_udp_that_cannot_all_be_attached_to_are_left_before_tracepoints_count(tmp_path: Path) -> None:
    """Messages would count at both."""
    with known_kernel(tmp_path) as known:
        udp, points = ({known.types.number(*hook.wanted) for hook in hooks} for hooks in (UDP_CALLS, TRACEPOINTS))
    for number in range(2 * len(UDP_CALLS)):
        with attached(tmp_path, Means.TRACEPOINT, number) as (kernel, found):
            assert found == Attached(means=Means.TRACEPOINT, sees_messages=False)
            assert kernel.together[-1] == points
            assert not any(one & udp and one & points for one in kernel.together)
