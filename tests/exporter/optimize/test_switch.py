"""Settings are changed by permission, journalled before, and taken back on every way out."""

import os
from pathlib import Path

import pytest

from exporter.optimize.place import JOURNAL
from exporter.optimize.revert_journal import JournalError, is_held, read_record
from exporter.optimize.roots import Roots
from exporter.optimize.setting import Change
from exporter.optimize.strategies import STRATEGIES
from exporter.optimize.switch import Reverted, Switch
from tests.exporter.optimize.machine import (
    ASPM,
    ASPM_CHOICES,
    GOVERNOR,
    LAPTOP_MODE,
    Laptop,
    laptop,
    left_behind,
    refusing,
)

SETTINGS = {"reduce_cpu": 4, "optimize_network": 0, "power_management": 4}
"""Number of settings of the laptop that each strategy changes."""


class SuddenEndError(Exception):
    """The end of a process, from which nothing in it can recover."""


@pytest.fixture
def machine(tmp_path: Path) -> Laptop:
    return laptop(tmp_path)


def ignore(_reverted: Reverted) -> None:
    pass


def as_before(machine: Laptop, before: dict[str, str]) -> bool:
    """Tell whether every file has its first text; the policy of ASPM may have lost its brackets."""
    now = machine.texts()
    return now == before or now == before | {ASPM: "default"}


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_what_is_on_is_taken_back_on_the_way_out(machine: Laptop, strategy: str) -> None:
    before = machine.texts()
    told: list[Reverted] = []
    with Switch(machine.state, machine.roots, on_exit=told.append) as switch:
        applied = switch.on(strategy)
        during = machine.texts()
    assert len(applied.changes) == SETTINGS[strategy]
    assert applied.refused == ()
    assert sum(during[name] != text for name, text in before.items()) == SETTINGS[strategy]
    assert told == [Reverted(count=SETTINGS[strategy])]
    assert as_before(machine, before)
    assert not (machine.state / JOURNAL).exists()


def test_it_is_taken_back_whatever_is_raised(machine: Laptop) -> None:
    before = machine.texts()
    for raised in (KeyboardInterrupt, SystemExit, ValueError):
        with pytest.raises(raised), Switch(machine.state, machine.roots, on_exit=ignore) as switch:
            switch.on("reduce_cpu")
            raise raised
        assert machine.texts() == before


def test_blocks_follow_one_another(machine: Laptop) -> None:
    with Switch(machine.state, machine.roots, on_exit=ignore) as switch:
        for _ in range(3):
            switch.on("reduce_cpu")
            assert machine.text(GOVERNOR) == "powersave"
            assert switch.off() == Reverted(count=4)
            assert machine.text(GOVERNOR) == "performance"


def test_the_old_values_are_on_the_disk_before_the_first_write(
    machine: Laptop, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    force, write = os.fsync, Roots.write

    def forced(descriptor: int) -> None:
        force(descriptor)
        calls.append("fsync")

    def written(roots: Roots, attribute: str, value: str) -> None:
        calls.append("write")
        write(roots, attribute, value)

    monkeypatch.setattr(os, "fsync", forced)
    monkeypatch.setattr(Roots, "write", written)
    with Switch(machine.state, machine.roots, on_exit=ignore) as switch:
        switch.on("reduce_cpu")
        assert calls == ["fsync", "fsync", *["write"] * 4]
        record = read_record(machine.state)
        assert record is not None
        assert [one.old for one in record.entries] == ["performance"] * 4


@pytest.mark.parametrize("writes", range(5))
def test_an_end_at_any_write_is_made_good_by_the_next_start(
    machine: Laptop, monkeypatch: pytest.MonkeyPatch, writes: int
) -> None:
    before, write, left = machine.texts(), Roots.write, iter(range(writes))

    def until_the_end(roots: Roots, attribute: str, value: str) -> None:
        if next(left, None) is None:
            raise SuddenEndError
        write(roots, attribute, value)

    switch = Switch(machine.state, machine.roots, on_exit=ignore)
    with monkeypatch.context() as patched:
        patched.setattr(Roots, "write", until_the_end)
        if writes < 4:
            with pytest.raises(SuddenEndError):
                switch.on("power_management")
        else:
            switch.on("power_management")
    switch._journal.close()
    assert as_before(machine, before) is (writes == 0)
    with Switch(machine.state, machine.roots, on_exit=ignore) as later:
        assert later.leftover == Reverted(count=writes)
    assert as_before(machine, before)
    assert read_record(machine.state) is None


def test_an_end_while_taking_back_is_made_good_too(machine: Laptop, monkeypatch: pytest.MonkeyPatch) -> None:
    before, write, left = machine.texts(), Roots.write, iter(range(2))

    def until_the_end(roots: Roots, attribute: str, value: str) -> None:
        if next(left, None) is None:
            raise SuddenEndError
        write(roots, attribute, value)

    left_behind(machine)
    with monkeypatch.context() as patched, pytest.raises(SuddenEndError):
        patched.setattr(Roots, "write", until_the_end)
        Switch(machine.state, machine.roots, on_exit=ignore)
    with Switch(machine.state, machine.roots, on_exit=ignore) as later:
        assert later.leftover == Reverted(count=2)
    assert as_before(machine, before)


def test_what_somebody_else_has_set_meanwhile_stays(machine: Laptop) -> None:
    told: list[Reverted] = []
    with Switch(machine.state, machine.roots, on_exit=told.append) as switch:
        switch.on("power_management")
        machine.put(LAPTOP_MODE, "2")
    assert machine.text(LAPTOP_MODE) == "2"
    assert told == [Reverted(count=3, left=(f'{LAPTOP_MODE}: "2" was set meanwhile, and stays',))]
    assert read_record(machine.state) is None


def test_a_device_that_is_gone_is_told_and_done_with(machine: Laptop) -> None:
    told: list[Reverted] = []
    device = "sys/devices/pci0000:00/0000:00:14.0/usb1/1-2"
    with Switch(machine.state, machine.roots, on_exit=told.append) as switch:
        switch.on("power_management")
        (machine.root / device).rename(machine.root / "unplugged")
    assert told == [Reverted(count=3, left=(f"{device}/power/control: its device is gone",))]
    assert read_record(machine.state) is None


def test_another_device_in_the_same_place_keeps_its_value(machine: Laptop) -> None:
    told: list[Reverted] = []
    control = "sys/devices/pci0000:00/0000:00:14.0/usb1/1-2/power/control"
    with Switch(machine.state, machine.roots, on_exit=told.append) as switch:
        switch.on("power_management")
        (machine.root / control).rename(machine.root / "unplugged")
        machine.put(control, "auto")
    assert machine.text(control) == "auto"
    assert told == [Reverted(count=3, left=(f"{control}: another device has its place now",))]


@pytest.mark.parametrize(("number", "text"), [(30, "Read-only file system"), (13, "Permission denied"), (16, "busy")])
def test_a_refused_write_is_one_line_and_changes_nothing(
    machine: Laptop, monkeypatch: pytest.MonkeyPatch, number: int, text: str
) -> None:
    refusing(monkeypatch, OSError(number, text), "powersave", "balance_power")
    before, told = machine.texts(), list[Reverted]()
    with Switch(machine.state, machine.roots, on_exit=told.append) as switch:
        applied = switch.on("reduce_cpu")
        assert applied.changes == ()
        assert applied.refused[0] == f"{GOVERNOR}: {text}"
        assert len(applied.refused) == 4
        assert read_record(machine.state) is None
    assert machine.texts() == before
    assert told == [Reverted()]


def test_a_value_that_the_kernel_takes_for_another_is_put_back(
    machine: Laptop, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Roots.write

    def taken_for_another(roots: Roots, attribute: str, value: str) -> None:
        write(roots, attribute, "7" if value == "5" else value)

    monkeypatch.setattr(Roots, "write", taken_for_another)
    with Switch(machine.state, machine.roots, on_exit=ignore) as switch:
        applied = switch.on("power_management")
    assert applied.refused == (f'{LAPTOP_MODE}: became "7" instead of "5", and was set back',)
    assert machine.text(LAPTOP_MODE) == "0"


def test_what_cannot_be_taken_back_stays_in_the_journal_and_nothing_more_is_changed(
    machine: Laptop, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = machine.texts()
    told: list[Reverted] = []
    with monkeypatch.context() as patched:
        with Switch(machine.state, machine.roots, on_exit=told.append) as switch:
            switch.on("power_management")
            refusing(patched, OSError(13, "Permission denied"), "0")
        assert told == [Reverted(count=3, owed=(f"{LAPTOP_MODE}: Permission denied",))]
        record = read_record(machine.state)
        assert record is not None
        assert [one.attribute for one in record.entries] == [LAPTOP_MODE]
        with Switch(machine.state, machine.roots, on_exit=ignore) as switch:
            with pytest.raises(JournalError, match="laptop_mode: Permission denied"):
                switch.on("reduce_cpu")
            assert machine.text(GOVERNOR) == "performance"
    with Switch(machine.state, machine.roots, on_exit=ignore) as later:
        assert later.leftover == Reverted(count=1)
    assert as_before(machine, before)


def test_nothing_is_changed_where_the_journal_cannot_be_written(
    machine: Laptop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    before = machine.texts()
    with (
        pytest.raises(JournalError, match="No space left"),
        Switch(machine.state, machine.roots, on_exit=ignore) as switch,
    ):
        monkeypatch.setattr(os, "fsync", full)
        switch.on("reduce_cpu")
    assert machine.texts() == before


def test_two_runs_never_share_a_journal(machine: Laptop) -> None:
    with Switch(machine.state, machine.roots, on_exit=ignore) as switch:
        switch.on("reduce_cpu")
        with pytest.raises(JournalError, match="another run is changing settings"):
            Switch(machine.state, machine.roots, on_exit=ignore)
        assert is_held(machine.state)
        record = read_record(machine.state)
        assert record is not None
        assert record.strategy == "reduce_cpu"
    assert not is_held(machine.state)


def test_after_a_restart_of_the_machine_the_kernel_has_its_own_values(machine: Laptop) -> None:
    left_behind(machine, "reduce_cpu")
    machine.put("proc/sys/kernel/random/boot_id", "another")
    changed = machine.texts()
    with Switch(machine.state, machine.roots, on_exit=ignore) as later:
        assert later.leftover == Reverted()
    assert machine.texts() == changed
    assert read_record(machine.state) is None


def test_a_journal_of_other_folders_is_left_to_them(machine: Laptop, tmp_path: Path) -> None:
    left_behind(machine, "reduce_cpu")
    elsewhere = Roots(procfs=machine.roots.procfs, sysfs=tmp_path / "elsewhere")
    with pytest.raises(JournalError, match=r"--path\.sysfs"):
        Switch(machine.state, elsewhere, on_exit=ignore)
    with Switch(machine.state, machine.roots, on_exit=ignore) as later:
        assert later.leftover == Reverted(count=4)


def test_a_deleted_folder_loses_nothing_of_a_living_run(machine: Laptop) -> None:
    before = machine.texts()
    with Switch(machine.state, machine.roots, on_exit=ignore) as switch:
        switch.on("reduce_cpu")
        for one in machine.state.iterdir():
            one.unlink()
        machine.state.rmdir()
    assert machine.texts() == before


def test_the_policy_in_brackets_is_the_one_that_is_set_back(machine: Laptop) -> None:
    assert machine.text(ASPM) == ASPM_CHOICES
    with Switch(machine.state, machine.roots, on_exit=ignore) as switch:
        applied = switch.on("power_management")
    assert _change_of(applied.changes, ASPM) == ("default", "powersave")
    assert machine.text(ASPM) == "default"


def _change_of(changes: tuple[Change, ...], attribute: str) -> tuple[str, str]:
    (one,) = (one for one in changes if one.setting.attribute == attribute)
    return one.old, one.new
