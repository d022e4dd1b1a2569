"""Files of the state folder that a command makes, often as root and in a folder that another user owns."""

from pathlib import Path
from typing import Any

import pytest

from exporter.calibrate.stored import CALIBRATION
from exporter.kept import KeptFile
from exporter.optimize.trial.stored import TRIALS
from exporter.state import StateError


@pytest.mark.parametrize("kept", [CALIBRATION, TRIALS], ids=lambda one: one.name)
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
