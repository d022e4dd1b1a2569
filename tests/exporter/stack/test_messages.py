"""Alertmanager's part of `ecotrack rules`: the shipped configuration and templates, which amtool accepts anywhere."""

import re
import subprocess
from pathlib import Path

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
import yaml

from exporter.cli import main
from exporter.stack import notifications
from tests.processes import TOOL_SECONDS, program
from tests.prometheus.notifications import examples
from tests.prometheus.stack import SHIPPED

COMMITTED = {name: (SHIPPED / name).read_text() for name in ("alertmanager.yml", "templates/ecotrack.tmpl")}


def messages(rules: Path) -> dict[str, str]:
    """Return the files for Alertmanager below a folder of rules, by their paths below their own."""
    folder = rules / notifications.FOLDER
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("flags", [[], ["--only=ecochain"]])
def test_they_are_the_shipped_ones(flags: list[str]) -> None:
    assert main(["rules", "--output=rules", *flags]) == 0
    assert messages(Path("rules")) == COMMITTED


def test_for_the_operator_they_are_a_secret_of_the_key_that_it_reads() -> None:
    assert main(["rules", "--output=rules", "--kubernetes", "--namespace=monitoring"]) == 0
    files = messages(Path("rules"))
    assert files.keys() == {"secret.yaml", "values.yaml"}
    secret = yaml.safe_load(files["secret.yaml"])
    kubernetes_validate.validate(secret, "1.30", strict=True)
    assert secret["metadata"]["namespace"] == "monitoring"
    keys = secret["stringData"]
    assert keys.keys() == {"alertmanager.yaml", "ecotrack.tmpl"}
    assert keys["ecotrack.tmpl"] == COMMITTED["templates/ecotrack.tmpl"]
    ours, theirs = yaml.safe_load(COMMITTED["alertmanager.yml"]), yaml.safe_load(keys["alertmanager.yaml"])
    assert theirs == ours | {"templates": [f"{notifications.MOUNTED}/*.tmpl"]}
    paths = set(re.findall(r"/etc/alertmanager/\S+", keys["alertmanager.yaml"].partition("global:")[2]))
    assert {str(Path(path).parent) for path in paths} == {notifications.MOUNTED}
    values = yaml.safe_load(files["values.yaml"])
    assert values == {"alertmanager": {"templateFiles": {"ecotrack.tmpl": keys["ecotrack.tmpl"]}}}


def test_no_secret_stands_in_the_configuration_where_a_file_can_hold_it() -> None:
    found = re.findall(r"(?m)^[-# ]*(\w*(?:password|api_url|secret|credentials)\w*):", COMMITTED["alertmanager.yml"])
    assert {"smtp_auth_password_file", "api_url_file"} == set(found)


def test_a_file_that_was_not_installed_is_told_of(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(notifications, "SOURCE", tmp_path / "none")
    assert main(["rules", "--output=o"]) == 2
    line = capsys.readouterr().err
    assert "none/alertmanager.yml: cannot be read: No such file or directory; install ecotrack anew" in line
    assert line.count("\n") == 1
    assert not Path("o").exists()


@pytest.mark.servers
@pytest.mark.usefixtures("generation")
def test_amtool_accepts_them_as_written_and_with_every_example_switched_on() -> None:
    assert main(["rules", "--output=rules"]) == 0
    folder = Path("rules/alertmanager")
    changed = examples(COMMITTED["alertmanager.yml"])
    changed["global"] |= {"smtp_auth_username": "me", "smtp_auth_password_file": "/etc/alertmanager/mail-password"}
    (folder / "all.yml").write_text(yaml.safe_dump(changed))
    for name in ("alertmanager.yml", "all.yml"):
        argv = [program("amtool"), "check-config", str(folder / name)]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=TOOL_SECONDS, check=False)
        assert done.returncode == 0, done.stderr
        assert "1 templates" in done.stdout
