"""The journal: no gram is lost in it, no crash spoils it, and no disk that is full stops the sampling."""

import contextlib
import csv
import logging
import os
import resource
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exporter.core.config import ConfigError
from exporter.core.units import UnixSeconds
from exporter.journal.files import JournalFiles, Rotation
from exporter.journal.journal import Journal
from exporter.journal.layout import CURRENT_NAME, HEADER, HEADER_LINE
from exporter.power.component import Scope
from exporter.usage.events import Event, EventKind
from tests.exporter.exporter_process import EVERY_SECOND, Exporter, running_exporter, until_ready
from tests.exporter.fakes import FakeProvider, Machine, Rig, rig
from tests.fake_clock import NOON, FakeClock
from tests.processes import until

LARGE = Rotation(megabytes=1000.0, days=1000.0)

UNWRITTEN = Event(kind=EventKind.DISCARD, source="journal", reason="unwritten")

ROW = b"2026-03-02T12:00:00Z,,,0.001,0.0005,idle,host,cep,500,static,60.000,\n"


def rows(folder: Path) -> list[dict[str, str]]:
    """Return the rows of all files of a journal, the current one last; each file is whole."""
    found = []
    for path in [*sorted(folder.glob("journal-*.csv")), folder / CURRENT_NAME]:
        data = path.read_bytes()
        assert data.startswith(HEADER_LINE)
        assert data.endswith(b"\n")
        with path.open(newline="") as file:
            found += list(csv.DictReader(file))
    return found


def total(found: list[dict[str, str]], column: str, scope: Scope) -> float:
    """Return the sum of a column over the rows of a scope; an empty cell adds nothing."""
    return sum(float(row[column] or 0.0) for row in found if row["scope"] == scope)


@contextlib.contextmanager
def written(folder: Path, rotation: Rotation = LARGE, now: float = NOON) -> Iterator[JournalFiles]:
    """Return the files of a journal, released at the end."""
    files = JournalFiles(folder, rotation, UnixSeconds(now))
    with contextlib.closing(files):
        yield files


@contextlib.contextmanager
def journaled(folder: Path, provider: FakeProvider | None = None) -> Iterator[Rig]:
    """Return a sampler with a journal, which is flushed at the end as a clean stop does."""
    with written(folder) as files:
        made = rig(Machine(FakeClock()), journal=Journal(files), intensity=provider)
        yield made
        made.sampler.save_clean_stop()


STEPS = st.lists(
    st.tuples(
        st.floats(1.0, 200.0),  # seconds
        st.floats(0.0, 1.0),  # utilization
        st.sampled_from([0.0, 1e4, 5e6]),  # bytes per second
        st.sampled_from([0.0, 56.0, 475.0, None]),  # g/kWh
    ),
    min_size=1,
    max_size=40,
)


@given(steps=STEPS)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_rows_sum_to_the_totals(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[float, float, float, float | None]]
) -> None:
    folder, provider = tmp_path_factory.mktemp("journal"), FakeProvider()
    with journaled(folder, provider) as made:
        for seconds, utilization, rate, intensity in steps:
            provider.trouble = OSError("gone") if intensity is None else None
            provider.value = intensity or 0.0
            made.sample_after(seconds, utilization=utilization, bytes_per_second=rate)
    found, exported = rows(folder), made.now.totals.exported
    for scope in Scope:
        energy = sum(spent for component, spent in exported.energy.items() if component.scope is scope)
        grams = sum(amount for component, amount in exported.emissions.items() if component.scope is scope)
        assert total(found, "energy_kwh", scope) * 3.6e6 == pytest.approx(energy, rel=1e-7)
        assert total(found, "co2_kg", scope) * 1000.0 == pytest.approx(grams, rel=1e-7)
        assert total(found, "seconds", scope) == pytest.approx(sum(step[0] for step in steps), abs=0.001 * len(steps))
    moved = sum(traffic.total_bytes for traffic in exported.devices.values())
    assert sum(int(row["bytes_used"] or 0) for row in found) == moved
    # Of a row without an intensity the grams are unknown, not none.
    assert all((row["co2_kg"] == "") == (row["intensity"] == "") for row in found)


def test_a_steady_machine_has_a_row_per_minute_and_scope(tmp_path: Path) -> None:
    with journaled(tmp_path) as made:
        for _ in range(12 * 10):
            made.sample_after(5.0)
    found = [row for row in rows(tmp_path) if row["activity"] == "idle"]
    assert {row["scope"] for row in found} == {"host", "network"}
    assert all(float(row["seconds"]) <= 60.0 for row in found)
    assert len(found) == 2 * 10
    assert list(found[0]) == list(HEADER)


def test_what_changes_begins_a_row(tmp_path: Path) -> None:
    provider = FakeProvider(value=100.0)
    with journaled(tmp_path, provider) as made:
        made.sample_after(5.0)
        provider.value = 200.0
        made.sample_after(5.0)
        provider.trouble = OSError("gone")
        made.sample_after(5.0)
    hosts = [row for row in rows(tmp_path) if row["scope"] == "host"]
    assert [(row["intensity"], row["label"], row["seconds"]) for row in hosts] == [
        ("100", "fake", "5.000"),
        ("200", "fake", "5.000"),
        ("", "", "5.000"),
    ]


def test_a_line_torn_at_any_byte_is_cut_off_and_nothing_else_is_touched(tmp_path: Path) -> None:
    whole = HEADER_LINE + ROW * 2
    for length in range(len(whole) + 1):
        (tmp_path / CURRENT_NAME).write_bytes(whole[:length])
        with written(tmp_path) as files:
            kept = (tmp_path / CURRENT_NAME).read_bytes()
            assert kept == whole[: whole[:length].rfind(b"\n") + 1]
            files.append(ROW, UnixSeconds(NOON))
        assert (tmp_path / CURRENT_NAME).read_bytes() == (kept or HEADER_LINE) + ROW


@given(tail=st.binary(max_size=300).filter(lambda tail: b"\n" not in tail))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_rubbish_after_the_last_line_is_cut_off(tmp_path: Path, tail: bytes) -> None:
    (tmp_path / CURRENT_NAME).write_bytes(HEADER_LINE + ROW + tail * 300)
    with written(tmp_path):
        assert (tmp_path / CURRENT_NAME).read_bytes() == HEADER_LINE + ROW


@pytest.mark.parametrize("content", [b"my,own,table\n1,2,3\n", HEADER_LINE.replace(b"_v1", b"_v2") + ROW, b"x"])
def test_a_file_of_another_layout_is_refused_in_one_line_and_left_alone(tmp_path: Path, content: bytes) -> None:
    (tmp_path / CURRENT_NAME).write_bytes(content)
    with pytest.raises(ConfigError, match="is no journal of this version"):
        JournalFiles(tmp_path, LARGE, UnixSeconds(NOON))
    assert (tmp_path / CURRENT_NAME).read_bytes() == content


def test_one_folder_is_for_one_exporter(tmp_path: Path) -> None:
    with written(tmp_path), pytest.raises(ConfigError, match="another ecotrack is using it"):
        JournalFiles(tmp_path, LARGE, UnixSeconds(NOON))
    with written(tmp_path):
        pass


def test_a_folder_that_cannot_be_made_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"journal\.folder: .*: cannot be used: ") as error:
        JournalFiles(tmp_path / "file/journal", LARGE, UnixSeconds(NOON))
    assert len(error.value.mistakes) == 1


@contextlib.contextmanager
def files_end_at(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond so many bytes, as on a disk that is full: a part is written first."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_stops_no_sample_is_logged_once_and_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / CURRENT_NAME
    with caplog.at_level(logging.INFO), journaled(tmp_path) as made:
        for _ in range(30):
            made.sample_after(5.0)
        before = path.read_bytes()
        with files_end_at(len(before) + 20):
            for _ in range(36):
                made.sample_after(5.0)
        assert path.read_bytes() == before
        lost = made.now.totals.exported.events[UNWRITTEN]
        assert lost == 2 * 3
        assert made.now.totals.exported.samples == 66
        for _ in range(24):
            made.sample_after(5.0)
        assert made.now.totals.exported.events[UNWRITTEN] == lost
    assert path.read_bytes().startswith(before)
    assert len(rows(tmp_path)) > before.count(b"\n") - 1
    told = [record.message for record in caplog.records if "journal" in record.message]
    assert told == ["the journal cannot be written: File too large", "the journal is written again"]


def test_a_file_that_somebody_moves_away_is_begun_anew(tmp_path: Path) -> None:
    with written(tmp_path) as files:
        files.append(ROW, UnixSeconds(NOON))
        (tmp_path / CURRENT_NAME).rename(tmp_path / "mine.csv")
        files.append(ROW, UnixSeconds(NOON))
    assert (tmp_path / CURRENT_NAME).read_bytes() == (tmp_path / "mine.csv").read_bytes() == HEADER_LINE + ROW


@pytest.mark.parametrize("rotation", [Rotation(megabytes=0.0002, days=99.0), Rotation(megabytes=99.0, days=0.5)])
def test_files_are_put_aside_by_size_and_by_age_and_no_row_is_lost(tmp_path: Path, rotation: Rotation) -> None:
    # The clock stands still, or goes on by six hours; and the exporter starts again before every row.
    step = 0.0 if rotation.megabytes < 1.0 else 21_600.0
    for number in range(6):
        now = UnixSeconds(NOON + number * step)
        with written(tmp_path, rotation, now) as files:
            files.append(ROW.replace(b"12:00:00", b"%02d:00:00" % (12 + number % 2 * 6)), now)
    aside = sorted(tmp_path.glob("journal-*.csv"))
    assert len(aside) >= 2
    assert len(rows(tmp_path)) == 6


def test_only_so_many_files_are_kept_and_strangers_stay(tmp_path: Path) -> None:
    stranger = tmp_path / "journal-notes.txt"
    stranger.write_text("mine")
    rotation = Rotation(megabytes=0.0001, days=99.0, keep_files=2)
    with written(tmp_path, rotation) as files:
        for number in range(8):
            files.append(ROW, UnixSeconds(NOON + number))
    assert len(list(tmp_path.glob("journal-*Z*.csv"))) == 2
    assert stranger.read_text() == "mine"


STAMPS = st.lists(st.sampled_from([0.0, 1.0, 60.0, -1.0, -86_400.0, 2e9, -2e9]), min_size=4, max_size=25)


@given(steps=STAMPS, keep=st.integers(1, 4))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_latest_rows_are_kept_wherever_the_clock_goes(
    tmp_path_factory: pytest.TempPathFactory, steps: list[float], keep: int
) -> None:
    folder, now = tmp_path_factory.mktemp("journal"), NOON
    (folder / "journal-20260302T000000Z.csv").mkdir()  # somebody's, which cannot be deleted
    with written(folder, Rotation(megabytes=0.0001, days=1e6, keep_files=keep)) as files:
        for number, step in enumerate(steps):
            now = UnixSeconds(max(1e9, now + step))
            files.append(ROW.replace(b"60.000", b"%d.000" % number), now)
    (folder / "journal-20260302T000000Z.csv").rmdir()
    kept = sorted(int(float(row["seconds"])) for row in rows(folder))
    assert kept == list(range(len(steps)))[-keep - 1 :]


def test_a_file_begun_by_a_clock_that_was_ahead_is_put_aside_all_the_same(tmp_path: Path) -> None:
    with written(tmp_path, Rotation(megabytes=99.0, days=1.0), now=4e9) as files:
        files.append(ROW, UnixSeconds(4e9))
        for day in range(3):
            files.append(ROW, UnixSeconds(NOON + day * 86_400.0))
    assert len(list(tmp_path.glob("journal-*.csv"))) == 2


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


def make_device(path: Path) -> None:
    path.symlink_to("/dev/null")


@pytest.mark.parametrize("make", [make_pipe, make_device, Path.mkdir])
def test_what_is_no_file_is_refused_at_the_start_and_holds_up_nothing_later(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    path = tmp_path / CURRENT_NAME
    with written(tmp_path) as files:
        make(path)
        for _ in range(2):
            with pytest.raises(OSError, match=r"is not a file|No such device|Is a directory"):
                files.append(ROW, UnixSeconds(NOON))
    with pytest.raises(ConfigError, match="is not a file"):
        JournalFiles(tmp_path, LARGE, UnixSeconds(NOON))


def test_a_folder_that_is_deleted_costs_rows_and_one_that_is_made_again_gets_them(tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    with written(folder) as files:
        files.append(ROW, UnixSeconds(NOON))
        (folder / CURRENT_NAME).unlink()
        folder.rmdir()
        with pytest.raises(FileNotFoundError):
            files.append(ROW, UnixSeconds(NOON))
        folder.mkdir()
        files.append(ROW, UnixSeconds(NOON))
    assert (folder / CURRENT_NAME).read_bytes() == HEADER_LINE + ROW


def has_sampled_twice(exporter: Exporter) -> bool:
    return exporter.samples()["ecotrack_samples_total"] >= 2.0


@pytest.mark.servers
def test_a_running_exporter_keeps_one_and_repairs_it(tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    config = EVERY_SECOND + f"journal: {{folder: {folder}}}\n"
    seen = []
    for _ in range(2):
        with running_exporter(tmp_path, config=config) as exporter:
            until_ready(exporter)
            until(partial(has_sampled_twice, exporter), "two samples")
        seen.append((folder / CURRENT_NAME).read_bytes())
        assert rows(folder)
        with (folder / CURRENT_NAME).open("ab") as file:
            file.write(ROW[:30])
    assert seen[1].startswith(seen[0])
    assert len(seen[1]) > len(seen[0])
