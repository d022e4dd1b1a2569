"""The command line, as its users type it: what it prints, what it loads, and what it says of every mistake."""

import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

import simulator
from simulator.cli import DEFAULT_SCENARIO
from simulator.experiments.plan.questions import EXPLANATIONS
from simulator.ledger.cost.cost_profile import CostProfile
from simulator.models.profile import encoded, load_profile
from tests.processes import TOOL_SECONDS, ending, first_line, free_port
from tests.simulator.simulator_process import run_once

HEAVY = {"torch", "numba", "scipy", "pandas", "pvlib", "matplotlib", "distributed", "tqdm", "prometheus_client"}

FLAGS = (
    "--scenario",
    "--config.file",
    "--config.check",
    "--speed",
    "--seed",
    "--experiments",
    "--web.listen-address",
    "--web.config.file",
    "--web.max-requests",
    "--log.level",
    "--log.format",
)

EDGE = (Path(__file__).parents[2] / "simulator/scenario/edge.yaml").read_text(encoding="utf-8")


def refuse(*arguments: str, said: str | None = None) -> str:
    """Run the command, which is to end with status 2 and one line on standard error; returns the line."""
    ended = run_once(*arguments)
    assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (2, "", 1), ended.stderr
    assert said is None or ended.stderr == said
    return ended.stderr


def test_version_and_help_name_the_program() -> None:
    version, help_ = run_once("--version"), run_once("--help")
    assert (version.returncode, version.stdout) == (0, f"ecochain {simulator.__version__}\n")
    assert help_.stdout.startswith("usage: ecochain ")
    assert all(command in help_.stdout for command in ("serve", "experiment", "scenarios", "measure-models"))
    serve = run_once("serve", "--help").stdout
    assert [flag for flag in FLAGS if flag not in serve] == []


def test_help_explains_each_experiment() -> None:
    text = run_once("experiment", "--help").stdout
    for name, told in EXPLANATIONS.items():
        assert f"  {name}" in text
        assert all(line in text for line in told)


@pytest.mark.slow
def test_the_shipped_scenarios_are_listed_and_good() -> None:
    listed = run_once("scenarios").stdout.splitlines()
    assert [line.split()[0] for line in listed] == [
        "edge",
        "edge-2025",
        "flexible",
        "grid-only",
        "published",
        "regions",
        "solar-farm",
        "windy-coast",
    ]
    subjects = [line.partition("; ")[2] for line in listed]
    assert all(subjects)
    assert len(set(subjects)) == len(subjects)
    checked = run_once("serve", "--config.check")
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, f"{DEFAULT_SCENARIO}: good\n", "")


@pytest.mark.parametrize(
    ("arguments", "heavy"),
    [
        (["--version"], HEAVY | {"numpy"}),
        (["--help"], HEAVY | {"numpy"}),
        (["experiment", "--help"], HEAVY | {"numpy"}),
        (["scenarios"], HEAVY),
    ],
)
def test_nothing_heavy_is_loaded_until_it_must(arguments: list[str], heavy: set[str]) -> None:
    code = (
        "import sys\nfrom simulator.cli import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit:\n    pass\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}), file=sys.stderr)"
    )
    argv = [sys.executable, "-c", code, *arguments]
    ended = subprocess.run(argv, capture_output=True, text=True, timeout=TOOL_SECONDS, check=True)
    assert heavy & set(ended.stderr.split()) == set()


def test_serving_loads_neither_torch_nor_what_draws() -> None:
    code = "import sys\nfrom simulator import app\nprint(*{name.partition('.')[0] for name in sys.modules})"
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=TOOL_SECONDS, check=True
    )
    assert {"torch", "matplotlib", "distributed", "pandas"} & set(ended.stdout.split()) == set()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["serve", "--speed=0"], 'argument --speed: expected a number from 0.01 to 1,000,000, or max, got "0"'),
        (["serve", "--speed=nan"], 'argument --speed: expected a number from 0.01 to 1,000,000, or max, got "nan"'),
        (["serve", "--seed=-1"], 'argument --seed: expected a whole number >= 0, got "-1"'),
        (["serve", "--web.max-requests=0"], 'argument --web.max-requests: expected a whole number >= 1, got "0"'),
        (
            ["experiment", "baseline", "--replications=1", "--output=x"],
            'argument --replications: expected a whole number >= 2, got "1"',
        ),
        (
            ["experiment", "baseline", "--replications=0", "--output=x"],
            'argument --replications: expected a whole number >= 2, got "0"',
        ),
        (["experiment", "baseline", "--output="], "argument --output: expected a path, got nothing"),
        (["serve", "--experiments="], "argument --experiments: expected a path, got nothing"),
        (["experiment", "baseline"], "the following arguments are required: --output"),
        (
            ["experiment", "baseline", "--workers=none", "--output=x"],
            'argument --workers: expected a whole number >= 1, got "none"',
        ),
    ],
)
def test_a_bad_flag_is_one_line(arguments: list[str], said: str) -> None:
    refuse(*arguments, said=f"ecochain {arguments[0]}: {said}; see --help\n")


def test_an_unknown_command_or_experiment_is_one_line_with_the_known_ones(tmp_path: Path) -> None:
    assert "invalid choice: 'fly'" in refuse("fly")
    line = refuse("experiment", "everything", f"--output={tmp_path}")
    assert all(name in line for name in EXPLANATIONS)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["--scenario=moon"],
            'expected one of the scenarios edge, edge-2025, flexible, grid-only, published, regions, solar-farm, windy-coast, or a .yaml file, got "moon"',  # noqa: E501 - one line, as users see it
        ),
        (["--scenario=published"], "published: model: expected edge to run live, got published, which has no clock"),
    ],
)
def test_a_scenario_that_cannot_run_live_is_one_line(arguments: list[str], said: str) -> None:
    refuse("serve", "--config.check", *arguments, said=f"ecochain: {said}\n")


MISTAKES = [
    ("rate_per_hour: 208", "rate_per_hour: -1", "workload.arrivals.rate_per_hour: expected a number >= 0"),
    ("device: intel-nuc", "device: abacus", "nodes[3].device: expected one of"),
    ("watt_hours: ", "watt_hours: -", "nodes[0].battery.capacity_watt_hours: expected a number"),
    ("deferrable: true", "deferrable: maybe", 'workload.classes[3].deferrable: expected true or false, got "maybe"'),
    ("name: solar-pi", "name: Solar Pi", "nodes[0].name: expected text of at least 1 and at most 40 characters that"),
    ("nodes:\n", "knots: []\nnodes:\n", "knots: unknown key; known here:"),
]


@pytest.mark.parametrize(("good", "bad", "said"), MISTAKES, ids=[bad for _, bad, _ in MISTAKES])
def test_a_bad_scenario_is_one_line_naming_file_key_and_expectation(
    tmp_path: Path, good: str, bad: str, said: str
) -> None:
    file = tmp_path / "mine.yaml"
    assert good in EDGE
    file.write_text(EDGE.replace(good, bad, 1))
    for arguments in (["serve", "--config.check"], ["experiment", "baseline", f"--output={tmp_path / 'out'}"]):
        line = refuse(*arguments, f"--scenario={file}")
        assert line.startswith(f"ecochain: {file}: {said}"), line
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("flags", [(), ("--config.check",)], ids=["served", "checked"])
def test_a_file_that_the_scenario_names_is_read_before_anything_starts(tmp_path: Path, flags: tuple[str, ...]) -> None:
    (tmp_path / "mine.yaml").write_text(f"{EDGE}weather: {{file: year.csv}}\n")
    address = f"--web.listen-address=127.0.0.1:{free_port()}"
    line = refuse("serve", "--log.level=error", address, f"--scenario={tmp_path / 'mine.yaml'}", *flags)
    assert line == f"ecochain: {tmp_path / 'year.csv'}: cannot be read: No such file or directory\n"


@pytest.mark.slow
def test_a_recording_that_is_shorter_than_a_run_is_one_line_before_anything_starts(tmp_path: Path) -> None:
    recording = Path(__file__).parent / "energy/fixtures/nasa_power.csv"
    (tmp_path / "mine.yaml").write_text(f"{EDGE}weather: {{file: {recording}}}\nrun: {{days: 5}}\n")
    flags = [f"--scenario={tmp_path / 'mine.yaml'}"]
    for command in (["serve", "--config.check"], ["experiment", "baseline", f"--output={tmp_path / 'out'}"]):
        line = refuse(*command, *flags)
        assert line.startswith("ecochain: run.days: expected weather for 5 days after 1 of warm-up: "), line
        assert f"{recording}: 2025-03-22: no weather for the whole day" in line
    assert not (tmp_path / "out").exists()


def test_too_many_nodes_to_show_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "many.yaml"
    document = msgspec.yaml.decode(EDGE)
    document["nodes"] = [{"name": f"n{number}", "device": "intel-nuc"} for number in range(201)]
    file.write_bytes(msgspec.yaml.encode(document))
    said = f"ecochain: {file}: nodes: expected at most 200 live, got 201\n"
    refuse("serve", f"--config.file={file}", "--config.check", said=said)


def test_a_bad_address_or_folder_of_results_is_one_line(tmp_path: Path) -> None:
    refuse("serve", "--web.listen-address=nowhere")
    line = refuse("serve", f"--experiments={tmp_path}", f"--web.listen-address=127.0.0.1:{free_port()}")
    assert line == f"ecochain: {tmp_path}: expected folders with a results.json, got none\n"


@pytest.mark.slow
def test_a_measurement_is_written_where_asked_and_a_bad_place_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "ledger.json"
    ended = run_once("measure-ledger", f"--output={file}")
    measured = msgspec.json.decode(file.read_bytes(), type=CostProfile)
    said = f"{file}: written, with the digest {measured.digest()}\n"
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, said, "")
    assert measured.joules_per_signature > 0
    missing = tmp_path / "no/such.json"
    said = f"ecochain: --output: {missing}: cannot be written: there is no folder {missing.parent}\n"
    for command in ("measure-ledger", "measure-models"):
        refuse(command, f"--output={missing}", said=said)
    refuse(
        "measure-ledger",
        f"--output={tmp_path}",
        said=f"ecochain: --output: {tmp_path}: cannot be written: Is a directory\n",
    )


def test_a_measurement_goes_to_the_standard_output_without_a_file() -> None:
    ended = run_once("measure-ledger")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert msgspec.json.decode(ended.stdout, type=CostProfile).joules_per_signature > 0


@pytest.mark.slow
def test_a_measurement_that_is_interrupted_ends_without_a_word_and_without_a_file(tmp_path: Path) -> None:
    file = tmp_path / "models.json"
    argv = [sys.executable, "-m", "simulator", "measure-models", f"--output={file}"]
    with ending(subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)) as process:
        first = first_line(process)
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=TOOL_SECONDS)
    assert first == "measuring mlp at fp32, int8, pruned, pruned-int8, model 1 of 5"
    # On a busy machine the next one may have begun before it was interrupted.
    assert [line for line in said.splitlines() if not line.startswith("measuring ")] == []
    assert (process.returncode, list(tmp_path.iterdir())) == (130, [])


def test_a_library_that_is_missing_is_named_with_the_way_to_get_it(tmp_path: Path) -> None:
    code = "import sys; sys.modules['torch'] = None; from simulator.cli import main; sys.exit(main(sys.argv[1:]))"
    argv = [sys.executable, "-c", code, "measure-models", f"--output={tmp_path / 'models.json'}"]
    ended = subprocess.run(argv, capture_output=True, text=True, timeout=TOOL_SECONDS, check=False)
    assert (ended.returncode, ended.stderr) == (
        2,
        "ecochain: torch is not installed: in a clone, pip install '.[measure]'\n",
    )


def test_the_shipped_profile_is_laid_out_as_the_command_writes_it() -> None:
    """So that measuring again changes figures and no more."""
    shipped = Path(__file__).parents[2] / "simulator/models/profile.json"
    assert encoded(load_profile()) == shipped.read_bytes()


def test_a_ledger_in_a_folder_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    missing = tmp_path / "nowhere" / "ledger.db"
    said = f"ecochain: --ledger: {missing}: cannot be written: there is no folder {missing.parent}\n"
    refuse("serve", f"--ledger={missing}", said=said)
    refuse("serve", f"--ledger={missing}", "--config.check", said=said)


@pytest.mark.slow
def test_a_check_leaves_no_ledger_behind(tmp_path: Path) -> None:
    ended = run_once("serve", f"--ledger={tmp_path / 'ledger.db'}", "--config.check")
    assert (ended.returncode, ended.stdout) == (0, f"{DEFAULT_SCENARIO}: good\n")
    assert list(tmp_path.iterdir()) == []
