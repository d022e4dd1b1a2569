"""Whatever a journal says, nothing but a permitted setting ever gets anything but a permitted value."""

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.optimize.place import JOURNAL
from exporter.optimize.revert_journal import MOST_BYTES, VERSION, DamagedJournalError, JournalError, read_record
from exporter.optimize.roots import Roots
from exporter.optimize.setting import Kind
from exporter.optimize.switch import Reverted, Switch
from tests.exporter.optimize.machine import ASPM, GOVERNOR, LAPTOP_MODE, SCREEN, USB, Laptop, laptop

PERMITTED = {
    Kind.GOVERNOR: GOVERNOR,
    Kind.PREFERENCE: GOVERNOR.replace("scaling_governor", "energy_performance_preference"),
    Kind.ASPM: ASPM,
    Kind.USB: f"sys/{USB}/1-2/power/control",
    Kind.BACKLIGHT: f"sys/{SCREEN}/brightness",
    Kind.LAPTOP_MODE: LAPTOP_MODE,
}
"""A setting of each kind."""

VALUES = {
    Kind.GOVERNOR: {"performance", "powersave"},
    Kind.PREFERENCE: {"default", "performance", "balance_performance", "balance_power", "power"},
    Kind.ASPM: {"default", "performance", "powersave", "powersupersave"},
    Kind.USB: {"on", "auto"},
    Kind.BACKLIGHT: {str(one) for one in range(1, 1001)},
    Kind.LAPTOP_MODE: {str(one) for one in range(10_000)},
}
"""Values that the laptop's settings may get."""

HOSTILE_PATHS = (
    "/etc/passwd",
    "etc/passwd",
    "sys/../victim",
    "sys/devices/../../victim",
    "proc/sys/vm/../../../victim",
    "proc/sys/vm/laptop_mode/../../kernel/random/boot_id",
    "proc/sys/kernel/core_pattern",
    "proc/sysrq-trigger",
    "sys/devices/system/cpu/cpu0/online",
    "sys/devices/system/cpu/cpufreq/policy0/../../../../../victim",
    "sys/devices/system/cpu/cpufreq/policy0/scaling_governor\n",
    "sys/devices/system/cpu/cpufreq/policy0/scaling_governor/",
    "sys//devices/system/cpu/cpufreq/policy0/scaling_governor",
    f"sys/{USB}/1-2/./power/control",
    f"sys/{USB}/../usb1/1-2/power/control",
    "sys/class/backlight/intel_backlight/brightness",
    "sys/devices/leds/input3::capslock/brightness",
    "victim",
    "",
    "\0",
    "x" * 4000,
)
HOSTILE_VALUES = ("", "0", "on\nauto", "1 ", " 1", "-1", "+5", "1e3", "99999999999", "rm -rf", "\0", "auto\0", "\u0661")
"""The last is a digit of another script."""


@contextlib.contextmanager
def machine_of_an_attacker() -> Iterator[Laptop]:
    """Yield a laptop with a file that is none of its own, and a link to it among its devices."""
    folder = Path(tempfile.mkdtemp())
    try:
        machine = laptop(folder)
        machine.put("victim", "untouched")
        (folder / "sys/devices/link").symlink_to(folder / "sys/devices/pci0000:00/0000:00:14.0")
        machine.state.mkdir()
        yield machine
    finally:
        shutil.rmtree(folder)


def entry(kind: Any, attribute: Any, old: Any, new: Any, inode: Any) -> dict[str, Any]:
    return {"kind": kind, "attribute": attribute, "old": old, "new": new, "inode": inode}


def forge(machine: Laptop, entries: list[Any], **others: Any) -> bytes:
    """Return a journal with a right checksum and whatever it is to say."""
    record = {
        "strategy": "power_management",
        "boot_id": machine.text("proc/sys/kernel/random/boot_id"),
        "procfs": str(machine.roots.procfs),
        "sysfs": str(machine.roots.sysfs),
        "entries": entries,
    } | others
    return sealed(msgspec.json.encode(record))


def sealed(payload: bytes, version: int = VERSION) -> bytes:
    """Return a journal of a content, with the right header."""
    digest = hashlib.sha256(b"%d\n" % VERSION + payload).hexdigest()
    header = {"format": "ecotrack-revert-journal", "version": version, "sha256": digest}
    return msgspec.json.encode(header) + b"\n" + payload


def started_with(machine: Laptop, data: bytes) -> Reverted | str:
    """Let a run find a journal; return what it took back, or its one line."""
    (machine.state / JOURNAL).write_bytes(data)
    try:
        with Switch(machine.state, machine.roots, on_exit=lambda _nothing: None) as switch:
            return switch.leftover
    except JournalError as error:
        return str(error)


def require_only_permitted(machine: Laptop, before: dict[str, str]) -> None:
    """Require that files differ only where a permitted setting has got a permitted value."""
    assert machine.text("victim") == "untouched"
    now = machine.texts()
    kinds = {attribute: kind for kind, attribute in PERMITTED.items()}
    for name in now.keys() | before.keys():
        if now.get(name) != before.get(name):
            assert now[name] in VALUES[kinds[name]]


def test_forged_entries_write_nothing_but_permitted_values() -> None:
    with machine_of_an_attacker() as machine:
        before = machine.texts()
        by_link = f"sys/devices/link/{USB.rpartition('/')[2]}/1-2/power/control"
        paths = st.sampled_from([*PERMITTED.values(), *HOSTILE_PATHS, by_link]) | st.text(max_size=40)
        known = [*before.values(), *HOSTILE_VALUES, "powersave", "auto", "5", "500", "balance_power"]
        values = st.sampled_from(known) | st.text(max_size=12)
        inodes = st.sampled_from([0, *((machine.root / one).stat().st_ino for one in PERMITTED.values())])
        entries = st.builds(entry, st.sampled_from([*Kind, "other"]), paths, values, values, inodes)

        @settings(max_examples=60, deadline=None)
        @given(forged=st.lists(entries, max_size=6))
        def forge_and_start(forged: list[Any]) -> None:
            started_with(machine, forge(machine, forged))
            require_only_permitted(machine, before)
            for name, text in machine.texts().items():
                if text != before[name]:
                    machine.put(name, before[name])

        forge_and_start()


@pytest.mark.parametrize("kind", Kind)
def test_other_paths_are_refused_whole(kind: Kind) -> None:
    values = {"backlight": ("5", "7"), "laptop_mode": ("5", "0"), "usb_autosuspend": ("auto", "on")}
    old, new = values.get(kind, ("powersave", "performance"))
    good = entry("laptop_mode", LAPTOP_MODE, "1", "0", 0)
    with machine_of_an_attacker() as machine:
        before = machine.texts()
        for path in HOSTILE_PATHS:
            require_refused(machine, before, [good, entry(kind, path, old, new, 0)])


@pytest.mark.parametrize("kind", Kind)
def test_other_values_are_refused_whole(kind: Kind) -> None:
    attribute = PERMITTED[kind]
    with machine_of_an_attacker() as machine:
        before = machine.texts()
        for value in {*HOSTILE_VALUES} - ({"0"} if kind is Kind.LAPTOP_MODE else set()):
            require_refused(machine, before, [entry(kind, attribute, value, before[attribute], 0)])


def require_refused(machine: Laptop, before: dict[str, str], entries: list[Any]) -> None:
    """Require that a journal is put aside, told in one line, and has changed nothing."""
    told = started_with(machine, forge(machine, entries))
    assert machine.texts() == before
    assert machine.text("victim") == "untouched"
    assert isinstance(told, Reverted)
    assert len(told.left) == 1
    assert "kept as" in told.left[0]
    assert "\n" not in told.left[0]


def test_a_value_that_this_machine_does_not_have_is_not_written() -> None:
    with machine_of_an_attacker() as machine:
        before = machine.texts()
        inodes = {name: (machine.root / name).stat().st_ino for name in (GOVERNOR, f"sys/{SCREEN}/brightness")}
        entries = [
            entry("governor", GOVERNOR, "ondemand", "performance", inodes[GOVERNOR]),
            entry("backlight", f"sys/{SCREEN}/brightness", "1001", "1000", inodes[f"sys/{SCREEN}/brightness"]),
        ]
        told = started_with(machine, forge(machine, entries))
        assert machine.texts() == before
        assert isinstance(told, Reverted)
        assert told.count == 0
        assert len(told.left) == 2


def test_a_link_in_the_place_of_a_setting_is_not_followed() -> None:
    for place in (GOVERNOR, "sys/devices/system/cpu/cpufreq"):
        with machine_of_an_attacker() as machine:
            target = machine.root / "elsewhere"
            (machine.root / place).rename(target)
            (machine.root / place).symlink_to(target)
            inode = (machine.root / GOVERNOR).stat().st_ino
            told = started_with(
                machine, forge(machine, [entry("governor", GOVERNOR, "powersave", "performance", inode)])
            )
            assert (machine.root / GOVERNOR).read_text().strip() == "performance"
            assert isinstance(told, Reverted)
            assert told.count == 0


def genuine(machine: Laptop) -> bytes:
    """Return the journal of a strategy that is on, and leave it on."""
    switch = Switch(machine.state, machine.roots, on_exit=lambda _nothing: None)
    switch.on("power_management")
    switch._journal.close()
    return (machine.state / JOURNAL).read_bytes()


def test_a_truncated_journal_is_damaged_at_every_length() -> None:
    with machine_of_an_attacker() as machine:
        whole = genuine(machine)
        during = machine.texts()
        for length in range(0, len(whole), 7):
            (machine.state / JOURNAL).write_bytes(whole[:length])
            with pytest.raises(DamagedJournalError):
                read_record(machine.state)
        assert machine.texts() == during


def test_any_flipped_bit_is_detected() -> None:
    with machine_of_an_attacker() as machine:
        whole = genuine(machine)
        for at in range(0, len(whole), 3):
            flipped = bytearray(whole)
            flipped[at] ^= 1 << (at % 8)
            (machine.state / JOURNAL).write_bytes(bytes(flipped))
            with contextlib.suppress(JournalError):
                record = read_record(machine.state)
                # The one bit that may be flipped unseen makes white space of a line's end, or the like.
                (machine.state / JOURNAL).write_bytes(whole)
                assert record == read_record(machine.state)


def test_any_bytes_are_one_line_and_change_nothing() -> None:
    with machine_of_an_attacker() as machine:
        before = machine.texts()

        @settings(max_examples=100, deadline=None)
        @given(data=st.binary(max_size=300), with_header=st.booleans())
        def start_with(data: bytes, with_header: bool) -> None:
            told = started_with(machine, sealed(data) if with_header else data)
            lines = (told,) if isinstance(told, str) else told.left
            assert len(lines) == 1
            assert "\n" not in lines[0]

        start_with()
        assert machine.texts() == before


@pytest.mark.parametrize(
    "payload",
    [b"[" * 100_000, b"{}", b"null", b'"\xff"', b"{" + b'"entries":[' * 10_000, b" " * (MOST_BYTES + 1)],
    ids=["deep", "empty", "null", "no UTF-8", "deep and cut", "huge"],
)
def test_odd_contents_are_damage(payload: bytes) -> None:
    with machine_of_an_attacker() as machine:
        (machine.state / JOURNAL).write_bytes(sealed(payload))
        with pytest.raises(DamagedJournalError):
            read_record(machine.state)


def test_a_journal_of_no_strategy_is_damage() -> None:
    with machine_of_an_attacker() as machine:
        (machine.state / JOURNAL).write_bytes(forge(machine, [], strategy='x"} 1'))
        with pytest.raises(DamagedJournalError, match="no strategy"):
            read_record(machine.state)


def test_a_journal_of_a_later_version_is_left_alone() -> None:
    with machine_of_an_attacker() as machine:
        told = started_with(machine, sealed(b"{}", version=VERSION + 1))
        assert isinstance(told, str)
        assert "version 2" in told
        assert (machine.state / JOURNAL).exists()


def test_a_link_a_pipe_and_a_folder_are_no_journals() -> None:
    with machine_of_an_attacker() as machine:
        journal = machine.state / JOURNAL
        link = partial(journal.symlink_to, machine.root / "victim")
        for make in (link, partial(os.mkfifo, journal), journal.mkdir):
            make()
            with Switch(machine.state, machine.roots, on_exit=lambda _nothing: None) as switch:
                assert len(switch.leftover.left) == 1
                switch.on("power_management")
                record = read_record(machine.state)
                assert record is not None
        assert machine.text("victim") == "untouched"


@pytest.mark.parametrize("name", [f"{JOURNAL}.tmp", JOURNAL])
def test_a_link_where_the_journal_is_written_is_not_followed(name: str) -> None:
    with machine_of_an_attacker() as machine:
        with Switch(machine.state, machine.roots, on_exit=lambda _nothing: None) as switch:
            (machine.state / name).symlink_to(machine.root / "victim")
            switch.on("power_management")
        assert machine.text("victim") == "untouched"


def test_a_lock_that_is_a_link_is_not_followed() -> None:
    with machine_of_an_attacker() as machine:
        (machine.state / "optimize.lock").symlink_to(machine.root / "victim")
        with pytest.raises(JournalError, match="cannot be locked"):
            Switch(machine.state, machine.roots, on_exit=lambda _nothing: None)


def test_an_attribute_on_another_file_system_is_refused() -> None:
    """The kernel's procfs stands in the root folder, on a file system of its own."""
    roots = Roots(procfs=Path("/"), sysfs=Path("/"))
    with pytest.raises(OSError, match="no attribute of this file system"):
        roots.read("proc/proc/uptime")
    assert roots.word("proc/proc/uptime") == ""
