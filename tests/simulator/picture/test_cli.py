"""The command that draws a run, as its users call it."""

from pathlib import Path

import pytest

from exporter.core.command_line import USER_ERROR
from simulator.cli import main


@pytest.mark.slow
def test_a_run_is_drawn_into_a_new_folder_for_each_medium(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "new" / "pictures"
    asked = ["picture", "--scenario", "edge", "--policy", "least-loaded", "--seed", "3", "--plots", "paper"]
    assert main([*asked, "--output", str(folder)]) == 0
    files = [f"edge-least-loaded-3{ending}" for ending in (".png", ".pdf", "-wide.pdf")]
    assert sorted(file.name for file in folder.iterdir()) == sorted(files)
    assert capsys.readouterr().out.splitlines() == [str(folder / name) for name in files]


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--policy", "nobody"], "--policy: expected "),
        (["--policy", "single-node:nobody"], "--policy: expected one of the nodes "),
        (["--scenario", "published"], "--scenario: expected one of the model edge, got published"),
    ],
)
def test_a_mistake_ends_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], flags: list[str], told: str
) -> None:
    assert main(["picture", *flags, "--output", str(tmp_path)]) == USER_ERROR
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"ecochain: {told}")


def test_a_folder_that_cannot_be_is_told_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert main(["picture", "--output", str(tmp_path / "file")]) == USER_ERROR
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("ecochain: --output: ")
