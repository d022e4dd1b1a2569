"""A program that waits for its stop can wait for its children too, whatever it was started by."""

import os
import pty
import subprocess
import sys

import pytest

IGNORED = """\
import os, signal, subprocess
from exporter.core.service import StopSignal
signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # as a parent may leave it
StopSignal()
child = subprocess.Popen(["true"])
print(os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT).si_status)
"""


HANGUP = """\
import os, signal
from exporter.core.service import StopSignal
stop = StopSignal()
stop.on_hangup(lambda: print("looked"))
os.kill(os.getpid(), signal.SIGHUP)
print(stop.wait(0.0), stop.wait(0.0))
os.kill(os.getpid(), signal.SIGTERM)
print(stop.wait(0.0), stop.wait(0.0))
"""


LONG = """\
import logging, os, signal, sys, time
from exporter.core.service import Stopped, StopSignal
stop = StopSignal()
stop.on_hangup(lambda: print("looked"))
if sys.argv[1] == "before":
    os.kill(os.getpid(), signal.SIGTERM)
os.kill(os.getpid(), signal.SIGHUP)
try:
    with stop.at_once():
        print("begun")
        try:
            if sys.argv[1] == "within":
                os.kill(os.getpid(), signal.SIGTERM)
                time.sleep(240)
        except Exception:
            print("taken")
        print("done")
    if sys.argv[1] == "after":
        os.kill(os.getpid(), signal.SIGTERM)
    print(stop.wait(0.0))
except Stopped:
    print("stopped")
"""


@pytest.mark.parametrize(
    ("moment", "printed"),
    [
        ("before", "stopped"),
        ("within", "looked begun stopped"),
        ("after", "looked begun done True"),
        ("never", "looked begun done False"),
    ],
)
def test_a_signal_ends_what_takes_long_at_once_and_nothing_else(moment: str, printed: str) -> None:
    argv = [sys.executable, "-c", LONG, moment]
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=240)
    assert (done.returncode, done.stdout.split(), done.stderr) == (0, printed.split(), "")


def test_a_parent_that_ignores_its_children_does_not_take_ours_away() -> None:
    done = subprocess.run([sys.executable, "-c", IGNORED], capture_output=True, text=True, check=False, timeout=240)
    assert (done.stdout, done.stderr) == ("0\n", "")


def run(*argv: str, terminal: int | None = None) -> str:
    """Run the program that sends itself SIGHUP, then SIGTERM, at a terminal or none; return what it printed."""
    stdin = subprocess.DEVNULL if terminal is None else terminal
    done = subprocess.run(
        [*argv, sys.executable, "-c", HANGUP], stdin=stdin, capture_output=True, text=True, check=False, timeout=240
    )
    assert (done.returncode, done.stderr.replace("nohup: ignoring input\n", "")) == (0, "")
    return done.stdout


def test_a_hangup_asks_for_a_look_at_the_configuration_where_there_is_no_terminal() -> None:
    assert run() == "looked\nFalse False\nTrue True\n"


def test_a_closed_terminal_stops_the_program() -> None:
    far, near = pty.openpty()
    try:
        assert run(terminal=near) == "True True\nTrue True\n"
        assert run("sh", "-c", 'trap "" HUP; exec "$@"', "sh", terminal=near) == "False False\nTrue True\n"
    finally:
        os.close(far)
        os.close(near)
