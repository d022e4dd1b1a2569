"""A user whom the system does not know, without a home, as containers run programs."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

UNKNOWN = "61234"
"""A number of a user that no system here has."""


def reason_to_skip() -> str:
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        return "becoming another user takes root and setpriv"
    return ""


def as_unknown_user(module: str, *flags: str) -> subprocess.CompletedProcess[str]:
    """Run a program as a user without a name or a home, who may read what root may: the interpreter, perhaps."""
    if reason := reason_to_skip():
        pytest.skip(reason)
    powers = "-all,+dac_read_search"
    argv = ["setpriv", f"--reuid={UNKNOWN}", f"--regid={UNKNOWN}", "--clear-groups"]
    argv += [f"--inh-caps={powers}", f"--ambient-caps={powers}", sys.executable, "-m", module, *flags]
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE") if name in os.environ}
    return subprocess.run(argv, env=kept, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("module", ["exporter", "simulator"])
@pytest.mark.parametrize("flag", ["--version", "--help"])
def test_both_programs_say_what_they_are(module: str, flag: str) -> None:
    ended = as_unknown_user(module, flag)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout


@pytest.mark.parametrize(
    ("module", "flags"),
    [
        ("exporter", ("--config.check",)),
        ("exporter", ("--once", "--web.listen-address=127.0.0.1:1")),
        ("simulator", ("scenarios",)),
        ("simulator", ("serve", "--config.check")),
    ],
)
def test_what_needs_no_folder_runs(module: str, flags: tuple[str, ...]) -> None:
    ended = as_unknown_user(module, *flags)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    refused = as_unknown_user("exporter", "--web.listen-address=127.0.0.1:0")
    assert refused.returncode == 2
    assert refused.stderr == (
        f"ecotrack: state folder /var/lib/ecotrack-{UNKNOWN}: cannot be used: Permission denied; see --state.dir\n"
    )
    file = tmp_path / "file"
    file.touch()
    refused = as_unknown_user("exporter", "--web.listen-address=127.0.0.1:0", f"--state.dir={file}")
    assert refused.stderr == f"ecotrack: state folder {file}: cannot be used: File exists; see --state.dir\n"
