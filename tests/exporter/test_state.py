"""Laws of the state on disk: nothing is lost, nothing falls, and what cannot be read is kept aside."""

import errno
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.activity.ecotrack import ECOTRACK
from exporter.activity.rhythm import RHYTHM
from exporter.activity.window import Rule
from exporter.core.units import Seconds, UnixSeconds
from exporter.power.component import Component
from exporter.state import StateError, StateStore
from exporter.totals import Exported, Totals
from exporter.usage.events import Event, EventKind
from exporter.week import WeekProfile
from tests.exporter import hosts
from tests.exporter.fakes import Machine, rig, series
from tests.fake_clock import NOON, FakeClock

BOOT = "f2a9-first-boot"
LATER = UnixSeconds(NOON + 3600.0)
RESUME_WITHIN = Seconds(15.0)


def store_in(folder: Path, boot_id: str = BOOT, clock: FakeClock | None = None) -> StateStore:
    return StateStore(folder, boot_id, clock=clock or FakeClock(), resume_within=RESUME_WITHIN)


WITH_MEMORY = Path(__file__).parents[1] / "golden/state-with-memory.json"


@contextmanager
def opened(folder: Path, boot_id: str = BOOT, clock: FakeClock | None = None) -> Iterator[StateStore]:
    """Open a store on a folder, and let go of it as a killed process does."""
    store = store_in(folder, boot_id, clock)
    try:
        yield store
    finally:
        store.close()


def load(folder: Path, boot_id: str = BOOT) -> Totals:
    with opened(folder, boot_id) as store:
        return store.load(LATER)


def some_totals(samples: int = 20, rule: Rule = RHYTHM) -> Totals:
    """Return totals with something in every field."""
    machine = Machine(FakeClock())
    machine.nics['wlan\u00e9\n"0\\'] = 5
    sampling = rig(machine, rule=rule)
    for number in range(samples):
        machine.broken = {"cpu"} if number == 3 else set()
        sampling.sample_after(5.0, bytes_per_second=1e6)
    return sampling.now.totals


def saved_folder(folder: Path, *, clean_stop: bool = False) -> Totals:
    """Save two files that differ by one sample into a folder, and return the totals of the later one."""
    totals = some_totals()
    with opened(folder) as store:
        store.load(NOON)
        store.save(some_totals(19), NOON)
        store.save(totals, NOON, clean_stop=clean_stop)
    return totals


def discarded(totals: Totals, reason: str) -> int:
    return totals.exported.events.get(Event(kind=EventKind.DISCARD, source="state", reason=reason), 0)


@settings(max_examples=25)
@given(samples=st.integers(min_value=0, max_value=30), clean_stop=st.booleans())
def test_what_is_saved_is_loaded(samples: int, clean_stop: bool) -> None:
    totals = some_totals(samples)
    with TemporaryDirectory() as folder:
        with opened(Path(folder)) as store:
            store.save(totals, NOON, clean_stop=clean_stop)
        assert load(Path(folder)) == totals


def test_a_beginning_in_the_future_is_moved_to_now_and_what_had_been_emitted_stays(tmp_path: Path) -> None:
    ahead = replace(some_totals(3), since=UnixSeconds(LATER + 1000.0))
    with opened(tmp_path) as store:
        store.save(ahead, NOON)
    loaded = load(tmp_path)
    assert (loaded.since, loaded.lifetime_emissions) == (LATER, ahead.lifetime_emissions)


def test_a_state_that_knew_the_last_hour_and_no_week_is_read(tmp_path: Path) -> None:
    """Such a file has `marks`; all the rest goes on, and the week is learned from now on."""
    kept = Path(__file__).parents[1] / "golden/state-with-marks.json"
    assert b'"marks":[{' in kept.read_bytes()
    shutil.copy(kept, tmp_path / "state.json")
    loaded = load(tmp_path, "another boot")
    assert loaded == replace(some_totals(rule=ECOTRACK), week=WeekProfile(), weeks={}, last=None)


def test_an_empty_folder_begins_now(tmp_path: Path) -> None:
    assert load(tmp_path / "new" / "folder") == Totals(since=LATER)


def test_after_a_reboot_exported_counters_begin_at_zero_and_the_rest_goes_on(tmp_path: Path) -> None:
    totals = saved_folder(tmp_path)
    assert load(tmp_path, "another boot") == replace(totals, exported=Exported(), last=None)


def test_after_a_clean_stop_everything_goes_on_over_a_reboot(tmp_path: Path) -> None:
    totals = saved_folder(tmp_path, clean_stop=True)
    assert load(tmp_path, "another boot") == replace(totals, last=None)


def test_a_clean_stop_is_forgotten_once_something_newer_is_saved(tmp_path: Path) -> None:
    totals = saved_folder(tmp_path, clean_stop=True)
    with opened(tmp_path) as store:
        store.save(store.load(LATER), LATER)
    assert load(tmp_path, "another boot") == replace(totals, exported=Exported(), last=None)


def test_without_the_exact_file_the_durable_one_serves_for_what_may_be_a_minute_old(tmp_path: Path) -> None:
    saved_folder(tmp_path)
    (tmp_path / "state.json").unlink()
    assert load(tmp_path) == replace(some_totals(19), exported=Exported())


def test_without_the_durable_file_the_exact_one_serves(tmp_path: Path) -> None:
    totals = saved_folder(tmp_path)
    (tmp_path / "state.durable.json").unlink()
    assert load(tmp_path) == totals


def test_after_a_power_cut_that_undid_the_exact_file_the_durable_one_is_newer(tmp_path: Path) -> None:
    saved_folder(tmp_path, clean_stop=True)
    old = (tmp_path / "state.json").read_bytes()
    newer = some_totals(30)
    with opened(tmp_path) as store:
        store.load(LATER)
        store.save(newer, LATER)
    (tmp_path / "state.json").write_bytes(old)
    assert load(tmp_path, "another boot") == replace(newer, exported=Exported(), last=None)


def test_which_file_is_newer_does_not_depend_on_the_wall_clock(tmp_path: Path) -> None:
    totals = some_totals()
    with opened(tmp_path) as store:
        store.save(some_totals(19), NOON)
        store.save(totals, UnixSeconds(NOON - 7200.0))
    assert load(tmp_path) == totals


def test_a_kill_between_the_two_files_loses_nothing_that_was_published(tmp_path: Path) -> None:
    """While the durable file is being forced to the disk, which takes longest, the exact one is already there."""
    saved_folder(tmp_path)
    (tmp_path / "state.durable.tmp").mkdir()
    totals = some_totals(30)
    with opened(tmp_path) as store:
        store.load(LATER)
        with pytest.raises(IsADirectoryError):
            store.save(totals, LATER)
    assert load(tmp_path) == totals


def test_no_save_is_good_until_the_durable_file_is_written_again(tmp_path: Path) -> None:
    """On a full disk every other save fits into the room of the one before, and an alert has to see that."""
    clock, refusal = FakeClock(), tmp_path / "state.durable.tmp"
    with opened(tmp_path, clock=clock) as store:
        store.load(NOON)
        store.save(some_totals(1), NOON)
        (tmp_path / "state.tmp").mkdir()
        with pytest.raises(IsADirectoryError):
            store.save(some_totals(2), NOON)
        (tmp_path / "state.tmp").rmdir()
        refusal.mkdir()
        for second in range(3):
            clock.advance(5.0)
            with pytest.raises(IsADirectoryError):
                store.save(some_totals(3 + second), NOON)
        refusal.rmdir()
        store.save(some_totals(9), NOON)
    assert (tmp_path / "state.durable.json").read_bytes() == (tmp_path / "state.json").read_bytes()


def test_a_save_that_fails_leaves_no_exact_file_that_published_counters_could_outrun(tmp_path: Path) -> None:
    saved_folder(tmp_path, clean_stop=True)
    (tmp_path / "state.tmp").mkdir()
    with opened(tmp_path) as store:
        store.load(LATER)
        with pytest.raises(IsADirectoryError):
            store.save(some_totals(30), LATER)
    (tmp_path / "state.tmp").rmdir()
    assert load(tmp_path).exported == Exported()


def test_after_a_kill_counters_go_on_for_a_while_by_the_clock_that_never_steps(tmp_path: Path) -> None:
    totals = some_totals()
    for folder, asleep, goes_on in (("soon", RESUME_WITHIN, True), ("late", RESUME_WITHIN + 0.001, False)):
        clock = FakeClock()
        with opened(tmp_path / folder, clock=clock) as store:
            store.save(totals, clock.wall())
        clock.step(-7200.0)
        clock.sleep(asleep)
        with opened(tmp_path / folder, clock=clock) as store:
            assert store.load(LATER) == (totals if goes_on else replace(totals, exported=Exported()))


def test_a_save_that_another_clock_has_told_the_time_of_is_not_gone_on_from(tmp_path: Path) -> None:
    totals = saved_folder(tmp_path)
    with opened(tmp_path, clock=FakeClock(elapsed_at=FakeClock().elapsed_at - 1.0)) as store:
        assert store.load(LATER) == replace(totals, exported=Exported())


def test_a_clean_stop_counts_after_any_time_and_for_one_start(tmp_path: Path) -> None:
    totals = saved_folder(tmp_path, clean_stop=True)
    clock = FakeClock()
    clock.sleep(1e6)
    for boot_id, exported in ((BOOT, totals.exported), (BOOT, Exported()), ("another boot", Exported())):
        with opened(tmp_path, boot_id, clock) as store:
            last = totals.last if boot_id == BOOT else None
            assert store.load(LATER) == replace(totals, exported=exported, last=last)


def test_a_clean_stop_that_cannot_be_used_up_refuses_to_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counters that went on from it now, and once more after a kill, would fall."""
    saved_folder(tmp_path, clean_stop=True)

    def read_only(_self: Path, _target: Path) -> Path:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "replace", read_only)
    with pytest.raises(StateError, match=r": cannot be written: Read-only file system; see --state\.dir$"):
        load(tmp_path)


@pytest.mark.parametrize("clean_stop", [False, True])
def test_after_a_clean_stop_that_could_not_be_saved_counters_begin_at_zero(tmp_path: Path, clean_stop: bool) -> None:
    saved_folder(tmp_path, clean_stop=clean_stop)
    (tmp_path / "state.tmp").mkdir()
    with opened(tmp_path) as store:
        store.load(LATER)
        with pytest.raises(IsADirectoryError):
            store.save(some_totals(30), LATER, clean_stop=True)
    (tmp_path / "state.tmp").rmdir()
    assert load(tmp_path).exported == Exported()


def test_a_file_from_before_there_was_a_bound_is_no_base_for_counters(tmp_path: Path) -> None:
    totals = saved_folder(tmp_path)
    (tmp_path / "state.durable.json").unlink()
    content = msgspec.json.decode((tmp_path / "state.json").read_bytes().partition(b"\n")[2])
    del content["saved_elapsed"], content["exact_until"]
    payload = msgspec.json.encode(content)
    digest = hashlib.sha256(b"1\n" + payload).hexdigest()
    header = msgspec.json.encode({"format": "ecotrack-state", "version": 1, "sha256": digest})
    (tmp_path / "state.json").write_bytes(header + b"\n" + payload)
    assert load(tmp_path) == replace(totals, exported=Exported())


def test_what_may_be_published_is_never_more_than_a_restart_would_go_on_from(tmp_path: Path) -> None:
    clock, saved, later = FakeClock(), some_totals(3), some_totals(4)
    folder, away = tmp_path / "state", tmp_path / "away"
    with opened(folder, clock=clock) as store:
        store.save(saved, NOON)
        assert store.publishable(saved.exported) == saved.exported
        folder.rename(away)
        folder.write_text("in the way")
        for waited in (0.0, RESUME_WITHIN):
            clock.advance(waited)
            with pytest.raises(NotADirectoryError):
                store.save(later, NOON)
            assert store.publishable(later.exported) == saved.exported
        clock.advance(0.001)
        assert store.publishable(later.exported) == later.exported


def test_a_folder_deleted_again_holds_back_what_was_published_last(tmp_path: Path) -> None:
    clock, folder = FakeClock(), tmp_path / "state"
    with opened(folder, clock=clock) as store:
        for earlier, later in ((3, 4), (5, 6)):
            store.save(some_totals(earlier), NOON)
            assert store.publishable(some_totals(earlier).exported) == some_totals(earlier).exported
            shutil.rmtree(folder)
            store.save(some_totals(later), NOON)
            assert store.publishable(some_totals(later).exported) == some_totals(earlier).exported
            clock.advance(RESUME_WITHIN + 0.001)
            assert store.publishable(some_totals(later).exported) == some_totals(later).exported


def test_where_what_was_saved_can_be_removed_nothing_is_held_back(tmp_path: Path) -> None:
    saved, later = some_totals(3), some_totals(4)
    with opened(tmp_path) as store:
        store.save(saved, NOON)
        (tmp_path / "state.tmp").mkdir()
        with pytest.raises(IsADirectoryError):
            store.save(later, NOON)
        assert store.publishable(later.exported) == later.exported


def test_half_written_files_of_a_kill_do_not_matter(tmp_path: Path) -> None:
    totals = saved_folder(tmp_path)
    for name in ("state.tmp", "state.durable.tmp"):
        (tmp_path / name).write_bytes(b'{"format":"ecotrack-st')
    assert load(tmp_path) == totals
    with opened(tmp_path) as store:
        store.save(store.load(LATER), LATER)
    assert load(tmp_path) == totals


@settings(max_examples=60)
@given(data=st.data())
def test_any_flipped_byte_is_detected(data: st.DataObject) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        saved_folder(folder)
        (folder / "state.durable.json").unlink()
        content = bytearray((folder / "state.json").read_bytes())
        place = data.draw(st.integers(min_value=0, max_value=len(content) - 1))
        content[place] ^= data.draw(st.integers(min_value=1, max_value=255))
        (folder / "state.json").write_bytes(content)
        loaded = load(folder)
        assert loaded == replace(Totals(since=LATER), exported=loaded.exported)
        assert discarded(loaded, "damaged") == 1
        (aside,) = folder.glob("state.json.damaged-*")
        assert aside.read_bytes() == content


@pytest.mark.slow
def test_any_flipped_bit_of_the_header_is_detected(tmp_path: Path) -> None:
    saved_folder(tmp_path)
    (tmp_path / "state.durable.json").unlink()
    good = (tmp_path / "state.json").read_bytes()
    for place in range(8 * (good.index(b"\n") + 1)):
        content = bytearray(good)
        content[place // 8] ^= 1 << place % 8
        (tmp_path / "state.json").write_bytes(content)
        assert discarded(load(tmp_path), "damaged") == 1, bytes(content[: good.index(b"\n") + 1])


@pytest.mark.parametrize("keep", [0, 1, 50, 200, -1])
def test_a_truncated_file_is_kept_aside_and_the_other_one_serves(
    tmp_path: Path, keep: int, caplog: pytest.LogCaptureFixture
) -> None:
    saved_folder(tmp_path)
    content = (tmp_path / "state.json").read_bytes()[:keep]
    (tmp_path / "state.json").write_bytes(content)
    loaded = load(tmp_path)
    assert replace(loaded, exported=Exported()) == replace(some_totals(19), exported=Exported())
    assert discarded(loaded, "damaged") == 1
    (aside,) = tmp_path.glob("state.json.damaged-*")
    assert aside.read_bytes() == content
    (record,) = caplog.records
    assert str(tmp_path / "state.json") in record.getMessage()
    assert str(aside) in record.getMessage()


def test_two_damaged_files_of_the_same_second_are_both_kept(tmp_path: Path) -> None:
    for content in (b"one", b"two", b"three"):
        (tmp_path / "state.json").write_bytes(content)
        load(tmp_path)
    assert {path.read_bytes() for path in tmp_path.glob("state.json.damaged-*")} == {b"one", b"two", b"three"}


def test_a_file_of_a_future_version_is_kept_aside_and_named_so(tmp_path: Path) -> None:
    payload = b'{"a field of the future":1}'
    digest = hashlib.sha256(b"7\n" + payload).hexdigest()
    content = b'{"format":"ecotrack-state","version":7,"sha256":"%s"}\n' % digest.encode() + payload
    (tmp_path / "state.json").write_bytes(content)
    loaded = load(tmp_path)
    assert discarded(loaded, "future_version") == 1
    (aside,) = tmp_path.glob("state.json.future_version-*")
    assert aside.read_bytes() == content


def test_a_state_that_does_not_fit_is_damaged_even_with_a_good_checksum(tmp_path: Path) -> None:
    payload = b'{"boot_id":"x"}'
    digest = hashlib.sha256(b"1\n" + payload).hexdigest()
    header = msgspec.json.encode({"format": "ecotrack-state", "version": 1, "sha256": digest})
    (tmp_path / "state.json").write_bytes(header + b"\n" + payload)
    assert discarded(load(tmp_path), "damaged") == 1


def test_the_damaged_file_stays_when_the_state_is_saved_again(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_bytes(b"not a state")
    with opened(tmp_path) as store:
        store.save(store.load(LATER), LATER)
        store.save(store.load(LATER), LATER)
    (aside,) = tmp_path.glob("state.json.damaged-*")
    assert aside.read_bytes() == b"not a state"
    assert discarded(load(tmp_path), "damaged") == 1


def test_the_disk_is_forced_at_most_once_a_minute_and_on_a_clean_stop(tmp_path: Path) -> None:
    clock = FakeClock()
    durable = tmp_path / "state.durable.json"
    forced = []
    with opened(tmp_path, clock=clock) as store:
        for second in range(0, 181, 5):
            before = durable.stat().st_ino if durable.exists() else None
            store.save(some_totals(1), NOON)
            if durable.stat().st_ino != before:
                forced.append(second)
            clock.advance(5.0)
        store.save(some_totals(3), NOON, clean_stop=True)
    assert forced == [0, 60, 120, 180]
    assert durable.read_bytes() == (tmp_path / "state.json").read_bytes()


def test_a_second_instance_is_refused_until_the_first_is_gone(tmp_path: Path) -> None:
    with opened(tmp_path), pytest.raises(StateError, match=r"another ecotrack is using it; see --state\.dir$"):
        store_in(tmp_path)
    with opened(tmp_path):
        pass


def test_a_folder_that_cannot_be_made_or_read_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "state.json").mkdir()
    for fail in (
        lambda: store_in(tmp_path / "file"),
        lambda: store_in(tmp_path / "file" / "below"),
        lambda: load(tmp_path),
    ):
        with pytest.raises(StateError) as caught:
            fail()
        assert str(tmp_path) in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.skipif(os.getuid() != 0, reason="needs root to become another user")
@pytest.mark.parametrize("mode", [0o500, 0o400, 0o000])
def test_a_folder_without_permission_is_one_line_and_untouched(mode: int) -> None:
    program = """if True:
        import os, pathlib, sys
        sys.path.insert(0, sys.argv[2])
        from exporter.core.clock import SystemClock
        from exporter.state import StateError, StateStore
        os.setgroups([]); os.setgid(65534); os.setuid(65534)
        try:
            StateStore(pathlib.Path(sys.argv[1]), "boot", clock=SystemClock(), resume_within=15.0)
        except StateError as error:
            print(error)
    """
    with TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        folder = Path(name, "state")
        folder.mkdir()
        os.chown(folder, 65534, 65534)
        folder.chmod(mode)
        argv = [sys.executable, "-c", program, str(folder), str(Path(__file__).parents[2])]
        told = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=240).stdout
        assert told == f"state folder {folder}: cannot be used: Permission denied; see --state.dir\n"
        assert list(folder.iterdir()) == []


def test_totals_of_the_memory_term_that_models_had_are_read_and_do_not_fall(tmp_path: Path) -> None:
    """Written by an exporter whose cloud presets still added watts for memory."""
    shutil.copy(WITH_MEMORY, tmp_path / "state.json")
    before = load(tmp_path)
    assert before.exported.events == {}
    assert before.exported.energy[Component.MEMORY] == pytest.approx(188.16)
    sampling = rig(Machine(FakeClock()), totals=before, host=hosts.cloud_host("aws", 4))
    initial = series(sampling.now, "counter")
    now = sampling.sample_after(5.0, bytes_per_second=1e6)
    after = series(now, "counter")
    assert [key for key, value in initial.items() if after.get(key, 0.0) < value] == []
    for name in ("ecotrack_energy_joules_total", "ecotrack_emissions_grams_total"):
        assert after[(name, "memory", "host")] == initial[(name, "memory", "host")] > 0.0
    assert Component.MEMORY not in now.readings.powers
    exported = now.totals.exported
    assert sum(exported.energy.values()) == pytest.approx(now.totals.lifetime_energy, rel=1e-9)
    assert sum(exported.emissions.values()) == pytest.approx(now.totals.lifetime_emissions, rel=1e-9)
