"""The configuration of a market, read from its file."""

from pathlib import Path

import msgspec

from exporter.core.config import ConfigError, convert
from exporter.core.yaml_file import load_yaml
from simulator.market.section import MarketSection


def load_market(path: Path) -> MarketSection:
    """Read the configuration in a file. Paths in it are relative to its folder. Raises ConfigError."""
    section = convert(load_yaml(path), MarketSection, origin=str(path))
    found = {key: getattr(section, key) for key in ("file", "token_file")}
    located = {key: str((path.parent / name).resolve()) for key, name in found.items() if name is not None}
    try:
        return msgspec.structs.replace(section, **located)
    except UnicodeEncodeError as error:
        raise ConfigError([f"{path}: expected other files in a folder whose name is UTF-8 text"]) from error
