"""Answers of the boards' queries over made-up series, worked out by promtool."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.processes import TOOL_SECONDS, program


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
    argv = [program("promtool"), "test", "rules", str(file)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=TOOL_SECONDS, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr
