"""The flag of the live job that names a market of credits."""

from collections.abc import Callable
from pathlib import Path
from typing import Any


def add_market(add: Any, path: Callable[[str], Path]) -> None:
    """Add the flag to a parser whose `add_argument` is given."""
    add(
        "--credit-market",
        metavar="FILE",
        type=path,
        help="also show what the credits would be worth today: a YAML file that says where the market price of a "
        "credit stands, with the keys of the reference page (default: no market)",
    )
