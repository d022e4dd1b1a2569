"""Dynamic voltage and frequency scaling: five operating points per device, which trade time for power.

Above idle a busy device draws `s + (1 - s) r V(r)^2` of its full dynamic power at the relative frequency r: switching
power goes with f V^2 (Weste and Harris, CMOS VLSI Design, 4th ed., 2010, section 5.2), and a share s of what a device
draws once it leaves its idle states (memory, interconnect, regulators) does not follow the frequency. Execution takes
`b / r + 1 - b` times as long as at full frequency, b being the share of time that is bound by computing (Hsu and
Kremer, PLDI 2003). With a share that is paid as long as a task runs, the slowest point is not the most frugal one.
"""

from dataclasses import dataclass

import numpy as np

from simulator.arrays import FloatArray
from simulator.hardware.device import LEVELS, Device

VOLTAGE_FLOOR = 0.675
"""Lowest voltage over that at full frequency: 0.675 of 1 V for the RK3588's fast cores (Linux rk3588-opp, 2024)."""

FLOOR_FREQUENCY = 0.5
"""Relative frequency down to which the voltage falls linearly: 1.2 of 2.4 GHz in the same table."""

STEADY_SHARE = 0.3
"""Share of a busy device's power above idle that does not follow the frequency.

Two clusters of Raspberry Pi CM4 drew 24.5 and 33 W, and 40 and 51 W, at 1.5 and 2.0 GHz under HPL (Geerling,
top500-benchmark, 2024); less 2.1 W of idle power per node, the power law above gives 0.27 and 0.40.
"""

COMPUTE_SHARE = 0.5
"""Share of execution time bound by computing, the b above.

The same clusters did 51.3 / 44.9 and 70.3 / 60.3 times as much at 2.0 as at 1.5 GHz: b is 0.43 and 0.50. Inference of
one item at a time moves each weight once, so it is bound by memory rather more than HPL, not less.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatingPoints:
    """L points in ascending frequency; every array is (L,).

    `time_factor` is execution time over that at full frequency, `active_watts` the whole device's power while it
    executes. The last point is full frequency: factor 1 and full power.
    """

    frequency_hertz: FloatArray
    time_factor: FloatArray
    active_watts: FloatArray


def operating_points(device: Device) -> OperatingPoints:
    """Return evenly spaced frequencies from the device's lowest to its highest, with power and time at each."""
    frequency = np.linspace(device.minimum_hertz, device.maximum_hertz, LEVELS)
    relative = frequency / device.maximum_hertz
    dynamic_watts = device.full_watts - device.idle_watts
    switching = relative * _voltage(relative) ** 2
    return OperatingPoints(
        frequency_hertz=frequency,
        time_factor=COMPUTE_SHARE / relative + (1 - COMPUTE_SHARE),
        active_watts=device.idle_watts + dynamic_watts * (STEADY_SHARE + (1 - STEADY_SHARE) * switching),
    )


def _voltage(relative: FloatArray) -> FloatArray:
    """Return the voltage over that at full frequency: linear, with a floor."""
    return np.interp(relative, [FLOOR_FREQUENCY, 1.0], [VOLTAGE_FLOOR, 1.0])
