"""The look-up of figures for servers and virtual machines: the worked examples of its authors, and its pitfalls."""

from dataclasses import dataclass

import pytest

from exporter.power.hardware import Kind
from exporter.power.lookup import by_average, by_generation, by_name, by_tdp
from exporter.power.tables import CpuId, generation_of, read
from tests.exporter.power.machines import hardware

INTEL, AMD = "GenuineIntel", "AuthenticAMD"


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A worked example: a name with its CPUID, and the row with idle and full watts per chip that it must find."""

    name: str
    cpuid: tuple[str, int, int, int]
    row: str | None
    chip: tuple[float, float] = (0.0, 0.0)
    thread: tuple[float, float] | None = None
    threads: int = 56


BY_NAME = (
    Example(
        name="Intel(R) Xeon(R) Platinum 8180 CPU @ 2.50GHz",
        cpuid=(INTEL, 6, 85, 4),
        row="xeon platinum 8180",
        chip=(29.7, 236.0),
    ),
    Example(name="AMD EPYC 9754 128-Core Processor", cpuid=(AMD, 25, 160, 2), row="epyc 9754", chip=(59.5, 340.2)),
    Example(
        name="INTEL(R) XEON(R) PLATINUM 8592+",
        cpuid=(INTEL, 6, 207, 2),
        row="xeon platinum 8592+",
        chip=(104.8, 417.1),
    ),
    Example(
        name="Intel(R) Xeon(R) CPU E5-2660 0 @ 2.20GHz",
        cpuid=(INTEL, 6, 45, 7),
        row="xeon e5-2660",
        chip=(27.8, 124.5),
    ),
    Example(
        name="Intel(R) Xeon(R) CPU E3-1265L V2 @ 2.50GHz",
        cpuid=(INTEL, 6, 58, 9),
        row="xeon e3-1265l v2",
        chip=(17.5, 56.1),
    ),
    Example(
        name="Intel(R) Xeon(R) CPU E7- 4870  @ 2.40GHz",
        cpuid=(INTEL, 6, 47, 2),
        row="xeon e7-4870",
        chip=(105.8, 209.2),
    ),
)

BY_GENERATION = (
    Example(
        name="AMD EPYC",
        cpuid=(AMD, 25, 1, 1),
        row="Zen 3 (Milan)",
        chip=(55.2, 254.0),
        thread=(0.432, 1.984),
        threads=128,
    ),
    Example(
        name="Intel(R) Xeon(R) CPU @ 2.20GHz",
        cpuid=(INTEL, 6, 79, 0),
        row="Broadwell EP",
        chip=(22.9, 136.0),
        thread=(0.53, 3.091),
        threads=44,
    ),
    Example(
        name="Intel(R) Xeon(R) Platinum 8259CL CPU @ 2.50GHz",
        cpuid=(INTEL, 6, 85, 7),
        row="Cascade Lake",
        chip=(30.5, 202.2),
        thread=(0.554, 3.678),
        threads=56,
    ),
)

NO_ROW = (
    Example(name="Intel(R) Core(TM) i7-8700 CPU @ 3.20GHz", cpuid=(INTEL, 6, 158, 10), row=None),
    Example(name="AMD Ryzen 9 7950X 16-Core Processor", cpuid=(AMD, 25, 97, 2), row=None),
    Example(name="QEMU Virtual CPU version 2.5+", cpuid=(AMD, 15, 107, 1), row=None),
)


@pytest.mark.parametrize("one", BY_NAME, ids=lambda one: one.row)
@pytest.mark.parametrize("chips", [1, 2])
def test_worked_examples_by_name(one: Example, chips: int) -> None:
    found = by_name(hardware(one.name, one.cpuid, chips=chips))
    assert found is not None
    assert (found.source, found.model) == ("name", one.row)
    assert (found.idle, found.full) == pytest.approx((chips * one.chip[0], chips * one.chip[1]))


@pytest.mark.parametrize("one", BY_GENERATION, ids=lambda one: one.row)
def test_worked_examples_by_generation(one: Example) -> None:
    cores = one.threads // 2
    host = hardware(one.name, one.cpuid, cores=cores)
    guest = hardware(one.name, one.cpuid, cores=4, flags="hypervisor")
    assert by_name(host) is None
    assert by_name(guest) is None
    assert (host.kind, guest.kind) == (Kind.SERVER, Kind.VM)
    whole, share = by_generation(host), by_generation(guest)
    assert whole is not None
    assert share is not None
    assert one.thread is not None
    assert {(found.source, found.model) for found in (whole, share)} == {("generation", one.row)}
    assert (whole.idle, whole.full) == pytest.approx(one.chip)
    assert (share.idle, share.full) == pytest.approx((8 * one.thread[0], 8 * one.thread[1]))


@pytest.mark.parametrize("one", NO_ROW, ids=lambda one: one.name)
@pytest.mark.parametrize("flags", ["", "hypervisor"])
def test_worked_examples_that_must_match_nothing(one: Example, flags: str) -> None:
    machine = hardware(one.name, one.cpuid, flags=flags)
    assert by_name(machine) is None
    assert by_generation(machine) is None


@pytest.mark.parametrize(
    "name",
    ["Intel Xeon Processor", "AMD EPYC", "Intel(R) Xeon(R) CPU", "Intel(R) Xeon(R) Platinum 8488C", "AMD EPYC 7R13"],
)
def test_generic_and_cloud_only_names_are_no_keys(name: str) -> None:
    assert by_name(hardware(name)) is None


@pytest.mark.parametrize("suffix", ["0", "L", "M", "X", "+", " v2", "P"])
def test_a_suffix_is_another_chip(suffix: str) -> None:
    assert by_name(hardware(f"Intel(R) Xeon(R) Platinum 8490H{suffix}")) is None


def test_full_load_goes_with_the_root_of_the_threads_and_idle_with_the_chips() -> None:
    whole = by_generation(hardware("AMD EPYC", (AMD, 25, 1, 1), cores=64))
    quarter = by_generation(hardware("AMD EPYC", (AMD, 25, 1, 1), cores=16))
    assert whole is not None
    assert quarter is not None
    assert (quarter.idle, quarter.full) == pytest.approx((whole.idle, whole.full / 2))


def test_threads_halve_where_smt_is_off_and_watts_do_not() -> None:
    on = by_generation(hardware("AMD EPYC", (AMD, 25, 1, 1), cores=64, smt=2))
    off = by_generation(hardware("AMD EPYC", (AMD, 25, 1, 1), cores=64, smt=1))
    assert on == off


def test_the_modules_of_a_bulldozer_are_two_cores() -> None:
    """Linux shows 8 cores and 16 siblings for a chip of 16 cores."""
    found = by_generation(hardware("AMD Opteron(TM) Processor 6276", ("AuthenticAMD", 21, 1, 2), cores=8, smt=2))
    assert found is not None
    assert (found.idle, found.full) == pytest.approx((38.2, 160.7))


@pytest.mark.parametrize(
    ("stepping", "flags", "generation"),
    [
        (4, "", "Skylake SP"),
        (7, "", "Cascade Lake"),
        (11, "", "Cooper Lake"),
        (4, "avx512_vnni", "Cascade Lake"),
        (7, "avx512_vnni avx512_bf16", "Cooper Lake"),
        (9, "", None),
    ],
)
def test_model_85_is_three_generations(stepping: int, flags: str, generation: str | None) -> None:
    found = by_generation(hardware("Intel(R) Xeon(R) Platinum", (INTEL, 6, 85, stepping), flags=flags))
    assert (None if found is None else found.model) == generation


def test_siena_has_the_cpuid_of_bergamo_and_goes_by_its_number() -> None:
    cpuid = (AMD, 25, 160, 2)
    found = [by_generation(hardware(name, cpuid)) for name in ("AMD EPYC 8534P 64-Core Processor", "AMD EPYC 9734")]
    assert [one and one.model for one in found] == ["Zen 4c (Siena)", "Zen 4c (Bergamo)"]


@pytest.mark.parametrize(
    ("name", "cpuid", "generation"),
    [
        ("Intel Xeon Processor (Skylake, IBRS)", (INTEL, 6, 85, 4), "Skylake SP"),
        ("Intel Xeon Processor (Icelake)", (INTEL, 6, 134, 0), "Ice Lake SP"),
        ("Intel Xeon Processor (SapphireRapids)", (INTEL, 6, 143, 4), "Sapphire Rapids"),
        ("Intel Xeon E312xx (Sandy Bridge, IBRS update)", (INTEL, 6, 42, 1), "Sandy Bridge EP"),
        ("Intel Core Processor (Broadwell, IBRS)", (INTEL, 6, 61, 2), None),
        ("Intel Core Processor (Haswell, no TSX)", (INTEL, 6, 60, 1), None),
    ],
)
def test_what_qemu_names_is_taken_at_a_wider_band(
    name: str, cpuid: tuple[str, int, int, int], generation: str | None
) -> None:
    found = by_generation(hardware(name, cpuid, flags="hypervisor"))
    assert (found and (found.model, found.rung)) == (generation and (generation, "named_by_qemu"))


def test_a_guest_with_a_whole_name_has_its_share_of_the_threads() -> None:
    found = by_name(hardware("Intel(R) Xeon(R) Platinum 8180 CPU @ 2.50GHz", cores=4, flags="hypervisor"))
    assert found is not None
    assert (found.idle, found.full, found.rung) == pytest.approx((29.7 / 7, 236.0 / 7, "thread"))


def test_one_result_deserves_the_band_of_the_generation() -> None:
    rungs = {name: by_name(hardware(name)) for name in ("AMD EPYC 7351", "AMD EPYC 7601")}
    assert {name: one and one.rung for name, one in rungs.items()} == {
        "AMD EPYC 7351": "generation",
        "AMD EPYC 7601": "name",
    }


@pytest.mark.parametrize(
    ("name", "is_curved"),
    [
        ("Intel(R) Xeon(R) CPU E5-2620 0 @ 2.00GHz", False),  # a result of 2023, a processor of 2012
        ("Intel(R) Xeon(R) CPU E5-2660 0 @ 2.20GHz", False),
        ("Intel(R) Xeon(R) Platinum 8180 CPU @ 2.50GHz", True),
        ("AMD EPYC 9754 128-Core Processor", True),
    ],
)
def test_curves_are_of_servers_since_2016(name: str, is_curved: bool) -> None:
    found = by_name(hardware(name))
    assert found is not None
    assert found.curved is is_curved


def test_a_server_newer_than_the_table_goes_by_its_tdp_and_memory() -> None:
    new = {"cpuid": (INTEL, 19, 1, 0), "flags": "avx512f avx512_vnni avx512_bf16", "chips": 2, "cores": 96}
    known = by_tdp(hardware("Intel(R) Xeon(R) 7999P", **new, gb=1024, tdp=400.0))  # type: ignore[arg-type]
    unknown = by_tdp(hardware("Intel(R) Xeon(R) 7999P", **new, tdp=400.0))  # type: ignore[arg-type]
    assert known is not None
    assert unknown is not None
    # exp(-0.6831 + 0.5427 ln 800 + 0.3735 ln 1025), and so on.
    assert (known.idle, known.full) == pytest.approx((253.2, 1084.8), rel=0.01)
    assert (unknown.idle, unknown.full) == pytest.approx((184.8, 918.9), rel=0.01)
    assert by_tdp(hardware("Intel(R) Xeon(R) 7999P", **new)) is None  # type: ignore[arg-type]


def test_no_tdp_says_anything_of_a_guest_or_a_desktop() -> None:
    guest = hardware("QEMU Virtual CPU version 2.5+", flags="hypervisor", tdp=100.0)
    desktop = hardware("Intel(R) Core(TM) i7-8700 CPU", tdp=65.0, kind=Kind.DESKTOP)
    assert by_tdp(guest) is None
    assert by_tdp(desktop) is None


def test_the_average_has_no_term_for_memory_and_says_nothing_of_a_desktop() -> None:
    guests = [by_average(hardware("QEMU Virtual CPU", cores=2, flags="hypervisor", gb=gb)) for gb in (4, 400)]
    assert guests[0] == guests[1]
    assert guests[0] is not None
    assert (guests[0].idle, guests[0].full) == pytest.approx((4 * 0.74, 4 * 3.5))
    assert by_average(hardware("Intel(R) Core(TM) i7-8700 CPU", kind=Kind.DESKTOP)) is None


def test_no_cpuid_is_of_two_generations() -> None:
    rows = [row for row in read("server_watts_by_generation") if row["cpuid_models"]]
    for row in rows:
        for model in numbers(row["cpuid_models"]):
            for stepping in numbers(row["cpuid_steppings"] or "0-15"):
                cpuid = CpuId(
                    vendor=row["cpuid_vendor"], family=int(row["cpuid_family"]), model=model, stepping=stepping
                )
                assert generation_of(cpuid) == row["generation"], cpuid


def numbers(listed: str) -> list[int]:
    """Return the numbers of a list of numbers and ranges, as a table has them."""
    ends = [part.partition("-") for part in listed.split(",")]
    return [number for first, _, last in ends for number in range(int(first), int(last or first) + 1)]
