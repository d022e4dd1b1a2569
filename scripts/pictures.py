"""`python -m scripts.pictures [KIND ...]` renews the pictures in docs/images: all, or those of kinds such as `pages`.

It needs Chromium and Alertmanager, and for the boards Prometheus, root and half an hour. It says what it does and for
how long, goes on where a kind fails, and ends with the pictures that changed.
"""

import argparse
import hashlib
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grafana.__main__ import FOLDER
from grafana.draw.__main__ import WIDTHS
from scripts.experiment_pictures import IMAGES, names
from scripts.imports import ROOT

SCHEMES = ("light", "dark")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Pictures that one command makes: their file names, its arguments to Python, and how long it takes."""

    name: str
    pictures: tuple[str, ...]
    arguments: tuple[str, ...]
    takes: str

    def make(self) -> bool:
        """Make the pictures; return whether the command did."""
        ended = subprocess.run([sys.executable, *self.arguments], cwd=ROOT, stdout=subprocess.DEVNULL, check=False)
        return ended.returncode == 0


def kinds() -> tuple[Kind, ...]:
    """Return all kinds of pictures, the quick ones first."""
    boards = sorted(path.stem for path in FOLDER.glob("*.json"))
    others = [board for board in boards if board != "fleet"]
    grids = "generated-grids.png"
    return (
        Kind(
            name="grids",
            pictures=(grids,),
            arguments=("-m", "bench.grid_bench", "--plot", str(IMAGES / grids)),
            takes="some seconds",
        ),
        Kind(
            name="pages",
            pictures=tuple(f"{page}-{scheme}.png" for page in ("page", "simulator-page") for scheme in SCHEMES),
            arguments=("-m", "tests.page_pictures"),
            takes="half a minute",
        ),
        Kind(
            name="experiments",
            pictures=tuple(names()),
            arguments=("-m", "scripts.experiment_pictures"),
            takes="a minute",
        ),
        Kind(
            name="notifications",
            pictures=tuple(f"notification-{way}-{scheme}.png" for way in ("mail", "phone") for scheme in SCHEMES),
            arguments=("-m", "tests.notification_pictures"),
            takes="a minute",
        ),
        Kind(
            name="fleet",
            pictures=_of_boards("fleet"),
            arguments=("-m", "tests.fleet_picture"),
            takes="ten minutes",
        ),
        Kind(
            name="boards",
            pictures=_of_boards(*others),
            arguments=("-m", "tests.board_pictures", *others),
            takes="twenty minutes",
        ),
    )


def _of_boards(*boards: str) -> tuple[str, ...]:
    return tuple(f"board-{board}-{width}.png" for board in boards for width in WIDTHS)


def main(arguments: Sequence[str] | None = None) -> int:
    """Renew the pictures; return 0, or 1 where a kind failed."""
    known = kinds()
    listed = ", ".join(one.name for one in known)
    parser = argparse.ArgumentParser(prog="python -m scripts.pictures", description="Renew pictures in docs/images.")
    parser.add_argument("only", nargs="*", metavar="KIND", help=f"all by default: {listed}")
    only = parser.parse_args(arguments).only
    unknown = [name for name in only if name not in {one.name for one in known}]
    if unknown:
        parser.error(f"expected kinds out of {listed}, got {', '.join(unknown)}")
    return renew([one for one in known if not only or one.name in only])


def renew(wanted: Sequence[Kind]) -> int:
    """Make these kinds of pictures one after the other, then say which changed; return 0, or 1 where one failed."""
    before, failed = seen(), []
    for number, kind in enumerate(wanted, start=1):
        print(f"{number} of {len(wanted)}: {kind.name}, {len(kind.pictures)} pictures, {kind.takes}", flush=True)
        began = time.monotonic()
        if not kind.make():
            failed.append(kind.name)
        print(
            f"    {'failed' if failed[-1:] == [kind.name] else 'done'} in {time.monotonic() - began:.0f} s", flush=True
        )
    print(told(before, seen(), [name for kind in wanted for name in kind.pictures]))
    if failed:
        print(f"pictures: not made: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def seen() -> dict[str, str]:
    """Return a digest of each picture that is there."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(IMAGES.glob("*.png"))}


def told(before: Mapping[str, str], after: Mapping[str, str], names: Sequence[str]) -> str:
    """List the pictures that are new or changed, and tell how many stayed as they were."""
    lines = [f"new      {name}" for name in names if name in after and name not in before]
    lines += [f"changed  {name}" for name in names if name in before and after.get(name, before[name]) != before[name]]
    same = sum(name in before and after.get(name) == before[name] for name in names)
    return "\n".join([*lines, f"{len(lines)} of {len(names)} pictures changed, {same} are as they were"])


if __name__ == "__main__":
    sys.exit(main())
