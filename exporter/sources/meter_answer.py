"""The answers of external meters: what each kind says, as energy counted and power.

Shelly: the component reference of its API (Switch, PM1) and, for the first generation, `/status`, whose totals are
watt-minutes. Tasmota: its JSON status responses. Prometheus: its HTTP API, an instant query.
"""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

import msgspec

from exporter.core.units import JOULES_PER_KWH, SECONDS_PER_MINUTE, Joules, Watts
from exporter.power.component import MAX_MACHINE_WATTS
from exporter.sources.reading import ReadingUnavailableError

AnswerT = TypeVar("AnswerT")


class Unit(StrEnum):
    """Unit of a bare number; all but watts count energy."""

    WATTS = "watts"
    JOULES = "joules"
    WATT_HOURS = "watt-hours"
    KILOWATT_HOURS = "kilowatt-hours"


JOULES_PER = {Unit.JOULES: 1.0, Unit.WATT_HOURS: JOULES_PER_KWH / 1000, Unit.KILOWATT_HOURS: JOULES_PER_KWH}


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterAnswer:
    """Energy that a meter has counted, and its present power; at least one of them is known."""

    total: Joules | None = None
    watts: Watts | None = None


def bare_number(content: bytes, unit: Unit) -> MeterAnswer:
    """Return the meaning of a number. Raises ReadingUnavailableError where it is none."""
    try:
        return _by_unit(float(content), unit)
    except ValueError as error:
        raise ReadingUnavailableError("the meter tells no number") from error


def prometheus_answer(content: bytes, unit: Unit) -> MeterAnswer:
    """Return the meaning of the one series that a query found. Raises ReadingUnavailableError."""
    result = _decode(content, _Query).data.result
    if len(result) != 1:
        raise ReadingUnavailableError(f"the meter's query found {len(result)} series, not one")
    return bare_number(result[0].value[1].encode(), unit)


def shelly_answer(content: bytes, channel: int) -> MeterAnswer:
    """Return what a channel of a Shelly counts, of the second generation or later. Raises ReadingUnavailableError."""
    components = _decode(content, dict[str, msgspec.Raw])
    for name in (f"switch:{channel}", f"pm1:{channel}"):
        if name in components:
            found = _decode(bytes(components[name]), _Shelly)
            total = None if found.aenergy is None else found.aenergy.total * JOULES_PER[Unit.WATT_HOURS]
            return _answer(total, found.apower)
    raise ReadingUnavailableError(f"the meter has no channel {channel}")


def first_shelly_answer(content: bytes, channel: int) -> MeterAnswer:
    """Return what a channel of a Shelly of the first generation counts. Raises ReadingUnavailableError."""
    meters = _decode(content, _FirstShelly).meters
    if channel >= len(meters) or not meters[channel].is_valid:
        raise ReadingUnavailableError(f"the meter has no channel {channel}")
    total = meters[channel].total
    return _answer(None if total is None else total * SECONDS_PER_MINUTE, meters[channel].power)


def tasmota_answer(content: bytes, channel: int) -> MeterAnswer:
    """Return what a channel of a Tasmota plug counts. Raises ReadingUnavailableError."""
    energy = _decode(content, _Tasmota).StatusSNS.ENERGY
    total = _of_channel(energy.Total, channel)
    return _answer(None if total is None else total * JOULES_PER_KWH, _of_channel(energy.Power, channel))


class _ShellyEnergy(msgspec.Struct):
    total: float


class _Shelly(msgspec.Struct):
    apower: float | None = None
    aenergy: _ShellyEnergy | None = None


class _FirstMeter(msgspec.Struct):
    power: float | None = None
    total: float | None = None
    is_valid: bool = True


class _FirstShelly(msgspec.Struct):
    meters: list[_FirstMeter]


class _TasmotaEnergy(msgspec.Struct):
    Total: float | list[float] | None = None
    Power: float | list[float] | None = None


class _TasmotaSensors(msgspec.Struct):
    ENERGY: _TasmotaEnergy


class _Tasmota(msgspec.Struct):
    StatusSNS: _TasmotaSensors


class _Series(msgspec.Struct):
    value: tuple[float, str]


class _Found(msgspec.Struct):
    result: list[_Series]


class _Query(msgspec.Struct):
    data: _Found


def _decode(content: bytes, kind: type[AnswerT]) -> AnswerT:
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ReadingUnavailableError("the meter's answer is not understood") from error


def _of_channel(values: float | list[float] | None, channel: int) -> float | None:
    """Return the value of a channel; a plug with one outlet gives no list."""
    if values is None:
        return None
    listed = values if isinstance(values, list) else [values]
    if channel >= len(listed):
        raise ReadingUnavailableError(f"the meter has no channel {channel}")
    return listed[channel]


def _by_unit(number: float, unit: Unit) -> MeterAnswer:
    return _answer(None, number) if unit is Unit.WATTS else _answer(number * JOULES_PER[unit], None)


def _answer(total: float | None, watts: float | None) -> MeterAnswer:
    """Return an answer of figures that can be. Raises ReadingUnavailableError."""
    limits = ((total, math.inf), (watts, MAX_MACHINE_WATTS))
    known = [(one, most) for one, most in limits if one is not None]
    if not known or not all(math.isfinite(one) and 0.0 <= one <= most for one, most in known):
        raise ReadingUnavailableError("the meter tells neither energy nor power that can be")
    return MeterAnswer(total=None if total is None else Joules(total), watts=None if watts is None else Watts(watts))
