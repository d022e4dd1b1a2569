"""`python -m scripts.pages` checks all links, `python -m scripts.pages commands` runs the commands of all pages.

It ends with status 1 where a link leads nowhere or a command fails. Running commands needs root and takes minutes.
"""

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from scripts.pages.links import repository_faults
from scripts.pages.markdown import ROOT, Page, read_page
from scripts.pages.run import Outcome, pages_with_commands, try_page
from scripts.pages.sandbox import make


def main(argv: Sequence[str] | None = None) -> int:
    """Check what the arguments say and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m scripts.pages", description=__doc__)
    parser.add_argument("what", nargs="?", choices=("links", "commands"), default="links", help="default: %(default)s")
    parser.add_argument("pages", nargs="*", metavar="PAGE", type=Path, help="pages whose commands run (default: all)")
    given = parser.parse_args(argv)
    if given.what == "commands":
        chosen = [read_page((ROOT / path).resolve()) for path in given.pages] or pages_with_commands()
        return run(chosen)
    faults = repository_faults()
    print("\n".join([*faults, f"links: {len(faults)} faults"]))
    return 1 if faults else 0


def run(pages: Sequence[Page]) -> int:
    """Run the commands of these pages, print what fails and the table, and return the exit status."""
    outcomes: list[Outcome] = []
    with tempfile.TemporaryDirectory(dir=ROOT.anchor + "var/tmp") as folder:
        sandbox = make(Path(folder) / "base")
        for page in pages:
            found = try_page(page, sandbox)
            outcomes += found
            for one in found:
                if one.fault:
                    print(f"{one.page}:{one.line}: {one.command.text}\n    {one.fault}", flush=True)
            print(f"{page.name}: {sum(one.was_run for one in found)} of {len(found)} run", flush=True)
    print(table(outcomes))
    return 1 if any(one.fault for one in outcomes) else 0


def table(outcomes: Sequence[Outcome]) -> str:
    """Return how many commands are run, and how many are not for which reason."""
    reasons = Counter(one.command.needs for one in outcomes if one.command.needs)
    ran = sum(one.was_run for one in outcomes)
    lines = [
        "| commands | |",
        "|---|---|",
        f"| run | {ran} of {len(outcomes)}, {100 * ran / max(1, len(outcomes)):.0f}% |",
    ]
    return "\n".join([*lines, *(f"| {reason} | {number} |" for reason, number in reasons.most_common())])


if __name__ == "__main__":
    sys.exit(main())
