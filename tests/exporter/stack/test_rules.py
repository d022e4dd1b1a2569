"""`ecotrack rules`: the committed rules without flags, and rules that hold for another job, Grafana and machine."""

import json
import re
import shutil
from argparse import ArgumentTypeError
from dataclasses import replace
from pathlib import Path
from typing import Any

import promql_parser as promql
import pytest
import requests
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from exporter.cli import main
from exporter.stack import flags
from prometheus.alert import Links
from prometheus.files import alert_groups, simulator_alert_groups
from prometheus.jobs import Jobs, of_jobs
from tests.processes import running_prometheus, until
from tests.prometheus.test_rules import TEST_FILES, promtool, selectors

ROOT = Path(__file__).parents[3]
COMMITTED = {path.name: path.read_text() for path in (ROOT / "prometheus/rules").glob("*.yml")}

ODD_JOB = r'node "a\b" {{ $value }} $job .*|`'
"""Name of a job with all that PromQL, YAML and templates give a meaning to."""

TEXT = st.text(max_size=flags.LONGEST)
JOBS = st.text(st.characters(exclude_categories=("C", "Z")) | st.just(" "), min_size=1, max_size=50)


def written(folder: str | Path = "rules") -> dict[str, str]:
    """Return the texts of the files in a folder, those in folders below it left out."""
    return {path.name: path.read_text() for path in sorted(Path(folder).iterdir()) if path.is_file()}


def test_without_flags_the_rules_are_the_committed_ones() -> None:
    assert main(["rules", "--output", "rules"]) == 0
    assert written() == COMMITTED


def test_it_says_what_it_wrote_and_what_comes_next(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "--output", "rules", "--only", "ecotrack", "--job", "edge"]) == 0
    told = capsys.readouterr().out
    first = told.splitlines()[0]
    assert first.startswith("wrote alertmanager/alertmanager.yml alertmanager/templates/ecotrack.tmpl ecotrack-alerts")
    assert f'rule_files: ["{tmp_path}/rules/*.yml"]' in told
    assert f"{tmp_path}/rules/alertmanager has templates of messages, and an example" in told
    assert told.endswith("Scrape by the jobs that they select: edge.\n")
    assert len(told.splitlines()) == 5


def test_only_one_programs_rules_are_written() -> None:
    for program in flags.PROGRAMS:
        assert main(["rules", "--output", program, "--only", program]) == 0
        assert written(program) == {name: text for name, text in COMMITTED.items() if name.startswith(program)}


def test_links_lead_to_the_grafana_and_the_runbooks_that_are_named() -> None:
    links = ["--grafana-url=https://example.org/grafana/", "--runbook-url=https://wiki.test/runbooks"]
    assert main(["rules", "--output", "rules", *links]) == 0
    usual = Links()
    for name, text in written().items():
        moved = COMMITTED[name].replace("http://localhost:3000/d/", "https://example.org/grafana/d/")
        assert yaml.safe_load(text) == yaml.safe_load(moved.replace(usual.runbooks, "https://wiki.test/runbooks"))
    assert "https://example.org/grafana/d/ecochain-ledger/ledger-and-credits?var-" in written()["ecochain-alerts.yml"]


def test_a_configuration_leaves_out_the_burn_rates_that_its_machine_cannot_reach() -> None:
    Path("machine.yml").write_text("power: {idle_watts: 20, full_watts: 30}\nbudget: {day_grams: 1000}\n")
    assert main(["rules", "--output", "rules", "--config.file=machine.yml", "--link-megabits=1"]) == 0
    # 30 W and 1 Mbit/s at 475 g/kWh emit 27 g/h at most; the budget allows 41.7 g/h.
    assert "alert: EcotrackDailyBudgetFastBurn" in COMMITTED["ecotrack-alerts.yml"]
    assert "alert: EcotrackDailyBudgetFastBurn" not in written()["ecotrack-alerts.yml"]


def test_a_unit_of_work_gets_a_rule() -> None:
    assert main(["rules", "--output", "rules", '--sci=requests=http_requests_total{job="shop"}']) == 0
    assert "instance_unit:ecotrack_sci_grams:rate1h" in written()["ecotrack-recording.yml"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "the following arguments are required: --output"),
        (["--output=o", "--job="], "--job: expected a name of at most 200 printable characters"),
        (["--output=o", "--job=a\nb"], "--job: expected a name of at most 200 printable characters"),
        (["--output=o", "--job=\udcff"], "--job: expected a name of at most 200 printable characters"),
        (["--output=o", "--grafana-url=grafana.test"], "expected an http address"),
        (["--output=o", "--grafana-url=https://g.test/?orgId=1"], "expected an http address"),
        (["--output=o", "--grafana-url=https://"], "expected an http address"),
        (["--output=o", "--grafana-url=http://[::1/"], "expected an http address"),
        (["--output=o", "--runbook-url=https://wiki.test/{{ x }}"], "expected an http address"),
        (["--output=o", "--only=both"], "--only: invalid choice: 'both'"),
        (["--output=o", "--config.file=none.yml"], "none.yml: cannot be read"),
        (["--output=o", "--link-megabits=9"], "--link-megabits: expected --config.file beside it"),
        (["--output=o", "--link-megabits=-1"], "expected a number above 0"),
        (["--output=o", "--link-megabits=nan"], "expected a number above 0"),
        (["--output=o", "--namespace=monitoring"], "--namespace: expected --kubernetes beside it"),
        (["--output=o", "--label=a=b"], "--label: expected --kubernetes beside it"),
        (["--output=o", "--kubernetes", "--label=a=b c"], "expected KEY=VALUE"),
        (["--output=o", "--kubernetes", "--namespace=A"], 'at most 63 of a-z, 0-9 and "-"'),
        (["--output=o", "--only=ecotrack", "--simulator-job=x"], "--simulator-job: with --only ecotrack nothing is"),
        (["--output=o", "--only=ecochain", "--job=x"], "--job: with --only ecochain nothing is written"),
        (["--output=o", "--sci=a=b", "--sci=a=c"], "--sci: expected each name once"),
        (["--output=o", '--sci=a=b{c="\n"}'], "expected NAME=COUNTER"),
        (["--output=o", '--sci=a=b{c=~"("}'], "expected NAME=COUNTER"),
        (["--output=o", '--sci=a=b{c=~"(?=x)"}'], "expected NAME=COUNTER"),
        (["--output=o", '--sci=a=b{1="x"}'], "expected NAME=COUNTER"),
        (["--output=there"], "--output: there: is not empty; name another folder, or --force"),
        (["--output=there/file"], "--output: there/file: cannot be written: "),
    ],
)
def test_a_mistake_is_told_in_one_line_and_nothing_is_written(
    capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    Path("there").mkdir()
    Path("there/file").write_text("mine")
    try:
        status: object = main(["rules", *arguments])
    except SystemExit as stopped:
        status = stopped.code
    line = capsys.readouterr().err
    assert status == 2
    assert told in line
    assert line.count("\n") == 1
    assert not Path("o").exists()
    assert written("there") == {"file": "mine"}


def test_a_folder_that_is_not_empty_is_written_into_where_forced_and_keeps_what_else_it_holds() -> None:
    Path("rules").mkdir()
    Path("rules/mine.yml").write_text("groups: []\n")
    Path("rules/ecotrack-alerts.yml").write_text("old")
    assert main(["rules", "--output", "rules", "--force"]) == 0
    assert written() == COMMITTED | {"mine.yml": "groups: []\n"}
    assert main(["rules", "--output", "rules", "--force"]) == 0


def test_files_of_an_earlier_call_that_go_on_to_be_read_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    told = "Of an earlier call, and not written anew: "
    Path("teams.yml").write_text("teams: {search: {day_grams: 5}}\n")
    assert main(["rules", "--output", "rules", "--team-budgets", "teams.yml"]) == 0
    Path("rules/mine.yml").write_text("groups: []\n")
    assert main(["rules", "--output", "rules", "--team-budgets", "teams.yml", "--force"]) == 0
    assert told not in capsys.readouterr().out
    assert main(["rules", "--output", "rules", "--only", "ecotrack", "--force"]) == 0
    left = "ecochain-alerts.yml ecochain-recording.yml ecotrack-team-limits.yml"
    assert f"{told}{left}\n" in capsys.readouterr().out


def test_nothing_is_replaced_where_not_all_can_be_written() -> None:
    Path("rules").mkdir()
    Path("rules/ecotrack-alerts.yml").write_text("old")
    Path("rules/.ecotrack-recording.yml.new").mkdir()
    assert main(["rules", "--output", "rules", "--force"]) == 2
    assert Path("rules/ecotrack-alerts.yml").read_text() == "old"
    assert [path.name for path in Path("rules").glob("*.yml")] == ["ecotrack-alerts.yml"]


@given(JOBS, JOBS)
@example(ODD_JOB, 'job="ecotrack"')
@example('job="ecochain"', "\\")
def test_no_job_is_taken_for_anything_but_a_name(exporter: str, simulator: str) -> None:
    assert flags.job(exporter) == exporter
    usual = (*alert_groups(None), *simulator_alert_groups())
    names = {"ecotrack": exporter, "ecochain": simulator}
    seen = set()
    for group, found in zip(usual, of_jobs(usual, Jobs(exporter=(exporter,), simulator=(simulator,))), strict=True):
        for before, after in zip(group.alerts, found.alerts, strict=True):
            assert replace(after, expr=before.expr) == before
            wanted = [names[value] for value in jobs_in(before.expr)]
            assert jobs_in(after.expr) == wanted
            seen.update(wanted)
    assert seen == {exporter, simulator}


@pytest.mark.servers
@pytest.mark.usefixtures("generation")
def test_of_several_jobs_each_is_seen_and_a_missing_one_is_named() -> None:
    assert main(["rules", "--output=rules", "--only=ecotrack", "--job=edge", f"--job={ODD_JOB}", "--job=edge"]) == 0
    odd = json.dumps(ODD_JOB)
    series = [('up{job="edge",instance="a"}', "0x20"), (f'up{{job={odd},instance="b"}}', "0x20 stale")]
    wanted = {  # name of an alert and minute -> labels of those that fire
        ("EcotrackDown", "10m"): [{"job": "edge", "instance": "a"}, {"job": ODD_JOB, "instance": "b"}],
        ("EcotrackAbsent", "10m"): [],
        ("EcotrackAbsent", "40m"): [{"job": "edge"}, {"job": ODD_JOB}],
    }
    firing = [
        {
            "expr": f'count by (job, instance) (ALERTS{{alertname="{name}",alertstate="firing"}})',
            "eval_time": minute,
            "exp_samples": [
                {"labels": "{" + ",".join(f"{key}={json.dumps(value)}" for key, value in one.items()) + "}", "value": 1}
                for one in labels
            ],
        }
        for (name, minute), labels in wanted.items()
    ]
    case = {
        "rule_files": ["rules/ecotrack-alerts.yml"],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": name, "values": values} for name, values in series],
                "promql_expr_test": firing,
            }
        ],
    }
    Path("case.yml").write_text(yaml.safe_dump(case))
    done = promtool("test", "rules", "case.yml")
    assert done.returncode == 0, done.stdout + done.stderr


def jobs_in(expr: str) -> list[str]:
    """Return the jobs that an expression selects; only one with a job in it is parsed."""
    found = selectors(promql.parse(expr)) if "job=" in expr else ()
    return [one.value for selector in found for one in selector.matchers.matchers if one.name == "job"]


def rules_of(text: str) -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(text)["groups"] for rule in group["rules"]]


@given(TEXT | st.from_regex(r"https?://[^\s?#]{1,30}", fullmatch=True))
@example("http://a/{{.X}}")
@example("http://a/${x}")
@example('http://a/"b')
@example("http://a/`")
@example("http://a/$__x)")
@example("http://[a")
def test_an_address_is_refused_or_says_nothing_to_a_template(text: str) -> None:
    try:
        found = flags.url(text)
    except ArgumentTypeError:
        return
    assert not set(found) & set("{}$\"'`\\()<>|^*! \n?#")
    assert text.rstrip("/") == found


@pytest.mark.servers
@pytest.mark.slow
@pytest.mark.usefixtures("generation")
@pytest.mark.parametrize("path", TEST_FILES, ids=lambda path: path.name)
def test_promtool_cases_hold_for_rules_of_another_job(path: Path) -> None:
    names = {"ecotrack": ODD_JOB, "ecochain": f"{ODD_JOB} simulated"}
    arguments = [f"--job={names['ecotrack']}", f"--simulator-job={names['ecochain']}"]
    assert main(["rules", "--output", "rules", *arguments]) == 0
    Path("tests").mkdir()
    Path("tests/case.yml").write_text(_of_job(path.read_text(), names))
    done = promtool("test", "rules", "tests/case.yml")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.servers
@pytest.mark.usefixtures("generation")
def test_promtool_accepts_rules_with_every_flag() -> None:
    Path("machine.yml").write_text("power: {idle_watts: 20, full_watts: 90}\nbudget: {day_grams: 300}\n")
    changed = [f"--job={ODD_JOB}", f"--simulator-job={ODD_JOB}", "--config.file=machine.yml", "--link-megabits=1000"]
    links = ["--grafana-url=https://[::1]:3000/grafana", "--runbook-url=https://wiki.test/%7Bbooks%7D"]
    assert main(["rules", "--output", "rules", *changed, *links, '--sci=a=b{c=~"d.*"}@e!="f"']) == 0
    done = promtool("check", "rules", *sorted(Path("rules").glob("*.yml")))
    assert done.returncode == 0, done.stdout + done.stderr


def _of_job(cases: str, names: dict[str, str]) -> str:
    """Return promtool's cases with other jobs in series, labels and texts. The rest stays as it is written."""
    for usual, name in names.items():
        quoted = json.dumps(name)
        cases = cases.replace(f'job="{usual}"', f"job={quoted}")
        cases = f"job: {quoted}".join(re.split(rf"\bjob: {usual}\b", cases))
        for before, after in (("the", "exists"), ("The", "had")):
            cases = cases.replace(f"{before} job {usual} {after}", f"{before} job {name} {after}")
    return cases


@pytest.mark.servers
@pytest.mark.usefixtures("generation")
def test_another_label_of_targets_stays_on_raw_alerts_and_is_gone_from_what_is_recorded(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "prometheus/rules", tmp_path / "rules")
    rate, label = "instance:ecotrack_emissions_grams:rate5m", 'job="ecotrack",instance="laptop:1",cluster="x"'
    case = {
        "rule_files": ["rules/ecotrack-recording.yml", "rules/ecotrack-alerts.yml"],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [
                    {"series": f"up{{{label}}}", "values": "0x20"},
                    {
                        "series": f'ecotrack_emissions_grams_total{{{label},component="cpu",scope="host"}}',
                        "values": "0+60x20",
                    },
                ],
                "promql_expr_test": [
                    {
                        "expr": rate,
                        "eval_time": "15m",
                        "exp_samples": [
                            {
                                "labels": f'{rate}{{job="ecotrack",instance="laptop:1"}}',
                                "value": 1,
                            }
                        ],
                    },
                    {
                        "expr": 'count by (cluster) (ALERTS{alertname="EcotrackDown",alertstate="firing"})',
                        "eval_time": "15m",
                        "exp_samples": [{"labels": '{cluster="x"}', "value": 1}],
                    },
                ],
            }
        ],
    }
    Path("case.yml").write_text(yaml.safe_dump(case))
    done = promtool("test", "rules", "case.yml")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.servers
@pytest.mark.usefixtures("generation")
def test_a_real_prometheus_loads_them_and_finds_the_job_that_is_named(tmp_path: Path) -> None:
    assert main(["rules", "--output", "rules", f"--job={ODD_JOB}", "--grafana-url=https://g.test/grafana"]) == 0
    config = {"global": {"evaluation_interval": "1s"}, "rule_files": [f"{tmp_path}/rules/*.yml"]}
    Path("prometheus.yml").write_text(yaml.safe_dump(config))
    with running_prometheus(tmp_path / "prometheus.yml", tmp_path) as url:

        def loaded() -> list[dict[str, Any]]:
            groups = requests.get(f"{url}/api/v1/rules", timeout=120).json()["data"]["groups"]
            return [rule for group in groups for rule in group["rules"]]

        # Groups begin within their interval, of up to eight minutes; this one has a minute.
        until(lambda: any(one["name"] == "EcotrackAbsent" and one["alerts"] for one in loaded()), "an evaluation")
        found = loaded()
        (alert,) = [one["alerts"][0] for one in found if one["name"] == "EcotrackAbsent"]
    assert len(found) == sum(len(rules_of(text)) for text in COMMITTED.values())
    assert [one["lastError"] for one in found if one["health"] == "err"] == []
    assert alert["labels"]["job"] == ODD_JOB
    assert f"No target of the job {ODD_JOB} exists" in alert["annotations"]["description"]
