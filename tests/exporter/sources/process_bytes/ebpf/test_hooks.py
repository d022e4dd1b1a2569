"""Points where bytes are counted, as kernels of different age have them."""

from pathlib import Path

import pytest

from exporter.sources.process_bytes.ebpf.btf import Kind, kernel_types
from exporter.sources.process_bytes.ebpf.hooks import SOCKET_CALLS, TRACEPOINTS, UDP_CALLS, Hook, Point, point_of
from exporter.sources.process_bytes.ebpf.layout import layout_of, wanted_types
from exporter.sources.process_bytes.ebpf.unavailable import EbpfUnavailableError
from tests.exporter.sources.process_bytes.ebpf.description import Description


def found(folder: Path, hook: Hook, made: Description) -> Point | None:
    path = folder / "types"
    path.write_bytes(made.content())
    with kernel_types(path, [hook.wanted]) as types:
        return point_of(hook, types)


@pytest.mark.parametrize("arguments", [4, 5])
def test_the_result_stands_behind_all_arguments(tmp_path: Path, arguments: int) -> None:
    (hook,) = (one for one in UDP_CALLS if one.target == "udp_recvmsg")
    made = Description()
    made.function("udp_recvmsg", arguments)
    point = found(tmp_path, hook, made)
    assert point is not None
    assert (point.call.flags, point.call.result) == (3, arguments)


@pytest.mark.parametrize("hook", TRACEPOINTS)
def test_a_tracepoint_has_its_result_where_it_says(tmp_path: Path, hook: Hook) -> None:
    made = Description()
    made.tracepoint(hook.target, 4)
    point = found(tmp_path, hook, made)
    assert point is not None
    assert point.call == hook.call


@pytest.mark.parametrize("hook", [*TRACEPOINTS, *SOCKET_CALLS, *UDP_CALLS])
def test_what_has_other_arguments_is_not_attached_to(tmp_path: Path, hook: Hook) -> None:
    made = Description()
    (made.tracepoint if hook.is_tracepoint else made.function)(hook.target, 9)
    with pytest.raises(EbpfUnavailableError, match=f"{hook.target} has 9 arguments in this kernel"):
        found(tmp_path, hook, made)


@pytest.mark.parametrize("hook", [*TRACEPOINTS, *SOCKET_CALLS, *UDP_CALLS])
def test_a_kernel_without_it_says_so_or_does_without(tmp_path: Path, hook: Hook) -> None:
    made = Description()
    made.function("something_else", 3)
    if hook.is_needed:
        with pytest.raises(EbpfUnavailableError, match=f"the kernel has no {hook.target}"):
            found(tmp_path, hook, made)
    else:
        assert found(tmp_path, hook, made) is None


def test_a_field_of_another_size_is_refused(tmp_path: Path) -> None:
    made = Description()
    number = made.add(Kind.INT, "u64", 8, bytes(4))
    common = made.structure("sock_common", 8, ("skc_family", number, 0))
    made.structure("sock", 8, ("__sk_common", common, 0))
    path = tmp_path / "types"
    path.write_bytes(made.content())
    with (
        pytest.raises(EbpfUnavailableError, match="skc_family in struct sock_common has 8 bytes"),
        kernel_types(path, wanted_types()) as types,
    ):
        layout_of(types)
