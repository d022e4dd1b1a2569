"""The exporter's configuration: a YAML file of sections, every key with a default that runs.

Data only: `exporter.build` makes objects of it.
"""

from datetime import date
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from exporter.core.config import Section, convert, is_address
from exporter.intensity.section import Grid
from exporter.sources.nics import NEVER_COUNTED
from exporter.sources.time_zone import LOCAL_ZONE, time_zone


class Sampling(Section, frozen=True):
    """Interval between readings of the machine."""

    interval_seconds: Annotated[float, Meta(ge=1, le=3600, description="Time between samples.")] = 5.0
    connections_interval_seconds: Annotated[
        float,
        Meta(
            ge=1,
            le=3600,
            description="Time between counts of TCP sockets by state, where `--collector.connections` is on.",
        ),
    ] = 30.0


class Power(Section, frozen=True):
    """Power of the host: without any key the best estimate that the machine's own description allows."""

    preset: Annotated[
        Literal["cep", "ecotrack", "aws", "gcp", "azure"] | None,
        Meta(
            description="Named model instead of the estimate: the desktop that `cep` and `ecotrack` assume, or a "
            "cloud's watts per virtual CPU."
        ),
    ] = None
    machine: Annotated[
        Literal["server", "vm", "laptop", "desktop", "mini_pc", "workstation", "board"] | None,
        Meta(description="Kind of machine, where it is not the one that firmware and kernel tell."),
    ] = None
    tdp_watts: (
        Annotated[float, Meta(gt=0, le=2000, description="Thermal design power of each processor, where none is told.")]
        | None
    ) = None
    pue: Annotated[
        float,
        Meta(
            ge=1,
            le=10,
            description="Power usage effectiveness of the machine room: multiplies all power of the host.",
        ),
    ] = 1.0
    idle_watts: (
        Annotated[float, Meta(ge=0, le=100_000, description="This machine's power with nothing running.")] | None
    ) = None
    full_watts: (
        Annotated[float, Meta(gt=0, le=100_000, description="This machine's power with every core busy.")] | None
    ) = None

    def __post_init__(self) -> None:
        """Refuse half a calibration, and one beside a preset."""
        if (self.idle_watts is None) != (self.full_watts is None):
            missing = "full_watts" if self.full_watts is None else "idle_watts"
            raise ValueError(f"expected idle_watts and full_watts together, {missing} is missing")
        if self.idle_watts is not None and self.full_watts is not None:
            if self.preset is not None:
                raise ValueError("expected either a preset or idle_watts and full_watts, got both")
            if self.full_watts < self.idle_watts:
                raise ValueError(f"expected full_watts >= idle_watts, got {self.full_watts:g} < {self.idle_watts:g}")


KEY_EXAMPLES = {"url": "http://10.0.0.5", "file": "/run/power", "query": "max(plug_power_watts)"}


class Meter(Section, frozen=True):
    """External meter of the whole machine: a smart plug, a series in a Prometheus, or a file."""

    kind: Annotated[
        Literal["file", "prometheus", "shelly", "shelly-gen1", "tasmota"] | None, Meta(description="Kind of the meter.")
    ] = None
    url: Annotated[str, Meta(description="Address of the plug or the Prometheus: http://10.0.0.5, say.")] | None = None
    file: Annotated[str, Meta(min_length=1, description="File that holds one number, of kind `file`.")] | None = None
    query: (
        Annotated[str, Meta(min_length=1, description="PromQL with one series as its result, of kind `prometheus`.")]
        | None
    ) = None
    unit: Annotated[
        Literal["watts", "joules", "watt-hours", "kilowatt-hours"],
        Meta(description="Unit of the number in `file`, or of the series of `query`; all but watts count energy."),
    ] = "watts"
    channel: Annotated[int, Meta(ge=0, le=31, description="Outlet of a plug that has several, counted from 0.")] = 0
    user: Annotated[str, Meta(min_length=1, description="User of the meter, where it wants one.")] | None = None
    password_file: (
        Annotated[
            str,
            Meta(
                min_length=1,
                description="File with the password, or with a token where there is no user; without it the variable "
                "ECOTRACK_METER_PASSWORD of the environment.",
            ),
        ]
        | None
    ) = None
    interval_seconds: Annotated[float, Meta(ge=1, le=60, description="Time between questions to the meter.")] = 10.0

    def __post_init__(self) -> None:
        """Refuse a meter without its place, and keys of another kind of meter."""
        needed = {None: set[str](), "file": {"file"}, "prometheus": {"url", "query"}}.get(self.kind, {"url"})
        given = {name for name in ("file", "url", "query") if getattr(self, name) is not None}
        told = "without kind" if self.kind is None else f"with kind {self.kind}"
        for name in sorted(needed - given):
            raise ValueError(f"expected {name} {told}, such as {name}: {KEY_EXAMPLES[name]}")
        for name in sorted(given - needed):
            raise ValueError(f"expected no {name} {told}")
        if self.url is not None and not is_address(self.url):
            # What is refused may hold a password, which must not get into a log.
            raise ValueError(".url: expected http://HOST or https://HOST, with a port or path, and no user or password")


class Network(Section, frozen=True):
    """Model of the transport network, and the devices that count."""

    model: Annotated[
        Literal["volume", "power"],
        Meta(description="`volume`: energy by bytes alone. `power`: a line's watts, and some for traffic."),
    ] = "volume"
    preset: Annotated[
        Literal["ecotrack", "cep", "carbon-trust-fixed", "carbon-trust-mobile", "swd-v4"] | None,
        Meta(description="Volume: named energy intensity of data transfer; by default the top-level preset's."),
    ] = None
    kwh_per_gb: (
        Annotated[float, Meta(ge=0, le=1000, description="Volume: your own intensity, in kWh per 10^9 bytes.")] | None
    ) = None
    line: Annotated[
        Literal["fixed", "mobile"] | None,
        Meta(description="Power: published watts of a line; by default `fixed`."),
    ] = None
    line_watts: (
        Annotated[float, Meta(ge=0, le=10_000, description="Power: your own watts of the line, or your share of them.")]
        | None
    ) = None
    watts_per_mbit: (
        Annotated[float, Meta(ge=0, le=1000, description="Power: your own watts for each Mbit/s, up and down.")] | None
    ) = None
    include: Annotated[
        tuple[str, ...],
        Meta(description="Shell patterns of devices that may count; empty: physical ones, else the default route's."),
    ] = ()
    exclude: Annotated[
        tuple[str, ...], Meta(description="Shell patterns of devices that never count, even where include names them.")
    ] = NEVER_COUNTED

    def __post_init__(self) -> None:
        """Refuse two figures for one thing, half a line, and figures of the other model."""
        if self.preset is not None and self.kwh_per_gb is not None:
            raise ValueError("expected either a preset or kwh_per_gb, got both")
        if (self.line_watts is None) != (self.watts_per_mbit is None):
            missing = "watts_per_mbit" if self.watts_per_mbit is None else "line_watts"
            raise ValueError(f"expected line_watts and watts_per_mbit together, {missing} is missing")
        if self.line is not None and self.line_watts is not None:
            raise ValueError("expected either a line or line_watts and watts_per_mbit, got both")
        other = ("preset", "kwh_per_gb") if self.model == "power" else ("line", "line_watts", "watts_per_mbit")
        for key in other:
            if getattr(self, key) is not None:
                raise ValueError(f"expected no {key} with model: {self.model}")


class Budget(Section, frozen=True):
    """Carbon budgets in grams of CO2e; a period without a limit has no budget."""

    day_grams: Annotated[float, Meta(gt=0, le=10**9, description="Limit of a calendar day.")] | None = None
    week_grams: Annotated[float, Meta(gt=0, le=10**9, description="Limit of a week from Monday.")] | None = None
    month_grams: Annotated[float, Meta(gt=0, le=10**9, description="Limit of a calendar month.")] | None = None
    include_gaps: Annotated[
        bool,
        Meta(description="Whether budgets count time in which the exporter did not run, where counters prove it."),
    ] = False
    include_embodied: Annotated[
        bool,
        Meta(description="Whether budgets count the embodied share of the period, which the section `embodied` tells."),
    ] = False
    time_zone: Annotated[
        str, Meta(description="Time zone of the calendar: an IANA name, or `local` for the machine's own.")
    ] = LOCAL_ZONE

    def __post_init__(self) -> None:
        """Refuse a time zone that does not exist."""
        try:
            time_zone(self.time_zone)
        except ValueError as error:
            raise ValueError(f".time_zone: {error}") from error


EARLIEST_PURCHASE = date(1990, 1, 1)
"""Day before which no machine that runs this was bought. Judgement: an earlier one is a slip of the pen."""

USUAL_LIFETIME_YEARS = 4.0
"""Years of use that embodied carbon is spread over where none are told. Source: Boavizta, environmental-footprint-data:
what Dell's and HPE's product carbon footprints assume for PCs and servers; HP and Lenovo assume up to five."""


class Embodied(Section, frozen=True):
    """Embodied carbon of the machine: what making it emitted, spread evenly over its life. Without a figure: none."""

    device: Annotated[
        Literal["laptop", "mini_pc", "desktop", "workstation", "server"] | None,
        Meta(description="Class whose median stands in where the maker publishes no figure."),
    ] = None
    kilograms: (
        Annotated[
            float,
            Meta(
                gt=0,
                le=1_000_000,
                description="kg of CO2e by the maker's product carbon footprint, without its share of use.",
            ),
        ]
        | None
    ) = None
    lifetime_years: Annotated[
        float, Meta(ge=0.1, le=100, description="Years of use that the kg are spread over, from the day of purchase.")
    ] = USUAL_LIFETIME_YEARS
    purchased: (
        Annotated[date, Meta(description="Day from which the machine has been used; an estimate does.")] | None
    ) = None

    def __post_init__(self) -> None:
        """Refuse two figures, one without its day, a day or a lifetime without one, and a day that cannot be."""
        given = [name for name in ("device", "kilograms") if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError("expected either a device or kilograms, got both")
        if given and self.purchased is None:
            raise ValueError(f"expected purchased with {given[0]}, such as purchased: 2024-03-01")
        if not given and self.purchased is not None:
            raise ValueError("expected a device or kilograms with purchased, such as device: laptop")
        if not given and self.lifetime_years != USUAL_LIFETIME_YEARS:
            raise ValueError("expected a device or kilograms with lifetime_years, such as device: laptop")
        if self.purchased is not None and self.purchased < EARLIEST_PURCHASE:
            raise ValueError(f".purchased: expected a day since {EARLIEST_PURCHASE}, got {self.purchased}")


class EcoGuard(Section, frozen=True):
    """Emission rate above which EcoGuard warns."""

    limit_grams_per_minute: Annotated[
        float, Meta(gt=0, le=10**6, description="Emission rate of host and network above which EcoGuard warns.")
    ] = 5.0


class Activity(Section, frozen=True):
    """Rule that tells what the network is used for."""

    rule: Annotated[
        Literal["rhythm", "ecotrack"],
        Meta(description="`rhythm` goes by amount, direction and rhythm, `ecotrack` by mean and peak."),
    ] = "rhythm"


class JournalSection(Section, frozen=True):
    """Journal of the past as CSV files; without a folder none is kept."""

    folder: Annotated[str, Meta(min_length=1, description="Folder of the journal; without it none is kept.")] | None = (
        None
    )
    rotate_megabytes: Annotated[
        float, Meta(gt=0, le=10_000, description="Size from which on the file is put aside and a new one begun.")
    ] = 16.0
    rotate_days: Annotated[
        float, Meta(gt=0, le=3660, description="Age of its first row from which on the file is put aside.")
    ] = 31.0
    keep_files: (
        Annotated[int, Meta(ge=0, le=100_000, description="Files put aside that are kept; without it all of them.")]
        | None
    ) = None


class Optimize(Section, frozen=True):
    """Strategies that look for savings; without any, none does."""

    strategies: Annotated[
        tuple[Literal["reduce_cpu", "optimize_network", "power_management"], ...],
        Meta(description="Strategies whose findings and estimates are shown; none of them changes anything."),
    ] = ()
    interval_seconds: Annotated[
        float,
        Meta(ge=60, le=86400, description="Time between looks, and between those at settings left changed."),
    ] = 300.0

    def __post_init__(self) -> None:
        """Refuse a strategy that stands there twice, and would have two values of one series."""
        if len(set(self.strategies)) < len(self.strategies):
            raise ValueError(".strategies: expected each strategy once")


class Attribution(Section, frozen=True):
    """Groups of processes that energy and bytes are attributed to, where `processes` or `process_bytes` is on."""

    by: Annotated[
        Literal["name", "cgroup", "groups"],
        Meta(
            description="Groups by process name, by cgroup (systemd unit, container, pod), or your own under `groups`."
        ),
    ] = "name"
    groups: Annotated[
        dict[str, tuple[str, ...]],
        Meta(
            description="Shell patterns by group: of process names, or of cgroup paths where a pattern begins with "
            "`/`. The first group that matches counts."
        ),
    ] = {}  # noqa: RUF012 - msgspec copies it
    top: Annotated[
        int,
        Meta(ge=1, le=100, description="Groups with series of their own; the rest share the group `other`."),
    ] = 20
    share_limit: (
        Annotated[
            float,
            Meta(
                gt=0,
                lt=1,
                description="Share of the machine's energy above idle, from 0 to 1, beyond which an alert tells of a "
                "group that has had it for half an hour.",
            ),
        ]
        | None
    ) = None

    def __post_init__(self) -> None:
        """Refuse groups that do not count, and a choice of groups without any."""
        if (self.by == "groups") != bool(self.groups):
            raise ValueError(".groups: expected groups of your own with `by: groups`, and only with it")
        for group, patterns in self.groups.items():
            if not group.strip():
                raise ValueError(".groups: expected a name for each group")
            if not all(patterns) or not patterns:
                raise ValueError(f".groups.{group}: expected a list of patterns, none of them empty")


class Attestation(Section, frozen=True):
    """Proof of the last hour of this machine that somebody has signed, which the exporter shows and does not check."""

    proof: (
        Annotated[str, Meta(min_length=1, description="File that `ecochain ledger attest` writes; without it none.")]
        | None
    ) = None


class Config(Section, frozen=True):
    """Whole configuration. `preset` sets the network's and grid's presets at once; sections override it."""

    preset: Annotated[
        Literal["ecotrack", "cep"],
        Meta(description="Factors of that design document for network and grid; the sections below override them."),
    ] = "ecotrack"
    sampling: Sampling = msgspec.field(default_factory=Sampling)
    power: Power = msgspec.field(default_factory=Power)
    meter: Meter = msgspec.field(default_factory=Meter)
    network: Network = msgspec.field(default_factory=Network)
    grid: Grid = msgspec.field(default_factory=Grid)
    activity: Activity = msgspec.field(default_factory=Activity)
    budget: Budget = msgspec.field(default_factory=Budget)
    embodied: Embodied = msgspec.field(default_factory=Embodied)
    equivalents: Annotated[
        bool,
        Meta(description="Whether emissions are told in everyday equivalents and as money, too."),
    ] = True
    ecoguard: EcoGuard = msgspec.field(default_factory=EcoGuard)
    journal: JournalSection = msgspec.field(default_factory=JournalSection)
    optimize: Optimize = msgspec.field(default_factory=Optimize)
    attribution: Attribution = msgspec.field(default_factory=Attribution)
    attestation: Attestation = msgspec.field(default_factory=Attestation)

    def __post_init__(self) -> None:
        """Refuse a budget of what is not known."""
        if self.budget.include_embodied and self.embodied.purchased is None:
            raise ValueError("budget.include_embodied: expected a section embodied, with device or kilograms")


def load_config(path: Path | None) -> Config:
    """Load the configuration from a file, or the defaults without one. Raises ConfigError."""
    if path is None:
        return convert({}, Config, origin="built-in defaults")
    from exporter.core.yaml_file import load_yaml  # noqa: PLC0415 - most of a MiB, for those who have a file

    return convert(load_yaml(path), Config, origin=str(path))
