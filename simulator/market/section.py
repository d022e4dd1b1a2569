"""The configuration of the market of credits, a file of its own: a price of today is no part of a simulated world."""

import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from exporter.core.config import Section, is_address
from exporter.core.host import is_this_machine

SHORTEST_INTERVAL = 60.0
"""Least seconds between two questions, whatever becomes of them. Judgement: markets that settle once a day, and servers
with limits."""

LOWEST = 0.01
"""Price per tonne below which an answer is refused by default, 0 with it. Judgement: less than a cent is a mistake of
the unit, and a 0 is what a failing server says."""

HIGHEST = 10_000.0
"""Price per tonne above which an answer is refused by default: sixty times the highest price in force in April 2024,
$167 (World Bank, State and Trends of Carbon Pricing 2024). Higher ones are mistakes of the unit; currencies with small
units need a bound of their own."""

OLDEST_HOURS = 168.0
"""Age in hours up to which a price is shown by default. Judgement: at Easter an exchange may have no price from
Thursday to Tuesday."""

POINTER = re.compile(r"(?:/(?:[^~/]|~[01])*)*")
"""The form of a JSON Pointer (RFC 6901, section 3)."""

Pointer = Annotated[str, Meta(max_length=200)]


class MarketSection(Section, frozen=True, kw_only=True):
    """A market of carbon credits, and where its price stands: in a file, or at an address."""

    name: Annotated[str, Meta(min_length=1, max_length=64, description="Name of the market, a label of its price.")]
    currency: Annotated[
        str, Meta(pattern="^[A-Z]{3}$", description="Currency of the price, three capital letters (ISO 4217).")
    ]
    per: Annotated[
        Literal["t", "kg", "g", "short-ton"], Meta(description="Mass of CO2e that the price is for; t is 1,000 kg.")
    ] = "t"
    method: Annotated[
        Literal["settlement", "trade", "bid", "ask", "mean", "assumed"],
        Meta(description="How the price came about; assumed: somebody thought of it."),
    ]
    file: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=4096,
                description="A file that ends in .json or .csv, beside this one, and is written anew by somebody: a "
                "CSV file has the columns time and price, and its last line that is not of the future is in force.",
            ),
        ]
        | None
    ) = None
    url: Annotated[str, Meta(max_length=2000, description="Address of a JSON document, in place of a file.")] | None = (
        None
    )
    query: Annotated[
        dict[str, str], Meta(max_length=20, description="Names and values after the ? of the address; no secrets.")
    ] = msgspec.field(default_factory=dict)
    price_at: (
        Annotated[Pointer, Meta(description="Place of the price in JSON, a JSON Pointer: /data/0/settle, say.")] | None
    ) = None
    time_at: (
        Annotated[
            Pointer,
            Meta(
                description="Place of the time that the price is of: a date or time in ISO 8601, in UTC where it has "
                "no zone, or Unix seconds. Of a file the time at which it was written, by default."
            ),
        ]
        | None
    ) = None
    expected: Annotated[
        dict[Pointer, str],
        Meta(
            max_length=20,
            description="Texts that the document has to have, by their places, as /currency: EUR. An answer with "
            "others is refused.",
        ),
    ] = msgspec.field(default_factory=dict)
    interval_seconds: Annotated[
        float, Meta(ge=SHORTEST_INTERVAL, le=86_400, description="Time between two questions.")
    ] = 3600.0
    max_age_hours: Annotated[
        float, Meta(gt=0, le=8784, description="Age above which a price is not shown any more.")
    ] = OLDEST_HOURS
    lowest: Annotated[
        float, Meta(gt=0, description="Price per tonne below which an answer is refused; 0 always is.")
    ] = LOWEST
    highest: Annotated[float, Meta(gt=0, description="Price per tonne above which an answer is refused.")] = HIGHEST
    token_file: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=4096,
                description="File with a token for the server, which its owner alone may read (0600); read anew for "
                "each question.",
            ),
        ]
        | None
    ) = None
    token_header: Annotated[
        str,
        Meta(
            max_length=64,
            pattern="^[A-Za-z0-9-]+$",
            description="Header with the token, after Bearer where it is Authorization.",
        ),
    ] = "Authorization"  # noqa: S105 - a name

    def __post_init__(self) -> None:
        """Refuse contradictions, a price of which nobody knows the time, and a token that others could read."""
        if (self.file is None) == (self.url is None):
            raise ValueError(f"expected either file or url, got {'none' if self.file is None else 'both'}")
        if self.lowest >= self.highest:
            raise ValueError(f"expected lowest < highest, got {self.lowest:g} and {self.highest:g}")
        for key, pointer in (("price_at", self.price_at), ("time_at", self.time_at), *_named(self.expected)):
            if pointer is not None and POINTER.fullmatch(pointer) is None:
                raise ValueError(f'.{key}: expected a JSON Pointer as /data/0/settle, got "{pointer}"')
        if self.file is not None:
            self._check_file(self.file)
        else:
            self._check_address(self.url or "")

    def _check_file(self, file: str) -> None:
        if self.query or self.token_file is not None:
            raise ValueError("expected no query and no token_file with a file")
        if file.endswith(".csv"):
            if self.price_at is not None or self.time_at is not None or self.expected:
                raise ValueError("expected no price_at, time_at or expected with a CSV file, which has columns")
        elif not file.endswith(".json"):
            raise ValueError(f'.file: expected a name that ends in .json or .csv, got "{file}"')
        elif self.price_at is None:
            raise ValueError("expected price_at with a JSON file, such as price_at: /price")

    def _check_address(self, url: str) -> None:
        if not is_address(url):
            # What is refused may hold a password, which must not get into a log.
            raise ValueError(
                ".url: expected http://HOST or https://HOST, with a port or path, and no user or password; what "
                "follows a ? belongs into query"
            )
        for key, example in (("price_at", "/price"), ("time_at", "/time")):
            if getattr(self, key) is None:
                raise ValueError(f"expected {key} with url, such as {key}: {example}")
        if self.token_file is not None and not _is_private(url):
            raise ValueError(".url: expected https with token_file: everybody on the way could read the token")


def _named(expected: dict[str, str]) -> list[tuple[str, str]]:
    return [("expected", pointer) for pointer in expected]


def _is_private(url: str) -> bool:
    """Tell whether nobody on the way can read what is sent to an address: by https, or to this machine."""
    parts = urlsplit(url)
    return parts.scheme == "https" or is_this_machine(parts.hostname or "")
