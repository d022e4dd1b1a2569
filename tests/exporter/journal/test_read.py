"""Logs of three programs are read; what is damaged is named by its line and counted, and the rest is kept."""

import random
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exporter.core.config import ConfigError
from exporter.journal.entry import Entry
from exporter.journal.formats import CODECARBON as CODECARBON_COLUMNS
from exporter.journal.layout import HEADER_LINE
from exporter.journal.read import MAX_NAMED, Damage, read_log
from tests.exporter.journal.logs import CODECARBON, ECOTRACK, row, write_journal
from tests.fake_clock import NOON

UTC_ZONE = ZoneInfo("UTC")


def read(path: Path, zone: ZoneInfo = UTC_ZONE) -> tuple[list[Entry], Damage]:
    """Return the entries of a log, and its damage."""
    damage = Damage()
    return list(read_log(path, zone, damage)), damage


def write(path: Path, content: str | bytes) -> Path:
    """Return a file with this content."""
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_a_journal_is_read(tmp_path: Path) -> None:
    path = write_journal(
        tmp_path / "journal.csv",
        [row(NOON + 60.0), row(NOON + 60.0, kwh=0.0, kg=None, scope="network", activity="", moved=5)],
    )
    entries, damage = read(path)
    assert entries == [
        Entry(NOON + 60.0, 60.0, 0.001, 0.0005, None, "idle", host=True, source="cep", provider="static"),
        Entry(NOON + 60.0, 60.0, 0.0, None, 5.0, "", host=False, source="cep", provider="static"),
    ]
    assert damage.rows == 0


def test_an_ecotrack_log_is_read_in_the_zone_of_its_clock(tmp_path: Path) -> None:
    entries, damage = read(write(tmp_path / "log.csv", ECOTRACK), ZoneInfo("Asia/Kolkata"))
    assert entries == [
        Entry(NOON - 19_800.0 + 5.123456, 0.0, 0.06, 0.0285, 2.0**30, "browsing", host=False),
        Entry(NOON - 19_800.0 + 10.123456, 0.0, 0.03, 0.01425, 2.0**29, "download", host=False),
        Entry(NOON - 19_800.0 + 15.123456, 0.0, 0.0, 0.0, 0.0, "", host=False),
    ]
    assert damage.rows == 0


def test_codecarbon_tells_what_a_run_used_so_far(tmp_path: Path) -> None:
    entries, damage = read(write(tmp_path / "emissions.csv", CODECARBON))
    assert damage.rows == 0
    assert sum(one.kwh for one in entries) == pytest.approx(0.45 + 0.03)
    assert sum(one.kg or 0.0 for one in entries) == pytest.approx(0.15 + 0.01)
    told = [(one.at - NOON, one.seconds, round(one.kwh, 9), one.host) for one in entries]
    assert told == [(3600.0, 1800.0, 0.15, True), (7200.0, 3600.0, 0.3, True), (21_600.0, 600.0, 0.03, True)]


def test_codecarbon_may_leave_columns_out_behind_the_figures_and_not_before(tmp_path: Path) -> None:
    behind = CODECARBON.replace("t,run-b,5b0fa12a", "t,run-b,x").replace(
        ',FRA,,"Xeon, old",1.0\n2026-03-02T18', ",FRA\n2026-03-02T18"
    )
    entries, damage = read(write(tmp_path / "emissions.csv", behind))
    assert (damage.rows, len(entries)) == (0, 3)
    before = CODECARBON.replace("run-b,5b0fa12a,600.0", "run-b,600.0")
    entries, damage = read(write(tmp_path / "emissions.csv", before))
    assert (damage.rows, len(entries)) == (1, 2)


DAMAGED = [
    "",
    ",",
    "not a row",
    row(NOON).replace("0.001", "nan"),
    row(NOON).replace("0.001", "inf"),
    row(NOON).replace("0.001", "-0.001"),
    row(NOON).replace("0.001", "1e300"),
    row(NOON).replace("0.001", ""),
    row(NOON).replace("2026-03-02", "2026-02-30"),
    row(NOON).replace("2026", "1926"),
    row(NOON).replace("2026", "9926"),
    row(NOON).replace("host", "hoax"),
    row(NOON).replace("idle", "idling"),
    row(NOON)[:40],
    row(NOON).replace(",", ",,", 1),
    '"' + row(NOON),
    row(NOON).replace("cep", 'c"e"p,"'),
    "\0" * 200,
    "x" * 200_000,
    "x" * 3_000_000,
]


@pytest.mark.parametrize("damaged", DAMAGED[1:], ids=range(len(DAMAGED) - 1))
def test_a_damaged_row_is_named_by_its_line_and_the_others_are_kept(tmp_path: Path, damaged: str) -> None:
    good = [row(NOON + 60.0 * number) for number in range(4)]
    path = write_journal(tmp_path / "journal.csv", [*good[:2], damaged.removesuffix("\n") + "\n", *good[2:]])
    entries, damage = read(path)
    assert [one.at - NOON for one in entries] == [0.0, 60.0, 120.0, 180.0]
    assert damage.rows == 1
    assert damage.places[0].startswith(f"{path}:4: ")
    assert damage.places[0].isprintable()
    assert len(damage.places[0]) < 400


def test_all_damaged_rows_are_counted_and_the_first_are_named(tmp_path: Path) -> None:
    _, damage = read(write_journal(tmp_path / "journal.csv", ["rubbish\n"] * 1000))
    assert (damage.rows, len(damage.places)) == (1000, MAX_NAMED)


def test_joined_files_windows_ends_blank_lines_and_a_byte_order_mark_do_no_harm(tmp_path: Path) -> None:
    one = HEADER_LINE.decode() + row(NOON) + "\n"
    path = write(tmp_path / "journal.csv", "\ufeff" + (one + one).replace("\n", "\r\n"))
    entries, damage = read(path)
    assert (len(entries), damage.rows) == (2, 0)


def test_a_last_line_that_is_being_written_is_damaged_and_no_more(tmp_path: Path) -> None:
    path = write_journal(tmp_path / "journal.csv", [row(NOON), row(NOON + 60.0)[:-30]])
    entries, damage = read(path)
    assert (len(entries), damage.rows) == (1, 1)


JOURNAL = HEADER_LINE.decode() + row(NOON) + row(NOON + 60.0)


@pytest.mark.parametrize("log", [JOURNAL, ECOTRACK, CODECARBON], ids=["journal", "ecotrack", "codecarbon"])
def test_a_last_line_that_was_cut_off_anywhere_is_no_row(tmp_path: Path, log: str) -> None:
    """Within its last figure too: 0.012 would be taken for 0.01."""
    whole, last = log.rstrip("\n").rpartition("\n")[::2]
    before, _ = read(write(tmp_path / "log.csv", f"{whole}\n"))
    for kept in range(1, len(last) + 1):
        entries, damage = read(write(tmp_path / "log.csv", f"{whole}\n{last[:kept]}"))
        assert (entries, damage.rows) == (before, 1), last[:kept]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "is neither a journal of ecotrack, nor an EcoTrack log, nor codecarbon's emissions.csv"),
        ("a,b,c\n1,2,3\n", "is neither a journal of ecotrack, nor an EcoTrack log, nor codecarbon's emissions.csv"),
        (HEADER_LINE.decode().replace("_v1", "_v2"), "is a journal of version 2, this program reads 1"),
        (b"\xff\xfe\x00" * 99, "is neither a journal of ecotrack, nor an EcoTrack log, nor codecarbon's emissions.csv"),
    ],
)
def test_a_file_of_no_known_format_is_refused_in_one_line(tmp_path: Path, content: str | bytes, told: str) -> None:
    path = write(tmp_path / "log.csv", content)
    with pytest.raises(ConfigError) as error:
        read(path)
    assert error.value.mistakes == [f"{path}: {told}"]


def test_a_file_that_is_not_there_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file or directory"):
        read(tmp_path / "journal.csv")


@given(seed=st.integers(0, 2**32), source=st.sampled_from(["journal", "ecotrack", "codecarbon"]))
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_damage_does_more_than_cost_the_lines_it_touches(tmp_path: Path, seed: int, source: str) -> None:
    noise = random.Random(seed)  # noqa: S311 - a test's choice
    journal = HEADER_LINE.decode() + "".join(row(NOON + 60.0 * number) for number in range(30))
    data = bytearray({"journal": journal, "ecotrack": ECOTRACK, "codecarbon": CODECARBON}[source].encode())
    header, whole = data.index(b"\n") + 1, data.count(b"\n")
    hit = set()
    for _ in range(noise.randrange(1, 6)):
        place = noise.randrange(header, len(data))
        if data[place] != ord("\n"):
            hit.add(data[:place].count(b"\n"))
            data[place] = noise.choice([0, 9, 34, 44, 45, 57, 101, 200, 255, noise.randrange(11, 256)])
    entries, damage = read(write(tmp_path / "log.csv", bytes(data)))
    if source != "codecarbon":  # whose rows tell what came on top of the one before
        assert {int(place.split(":")[1]) - 1 for place in damage.places} <= hit
    if source == "journal":
        assert len(entries) == whole - 1 - damage.rows
        untouched = {number for number in range(1, whole) if number not in hit}
        assert {NOON + 60.0 * (number - 1) for number in untouched} <= {one.at for one in entries}
    assert all(0.0 <= one.kwh <= 1e5 and (one.kg is None or one.kg >= 0.0) for one in entries)


CELLS = st.sampled_from(
    ["", "0", "1", "-1", "1e9", "nan", "2026-03-02T12:00:00", "run-a", "run-b", "idle", "host", '"', '"a,b"', "\0", "x"]
)


@given(
    header=st.permutations([*CODECARBON_COLUMNS, "experiment_id", "project_name"]),
    rows=st.lists(st.lists(CELLS, max_size=9), max_size=9),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_table_below_codecarbons_columns_in_any_order_is_read_or_counted(
    tmp_path: Path, header: list[str], rows: list[list[str]]
) -> None:
    lines = [",".join(cells) for cells in rows]
    entries, damage = read(write(tmp_path / "emissions.csv", "\n".join([",".join(header), *lines])))
    assert len(entries) + damage.rows == sum(bool(line) for line in lines)


def test_a_row_may_leave_out_the_last_column_even_if_it_tells_of_the_others(tmp_path: Path) -> None:
    header = ",".join([*CODECARBON_COLUMNS, "experiment_id"])
    entries, damage = read(write(tmp_path / "emissions.csv", f"{header}\n2026-03-02T13:00:00,a,1800,0.05,0.15\n"))
    assert ([one.kwh for one in entries], damage.rows) == ([0.15], 0)


@given(content=st.binary(max_size=2000))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_below_a_header_are_read_or_counted(tmp_path: Path, content: bytes) -> None:
    entries, damage = read(write(tmp_path / "log.csv", HEADER_LINE + content))
    lines = [line for line in content.split(b"\n") if line.rstrip(b"\r")]
    assert len(entries) + damage.rows <= len(lines)
