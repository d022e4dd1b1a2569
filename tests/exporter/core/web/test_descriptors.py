"""The number of connections for which the limit on open files leaves room."""

import subprocess
import sys

import pytest

from exporter.core.web.descriptors import RESERVED

ASKED = """
import os, resource, sys
from exporter.core.web.descriptors import room_for
resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[1]), int(sys.argv[2])))
print(room_for(256), *resource.getrlimit(resource.RLIMIT_NOFILE), len(os.listdir("/dev/fd")))
"""


@pytest.mark.parametrize(
    ("soft", "hard"), [(8, 8), (20, 20), (64, 64), (64, 128), (64, 1000), (256, 512), (1000, 1000)]
)
def test_connections_leave_the_reserve_and_the_soft_limit_rises_no_higher_than_they_need(soft: int, hard: int) -> None:
    argv = [sys.executable, "-c", ASKED, str(soft), str(hard)]
    told = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=240).stdout
    room, soft_then, hard_then, taken = map(int, told.split())
    assert hard_then == hard
    assert soft_then == max(soft, min(hard, 256 + RESERVED + taken))
    assert room == max(1, min(256, soft_then - RESERVED - taken))
