"""The device classes that come with the simulator, each figure with its source or the word assumption."""

from collections.abc import Mapping
from types import MappingProxyType

from exporter.core.units import Joules, Seconds, Watts
from simulator.hardware.device import REFERENCE, Device
from simulator.hardware.sleep import Sleep

GIBIBYTE = 1024**3

_ALL = (
    Device(
        name="raspberry-pi-4",
        title="Raspberry Pi 4 Model B",
        idle_watts=2.7,
        full_watts=6.4,
        minimum_hertz=0.6e9,
        maximum_hertz=1.8e9,
        speed=0.2,
        memory_bytes=4 * GIBIBYTE,
        source=(
            "Power: one meter, idle and with all cores busy (Pi Dramble, 2019). Others found 2.1 and 6.41 W (cited by "
            "the EcoChain-ML revision, 2025), and at the wall 1.6 W idle, 5.0 W under stress-ng and 7.2 W under HPL "
            "(Geerling, sbc-reviews 4, 2023). Frequency: Raspberry Pi documentation, config.txt (2021). Speed: "
            "EcoChain-ML revision (2025), an assumption for all models. Compression: INT8 took 0.7 to 2 times as long "
            "as FP32 in CNNs (benchmark of Tencent's ncnn), so it is taken to gain nothing; other models were not "
            "measured."
        ),
        sleep=Sleep(
            watts=Watts(1.35),
            enter_seconds=Seconds(5.0),
            enter_joules=Joules(23.0),
            wake_seconds=Seconds(22.5),
            wake_joules=Joules(102.0),
            minimum_dwell_seconds=Seconds(60.0),
            source=(
                "Shut down, since it cannot suspend. Power: 0.27 A at 5 V, the lowest of 0.27 to 0.4 A measured with "
                "the default boot loader (Raspberry Pi Stack Exchange 114422, 2021). Wake: the middle of the 15 to 30 "
                "s of a full boot (wiki of attiny_daemon). Time to shut down, the mean of idle and full power in both "
                "transitions, and the dwell: assumptions."
            ),
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
        speeds={"cnn": 1.1, "audio": 1.1, "transformer": 0.58},
        memory_bytes=8 * GIBIBYTE,
        source=(
            "Full power: at the wall under HPL (Geerling, top500-benchmark 18, 2023). Idle power: at the wall, of the "
            "Raspberry Pi 500, which has the same processor and memory (Geerling, sbc-reviews 60, 2024); other meters "
            "and supplies gave 1.8 to 3.0 W (Geerling, sbc-reviews 21, 2023). Frequency: Raspberry Pi documentation, "
            "config.txt (2023). Speed, against the Raspberry Pi 4, whose is 0.2: 5.4 times in CNNs, audio among them "
            "(ncnn, as for the ROCK 5B); 4.61 / 1.60 tokens/s of Llama 3.2 3B in transformers (Geerling, "
            "ai-benchmarks, 2025); 30.25 / 11.89 Gflop/s of HPL for other models (Geerling, top500-benchmark, 2024). "
            "Compression: not measured."
        ),
        sleep=Sleep(
            watts=Watts(1.4),
            enter_seconds=Seconds(5.0),
            enter_joules=Joules(35.0),
            wake_seconds=Seconds(20.0),
            wake_joules=Joules(141.0),
            minimum_dwell_seconds=Seconds(60.0),
            source=(
                "Shut down, since it cannot suspend. Power: the middle of 1.2 to 1.6 W with the default boot loader "
                "(Geerling, Reducing Raspberry Pi 5's power consumption by 140x, 2023). Times, the mean of idle and "
                "full power in both transitions, and the dwell: assumptions after the Raspberry Pi 4."
            ),
        ),
    ),
    Device(
        name="jetson-nano",
        title="NVIDIA Jetson Nano",
        idle_watts=2.4,
        full_watts=10.0,
        minimum_hertz=0.918e9,
        maximum_hertz=1.479e9,
        speed=0.72,
        memory_bytes=4 * GIBIBYTE,
        source=(
            "Idle power: the middle of 1.9 to 2.9 W, which measurements gathered for this project span (2026). Full "
            "power and frequency: the budget of its mode MAXN, and the CPU limits of its modes (NVIDIA, Jetson Linux "
            "Developer Guide, 2019); 0.154 mWh a frame at 12.34 frames per second of YOLOv5n are 6.8 W (Machado et "
            "al., arXiv 2207.06150, 2022). Speed, with the GPU: 3.6 times that of the Raspberry Pi 4 in CNNs (ncnn, as "
            "for the ROCK 5B), an assumption for other models; the EcoChain-ML revision (2025) assumes 3.75, which is "
            "19 times. Compression: not measured."
        ),
        sleep=Sleep(
            watts=Watts(0.8),
            enter_seconds=Seconds(2.0),
            enter_joules=Joules(12.0),
            wake_seconds=Seconds(2.0),
            wake_joules=Joules(12.0),
            minimum_dwell_seconds=Seconds(10.0),
            source=(
                "Suspended (SC7). Power: 0.4 W of the module, an assumption, and 0.4 W of a carrier board, that of the "
                "Orin Nano: 2.6 W at its input less 2.18 W of the module (NVIDIA developer forum 348662, 2025). Times, "
                "the mean of idle and full power in both transitions, and the dwell: assumptions."
            ),
        ),
    ),
    Device(
        name="jetson-orin-nano",
        title="NVIDIA Jetson Orin Nano 8 GB",
        idle_watts=7.0,
        full_watts=15.0,
        minimum_hertz=0.7296e9,
        maximum_hertz=1.5104e9,
        speed=0.72,
        speeds={"cnn": 5.3, "audio": 5.3},
        memory_bytes=8 * GIBIBYTE,
        source=(
            "Power: the budgets of its modes 7W and 15W (NVIDIA, nvpmodel of module P3767-0003, 2022); datasheet "
            "figures, and 7 W is also what a maker of boxes with it states as idle (ClawBox, 2026). Frequency: minimum "
            "from that nvpmodel, maximum from NVIDIA's Jetson Linux Developer Guide (2023). Speed in CNNs, audio among "
            "them: 0.72 x 153.3 / 20.9 ms of YOLOX-S in FP32 against the Jetson Nano (Idein, aicast_jetson_benchmark, "
            "2023); with other models that of the Jetson Nano, an assumption. Compression: not measured."
        ),
        sleep=Sleep(
            watts=Watts(0.8),
            enter_seconds=Seconds(2.0),
            enter_joules=Joules(22.0),
            wake_seconds=Seconds(2.0),
            wake_joules=Joules(22.0),
            minimum_dwell_seconds=Seconds(10.0),
            source=(
                "Suspended (SC7). Power: 0.4 W of the module, an assumption, and 0.4 W of the carrier board: 2.6 W at "
                "its input less 2.18 W of the module (NVIDIA developer forum 348662, 2025). Times, the mean of idle "
                "and full power in both transitions, and the dwell: assumptions."
            ),
        ),
    ),
    Device(
        name=REFERENCE,
        title="Intel NUC",
        idle_watts=10.5,
        full_watts=48.0,
        minimum_hertz=1.6e9,
        maximum_hertz=2.7e9,
        speed=1.0,
        memory_bytes=16 * GIBIBYTE,
        source=(
            "Idle power: the middle of 8 to 13 W at the wall of machines of this size (Tom's Hardware, seven mini-PCs, "
            "2013). Full power: an assumption, idle power and 2.5 W for each of the 15 W of its processor's TDP, as "
            "judged from measured mini-PCs (Geerling, sbc-reviews 968b675). Frequency: base and turbo clock of the "
            "NUC5i5RYK (AnandTech, 2015). Speed: 1 by definition. Compression: the shipped profile, of an x86 server."
        ),
        sleep=Sleep(
            watts=Watts(2.0),
            enter_seconds=Seconds(5.0),
            enter_joules=Joules(146.0),
            wake_seconds=Seconds(5.0),
            wake_joules=Joules(146.0),
            minimum_dwell_seconds=Seconds(10.0),
            source=(
                "Suspended to RAM. All assumptions: the middle of 1 to 3 W, times, the mean of idle and full power in "
                "both transitions, and the dwell."
            ),
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
            "Power and speed: EcoChain-ML revision (2025), an assumption for all models; the full power agrees with "
            "the more than 90 W at the wall of a DeskMini A300 with a Ryzen 5 2400G (AnandTech, 2019). Frequency: that "
            "machine's boost clock, and the lowest P-state of its processor family (AMD, 2018). Compression: the "
            "shipped profile, of an x86 server."
        ),
        sleep=Sleep(
            watts=Watts(3.0),
            enter_seconds=Seconds(5.0),
            enter_joules=Joules(338.0),
            wake_seconds=Seconds(5.0),
            wake_joules=Joules(338.0),
            minimum_dwell_seconds=Seconds(10.0),
            source=(
                "Suspended to RAM. All assumptions: 3 W, times, the mean of idle and full power in both transitions, "
                "and the dwell."
            ),
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
        speeds={"cnn": 2.0, "audio": 2.0},
        memory_bytes=4 * GIBIBYTE,
        source=(
            "Power: at the wall, idle and under HPL; 17 W under stress-ng (Geerling, sbc-reviews 3, 2023). Frequency: "
            "operating points of the RK3588 in the Linux kernel (2024). Speed, against the Raspberry Pi 4, whose is "
            "0.2: 10 times in CNNs, audio among them, the mean over squeezenet, mobilenet and shufflenet in ncnn with "
            "16-bit arithmetic where a board has it (nihui, ncnn-small-board, 2023), less 10% since that Raspberry Pi "
            "ran at 1.5 GHz; 51.38 / 11.89 Gflop/s of HPL for other models (Geerling, top500-benchmark, 2024). "
            "Compression: not measured."
        ),
        sleep=Sleep(
            watts=Watts(0.9),
            enter_seconds=Seconds(2.0),
            enter_joules=Joules(16.0),
            wake_seconds=Seconds(2.0),
            wake_joules=Joules(16.0),
            minimum_dwell_seconds=Seconds(10.0),
            source=(
                "Suspended to RAM. Power: an assumption, a quarter of idle power, as a ROCK S draws 0.05 W suspended "
                "and 0.2 W idle (ValdikSS in sbc-reviews 68, 2025). Times, the mean of idle and full power in both "
                "transitions, and the dwell: assumptions."
            ),
        ),
    ),
)

DEVICES: Mapping[str, Device] = MappingProxyType({device.name: device for device in _ALL})
"""Every device class by name. Power is at the wall or at the board's input, as each source says."""

PROFILED = (REFERENCE, "amd-ryzen")
"""The x86 devices: those for which the shipped profile of compressed models holds, which an x86 server gave."""
