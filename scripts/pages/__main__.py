"""`python -m scripts.pages` checks all links, `python -m scripts.pages commands` runs the commands of all pages.

It ends with status 1 where a link leads nowhere or a command fails. Running commands needs root and half an hour; it
says which page it is at and which command takes long, and Ctrl-C ends it with what was found so far.
"""

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from scripts.pages.links import repository_faults
from scripts.pages.markdown import ROOT, Page, read_page
from scripts.pages.run import Outcome, pages_with_commands, try_page
from scripts.pages.sandbox import PROGRAMS, make
from scripts.pages.table import Tried, table

INTERRUPTED = 130
"""Status of a program that Ctrl-C ended, as shells have it."""


def main(argv: Sequence[str] | None = None) -> int:
    """Check what the arguments say and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m scripts.pages", description=__doc__)
    parser.add_argument("what", nargs="?", choices=("links", "commands"), default="links", help="default: %(default)s")
    parser.add_argument("pages", nargs="*", metavar="PAGE", type=Path, help="pages whose commands run (default: all)")
    parser.add_argument("--show", action="store_true", help="print what the commands print, also where all is well")
    given = parser.parse_intermixed_args(argv)
    if given.what == "commands":
        absent = [str(path) for path in given.pages if not (ROOT / path).is_file()]
        if absent:
            parser.error(f"no such page: {', '.join(absent)}")
        chosen = [read_page((ROOT / path).resolve()) for path in given.pages] or pages_with_commands()
        return run(chosen, shows=given.show)
    faults = repository_faults()
    print("\n".join([*faults, f"links: {len(faults)} faults"]))
    return 1 if faults else 0


def run(pages: Sequence[Page], *, shows: bool = False) -> int:
    """Run the commands of these pages, print what fails and the table, and return the exit status."""
    lacking = [name for name in PROGRAMS if shutil.which(name) is None]
    if os.geteuid() != 0 or lacking:
        needs = (
            f"the programs {', '.join(lacking)}" if lacking else "root, who may lay a file system over the machine's"
        )
        print(f"python -m scripts.pages: running commands needs {needs}", file=sys.stderr)
        return 2
    for number in (signal.SIGINT, signal.SIGTERM):  # a shell has its background jobs ignore the first
        signal.signal(number, signal.default_int_handler)
    tried: list[Tried] = []
    try:
        with tempfile.TemporaryDirectory(dir=ROOT.anchor + "var/tmp", ignore_cleanup_errors=True) as folder:
            try:
                tried.extend(_each(pages, Path(folder) / "base", shows=shows))
            finally:
                if tried:
                    _tell(f"\n{table(tried)}")
    except RuntimeError as error:
        print(f"python -m scripts.pages: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        _tell(f"ended by Ctrl-C after {len(tried)} of {len(pages)} pages")
        return INTERRUPTED
    return int(any(one.fault for page in tried for one in page.outcomes))


def _each(pages: Sequence[Page], base: Path, *, shows: bool) -> Iterator[Tried]:
    """Try the pages, each told when it begins and when it ended, and what is wrong with it."""
    _tell("making the sandbox: a clone with both programs installed")
    sandbox = make(base)
    for number, page in enumerate(pages, 1):
        _tell(f"{number} of {len(pages)}: {page.name}")
        begun = time.monotonic()
        outcomes = try_page(page, sandbox, _tell)
        for one in outcomes:
            _report(one, shows=shows)
        done = Tried(name=page.name, outcomes=tuple(outcomes), seconds=time.monotonic() - begun)
        _tell(f"  {sum(one.was_run for one in outcomes)} of {len(outcomes)} run, {done.seconds:.0f} s")
        yield done


def _report(outcome: Outcome, *, shows: bool) -> None:
    """Tell what is wrong with a command, or what it printed if that is asked for."""
    place = f"{outcome.page}:{outcome.line}: {outcome.command.text}"
    if outcome.fault:
        _tell(f"{place}\n    {outcome.fault}")
    elif shows and outcome.was_run:
        _tell(f"{place}\n{outcome.printed}")


def _tell(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
