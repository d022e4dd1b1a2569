"""Every mistake in a configuration is one line with the file, the key and what was expected."""

import pickle
from datetime import date
from pathlib import Path
from typing import Annotated

import pytest
from msgspec import Meta, Struct, inspect

from exporter.budget import Period
from exporter.build import budget_limits, emission_limit, host_model, meter_settings, nic_rule
from exporter.config import Config, load_config
from exporter.core.config import ConfigError, convert, describe_type
from exporter.power.hardware import Hardware
from exporter.sources.meter import MeterKind, MeterSettings
from exporter.sources.nics import NicRule
from exporter.sources.time_zone import time_zone

SECTIONS = (
    "preset, sampling, power, meter, network, grid, activity, budget, "
    "embodied, equivalents, ecoguard, journal, optimize, attribution, attestation"
)


def mistakes(folder: Path, content: str | bytes) -> list[str]:
    """Return the lines that name the mistakes of a file, without its path."""
    file = folder / "ecotrack.yml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ConfigError) as caught:
        load_config(file)
    lines = str(caught.value).split("\n")
    assert lines == caught.value.mistakes
    assert all(line.startswith(str(file)) for line in lines)
    return [line.removeprefix(str(file)).removeprefix(": ") for line in lines]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (
            "power: {idle_watts: fifty, full_watts: 90}",
            'power.idle_watts: expected a number >= 0 and <= 100,000, got "fifty"',
        ),
        (
            "power: {idle_watts: true, full_watts: 90}",
            "power.idle_watts: expected a number >= 0 and <= 100,000, got true",
        ),
        ("power: {idle_watts: -1, full_watts: 90}", "power.idle_watts: expected a number >= 0 and <= 100,000, got -1"),
        (
            "power: {idle_watts: [5], full_watts: 90}",
            "power.idle_watts: expected a number >= 0 and <= 100,000, got a list",
        ),
        ("power: {idle_watts: .nan, full_watts: 1}", "power.idle_watts: expected a finite number, got nan"),
        ("power: {idle_watts: 1, full_watts: .inf}", "power.full_watts: expected a finite number, got inf"),
        ("network: {include: [-.inf]}", "network.include[0]: expected a finite number, got -inf"),
        (
            "sampling: {interval_seconds: 0.5}",
            "sampling.interval_seconds: expected a number >= 1 and <= 3,600, got 0.5",
        ),
        ("sampling: {interval_seconds: 0}", "sampling.interval_seconds: expected a number >= 1 and <= 3,600, got 0"),
        (
            "attribution: {by: groups, groups: {a: [b], c: [d, null]}}",
            "attribution.groups.c[1]: expected text, got nothing",
        ),
        ("attribution: {by: groups, groups: {a: nginx}}", 'attribution.groups.a: expected a list, got "nginx"'),
        ("attribution: {by: groups, groups: {a: }}", "attribution.groups.a: expected a list, got nothing"),
        (
            "attribution: {by: groups, groups: {a: [b], c: []}}",
            "attribution.groups.c: expected a list of patterns, none of them empty",
        ),
        (
            "attribution: {by: groups, groups: {a: [b, '']}}",
            "attribution.groups.a: expected a list of patterns, none of them empty",
        ),
        ("attribution: {by: groups, groups: {' ': [b]}}", "attribution.groups: expected a name for each group"),
        (
            "attribution: {by: groups, groups: {1: [b]}}",
            "attribution.groups: expected a mapping, got the key 1, which is not text; quote it",
        ),
        ("meter: {kind: shelly}", "meter: expected url with kind shelly, such as url: http://10.0.0.5"),
        ("meter: {url: 'http://10.0.0.5'}", "meter: expected no url without kind"),
        ("meter: {kind: file, file: /run/watts, query: watts}", "meter: expected no query with kind file"),
        (
            "meter: {kind: prometheus, url: 'http://h'}",
            "meter: expected query with kind prometheus, such as query: max(plug_power_watts)",
        ),
        *(
            (
                f"meter: {{kind: shelly, url: '{url}'}}",
                "meter.url: expected http://HOST or https://HOST, with a port or path, and no user or password",
            )
            for url in (
                "10.0.0.5",
                "http://me:secret@h",
                "http://h:99999",
                "ftp://h",
                "http://",
                "http://h/?a=b",
                "http://a b",
            )
        ),
        ("budget: {day_grams: 0}", "budget.day_grams: expected a number > 0 and <= 1,000,000,000, got 0"),
        ("network: {include: eth0}", 'network.include: expected a list, got "eth0"'),
        ("network: {include: [eth0, 1]}", "network.include[1]: expected text, got 1; quote it"),
        ("network: {include: [eth0, null]}", "network.include[1]: expected text, got nothing"),
        ("grid: {preset: mars}", 'grid.preset: expected one of cep, ecotrack, got "mars"'),
        ("preset: mars", 'preset: expected one of cep, ecotrack, got "mars"'),
        ("preset: EcoTrak", 'preset: expected one of cep, ecotrack, got "EcoTrak"; did you mean ecotrack?'),
        ("power: 5", "power: expected a mapping, got 5"),
        ("power: [idle_watts]", "power: expected a mapping, got a list"),
        ("power: {1: 2}", "power: expected a mapping, got the key 1, which is not text; quote it"),
        (
            "power: {on: 2}",
            "power: expected a mapping, got the key true, which is not text; quote it, since YAML takes yes and on "
            "for true",
        ),
        (
            "grid: {zone: NO}",
            "grid.zone: expected text of at least 1 and at most 64 characters, got false; quote it, since YAML takes "
            "NO and off for false",
        ),
        (
            "network: {include: [no]}",
            "network.include[0]: expected text, got false; quote it, since YAML takes NO and off for false",
        ),
        ("powr: {idle_watts: 5}", f"powr: unknown key; known here: {SECTIONS}; did you mean power?"),
        ("powr:", f"powr: unknown key; known here: {SECTIONS}; did you mean power?"),
        ("5: {idle_watts: 5}", f"5: unknown key; known here: {SECTIONS}"),
        (
            "power: {idle: 5}",
            "power.idle: unknown key; known here: preset, machine, tdp_watts, pue, idle_watts, full_watts; "
            "did you mean idle_watts?",
        ),
        (
            "power: {idle_watts: 5}",
            "power: expected idle_watts and full_watts together, full_watts is missing",
        ),
        (
            "power: {full_watts: 5}",
            "power: expected idle_watts and full_watts together, idle_watts is missing",
        ),
        ("power: {idle_watts: 5, full_watts: 4}", "power: expected full_watts >= idle_watts, got 4 < 5"),
        (
            "power: {preset: aws, idle_watts: 5, full_watts: 6}",
            "power: expected either a preset or idle_watts and full_watts, got both",
        ),
        ("network: {preset: cep, kwh_per_gb: 1}", "network: expected either a preset or kwh_per_gb, got both"),
        ("network: {model: power, preset: cep}", "network: expected no preset with model: power"),
        ("network: {model: power, kwh_per_gb: 1}", "network: expected no kwh_per_gb with model: power"),
        ("network: {line: fixed}", "network: expected no line with model: volume"),
        ("network: {line_watts: 1, watts_per_mbit: 0}", "network: expected no line_watts with model: volume"),
        (
            "network: {model: power, line_watts: 1}",
            "network: expected line_watts and watts_per_mbit together, watts_per_mbit is missing",
        ),
        (
            "network: {model: power, line: fixed, line_watts: 1, watts_per_mbit: 0}",
            "network: expected either a line or line_watts and watts_per_mbit, got both",
        ),
        (
            "grid: {preset: cep, intensity_grams_per_kwh: 1}",
            "grid: expected one of preset, intensity_grams_per_kwh, got 2",
        ),
        (
            "grid: {live: {provider: uk}}",
            "grid.live: expected zone with provider uk, such as zone: GB",
        ),
        (
            "grid: {live: {provider: json, url: 'http://h'}}",
            "grid.live: expected path with provider json, such as path: data.0.intensity",
        ),
        (
            "grid: {zone: FR, preset: cep}",
            "grid: expected either a preset or a zone, got both: presets are world averages",
        ),
        (
            "grid: {zone: Frankreich}",
            'grid.zone: expected the two letters of a country, got "Frankreich"; the nearest are '
            "FR (France), BN (Brunei), RO (Romania)",
        ),
        (
            f"grid: {{zone: FR, daily_profile: {[0] * 24}}}",
            "grid.daily_profile: expected a number above 0 among the 24",
        ),
        *(
            (
                f"budget: {{time_zone: {zone}}}",
                f'budget.time_zone: expected an IANA name such as "Europe/Paris", or "local", got "{zone}"',
            )
            for zone in ("Mars/Olympus", "../../etc/passwd", "Europe")
        ),
    ],
)
def test_a_wrong_value_is_told_with_its_path(tmp_path: Path, content: str, told: str) -> None:
    assert mistakes(tmp_path, content) == [told]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("power: {idle_watts: 1, idle_watts: 2}", ":1: is not valid YAML: the key 'idle_watts' appears twice"),
        ("power:\n  preset: cep\npower:\n  preset: aws\n", ":3: is not valid YAML: the key 'power' appears twice"),
        ("power: [", ":2: is not valid YAML: did not find expected node content"),
        ("a: b: c", ":1: is not valid YAML: mapping values are not allowed in this context"),
        ("? [power, grid]\n: 1", ":1: is not valid YAML: expected text as a key, got a sequence"),
        ("power: 2026-99-99", ":1: is not valid YAML: month must be in 1..12: 2026-99-99"),
        ("grid:\n  zone: 2025-02-30", ":2: is not valid YAML: day is out of range for month: 2025-02-30"),
        ("power: !!int five", ":1: is not valid YAML: expected a number, got five"),
        ("power: !!int 0x1F", ":1: is not valid YAML: expected a number, got 0x1F; write 31"),
        ("power: !!bool 5", "is not valid YAML: '5'"),
        ('grid: {zone: "\\ud800"}', ":1: is not valid YAML: found invalid Unicode character escape code"),
        ("- power", "expected a mapping of sections, got a list"),
        ("power", 'expected a mapping of sections, got "power"'),
        ("power: &power {idle_watts: *power}", ":1: is not valid YAML: an alias stands for what contains it"),
        (b"power: \xff", "is not UTF-8 text"),
    ],
)
def test_a_file_that_is_no_configuration_is_told_with_its_line(tmp_path: Path, content: str | bytes, told: str) -> None:
    assert mistakes(tmp_path, content) == [told]


def test_every_mistake_within_a_section_is_told_at_once(tmp_path: Path) -> None:
    content = "power: {idle_watts: -1, full_watts: many, watts: 5}\nnetwork: {include: [1, eth0, 2], preset: mars}\n"
    assert mistakes(tmp_path, content) == [
        "power.idle_watts: expected a number >= 0 and <= 100,000, got -1",
        'power.full_watts: expected a number > 0 and <= 100,000, got "many"',
        "power.watts: unknown key; known here: preset, machine, tdp_watts, pue, idle_watts, full_watts; "
        "did you mean tdp_watts?",
        "network.include[0]: expected text, got 1; quote it",
        "network.include[2]: expected text, got 2; quote it",
        'network.preset: expected one of carbon-trust-fixed, carbon-trust-mobile, cep, ecotrack, swd-v4, got "mars"',
    ]


def test_mistakes_are_told_at_every_depth() -> None:
    class Leaf(Struct, forbid_unknown_fields=True):
        watts: Annotated[float, Meta(gt=0)]
        name: Annotated[str, Meta(min_length=1)]

    class Branch(Struct, forbid_unknown_fields=True):
        leaves: tuple[Leaf, ...]
        first: Annotated[Leaf, Meta(description="of all")] | None = None

    class Tree(Struct):
        branch: Branch

    leaves = [{"watts": 1, "name": "good"}, {"watts": 0, "nam": "x"}, 5]
    with pytest.raises(ConfigError) as caught:
        convert({"branch": {"leaves": leaves, "first": {"watts": "x", "name": ""}}}, Tree, origin="mine.yml")
    assert caught.value.mistakes == [
        "mine.yml: branch.leaves[1].watts: expected a number > 0, got 0",
        "mine.yml: branch.leaves[1].nam: unknown key; known here: watts, name; did you mean name?",
        "mine.yml: branch.leaves[1].name: expected text of at least 1 characters, got nothing",
        "mine.yml: branch.leaves[2]: expected a mapping, got 5",
        'mine.yml: branch.first.watts: expected a number > 0, got "x"',
        'mine.yml: branch.first.name: expected text of at least 1 characters, got ""',
    ]


def test_yaml_cannot_run_anything(tmp_path: Path) -> None:
    (told,) = mistakes(tmp_path, f"power: !!python/object/apply:os.mkdir ['{tmp_path}/made']")
    assert "could not determine a constructor" in told
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    "content",
    [
        'power: {idle_watts: "one\\ntwo\\u2028\\0", full_watts: 1}',
        'power: {"one\\ntwo": 1}',
        '"one\\ntwo": 1',
        'budget: {time_zone: "one\\ntwo"}',
    ],
)
def test_what_a_line_quotes_does_not_break_it(tmp_path: Path, content: str) -> None:
    (told,) = mistakes(tmp_path, content)
    assert told.isprintable()
    assert r"one\ntwo" in told


@pytest.mark.parametrize(
    "content", ["[" * 5000, "power: " + "9" * 400, "\x00", "a: \ud800".encode("utf-8", "surrogatepass")]
)
def test_absurd_files_are_one_line_too(tmp_path: Path, content: str | bytes) -> None:
    assert len(mistakes(tmp_path, content)) == 1


def test_every_bad_section_is_told_at_once(tmp_path: Path) -> None:
    content = "power: {idle: 1}\ncolour: red\ngrid: {preset: mars}\nsampling: {interval_seconds: 5}\n"
    content += "budget: {week_grams: -1}\n"
    assert {line.split(":")[0] for line in mistakes(tmp_path, content)} == {
        "colour",
        "power.idle",
        "grid.preset",
        "budget.week_grams",
    }


@pytest.mark.parametrize(("name", "reason"), [("none.yml", "No such file or directory"), (".", "Is a directory")])
def test_a_file_that_cannot_be_read_says_why(tmp_path: Path, name: str, reason: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path / name)
    assert str(caught.value) == f"{tmp_path / name}: cannot be read: {reason}"


@pytest.mark.parametrize(
    "content", ["", "# nothing\n", "power:\nbudget:\n", "preset:\n", "{}", "power: {preset: null}"], ids=repr
)
def test_what_is_left_out_is_the_default(tmp_path: Path, content: str) -> None:
    file = tmp_path / "ecotrack.yml"
    file.write_text(content)
    assert load_config(file) == load_config(None) == Config()


def test_everything_set_is_in_force(tmp_path: Path) -> None:
    file = tmp_path / "ecotrack.yml"
    file.write_text(
        "preset: cep\n"
        "sampling: {interval_seconds: 1, connections_interval_seconds: 60}\n"
        "power: &power {idle_watts: 3, full_watts: 30.5}\n"
        "network: {kwh_per_gb: 0.01, include: [wl*], exclude: []}\n"
        "grid: {intensity_grams_per_kwh: 56, zone: FR}\n"
        "budget: {day_grams: 100, month_grams: 2500, time_zone: Europe/Berlin}\n"
        "ecoguard: {limit_grams_per_minute: 3}\n"
    )
    config = load_config(file)
    assert (config.sampling.interval_seconds, config.sampling.connections_interval_seconds) == (1.0, 60.0)
    host = host_model(config.power, Hardware())
    assert (host.idle, host.full) == (3.0, 30.5)
    assert nic_rule(config.network) == NicRule(include=("wl*",), exclude=())
    assert budget_limits(config.budget) == {Period.DAY: 100.0, Period.MONTH: 2500.0}
    assert time_zone(config.budget.time_zone).key == "Europe/Berlin"
    assert emission_limit(config.ecoguard) == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (bool, "true or false"),
        (date, "a date such as 2026-03-20"),
        (Annotated[str, Meta(max_length=9, pattern="^[a-z]+$")], "text of at most 9 characters that match ^[a-z]+$"),
        (tuple[int, ...], "a list"),
    ],
)
def test_what_a_value_has_to_be_is_told_in_words(kind: type, said: str) -> None:
    assert describe_type(inspect.type_info(kind)) == said


def test_an_error_keeps_its_mistakes_between_processes() -> None:
    error = pickle.loads(pickle.dumps(ConfigError(["one", "two"])))  # noqa: S301 - our own bytes
    assert error.mistakes == ["one", "two"]


def test_a_required_key_that_is_absent_is_named() -> None:
    class Section(Struct):
        watts: Annotated[float, Meta(gt=0)]

    class Whole(Struct):
        power: Section

    with pytest.raises(ConfigError) as caught:
        convert({"power": {}}, Whole, origin="mine.yml")
    assert caught.value.mistakes == ["mine.yml: power.watts: expected a number > 0, got nothing"]


def test_a_meter_is_made_of_its_section(tmp_path: Path) -> None:
    file = tmp_path / "ecotrack.yml"
    file.write_text("meter: {kind: tasmota, url: 'http://plug:80/below', channel: 1, password_file: /run/secret}")
    assert meter_settings(load_config(file).meter) == MeterSettings(
        kind=MeterKind.TASMOTA, place="http://plug:80/below", channel=1, password_file=Path("/run/secret")
    )
    assert meter_settings(Config().meter) is None
