"""Sockets by protocol and by state: as the kernel's files say, and without a copy of them in memory."""

import tracemalloc
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.sources.connections import STATES, tcp_connections
from exporter.sources.reading import NotPresentError, ReadingUnavailableError
from exporter.sources.sockstat import KINDS, PROTOCOLS, sockets

HEADER = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
REST = "00000000:00000000 00:00000000 00000000  1000        0 123456 1 0000000000000000 100 0 0 10 0"


def line(number: int, digits: int, state: bytes) -> str:
    """Return a line of `tcp` or `tcp6`, whose addresses have so many digits."""
    local, remote = "0A" * (digits // 2), "06" * (digits // 2)
    return f"{number:4d}: {local}:0035 {remote}:01BB{state.decode()}{REST}".ljust(149) + "\n"


def write(net: Path, tcp: list[bytes], tcp6: list[bytes] | None, first: int = 0) -> None:
    for name, digits, states in (("tcp", 8, tcp), ("tcp6", 32, tcp6)):
        (net / name).unlink(missing_ok=True)
        if states is not None:
            lines = [line(first + number, digits, state) for number, state in enumerate(states)]
            (net / name).write_text(HEADER + "".join(lines), encoding="ascii")


some = st.lists(st.sampled_from(sorted(STATES)), max_size=30)


@given(tcp=some, tcp6=st.none() | some, first=st.sampled_from([0, 9_990, 99_990]))
def test_states_are_counted_over_both_versions_however_long_the_numbers(
    tmp_path_factory: pytest.TempPathFactory, tcp: list[bytes], tcp6: list[bytes] | None, first: int
) -> None:
    net = tmp_path_factory.mktemp("net")
    write(net, tcp, tcp6, first)
    assert tcp_connections(net) == Counter(STATES[state] for state in (*tcp, *(tcp6 or ())))


def test_a_busy_server_takes_no_memory_for_its_sockets(tmp_path: Path) -> None:
    write(tmp_path, [b" 01 ", b" 06 "] * 18_500, None)
    tracemalloc.start()
    try:
        assert tcp_connections(tmp_path) == {"established": 18_500, "time_wait": 18_500}
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 200_000 < (tmp_path / "tcp").stat().st_size / 20


@pytest.mark.parametrize("damage", ["   0: zz\n", "no colon\n", line(0, 8, b" 0F "), line(0, 32, b" 01 ")])
def test_a_line_that_says_something_else_is_no_count(tmp_path: Path, damage: str) -> None:
    (tmp_path / "tcp").write_text(HEADER + damage, encoding="ascii")
    with pytest.raises((KeyError, ValueError)):
        tcp_connections(tmp_path)


counts = st.integers(0, 10**7)


@given(
    tcp=st.tuples(counts, counts, counts, counts), udp=counts, six=st.none() | st.tuples(counts, counts), other=counts
)
def test_sockets_are_those_of_the_files_and_no_pages_of_memory(
    tmp_path_factory: pytest.TempPathFactory,
    tcp: tuple[int, int, int, int],
    udp: int,
    six: tuple[int, int] | None,
    other: int,
) -> None:
    net = tmp_path_factory.mktemp("net")
    text = "TCP: inuse {} orphan {} tw {} alloc {} mem {}\n".format(*tcp, other)
    rest = f"UDP: inuse {udp} mem {other}\nRAW: inuse {other}\nFRAG: inuse {other} memory 0\n"
    (net / "sockstat").write_text(f"sockets: used {other}\n{text}{rest}", encoding="ascii")
    expected = dict(zip([("tcp", kind) for kind in KINDS], tcp, strict=True)) | {("udp", "inuse"): udp}
    if six is not None:
        (net / "sockstat6").write_text(f"TCP6: inuse {six[0]}\nUDP6: inuse {six[1]}\nRAW6: inuse {other}\n")
        expected |= {("tcp6", "inuse"): six[0], ("udp6", "inuse"): six[1]}
    assert sockets(net) == expected
    assert {protocol for protocol, _ in expected} <= {name.lower() for name in PROTOCOLS}


def test_a_kernel_without_counts_has_none_and_a_file_without_them_fails(tmp_path: Path) -> None:
    with pytest.raises(NotPresentError):
        sockets(tmp_path)
    file = tmp_path / "sockstat"
    file.write_text("sockets: used 3\n")
    with pytest.raises(ReadingUnavailableError):
        sockets(tmp_path)
    for damaged in ("TCP: inuse\n", "TCP: inuse many\n"):
        file.write_text(damaged)
        with pytest.raises(ValueError, match=r"zip|int"):
            sockets(tmp_path)
