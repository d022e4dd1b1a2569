"""The look of a field: a panel's defaults, with the overrides that fit the field's name."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from grafana.draw.values import written
from grafana.queries import BoardJson

UNKNOWN = "#4C78A8"

PALETTE = ("#4C78A8", "#9B5DE5", "#2E7D5B", "#C8622B", "#2F7F9E", "#8C6D5A", "#A08C3A", "#E056A0")
"""Stands for Grafana's own palette, which is not drawn here."""


@dataclass(frozen=True, slots=True)
class Look:
    """Configuration of a field, in Grafana's own keys."""

    config: Mapping[str, Any]

    @property
    def custom(self) -> Mapping[str, Any]:
        """The part that belongs to the panel's type."""
        found: Mapping[str, Any] = self.config.get("custom") or {}
        return found

    def colour(self, value: float | None = None, index: int = 0) -> str:
        """Return the colour of the field, or of one of its values where thresholds tell."""
        mode = self.config.get("color", {})
        if mode.get("mode") == "palette-classic-by-name":
            return PALETTE[index % len(PALETTE)]
        if mode.get("mode") == "fixed":
            return str(mode["fixedColor"])
        steps = self.config.get("thresholds", {}).get("steps", ())
        reached = [
            step for step in steps if step.get("value") is None or (value is not None and value >= step["value"])
        ]
        return str(reached[-1]["color"]) if reached else UNKNOWN

    def text(self, value: float | str | None) -> str:
        """Write a value as the panel shows it."""
        for mapping in self.config.get("mappings") or ():
            options = mapping["options"]
            if mapping["type"] == "value" and value is not None and (found := options.get(_key(value))):
                return str(found.get("text", value))
            if mapping["type"] == "regex" and value is not None:
                return str(options["result"].get("text", value))
        if value is None:
            return str(self.config.get("noValue") or "-")
        if isinstance(value, str):
            return value
        return written(value, str(self.config.get("unit", "none")), self.config.get("decimals"))

    def mapped_colour(self, value: float) -> str:
        """Return the colour of a state."""
        for mapping in self.config.get("mappings") or ():
            if found := mapping["options"].get(_key(value)):
                return str(found.get("color", UNKNOWN))
        return self.colour(value)


def look(panel: BoardJson, name: str) -> Look:
    """Return the look of the field of this name."""
    described = panel.get("fieldConfig", {})
    config: dict[str, Any] = dict(described.get("defaults", {}))
    config["custom"] = dict(config.get("custom") or {})
    for override in described.get("overrides", ()):
        if _fits(override["matcher"], name):
            for item in override["properties"]:
                key = str(item["id"])
                if key.startswith("custom."):
                    config["custom"][key.removeprefix("custom.")] = item.get("value")
                else:
                    config[key] = item.get("value")
    return Look(config)


def _fits(matcher: Mapping[str, Any], name: str) -> bool:
    if matcher["id"] == "byRegexp":
        return re.search(str(matcher["options"]).strip("/"), name) is not None
    return bool(matcher["id"] == "byName" and matcher["options"] == name)


def _key(value: float | str) -> str:
    return f"{value:g}" if isinstance(value, float) else value
