"""Notifications by mail, chat and webhook, as a real Alertmanager sends them, say what happened and what to do."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from exporter.cli import main
from exporter.stack.notifications import MOUNTED
from tests.processes import TOOL_SECONDS, program
from tests.prometheus import stack
from tests.prometheus.notifications import Sent, body, examples, proven, sending, told

pytestmark = [pytest.mark.servers, pytest.mark.usefixtures("generation")]

BOARD = "http://localhost:3000/d/ecotrack-device/device-carbon?var-instance=laptop%3A10110"
RUNBOOK = "https://github.com/ecotrack/ecotrack/blob/main/docs/runbooks/budget.md#ecotrackbudgetexhausted"
USED = (
    "laptop:10110 has used 157.5 g CO2e this day, 105% of its budget of 150 g. At this pace its electricity costs 0.19 "
    "EUR a day. The budget starts again with the next day. Postpone what can wait until then."
)
SUMMARY = "laptop:10110 has used up its carbon budget for the day"


@pytest.fixture
def alertmanager(tmp_path: Path, generation: str) -> Iterator[tuple[str, Sent]]:
    with sending(tmp_path) as running:
        yield running


def words(html: str) -> str:
    """Return the text of a mail's HTML on one line."""
    shown = html.partition("</style>")[2]
    return " ".join(re.sub(r"<[^>]+>", " ", shown).split())


def test_amtool_accepts_every_example(tmp_path: Path) -> None:
    config = examples((stack.SHIPPED / "alertmanager.yml").read_text())
    (device,) = [one for one in config["receivers"] if one["name"] == "device"]
    assert set(device) == {"name", "email_configs", "slack_configs", "pushover_configs", "webhook_configs"}
    config["templates"] = [str(stack.SHIPPED / one) for one in config["templates"]]
    (tmp_path / "alertmanager.yml").write_text(yaml.safe_dump(config))
    argv = [program("amtool"), "check-config", str(tmp_path / "alertmanager.yml")]
    checked = subprocess.run(argv, capture_output=True, text=True, timeout=TOOL_SECONDS, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_templates_are_found_where_the_prometheus_operator_mounts_them(tmp_path: Path) -> None:
    """It mounts the Secret's keys flat in one folder, and Alertmanager reads its configuration from another."""
    assert main(["rules", "--output", str(tmp_path / "rules"), "--kubernetes", "--only=ecotrack"]) == 0
    keys = yaml.safe_load((tmp_path / "rules/alertmanager/secret.yaml").read_text())["stringData"]
    mounted = tmp_path / "config"
    mounted.mkdir()
    for name, text in keys.items():
        (mounted / name).write_text(text)
    with sending(tmp_path, keys["alertmanager.yaml"].replace(MOUNTED, str(mounted))) as (address, sent):
        told(address, sent, [proven("EcotrackBudgetExhausted", "costs")])
    assert sent.mails[0]["Subject"] == f"Critical: {SUMMARY}"
    assert SUMMARY in sent.chats[0]["attachments"][0]["title"]


def test_a_used_up_budget_and_its_end_are_told_everywhere(alertmanager: tuple[str, Sent]) -> None:
    address, sent = alertmanager
    used = proven("EcotrackBudgetExhausted", "costs")
    told(address, sent, [used])
    (mail,), (chat,), (hook,) = sent.mails, sent.chats, sent.hooks
    assert mail["Subject"] == f"Critical: {SUMMARY}"
    plain, html = body(mail, "plain"), body(mail, "html")
    for text in (plain, words(html)):
        assert SUMMARY in text and USED in text
        assert re.search(r"Since \d\d:\d\d on \d+ [A-Z][a-z]+ \(\w+\)", text)
    assert f"Board: {BOARD}" in plain and f"What to do: {RUNBOOK}" in plain
    assert f'href="{BOARD}"' in html and f'href="{RUNBOOK}"' in html
    (post,) = chat["attachments"]
    assert (post["title"], post["title_link"]) == (f"Critical: {SUMMARY}", BOARD)
    assert post["text"].strip() == f"{USED}\n<{BOARD}|Open the board> <{RUNBOOK}|What to do>"
    assert hook["alerts"][0]["annotations"] == used["annotations"]
    number = told(address, sent, [used], over=True)
    assert sent.mails[number]["Subject"] == f"Over: {SUMMARY}"
    assert "It has ended." in words(body(sent.mails[number], "html"))
    assert USED not in body(sent.mails[number], "plain")
    assert sent.chats[number]["attachments"][0]["color"] != post["color"]


def test_several_alerts_are_told_in_one_message(alertmanager: tuple[str, Sent]) -> None:
    address, sent = alertmanager
    warnings = [proven("EcotrackBudgetMostlyUsed"), proven("EcotrackBudgetOverrunProjected", "early")]
    told(address, sent, warnings)
    assert re.fullmatch(r"Warning: laptop:10110 .+ \(and 1 more\)", sent.mails[0]["Subject"])
    assert sent.chats[0]["attachments"][0]["title"] == "2 messages about laptop:10110"
    for text in (body(sent.mails[0], "plain"), words(body(sent.mails[0], "html"))):
        assert all(one["annotations"]["summary"] in text for one in warnings)


def test_an_alert_with_nothing_but_a_name_and_an_odd_summary_is_told(alertmanager: tuple[str, Sent]) -> None:
    """It comes from `amtool alert add`; what it says is text in the mail, whatever it looks like."""
    address, sent = alertmanager
    odd = {"labels": {"alertname": "EcotrackTest"}, "annotations": {"summary": "<b>& {{ no }}"}}
    told(address, sent, [odd])
    assert sent.mails[0]["Subject"] == "For information: <b>& {{ no }}"
    html = body(sent.mails[0], "html")
    assert "&lt;b&gt;&amp; {{ no }}" in html
    assert "href" not in html
