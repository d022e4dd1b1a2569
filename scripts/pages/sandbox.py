"""Sandbox in which a page is tried: the whole machine, on which everything may be written and nothing stays.

Its own mounts, network and processes: a file system laid over that of the machine, a loopback on which nobody else
listens, and an end that takes all processes with it. Only root may make one.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from scripts.pages.markdown import ROOT

HOME = "/home/reader"
"""Folder of who reads the page."""

CLONE = f"{HOME}/ecotrack"
"""The clone of the repository in which a page begins."""

HOSTS = "127.0.0.1 localhost device.example\n"

INSIDE = """\
set -e
ip link set lo up
mount -t tmpfs none /mnt
mkdir /mnt/over /mnt/work /mnt/all
if [ "$KEEP" = 1 ]; then over=$BASE/over work=$BASE/work
else over=/mnt/over work=/mnt/work; cp --archive "$BASE/over/." $over; fi
mount -t overlay -o "lowerdir=/,upperdir=$over,workdir=$work" none /mnt/all
for place in proc dev sys; do mount --rbind /$place /mnt/all/$place; done
exec chroot /mnt/all env -i bash --noprofile --norc -c 'cd "$1" && . "$2"' bash "$FOLDER" "$SCRIPT"
"""
"""Script that makes the sandbox: `BASE` has what all pages share; with `KEEP` it is filled.

A page writes on a copy of it in memory, since a layer of a file system may not lie within another one.
"""

UNSHARE = "setpriv --pdeathsig KILL unshare --mount --net --pid --fork --kill-child --mount-proc bash -c"


PROGRAMS = ("chroot", "curl", "git", "ip", "setpriv", "unshare")
"""Programs without which there is no sandbox, or nobody to ask a server in it."""

TICK_SECONDS = 0.5
"""Time in seconds after which it is looked again whether a script has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """Sandbox with a folder on the machine for what all pages share: the clone, and the programs installed in it."""

    base: Path

    def run(
        self,
        script: str,
        *,
        folder: str = CLONE,
        keeps: bool = False,
        seconds: float = 1800.0,
        watch: Callable[[str], None] | None = None,
    ) -> str:
        """Run a script of bash and return what it printed, errors in their place; end it after so many seconds.

        `watch` gets what was printed so far, again and again. No process of the script outlives the call.
        """
        with tempfile.TemporaryDirectory() as there:
            file, said = Path(there, "script"), Path(there, "said")
            file.write_text(PREPARED + script, encoding="utf-8")
            around = {"PATH": os.environ["PATH"], "BASE": str(self.base), "KEEP": str(int(keeps)), "FOLDER": folder}
            with said.open("wb") as output:
                _to_its_end({**around, "SCRIPT": str(file)}, output, seconds, lambda: watch and watch(_text(said)))
            return _text(said)


def _to_its_end(environment: dict[str, str], output: BinaryIO, seconds: float, tick: Callable[[], object]) -> None:
    """Run the script that makes the sandbox, and return once no process within it is left."""
    alive, held = os.pipe()
    process = subprocess.Popen(
        [*UNSHARE.split(), INSIDE],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        pass_fds=(held,),
    )
    os.close(held)
    end = time.monotonic() + seconds
    try:
        while process.poll() is None:
            if time.monotonic() > end:
                output.write(f"\n@@ slow {seconds:g}\n".encode())
                break
            time.sleep(TICK_SECONDS)
            tick()
    finally:
        process.kill()
        process.wait()
        os.read(alive, 1)
        os.close(alive)


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="replace")


PACKAGES = "\\n".join(one for one in sys.path if one.endswith("site-packages"))
"""Folders of the packages that are at hand: with them to be seen, pip finds nothing to fetch."""

PYTHON = Path(sys.executable).resolve()

PREPARED = f"""\
export PATH={HOME}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME={HOME} LC_ALL=C.UTF-8 USER=root
export PIP_NO_INDEX=1 PIP_QUIET=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_BUILD_ISOLATION=0 PIP_ROOT_USER_ACTION=ignore
export GIT_CONFIG_NOSYSTEM=1 GIT_PROGRESS_DELAY=3600
export GIT_CONFIG_COUNT=2 GIT_CONFIG_KEY_0=url.file://{HOME}/origin/.insteadOf
export GIT_CONFIG_VALUE_0=https://github.com/ecotrack/ GIT_CONFIG_KEY_1=safe.directory GIT_CONFIG_VALUE_1=*
hash -r
"""
"""The environment of a reader whose network is a folder."""

INTERPRETER = f"""\
#!/bin/sh
# Python, whose new environments see the packages that are at hand.
{PYTHON} "$@" || exit
if [ "$1 $2" = "-m venv" ]; then
    for last; do :; done
    cd "$last"/lib/python3.{sys.version_info.minor}/site-packages || exit
    rm -rf setuptools*
    printf '{PACKAGES}\\n' >at-hand.pth
fi
"""

TOOLS = ("tlog-tiles",)
"""Programs of other people's packages that pages install."""

SUDO = '#!/bin/sh\nexec "$@"\n'

BASE = f"""\
set -e
mkdir -p {HOME}/bin {HOME}/origin/ecotrack
cp -r "{{source}}/." {HOME}/origin/ecotrack
cp "{{source}}.bin"/* {HOME}/bin
chmod +x {HOME}/bin/*
printf '{HOSTS}' >/etc/hosts
rm -rf /opt/ecotrack /var/lib/ecotrack /etc/ecotrack /tmp/audit /tmp/public
mkdir -p /etc/systemd/system /etc/udev/rules.d /var/lib/ecotrack
cd {HOME}/origin/ecotrack
git init --quiet
git add --force .
git -c user.name=reader -c user.email=reader@example.org commit --quiet --message "The repository"
git clone --quiet {HOME}/origin/ecotrack {CLONE}
cd {CLONE}
python3 -m venv .venv
.venv/bin/pip install --quiet '.[simulator]'
python3 -m venv /opt/ecotrack
/opt/ecotrack/bin/pip install --quiet .
rm -rf build *.egg-info
echo "@@ ready"
"""
"""Beginning that all pages share: a repository to clone, a clone, and the programs installed as pages say."""


def make(base: Path) -> Sandbox:
    """Fill a folder of the disk with what all pages share, and return the sandbox; raise RuntimeError if that fails."""
    for name in ("over", "work"):
        (base / name).mkdir(parents=True)
    source, programs = base / "source", base / "source.bin"
    _copy_tracked(source)
    programs.mkdir()
    for name in ("python3", f"python3.{sys.version_info.minor}"):
        (programs / name).write_text(INTERPRETER, encoding="utf-8")
    (programs / "sudo").write_text(SUDO, encoding="utf-8")
    for name in TOOLS:
        (programs / name).write_text(f'#!/bin/sh\nexec {Path(sys.executable).parent / name} "$@"\n', encoding="utf-8")
    sandbox = Sandbox(base=base)
    said = sandbox.run(BASE.format(source=source), folder="/", keeps=True)
    if "@@ ready" not in said:
        raise RuntimeError(f"what all pages share could not be made:\n{said}")
    return sandbox


def _copy_tracked(target: Path) -> None:
    """Copy the files that git tracks, as they are now, and those of a commit to come."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file() and not (ROOT / name).is_symlink():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)
