"""Settings and guards that all tests share."""

import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

from tests import processes

# A busy machine is no failure: no test may depend on how long an example takes.
settings.register_profile("ecotrack", deadline=None)
# The same examples in every run, so that no commit is refused for what another one brought. `make verify` draws anew.
settings.register_profile("same", deadline=None, derandomize=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ecotrack"))

# Whoever runs the tests may have switched off the buffer of standard output. Users have not, and some mistakes show
# only where it has one.
os.environ.pop("PYTHONUNBUFFERED", None)

# Workers share the cores. Threads of OpenMP wait for one another by spinning: with more threads than cores, trees take
# ten times as long to fit.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# A shell starts a background job with SIGINT ignored, and every program below it inherits that. Programs that a test
# interrupts would not hear of it.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


NEWER_PROGRAMS = Path(__file__).parents[1] / ".cache/newer-programs"
"""Folder into which `make newer-programs`, a part of `make verify`, fetches the programs of Debian's suite sid."""


@pytest.fixture(params=["installed", "newer"])
def generation(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run the test twice: with the installed programs, and with the Prometheus and Alertmanager of Debian's sid."""
    name: str = request.param
    if name == "newer":
        if not NEWER_PROGRAMS.is_dir():
            pytest.skip(f"scripts/fetch-newer-programs has not made {NEWER_PROGRAMS}")
        monkeypatch.setenv("PATH", str(NEWER_PROGRAMS), prepend=os.pathsep)
    return name


@pytest.fixture(autouse=True)
def _servers_only_where_marked(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `make check`, which leaves the tests marked `servers` out, need no server and no installed program."""
    if request.node.get_closest_marker("servers") is None:
        monkeypatch.setattr(processes, "refuse_unless_marked", _refuse)


def _refuse() -> None:
    pytest.fail("mark the test with `servers`: it starts a server or a program that Debian's packages bring")
