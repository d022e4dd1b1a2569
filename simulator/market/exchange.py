"""Question to the child process that asks for a price, and its answer: a price with its time, or why there is none."""

from enum import StrEnum

import msgspec

from simulator.market.section import MarketSection


class Reason(StrEnum):
    """Reasons for which an answer is discarded, a closed set of labels."""

    FAILED = "failed"
    """No answer: a status, the network, a file that cannot be read, or a child that did not end."""
    MALFORMED = "malformed"
    """No document of the kind, or without the price or its time."""
    MISMATCH = "mismatch"
    """Other texts than expected, as another currency."""
    OLD = "old"
    FUTURE = "future"
    OUT_OF_RANGE = "out_of_range"


class Question(msgspec.Struct, frozen=True):
    """The part of a configuration that the child needs. No secret is in it: everybody on the machine can read it."""

    file: str | None
    url: str | None
    query: dict[str, str]
    price_at: str | None
    time_at: str | None
    expected: dict[str, str]
    token_file: str | None
    token_header: str
    now: float


class Told(msgspec.Struct, frozen=True):
    """Outcome of a question: the price as it stands there and its time in Unix seconds, or why there is none.

    `retry_after` is the time in seconds for which the server wants to rest.
    """

    price: float | None = None
    time: float | None = None
    reason: Reason | None = None
    trouble: str = ""
    retry_after: float | None = None


def question_of(section: MarketSection, now: float) -> Question:
    """Return the question of a configuration at a time."""
    return Question(now=now, **{name: getattr(section, name) for name in Question.__struct_fields__ if name != "now"})
