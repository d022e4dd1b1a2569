"""`ecotrack dashboards`: the committed boards without flags, and boards that hold for another Grafana."""

import json
from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from exporter.cli import main
from exporter.stack import boards, flags
from grafana import board as generator
from grafana.lint import lint
from grafana.queries import queries
from prometheus.alert import Links
from tests.exporter.stack.test_rules import JOBS, ODD_JOB, TEXT, written
from tests.grafana.committed import FOLDER, names, paths

COMMITTED = {name: (FOLDER / name).read_text(encoding="utf-8") for name in names()}
ALL_FLAGS = (
    "--datasource=prom-eu",
    f"--job={ODD_JOB}",
    "--simulator-job=cluster",
    "--time-zone=Europe/Paris",
    "--docs-url=https://wiki.test/docs",
)


def test_without_flags_the_boards_are_the_committed_ones() -> None:
    assert main(["dashboards", "--output", "boards"]) == 0
    assert written("boards") == COMMITTED


def test_it_says_what_it_wrote_and_what_comes_next(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dashboards", "--output", "boards", "--only", "ecotrack"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("wrote ")
    assert "device-carbon.json" in told[0]
    assert f"options.path: {tmp_path}/boards" in told[2]
    assert len(told) == 4


def test_the_addresses_are_those_of_boards_and_alerts() -> None:
    assert boards.DOCUMENTS == generator.DOCUMENTS
    assert Links().runbooks == boards.RUNBOOKS


@pytest.mark.slow
def test_boards_of_another_stack_keep_every_rule_and_every_query() -> None:
    assert main(["dashboards", "--output", "boards", *ALL_FLAGS]) == 0
    assert written("boards").keys() == COMMITTED.keys()
    for name, text in written("boards").items():
        board = json.loads(text)
        assert lint(board) == []
        assert queries(board) == queries(json.loads(COMMITTED[name]))


@pytest.mark.slow
def test_only_what_the_flags_name_is_another() -> None:
    assert main(["dashboards", "--output", "boards", *ALL_FLAGS]) == 0
    for name, text in written("boards").items():
        before, after = (dict(paths(json.loads(one))) for one in (COMMITTED[name], text))
        changed = {
            path: after.get(path) for path in before.keys() | after.keys() if before.get(path) != after.get(path)
        }
        job = ODD_JOB if json.loads(text)["tags"][0] == "ecotrack" else "cluster"
        variables = "/templating/list"
        choices = {
            f"{variables}/0/current/selected": True,
            f"{variables}/0/current/text": "prom-eu",
            f"{variables}/0/current/value": "prom-eu",
            f"{variables}/1/current/text/0": job,
            f"{variables}/1/current/value/0": job,
            "/timezone": "Europe/Paris",
        }
        assert {path: changed.pop(path, None) for path in choices} == choices
        for path, value in changed.items():
            assert value == str(before[path]).replace(boards.DOCUMENTS, "https://wiki.test/docs"), path
        assert "github.com/ecotrack" not in text
        assert changed


def test_runbooks_may_lie_elsewhere_than_the_other_documents() -> None:
    assert main(["dashboards", "--output", "boards", "--runbook-url=https://ops.test/books", "--only=ecotrack"]) == 0
    text = written("boards")["device-carbon.json"]
    assert "https://ops.test/books/${__value.raw}" in text
    assert f"{boards.DOCUMENTS}/how-to/read-the-device-dashboard.md" in text
    assert boards.RUNBOOKS not in text


@pytest.mark.parametrize("program", flags.PROGRAMS)
def test_one_programs_boards_have_no_menu_of_the_others(program: str) -> None:
    assert main(["dashboards", "--output", "boards", "--only", program]) == 0
    found = [json.loads(text) for text in written("boards").values()]
    assert {board["uid"] for board in found} == {
        board["uid"] for board in map(json.loads, COMMITTED.values()) if board["tags"][0] == program
    }
    for board in found:
        assert [link["tags"] for link in board["links"]] == [[program]]


def test_boards_of_an_earlier_call_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dashboards", "--output", "boards", "--only", "ecotrack"]) == 0
    Path("boards/mine.json").write_text("{}")
    assert main(["dashboards", "--output", "boards", "--force"]) == 0
    assert "earlier call" not in capsys.readouterr().out
    assert main(["dashboards", "--output", "boards", "--only", "ecochain", "--force"]) == 0
    told = capsys.readouterr().out.splitlines()[1]
    assert told.startswith(
        "Of an earlier call, and not written anew: carbon-budget-and-alerts.json device-carbon.json "
    )
    assert "mine.json" not in told
    assert main(["dashboards", "--output", "boards", "--kubernetes", "--force"]) == 0
    told = capsys.readouterr().out.splitlines()[1]
    assert all(name in told.split() for name in COMMITTED)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--datasource=a b"], "--datasource: expected a UID of at most 40"),
        (["--datasource=${x}"], "--datasource: expected a UID of at most 40"),
        (["--time-zone=Mars/Olympus"], "--time-zone: expected an IANA name such as Europe/Paris, utc or browser"),
        (["--time-zone=local"], "--time-zone: expected an IANA name such as Europe/Paris, utc or browser"),
        (["--time-zone=../etc/passwd"], "--time-zone: expected an IANA name such as Europe/Paris, utc or browser"),
        (["--docs-url=https://x.test/a)b"], "--docs-url: expected an http address"),
        (["--job="], "--job: expected a name"),
        (["--namespace=x"], "--namespace: expected --kubernetes beside it"),
    ],
)
def test_a_mistake_is_told_in_one_line_and_nothing_is_written(
    capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    try:
        status: object = main(["dashboards", "--output=o", *arguments])
    except SystemExit as stopped:
        status = stopped.code
    line = capsys.readouterr().err
    assert status == 2
    assert told in line
    assert line.count("\n") == 1
    assert not Path("o").exists()


def test_boards_that_were_not_installed_are_told_of(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(boards, "FOLDER", tmp_path / "none")
    assert main(["dashboards", "--output=o"]) == 2
    assert "holds no dashboards; install ecotrack from its wheel or a clone" in capsys.readouterr().err


SMALL: dict[str, Any] = {
    "tags": ["ecotrack"],
    "links": [{"tags": ["ecotrack"]}],
    "templating": {"list": [{"name": "datasource"}, {"name": "job"}]},
    "panels": [{"content": f"[a]({boards.DOCUMENTS}/x.md) [b]({boards.RUNBOOKS}/y.md)", "expr": 'a{job=~"$job"}'}],
}


@given(st.lists(JOBS, min_size=1, max_size=3))
@example([ODD_JOB])
def test_no_job_is_taken_for_anything_but_a_name(jobs: list[str]) -> None:
    board = boards.adapted(SMALL, boards.Wishes(programs=flags.PROGRAMS, jobs={"ecotrack": jobs}))
    assert json.loads(boards.board_text(board)) == board
    assert board["templating"]["list"][1]["current"] == {"selected": True, "text": jobs, "value": jobs}
    assert board["panels"] == SMALL["panels"]


@given(st.from_regex(r"[A-Za-z0-9_-]{1,40}", fullmatch=True))
@example(20 * "x")
@example(21 * "x")
def test_a_long_identifier_is_chosen_whole_and_shown_short(identifier: str) -> None:
    wishes = boards.Wishes(programs=flags.PROGRAMS, jobs={}, datasource=flags.uid(identifier))
    current = boards.adapted(SMALL, wishes)["templating"]["list"][0]["current"]
    assert current["value"] == identifier
    assert len(current["text"]) == min(len(identifier), boards.SHOWN)
    assert identifier.startswith(current["text"].rstrip("…"))


@given(TEXT, TEXT)
@example("https://a.test", "http://[::1]:8080/x")
def test_an_address_is_refused_or_stays_the_link_of_markdown(documents: str, runbooks: str) -> None:
    try:
        wishes = boards.Wishes(
            programs=flags.PROGRAMS, jobs={}, documents=flags.url(documents), runbooks=flags.url(runbooks)
        )
    except ArgumentTypeError:
        return
    text = boards.adapted(SMALL, wishes)["panels"][0]["content"]
    assert text == f"[a]({documents.rstrip('/')}/x.md) [b]({runbooks.rstrip('/')}/y.md)"
