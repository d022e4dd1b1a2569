"""Kinds of pictures: their sizes, their axes, and nothing said while they are drawn."""

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from simulator.experiments.write.medium import PLOTS, REPORT, drawn, is_wide, new_figure, set_scale
from tests.processes import TOOL_SECONDS


def test_what_is_too_high_for_a_page_is_not_written() -> None:
    found = [
        name
        for height in (5.0, 50.0)
        for name, _ in drawn(f"{height:g}", partial(new_figure, height=height), PLOTS["paper"])
    ]
    assert found == ["5.png", "5.pdf", "5-wide.pdf", "50.png"]


@given(st.lists(st.floats(min_value=-1e6, max_value=1e6, allow_subnormal=False), min_size=1, max_size=8))
def test_an_axis_is_logarithmic_where_values_spread_over_two_decades(values: list[float]) -> None:
    axes = new_figure(REPORT, 1.0).subplots()
    note = set_scale(axes, "x", values)
    sizes = [abs(value) for value in values if value]
    wide = bool(sizes) and max(sizes) >= 100.0 * min(sizes)
    assert is_wide(values) == wide
    kind = "linear" if not wide else "log" if min(values) > 0.0 else "symlog"
    assert axes.get_xscale() == kind
    assert note.startswith("(logarithmic beyond ") == (kind == "symlog")


def test_drawing_says_nothing_where_matplotlib_cannot_keep_its_cache(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    code = (
        "from functools import partial; from simulator.experiments.write.medium import PLOTS, drawn, new_figure; "
        "list(drawn('x', partial(new_figure, height=1.0), PLOTS['paper']))"
    )
    environment = {**os.environ, "HOME": str(tmp_path / "file"), "TMPDIR": str(tmp_path)}
    for name in ("MPLCONFIGDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        environment.pop(name, None)
    argv = [sys.executable, "-c", code]
    ended = subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=TOOL_SECONDS, check=True)
    assert ended.stderr == ""
