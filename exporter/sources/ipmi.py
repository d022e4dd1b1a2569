"""Power of the whole machine as its management controller measures it: IPMI's DCMI, by the system's own programs.

`ipmi-dcmi` (FreeIPMI) or `ipmitool` runs in a child process every half minute: a controller takes up to seconds to
answer. Between two answers the last one is taken to hold.
"""

import errno
import os
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from exporter.core.clock import Clock
from exporter.core.errand import Errand, Errands, ProgramErrand
from exporter.core.units import Seconds, Watts
from exporter.power.component import Coverage, EnergyCounter, Sensor
from exporter.sources.integral import Integrals
from exporter.sources.reading import NotPresentError, ReadingUnavailableError

FACTOR = 1.1
"""Factor of the band around a controller's power. Assumed: vendors state from 1 to some per cent at high load, DCMI
gives whole watts, and what happened between two answers is not seen."""

INTERVAL = Seconds(30.0)
"""Time between two answers. Judgement: a controller is slow, and shared with those who manage the machine."""

LIMIT = Seconds(10.0)
"""Time after which a program is killed: ipmitool itself tries for several seconds before it gives up."""

NO_WATTS = 65_535
"""Watts, from which on a controller has read no sensor. Judgement: they are all bits of DCMI's 16-bit figure."""

DEVICES = ("ipmi0", "ipmi/0", "ipmidev/0")
"""Files below `/dev` by which programs reach the controller, as ipmitool tries them."""

SENSOR = Sensor(source="ipmi", covers=Coverage.MACHINE, factor=FACTOR, description="management controller")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A program that asks the controller, and how it says the present power and that it is measured."""

    arguments: tuple[str, ...]
    power: re.Pattern[bytes]
    is_active: re.Pattern[bytes]


TOOLS = (
    Tool(
        arguments=("ipmi-dcmi", "--get-system-power-statistics"),
        power=re.compile(rb"^\s*Current Power\s*:\s*(\d{1,5}) watts\s*$", re.IGNORECASE | re.MULTILINE),
        is_active=re.compile(rb"^\s*Power Measurement\s*:\s*Active\s*$", re.IGNORECASE | re.MULTILINE),
    ),
    Tool(
        arguments=("ipmitool", "dcmi", "power", "reading"),
        power=re.compile(rb"^\s*Instantaneous power reading:\s*(\d{1,5}) Watts\s*$", re.IGNORECASE | re.MULTILINE),
        is_active=re.compile(rb"^\s*Power reading state is:\s*activated\s*$", re.IGNORECASE | re.MULTILINE),
    ),
)
"""The programs, the preferred one first."""


class IpmiSource:
    """Asks the controller of a machine."""

    def __init__(
        self,
        clock: Clock,
        *,
        dev: Path = Path("/dev"),
        find: Callable[[str], str | None] = shutil.which,
        send: Callable[[Sequence[str]], Errand] = ProgramErrand,
    ) -> None:
        self._dev = dev
        self._find = find
        self._send = send
        self._command: Sequence[str] = ()
        self._errands = Errands(clock, self._ask, interval=INTERVAL, limit=LIMIT)
        self._integrals = Integrals(clock)

    def read(self) -> Mapping[str, EnergyCounter]:
        """Return the controller's sensor; none before its first answer.

        Raises NotPresentError without a controller or a program to ask it, PermissionError where this user may not,
        and ReadingUnavailableError where there is no answer or none that tells the power.
        """
        device = next((path for name in DEVICES if (path := self._dev / name).exists()), None)
        found = ((self._find(tool.arguments[0]), tool) for tool in TOOLS)
        command = next(((path, *tool.arguments[1:]) for path, tool in found if path), None)
        if device is None or command is None:
            raise NotPresentError
        if not os.access(device, os.R_OK | os.W_OK):
            raise PermissionError(errno.EACCES, "Permission denied", str(device))
        self._command = command
        answer = self._errands.latest()
        if answer is None:
            return {}
        energies = self._integrals.advance({"dcmi": watts(answer)})
        return {name: EnergyCounter(sensor=SENSOR, energy=energy) for name, energy in energies.items()}

    def _ask(self) -> Errand:
        return self._send(self._command)


def watts(answer: bytes) -> Watts:
    """Return the power that a program told, whichever it was. Raises ReadingUnavailableError where it told none."""
    for tool in TOOLS:
        found = tool.power.search(answer)
        # A controller without a sensor answers too, with nought, all bits set or a measurement that is not active.
        if found and tool.is_active.search(answer) and 0 < int(found[1]) < NO_WATTS:
            return Watts(float(found[1]))
    raise ReadingUnavailableError("the management controller tells no power")
