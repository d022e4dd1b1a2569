"""The page that says how far each estimate of power is off, from the same table as the bands of the exporter."""

from collections.abc import Iterator, Mapping

from exporter.power.hardware import Kind
from exporter.power.tables import read
from scripts.held_out import without_the_name

INTRODUCTION = """\
Every figure is an error on machines that the estimate did not see, unless the column *tested on* says otherwise.
Watts are those of a **whole machine at the wall**, power supply and fans included. *Error* is the mean of
|estimate - measured| / measured. *Factor* is f such that the measured power lies from estimate / f to estimate x f for
nine machines in ten: for servers the greater f of the results since 2017 and of all since 2009, rounded up or more.
Errors of power are multiplicative, so a band is a factor and not a plus or minus.
`ecotrack_power_low_watts` and `ecotrack_power_high_watts` come from these factors, linear between the three loads;
`ecotrack_power_source_info` names the kind of estimate (`source`) and its row (`model`).

A factor is right on average over machines, not for each: within single generations, 0% to 100% of results lay inside
the factor of the others. Of the 234 results since 2023 alone, the share of a virtual machine would need 1.66 at full
load instead of 1.6; no virtual machine was measured. No band is a guarantee for one machine at one moment.

## The ladder

The first estimate that holds for a machine is used:

1. `rapl`, `nvml`, `hwmon`, `battery`, `ipmi`, `meter`: measured by a sensor, whose own band is stated.
2. `calibrated`: idle and full power measured on this machine.
3. `name`: servers with the same CPU name. 91 of the 182 rows stand on one result; they have the factor of the
   generation.
4. `generation`: servers of the same generation, by CPUID. A virtual machine has its virtual CPUs' share.
5. `tdp`: servers of the same thermal design power (TDP), and memory where that is known; PCs of known TDP.
6. `average`: a cloud's average for each virtual CPU; PCs and boards by kind.
7. `cep`: a desktop of 50 W idle and 115 W busy, where nothing is known.

Laptops, desktops, mini PCs, workstations and boards never get the figures of servers, even of the same CPUID: for six
of them the fit by TDP was wrong by a factor of up to 4. Figures of theirs for full load rest on few machines.

| estimate | tested on | n | error % idle | half load | full | factor idle | half load | full | does not cover |
|---|---|---|---|---|---|---|---|---|---|
"""

REST = """
*Half load* is measured on fewer results (those with a published load curve, to 2022) and with the curve below. A blank
error was not measured.

## Idle as sold

Servers in published results are tuned. Certified configurations as they are sold idle at about twice these figures, and
it goes with their disks: 1.3 times with at most one disk, 4 times with nine and more. So where a server shows its
disks, idle power is 1.18 x the figure + 7.5 W for each hard disk + 9.4 W for each SSD + 0.05 W for each GB of memory
beyond what the tested servers had, and the page says "as sold". The disks then stand as the component `disk`. Without
disks in sight nothing is corrected, and idle power may be too low. For a server as well set up as a benchmark machine
the corrected figure is too high. Load is taken to come on top; nothing published tests that.

## Between idle and full

Servers since 2016 draw less than a straight line between idle and full: 0.17 of the way at 10% load, 0.42 at 50%, 1 at
100%, linear between these points. Between two points measured on the machine a line is 14% off at half load in the
mean, and the curve 10%. Elsewhere a line is used.

## What it does not cover

Graphics cards and accelerators, storage servers, utilization other than CPU time, power supplies shared by blades. Arm
servers hardly (8 results). A virtual machine is a share by threads: how a cloud packs its machines, stolen time and
cooling are not in it; `power.pue` multiplies for the cooling. The load was a steady Java benchmark: AVX-512 and HPL
draw more (1.18 times in the median of 38 small machines).

## Where the figures come from

**Watts are medians derived from SPECpower_ssj2008 results published at www.spec.org as of March 2026; they are not SPEC
metrics. SPEC and SPECpower_ssj are trademarks of the Standard Performance Evaluation Corporation.** 1023 results of
2009 to March 2026 with 197 CPU names, retrieved on 2026-03-09 from www.spec.org by the Apache-2.0 repository
cloud-carbon-footprint/ccf-coefficients (commit b0032d9). Load curves of 555 of them: green-coding-solutions/
spec-power-model 9739f29, whose data are SPEC's; none of its text or tables is contained.

| figures | source | terms |
|---|---|---|
| TDP by CPU name, a column of the table | codecarbon 3.3.2 | MIT |
| idle of PCs and of servers as sold | ENERGY STAR product lists of May 2020, US EPA | public domain |
| boards, and full load of PCs | geerlingguy/sbc-reviews 968b675 | MIT |
| CPUID of Intel | Linux `intel-family.h` and `mapfile.csv`, QEMU `cpu.c`, Intel's microcode release notes | facts |
| CPUID of AMD | LLVM `Host.cpp`, QEMU `cpu.c`, GCC `cpuinfo.h`, AMD PPR 57238 | facts |

The tables are `exporter/power/figures/*.csv`: figures of this project (medians, quantiles, coefficients), computed from
these publications. No file of theirs is contained.
"""


HELD_OUT = """
## Names left out

From the tables alone: each CPU name against the other names of its generation, counted by results. The single results
behind the medians are not in the tables, so this leaves a name out, but not the maker who tested it.

| figures of the generation | results | error % idle | full | share within the factors |
|---|---|---|---|---|
"""


def accuracy() -> str:
    """Return the page's text below its heading."""
    ladder = "".join(_row(row) for row in read("rungs"))
    return INTRODUCTION + ladder + REST + HELD_OUT + "".join(_held_out())


def _held_out() -> Iterator[str]:
    for kind, what in ((Kind.SERVER, "host, for each chip"), (Kind.VM, "virtual machine, for each thread")):
        found = without_the_name(kind)
        yield f"| {what} | {found.results} | {100 * found.idle:.1f} | {100 * found.full:.1f} | {found.held:.2f} |\n"


def _row(row: Mapping[str, str]) -> str:
    columns = (
        *("title", "tested_on", "results", "error_idle", "error_mid", "error_full"),
        *("factor_idle", "factor_mid", "factor_full", "not_covered"),
    )
    return f"| {' | '.join(row[name] for name in columns)} |\n"
