"""Tables for a paper: they fit its columns, whatever stands in them, and LaTeX takes them as they are."""

import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from simulator.experiments.find.results import Results
from simulator.experiments.find.statistics import Interval
from simulator.experiments.runner import run_experiment
from simulator.experiments.write.display import DISPLAYS, rounded
from simulator.experiments.write.latex import (
    NEEDS,
    Column,
    Table,
    estimates,
    floats,
    intervals,
)
from simulator.experiments.write.latex_text import latex
from simulator.experiments.write.tables import latex_table
from tests.processes import TOOL_SECONDS
from tests.simulator.experiments.fake_simulation import fake, punctual, request, unseen
from tests.simulator.experiments.write.plots.kept import KEPT

PAPER = r"""\documentclass[twocolumn,10pt]{article}
\usepackage{array,booktabs}
\setlength{\textwidth}{181mm}
\setlength{\columnsep}{5mm}
\setlength{\textheight}{235mm}
\begin{document}
%s
\end{document}
"""
"""A page with two columns of 88 mm, as journals of IEEE have it."""

NUMBERS = st.floats(min_value=-1e9, max_value=1e9)
SPREADS = st.floats(min_value=0.0, max_value=1e9)
INTERVALS = st.builds(lambda mean, half: Interval(mean=mean, low=mean - half, high=mean + half), NUMBERS, SPREADS)
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)


def complaints(folder: Path, tables: Sequence[str]) -> list[str]:
    """Return what LaTeX complains of in a document with the tables, which it takes without an error."""
    program = shutil.which("pdflatex")
    if program is None:
        pytest.skip("pdflatex is not installed: `make verify` installs it from Debian's packages as root")
    (folder / "paper.tex").write_text(PAPER % "\\clearpage\n".join(tables), encoding="utf-8")
    # A draft needs no bitmaps of fonts.
    argv = [program, "-draftmode", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
    ended = subprocess.run(argv, cwd=folder, capture_output=True, text=True, timeout=TOOL_SECONDS, check=False)
    log = (folder / "paper.log").read_text(encoding="latin-1")
    assert ended.returncode == 0, log[-2000:]
    return re.findall(r"^.*(?:Overfull|Float too large|Missing character).*$", log, re.MULTILINE)


def table_of(folder: Path, **changes: object) -> str:
    return latex_table(run_experiment(request(folder, **changes), unseen, fake)[1])


def rows_of(table: str) -> dict[str, str]:
    """Return the cells of each row by its label, those of all parts behind one another."""
    found: dict[str, str] = {}
    for line in table.splitlines():
        label, _, cells = line.removesuffix(r" \\").partition(" & ")
        if line.endswith(r"\\"):
            found[label] = f"{found[label]} & {cells}" if label in found else cells
    return found


def test_latex_escapes_what_it_would_take_for_commands() -> None:
    assert latex(r"50% of a_b & c#d ${x}~^\ ±") == (
        r"50\% of a\_b \& c\#d $\$$\{x\}\textasciitilde{}\textasciicircum{}\textbackslash{} $\pm$"
    )
    assert latex("g CO\u2082e") == "g CO$_2$e"
    assert latex("grün, 节能") == r"grün, \textbackslash{}u8282\textbackslash{}u80fd"
    # Behind the end of a row, both would be taken for what belongs to it.
    assert latex("[*") == "{[}{*}"


def test_the_table_says_what_it_needs_and_is_a_float_with_a_caption(tmp_path: Path) -> None:
    lines = table_of(tmp_path, scenario="published").splitlines()
    assert lines[0] == NEEDS == r"% needs \usepackage{array,booktabs}"
    assert lines[2] == r"\begin{table}[tbp]"
    assert lines[4].startswith(r"\caption{Experiment ablation, scenario published: means of 3 runs ")
    assert r"\label{tab:ablation-published}" in lines
    assert lines[-1] == r"\end{table}"


def test_decimal_points_stand_below_one_another_and_numbers_in_math_mode() -> None:
    found = [
        rounded(Interval(mean=mean, low=mean - half, high=mean + half))
        for mean, half in ((-1234.5, 2.5), (0.25, 0.011), (3.72e-6, 5.1e-7), (7.0, 0.0))
    ]
    column = estimates(DISPLAYS["cost_dollars"], [*found, None])
    table = floats("x", "", [Table(heading="Method", labels=["a", "b", "c", "d", "e"], columns=[column])])
    rows = rows_of(table)
    assert rows["a"] == "-1{,}234 & .5 & 2 & .5"
    assert rows["b"] == "0 & .250 & 0 & .011"
    assert rows["c"] == r"\multicolumn{4}{c}{$(3.72 \pm 0.51) \times 10^{-6}$}"
    assert rows["d"] == "7 &  & 0 & "
    assert rows["e"] == r"\multicolumn{4}{c}{--}"
    assert r"{@{}l>{$}r<{$}@{}>{$}l<{$}@{$\,\pm\,$}>{$}r<{$}@{}>{$}l<{$}@{}}" in table


def test_methods_without_a_measure_in_common_stand_apart(tmp_path: Path) -> None:
    """Half of one table would be empty: of the scaling experiment, some rows have a rate of saturation and no other."""
    table = table_of(tmp_path, experiment="scaling")
    assert "--" not in table
    rows = rows_of(table)
    assert len(rows["2 nodes"].split(" & ")) == 4
    assert len(rows["1000 tasks"].split(" & ")) == 4 * 9


def test_what_is_zero_in_every_run_is_a_sentence_and_no_column(tmp_path: Path) -> None:
    _, results = run_experiment(request(tmp_path, experiment="baseline"), unseen, punctual)
    table = latex_table(results)
    assert "Late or dropped tasks: 0 in every run." in table
    # Eight measures, and the change of emissions.
    assert len(rows_of(table)["full"].split(" & ")) == 4 * 9
    assert "Change of late" not in table
    assert "0 in every run" not in table_of(tmp_path / "late", experiment="baseline")


def test_a_table_is_cut_before_it_goes_across_both_columns() -> None:
    row = [rounded(Interval(mean=528.4, low=525.9, high=530.9))]
    for rows, environment in ((3, "table"), (30, "table*")):
        columns = [estimates(DISPLAYS["energy_joules"], row * rows) for _ in range(8)]
        labels = [f"method-{number}" for number in range(rows)]
        text = floats("x", "", [Table(heading="Method", labels=labels, columns=columns)])
        assert text.startswith(rf"\begin{{{environment}}}[tbp]")
        shown = [line for line in text.splitlines() if line.startswith("method-0 & ")]
        assert sum(line.count("528") for line in shown) == 8
        # As even as they can be: three, three and two.
        assert len({line.count("528") for line in shown}) <= 2
        assert (len(shown) > 1) == (environment == "table")


@pytest.mark.slow
def test_the_tables_of_all_kept_results_fit_a_paper(tmp_path: Path) -> None:
    tables = [latex_table(msgspec.json.decode(file.read_bytes(), type=Results)) for file in KEPT]
    assert len(tables) > 10
    assert complaints(tmp_path, tables) == []


@st.composite
def any_tables(draw: st.DrawFn) -> str:
    """Return a float with any labels and figures in it."""
    labels = draw(st.lists(NAMES, min_size=1, max_size=5))
    of_each = st.lists(st.none() | INTERVALS, min_size=len(labels), max_size=len(labels))
    columns: list[Column] = []
    for display in draw(st.lists(st.sampled_from(list(DISPLAYS.values())), min_size=1, max_size=8)):
        found = draw(of_each)
        columns.append(estimates(display, [None if one is None else rounded(one) for one in found]))
    for horizon in draw(st.lists(st.integers(1, 24), max_size=5)):
        skills = draw(of_each)
        columns.append(
            intervals(f"{horizon} h", [None if one is None else (one.mean, one.low, one.high) for one in skills])
        )
    return floats("any", f"Scenario {draw(NAMES)}.", [Table(heading="Method", labels=labels, columns=columns)])


@pytest.mark.slow
# To make a document smaller would take LaTeX minutes.
@settings(max_examples=4, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(tables=st.lists(any_tables(), min_size=1, max_size=10))
def test_whatever_stands_in_a_table_it_fits(tmp_path_factory: pytest.TempPathFactory, tables: list[str]) -> None:
    assert complaints(tmp_path_factory.mktemp("paper"), tables) == []
