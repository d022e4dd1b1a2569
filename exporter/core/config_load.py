"""The last time that a running program read its configuration."""

from dataclasses import dataclass

from exporter.core.units import UnixSeconds


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigLoad:
    """The outcome of the last reading, at the start or for SIGHUP: `good_at` is when one last could be used."""

    is_good: bool
    good_at: UnixSeconds
