"""A pipe or a device in place of a file that people name is refused in one line; a pipe would be waited for."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from exporter.config import load_config
from exporter.core.config import ConfigError
from exporter.core.regular_file import open_file, read_file
from exporter.core.web.web_config import load_web_config
from simulator.assembly.credit_prices import load_prices
from simulator.energy.interface import WeatherError
from simulator.energy.weather_file import load_weather
from simulator.experiments.find.estimates import load_shown_results
from simulator.forecast.archive import read_arrays
from simulator.forecast.dataset import station_site
from simulator.forecast.interface import ForecastError
from simulator.grid.series import GridError
from simulator.grid.table import read_table
from simulator.ledger.file.faults import StoreError
from simulator.ledger.file.reading import open_reader
from simulator.ledger.file.store import open_store
from simulator.models.profile import load_profile
from simulator.scenario.load import load_scenario
from simulator.workload.trace import load_trace
from tests.simulator.energy.places import greensboro

TOLD = "expected a file, got a pipe or a device"


def web_config_with(certificate: Path) -> object:
    """Load a web configuration that names a certificate."""
    file = certificate.with_name("web.yml")
    file.write_text(f"tls_server_config: {{cert_file: {certificate.name}, key_file: {certificate.name}}}\n")
    return load_web_config(file)


READERS: dict[str, Callable[[Path], object]] = {
    "any": read_file,
    "configuration": load_config,
    "web configuration": load_web_config,
    "certificate": web_config_with,
    "scenario": lambda path: load_scenario(str(path)),
    "weather": lambda path: load_weather(path, greensboro()),
    "grid": read_table,
    "trace": lambda path: load_trace(path, []),
    "prices": load_prices,
    "profile": load_profile,
    "checkpoint": read_arrays,
    "station": station_site,
    "ledger": open_store,
    "audited ledger": open_reader,
}

ERRORS = (OSError, ConfigError, WeatherError, GridError, ForecastError, StoreError)


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path, read: Callable[[Path], object]) -> None:
    pipe = tmp_path / "mine.yaml"
    os.mkfifo(pipe)
    with pytest.raises(ERRORS, match=TOLD):
        read(pipe)


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_a_device_is_refused_and_not_read(tmp_path: Path, read: Callable[[Path], object]) -> None:
    """This one never ends."""
    link = tmp_path / "mine.yaml"
    link.symlink_to("/dev/zero")
    with pytest.raises(ERRORS, match=TOLD):
        read(link)


def test_results_of_experiments_are_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "results.json")
    with pytest.raises(ConfigError, match=TOLD):
        load_shown_results(tmp_path)


def test_files_and_links_to_them_are_read(tmp_path: Path) -> None:
    file, link = tmp_path / "file", tmp_path / "link"
    file.write_bytes(b"some text")
    link.symlink_to(file)
    assert read_file(link, 9) == b"some text"
    with open_file(file) as opened:
        assert opened.read(4) == b"some"
    with pytest.raises(OSError, match="expected at most 8 bytes"):
        read_file(file, 8)
    with pytest.raises(IsADirectoryError):
        read_file(tmp_path)
    with pytest.raises(FileNotFoundError):
        read_file(tmp_path / "none")
