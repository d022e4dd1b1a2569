"""The configuration, read again while the exporter runs: what takes effect at once, and what waits for a restart."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from exporter.build import Paths, build_settings, intensity_provider
from exporter.calibrate.stored import Calibration
from exporter.config import Config, load_config
from exporter.core.clock import Clock
from exporter.core.config import ConfigError
from exporter.sampler import Sampler

LOG = logging.getLogger(__name__)

WAITING_SECTIONS = frozenset({"sampling", "meter", "journal", "optimize", "attribution"})
"""Sections that need a restart: those of the files, connections and intervals that a run begins with."""

WAITING_KEYS: Mapping[str, tuple[str, ...]] = {"network": ("include", "exclude"), "budget": ("time_zone",)}
"""Keys of other sections that need one: which devices have counters, and in whose days grams have been booked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Changes of the configuration in force, which is `config` from then on; the names are for people."""

    config: Config
    applied: tuple[str, ...]
    waiting: tuple[str, ...]


def change_of(running: Config, found: Config) -> Change:
    """Return what the configuration `found` changes in the `running` one. A part that waits stays as it is."""
    applied: dict[str, Any] = {}
    waiting: list[str] = []
    for name in Config.__struct_fields__:
        old, new = getattr(running, name), getattr(found, name)
        if old == new:
            continue
        if name in WAITING_SECTIONS or (name == "grid" and _asks_another(running, found)):
            waiting.append(name)
            continue
        kept = {key: getattr(old, key) for key in WAITING_KEYS.get(name, ()) if getattr(old, key) != getattr(new, key)}
        waiting += [f"{name}.{key}" for key in kept]
        adopted = msgspec.structs.replace(new, **kept) if kept else new
        if adopted != old:
            applied[name] = adopted
    config = msgspec.structs.replace(running, **applied)
    return Change(config=config, applied=tuple(applied), waiting=tuple(waiting))


def _asks_another(running: Config, found: Config) -> bool:
    """Tell whether the live provider, or what it is asked for, changes: it may be asked so often and no more."""
    old, new = running.grid, found.grid
    return old.live != new.live or (old.live.provider is not None and old.zone != new.zone)


class Reload:
    """The configuration in force, and its file, which SIGHUP has read again."""

    def __init__(
        self, running: Config, sampler: Sampler, *, clock: Clock, paths: Paths, calibration: Calibration | None
    ) -> None:
        self._running = running
        self._sampler = sampler
        self._clock = clock
        self._paths = paths
        self._calibration = calibration

    def look(self) -> None:
        """Read the file, apply what can change while the exporter runs, and say in one line what became of it."""
        try:
            found = load_config(self._paths.config)
        except ConfigError as error:
            LOG.warning("the configuration cannot be used; the one in force stays: %s", "; ".join(error.mistakes))
            self._sampler.note_config(is_good=False)
            return
        change = change_of(self._running, found)
        if change.applied:
            self._apply(change)
        self._sampler.note_config(is_good=True)
        LOG.info("%s; the files of the web configuration are followed without a signal", _told(change))

    def _apply(self, change: Change) -> None:
        self._running = change.config
        running = self._sampler.settings.models
        intensity = running.intensity
        if {"preset", "grid"} & set(change.applied):
            intensity = intensity.with_fixed(intensity_provider(change.config, self._clock.wall()))
        settings = build_settings(change.config, self._paths, intensity, self._calibration, running.sharing)
        self._sampler.adopt(settings)


def _told(change: Change) -> str:
    parts = []
    if change.applied:
        parts.append(f"in force from the next sample on: {', '.join(change.applied)}")
    if change.waiting:
        parts.append(f"needs a restart: {', '.join(change.waiting)}")
    return f"the configuration has changed; {'; '.join(parts)}" if parts else "the configuration is as it is in force"
