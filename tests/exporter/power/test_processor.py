"""Reading of `/proc/cpuinfo`, whatever it holds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.power.hardware import hardware_of
from exporter.power.ladder import host_estimate
from exporter.power.processor import MOST_CHIPS, Processor, parse_cpuinfo
from exporter.sources.identity import Identity
from tests.exporter.power.machines import cpuinfo

FIELDS = (
    "processor",
    "vendor_id",
    "cpu family",
    "model",
    "model name",
    "stepping",
    "physical id",
    "cpu cores",
    "flags",
)
WORDS = (
    "AMD EPYC",
    "GenuineIntel",
    "Intel(R) Xeon(R) CPU",
    "6",
    "85",
    "0",
    "-1",
    "hypervisor avx512f",
    "\u0663",
    "9" * 30,
)

lines = st.tuples(
    st.sampled_from(FIELDS), st.sampled_from([":", " : ", "\t: ", ""]), st.sampled_from(WORDS) | st.text()
)
texts = st.lists(lines.map("".join) | st.text(max_size=30) | st.just(""), max_size=40).map("\n".join)


def test_two_sockets_are_two_chips() -> None:
    found = parse_cpuinfo(cpuinfo("AMD EPYC 9654 96-Core Processor", ("AuthenticAMD", 25, 17, 1), chips=2, cores=96))
    assert found == Processor(
        name="AMD EPYC 9654 96-Core Processor",
        vendor="AuthenticAMD",
        family=25,
        model=17,
        stepping=1,
        chips=2,
        cores_per_chip=96,
        siblings=192,
    )


def test_arm_says_little_and_that_is_one_chip() -> None:
    text = "processor\t: 0\nCPU implementer\t: 0x41\n\nprocessor\t: 1\nBogoMIPS\t: 50.00\n\nModel\t: Pi\n"
    assert parse_cpuinfo(text) == Processor()


@pytest.mark.slow
@given(texts)
def test_no_text_breaks_the_reading_and_no_estimate_is_absurd(text: str) -> None:
    found = parse_cpuinfo(text)
    assert 1 <= found.chips <= MOST_CHIPS
    estimate = host_estimate(hardware_of(Identity(cpuinfo=text, vcpus=2)))
    assert 0.0 < estimate.idle <= estimate.full


@given(st.binary(max_size=2000))
def test_bytes_of_no_sense_say_nothing(content: bytes) -> None:
    assert parse_cpuinfo(content.decode("utf-8", "replace")).chips == 1 or b"physical id" in content
