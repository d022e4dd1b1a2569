"""Recorded grids: each layout as it is published, both changes of the clock, and every way to be unusable."""

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.grid.entsoe import FUELS
from simulator.grid.files import load_grid
from simulator.grid.layouts import Basis
from simulator.grid.series import GridError, GridSeries
from tests.simulator.grid.layouts import (
    BOTH,
    ELECTRICITY_MAPS,
    ELECTRICITY_MAPS_2022,
    EMPTY,
    ENTSOE,
    ENTSOE_PRICES,
    ENTSOE_PRICES_2025,
    GAS,
    PLAIN,
    UK,
    UK_WEBSITE,
    WINDY,
    entsoe,
    local_units,
)

FILES = {
    "plain": PLAIN,
    "Electricity Maps": ELECTRICITY_MAPS,
    "UK": UK,
    "UK website": UK_WEBSITE,
    "ENTSO-E": ENTSOE,
}


def written(folder: Path, text: str | bytes, name: str = "grid.csv") -> Path:
    """Write a file."""
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def same(one: GridSeries, other: GridSeries) -> bool:
    """Tell whether two series have the same values at the same times."""
    return (
        (one.start, one.step_seconds, one.zone) == (other.start, other.step_seconds, other.zone)
        and np.array_equal(one.intensity_grams_per_kwh, other.intensity_grams_per_kwh)
        and np.array_equal(one.price_per_kwh, other.price_per_kwh, equal_nan=True)
    )


def test_a_plain_file(tmp_path: Path) -> None:
    grid = load_grid(written(tmp_path, PLAIN), zone="GB")
    assert (grid.zone, grid.start, grid.step_seconds) == ("GB", datetime(2020, 3, 29, tzinfo=UTC), 3600)
    assert grid.intensity_grams_per_kwh.tolist() == [210, 190.5, 180]
    assert grid.price_per_kwh.tolist() == pytest.approx([0.031, np.nan, -0.002], nan_ok=True)
    assert grid.source == "grid.csv: plain, its own intensity"


def test_a_plain_file_without_prices_whose_times_have_an_offset(tmp_path: Path) -> None:
    text = "Time,Intensity\n2020-03-29T01:00+01:00,210\n2020-03-29 03:00:00+02:00,190\n2020-03-29 02:00,180\n"
    grid = load_grid(written(tmp_path, text))
    assert grid.zone == "grid"
    assert grid.start == datetime(2020, 3, 29, tzinfo=UTC)
    assert grid.intensity_grams_per_kwh.tolist() == [210, 190, 180]
    assert np.isnan(grid.price_per_kwh).all()


def test_electricity_maps(tmp_path: Path) -> None:
    path = written(tmp_path, ELECTRICITY_MAPS)
    grid = load_grid(path)
    assert (grid.zone, grid.start, grid.step_seconds) == ("FR", datetime(2024, 1, 1, tzinfo=UTC), 3600)
    assert grid.intensity_grams_per_kwh.tolist() == [40.25, 38.75, 38.5]
    assert load_grid(path, basis=Basis.DIRECT).intensity_grams_per_kwh.tolist() == [21.5, 20, 19.5]
    assert grid.source == "grid.csv: Electricity Maps, life-cycle intensity"


def test_electricity_maps_of_2022_with_several_zones(tmp_path: Path) -> None:
    path = written(tmp_path, ELECTRICITY_MAPS_2022)
    assert load_grid(path, zone="DK-DK1").intensity_grams_per_kwh.tolist() == [150, 140]
    assert load_grid(path, zone="DK-DK2", basis=Basis.DIRECT).intensity_grams_per_kwh.tolist() == [60, 50]
    with pytest.raises(GridError) as error:
        load_grid(path)
    assert str(error.value) == f"{path}: expected one zone, or to be told which, got DK-DK1, DK-DK2"
    with pytest.raises(GridError, match='expected the zone "FR", got DK-DK1, DK-DK2'):
        load_grid(path, zone="FR")


def test_a_basis_that_a_file_does_not_have_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, ELECTRICITY_MAPS.replace("(Life cycle)", "(other)"))
    assert load_grid(path, basis=Basis.DIRECT).intensity_grams_per_kwh.tolist() == [21.5, 20, 19.5]
    with pytest.raises(GridError) as error:
        load_grid(path)
    assert str(error.value) == f"{path}: expected a column with the life-cycle carbon intensity, found none"


def test_the_uk(tmp_path: Path) -> None:
    grid = load_grid(written(tmp_path, UK))
    assert (grid.zone, grid.start, grid.step_seconds) == ("GB", datetime(2020, 10, 25, tzinfo=UTC), 1800)
    assert grid.intensity_grams_per_kwh.tolist() == [150, 149, 140]
    assert load_grid(written(tmp_path, UK_WEBSITE)).intensity_grams_per_kwh.tolist() == [101, 98]
    with pytest.raises(GridError, match="expected the basis direct for the UK's Carbon Intensity API, got life-cycle"):
        load_grid(written(tmp_path, UK), basis=Basis.LIFE_CYCLE)


def test_entsoe_generation(tmp_path: Path) -> None:
    """Waste and pumped storage are left out: they have the mean of the rest."""
    grid = load_grid(written(tmp_path, ENTSOE))
    assert (grid.zone, grid.start) == ("BZN|DE-LU", datetime(2020, 1, 31, 23, tzinfo=UTC))
    assert grid.intensity_grams_per_kwh.tolist() == [11, 490, 250.5]
    direct = load_grid(written(tmp_path, ENTSOE), basis=Basis.DIRECT)
    assert direct.intensity_grams_per_kwh.tolist() == [0, 370, 185]
    assert np.isnan(grid.price_per_kwh).all()


def test_every_fuel_of_entsoe_is_known_by_its_name(tmp_path: Path) -> None:
    for name, fuel in FUELS.items():
        text = f'MTU (UTC),"{name}  - Actual Aggregated [MW]","Nuclear  - Actual Aggregated [MW]"\n'
        rows = "".join(f"01/01/2020 0{hour}:00:00 - 01/01/2020 0{hour + 1}:00:00,900,100\n" for hour in range(2))
        if name == "nuclear":
            continue
        grid = load_grid(written(tmp_path, text + rows))
        assert (grid.intensity_grams_per_kwh == 12).all() == (fuel is None or fuel.value == "offshore wind")


def test_an_hour_that_comes_twice_in_autumn_is_two_hours(tmp_path: Path) -> None:
    units = local_units("25.10.2020", [0, 1, 2, 2, 3, 4], "CET/CEST")
    rows = [WINDY, WINDY, GAS, BOTH, WINDY, WINDY]
    for name, cells in (("MTU", units), ("MTU (CET/CEST)", [unit.removesuffix(" (CET/CEST)") for unit in units])):
        grid = load_grid(written(tmp_path, entsoe(cells, rows, column=name)))
        assert grid.start == datetime(2020, 10, 24, 22, tzinfo=UTC)
        assert grid.intensity_grams_per_kwh.tolist() == [11, 11, 490, 250.5, 11, 11]


def test_quarters_of_an_hour_that_come_twice_in_autumn(tmp_path: Path) -> None:
    stamps = [f"{hour:02d}:{quarter:02d}" for hour in (1, 2, 2, 3) for quarter in (0, 15, 30, 45)]
    units = [f"25.10.2020 {stamp} - 25.10.2020 {stamp} (CET/CEST)" for stamp in stamps]
    rows = [WINDY] * 4 + [GAS] * 4 + [BOTH] * 4 + [WINDY] * 4
    grid = load_grid(written(tmp_path, entsoe(units, rows)))
    assert (grid.start, grid.step_seconds) == (datetime(2020, 10, 24, 23, tzinfo=UTC), 900)
    assert grid.intensity_grams_per_kwh.tolist() == [11] * 4 + [490] * 4 + [250.5] * 4 + [11] * 4


@pytest.mark.parametrize("with_a_row", [False, True])
def test_an_hour_that_is_left_out_in_spring_is_no_gap(tmp_path: Path, with_a_row: bool) -> None:
    hours, rows = ([0, 1, 2, 3, 4], [WINDY, GAS, EMPTY, BOTH, WINDY])
    if not with_a_row:
        hours, rows = [0, 1, 3, 4], [WINDY, GAS, BOTH, WINDY]
    grid = load_grid(written(tmp_path, entsoe(local_units("29.03.2020", hours, "CET/CEST"), rows)))
    assert grid.start == datetime(2020, 3, 28, 23, tzinfo=UTC)
    assert grid.intensity_grams_per_kwh.tolist() == [11, 490, 250.5, 11]
    assert "interpolated" not in grid.source


def test_figures_for_an_hour_that_does_not_exist_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path, entsoe(local_units("29.03.2020", [1, 2, 3], "CET/CEST"), [WINDY, GAS, BOTH]))
    with pytest.raises(GridError) as error:
        load_grid(path)
    assert str(error.value) == (
        f"{path}: line 3: mtu: there is no 2020-03-29 02:00 in Europe/Brussels, where clocks go forward"
    )
    utc = entsoe(local_units("29.03.2020", [1, 2, 3], "UTC"), [WINDY, GAS, BOTH])
    assert load_grid(written(tmp_path, utc)).start == datetime(2020, 3, 29, 1, tzinfo=UTC)


@pytest.mark.slow
def test_every_hour_of_a_leap_year_of_local_time(tmp_path: Path) -> None:
    first = datetime(2020, 1, 1, tzinfo=ZoneInfo("Europe/Brussels")).astimezone(UTC)
    local = [(first + timedelta(hours=hour)).astimezone(ZoneInfo("Europe/Brussels")) for hour in range(8784)]
    units = [f"{one:%d.%m.%Y %H:%M} - {one:%d.%m.%Y %H:%M} (CET/CEST)" for one in local]
    path = written(tmp_path, entsoe(units, [(GAS, WINDY, BOTH)[hour % 3] for hour in range(8784)]))
    grid = load_grid(path)
    assert grid.start == first
    assert grid.intensity_grams_per_kwh.tolist() == [490, 11, 250.5] * 2928
    assert grid.at_steps(datetime(2031, 6, 1, tzinfo=UTC), 3600, 5, repeat=True)[0].shape == (5,)


def test_day_ahead_prices_come_from_a_file_of_their_own(tmp_path: Path) -> None:
    path, prices = written(tmp_path, ENTSOE), written(tmp_path, ENTSOE_PRICES, "prices.csv")
    grid = load_grid(path, zone="BZN|DE-LU", prices=prices)
    assert grid.price_per_kwh.tolist() == pytest.approx([0.0305, -0.0052, np.nan], nan_ok=True)
    assert grid.source.endswith("; prices.csv: ENTSO-E, day-ahead prices in EUR")
    with pytest.raises(GridError, match=r"prices\.csv: expected carbon intensity or generation, got prices alone"):
        load_grid(prices)


def test_prices_of_quarters_of_an_hour_become_the_hours_means(tmp_path: Path) -> None:
    prices = written(tmp_path, ENTSOE_PRICES_2025, "prices.csv")
    grid = load_grid(written(tmp_path, ENTSOE), prices=prices)
    assert grid.price_per_kwh.tolist() == pytest.approx([0.025, 0.05, np.nan], nan_ok=True)


def test_prices_of_damaged_times_do_not_fill_the_memory(tmp_path: Path) -> None:
    text = "time,price\n0001-01-01T00:00Z,1\n0001-01-01T00:01Z,1\n9999-12-31T00:00Z,1\n"
    prices = written(tmp_path, text, "prices.csv")
    with pytest.raises(GridError) as error:
        load_grid(written(tmp_path, PLAIN), prices=prices)
    assert str(error.value) == f"{prices}: expected values in each step of 60 s, found 3 in all"


@given(begins=st.integers(-30, 30), count=st.integers(2, 40), step=st.sampled_from([900, 1800, 3600, 7200]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_prices_hold_where_they_are_known_and_nowhere_else(tmp_path: Path, begins: int, count: int, step: int) -> None:
    start = datetime(2020, 1, 10, tzinfo=UTC)
    times = [start + timedelta(seconds=step * (begins + number)) for number in range(count)]
    prices = "time,price\n" + "".join(f"{time:%Y-%m-%dT%H:%M}Z,{number / 100}\n" for number, time in enumerate(times))
    hours = "time,intensity\n" + "".join(f"{start + timedelta(hours=hour):%Y-%m-%dT%H:%M}Z,5\n" for hour in range(6))
    grid = load_grid(written(tmp_path, hours), prices=written(tmp_path, prices, "prices.csv"))
    for hour, price in enumerate(grid.price_per_kwh.tolist()):
        moments = [start + timedelta(hours=hour, minutes=minutes) for minutes in range(0, 60, 15)]
        places = [(moment - times[0]) // timedelta(seconds=step) for moment in moments]
        if all(0 <= place < count for place in places):
            assert price == pytest.approx(np.mean(places) / 100)
        else:
            assert np.isnan(price)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(
    "change",
    [
        lambda text: "\ufeff" + text,
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text + "\n\n",
        lambda text: text.replace(",", ";"),
        lambda text: text.replace(",", "\t"),
        lambda text: text.upper().replace("CO₂EQ", "CO₂eq"),
        lambda text: text.replace("2020-10-25T", "2020-10-25 ").replace(" - ", "  - "),
    ],
    ids=["mark", "CRLF", "empty lines", "semicolons", "tabs", "capitals", "spaces"],
)
def test_how_a_file_is_written_does_not_matter(tmp_path: Path, name: str, change: Callable[[str], str]) -> None:
    plain = load_grid(written(tmp_path, FILES[name]))
    assert same(load_grid(written(tmp_path, change(FILES[name]))), plain)


def test_bytes_that_are_not_utf_8_do_no_harm_in_names(tmp_path: Path) -> None:
    plain = load_grid(written(tmp_path, ELECTRICITY_MAPS))
    for text in (ELECTRICITY_MAPS.replace("₂", "?"), ELECTRICITY_MAPS.replace("France,FR", "Réunion,FR")):
        assert same(load_grid(written(tmp_path, text.encode("latin-1", "replace"))), plain)


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_was_cut_off_is_refused_unless_it_ends_with_a_line(tmp_path: Path, name: str) -> None:
    whole = FILES[name].encode()
    for end in range(1, len(whole)):
        if whole[end - 1 : end] != b"\n":
            with pytest.raises(GridError, match=r"grid\.csv: cannot be read: its last line has no end, as in a file"):
                load_grid(written(tmp_path, whole[:end]))


def test_rows_may_come_in_any_order(tmp_path: Path) -> None:
    head, *rows = PLAIN.splitlines()
    text = "\n".join([head, *reversed(rows), ""])
    assert same(load_grid(written(tmp_path, text)), load_grid(written(tmp_path, PLAIN)))


def test_a_row_that_comes_twice_counts_once_and_is_told(tmp_path: Path) -> None:
    text = PLAIN + PLAIN.splitlines()[1] + "\n"
    grid = load_grid(written(tmp_path, text))
    assert same(grid, load_grid(written(tmp_path, PLAIN)))
    assert "repeated rows: 1" in grid.source


def hours(values: dict[int, float]) -> str:
    """Return a plain file with a value in each of some hours."""
    times = {hour: datetime(2020, 2, 27, tzinfo=UTC) + timedelta(hours=hour) for hour in values}
    return "time,intensity\n" + "".join(f"{times[hour]:%Y-%m-%dT%H:%M}Z,{value}\n" for hour, value in values.items())


def test_a_short_gap_is_filled_in_and_told(tmp_path: Path) -> None:
    values = dict.fromkeys(range(60), 100.0) | {30: 200.0, 34: 400.0}
    for hour in (31, 32, 33):
        del values[hour]
    grid = load_grid(written(tmp_path, hours(values)))
    assert grid.intensity_grams_per_kwh[29:36].tolist() == [100, 200, 250, 300, 350, 400, 100]
    assert grid.source == "grid.csv: plain, its own intensity, 3 of 60 steps interpolated"


def test_a_missing_value_is_a_gap_and_never_zero(tmp_path: Path) -> None:
    for missing in ("", "-", "n/e", "N/A", "null"):
        grid = load_grid(written(tmp_path, PLAIN.replace("190.5", missing)))
        assert grid.intensity_grams_per_kwh.tolist() == [210, 195, 180]
    text = entsoe(local_units("01.02.2020", [0, 1, 2], "UTC"), [GAS, (*GAS[:5], "-", *GAS[6:]), GAS])
    assert "1 of 3 steps interpolated" in load_grid(written(tmp_path, text)).source


def test_a_long_gap_is_refused_with_its_span(tmp_path: Path) -> None:
    path = written(tmp_path, hours({hour: 100.0 for hour in range(60) if not 30 <= hour < 34}))
    with pytest.raises(GridError) as error:
        load_grid(path)
    assert str(error.value) == (
        f"{path}: no intensity from 2020-02-28 06:00 to 2020-02-28 10:00 UTC; only gaps of up to 3 h are filled in"
    )


MISTAKES: list[tuple[str, str]] = [
    ("", "expected a line with the names of columns, and rows below it, found none"),
    ("time,intensity\n", "expected a line with the names of columns, and rows below it, found none"),
    (
        "when,what\n1,2\n",
        "line 1: expected the columns of one of the layouts plain, Electricity Maps, UK Carbon Intensity API, ENTSO-E",
    ),
    (PLAIN.replace("190.5", "high"), 'line 3: intensity: expected a number from 0 to 1500, got "high"'),
    (PLAIN.replace("190.5", "117000"), 'line 3: intensity: expected a number from 0 to 1500, got "117000"'),
    (PLAIN.replace("190.5", "-1"), 'line 3: intensity: expected a number from 0 to 1500, got "-1"'),
    (PLAIN.replace("190.5", "nan"), 'line 3: intensity: expected a number from 0 to 1500, got "nan"'),
    (PLAIN.replace("190.5", "inf"), 'line 3: intensity: expected a number from 0 to 1500, got "inf"'),
    (PLAIN.replace("0.031", "31.0"), 'line 2: price: expected a number from -2 to 25, got "31.0"'),
    (PLAIN.replace("190.5,", "190.5"), "line 3: expected 3 values, got 2"),
    (
        PLAIN.replace("T01:00Z", "T25:00Z"),
        'line 3: time: expected a time such as 2020-03-29T14:00Z, got "2020-03-29T25:00Z"',
    ),
    (PLAIN + "2020-03-29T02:10Z,5,\n", "line 5: expected a time in steps of 3600 s from 2020-03-29 00:00 UTC on"),
    (PLAIN + "2020-03-29T02:00Z,181,\n", "line 5: other values for 2020-03-29 02:00 UTC than in line 4"),
    ("time,intensity\n2020-03-29T01:00Z,5\n", "expected at least two rows with values, found 1"),
    ("time,intensity\n2020-03-29T01:00Z,-\n2020-03-29T02:00Z,-\n", "expected at least two rows with values, found 0"),
    (
        "time,intensity\n2020-03-29T01:00:00Z,5\n2020-03-29T01:00:07Z,6\n",
        "expected steps of a minute or more that make up a day, got 7 s",
    ),
    (
        PLAIN.replace("210", "a").replace("190.5", "b").replace("180", "c").replace("0.031", "d"),
        'line 2: intensity: expected a number from 0 to 1500, got "a"; '
        'line 2: price: expected a number from -2 to 25, got "d"; '
        'line 3: intensity: expected a number from 0 to 1500, got "b"; and 1 more',
    ),
    (
        ENTSOE.replace("Fossil Gas", "Fusion"),
        "expected ENTSO-E's production types, got fusion",
    ),
    (
        ENTSOE.replace(" (CET/CEST)", ""),
        "; ".join(
            f"line {line}: mtu: expected one of UTC, CET/CEST, WET/WEST, EET/EEST, GMT/BST in brackets, "
            "after the name or the time"
            for line in (2, 3, 4)
        ),
    ),
    (
        ENTSOE.replace('"01.02.2020 01:00 - 01.02.2020 02:00 (CET/CEST)"', '"noon"'),
        'line 3: mtu: expected a time such as 25.10.2020 02:00 - 25.10.2020 03:00, got "noon"',
    ),
    (
        entsoe(local_units("01.02.2020", [0, 1], "UTC"), [WINDY, ("0", "-900", *BOTH[2:8], "1000")]),
        "line 3: expected generation of 0 to 1500 g/kWh, got -4300",
    ),
    (ENTSOE + '"BZN|DE-LU","01.02.2020 03:00"\n', "line 5: expected 12 values, got 2"),
    ('time,intensity\n"' + "9" * 200_000 + '",5\n', "line 2: field larger than field limit (131072)"),
    (
        ENTSOE + ENTSOE.splitlines()[1].replace("BZN|DE-LU", "BZN|FR") + "\n",
        "expected one zone, or to be told which, got BZN|DE-LU, BZN|FR",
    ),
]


@pytest.mark.parametrize(("text", "message"), MISTAKES, ids=[message[:60] for _, message in MISTAKES])
def test_a_file_that_cannot_be_used(tmp_path: Path, text: str, message: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(GridError) as error:
        load_grid(path)
    assert str(error.value) == f"{path}: {message}"


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(GridError, match=r"none\.csv: cannot be read: No such file or directory"):
        load_grid(tmp_path / "none.csv")


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    with pytest.raises(GridError, match="expected"):
        load_grid(written(tmp_path, bytes(range(256)) + b"\n"))


def loaded_or_refused(path: Path) -> None:
    """Load a file, or see that it is refused in one line that names it."""
    try:
        grid = load_grid(path)
    except GridError as error:
        assert str(error).startswith(str(path))
        assert "\n" not in str(error)
    else:
        assert 0 <= grid.intensity_grams_per_kwh.min() <= grid.intensity_grams_per_kwh.max() <= 1500
        assert not np.isinf(grid.price_per_kwh).any()


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(sorted(FILES)), data=st.data())
def test_a_damaged_file_is_refused_in_one_line_or_read(tmp_path: Path, name: str, data: st.DataObject) -> None:
    damaged = bytearray(FILES[name].encode())
    for _ in range(data.draw(st.integers(1, 4))):
        begin = data.draw(st.integers(0, len(damaged)))
        end = begin + data.draw(st.integers(0, 12))
        damaged[begin:end] = data.draw(
            st.binary(max_size=6) | st.sampled_from([b"\n", b",", b'"', b"9999", b"-", b"\x00"])
        )
    loaded_or_refused(written(tmp_path, bytes(damaged)))


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=300) | st.text(max_size=200).map(str.encode))
def test_anything_is_refused_in_one_line_or_read(tmp_path: Path, content: bytes) -> None:
    loaded_or_refused(written(tmp_path, content))
    loaded_or_refused(written(tmp_path, b"time,intensity,price\n" + content))


def test_a_live_process_loads_no_heavy_library_for_a_grid() -> None:
    code = (
        "import sys\n"
        "from simulator.grid import files, generator, presets\n"
        "print(*sorted({'numba', 'pandas', 'pvlib', 'scipy', 'matplotlib'} & set(sys.modules)))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=240)
    assert told.stdout.strip() == ""
