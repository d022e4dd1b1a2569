"""Privileges that are missing are named before the kernel is asked."""

from pathlib import Path

import pytest

from exporter.sources.process_bytes.ebpf.attach import is_too_paranoid
from exporter.sources.process_bytes.ebpf.privileges import check_privileges
from exporter.sources.process_bytes.ebpf.unavailable import EbpfUnavailableError


def status(folder: Path, *capabilities: int) -> Path:
    path = folder / "status"
    path.write_text(f"Name:\tecotrack\nCapPrm:\t{0:016x}\nCapEff:\t{sum(1 << one for one in capabilities):016x}\n")
    return path


@pytest.mark.parametrize("capabilities", [(38, 39), (21,), range(41)])
def test_two_capabilities_suffice_and_so_does_the_one_that_holds_them(tmp_path: Path, capabilities: range) -> None:
    check_privileges(status(tmp_path, *capabilities))


@pytest.mark.parametrize(
    ("capabilities", "missing"),
    [
        ((), "CAP_PERFMON and CAP_BPF"),
        ((38,), "CAP_BPF"),
        ((39,), "CAP_PERFMON"),
        ((12, 13, 19), "CAP_PERFMON and CAP_BPF"),
    ],
)
def test_what_is_missing_is_named(tmp_path: Path, capabilities: tuple[int, ...], missing: str) -> None:
    with pytest.raises(EbpfUnavailableError, match=f"the exporter lacks {missing}$"):
        check_privileges(status(tmp_path, *capabilities))


def test_a_file_without_capabilities_says_so(tmp_path: Path) -> None:
    path = tmp_path / "status"
    path.write_text("Name:\tecotrack\n")
    with pytest.raises(EbpfUnavailableError, match="does not tell capabilities"):
        check_privileges(path)


@pytest.mark.parametrize(("setting", "is_paranoid"), [("3", True), ("2", False), ("-1", False), ("none", False)])
def test_debians_own_setting_of_perf_events_is_known(tmp_path: Path, setting: str, is_paranoid: bool) -> None:
    path = tmp_path / "perf_event_paranoid"
    path.write_text(f"{setting}\n")
    assert is_too_paranoid(path) == is_paranoid
    assert not is_too_paranoid(tmp_path / "absent")
