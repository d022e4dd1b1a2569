"""The Software Carbon Intensity: grams per unit of the user's own work, and no figure where one would mislead."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from prometheus.files import recording_yaml
from prometheus.recording import groups
from prometheus.sci import SCI, functional_unit, sci_groups
from tests.prometheus.test_rules import promtool

GRAMS_A_MINUTE = {"a": 0.6, "b": 1.2}
EMBODIED_A_MINUTE = 0.3


def counter(name: str, step: float, **labels: str) -> dict[str, str]:
    told = ",".join(f'{key}="{value}"' for key, value in labels.items())
    return {"series": f"{name}{{{told}}}", "values": f"0+{step}x180"}


def machine(instance: str, *, electricity: bool = True, embodied: bool = True) -> list[dict[str, str]]:
    labels = {"job": "ecotrack", "instance": instance}
    found = []
    if electricity:
        name, step = "ecotrack_emissions_grams_total", GRAMS_A_MINUTE[instance]
        found.append(counter(name, step, **labels, component="cpu", scope="host"))
    if embodied:
        found.append(counter("ecotrack_embodied_emissions_grams_total", EMBODIED_A_MINUTE, **labels))
    return found


def evaluated(folder: Path, unit: str, series: list[dict[str, str]], value: float | None) -> None:
    """See with promtool that the score of a unit is `value` after three hours, or that there is none."""
    (folder / "rules.yml").write_text(recording_yaml((*groups(), *sci_groups([functional_unit(unit)]))))
    samples: list[dict[str, Any]] = [] if value is None else [{"labels": '{unit="requests"}', "value": value}]
    test = {
        "rule_files": ["rules.yml"],
        "evaluation_interval": "1m",
        "group_eval_order": [group.name for group in (*groups(), *sci_groups([functional_unit(unit)]))],
        "tests": [
            {
                "interval": "1m",
                "input_series": series,
                "promql_expr_test": [
                    {"expr": f"round(sum by (unit) ({SCI}), 1e-6)", "eval_time": "3h", "exp_samples": samples}
                ],
            }
        ],
    }
    (folder / "sci.test.yml").write_text(yaml.safe_dump(test))
    done = promtool("test", "rules", folder / "sci.test.yml")
    assert done.returncode == 0, done.stdout + done.stderr


REQUESTS = 'requests=http_requests_total{job="shop"}'
WORK = counter("http_requests_total", 60, job="shop", instance="shop:80")
OTHERS = counter("http_requests_total", 999, job="blog", instance="blog:80")


@pytest.mark.servers
@pytest.mark.parametrize(
    ("unit", "series", "value"),
    [
        (REQUESTS, [*machine("a"), WORK, OTHERS], 0.015),
        (REQUESTS, [*machine("a"), *machine("b"), WORK], 0.04),
        (f'{REQUESTS}@instance="a"', [*machine("a"), *machine("b", embodied=False), WORK], 0.015),
        (REQUESTS, [*machine("a"), {**WORK, "values": "7x180"}], None),
        (REQUESTS, machine("a"), None),
        (REQUESTS, [*machine("a", embodied=False), WORK], None),
        (REQUESTS, [*machine("a"), *machine("b", embodied=False), WORK], None),
        (REQUESTS, [*machine("a"), *machine("b", electricity=False), WORK], None),
        (REQUESTS, [*machine("a"), *machine("b", embodied=False), *machine("c", electricity=False), WORK], None),
        (
            REQUESTS,
            [*machine("a"), WORK, counter("ecotrack_discarded_readings_total", 1, instance="a", source="grid")],
            None,
        ),
    ],
    ids=[
        "of one counter",
        "of two machines",
        "of the machine that is named",
        "no work",
        "no counter",
        "no embodied share",
        "one machine without",
        "one machine with nothing else",
        "one machine without, and one with nothing else",
        "grams unknown",
    ],
)
def test_the_score_is_grams_per_unit_and_missing_where_a_part_is(
    tmp_path: Path, unit: str, series: list[dict[str, str]], value: float | None
) -> None:
    evaluated(tmp_path, unit, series, value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "requests",
        "=x",
        "Requests=x",
        "requests=",
        "requests=rate(x[5m])",
        "a=b{c}}",
        'a=b{c="d"}@',
        'a=b@c="',
        "a=b@c",
        'a=b{c="\\"}',
    ],
)
def test_what_is_no_unit_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected NAME=COUNTER"):
        functional_unit(text)


def test_what_is_a_unit_is_taken_apart() -> None:
    unit = functional_unit('pages=a:b{c="d",e!~"f@g"}@job="x",instance=~"y.*"')
    assert (unit.name, unit.counter, unit.machines) == ("pages", 'a:b{c="d",e!~"f@g"}', 'job="x",instance=~"y.*"')


def test_without_a_unit_there_are_no_rules() -> None:
    assert sci_groups([]) == ()
