"""The command `ecochain forecast`, in this process: what it writes, and what it says of every mistake."""

from collections.abc import Iterator
from concurrent.futures import Executor, Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simulator.cli import main
from simulator.experiments.run import execution
from simulator.forecast.checkpoint import load
from simulator.forecast.interface import Kind
from tests.simulator.forecast.courses import course


def own_csv(folder: Path, days: int = 200) -> Path:
    """Write a course of wind as a file of one's own."""
    series = course(Kind.WIND, days)
    times = np.datetime64("2025-01-01T00:00") + np.arange(len(series.values)) * np.timedelta64(1, "h")
    rows = [f"{time}+00:00,{value!r}" for time, value in zip(times, series.values.tolist(), strict=True)]
    path = folder / "own.csv"
    path.write_text("\n".join(["time,watts", *rows, ""]), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["evaluate", "--models", "oracle"], "--models: expected one of ridge, boosting, MLP, ensemble, "),
        (["evaluate", "--models", "ridge", "MLP:0"], '--models: MLP:0: expected a whole number >= 1, got "0"'),
        (["evaluate", "--splits", "tenth"], "--splits: expected one of fixed, period 1, "),
        (["evaluate", "--stations", "moon"], "--stations: expected one of greensboro, sand-point, got"),
        (["evaluate", "--kind", "tidal"], "--kind: expected one of solar, wind, intensity, got"),
        (["evaluate", "--kind", "intensity", "--grids", "moon"], "--grids: expected one of gb, de, fr, got"),
        (["evaluate", "--csv", "gone.csv"], "--csv: expected one --kind of what the file holds"),
        (["evaluate", "--csv", "gone.csv", "--kind", "wind"], "gone.csv: cannot be read: No such file or directory"),
        (["train", "--csv", "gone.csv", "--kind", "wind"], "gone.csv: cannot be read: No such file or directory"),
        (["train", "--kind", "wind"], "--stations, --kind: expected one station and one kind to train on"),
    ],
)
def test_a_mistake_is_one_line(
    arguments: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["forecast", *arguments, "--output", str(tmp_path / "out")]) == 2
    told = capsys.readouterr()
    assert (told.out, told.err.count("\n")) == ("", 1)
    assert told.err.startswith(f"ecochain: {said}")


class Dying(Executor):
    """An executor whose workers end before their work does, as where memory is short."""

    def submit(self, *_: Any, **__: Any) -> Future[Any]:
        """See `Executor.submit`."""
        told: Future[Any] = Future()
        told.set_exception(BrokenProcessPool())
        return told


@contextmanager
def dying(workers: int, dask: str | None) -> Iterator[Executor]:
    """Yield the executor that dies."""
    yield Dying()


def test_a_worker_that_ends_before_its_work_does_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execution, "executor_for", dying)
    data = ["--csv", str(own_csv(tmp_path, 40)), "--kind", "wind", "--models", "ridge", "--workers", "2"]
    assert main(["forecast", "evaluate", *data, "--output", str(tmp_path / "out")]) == 2
    (told,) = capsys.readouterr().err.splitlines()
    assert told == (
        "ecochain: --workers: a worker ended before its work did; the same command goes on with what is kept"
    )


@pytest.mark.slow
def test_a_model_of_ones_own_is_trained_kept_and_found_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = ["--csv", str(own_csv(tmp_path)), "--kind", "wind"]
    kept = tmp_path / "kept.npz"
    assert main(["forecast", "train", *data, "--models", "ridge", "--output", str(kept)]) == 0
    assert "kept.npz: " in capsys.readouterr().out
    assert load(kept)[0].candidates == ("convex", "ridge")
    assert main(["forecast", "check", *data, "--checkpoint", str(kept)]) == 0
    assert "at most 0.0e+00 apart" in capsys.readouterr().out
    other = ["--csv", str(own_csv(tmp_path, 150)), "--kind", "wind"]
    assert main(["forecast", "check", *other, "--checkpoint", str(kept)]) == 2
    assert "its model learnt from other data than these" in capsys.readouterr().err


@pytest.mark.slow
def test_an_evaluation_writes_its_report_and_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = ["--csv", str(own_csv(tmp_path)), "--kind", "wind", "--models", "ridge", "--seeds", "1"]
    output = ["--output", str(tmp_path / "out")]
    assert main(["forecast", "evaluate", *data, "--splits", "fixed", *output]) == 0
    assert "one hour ahead the served model" in capsys.readouterr().out
    assert main(["forecast", "evaluate", *data, "--splits", "fixed", "period 1", *output]) == 0
    page = (tmp_path / "out/report.md").read_text(encoding="utf-8")
    assert "- own wind, fixed: 4" in page
    assert "- own wind, period 1: 4" in page
    assert len((tmp_path / "out/scored.csv").read_text(encoding="utf-8").splitlines()) == 8
