"""Numbers in YAML are what people mean by them, and no file can hang or end its reader, or flood the terminal."""

import math
import random
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.cli import main as ecotrack
from exporter.config import load_config
from exporter.core.config import MOST_MISTAKES, ConfigError
from exporter.core.web.web_config import load_web_config
from exporter.core.yaml_file import MOST_BYTES, load_yaml
from simulator.cli import main as ecochain
from simulator.scenario.load import load_scenario
from simulator.scenario.schema import Scenario

NODE = "nodes: [{name: pi, device: raspberry-pi-4}]\n"
CLASSES = "workload: {classes: [{name: a, model: cnn, work_seconds: 1, share: 1, deadline_seconds: 10}]}\n"
SCENARIO = NODE + CLASSES


def value_of(folder: Path, text: str) -> Any:
    """Return what a plain scalar is read as."""
    file = folder / "one.yml"
    file.write_bytes(f"value: {text}\n".encode())
    return load_yaml(file)["value"]


@given(number=st.integers(-(10**30), 10**30))
def test_every_whole_number_is_that_number(number: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    for text in (str(number), f"{number:+d}"):
        assert value_of(tmp_path_factory.getbasetemp(), text) == number


@given(number=st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_as_programs_write_it_is_that_number(
    number: float, tmp_path_factory: pytest.TempPathFactory
) -> None:
    for text in (str(number), f"{number:e}", f"{number:.3E}"):
        assert value_of(tmp_path_factory.getbasetemp(), text) == float(text)


@given(text=st.from_regex(r"[-+]?[0-9_.:xobeEaF+-]{1,12}", fullmatch=True))
def test_what_is_read_as_a_number_is_its_decimal_reading(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever else YAML 1.1 or 1.2 takes for a number stays a text, which no key for a number allows."""
    try:
        value = value_of(tmp_path_factory.getbasetemp(), text)
    except ConfigError:
        return
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        assert value == float(Decimal(text))
        assert "_" not in text
        assert not text.lstrip("+-").startswith(("00", "01", "02", "03", "04", "05", "06", "07", "08", "09"))


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("010", '"010"; write 10'),
        ("0x1F", '"0x1F"; write 31'),
        ("0o17", '"0o17"; write 15'),
        ("0b11", '"0b11"; write 3'),
        ("1:30", '"1:30"; write 90'),
        ("-1:00:00", '"-1:00:00"; write -3600'),
        ("1_000", '"1_000"; write 1000'),
        ("1_000.5", '"1_000.5"; write 1000.5'),
        ("-08", '"-08"; write -8'),
        ('"50"', '"50"; write it without quotes'),
        ("0x", '"0x"'),
        ("0xyz", '"0xyz"'),
        ("1_0_x", '"1_0_x"'),
        ("fifty", '"fifty"'),
        ("0x" + "F" * 5000, f'"0x{"F" * 78}..."'),
        ("1" + ":00" * 3000, f'"1{":00" * 26}:..."'),
    ],
)
def test_other_notations_are_refused_with_how_to_write_the_number(tmp_path: Path, text: str, advice: str) -> None:
    config, scenario = tmp_path / "ecotrack.yml", tmp_path / "scenario.yaml"
    config.write_text(f"power: {{idle_watts: 1, full_watts: {text}}}\n")
    scenario.write_text(f"{SCENARIO}run: {{days: {text}}}\nsite: {{latitude: 1, longitude: {text}}}\n")
    with pytest.raises(ConfigError) as caught:
        load_config(config)
    assert caught.value.mistakes == [f"{config}: power.full_watts: expected a number > 0 and <= 100,000, got {advice}"]
    with pytest.raises(ConfigError) as caught:
        load_scenario(str(scenario))
    assert [mistake.partition("got ")[2] for mistake in caught.value.mistakes] == [advice, advice]


@pytest.mark.parametrize("days", ["3", "+3", "3e0", "3E+0", "30e-1"])
def test_a_number_with_an_exponent_is_a_whole_one_where_it_is_whole(tmp_path: Path, days: str) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(
        f"{SCENARIO}run: {{days: {days}}}\nsite: {{latitude: 1e1, longitude: -1e-1, altitude_metres: 1e3}}\n"
    )
    scenario = load_scenario(str(file))
    assert isinstance(scenario, Scenario)
    assert (scenario.run.days, scenario.site.altitude_metres, scenario.site.longitude) == (3, 1000.0, -0.1)


NINE = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{one}: &{one} [{', '.join(9 * [f'*{before}'])}]\n" for before, one in zip("abcdefghi", "bcdefghij", strict=True)
)
"""Nine levels of nine aliases: 3,500 million values."""

MERGED = "a: &a {x: 1}\n" + "".join(
    f"{one}: &{one}\n  <<: [{', '.join(9 * [f'*{before}'])}]\n"
    for before, one in zip("abcdefghi", "bcdefghij", strict=True)
)

DEEP = "power: &a0 [1]\n" + "".join(
    f"a{number}: &a{number} {'[' * 40}*a{number - 1}{']' * 40}\n" for number in range(1, 40)
)
"""Aliases within one another, each forty levels deeper than the one before: deeper than Python's stack."""

HOSTILE = {
    "hexadecimal": "power: {idle_watts: 0x" + "F" * 5000 + ", full_watts: 1}",
    "digits": "power: {idle_watts: " + "9" * 5000 + ", full_watts: 1}",
    "tagged digits": "power: {idle_watts: !!int 0x" + "F" * 5000 + "}",
    "sexagesimal": "power: {idle_watts: 1" + ":59" * 3000 + ", full_watts: 1}",
    "tagged sexagesimal": "nodes: !!int 1" + ":59" * 3000,
    "aliases": NINE,
    "merged aliases": MERGED,
    "nested aliases": DEEP,
    "chained merges": "a0: &a0 {x: 1}\n" + "".join(f"a{one}: &a{one} {{<<: *a{one - 1}}}\n" for one in range(1, 2000)),
    "an alias in the middle": "power: &a\n  - *a\n",
    "control characters": 'power: "\\e[31m\\x9b2J\\a\\u202egnp.exe\\u2066\\ufeff\\0"\nnodes: "\\e[2J"\n',
    "bidirectional key": "\u202epower: 1\nnodes\u2067: 2\n",
    "long text": "preset: " + "x" * 100_000 + "\nnodes: " + "x" * 100_000,
    "long keys": "".join("k" * 1000 + f"{number}: 1\n" for number in range(1000)),
    "long zone": "grid: {zone: " + "x" * 1_000_000 + "}\nscheduler: {policy: " + "x" * 1_000_000 + "}",
    "nesting": "[" * 1_000_000,
    "nested mappings": "a: " + "{a: " * 100_000,
    "nested lists": "- " * 100_000,
    "nested keys": "? " * 100_000,
    "indentation": "\n".join(" " * level + "a:" for level in range(2000)),
    "many values": "nodes: [" + "1, " * 120_000 + "]",
    "many nodes alike": SCENARIO.replace(
        "[{name: pi", "[" + "{name: pi, device: raspberry-pi-4}, " * 18_000 + "{name: pi"
    ),
    "a tag": "power: !" + "x" * 100_000 + " 1",
    "an anchor": "power: &" + "x" * 100_000 + " 1",
    "a comment": "# " + "x" * 10_000_000,
    "comments": "# x\n" * 2_500_000,
    "no end": 'power: "' + "x" * 5_000_000,
    "binary": "power: !!binary " + "QUFB" * 100_000,
    "set": "power: !!set {a, b}\nnodes: !!set {a}\n",
    "pairs": "power: !!omap [a: 1]\nnodes: !!pairs [a: 1]\nbasic_auth_users: !!pairs [a: b]\n",
    "dates": "power: 2026-01-01\nnodes: 2026-01-01 10:00:00\n2026-01-01: 3\n",
    "tail": SCENARIO + "\0",
}


def load_ecotrack(file: Path) -> object:
    return load_config(file)


def load_ecochain(file: Path) -> object:
    return load_scenario(str(file))


LOADERS: list[Callable[[Path], object]] = [load_ecotrack, load_ecochain, load_web_config]


def assert_is_good_or_told(load: Callable[[Path], object], file: Path) -> None:
    """Fail unless a file is loaded or refused in lines that fit a screen and change nothing on it."""
    try:
        load(file)
    except ConfigError as error:
        assert error.mistakes
        assert len(error.mistakes) <= MOST_MISTAKES + 1
        for mistake in error.mistakes:
            assert mistake.isprintable()
            assert len(mistake) <= 490


@pytest.mark.parametrize("load", LOADERS)
@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_no_file_hangs_or_floods(tmp_path: Path, content: str, load: Callable[[Path], object]) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(content, encoding="utf-8")
    assert_is_good_or_told(load, file)


SHORT = [
    *(content for content in HOSTILE.values() if len(content) < 20_000),
    SCENARIO,
    "budget: {day_grams: 150, time_zone: Europe/Paris}\ngrid: {zone: NO}\nmeter: {kind: shelly, url: 'http://a'}\n",
    "grid: {live: {provider: json, url: 'http://h', path: a.b}, daily_profile: [1, 2]}\nnetwork: {include: [eth0]}\n",
    "tls_server_config: {cert_file: a, key_file: b, min_version: TLS12}\nbasic_auth_users: {alice: $2y$10$x}\n",
    "http_server_config: {headers: {X-Frame-Options: DENY}, http2: true}\n",
    "sites: [{name: a, latitude: 1, longitude: 2, utc_offset_hours: 1e0}]\nscheduler: {policy: joint, weights: {}}\n",
]
PIECES = [
    "0x",
    "1:",
    "_",
    "e3",
    "&a ",
    "*a",
    "<<: ",
    "!!int ",
    "{",
    "}",
    "[",
    "]",
    "? ",
    ": ",
    "- ",
    "\n",
    '"',
    "\\u202e",
]
PIECES += [
    "\x00",
    "\x1b",
    "\u202e",
    "\ufeff",
    "\ud800",
    "#",
    "|",
    ">",
    "NO",
    "~",
    ".nan",
    "9" * 400,
    "%",
    "---\n",
    "...\n",
]


def damaged(random: random.Random) -> str:
    """Return a short text with pieces of others in it, and without pieces of its own."""
    text = random.choice(SHORT)
    for _ in range(random.randint(1, 6)):
        start = random.randrange(len(text) + 1)
        end = min(len(text), start + random.choice([0, 0, 1, 5, 40]))
        other = random.choice(SHORT)
        cut = random.randrange(len(other))
        text = text[:start] + random.choice([random.choice(PIECES), other[cut : cut + 30], ""]) + text[end:]
    return text


@pytest.mark.parametrize("load", LOADERS)
def test_no_damage_to_a_file_ends_its_reader(tmp_path: Path, load: Callable[[Path], object]) -> None:
    draw, file = random.Random(15), tmp_path / "mine.yaml"  # noqa: S311 - what to damage
    for _ in range(400):
        file.write_text(damaged(draw), encoding="utf-8", errors="surrogatepass")
        assert_is_good_or_told(load, file)


@pytest.mark.parametrize(
    ("command", "flag"), [(ecotrack, "--config.file={}"), (ecochain, "--scenario={}")], ids=["ecotrack", "ecochain"]
)
def test_both_programs_say_so_in_short_lines(
    tmp_path: Path, command: Callable[[list[str]], int], flag: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mine.yaml"
    begin = ["serve"] if command is ecochain else []
    for content in ("control characters", "aliases", "hexadecimal", "long keys"):
        file.write_text(HOSTILE[content], encoding="utf-8")
        assert command([*begin, flag.format(file), "--config.check"]) == 2
        told = capsys.readouterr().err.splitlines()
        assert told
        assert all(line.isprintable() and len(line) <= 500 for line in told)


@pytest.mark.parametrize("levels", [24, 25])
def test_an_alias_is_as_deep_as_what_it_stands_for(tmp_path: Path, levels: int) -> None:
    """A mapping and its value are two levels, and those of the list are there twice."""
    file = tmp_path / "mine.yaml"
    begins, ends = "[" * levels, "]" * levels
    file.write_text(f"first: &a {begins}1{ends}\nvalue: {begins}*a{ends}\n")
    if levels == 24:
        assert load_yaml(file)["value"] is not None
    else:
        with pytest.raises(ConfigError, match=r"mine\.yaml:2: is not valid YAML: expected at most 50 levels"):
            load_yaml(file)


def test_a_large_file_is_refused_by_its_size(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_bytes(b"#" * (MOST_BYTES + 1))
    with pytest.raises(ConfigError, match=r"mine\.yaml: cannot be read: expected at most 16,777,216 bytes"):
        load_yaml(file)


def test_where_libyaml_is_missing_files_are_read_as_well(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("power: &a {idle_watts: 1e1, full_watts: 2e1}\ngrid: {zone: SE}\n")
    bad = tmp_path / "bad.yaml"
    bad.write_text("power: " + "[" * 1000)
    code = (
        "import sys; sys.modules['yaml._yaml'] = None\n"
        "import pathlib, exporter.config as c, exporter.core.config as e\n"
        "print(c.load_config(pathlib.Path(sys.argv[1])).power.full_watts)\n"
        "try: c.load_config(pathlib.Path(sys.argv[2]))\n"
        "except e.ConfigError as error: print(error)\n"
    )
    argv = [sys.executable, "-c", code, str(file), str(bad)]
    ended = subprocess.run(argv, capture_output=True, text=True, timeout=240, check=False)
    assert ended.stderr == ""
    assert ended.stdout == f"20.0\n{bad}:1: is not valid YAML: expected at most 50 levels\n"
