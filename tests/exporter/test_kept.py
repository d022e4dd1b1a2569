"""Files of the state folder that a command makes, often as root and in a folder that another user owns."""

import fcntl
import resource
from pathlib import Path
from typing import Any

import pytest

from exporter.audit.kept import AUDIT
from exporter.calibrate.stored import CALIBRATION
from exporter.kept import KeptFile
from exporter.optimize.trial.stored import TRIALS, Trials
from exporter.state import StateError
from tests.exporter.golden_snapshot import TRIAL


@pytest.mark.parametrize("kept", [AUDIT, CALIBRATION, TRIALS], ids=lambda one: one.name)
def test_a_link_in_the_place_of_a_file_is_not_followed(tmp_path: Path, kept: KeptFile[Any]) -> None:
    precious = tmp_path / "precious"
    precious.write_text("precious")
    folder = tmp_path / "state"
    folder.mkdir()
    (folder / kept.name).with_suffix(".new").symlink_to(precious)
    with (
        pytest.raises(StateError, match="cannot be written: Too many levels of symbolic links"),
        kept.place_of_the_next(folder),
    ):
        pass
    assert precious.read_text() == "precious"


@pytest.mark.parametrize("kept", [AUDIT, CALIBRATION, TRIALS], ids=lambda one: one.name)
def test_a_file_that_cannot_be_read_is_told_with_the_flag_that_names_another_folder(
    tmp_path: Path, kept: KeptFile[Any]
) -> None:
    (tmp_path / kept.name).symlink_to(kept.name)
    with pytest.raises(StateError, match=f"{kept.name}: cannot be read: .+; see --state.dir$"):
        kept.load(tmp_path)


@pytest.mark.parametrize("keeps", [True, False])
def test_one_that_locks_after_another_has_ended_leaves_alone_what_that_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, keeps: bool
) -> None:
    lock, content = fcntl.flock, Trials().with_latest(TRIAL)

    def late(file: int, operation: int) -> None:
        monkeypatch.undo()
        with TRIALS.place_of_the_next(tmp_path) as keep:
            if keeps:
                keep(content)
        lock(file, operation)

    monkeypatch.setattr(fcntl, "flock", late)
    with pytest.raises(StateError, match="another `ecotrack trial` has just ended"), TRIALS.place_of_the_next(tmp_path):
        pytest.fail("began to measure")
    assert TRIALS.load(tmp_path) == (content if keeps else None)
    with TRIALS.place_of_the_next(tmp_path) as keep:
        keep(Trials())
    assert TRIALS.load(tmp_path) == Trials()


@pytest.mark.parametrize("kept", [AUDIT, CALIBRATION, TRIALS], ids=lambda one: one.name)
def test_a_disk_that_takes_only_a_part_is_told_before_anything_is_measured(tmp_path: Path, kept: KeptFile[Any]) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (kept.block - 1, hard))
    try:
        with pytest.raises(StateError, match="File too large"), kept.place_of_the_next(tmp_path):
            pytest.fail("began to measure")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
