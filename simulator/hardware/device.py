"""Device classes: power, speed, and the sources of both."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

GIBIBYTE = 1024**3


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A class of machine. `speed` is relative to the reference device, whose `speed` is 1.

    `idle_watts` and `full_watts` are of the whole machine, without work and with all of it busy at `maximum_hertz`.
    """

    name: str
    title: str
    idle_watts: float
    full_watts: float
    minimum_hertz: float
    maximum_hertz: float
    speed: float
    memory_bytes: int
    source: str


REFERENCE = "intel-nuc"
"""The device whose execution times the task classes give."""

_ALL = (
    Device(
        name="raspberry-pi-4",
        title="Raspberry Pi 4 Model B",
        idle_watts=2.1,
        full_watts=6.41,
        minimum_hertz=0.6e9,
        maximum_hertz=1.8e9,
        speed=0.2,
        memory_bytes=4 * GIBIBYTE,
        source=(
            "Power: measurements that the EcoChain-ML revision cites (2025). Others found 2.7 W idle and 6.4 W busy "
            "(Pi Dramble, 2019), and at the wall 1.6 W idle, 5.0 W under stress-ng and 7.2 W under HPL (Geerling, "
            "sbc-reviews 4, 2023). Frequency: Raspberry Pi documentation, config.txt (2021). Speed: EcoChain-ML "
            "revision (2025), an assumption."
        ),
    ),
    Device(
        name="raspberry-pi-5",
        title="Raspberry Pi 5",
        idle_watts=3.1,
        full_watts=11.0,
        minimum_hertz=1.5e9,
        maximum_hertz=2.4e9,
        speed=0.51,
        memory_bytes=8 * GIBIBYTE,
        source=(
            "Full power: at the wall under HPL (Geerling, top500-benchmark 18, 2023). Idle power: at the wall, of the "
            "Raspberry Pi 500, which has the same processor and memory (Geerling, sbc-reviews 60, 2024). Frequency: "
            "Raspberry Pi documentation, config.txt (2023). Speed: 0.2 x 30.25 / 11.89 Gflop/s of HPL against the "
            "Raspberry Pi 4 (Geerling, top500-benchmark, 2024)."
        ),
    ),
    Device(
        name="jetson-nano",
        title="NVIDIA Jetson Nano",
        idle_watts=5.0,
        full_watts=10.0,
        minimum_hertz=0.918e9,
        maximum_hertz=1.479e9,
        speed=3.75,
        memory_bytes=4 * GIBIBYTE,
        source=(
            "Power and frequency: the budgets and CPU limits of its modes 5W and MAXN (NVIDIA, Jetson Linux Developer "
            "Guide, 2019); datasheet figures, and idle power may be lower than the 5 W that the EcoChain-ML revision "
            "(2025) also takes. Speed: EcoChain-ML revision (2025), with the GPU; an assumption."
        ),
    ),
    Device(
        name="jetson-orin-nano",
        title="NVIDIA Jetson Orin Nano 8 GB",
        idle_watts=7.0,
        full_watts=15.0,
        minimum_hertz=0.7296e9,
        maximum_hertz=1.5104e9,
        speed=27.5,
        memory_bytes=8 * GIBIBYTE,
        source=(
            "Power: the budgets of its modes 7W and 15W (NVIDIA, nvpmodel of module P3767-0003, 2022); datasheet "
            "figures, and 7 W is also what a maker of boxes with it states as idle (ClawBox, 2026). Frequency: minimum "
            "from that nvpmodel, maximum from NVIDIA's Jetson Linux Developer Guide (2023). Speed: 3.75 x 153.3 / 20.9 "
            "ms of YOLOX-S in FP32 against the Jetson Nano (Idein, aicast_jetson_benchmark, 2023)."
        ),
    ),
    Device(
        name=REFERENCE,
        title="Intel NUC",
        idle_watts=25.0,
        full_watts=65.0,
        minimum_hertz=1.6e9,
        maximum_hertz=2.7e9,
        speed=1.0,
        memory_bytes=16 * GIBIBYTE,
        source=(
            "Power: EcoChain-ML revision (2025), an assumption; reviews find idle power of 8 to 13 W at the wall for "
            "machines of this size (Tom's Hardware, seven mini-PCs, 2013). Frequency: base and turbo clock of the "
            "NUC5i5RYK (AnandTech, 2015). Speed: 1 by definition."
        ),
    ),
    Device(
        name="amd-ryzen",
        title="AMD Ryzen edge server",
        idle_watts=40.0,
        full_watts=95.0,
        minimum_hertz=1.6e9,
        maximum_hertz=3.9e9,
        speed=2.4,
        memory_bytes=32 * GIBIBYTE,
        source=(
            "Power and speed: EcoChain-ML revision (2025), an assumption; the full power agrees with the more than "
            "90 W at the wall of a DeskMini A300 with a Ryzen 5 2400G (AnandTech, 2019). Frequency: that machine's "
            "boost clock, and the lowest P-state of its processor family (AMD, 2018)."
        ),
    ),
    Device(
        name="radxa-rock-5b",
        title="Radxa ROCK 5B",
        idle_watts=3.6,
        full_watts=12.0,
        minimum_hertz=0.408e9,
        maximum_hertz=2.4e9,
        speed=0.86,
        memory_bytes=4 * GIBIBYTE,
        source=(
            "Power: at the wall, idle and under HPL; 17 W under stress-ng (Geerling, sbc-reviews 3, 2023). Frequency: "
            "operating points of the RK3588 in the Linux kernel (2024). Speed: 0.2 x 51.38 / 11.89 Gflop/s of HPL "
            "against the Raspberry Pi 4 (Geerling, top500-benchmark, 2024)."
        ),
    ),
)

DEVICES: Mapping[str, Device] = MappingProxyType({device.name: device for device in _ALL})
"""Every device class by name. Power is at the wall or at the board's input, as each source says."""
