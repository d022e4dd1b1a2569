"""The live job has one heap, whatever its threads take up."""

import platform
import re
import subprocess
import sys

import pytest

THREADS = """
import ctypes, sys, threading
from simulator.live.one_heap import keep_one_heap

if sys.argv[1] == "one":
    keep_one_heap()
taken = threading.Thread(target=lambda: kept.append(bytes(100_000)))
kept = []
taken.start()
taken.join()
library = ctypes.CDLL(None)
library.malloc_stats()
"""


def heaps(number: str) -> int:
    """Return how many heaps the C library tells of in a process in which a thread took some memory."""
    argv = [sys.executable, "-c", THREADS, number]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=240, check=True)
    return len(re.findall(r"^Arena \d+:", done.stderr, re.MULTILINE))


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only the C library of GNU has several")
def test_a_thread_has_no_heap_of_its_own() -> None:
    assert (heaps("one"), heaps("several")) == (1, 2)
