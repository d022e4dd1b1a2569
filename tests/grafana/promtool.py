"""Answers of the boards' queries over made-up series, worked out by promtool."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from grafana.queries import queries, resolve
from tests.grafana.committed import board
from tests.prometheus.test_rules import promtool


def asked(name: str, title: str, legend: str) -> str:
    """Return the query of a board's panel behind a legend, with All for each variable."""
    (found,) = [one for one in queries(board(name)) if (one.title, one.legend) == (title, legend)]
    return resolve(found.expr, rate_seconds=60, range_seconds=3600)


def objections(folder: Path, series: Mapping[str, str], expected: Sequence[tuple[str, str, str, float]]) -> str:
    """Return promtool's objections to expressions, each with its time, labels and value, over hourly series."""
    test = {
        "interval": "1h",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [
            {"expr": expr, "eval_time": at, "exp_samples": [{"labels": labels, "value": value}]}
            for expr, at, labels, value in expected
        ],
    }
    file = folder / "test.yml"
    file.write_text(json.dumps({"rule_files": [], "tests": [test]}), encoding="utf-8")
    done = promtool("test", "rules", file)
    return "" if done.returncode == 0 else done.stdout + done.stderr
