"""The state folder on a machine where things go missing: deleted folders, pipes in place of files, full disks."""

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from exporter.calibrate.stored import CALIBRATION
from exporter.state import StateError
from tests.exporter.network_link import reason_to_skip
from tests.exporter.test_state import LATER, RESUME_WITHIN, load, opened, some_totals
from tests.fake_clock import NOON, FakeClock


def test_a_folder_that_is_deleted_is_made_and_locked_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It might come back, so that no more is published for as long as a restart would go on from what was in it."""
    folder, clock = tmp_path / "state", FakeClock()
    before, after = some_totals(3), some_totals(5)
    with opened(folder, clock=clock) as store:
        store.save(before, NOON)
        shutil.rmtree(folder)
        for wait, published in ((0.0, before), (RESUME_WITHIN, before), (0.001, after)):
            clock.advance(wait)
            store.save(after, NOON)
            assert store.publishable(after.exported) == published.exported
        assert (folder / "state.durable.json").exists()
        with pytest.raises(StateError, match="another ecotrack is using it"):
            load(folder)
    with opened(folder, clock=clock) as again:
        assert again.load(LATER) == after
    assert [record.message for record in caplog.records] == [
        f"state folder {folder}: was deleted, and is made and locked again"
    ]


@pytest.mark.parametrize("whole", [True, False], ids=["the folder", "its lock"])
def test_two_exporters_never_share_a_folder_that_was_deleted(tmp_path: Path, whole: bool) -> None:
    folder = tmp_path / "state"
    with opened(folder) as first:
        first.save(some_totals(3), NOON)
        if whole:
            shutil.rmtree(folder)
        else:
            (folder / "lock").unlink()
        with opened(folder) as second:
            second.save(some_totals(7), LATER)
            theirs = {file: file.read_bytes() for file in folder.iterdir()}
            for _ in range(2):
                with pytest.raises(BlockingIOError, match="another ecotrack is using it"):
                    first.save(some_totals(4), NOON)
            assert {file: file.read_bytes() for file in folder.iterdir()} == theirs
        first.save(some_totals(5), NOON)
        with pytest.raises(StateError, match="another ecotrack is using it"):
            load(folder)


def test_the_lock_keeps_no_file_open_for_writing(tmp_path: Path) -> None:
    """A file system on which one is open cannot be mounted read-only, as where it is checked."""
    with opened(tmp_path) as store:
        store.save(some_totals(3), NOON)
        descriptors = {one: str(one.readlink()) for one in Path("/proc/self/fd").iterdir() if one.is_symlink()}
        inside = [int(one.name) for one, target in descriptors.items() if target.startswith(str(tmp_path))]
        assert len(inside) == 1
        assert fcntl.fcntl(inside[0], fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY


@pytest.mark.parametrize("name", ["state.json", "state.durable.json", "lock", "calibration.json"])
def test_a_pipe_in_place_of_a_file_is_refused_at_the_start(tmp_path: Path, name: str) -> None:
    """It would hold up the start for good."""
    os.mkfifo(tmp_path / name)
    with pytest.raises(StateError, match="expected a file, got a pipe or a device"):
        load(tmp_path)
        CALIBRATION.load(tmp_path)


@pytest.mark.parametrize("name", ["state.tmp", "state.durable.tmp"])
@pytest.mark.parametrize("is_read", [False, True])
def test_a_pipe_that_stands_in_the_way_later_does_not_hold_up_the_sampling(
    tmp_path: Path, name: str, is_read: bool
) -> None:
    with opened(tmp_path) as store, contextlib.ExitStack() as undo:
        os.mkfifo(tmp_path / name)
        if is_read:
            undo.callback(os.close, os.open(tmp_path / name, os.O_RDONLY | os.O_NONBLOCK))
        # What is in the way is removed, and the next save is good at the latest.
        with contextlib.suppress(OSError):
            store.save(some_totals(3), NOON)
        store.save(some_totals(4), NOON)
    assert load(tmp_path) == some_totals(4)


FULL_DISK = """
import errno, os, sys
from pathlib import Path
from exporter.state import StateStore
from exporter.core.units import Seconds
from tests.exporter.test_state import BOOT, NOON, some_totals
from tests.fake_clock import FakeClock

folder, clock = Path(sys.argv[1]) / "state", FakeClock()
store = StateStore(folder, BOOT, clock=clock, resume_within=Seconds(15.0))
store.save(some_totals(3), NOON)
room = folder.with_name("room")
with room.open("wb", buffering=0) as file:
    try:
        while True:
            file.write(bytes(512))
    except OSError as error:
        assert error.errno == errno.ENOSPC
for samples in range(4, 16):
    clock.advance(15.0)
    try:
        store.save(some_totals(samples), NOON)
    except OSError as error:
        assert error.errno == errno.ENOSPC
    else:
        raise AssertionError(f"the save with {samples} samples was called good")
    exported = some_totals(samples).exported
    assert store.publishable(exported) == exported
room.unlink()
store.save(some_totals(16), NOON)
store.close()
again = StateStore(folder, BOOT, clock=clock, resume_within=Seconds(15.0))
assert again.load(NOON) == some_totals(16)
"""


def test_on_a_full_disk_no_save_is_good_and_the_exact_file_is_kept_all_the_same(tmp_path: Path) -> None:
    """Each failed save would otherwise free the room that the next one needs, and be told anew."""
    if reason := reason_to_skip():
        pytest.skip(reason)
    mounted = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs -o size=64k none "$0" && exec "$@"', str(tmp_path)]
    argv = [*mounted, sys.executable, "-c", FULL_DISK, str(tmp_path)]
    ended = subprocess.run(argv, capture_output=True, text=True, timeout=240, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
