"""Estimates for machines that no server figures hold for: laptops, desktops, mini PCs, workstations and boards.

Idle power is the median of certified models (ENERGY STAR, to May 2020) or of measured boards; power at full load rests
on few machines. `docs/reference/accuracy.md` says on how many.
"""

from dataclasses import dataclass

from exporter.core.carbon import Factor
from exporter.core.units import Watts
from exporter.power.estimate import Estimate
from exporter.power.hardware import MOST_WATTS_OF_A_MINI_PC, Hardware, Kind

_ENERGY_STAR = "ENERGY STAR certified computers, 2014 to May 2020"
_BOARDS = "geerlingguy/sbc-reviews 968b675, at the wall"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """Idle power of a kind of machine, its full power, and the share of the TDP that load adds where that is known."""

    idle: Factor
    full: Factor
    per_tdp: Factor


def _watts(value: float, source: str) -> Factor:
    return Factor(value=value, unit="W", source=source, year=2026)


def _per_tdp(value: float, source: str) -> Factor:
    return Factor(value=value, unit="W/W", source=source, year=2026)


PRIORS = {
    Kind.LAPTOP: Prior(
        idle=_watts(5.5, f"{_ENERGY_STAR}: median of 1554 notebooks, screen on"),
        full=_watts(28.0, f"{_BOARDS}: median of 2 laptops"),
        per_tdp=_per_tdp(1.5, "judged from laptops and desktops of known TDP: turbo draws 1.5 to 4 times the TDP"),
    ),
    Kind.DESKTOP: Prior(
        idle=_watts(20.0, f"{_ENERGY_STAR}: median of 942 desktops without a screen, 20.2 rounded"),
        full=_watts(133.5, f"{_BOARDS}: median of 6 desktops"),
        per_tdp=_per_tdp(1.5, "as for laptops"),
    ),
    Kind.MINI_PC: Prior(
        idle=_watts(8.0, f"judged from {_BOARDS}: 5.5 to 9.3 W of 3 mini PCs of 6 W TDP"),
        full=_watts(22.1, f"{_BOARDS}: median of 3 mini PCs"),
        per_tdp=_per_tdp(2.5, "judged from mini PCs with a TDP of up to 15 W"),
    ),
    Kind.WORKSTATION: Prior(
        idle=_watts(79.0, f"{_ENERGY_STAR}: median of 47 workstations"),
        full=_watts(192.5, "the workstation's idle power, and what load adds to a desktop's"),
        per_tdp=_per_tdp(1.2, "judged: no workstation of known TDP was measured"),
    ),
}
"""Watts of PCs by kind."""

BOARDS = {
    "raspberry pi 4": (
        _watts(2.0, "judged from two sources: 1.6 to 2.3 W"),
        _watts(6.0, "judged from two sources: 5 to 6.8 W"),
    ),
    "raspberry pi 5": (
        _watts(3.5, "judged from two sources: 2.8 to 4.4 W"),
        _watts(9.0, "judged from two sources: 7.9 to 9.7 W"),
    ),
    "raspberry pi 3": (_watts(1.8, f"{_BOARDS}: median of 22 boards"), _watts(5.0, "judged from two sources")),
    "rk3588": (_watts(1.8, f"{_BOARDS}: median of 22 boards"), _watts(10.0, "judged from measured boards")),
    "": (_watts(1.8, f"{_BOARDS}: median of 22 boards"), _watts(7.0, f"{_BOARDS}: median of 22 boards")),
}
"""Idle and full power of boards by a part of what the device tree names; the last is for any other."""

_WELL_KNOWN = ("raspberry pi 4", "raspberry pi 5")
"""Boards that two good sources agree on."""


def by_kind(hardware: Hardware) -> Estimate | None:
    """Return the watts of machines of this kind; None for a server, a virtual machine and an unknown kind."""
    if hardware.kind is Kind.BOARD:
        return _board(hardware.board.lower())
    prior = None if hardware.kind is None else PRIORS.get(hardware.kind)
    if hardware.kind is None or prior is None:
        return None
    idle, full = prior.idle.value, prior.full.value
    if hardware.tdp is not None:
        is_larger = hardware.kind is Kind.MINI_PC and hardware.tdp > MOST_WATTS_OF_A_MINI_PC
        full = idle + (PRIORS[Kind.LAPTOP] if is_larger else prior).per_tdp.value * hardware.tdp
    return Estimate(
        idle=Watts(idle),
        full=Watts(full),
        source="average" if hardware.tdp is None else "tdp",
        model=str(hardware.kind),
        rung=f"{hardware.kind}_without_tdp" if hardware.tdp is None else str(hardware.kind),
        curved=False,
    )


def _board(told: str) -> Estimate:
    name = next(one for one in BOARDS if one in told)
    idle, full = BOARDS[name]
    return Estimate(
        idle=Watts(idle.value),
        full=Watts(full.value),
        source="name" if name else "average",
        model=name or str(Kind.BOARD),
        rung="raspberry_pi" if name in _WELL_KNOWN else "board",
        curved=False,
    )
