"""Compiling: announced, kept, and never in the way of a start."""

import contextlib
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from simulator.scheduling.kernels.alone import alone
from tests.processes import ending, until
from tests.simulator.scheduling.kernels.test_alone import has_open

ROOT = Path(__file__).parents[4]
PLACE = """
import logging, sys
import numpy as np
from simulator.scheduling import lower_bound, shifting
from simulator.scheduling.kernels import compiled
from simulator.scheduling.policies import build_policy
assert not {"numba", "scipy"} & set(sys.modules), "loaded before they are asked for"
logging.basicConfig(level=logging.INFO, format="%(message)s")
from simulator.scheduling.score import Levels
from simulator.scheduling.weights import Weights
from tests.simulator.scheduling.clusters import cluster, tasks, view
policy = build_policy("least-loaded", Weights(load=1.0), levels=Levels.ALL, backend=compiled.Backend.COMPILED)
one = cluster([[[1.0]]], [[1.0]])
sys.exit(int(policy.place(tasks(0.0), one, view(one)).node[0]))
"""


def said(**environment: str) -> str:
    """Return the error output of a fresh process."""
    done = subprocess.run(
        [sys.executable, "-c", PLACE],
        env=os.environ | environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,  # it compiles
        check=True,
    )
    return done.stderr


@pytest.mark.slow
def test_only_the_first_process_compiles_and_says_so(tmp_path: Path) -> None:
    assert said(NUMBA_CACHE_DIR=str(tmp_path)).startswith("compiling the kernels: some seconds")
    assert said(NUMBA_CACHE_DIR=str(tmp_path)) == ""


@pytest.mark.slow
def test_the_code_is_kept_with_the_user_and_not_beside_the_source(tmp_path: Path) -> None:
    """A file beside an installed package outlives it, and Python would take that folder for the package."""
    said(NUMBA_CACHE_DIR="", XDG_CACHE_HOME=str(tmp_path))
    assert list(tmp_path.rglob("*.nbi"))
    assert said(NUMBA_CACHE_DIR="", XDG_CACHE_HOME=str(tmp_path)) == ""


@pytest.mark.slow
def test_without_any_folder_to_write_to_it_is_compiled_all_the_same() -> None:
    spoken = said(NUMBA_CACHE_DIR="", NUMBA_CACHE_LOCATOR_CLASSES="UserProvidedCacheLocator")
    assert spoken.startswith("compiling the kernels")


CALL = """
import sys
import caller
from simulator.scheduling.kernels.compiled import Backend, kernel
print(kernel(caller.scaled, Backend.COMPILED)(caller.Pair(2, 5)))
"""
CALLER = """
from typing import NamedTuple
from called import FACTOR, twice
class Pair(NamedTuple):
    one: int
    other: int
def scaled(pair):
    return twice(pair.one) * FACTOR
"""
CALLED = """
FACTOR = 3
def twice(number):
    return 2 * number
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        ("called", "2 * number", "20 * number", "120"),
        ("called", "FACTOR = 3", "FACTOR = 30", "120"),
        ("caller", "one: int\n    other: int", "other: int\n    one: int", "30"),
    ],
    ids=["function", "constant", "tuple"],
)
def test_kept_code_goes_with_the_files_that_it_rests_on(
    tmp_path: Path, file: str, old: str, new: str, expected: str
) -> None:
    texts = {"caller": CALLER, "called": CALLED}

    def run() -> str:
        for name, text in texts.items():
            (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
        environment = {"NUMBA_CACHE_DIR": str(tmp_path / "kept"), "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
        command = [sys.executable, "-c", CALL]
        done = subprocess.run(
            command,
            env=os.environ | environment | {"PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            timeout=300,  # it compiles
            check=True,
        )
        return done.stdout.strip()

    assert run() == "12"
    texts[file] = texts[file].replace(old, new)
    assert run() == expected


NOTED = """
import logging, resource, sys
logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))
"""


class Kept:
    """Fresh processes that call a kernel whose code is kept in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name, text in {"caller": CALLER, "called": CALLED}.items():
            (folder / f"{name}.py").write_text(text, encoding="utf-8")

    def said(self, room: int = -1) -> list[str]:
        """Return the lines of one, which may write so many bytes to a file."""
        path = f"{self.folder}{os.pathsep}{ROOT}"
        kept = {"NUMBA_CACHE_DIR": str(self.folder / "kept"), "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-c", NOTED + CALL, str(room)]
        done = subprocess.run(
            command, env=os.environ | kept, stdout=subprocess.PIPE, text=True, timeout=300, check=True
        )
        return done.stdout.splitlines()


COMPILES = "compiling the kernels: some seconds; they are cached for all runs of this kind"

DAMAGES = [
    ("nbc", lambda old: os.urandom(len(old))),
    ("nbc", lambda _old: b""),
    ("nbc", lambda old: old[: len(old) // 2]),
    ("nbi", lambda _old: b""),
    ("nbi", lambda old: old[:-9]),
    ("nbi", lambda old: old[: old.index(b".") + 1] + pickle.dumps((1, 2, 3))),
]


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "damage"), DAMAGES, ids=range(len(DAMAGES)))
def test_kept_code_that_is_damaged_is_compiled_anew(
    tmp_path: Path, kind: str, damage: Callable[[bytes], bytes]
) -> None:
    """A power cut may leave an empty file, and numba synchronises none."""
    kept = Kept(tmp_path)
    assert kept.said() == [COMPILES, "12"]
    (path,) = (tmp_path / "kept").rglob(f"*scaled*.{kind}")
    path.write_bytes(damage(path.read_bytes()))
    assert kept.said() == [COMPILES, "12"]
    assert kept.said() == ["12"]


@pytest.mark.slow
def test_a_disk_that_takes_no_code_costs_time_alone(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    for room in (0, 1000):  # nothing, and the index without the code
        compiles, warning, result = kept.said(room)
        assert (compiles, result) == (COMPILES, "12")
        assert warning.startswith(f"compiled kernels are not kept in {tmp_path}")
        assert warning.endswith("and each run compiles them anew: File too large")
    assert kept.said() == [COMPILES, "12"]
    assert kept.said() == ["12"]


@pytest.mark.slow
def test_who_waited_for_another_to_compile_takes_its_code(tmp_path: Path) -> None:
    for name, text in {"caller": CALLER, "called": CALLED}.items():
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")

    @contextlib.contextmanager
    def started(kept: Path) -> Iterator[subprocess.Popen[str]]:
        environment = {"NUMBA_CACHE_DIR": str(kept), "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
        program = f"import logging\nlogging.basicConfig(level=logging.INFO, stream=__import__('sys').stdout)\n{CALL}"
        argv = [sys.executable, "-c", program]
        with ending(subprocess.Popen(argv, env=os.environ | environment, stdout=subprocess.PIPE, text=True)) as process:
            yield process

    one, other = tmp_path / "one", tmp_path / "other"
    with started(one) as first:
        assert "compiling" in first.communicate(timeout=300)[0]
    [lock] = one.rglob("*.lock")
    waited_for = other / lock.relative_to(one)
    waited_for.parent.mkdir(parents=True)
    with contextlib.ExitStack() as processes, contextlib.ExitStack() as held:
        held.enter_context(alone(waited_for))
        second = processes.enter_context(started(other))
        # It looks for kept code, finds none, and opens the lock.
        until(lambda: has_open(second, waited_for), "the second process")
        shutil.copytree(one, other, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.lock"))
        held.close()
        assert second.communicate(timeout=300)[0] == "12\n"


COLLECTOR = """
import gc, sys
import caller
from numba.core import config, errors, event
from simulator.scheduling.kernels.compiled import Backend, kernel
gc.enable() if sys.argv[1] == "on" else gc.disable()
class Look(event.Listener):
    compiling = []
    def on_start(self, event):
        self.compiling.append(gc.isenabled() or config.LOOP_VECTORIZE)
    def on_end(self, event):
        pass
scaled = kernel(caller.scaled, Backend.COMPILED)
event.register("numba:compile", Look())
for pair in (caller.Pair(2, 5), caller.Pair(2.0, 5.0)):
    try:
        scaled(pair)
    except errors.TypingError:
        print("refused")
    print("on" if gc.isenabled() else "off")
print(len(Look.compiling) >= 4, any(Look.compiling), config.LOOP_VECTORIZE)
"""


@pytest.mark.slow
@pytest.mark.parametrize("before", ["on", "off"])
@pytest.mark.parametrize("twice", ["2 * number", "2 * number.absent"], ids=["compiles", "does not compile"])
def test_what_prolongs_compiling_is_off_meanwhile_and_then_as_it_was(tmp_path: Path, before: str, twice: str) -> None:
    # Each time, what is called is compiled as well.
    (tmp_path / "caller.py").write_text(CALLER, encoding="utf-8")
    (tmp_path / "called.py").write_text(CALLED.replace("2 * number", twice), encoding="utf-8")
    environment = {"NUMBA_CACHE_DIR": str(tmp_path / "kept"), "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    done = subprocess.run(
        [sys.executable, "-c", COLLECTOR, before],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=300,  # it compiles
        check=True,
    )
    after = [*([] if twice == "2 * number" else ["refused"]), before]
    assert done.stdout.splitlines() == [*after, *after, "True False 1"]


CONFIGURATIONS = """
import itertools
from numba.core.compiler import Flags
from numba.core.targetconfig import TargetConfig
from simulator.scheduling.kernels.compiled import _attend_compiling
class Others(Flags):
    pass
def with_values(kind, **values):
    made = kind()
    for name, value in values.items():
        setattr(made, name, value)
    return made
values = [{}, {"nrt": False}, {"nrt": True}, {"nrt": True, "boundscheck": True}, {"error_model": "numpy"}]
found = [with_values(kind, **one) for kind in (Flags, Others) for one in values] * 2
def compared():
    return [hash(one) for one in found], [one == other for one, other in itertools.product(found, [*found, 7])]
plain = TargetConfig.__hash__, TargetConfig.__eq__
before = compared()
_attend_compiling()
assert (TargetConfig.__hash__ is not plain[0]) and (TargetConfig.__eq__ is not plain[1])
assert compared() == before
print(before[1].count(True), before[1].count(False))
"""


def test_configurations_hash_and_compare_as_numba_would_have_it() -> None:
    done = subprocess.run(
        [sys.executable, "-c", CONFIGURATIONS], capture_output=True, text=True, timeout=300, check=True
    )
    alike, different = map(int, done.stdout.split())
    assert alike >= 20  # each with itself at least
    assert different >= 20
