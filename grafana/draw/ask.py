"""Questions to Prometheus over its HTTP API, as the panels of a board ask them."""

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from grafana.queries import resolve

TIMEOUT_SECONDS = 30.0
"""Time that one answer may take."""

MOST_POINTS = 600
"""Most values of a line: about one per pixel of the widest panel's half."""


class NoAnswerError(Exception):
    """Prometheus could not be asked, or refused the query; the message is one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Answered series: its labels, and pairs of Unix seconds and value."""

    labels: Mapping[str, str]
    points: list[tuple[float, float]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prometheus:
    """A server, the end of the time shown, its length, and the seconds between two scrapes."""

    url: str
    end: float
    span: float
    scrape: float
    values: Mapping[str, str]

    def step(self, span: float) -> float:
        """Return the seconds between two values of a line."""
        return max(span / MOST_POINTS, self.scrape)

    def instant(self, expr: str, span: float | None = None) -> list[Series]:
        """Return the values at the end of the time shown; `span` is the range of a panel that shows another."""
        asked = {"query": self._resolved(expr, self.span if span is None else span), "time": f"{self.end:.3f}"}
        return [Series(labels=one["metric"], points=[_point(one["value"])]) for one in self._get("query", asked)]

    def over_time(self, expr: str, span: float, step: float) -> list[Series]:
        """Return the values over the last `span` seconds, at multiples of `step` as Grafana asks for them."""
        times = {"start": f"{(self.end - span) // step * step:.3f}", "end": f"{self.end:.3f}", "step": f"{step:.3f}"}
        asked = {"query": self._resolved(expr, span, step), **times}
        return [
            Series(labels=one["metric"], points=[_point(pair) for pair in one["values"]])
            for one in self._get("query_range", asked)
        ]

    def _resolved(self, expr: str, span: float, step: float = 0.0) -> str:
        # As Grafana computes its rate interval.
        rate = max(step + self.scrape, 4 * self.scrape)
        return resolve(expr, rate_seconds=round(rate), range_seconds=round(span), values=self.values)

    def _get(self, path: str, parameters: Mapping[str, str]) -> Any:
        url = f"{self.url}/api/v1/{path}"
        data = urllib.parse.urlencode(parameters).encode()
        try:
            with urllib.request.urlopen(url, data, timeout=TIMEOUT_SECONDS) as response:
                return json.load(response)["data"]["result"]
        except urllib.error.HTTPError as error:
            raise NoAnswerError(f"{url}: {error.read().decode(errors='replace')[:300]}") from error
        except OSError as error:
            raise NoAnswerError(f"{url}: {error}") from error


def _point(pair: tuple[float, str]) -> tuple[float, float]:
    return float(pair[0]), float(pair[1])
