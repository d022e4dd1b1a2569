"""A program that waits for its stop can wait for its children too, whatever it was started by."""

import subprocess
import sys

IGNORED = """\
import os, signal, subprocess
from exporter.core.service import StopSignal
signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # as a parent may leave it
StopSignal()
child = subprocess.Popen(["true"])
print(os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT).si_status)
"""


def test_a_parent_that_ignores_its_children_does_not_take_ours_away() -> None:
    done = subprocess.run([sys.executable, "-c", IGNORED], capture_output=True, text=True, check=False, timeout=240)
    assert (done.stdout, done.stderr) == ("0\n", "")
