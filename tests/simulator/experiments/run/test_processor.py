"""The same bytes on every x86-64 processor but for one thing, which the page of the experiments names."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

FEATURES = """\
from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__
print(*(one for one in __cpu_dispatch__ if __cpu_features__[one]))
"""
"""Program that prints the instruction sets of this processor for which numpy has code of its own."""


def is_avx512(feature: str) -> bool:
    """Tell whether an instruction set, as numpy names it, is AVX-512 or more; before numpy 2.4 its parts had names."""
    return feature.startswith(("AVX512", "X86_V4"))


def runs_without(features: list[str], folder: Path) -> bytes:
    """Run a small experiment on a processor that lacks these instruction sets, and return the figures of its runs."""
    asked = ["--scenario", "edge", "--replications", "2", "--tasks", "300", "--methods", "compression-only"]
    argv = [sys.executable, "-m", "simulator", "experiment", "baseline", *asked, "--output", str(folder)]
    environment = os.environ | {"NPY_DISABLE_CPU_FEATURES": " ".join(features)}
    subprocess.run(argv, env=environment, check=True, capture_output=True, timeout=500)
    return (folder / "baseline-edge" / "runs.csv").read_bytes()


@pytest.mark.slow
def test_without_avx_512_figures_are_those_of_any_processor(tmp_path: Path) -> None:
    """numpy has `exp`, `log` and powers of its own for AVX-512 alone, which round the last digit otherwise."""
    found = subprocess.run([sys.executable, "-c", FEATURES], capture_output=True, text=True, check=True, timeout=240)
    features = found.stdout.split()
    without = runs_without([one for one in features if is_avx512(one)], tmp_path / "without")
    assert without == runs_without(features, tmp_path / "least")
