"""An external meter of the whole machine: a smart plug, a series in a Prometheus, or a file that somebody writes.

It is asked beside the sampler; between two answers the last one is taken to hold.
"""

import base64
import hashlib
import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from exporter.core.clock import Clock
from exporter.core.errand import Errands, ThreadErrand
from exporter.core.units import Joules, MonotonicSeconds, Seconds, Watts
from exporter.power.component import MAX_MACHINE_WATTS, Coverage, EnergyCounter, OwnTotal, Sensor
from exporter.sources.fetch import fetch_address, fetch_file
from exporter.sources.integral import Integrals
from exporter.sources.meter_answer import (
    MeterAnswer,
    Unit,
    bare_number,
    first_shelly_answer,
    prometheus_answer,
    shelly_answer,
    tasmota_answer,
)
from exporter.sources.reading import LastReading
from exporter.sources.sysfs import content

FACTOR = 1.03
"""Factor of the band around a meter's energy. Assumed: makers of smart plugs state from 1 to some per cent."""

LIMIT = Seconds(10.0)
"""Time after which a meter that has not answered is given up. Judgement: a plug answers within a second."""

FILE_AGE = Seconds(300.0)
"""Age from which a file tells nothing of the present. Judgement: who writes power down does so more often."""

MOST_AHEAD = Joules(3600.0)
"""Energy by which a counter may run ahead of the meter's total at least: the step of Tasmota's total, 0.001 kWh."""

MOST_AHEAD_TIME = Seconds(60.0)
"""Time of the present power by which it may run ahead of the total at least. Judgement: the total of a meter that
counts moves once a minute."""

PASSWORD_VARIABLE = "ECOTRACK_METER_PASSWORD"  # noqa: S105 - a name
TOTAL = "total"
"""Name of the counter that follows a meter's own total."""

SENSOR = Sensor(source="meter", covers=Coverage.MACHINE, factor=FACTOR, description="external meter")


class MeterKind(StrEnum):
    """Kind of a meter, which says how it is asked."""

    FILE = "file"
    PROMETHEUS = "prometheus"
    SHELLY = "shelly"
    SHELLY_GEN1 = "shelly-gen1"
    TASMOTA = "tasmota"


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterSettings:
    """Choice of a meter: `place` is its file or the address of its server, `password_file` may hold its password.

    `last` is the last reading of the run before, where the machine has not restarted since.
    """

    kind: MeterKind
    place: str
    query: str = ""
    unit: Unit = Unit.WATTS
    channel: int = 0
    user: str = ""
    password_file: Path | None = None
    interval: Seconds = Seconds(10.0)  # noqa: RUF009 - a number
    last: LastReading | None = None


class MeteredEnergy:
    """A counter that follows a meter's total, and its power between two steps of the total.

    A plug's total moves in steps of up to a watt-hour, which takes a small machine minutes. In between the counter runs
    ahead by the power, within bounds, and waits for the total where it ran too far. When the meter begins again so
    does the counter; how far it had run ahead of the total is taken off what follows, so that nothing is invented
    however often that happens. A total that rose faster than any machine draws has been misread, and begins again too.
    """

    def __init__(self, shown: Joules = Joules(0.0), own: OwnTotal | None = None) -> None:  # noqa: B008 - a number
        """Begin at zero, or go on from an energy and its place on the meter's total."""
        self._total = None if own is None else own.total
        self._confirmed = 0.0 if own is None else own.confirmed
        self._ahead = 0.0 if own is None else own.ahead
        self._shown = float(shown)
        self._pace = None if own is None else own.pace
        self._since_step = 0.0 if own is None else own.since_step

    def advance(self, total: Joules, watts: Watts | None, elapsed: Seconds, *, asleep: Seconds) -> Joules | None:
        """Return the energy up to now, `elapsed` awake and `asleep` after the call before.

        The meter counts while the machine sleeps, so that the pace of its total is over both. Where `watts` is None,
        the power is that of the last step of the total; before its first step the energy is None, since it may be
        anything up to a step.
        """
        watts = self._pace if watts is None else watts
        self._since_step += elapsed + asleep
        if self._total is None or total < self._total or total - self._total > MAX_MACHINE_WATTS * self._since_step:
            self._confirmed, self._ahead, self._shown = min(0.0, self._confirmed - self._shown), 0.0, 0.0
            self._since_step = 0.0
        elif total > self._total:
            self._pace = Watts((total - self._total) / self._since_step)
            self._confirmed, self._ahead, self._since_step = self._confirmed + (total - self._total), 0.0, 0.0
        elif watts is not None:
            self._ahead = min(self._ahead + watts * elapsed, max(MOST_AHEAD, watts * MOST_AHEAD_TIME))
        self._total = total
        self._shown = max(self._shown, self._confirmed + self._ahead)
        return None if watts is None and self._pace is None else Joules(self._shown)

    def own(self, meter: str) -> OwnTotal | None:
        """Return where the counter stands on the total of `meter`; None before the first total."""
        if self._total is None:
            return None
        return OwnTotal(
            meter=meter,
            total=self._total,
            confirmed=Joules(self._confirmed),
            ahead=Joules(self._ahead),
            since_step=Seconds(self._since_step),
            pace=self._pace,
        )


class MeterSource:
    """Reads a meter."""

    def __init__(self, settings: MeterSettings, clock: Clock) -> None:
        """Prepare to ask it; its counter goes on from the run before, where that read the same meter.

        The energy of the time in between is then in the counter, as it is in the kernel's.
        """
        self._settings = settings
        self._clock = clock
        self._integrals = Integrals(clock)
        self._name = _name(settings)
        self._metered, self._read_at = _gone_on(settings.last, self._name)
        # Made once: to load the certificates takes longer than all samples between two questions.
        trust = ssl.create_default_context() if urlsplit(settings.place).scheme == "https" else None
        self._errands = Errands(clock, lambda: _asked(settings, clock, trust), interval=settings.interval, limit=LIMIT)

    def read(self) -> Mapping[str, EnergyCounter]:
        """Return the meter's sensor; none before its first answer.

        Raises PermissionError where its file or password cannot be read, and ReadingUnavailableError where it does not
        answer, or not what was expected.
        """
        content = self._errands.latest()
        if content is None:
            return {}
        answer = understood(content, self._settings)
        elapsed, asleep = self._since_last()
        if answer.total is None:
            energies = self._integrals.advance({} if answer.watts is None else {"power": answer.watts})
            return {name: EnergyCounter(sensor=SENSOR, energy=energy) for name, energy in energies.items()}
        energy = self._metered.advance(answer.total, answer.watts, elapsed, asleep=asleep)
        if energy is None:
            return {}
        return {TOTAL: EnergyCounter(sensor=SENSOR, energy=energy, own=self._metered.own(self._name))}

    def _since_last(self) -> tuple[Seconds, Seconds]:
        """Return the time awake and the time asleep since the last answer was used."""
        awake, elapsed = self._clock.awake(), self._clock.elapsed()
        before, self._read_at = self._read_at or (awake, elapsed), (awake, elapsed)
        return Seconds(awake - before[0]), Seconds(max(0.0, (elapsed - before[1]) - (awake - before[0])))


def _gone_on(last: LastReading | None, meter: str) -> tuple[MeteredEnergy, tuple[MonotonicSeconds, Seconds] | None]:
    """Return the counter that goes on from the last reading, and when that was, awake and in all; else a new one."""
    counter = None if last is None else last.sensors.get(f"{SENSOR.source} {TOTAL}")
    own = None if counter is None else counter.value.own
    if last is None or counter is None or own is None or own.meter != meter:
        return MeteredEnergy(), None
    return MeteredEnergy(counter.value.energy, own), (counter.at, last.elapsed)


def _name(settings: MeterSettings) -> str:
    """Return a name of a meter that is another for each: of its place, or of what is asked there, nothing is told."""
    asked = (settings.kind, settings.place, settings.query, settings.unit, str(settings.channel))
    return hashlib.sha256("\n".join(asked).encode()).hexdigest()[:16]


def _asked(settings: MeterSettings, clock: Clock, trust: ssl.SSLContext | None) -> ThreadErrand:
    """Ask a meter. Raises OSError where its password cannot be read."""
    if settings.kind is MeterKind.FILE:
        return fetch_file(Path(settings.place), clock, oldest=FILE_AGE)
    address, password = urlsplit(settings.place), _password(settings)
    path, query = PATHS[settings.kind], ""
    headers = {}
    if settings.kind is MeterKind.TASMOTA:
        login = {"user": settings.user or "admin", "password": password} if password else {}
        query = urlencode({**login, "cmnd": "Status 10"})
    else:
        query = urlencode({"query": settings.query}) if settings.query else ""
        if password:
            headers["Authorization"] = _authorization(settings.user, password)
    return fetch_address(address._replace(path=address.path.rstrip("/") + path, query=query), headers, trust)


PATHS = {
    MeterKind.PROMETHEUS: "/api/v1/query",
    MeterKind.SHELLY: "/rpc/Shelly.GetStatus",
    MeterKind.SHELLY_GEN1: "/status",
    MeterKind.TASMOTA: "/cm",
}
"""Path at which each kind of server answers, below its address."""


def _password(settings: MeterSettings) -> str:
    """Return the meter's password, of a file before that of the environment; empty without one."""
    if settings.password_file is not None:
        return content(settings.password_file).decode("utf-8")
    return os.environ.get(PASSWORD_VARIABLE, "")


def _authorization(user: str, password: str) -> str:
    """Return the header's value: the password of a user, or a token that stands for one."""
    if not user:
        return f"Bearer {password}"
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode("ascii")


def understood(content: bytes, settings: MeterSettings) -> MeterAnswer:
    """Return what a meter said. Raises ReadingUnavailableError."""
    match settings.kind:
        case MeterKind.FILE:
            return bare_number(content, settings.unit)
        case MeterKind.PROMETHEUS:
            return prometheus_answer(content, settings.unit)
        case MeterKind.SHELLY:
            return shelly_answer(content, settings.channel)
        case MeterKind.SHELLY_GEN1:
            return first_shelly_answer(content, settings.channel)
        case MeterKind.TASMOTA:
            return tasmota_answer(content, settings.channel)
