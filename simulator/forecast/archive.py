"""Files of arrays by name: numpy's `.npz` without pickle, so that nothing in a file can be run."""

import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporter.core.regular_file import open_file
from simulator.forecast.interface import ForecastError

Arrays = Mapping[str, NDArray[Any]]

LARGEST_BYTES = 64 * 2**20
"""Largest file that is read: far above any network here, far below what would harm a machine."""

DAMAGES = (ValueError, TypeError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError)
"""Errors of numpy and zipfile for a file that is damaged, or none of theirs."""


def write_arrays(path: Path, arrays: Arrays) -> None:
    """Write a file: either all of it or nothing. Raises ForecastError where it cannot be written."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("wb") as file:
            np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
        partial.replace(path)
    except OSError as error:
        raise ForecastError(f"{path}: cannot be written: {error.strerror}") from error


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Read a file. Raises ForecastError for one that cannot be read, is damaged or no archive of arrays."""
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise ForecastError(f"{path}: expected at most {LARGEST_BYTES} bytes")
        with open_file(path) as file, np.load(file, allow_pickle=False) as kept:
            return {name: kept[name] for name in kept.files}
    except OSError as error:
        raise ForecastError(f"{path}: cannot be read: {error.strerror or 'it is damaged'}") from error
    except DAMAGES as error:
        raise ForecastError(f"{path}: expected arrays in an .npz file: it is none, or damaged") from error
