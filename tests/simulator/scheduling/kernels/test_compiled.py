"""Compiling: announced, kept, and never in the way of a start."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

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


def test_without_any_folder_to_write_to_it_is_compiled_all_the_same() -> None:
    spoken = said(NUMBA_CACHE_DIR="", NUMBA_CACHE_LOCATOR_CLASSES="UserProvidedCacheLocator")
    assert spoken.startswith("compiling the kernels")
