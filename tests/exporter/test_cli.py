"""The command line, as its users type it: what it prints, and what it says of every mistake."""

import functools
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
import requests

import exporter
from exporter.core.units import UnixSeconds
from exporter.core.web.publication import json_response
from exporter.power.band import band_of
from exporter.sources.collector import SOURCES
from exporter.views.summary import EmissionsView, summarize
from tests.exporter.core.web.http_client import serving
from tests.exporter.exporter_process import EVERY_SECOND, run_once, running_exporter, until_ready
from tests.exporter.golden_snapshot import golden_snapshot
from tests.processes import ending, free_port, until
from tests.prometheus import stack

FLAGS = (
    "--config.file",
    "--config.check",
    "--once",
    "--web.listen-address",
    "--web.telemetry-path",
    "--web.config.file",
    "--web.max-requests",
    "--state.dir",
    "--log.level",
    "--log.format",
    "--version",
)

HASH = "$2b$04$cyyhmlaoK9ZW3kZX7zfrgeCTNaEGDC8a.hSMq6VmYqgKipU6mVJgC"


def test_version_and_help_name_the_program() -> None:
    version, help_ = run_once("--version"), run_once("--help")
    assert (version.returncode, version.stdout) == (0, f"ecotrack {exporter.__version__}\n")
    assert help_.returncode == 0
    assert help_.stdout.startswith("usage: ecotrack ")
    assert all(flag in help_.stdout for flag in FLAGS)


def test_a_check_of_good_files_says_so_and_serves_nothing(tmp_path: Path) -> None:
    file = tmp_path / "ecotrack.yml"
    file.write_text("budget: {day_grams: 150, time_zone: Europe/Paris}\n")
    web = tmp_path / "web.yml"
    web.write_text(f"basic_auth_users: {{someone: {HASH}}}\n")
    checked = run_once("--config.check", f"--config.file={file}", f"--web.config.file={web}")
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, f"{file}: good\n{web}: good\n", "")
    defaults = run_once("--config.check")
    assert (defaults.returncode, defaults.stdout) == (0, "built-in defaults: good\n")


MISTAKES = [
    (
        "powr: {}",
        "powr: unknown key; known here: preset, sampling, power, meter, network, grid, activity, budget, "
        "embodied, equivalents, ecoguard, journal, optimize, attribution, attestation; did you mean power?",
    ),
    (
        "power: {idle: 5}",
        "power.idle: unknown key; known here: preset, machine, tdp_watts, pue, idle_watts, full_watts; "
        "did you mean idle_watts?",
    ),
    (
        "power: {idle_watts: fifty, full_watts: 90}",
        'power.idle_watts: expected a number >= 0 and <= 100,000, got "fifty"',
    ),
    ("sampling: {interval_seconds: 0.5}", "sampling.interval_seconds: expected a number >= 1 and <= 3,600, got 0.5"),
    ("sampling: {interval_seconds: .nan}", "sampling.interval_seconds: expected a finite number, got nan"),
    ("power: {idle_watts: 90, full_watts: 50}", "power: expected full_watts >= idle_watts, got 50 < 90"),
    (
        "budget: {time_zone: Mars/Olympus}",
        'budget.time_zone: expected an IANA name such as "Europe/Paris", or "local", got "Mars/Olympus"',
    ),
    ("grid: {preset: moon}", 'grid.preset: expected one of cep, ecotrack, got "moon"'),
    ("- a list", "expected a mapping of sections, got a list"),
    ("budget: 150", "budget: expected a mapping, got 150"),
]


@pytest.mark.parametrize(("text", "said"), MISTAKES, ids=[text for text, _ in MISTAKES])
def test_a_bad_configuration_is_one_line_naming_file_key_and_expectation(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "ecotrack.yml"
    file.write_text(text)
    refuse(tmp_path, f"--config.file={file}", "--config.check", said=f"ecotrack: {file}: {said}\n")


@pytest.mark.parametrize("flags", [(), ("--once",)], ids=["served", "once"])
def test_nothing_starts_with_a_bad_configuration(tmp_path: Path, flags: tuple[str, ...]) -> None:
    file = tmp_path / "ecotrack.yml"
    file.write_text("weather: {}\n")
    assert f"{file}: weather: unknown key" in refuse(tmp_path, f"--config.file={file}", *flags)


def test_every_bad_section_is_told_at_once(tmp_path: Path) -> None:
    file = tmp_path / "ecotrack.yml"
    file.write_text("power: {idle_watts: -1, full_watts: 9}\nbudget: {day_grams: 0}\nweather: {}\n")
    lines = run_once("--config.check", f"--config.file={file}").stderr.splitlines()
    assert [line.split(": ")[2] for line in lines] == ["power.idle_watts", "budget.day_grams", "weather"]


@pytest.mark.slow
def test_a_missing_or_broken_file_is_named(tmp_path: Path) -> None:
    missing, broken = tmp_path / "missing.yml", tmp_path / "broken.yml"
    broken.write_text("power:\n  idle_watts: [5\n")
    refuse(
        tmp_path, f"--config.file={missing}", said=f"ecotrack: {missing}: cannot be read: No such file or directory\n"
    )
    assert f"ecotrack: {broken}:3: is not valid YAML" in refuse(tmp_path, f"--config.file={broken}")
    refuse(tmp_path, f"--config.file={tmp_path}", said=f"ecotrack: {tmp_path}: cannot be read: Is a directory\n")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("basic_auth_users: {someone: secret}", "basic_auth_users.someone: expected a bcrypt hash"),
        ("tls_config: {}", "tls_config: unknown key; known here: tls_server_config"),
        ("tls_server_config: {cert_file: a.pem}", "tls_server_config"),
    ],
)
def test_a_bad_web_configuration_is_one_line(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "web.yml"
    file.write_text(text)
    for flags in ((), ("--config.check",)):
        line = refuse(tmp_path, f"--web.config.file={file}", *flags)
        assert line.startswith(f"ecotrack: {file}: {said}")
        assert "secret" not in line


@pytest.mark.parametrize(
    ("flag", "said"),
    [
        ("--web.max-requests=many", 'argument --web.max-requests: expected a whole number >= 1, got "many"'),
        (f"--web.max-requests={10**400}", 'argument --web.max-requests: expected at most 9 digits, got "100000000..."'),
        ("--web.max-requests=0", 'argument --web.max-requests: expected a whole number >= 1, got "0"'),
        *(
            (
                f"--web.telemetry-path={path}",
                "argument --web.telemetry-path: expected a path such as /metrics, not below /-/ or /api/,"
                f' got "{path}"',
            )
            for path in ("", "/", "metrics", "/-/ready", "/api/v1/summary", "/a?b", "/a b", "/%ff", "/\u00fc")
        ),
        ("--web.max-requests=\x1b[2J\n", r'argument --web.max-requests: expected a whole number >= 1, got "\x1b[2J\n"'),
        ("--log.format=xml", "argument --log.format: invalid choice: 'xml' (choose from 'logfmt', 'json')"),
        ("--path.procfs=/no/such", 'argument --path.procfs: expected a folder, got "/no/such"'),
        ("--web.listen=:80", "unrecognized arguments: --web.listen=:80"),
    ],
)
def test_a_bad_flag_is_one_line(tmp_path: Path, flag: str, said: str) -> None:
    refuse(tmp_path, flag, said=f"ecotrack: {said}; see --help\n")


def test_a_folder_that_is_no_procfs_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    said = f'expected a procfs that can be read, got "{tmp_path / "empty"}"'
    for flags in ((), ("--once",)):
        line = refuse(tmp_path, f"--path.procfs={tmp_path / 'empty'}", *flags)
        assert line == f"ecotrack: argument --path.procfs: {said}; see --help\n"


@pytest.mark.parametrize("address", ["nonsense", "127.0.0.1", "127.0.0.1:99999", "127.0.0.1:http"])
def test_a_bad_address_is_one_line_whether_served_or_asked(tmp_path: Path, address: str) -> None:
    said = f"ecotrack: cannot listen on '{address}': expected HOST:PORT, [IPV6]:PORT or :PORT, port 0 to 65535\n"
    for flags in ((), ("--once",)):
        refuse(tmp_path, f"--web.listen-address={address}", *flags, said=said)


def test_an_address_of_another_machine_is_refused(tmp_path: Path) -> None:
    # 192.0.2.0/24 is reserved for documentation (RFC 5737).
    line = refuse(tmp_path, "--web.listen-address=192.0.2.1:10110")
    assert line == "ecotrack: cannot listen on 192.0.2.1:10110: Cannot assign requested address\n"


def test_a_busy_port_leaves_even_a_damaged_state_file_where_it_is(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    (state / "state.json").write_text("damaged")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        ended = run_once(f"--web.listen-address={address}", f"--state.dir={state}")
    assert (ended.returncode, ended.stderr) == (
        2,
        f"ecotrack: cannot listen on {address}: Address already in use; choose another by --web.listen-address\n",
    )
    assert [(file.name, file.read_text()) for file in state.iterdir()] == [("state.json", "damaged")]


@pytest.mark.servers
def test_one_state_folder_serves_one_exporter(tmp_path: Path) -> None:
    with running_exporter(tmp_path) as first:
        until_ready(first)
        second = run_once(f"--web.listen-address=127.0.0.1:{free_port()}", f"--state.dir={first.state}")
        said = f"ecotrack: state folder {first.state}: another ecotrack is using it; see --state.dir\n"
        assert (second.returncode, second.stderr) == (2, said)
        before = first.samples()["ecotrack_samples_total"]
        until(lambda: first.samples()["ecotrack_samples_total"] > before, "the first one to go on")


def _not_writable(state: Path) -> str:
    state.mkdir(mode=0o555)
    return f"state folder {state}: cannot be used: Permission denied; see --state.dir"


def _not_writable_with_a_lock(state: Path) -> str:
    state.mkdir()
    (state / "lock").touch()
    state.chmod(0o555)
    return f"state folder {state}: cannot be written; see --state.dir"


def _no_place_to_make_it(state: Path) -> str:
    state.parent.chmod(0o555)
    return f"state folder {state}: cannot be used: Permission denied; see --state.dir"


def _unreadable_file(state: Path) -> str:
    state.mkdir()
    (state / "lock").touch()
    (state / "state.json").write_text("somebody else's")
    (state / "state.json").chmod(0o000)
    return f"state file {state / 'state.json'}: cannot be read: Permission denied"


@pytest.mark.parametrize("prepare", [_not_writable, _not_writable_with_a_lock, _no_place_to_make_it, _unreadable_file])
def test_a_state_folder_without_permission_is_one_line(tmp_path: Path, prepare: Callable[[Path], str]) -> None:
    said = prepare(tmp_path / "state")
    before = sorted(tmp_path.rglob("*"))
    ended = without_roots_power(f"--web.listen-address=127.0.0.1:{free_port()}", f"--state.dir={tmp_path / 'state'}")
    assert (ended.returncode, ended.stderr) == (2, f"ecotrack: {said}\n")
    assert sorted(tmp_path.rglob("*")) == before


def test_a_file_in_the_place_of_the_state_folder_stays(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("kept")
    ended = run_once(f"--web.listen-address=127.0.0.1:{free_port()}", f"--state.dir={file}")
    said = f"ecotrack: state folder {file}: cannot be used: File exists; see --state.dir\n"
    assert (ended.returncode, ended.stderr, file.read_text()) == (2, said, "kept")


@pytest.mark.servers
def test_once_asks_the_running_exporter(tmp_path: Path) -> None:
    config = EVERY_SECOND + "budget: {day_grams: 150, month_grams: 4000}\n"
    with running_exporter(tmp_path, config=config) as running:
        until_ready(running)
        address = running.url.removeprefix("http://")
        ended = run_once("--once", f"--web.listen-address={address}", f"--state.dir={tmp_path / 'other'}")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert f"- as the exporter at {address} sees it" in ended.stdout
    assert re.search(r"^today +\d+\.\d+ of 150 g +", ended.stdout, re.MULTILINE)
    assert re.search(r"^this month +\d+\.\d+ of 4000 g +", ended.stdout, re.MULTILINE)
    assert not (tmp_path / "other").exists()


@pytest.mark.servers
def test_further_addresses_and_another_path_of_the_metrics(tmp_path: Path) -> None:
    further = f"127.0.0.1:{free_port()}"
    with running_exporter(tmp_path, f"--web.listen-address={further}", "--web.telemetry-path=/own") as running:
        until_ready(running)
        for url in (running.url, f"http://{further}"):
            assert "ecotrack_samples_total" in requests.get(f"{url}/own", timeout=240).text
            assert requests.get(f"{url}/metrics", timeout=240).status_code == 404
            assert 'href="/own"' in requests.get(url, timeout=240).text
        assert f"listening on {running.url} and http://{further}: " in running.log.read_text()
        ended = run_once("--once", f"--web.listen-address=127.0.0.1:{free_port()}", f"--web.listen-address={further}")
    assert f"- as the exporter at {further} sees it" in ended.stdout


@pytest.mark.servers
def test_once_says_when_a_running_exporter_answers_instead_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "mine.yml").write_text("power: {idle_watts: 3, full_watts: 4}\n")
    with running_exporter(tmp_path, config=EVERY_SECOND) as running:
        until_ready(running)
        address = running.url.removeprefix("http://")
        ended = run_once("--once", f"--web.listen-address={address}", f"--config.file={tmp_path / 'mine.yml'}")
    assert f"as the exporter at {address} sees it, by its own configuration and not by" in ended.stdout
    today = r"^today +\d+\.\d+ g +machine and network; budget.day_grams sets a limit$"
    assert re.search(today, ended.stdout, re.MULTILINE)


def test_once_samples_by_itself_and_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / "ecotrack.yml").write_text(
        "budget: {day_grams: 150}\npower: {machine: desktop, idle_watts: 8, full_watts: 8}\n"
    )
    flags = ("--once", f"--web.listen-address=127.0.0.1:{free_port()}", f"--state.dir={tmp_path / 'state'}")
    ended = run_once(*flags, f"--config.file={tmp_path / 'ecotrack.yml'}")
    assert (ended.returncode, ended.stderr) == (0, "")
    rows = {row[0]: row[1] for line in ended.stdout.split("\n\n")[0].splitlines() if (row := re.split(r"  +", line))}
    assert rows["power of this machine"] == "8.0 W (5 to 12)"
    assert (rows["today"], rows["activity"]) == ("unknown", "unknown")
    assert re.search(r"^today +unknown +needs a running exporter$", ended.stdout, re.MULTILINE)
    assert [file.name for file in tmp_path.iterdir()] == ["ecotrack.yml"]


def test_help_teaches_a_switch_for_every_source_of_the_table() -> None:
    told, usual = " ".join(run_once("--help").stdout.split()), {True: "on", False: "off"}
    for source in SOURCES:
        assert (
            f"--collector.{source.name}, --no-collector.{source.name} {source.reads} (default: {usual[source.default]})"
            in told
        )


def test_a_collector_that_there_is_not_cannot_be_switched(tmp_path: Path) -> None:
    assert "--no-collector.weather" in refuse(tmp_path, "--no-collector.weather")


def test_once_honours_the_switches_and_says_what_is_unknown() -> None:
    ended = run_once("--once", f"--web.listen-address=127.0.0.1:{free_port()}", "--no-collector.cpu")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert re.search(r"^power of this machine +unknown", ended.stdout, re.MULTILINE)
    assert re.search(r"^power of the network +[\d.]+ W", ended.stdout, re.MULTILINE)
    assert "- The cpu collector is off: what rests on it is unknown." in ended.stdout


@pytest.mark.servers
def test_once_says_that_a_running_exporter_has_switches_of_its_own(tmp_path: Path) -> None:
    with running_exporter(tmp_path, "--no-collector.disk") as running:
        address = running.url.removeprefix("http://")
        ended = run_once(
            "--once", f"--web.listen-address={address}", "--no-collector.cpu", "--no-collector.disk", "--collector.disk"
        )
    assert f"as the exporter at {address} sees it, by its own configuration and not by --no-collector.cpu" in (
        ended.stdout
    )


def test_the_readmes_sample_is_what_once_prints_but_for_the_figures(tmp_path: Path) -> None:
    """On a laptop whose TDP nothing tells; of the machine that the test runs on only the network cards show."""
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    sample = readme.partition("$ .venv/bin/ecotrack --once\n")[2].partition("```")[0]
    (tmp_path / "ecotrack.yml").write_text("power: {machine: laptop}\n")
    (tmp_path / "sys/class").mkdir(parents=True)
    (tmp_path / "sys/class/net").symlink_to("/sys/class/net")
    flags = (f"--config.file={tmp_path / 'ecotrack.yml'}", f"--path.sysfs={tmp_path / 'sys'}")
    printed = run_once("--once", *flags, f"--web.listen-address=127.0.0.1:{free_port()}").stdout
    assert without_figures(sample) == without_figures(printed)
    told = re.search(r"([\d.]+) W \(([\d.]+) to ([\d.]+)\)", sample)
    assert told is not None
    watts, band = float(told[1]), band_of("laptop_without_tdp")
    factors = float(told[3]) / watts, watts / float(told[2])
    assert all(band.idle * 0.9 <= factor <= band.full * 1.1 for factor in factors)
    emissions = re.search(r"([\d.]+) g CO2e/h +machine ([\d.]+), network ([\d.]+);", sample)
    assert emissions is not None
    assert float(emissions[2]) + float(emissions[3]) == pytest.approx(float(emissions[1]))


def without_figures(text: str) -> str:
    """Return a table with its figures masked and its columns closed up.

    Everyday equivalents are figures as well: the load of the machine that the test runs on decides on their units.
    """
    return re.sub(r"\d+(\.\d+)?", "#", re.sub(" {2,}", "  ", re.sub(r"as much as .*", "as much as #", text)))


def test_once_can_be_interrupted() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(240)
        argv = [sys.executable, "-m", "exporter", "--once", f"--web.listen-address=127.0.0.1:{silent.getsockname()[1]}"]
        with ending(subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)) as process:
            asked, _ = silent.accept()
            with asked:
                process.send_signal(signal.SIGINT)
                said, _ = process.communicate(timeout=240)
    assert (process.returncode, said) == (130, "")


@pytest.mark.servers
def test_once_is_not_fooled_by_another_server() -> None:
    with stack.serving(stack.Quiet) as address:
        ended = run_once("--once", f"--web.listen-address={address}")
    assert ended.returncode == 0
    assert f"- sampled for 2 s; no exporter answered at {address}" in ended.stdout


@pytest.mark.parametrize("command", ["once", "clean-window"])
def test_figures_that_no_exporter_has_end_in_no_traceback(command: str) -> None:
    summary = summarize(golden_snapshot(), UnixSeconds(0.0), fresh=True)
    given = msgspec.structs.replace(summary, counted_scopes=["moon"], eco_score_ratio=1e308)
    window = {"start": 1e300, "end": 1e300, "grams_per_kwh": 1.0, "grams": 1e308, "cost": None}
    job = {"hours": 1.0, "watts": 1.0, "grid_zone": "\x1b[2J", "known_hours": 1.0, "mean_grams": 1.0, "currency": None}
    routes = {
        "/api/v1/summary": json_response(
            msgspec.structs.replace(
                given, emissions_grams_per_hour=EmissionsView(host=1e308, network=1e308, host_and_network=1e308)
            )
        ),
        "/api/v1/clean-window": json_response(job | dict.fromkeys(("now", "cleanest", "cheapest"), window)),
    }
    with serving({path: functools.partial(lambda answer, _: answer, one) for path, one in routes.items()}) as server:
        address = server.url.removeprefix("http://")
        flags = ("--once",) if command == "once" else ("clean-window",)
        ended = run_once(*flags, f"--web.listen-address={address}")
    said = f"no exporter answered at {address}\n"
    assert (ended.stdout if command == "once" else ended.stderr).endswith(said)
    assert "Traceback" not in ended.stderr and "\x1b" not in ended.stdout


@pytest.mark.servers
def test_log_lines_are_json_where_asked_for(tmp_path: Path) -> None:
    with running_exporter(tmp_path, "--log.format=json") as running:
        url = running.url
    lines = [json.loads(line) for line in (tmp_path / "exporter.log").read_text().splitlines()]
    assert [line["msg"] for line in lines if line["level"] == "info"] == [
        f"listening on {url}: ecotrack {exporter.__version__}, configuration {tmp_path / 'ecotrack.yml'}, "
        f"state in {tmp_path / 'state'}",
        "stopped",
    ]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["ts"]) for line in lines)


@pytest.mark.servers
def test_log_level_hides_what_is_below(tmp_path: Path) -> None:
    with running_exporter(tmp_path, "--log.level=warning") as running:
        until_ready(running)
    assert "level=info" not in (tmp_path / "exporter.log").read_text()


def refuse(folder: Path, *flags: str, said: str | None = None) -> str:
    """Run the command, which is to end with status 2, one line on standard error, and no state; returns the line."""
    state = folder / "refused"
    ended = run_once(f"--state.dir={state}", *flags)
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1)
    assert said is None or ended.stderr == said
    assert not state.exists()
    return ended.stderr


def without_roots_power(*flags: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a user whom file permissions bind, which they do not root."""
    powers = "-dac_override,-dac_read_search"
    prefix = ["setpriv", f"--inh-caps={powers}", f"--bounding-set={powers}"] if os.geteuid() == 0 else []
    argv = [*prefix, sys.executable, "-m", "exporter", *flags]
    return subprocess.run(argv, capture_output=True, text=True, timeout=240, check=False)


@pytest.mark.parametrize("text", [None, "", "power:\n", "budget:\n", "power: {idle_watts: 1, full_watts: 2}\n"])
def test_a_machine_whose_zone_cannot_be_told_is_one_line(tmp_path: Path, text: str | None) -> None:
    arguments = ["--config.check"]
    if text is not None:
        (tmp_path / "c.yml").write_text(text)
        arguments.append(f"--config.file={tmp_path / 'c.yml'}")
    result = subprocess.run(
        [sys.executable, "-m", "exporter", *arguments],
        check=False,
        env=os.environ | {"TZ": "Mars/Olympus"},
        capture_output=True,
        text=True,
        timeout=240,
    )
    origin = "built-in defaults" if text is None else tmp_path / "c.yml"
    line = f"ecotrack: {origin}: budget.time_zone: this machine's zone cannot be told; expected an IANA name\n"
    assert (result.returncode, result.stdout, result.stderr) == (2, "", line)


@pytest.mark.parametrize(
    "command", [("exporter", "--config.check"), ("simulator", "scenarios")], ids=lambda one: one[0]
)
def test_whoever_stops_reading_the_output_gets_no_traceback(command: tuple[str, str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        ended = subprocess.run(
            [sys.executable, "-m", *command], check=False, stdout=writer, stderr=subprocess.PIPE, text=True, timeout=240
        )
    finally:
        os.close(writer)
    assert (ended.returncode, ended.stderr) == (141, "")


@pytest.mark.parametrize("buffered", ["", "1"])
@pytest.mark.parametrize(
    "command",
    [("exporter", "--config.check"), ("exporter", "--once"), ("simulator", "scenarios")],
    ids="-".join,
)
def test_an_output_that_is_full_is_one_line(command: tuple[str, str], buffered: str) -> None:
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [sys.executable, "-m", *command],
            check=False,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=240,
            env={**os.environ, "PYTHONUNBUFFERED": buffered},
        )
    program = "ecotrack" if command[0] == "exporter" else "ecochain"
    assert ended.stderr == f"{program}: the output cannot be written: No space left on device\n"
    assert ended.returncode == 2
