"""The machine's own zone is that of its C library: a day begins where `date` says."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import TZPATH, ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.sources.time_zone import LOCAL_ZONE, time_zone
from tests.exporter.network_link import reason_to_skip

JANUARY = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())

PROGRAM = """
import time
from datetime import datetime
from exporter.sources.time_zone import time_zone
zone = time_zone("local")
for at in range(1767225600, 1767225600 + 366 * 86400, 6 * 3600):
    assert datetime.fromtimestamp(at, zone).utcoffset().total_seconds() == time.localtime(at).tm_gmtoff, at
print(zone)
"""
"""Prints the machine's own zone, and fails where it is not that of the C library."""

SET_ANEW = """
import time
from datetime import datetime
from pathlib import Path
from exporter.sources.time_zone import time_zone
time_zone("local")
Path("/etc/localtime").write_bytes(Path("{zone}").read_bytes())
time.tzset()
print(datetime(2026, 1, 1, tzinfo=time_zone("local")).utcoffset().total_seconds())
"""
"""Sets the machine to another zone, and prints the offset of the one that it is then taken for."""


@contextmanager
def set_to(zone: str) -> Iterator[None]:
    """Set this process to a zone by its environment, for as long as the block runs."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = zone
    time.tzset()
    try:
        yield
    finally:
        os.environ.pop("TZ")
        if before is not None:
            os.environ["TZ"] = before
        time.tzset()


PLAIN = st.builds(
    "{}{}{}".format, st.sampled_from(("QQX", "<Qq-1>")), st.integers(-14, 14), st.sampled_from(("", ":30"))
)
"""Names and offsets of local times; no file of a zone has such a name."""


def days(months: tuple[int, int], julian: tuple[int, int]) -> st.SearchStrategy[str]:
    """Draw a day of a season as rules write it, some with an hour."""
    weekday = st.builds("M{}.{}.{}".format, st.integers(*months), st.integers(1, 5), st.integers(0, 6))
    hours = st.sampled_from(("", "/0", "/3", "/1:30"))
    return st.builds("{}{}".format, weekday | st.integers(*julian).map("J{}".format), hours)


SPRING, AUTUMN, ANY_DAY = days((2, 5), (40, 150)), days((8, 11), (220, 320)), days((1, 12), (1, 365))
SUMMER_NAME = st.sampled_from(("QQY", "<QQ+2>"))
SEASONS = st.builds("{}{},{},{}".format, PLAIN, SUMMER_NAME, SPRING, AUTUMN) | st.builds(
    "{}{},{},{}".format, PLAIN, SUMMER_NAME, AUTUMN, SPRING
)
ODD_RULES = st.builds(
    "{}{},{},{}".format, PLAIN, SUMMER_NAME, ANY_DAY | st.integers(0, 365).map(str), ANY_DAY | st.just("J366")
)


def test_rules_in_place_of_a_name_are_the_zone_that_date_uses() -> None:
    """Berlin and a plain offset, as minimal systems are set to; the last has the C library's usual rules."""
    for given_rules, winter, summer in (
        ("CET-1CEST,M3.5.0,M10.5.0/3", 1, 2),
        ("<+03>-3", 3, 3),
        ("QQX5QQY", -5, -4),
    ):
        with set_to(given_rules):
            zone = time_zone(LOCAL_ZONE)
        for at, hours in ((datetime(2026, 1, 15, tzinfo=zone), winter), (datetime(2026, 7, 15, tzinfo=zone), summer)):
            assert at.utcoffset() == timedelta(hours=hours)
        assert str(zone) == given_rules


def assert_is_of_the_c_library(zone: ZoneInfo) -> None:
    for at in range(JANUARY, JANUARY + 366 * 86400, 6 * 3600):
        assert datetime.fromtimestamp(at, zone).utcoffset() == timedelta(seconds=time.localtime(at).tm_gmtoff)


@settings(max_examples=40)
@given(PLAIN | SEASONS)
def test_rules_of_a_summer_on_either_side_of_the_equator_run(rules: str) -> None:
    with set_to(rules):
        assert_is_of_the_c_library(time_zone(LOCAL_ZONE))


@settings(max_examples=40)
@given(ODD_RULES)
def test_odd_rules_are_those_of_the_c_library_or_refused(rules: str) -> None:
    """A summer of a day or none, and days without a J, which Python's zones take for the day before."""
    with set_to(rules):
        try:
            zone = time_zone(LOCAL_ZONE)
        except ValueError as error:
            assert str(error) == "this machine's zone cannot be told; expected an IANA name"
        else:
            assert_is_of_the_c_library(zone)


@pytest.mark.parametrize("given_zone", ["Mars/Olympus", "a\udcff", "CET-1CEST,M13.5.0,M10.5.0", "X", "CET-1\n"])
def test_what_is_neither_a_name_nor_rules_is_refused(given_zone: str) -> None:
    with set_to(given_zone), pytest.raises(ValueError, match="this machine's zone cannot be told"):
        time_zone(LOCAL_ZONE)


def test_a_name_that_only_this_program_has_a_file_of_is_taken_at_its_word() -> None:
    """In a container without zones the C library takes any name for UTC."""
    with set_to("Asia/Kathmandu"):
        assert str(time_zone(LOCAL_ZONE)) == "Asia/Kathmandu"


@pytest.mark.parametrize(
    ("localtime", "timezone", "named"),
    [
        ("Asia/Kathmandu", "Etc/UTC\n", "local"),
        ("Asia/Kathmandu", "Asia/Kathmandu\n", "Asia/Kathmandu"),
        ("Asia/Kathmandu", "Mars/Olympus\n", "local"),
        ("Asia/Kathmandu", None, "local"),
        ("Europe/Berlin", "Africa/Lagos\n", "local"),
        (None, "Asia/Kathmandu\n", "UTC"),
        (None, None, "UTC"),
    ],
)
def test_a_stale_file_does_not_move_the_day(
    tmp_path: Path, localtime: str | None, timezone: str | None, named: str
) -> None:
    """Lagos has the winter's offset of Berlin, so that only a look at the whole year tells them apart."""
    if reason := reason_to_skip():
        pytest.skip(reason)
    if localtime is not None:
        zones = next(Path(one) for one in TZPATH if Path(one, localtime).is_file())
        (tmp_path / "localtime").write_bytes((zones / localtime).read_bytes())
    if timezone is not None:
        (tmp_path / "timezone").write_text(timezone)
    ended = run_with_etc(tmp_path, PROGRAM)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, f"{named}\n", "")


def run_with_etc(folder: Path, program: str) -> subprocess.CompletedProcess[str]:
    """Run a program in Python that finds a folder in place of /etc, without `TZ`."""
    bound = ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc && exec "$@"', str(folder)]
    unset = {name: value for name, value in os.environ.items() if name != "TZ"}
    argv = [*bound, sys.executable, "-c", program]
    return subprocess.run(argv, check=False, env=unset, capture_output=True, text=True, timeout=240)


def test_a_machine_that_is_set_to_another_zone_keeps_its_days_until_a_restart(tmp_path: Path) -> None:
    """A reload of the configuration asks for the zone again, whose days grams have been booked in."""
    if reason := reason_to_skip():
        pytest.skip(reason)
    zones = next(Path(one) for one in TZPATH if Path(one, "Asia/Kathmandu").is_file())
    localtime = tmp_path / "localtime"
    localtime.write_bytes((zones / "Asia/Kathmandu").read_bytes())
    ended = run_with_etc(tmp_path, SET_ANEW.format(zone=zones / "Europe/Berlin"))
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "20700.0\n", "")
