"""Recorded workloads, and one clear line for each way in which a file can be wrong."""

from pathlib import Path

import numpy as np
import pytest

from exporter.core.config import ConfigError
from simulator.workload.trace import load_trace
from tests.simulator.workload.task_classes import CLASSES, whole

HEADER = "arrival_seconds,task_class"
WITH_WORK = f"{HEADER},work_seconds"


def write(folder: Path, *lines: str) -> Path:
    path = folder / "trace.csv"
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def test_tasks_come_by_the_hour_as_recorded(tmp_path: Path) -> None:
    path = write(tmp_path, WITH_WORK, "0,image,0.4", "10.5,text,0.9", "3600,image,0.6", "9000,detection,2")
    trace = load_trace(path, CLASSES)
    first = whole(trace, 0)
    assert first.arrival.tolist() == [0, 10.5]
    assert first.task_class.tolist() == [0, 1]
    assert first.task_class.dtype == np.int32
    assert first.work.tolist() == [0.4, 0.9]
    assert first.deadline.tolist() == [2, 14.5]
    assert [len(whole(trace, index)) for index in range(5)] == [2, 1, 1, 0, 0]


def test_blank_lines_do_no_harm(tmp_path: Path) -> None:
    rows = ["1,image", "2,text"]
    for lines in ([HEADER, *rows, ""], [HEADER, *rows, "", "", ""], [HEADER, rows[0], "", rows[1]]):
        assert whole(load_trace(write(tmp_path, *lines), CLASSES), 0).arrival.tolist() == [1, 2]
    with pytest.raises(ConfigError, match=r"trace\.csv:5: expected 2 values, got 1"):
        load_trace(write(tmp_path, HEADER, *rows, "", "3"), CLASSES)


def test_without_a_work_column_tasks_have_their_class_work(tmp_path: Path) -> None:
    tasks = whole(load_trace(write(tmp_path, "task_class,arrival_seconds", "text,1", "image,1"), CLASSES), 0)
    assert tasks.work.tolist() == [0.8, 0.5]


@pytest.mark.parametrize(
    ("lines", "mistake"),
    [
        ([], ":1: arrival_seconds: expected a column of this name, got nothing"),
        (["arrival_seconds,kind", "1,image"], ":1: task_class: expected a column of this name"),
        ([f"{HEADER},colour", "1,image,red"], ":1: expected the columns"),
        ([f"{HEADER},task_class", "1,image,text"], ":1: expected the columns"),
        ([HEADER], ": expected at least one task, got none"),
        ([HEADER, "1,image", "2,video"], ':3: task_class: expected one of image, text, detection, got "video"'),
        ([HEADER, "5,image", "4,image"], ":3: arrival_seconds: expected at least the 5 of the row before, got 4"),
        ([HEADER, "nan,image"], ":2: arrival_seconds: expected a number >= 0, got nan"),
        ([HEADER, "inf,image"], ":2: arrival_seconds: expected a number >= 0, got inf"),
        ([HEADER, "-1,image"], ":2: arrival_seconds: expected a number >= 0, got -1"),
        ([HEADER, "soon,image"], ':2: arrival_seconds: expected a number >= 0, got "soon"'),
        ([HEADER, ",image"], ':2: arrival_seconds: expected a number >= 0, got ""'),
        ([HEADER, "1,"], ':2: task_class: expected one of image, text, detection, got ""'),
        ([HEADER, "1"], ":2: expected 2 values, got 1"),
        ([HEADER, "1,image,2"], ":2: expected 2 values, got 3"),
        ([WITH_WORK, "1,image,"], ':2: work_seconds: expected a number >= 0, got ""'),
        ([WITH_WORK, "1,image,nan"], ":2: work_seconds: expected a number >= 0, got nan"),
        ([WITH_WORK, "1,image,0"], ":2: work_seconds: expected a number > 0, got 0"),
        ([HEADER, '"1,image'], ":2: unexpected end of data"),
    ],
)
def test_what_is_wrong_is_told_with_file_and_line(tmp_path: Path, lines: list[str], mistake: str) -> None:
    path = write(tmp_path, *lines)
    with pytest.raises(ConfigError) as caught:
        load_trace(path, CLASSES)
    (told,) = caught.value.mistakes
    assert told.startswith(f"{path}{mistake}")


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_trace(tmp_path / "absent.csv", CLASSES)


def test_bytes_that_are_no_text_are_told(tmp_path: Path) -> None:
    path = tmp_path / "trace.csv"
    path.write_bytes(b"arrival_seconds,task_class\n1,\xff\n")
    with pytest.raises(ConfigError, match="UTF-8"):
        load_trace(path, CLASSES)
