"""A Docker engine of Debian's packages, started by hand in folders of its own: no service, no registry, no firewall."""

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import NEWER_PROGRAMS
from tests.processes import ending, refuse_unless_marked, until

CACHE = (Path(__file__).parents[2] / ".cache").resolve()  # runc refuses a link in the path of a container's root
PROGRAMS = CACHE / "docker-engine"
"""Folder into which `scripts/fetch-docker-engine` unpacks the engine."""

DATA = CACHE / "docker-data"
"""Folder of the engine's images and of what it has built, which make the next run fast; `make clean` removes it."""

BUILD_SECONDS = 3600.0
"""Longest time in seconds that images may take to build: 650 MB of libraries are fetched and unpacked."""

ALONE = (
    # The firewall and the forwarding of this machine stay as they are; docker-proxy carries what comes to a port.
    "--iptables=false",
    "--ip6tables=false",
    "--ip-masq=false",
    "--ip-forward=false",
    "--bridge=none",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """A running engine, and the environment in which `docker` and `docker compose` speak to it."""

    environment: Mapping[str, str]

    def docker(self, *arguments: str, stdin: Path | None = None, variables: Mapping[str, str] | None = None) -> str:
        """Run `docker` with these arguments; return what it prints, and fail with its messages if it fails."""
        with contextlib.ExitStack() as files:
            done = subprocess.run(
                ["docker", *arguments],
                env={**self.environment, **(variables or {})},
                stdin=files.enter_context(stdin.open("rb")) if stdin else subprocess.DEVNULL,
                capture_output=True,
                timeout=BUILD_SECONDS,
                check=False,
            )
        said = done.stderr.decode(errors="replace")
        assert done.returncode == 0, f"docker {' '.join(arguments)}:\n{done.stdout.decode()[-3000:]}\n{said[-6000:]}"
        return done.stdout.decode()


def missing() -> str:
    """Return in a few words what a test in containers lacks here; nothing where it lacks nothing."""
    if os.geteuid() != 0:
        return "a Docker engine runs as root only"
    if not PROGRAMS.is_dir():
        return f"scripts/fetch-docker-engine has not made {PROGRAMS}"
    if not (NEWER_PROGRAMS / "docker-compose").exists():
        return f"scripts/fetch-newer-programs has not made {NEWER_PROGRAMS}"
    if not shutil.which("debootstrap"):
        return "debootstrap is not installed: apt-get install debootstrap"
    return ""


@contextlib.contextmanager
def running_engine(log: Path) -> Iterator[Engine]:
    """Run the engine until the block ends."""
    refuse_unless_marked()
    with tempfile.TemporaryDirectory(prefix="docker-") as short:  # a socket's path has room for 108 characters
        folder = Path(short)
        environment = _environment(folder)
        # It ends with this process, also where nothing is left to end it.
        argv = [
            "setpriv",
            "--pdeathsig=TERM",
            "dockerd",
            *ALONE,
            f"--data-root={DATA}",
            f"--exec-root={folder / 'exec'}",
        ]
        argv += [f"--pidfile={folder / 'pid'}", f"--host={environment['DOCKER_HOST']}"]
        argv += [f"--init-path={PROGRAMS / 'usr/bin/tini-static'}"]
        with (
            log.open("wb") as output,
            ending(subprocess.Popen(argv, env=environment, stdout=output, stderr=output)) as own,
        ):
            until(lambda: own.poll() is not None or _answers(environment), f"the engine; its log is {log}")
            assert own.poll() is None, log.read_text()[-3000:]
            yield Engine(environment=environment)


def _environment(folder: Path) -> dict[str, str]:
    """Return the environment of the engine and its clients, which find each other and Compose in `folder`."""
    plugins = folder / "client/cli-plugins"
    plugins.mkdir(parents=True)
    (plugins / "docker-compose").symlink_to(NEWER_PROGRAMS / "docker-compose")
    library = [str(path) for place in ("lib", "usr/lib") for path in PROGRAMS.glob(f"{place}/*-linux-gnu*")]
    return {
        "PATH": os.pathsep.join([str(PROGRAMS / "usr/bin"), str(PROGRAMS / "usr/sbin"), os.environ["PATH"]]),
        "LD_LIBRARY_PATH": os.pathsep.join(library),
        "DOCKER_HOST": f"unix://{folder / 'socket'}",
        "DOCKER_CONFIG": str(folder / "client"),
        "DOCKER_BUILDKIT": "1",
    }


def _answers(environment: Mapping[str, str]) -> bool:
    done = subprocess.run(["docker", "info"], env=environment, capture_output=True, timeout=240, check=False)
    return done.returncode == 0
