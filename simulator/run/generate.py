"""The child process of `apart`: `python -m simulator.run.generate` computes the generation of some days.

It reads a request, a line of JSON, from its input, and writes an answer to its output: a line of JSON, then an array in
numpy's format. It ends when its input does, so that none outlives the run.
"""

import io
import sys
from collections.abc import Sequence

import msgspec
import numpy as np

from simulator.arrays import FloatArray
from simulator.assembly.layout import layout_of
from simulator.energy.interface import POINTS_PER_DAY, WeatherError
from simulator.run.apart import Answer, Request
from simulator.run.child import end_with
from simulator.run.generation import daily_generation


def main() -> int:
    """Answer the request on standard input."""
    request = msgspec.json.decode(sys.stdin.buffer.readline(), type=Request)
    end_with(sys.stdin.fileno())
    days, mistake = generated(request)
    sys.stdout.buffer.write(msgspec.json.encode(Answer(mistake=mistake)) + b"\n")
    sys.stdout.buffer.write(_in_numpys_format(days))
    sys.stdout.buffer.flush()
    return 0


def generated(request: Request) -> tuple[FloatArray, str]:
    """Return the generation (D, 2, 288, B) of the days asked for, and why they are fewer, if they are."""
    layout = layout_of(request.scenario, request.seed, request.nodes)
    days: list[FloatArray] = []
    mistake = ""
    try:
        day = daily_generation(layout, request.seed)
        for index in range(request.first, request.first + request.count):
            days.append(day(index))  # noqa: PERF401 - those before a mistake are kept
    except WeatherError as error:
        mistake = str(error)
    except ModuleNotFoundError as error:
        mistake = f"{error.name} is not installed: in a clone, pip install '.[simulator]'"
    return _stacked(days, len(layout.buses)), mistake


def _in_numpys_format(days: FloatArray) -> bytes:
    """Return the array as a file: numpy itself writes to no pipe that has a buffer, since it asks where it stands."""
    file = io.BytesIO()
    np.save(file, days, allow_pickle=False)
    return file.getvalue()


def _stacked(days: Sequence[FloatArray], buses: int) -> FloatArray:
    return np.array(days, dtype=np.float64).reshape(len(days), 2, POINTS_PER_DAY, buses)


if __name__ == "__main__":
    sys.exit(main())
