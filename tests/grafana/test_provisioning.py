"""Grafana starts with the data source and boards that the rest of the repository counts on."""

import re
from pathlib import Path
from typing import Any

import yaml

from scripts.services import services
from tests.grafana.committed import board

ROOT = Path(__file__).parents[2]
PROVISIONING = ROOT / "grafana" / "provisioning"


def loaded(path: Path) -> dict[str, Any]:
    """Return a YAML file."""
    document: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return document


def test_the_datasource_has_a_fixed_uid_and_cannot_be_edited() -> None:
    (source,) = loaded(PROVISIONING / "datasources" / "prometheus.yml")["datasources"]
    assert (source["uid"], source["type"], source["isDefault"]) == ("ecotrack-prometheus", "prometheus", True)
    assert source["editable"] is False


def test_the_datasources_interval_is_the_scrape_interval() -> None:
    (source,) = loaded(PROVISIONING / "datasources" / "prometheus.yml")["datasources"]
    scrape = loaded(ROOT / "prometheus" / "prometheus.yml")["global"]["scrape_interval"]
    assert source["jsonData"]["timeInterval"] == scrape


def test_grafana_begins_with_the_board_home() -> None:
    (native,) = (one for one in services("python", ROOT) if one.name == "grafana")
    compose = loaded(ROOT / "docker-compose.yml")["services"]["grafana"]["environment"]
    for environment in (compose, native.environment):
        assert environment["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"] == f"{environment['DASHBOARDS_PATH']}/home.json"
    assert native.page == f"/d/{board('home.json')['uid']}/home"


def test_boards_cannot_be_changed_or_deleted_in_the_browser() -> None:
    (provider,) = loaded(PROVISIONING / "dashboards" / "ecotrack.yml")["providers"]
    assert (provider["allowUiUpdates"], provider["disableDeletion"]) == (False, True)


def test_compose_sets_every_variable_that_provisioning_reads() -> None:
    grafana = loaded(ROOT / "docker-compose.yml")["services"]["grafana"]
    environment = grafana["environment"]
    texts = [path.read_text(encoding="utf-8") for path in PROVISIONING.rglob("*.yml")]
    read = set(re.findall(r"\$\{(\w+)", "\n".join(texts)))
    assert "DASHBOARDS_PATH" in read
    assert read <= environment.keys()
    mounted = {volume.split(":")[1] for volume in grafana["volumes"] if isinstance(volume, str) and ":" in volume}
    assert environment["DASHBOARDS_PATH"] in mounted
