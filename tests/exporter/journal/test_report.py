"""Reports: every gram of the logs is in them once, and what they say is sure is sure."""

import json
import math
import os
import random
import re
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from exporter.cli import main
from exporter.core.html import MARK
from exporter.journal.cli import Progress
from exporter.journal.entry import Entry
from exporter.journal.tally import MOST_ORIGINS, day_of, local_hour, tally
from exporter.journal.trend import FEWEST_DAYS, trend
from tests.exporter.journal.logs import CODECARBON, ECOTRACK, months, row, write_journal
from tests.exporter.sources.test_time_zone import set_to
from tests.exporter.test_page import HARMLESS, Document
from tests.fake_clock import NOON

ZONES = ("UTC", "Europe/Berlin", "Asia/Kolkata", "Asia/Kathmandu", "America/St_Johns", "Pacific/Apia")

ENTRIES = st.lists(
    st.builds(
        Entry,
        at=st.floats(1.7e9, 1.8e9),
        seconds=st.one_of(st.floats(0.0, 100.0), st.floats(0.0, 300_000.0)),
        kwh=st.floats(0.0, 10.0),
        kg=st.none() | st.floats(0.0, 10.0),
        moved_bytes=st.none() | st.floats(0.0, 1e9),
        activity=st.sampled_from(["", "idle", "download"]),
        host=st.booleans(),
    ),
    max_size=20,
)


JUST_BEFORE_THE_HOUR = [
    Entry(at=1_800_000_000.0 - ago, seconds=seconds, kwh=0.0, kg=None, moved_bytes=None, activity="", host=False)
    for ago, seconds in ((900.0, 0.0), (0.0, 1.192092896e-07))
]


@given(entries=ENTRIES, zone=st.sampled_from(ZONES))
@example(JUST_BEFORE_THE_HOUR, "UTC")
def test_a_tally_holds_all_that_the_entries_hold_in_any_order(entries: list[Entry], zone: str) -> None:
    sums = tally(entries, ZoneInfo(zone))
    assert sums.rows == len(entries)
    cells = sums.cells.values()
    for told, meant in (
        (sum(one.kwh for one in cells), sum(one.kwh for one in entries)),
        (sum(one.kg for one in cells), sum(one.kg or 0.0 for one in entries)),
        (sum(one.seconds for one in cells), sum(one.seconds for one in entries)),
        (sum(one.moved_bytes for one in cells), sum(one.moved_bytes or 0.0 for one in entries)),
        (sum(one.untold_kwh for one in cells), sum(one.kwh for one in entries if one.kg is None)),
    ):
        assert told == pytest.approx(meant, rel=1e-6, abs=1e-3)
    turned = tally(reversed(entries), ZoneInfo(zone))
    assert turned.cells.keys() == sums.cells.keys()
    assert (turned.first, turned.last) == (sums.first, sums.last)


@given(at=st.floats(0.0, 4e9), zone=st.sampled_from(ZONES))
def test_an_hour_by_the_local_clock_is_of_its_date(at: float, zone: str) -> None:
    local = datetime.fromtimestamp(at, ZoneInfo(zone))
    hour = local_hour(at, ZoneInfo(zone))
    assert (day_of(hour), hour % 24) == (local.date(), local.hour)


def test_what_lasts_for_days_is_spread_over_them() -> None:
    sums = tally([Entry(NOON, 36 * 3600.0, 36.0, 0.36, None, "", host=True)], ZoneInfo("UTC"))
    assert [one.kwh for one in sums.cells.values()] == pytest.approx([1.0] * 36)
    assert {day_of(hour) for hour, _, _ in sums.cells} == {date(2026, 3, 1), date(2026, 3, 2)}


def test_a_trend_is_found_and_its_interval_holds_it_nineteen_times_in_twenty() -> None:
    held = 0
    for seed in range(300):
        noise = random.Random(seed)  # noqa: S311 - a load, not a secret
        found = trend([(day, 100.0 + 2.0 * day + noise.gauss(0.0, 25.0)) for day in range(40)])
        assert found is not None
        held += found.low <= 14.0 <= found.high
    # 285 are expected; fewer than 272 or more than 296 has a chance of one in a thousand.
    assert 272 <= held <= 296


def test_odd_days_and_missing_days_do_not_move_a_trend() -> None:
    days = [(day, 10.0 * day) for day in range(60) if day % 7]
    found = trend([*days, (61, 1e6)])
    assert found is not None
    assert found.grams_per_day_per_week == pytest.approx(70.0)


def test_too_few_days_have_no_trend() -> None:
    assert trend([(day, 1.0) for day in range(FEWEST_DAYS - 1)]) is None
    assert trend([(day, 1.0) for day in range(FEWEST_DAYS)]) is not None


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """Five weeks of a laptop from the Monday on which the tests' clock stands."""
    return write_journal(tmp_path / "journal.csv", months(NOON, 5 * 7 * 1440))


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    """Return the report as JSON."""
    assert main(["report", "--json", "--time-zone=Europe/Berlin", *arguments]) == 0
    found = json.loads(capsys.readouterr().out)
    assert isinstance(found, dict)
    return found


def test_the_parts_of_a_report_have_one_sum(journal: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = "budget: {day_grams: 800, week_grams: 6000, month_grams: 20000}\npower: {machine: laptop}\n"
    (tmp_path / "ecotrack.yml").write_text(settings)
    found = json.loads(json.dumps(told(capsys, f"--config.file={tmp_path / 'ecotrack.yml'}", str(journal))))
    meant = sum(float(line.split(",")[4] or 0.0) for line in journal.read_text().splitlines()[1:]) * 1000.0
    for periods in (found["days"], found["weeks"], found["months"]):
        assert sum(one["grams"] for one in periods) == pytest.approx(meant)
        assert periods[-1]["cumulative_grams"] == pytest.approx(meant)
    assert found["host_grams"] + found["network_grams"] == pytest.approx(meant)
    assert sum(one["grams"] for one in found["activities"]) == pytest.approx(found["network_grams"])
    assert [sum(day) > 0.0 for day in found["hourly_grams"]] == [True] * 7
    assert [day[3] for day in found["hourly_grams"]] == [0.0] * 7
    day, week, _ = found["budgets"]
    assert day["over"] == sum(one["grams"] > 800.0 for one in found["days"])
    assert (day["periods"], week["limit_grams"]) == (len(found["days"]), 6000.0)
    last = found["week_against_week"]
    weeks = {one["start"]: one["grams"] for one in found["weeks"]}
    assert last["grams"] == weeks[last["start"]]
    assert last["before_grams"] == weeks[str(date.fromisoformat(last["start"]) - timedelta(days=7))]
    assert 0.0 < found["eco_score"]["ratio"] < 1.0
    assert math.prod(found["eco_score"]["factors"].values()) == pytest.approx(1.0 / found["eco_score"]["ratio"] - 1.0)
    assert "of a laptop at half load: 16.8 W" in found["eco_score"]["basis"]


@pytest.mark.parametrize(
    ("budget", "is_said"),
    [
        ("{day_grams: 800, include_embodied: true}", True),
        ("{day_grams: 800}", False),
        ("{include_embodied: true}", False),
    ],
)
def test_a_line_says_that_budgets_lack_the_embodied_share(
    budget: str, is_said: bool, journal: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "ecotrack.yml"
    file.write_text(f"budget: {budget}\nembodied: {{device: laptop, purchased: 2024-03-01}}\n")
    assert main(["report", "--json", f"--config.file={file}", str(journal)]) == 0
    assert ("without the embodied share" in capsys.readouterr().err) is is_said


@pytest.mark.parametrize("by_hour", [False, True])
def test_the_cost_is_that_of_the_machines_energy_at_the_price_of_its_hour(
    by_hour: bool, journal: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prices = [0.1 + 0.01 * hour if by_hour else 0.25 for hour in range(24)]
    given = f"daily_tariff: {prices}" if by_hour else "price_per_kwh: 0.25"
    (tmp_path / "ecotrack.yml").write_text(f"budget: {{time_zone: Europe/Berlin}}\ngrid: {{{given}, currency: EUR}}\n")
    found = json.loads(json.dumps(told(capsys, f"--config.file={tmp_path / 'ecotrack.yml'}", str(journal))))
    meant = 0.0
    for line in journal.read_text().splitlines()[1:]:
        cells = line.split(",")
        if cells[6] == "host":
            start = datetime.fromisoformat(cells[0]) - timedelta(seconds=float(cells[10]))
            meant += float(cells[3]) * prices[start.astimezone(ZoneInfo("Europe/Berlin")).hour]
    assert found["cost"] == {
        "total": pytest.approx(meant),
        "currency": "EUR",
        "price_per_kwh": None if by_hour else 0.25,
    }
    for periods in (found["days"], found["weeks"], found["months"]):
        assert sum(one["cost"] for one in periods) == pytest.approx(meant)


def test_a_price_on_the_command_line_comes_before_that_of_the_configuration(
    journal: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "ecotrack.yml").write_text(f"grid: {{daily_tariff: {[0.5, 0.1] * 12}, currency: EUR}}\n")
    flags = (f"--config.file={tmp_path / 'ecotrack.yml'}", "--price=0.3", "--currency=CHF", str(journal))
    assert main(["report", f"--html={tmp_path / 'report.html'}", *flags]) == 0
    line = next(one for one in capsys.readouterr().out.splitlines() if one.startswith("cost"))
    amount, source = re.split(r"  +", line)[1:]
    assert amount.endswith(" CHF")
    assert source == "the machine's electricity at 0.30 CHF a kWh; the network's is paid elsewhere"
    page = Document((tmp_path / "report.html").read_text())
    assert f"costs {amount}: {source}" in page.text


def test_no_price_and_no_energy_of_the_machine_have_no_cost(
    journal: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert told(capsys, str(journal))["cost"] is None
    assert main(["report", str(journal)]) == 0
    assert "cost" not in capsys.readouterr().out
    (tmp_path / "log.csv").write_text(ECOTRACK)
    assert told(capsys, "--price=0.3", str(tmp_path / "log.csv"))["cost"] is None


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--price=much"], 'argument --price: expected a number, got "much"'),
        (["--currency=EUR"], "--currency: expected --price, or a price in the configuration, beside it"),
        (
            ["--config.file=tariff.yml", "--time-zone=Asia/Kolkata"],
            "--time-zone: expected that of budget.time_zone, whose hours grid.daily_tariff is of",
        ),
    ],
)
def test_a_wrong_price_is_one_line(
    flags: list[str],
    said: str,
    journal: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("tariff.yml").write_text(f"budget: {{time_zone: UTC}}\ngrid: {{daily_tariff: {[0.5, 0.1] * 12}}}\n")
    try:
        status = main(["report", *flags, str(journal)])
    except SystemExit as error:
        status = int(str(error))
    assert status == 2
    assert said in capsys.readouterr().err.splitlines()[-1]


def test_grams_that_no_intensity_tells_are_unknown_and_not_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_journal(tmp_path / "journal.csv", [row(NOON, kwh=0.5, kg=None), row(NOON + 60.0, kwh=0.25, kg=0.1)])
    assert main(["report", str(path)]) == 0
    assert "emissions of 0.500 kWh are unknown" in capsys.readouterr().out


ORIGINS = [
    # kWh by source of the machine's rows, what the report calls measured, and how it names the sources.
    ({"meter": 1.0}, "100%", "meter 100%"),
    ({"generation": 1.0}, "0%", "generation 100%"),
    ({"rapl+generation": 1.0}, "0% to 100%", "rapl+generation 100%"),
    ({"meter": 1.0, "rapl+laptop": 2.0, "laptop": 1.0}, "25% to 75%", "rapl+laptop 50%, laptop 25%, meter 25%"),
    ({"": 1.0}, "unknown", "not told 100%"),
    ({"\x1b[31m": 1.0, "rapl": 3.0}, "100%", "rapl 75%, not told 25%"),
]


@pytest.mark.parametrize(("kwh", "measured", "sources"), ORIGINS, ids=[sources for _, _, sources in ORIGINS])
def test_a_report_says_what_was_measured_and_what_was_estimated(
    kwh: dict[str, float], measured: str, sources: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [row(NOON + 60.0 * place, kwh=one, source=name) for place, (name, one) in enumerate(kwh.items())]
    path = write_journal(tmp_path / "journal.csv", rows)
    assert main(["report", f"--html={tmp_path / 'report.html'}", str(path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    shown = next(re.split(r"  +", line) for line in lines if line.startswith("machine measured"))
    assert shown[1:] == [measured, sources]
    assert any("is an estimate" in line for line in lines) is (measured not in {"100%", "unknown"})
    page = Document((tmp_path / "report.html").read_text()).text
    assert measured in page
    assert sources in page


def test_a_report_says_whose_carbon_intensity_made_grams_of_the_energy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [
        row(NOON, kwh=3.0, kg=0.3, provider="uk"),
        row(NOON + 60.0, kwh=1.0, kg=0.5),
        row(NOON + 120.0, kwh=5.0, kg=None, provider=""),
    ]
    assert main(["report", str(write_journal(tmp_path / "journal.csv", rows))]) == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("carbon intensity"))
    shares = "uk 75%, a fixed figure (static) 25%"
    assert re.split(r"  +", line)[1:] == ["200 g/kWh", f"mean over the energy; {shares}"]


def test_sources_without_end_take_no_memory_without_end() -> None:
    entries = [
        Entry(NOON + number, 1.0, 1.0, 1.0, None, "", host=True, source=f"source-{number}") for number in range(1000)
    ]
    origins = tally(entries, ZoneInfo("UTC")).origins
    assert len(origins) <= MOST_ORIGINS + 2
    assert sum(sums.kwh for sums in origins.values()) == 1000.0


def test_foreign_logs_are_reported_on_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "log.csv").write_text(ECOTRACK)
    (tmp_path / "emissions.csv").write_text(CODECARBON)
    found = told(capsys, str(tmp_path / "log.csv"), str(tmp_path / "emissions.csv"))
    assert (found["host_grams"], found["network_grams"]) == (pytest.approx(160.0), pytest.approx(42.75))
    assert (found["rows"], found["damaged_rows"]) == (6, 0)


def test_the_page_is_one_harmless_file_with_the_same_figures(
    journal: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = told(capsys, f"--html={tmp_path / 'report.html'}", str(journal))
    text = (tmp_path / "report.html").read_text()
    document = Document(text)
    assert [tag for tag, _ in document.tags if not HARMLESS.fullmatch(tag)] == []
    assert not re.search(r"""(src|href|url|@import|http-equiv)\s*[=(]""", text.replace(f'href="{MARK}"', ""))
    assert document.figures["total"].value == pytest.approx(found["host_grams"] + found["network_grams"])  # type: ignore[operator]
    assert len(text.encode()) < 100_000


def test_damaged_rows_are_named_and_the_report_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_journal(tmp_path / "journal.csv", [row(NOON), *(["rubbish\n"] * 25), row(NOON + 60.0)])
    assert main(["report", str(path)]) == 0
    out, err = capsys.readouterr()
    assert err.splitlines()[0] == f"ecotrack: {path}:3: 1 columns instead of 12"
    assert err.splitlines()[-1] == "ecotrack: and 5 more damaged rows"
    assert "! 25 damaged rows are left out" in out


MISTAKES = [
    (["report"], "ecotrack report: the following arguments are required: FILE; see --help"),
    (["report", "missing.csv"], "ecotrack: missing.csv: cannot be read: No such file or directory"),
    (
        ["report", "journal.csv", "./journal.csv"],
        "ecotrack: journal.csv: is the same file as journal.csv: its rows would",
    ),
    (
        ["report", "--html", "journal.csv", "journal.csv"],
        "ecotrack: --html: journal.csv: is a log, and would be overwritten",
    ),
    (
        ["report", "--plot", "journal.csv", "journal.csv"],
        "ecotrack: --plot: journal.csv: is a log, and would be overwritten",
    ),
    (["report", "--time-zone=Mars", "journal.csv"], "ecotrack: --time-zone: expected an IANA name"),
    (
        ["report", "--html=no/such/folder.html", "journal.csv"],
        "ecotrack: --html: no/such/folder.html: cannot be written",
    ),
    (["report", "--plot=plot.gif-no", "journal.csv"], "ecotrack: --plot: plot.gif-no: cannot be written: "),
    (["report", "empty.csv"], "ecotrack: nothing to report: the files hold no row that is whole"),
    (["report", "--config.file=none.yml", "journal.csv"], "ecotrack: none.yml: cannot be read: "),
]


@pytest.mark.parametrize(("arguments", "line"), MISTAKES, ids=[line for _, line in MISTAKES])
def test_a_mistake_is_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str], line: str
) -> None:
    monkeypatch.chdir(tmp_path)
    write_journal(Path("journal.csv"), [row(NOON)])
    write_journal(Path("empty.csv"), [])
    try:
        status = main(arguments)
    except SystemExit as stopped:
        status = int(stopped.code or 0)
    out, err = capsys.readouterr()
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(line)
    assert Path("journal.csv").read_text().endswith(row(NOON))


def test_without_matplotlib_a_plot_is_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    path = write_journal(tmp_path / "journal.csv", [row(NOON)])
    assert main(["report", f"--plot={tmp_path / 'plot.png'}", str(path)]) == 2
    assert capsys.readouterr().err == (
        'ecotrack: --plot: matplotlib is not installed: pip install "ecotrack[report]"\n'
    )


def test_a_name_that_is_no_text_is_shown_as_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_journal(tmp_path / os.fsdecode(b"a\xff\x1b[31m.csv"), [row(NOON), "rubbish\n"])
    assert main(["report", "--json", str(path)]) == 0
    out, err = capsys.readouterr()
    shown = str(tmp_path / "a\ufffd\ufffd[31m.csv")
    assert json.loads(out)["files"] == [shown]
    assert err == f"ecotrack: {shown}:3: 1 columns instead of 12\n"


def test_a_plot_is_a_picture(journal: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", f"--plot={tmp_path / 'plot.png'}", str(journal)]) == 0
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")
    assert capsys.readouterr().err == ""


def test_neither_the_exporter_nor_a_report_loads_numpy(tmp_path: Path) -> None:
    path = write_journal(tmp_path / "journal.csv", [row(NOON)])
    code = (
        "import sys, exporter.app\n"
        "assert not {'exporter.journal.cli', 'exporter.journal.findings'} & set(sys.modules)\n"
        "from exporter.cli import main\n"
        f"main(['report', {str(path)!r}])\n"
        "assert not {'numpy', 'pandas', 'matplotlib'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=240, capture_output=True)


class Terminal:
    """A stream that says it is a terminal, and keeps what is written to it."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> int:
        self.text += text
        return len(text)

    def flush(self) -> None:
        """Flush nothing: no output is held back."""

    def isatty(self) -> bool:
        return True


def test_progress_is_shown_on_a_terminal_and_wiped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_bytes(b"x" * 100)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    progress = Progress([tmp_path / "a", tmp_path / "missing"])
    progress(25)
    progress(75)
    progress.end()
    assert terminal.text == "\rreading: 25%\rreading: 100%\r\033[K"


def test_the_day_of_the_tests_is_a_monday() -> None:
    assert datetime.fromtimestamp(NOON, UTC).weekday() == 0


def test_a_machine_whose_zone_has_no_name_gets_the_same_report(
    journal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = "CET-1CEST,M3.5.0,M10.5.0/3"
    with set_to(rules):
        assert main(["report", "--time-zone=local", str(journal)]) == 0
    unnamed = capsys.readouterr().out
    assert main(["report", "--time-zone=Europe/Berlin", str(journal)]) == 0
    assert unnamed == capsys.readouterr().out.replace("(Europe/Berlin)", f"({rules})")
    assert f"({rules})" in unnamed
