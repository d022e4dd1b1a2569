"""The configuration of a market: each mistake ends in one line, and none of them tells a secret."""

import math
from pathlib import Path
from typing import Any

import pytest

from exporter.core.config import ConfigError
from simulator.market.load import load_market
from tests.simulator.market.markets import GOOD

MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"url": None}, "expected either file or url, got none"),
    ({"file": "p.json"}, "expected either file or url, got both"),
    ({"url": "ftp://x/y"}, "expected http://HOST or https://HOST"),
    ({"url": "https://me:s3cret@host/p"}, "expected http://HOST or https://HOST"),
    ({"url": "https://host/p?key=s3cret"}, "what follows a ? belongs into query"),
    ({"price_at": None}, "expected price_at with url, such as price_at: /price"),
    ({"time_at": None}, "expected time_at with url, such as time_at: /time"),
    ({"price_at": "price"}, "price_at: expected a JSON Pointer as /data/0/settle"),
    ({"price_at": "/a~2"}, "price_at: expected a JSON Pointer"),
    ({"expected": {"currency": "EUR"}}, "expected: expected a JSON Pointer"),
    ({"currency": "euro"}, "currency: "),
    ({"per": "pound"}, "per: expected one of g, kg, short-ton, t"),
    ({"method": "guess"}, "method: expected one of"),
    ({"interval_seconds": 5}, "interval_seconds: expected a number >= 60"),
    ({"max_age_hours": 0}, "max_age_hours: expected a number > 0"),
    ({"lowest": 0}, "lowest: expected a number > 0"),
    ({"lowest": 5, "highest": 4}, "expected lowest < highest, got 5 and 4"),
    ({"highest": float("nan")}, "highest: expected a finite number"),
    ({"token": "s3cret"}, "token: unknown key"),
    ({"url": "http://host/p", "token_file": "t"}, "expected https with token_file"),
    ({"token_header": "X:\ny"}, "token_header: "),
    ({"url": None, "file": "p.txt"}, "file: expected a name that ends in .json or .csv"),
    ({"url": None, "file": "p.csv"}, "expected no price_at, time_at or expected with a CSV file"),
    ({"url": None, "file": "p.json", "price_at": None}, "expected price_at with a JSON file"),
    ({"url": None, "file": "p.json", "token_file": "t"}, "expected no query and no token_file with a file"),
    ({"query": {"a": 1}}, "query"),
]


def write(folder: Path, changes: dict[str, Any]) -> Path:
    """Write a configuration with some keys changed."""
    keys = {key: value for key, value in (GOOD | changes).items() if value is not None}
    path = folder / "market.yml"
    path.write_text("".join(f"{key}: {_yaml(value)}\n" for key, value in keys.items()), encoding="utf-8")
    return path


def _yaml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_yaml(key)}: {_yaml(one)}" for key, one in value.items()) + "}"
    if isinstance(value, str):
        return '"' + value.replace("\n", "\\n") + '"'
    return ".nan" if isinstance(value, float) and math.isnan(value) else str(value)


@pytest.mark.parametrize(("changes", "told"), MISTAKES, ids=range(len(MISTAKES)))
def test_a_mistake_is_one_line(tmp_path: Path, changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_market(write(tmp_path, changes))
    (line,) = caught.value.mistakes
    assert told in line
    assert line.startswith(str(tmp_path / "market.yml"))
    assert "s3cret" not in line


def test_files_lie_beside_the_configuration(tmp_path: Path) -> None:
    changes = {"url": None, "file": "prices/p.json", "time_at": None}
    assert load_market(write(tmp_path, changes)).file == str(tmp_path / "prices/p.json")


@pytest.mark.parametrize("url", ["https://host/p", "http://127.0.0.2/p", "http://[::1]:8/p", "http://localhost/p"])
def test_a_token_goes_where_nobody_reads_it_on_the_way(tmp_path: Path, url: str) -> None:
    found = load_market(write(tmp_path, {"url": url, "token_file": "token"}))
    assert found.token_file == str(tmp_path / "token")
