"""Result of an audit, as the running exporter shows it."""

import math
from typing import Annotated

import msgspec
from msgspec import Meta

from exporter.core.units import UnixSeconds

Count = Annotated[int, Meta(ge=0)]

CheckName = Annotated[str, Meta(max_length=128, pattern=r"^[a-z0-9_:]+\Z")]


class AuditResult(msgspec.Struct, frozen=True, kw_only=True):
    """Outcome of an audit: how many checks held, failed and were not made, and the difference that each found.

    A difference is a share of the greater of two figures, without its sign.
    """

    ended: UnixSeconds
    holds: Count
    fails: Count
    not_checked: Count
    differences: Annotated[dict[CheckName, Annotated[float, Meta(ge=0)]], Meta(max_length=256)]

    def __post_init__(self) -> None:
        """Refuse what no audit has."""
        if not (math.isfinite(self.ended) and self.ended > 0.0):
            raise ValueError("expected the time at which an audit ended")
