"""Facts that a machine states of itself, from trees of files, and what that makes it."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exporter.core.units import Watts
from exporter.power.hardware import Kind, hardware_of
from exporter.sources.identity import Disks, Identity, identity
from tests.exporter.power.machines import cpuinfo

CORE = cpuinfo("Intel(R) Core(TM) i7-8700 CPU @ 3.20GHz", ("GenuineIntel", 6, 158, 10), cores=6)
EPYC = cpuinfo("AMD EPYC 9654 96-Core Processor", ("AuthenticAMD", 25, 17, 1), cores=4)
ARM = "processor\t: 0\nBogoMIPS\t: 108.00\n\n"


def write(root: Path, files: dict[str, str]) -> tuple[Path, Path]:
    """Return a tree of these files, and one CPU; its procfs and sysfs."""
    for name, text in ({"proc/stat": "cpu  1 2 3\ncpu0 1 2 3\n"} | files).items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root / "proc", root / "sys"


def test_everything_is_read(tmp_path: Path) -> None:
    disk = {"removable": "0\n", "queue/rotational": "1\n", "device/model": "x"}
    found = identity(
        *write(
            tmp_path,
            {
                "proc/cpuinfo": CORE,
                "proc/meminfo": "MemTotal:       32768000 kB\nMemFree: 1 kB\n",
                "sys/class/dmi/id/chassis_type": "3\n",
                "sys/class/dmi/id/sys_vendor": "Dell Inc.\n",
                "sys/class/dmi/id/product_name": "OptiPlex 7060\n",
                **{f"sys/block/sda/{name}": text for name, text in disk.items()},
                **{f"sys/block/nvme0n1/{name}": text for name, text in (disk | {"queue/rotational": "0\n"}).items()},
                **{f"sys/block/sdb/{name}": text for name, text in (disk | {"removable": "1\n"}).items()},
                "sys/block/loop0/removable": "0\n",
                "sys/class/powercap/intel-rapl:0/constraint_0_name": "long_term\n",
                "sys/class/powercap/intel-rapl:0/constraint_0_max_power_uw": "65000000\n",
            },
        )
    )
    assert found == Identity(
        cpuinfo=CORE.strip(),
        chassis_type=3,
        vendor="Dell Inc.",
        product="OptiPlex 7060",
        disks=Disks(rotating=1, solid=1),
        memory_bytes=32_768_000 * 1024,
        tdp=found.tdp,
        vcpus=1,
    )
    assert found.tdp == 65.0


def test_a_machine_that_says_nothing_is_of_no_kind(tmp_path: Path) -> None:
    found = identity(*write(tmp_path, {}))
    assert found == Identity()
    assert hardware_of(found).kind is None


@pytest.mark.parametrize(
    ("files", "board"),
    [
        (
            {"proc/device-tree/model": "Raspberry Pi 4 Model B Rev 1.4\0", "proc/device-tree/compatible": "a\0b\0"},
            "Raspberry Pi 4 Model B Rev 1.4 (a, b)",
        ),
        ({"sys/firmware/devicetree/base/model": "Radxa ROCK 5B\0"}, "Radxa ROCK 5B ()"),
    ],
)
def test_the_device_tree_names_the_board(tmp_path: Path, files: dict[str, str], board: str) -> None:
    found = identity(*write(tmp_path, files))
    assert found.board == board
    assert hardware_of(found).kind is Kind.BOARD


@pytest.mark.parametrize(
    ("found", "kind"),
    [
        (Identity(cpuinfo=CORE, chassis_type=10), Kind.LAPTOP),
        (Identity(cpuinfo=CORE, chassis_type=3), Kind.DESKTOP),
        (Identity(cpuinfo=CORE, chassis_type=35), Kind.MINI_PC),
        (Identity(cpuinfo=CORE, chassis_type=7, product="Precision 3630 Tower"), Kind.WORKSTATION),
        (Identity(cpuinfo=EPYC, chassis_type=7), Kind.SERVER),
        (Identity(cpuinfo=EPYC, chassis_type=23), Kind.SERVER),
        (Identity(cpuinfo=EPYC), Kind.SERVER),
        (Identity(cpuinfo=cpuinfo("Intel(R) Xeon(R) W-2145 CPU"), chassis_type=23), Kind.SERVER),
        (Identity(cpuinfo=cpuinfo("Intel(R) Xeon(R) W-2145 CPU"), chassis_type=7), Kind.WORKSTATION),
        (Identity(cpuinfo=cpuinfo("Intel(R) N100"), chassis_type=3), Kind.MINI_PC),
        (Identity(cpuinfo=CORE, chassis_type=3, tdp=Watts(15.0)), Kind.MINI_PC),
        (Identity(cpuinfo=CORE, chassis_type=3, product="NUC8i5BEH"), Kind.MINI_PC),
        (Identity(cpuinfo=CORE, chassis_type=3, product="OptiPlex 7060 Micro"), Kind.MINI_PC),
        (Identity(cpuinfo=cpuinfo("AMD EPYC", flags="hypervisor"), chassis_type=1), Kind.VM),
        (Identity(cpuinfo=cpuinfo("AMD EPYC", flags="hypervisor"), vendor="Amazon EC2", product="m7a.large"), Kind.VM),
        (Identity(cpuinfo=EPYC, vendor="Amazon EC2", product="m7a.metal-48xl"), Kind.SERVER),
        (Identity(cpuinfo=ARM, vendor="Amazon EC2", product="t4g.small"), Kind.VM),
        (Identity(cpuinfo=ARM, vendor="Amazon EC2", product="c7g.metal", chassis_type=23), Kind.SERVER),
        (Identity(cpuinfo=ARM, vendor="Google", product="Google Compute Engine"), Kind.VM),
        (Identity(cpuinfo=ARM, board="Apple MacBook Air (M1, 2020) ()"), Kind.LAPTOP),
        (Identity(cpuinfo=ARM, board="linux,dummy-virt (linux,dummy-virt)"), Kind.VM),
        (Identity(cpuinfo=ARM, board="XENVM-4.17 (xen,xenvm-4.17, xen,xenvm)"), Kind.VM),
        (Identity(board="IBM pSeries (emulated by qemu) (qemu,pseries)"), Kind.VM),
        (Identity(board="8335-GTH (ibm,powernv, ibm,p9-openbmc)"), Kind.SERVER),
        (Identity(cpuinfo=ARM, board="Lenovo ThinkPad X13s (lenovo,thinkpad-x13s)", chassis_type=10), Kind.LAPTOP),
        (Identity(cpuinfo=ARM, board="Raspberry Pi 4 Model B ()", chassis_type=34), Kind.BOARD),
        (Identity(cpuinfo=CORE), None),
        (Identity(cpuinfo=CORE, chassis_type=2), None),
    ],
)
def test_kinds(found: Identity, kind: Kind | None) -> None:
    assert hardware_of(found).kind is kind


@pytest.mark.parametrize("kind", Kind)
def test_the_configuration_overrides_what_the_machine_says(kind: Kind) -> None:
    assert hardware_of(Identity(cpuinfo=CORE, chassis_type=3), kind=kind).kind is kind


def test_pipes_say_nothing_and_hold_up_nothing(tmp_path: Path) -> None:
    procfs, sysfs = write(tmp_path, {})
    for name in NAMES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        os.mkfifo(tmp_path / name)
    assert identity(procfs, sysfs) == Identity()


NAMES = (
    *("proc/cpuinfo", "proc/meminfo", "sys/class/dmi/id/chassis_type", "sys/class/dmi/id/product_name"),
    *("proc/device-tree/model", "sys/block/sda/removable", "sys/block/sda/queue/rotational"),
    *("sys/class/powercap/intel-rapl:0/constraint_0_name", "sys/class/powercap/intel-rapl:0/constraint_0_max_power_uw"),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.binary(max_size=60) | st.sampled_from([b"long_term", b"MemTotal: x", b"MemTotal:"]), min_size=9))
def test_no_content_breaks_the_reading(tmp_path: Path, contents: list[bytes]) -> None:
    procfs, sysfs = write(tmp_path, {})
    for name, content in zip(NAMES, contents, strict=False):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    found = hardware_of(identity(procfs, sysfs))
    assert found.tdp is None or 0.0 < found.tdp <= 10_000.0
    assert found.gb is None or found.gb > 0.0
