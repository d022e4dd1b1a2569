"""A machine on which every source of the exporter has something to read, a graphics card apart.

The sensors, the disks and the network are the moving fixture trees of the tests. The management controller is a program
that prints a recorded answer; a server on loopback plays the external meter, a plug, and the provider of a live grid.
"""

import contextlib
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from exporter.sources.collector import SOURCES
from tests.grafana.moving_machine import FIXTURES, moving_machine
from tests.prometheus.stack import answering

PLUG_WATTS = 60.0
GRAMS_PER_KWH = 50.0
SEED = 1

IN_OWN_DEV = """
for one in null urandom; do : >"$0/$one" && mount --bind "/dev/$one" "$0/$one" || exit 1; done
: >"$0/ipmi0" && ln -sfn /proc/self/fd "$0/fd" && mount --rbind "$0" /dev && exec "$@"
"""
"""Shell script that runs a program with a `/dev` of its own, the folder `$0`, which has a management controller."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Equipped:
    """Command line and configuration of an exporter that reads everything, asks a live grid and keeps a journal.

    Words before its command, flags after it, and sections of its configuration.
    """

    before: tuple[str, ...]
    flags: tuple[str, ...]
    config: Mapping[str, object]


@contextlib.contextmanager
def equipped_machine() -> Iterator[Equipped]:
    """Let the machine run until the block ends."""
    with (
        tempfile.TemporaryDirectory() as text,
        moving_machine(Path(text) / "machine", SEED) as machine,
        stand_ins() as sections,
    ):
        folder = Path(text)
        before = _controller(folder)
        off = {"nvml"} if before else {"nvml", "ipmi"}
        on = (f"--{'no-' if one.name in off else ''}collector.{one.name}" for one in SOURCES)
        yield Equipped(
            before=before,
            flags=(*machine.flags, *on),
            config={**sections, "journal": {"folder": str(folder / "journal")}},
        )


def _controller(folder: Path) -> tuple[str, ...]:
    """Return the words that give a program a management controller; none where this user may not mount."""
    programs, dev = folder / "bin", folder / "dev"
    programs.mkdir()
    dev.mkdir()
    tool = programs / "ipmitool"
    tool.write_text(f"#!/bin/sh\nexec cat {FIXTURES / 'ipmi/ipmitool.txt'}\n")
    tool.chmod(0o755)
    apart = (
        "unshare",
        "--mount",
        *(() if os.geteuid() == 0 else ("--map-root-user",)),
        "sh",
        "-c",
        IN_OWN_DEV,
        f"{dev}",
    )
    path = f"{programs}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    probe = subprocess.run([*apart, "true"], capture_output=True, check=False)
    return (*apart, "env", f"PATH={path}") if probe.returncode == 0 else ()


@contextlib.contextmanager
def stand_ins(clock: Callable[[], float] = time.monotonic) -> Iterator[Mapping[str, object]]:
    """Play a Shelly plug of the second generation, and a provider; yields the sections of a configuration for both.

    The `clock` is asked for the seconds with each answer of the plug.
    """
    began = clock()

    def plug() -> Mapping[str, object]:
        total = PLUG_WATTS * (clock() - began) / 3600.0
        return {"switch:0": {"apower": PLUG_WATTS, "aenergy": {"total": total}}}

    def answer(path: str) -> str:
        return json.dumps({"intensity": GRAMS_PER_KWH} if path.startswith("/grid") else plug())

    with answering(answer) as address:
        yield {
            "meter": {"kind": "shelly", "url": f"http://{address}"},
            "grid": {"live": {"provider": "json", "url": f"http://{address}/grid", "path": "intensity"}},
        }
