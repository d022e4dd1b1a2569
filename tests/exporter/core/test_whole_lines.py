"""A file of lines that was cut off within a line is refused in one line, whoever reads it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from exporter.core.config import ConfigError
from exporter.core.whole_lines import is_whole, read_lines
from simulator.assembly.credit_prices import load_prices
from simulator.energy.interface import WeatherError
from simulator.energy.weather_file import load_weather
from simulator.forecast.dataset import read_csv
from simulator.forecast.interface import ForecastError, Kind
from simulator.grid.files import load_grid
from simulator.grid.series import GridError
from simulator.workload.trace import load_trace
from tests.simulator.energy.places import greensboro

TOLD = "cannot be read: its last line has no end, as in a file that was cut off; end it if it is whole"

READERS: dict[str, Callable[[Path], object]] = {
    "weather": lambda path: load_weather(path, greensboro()),
    "grid": load_grid,
    "trace": lambda path: load_trace(path, []),
    "prices": load_prices,
    "observations": lambda path: read_csv(path, Kind.SOLAR, latitude=50.0, longitude=10.0),
}


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_a_file_that_was_cut_off_is_refused_by_whoever_reads_it(tmp_path: Path, read: Callable[[Path], object]) -> None:
    path = tmp_path / "cut.csv"
    path.write_text("date,dollars_per_tonne\n2025-01-01,12")
    with pytest.raises((ConfigError, WeatherError, GridError, ForecastError)) as refused:
        read(path)
    assert str(refused.value) == f"{path}: {TOLD}"


@pytest.mark.parametrize("content", [b"", b"\n", b"a\n", b"a\r\n", b"a\r"])
def test_whole_lines_are_read_as_they_are(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "whole").write_bytes(content)
    assert is_whole(content)
    assert read_lines(tmp_path / "whole") == content
