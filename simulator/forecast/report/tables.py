"""The figures of an evaluation as CSV, LaTeX and a page in Markdown."""

import csv
import io
from collections.abc import Iterator, Sequence

import msgspec

from simulator.experiments.write.latex import NEEDS, Table, floats, intervals
from simulator.experiments.write.tables import markdown_table
from simulator.forecast.gate import REFERENCE
from simulator.forecast.models.catalogue import MODELS
from simulator.forecast.report.figures import SERVED, SHOWN, Figures, SkillFigure


def errors_csv(figures: Figures) -> str:
    """Return a line for each series, group of splits, model and horizon."""
    return _csv(figures.errors)


def skills_csv(figures: Figures) -> str:
    """Return a line for each skill."""
    return _csv(figures.skills)


def latex_table(figures: Figures) -> str:
    """Return a LaTeX table of skills in percent for each series and group of splits, with 95% intervals."""
    places = dict.fromkeys((one.label, one.splits) for one in figures.skills if one.reference == REFERENCE)
    return "\n".join([NEEDS, *(_skill_table(figures, *place) for place in places)])


def _skill_table(figures: Figures, label: str, splits: str) -> str:
    found = _against_reference(figures, label, splits, "rmse")
    models = list(dict.fromkeys(model for model, _ in found))
    columns = [
        intervals(f"{horizon} h", [_percent(found.get((model, horizon))) for model in models])
        for horizon in SHOWN
        if any((model, horizon) in found for model in models)
    ]
    told = (
        f"Skill in RMSE against {REFERENCE} by horizon, in percent, with 95% intervals over days: {label}, {splits}. "
    )
    table = Table(heading="Model", labels=models, columns=columns)
    return floats(f"{label}-{splits}", told + f"Seeds {_seeds(figures)}.", [table])


def _percent(one: SkillFigure | None) -> tuple[float, float, float] | None:
    return None if one is None else (100 * one.skill, 100 * one.low, 100 * one.high)


def page(figures: Figures, pictures: Sequence[str]) -> str:
    """Return the report."""
    lines = ["# Forecasts", "", headline(figures), ""]
    lines += ["## The served model one hour ahead: skill against each reference, percent", ""]
    lines += markdown_table(("series", "splits", "reference", "RMSE", "CRPS"), list(_reference_rows(figures)))
    for group in dict.fromkeys(one.splits for one in figures.skills):
        for measure, name in (("rmse", "RMSE"), ("crps", "CRPS")):
            for label in dict.fromkeys(one.label for one in figures.skills if one.splits == group):
                lines += [f"## {label}, {group}: skill in {name} against {REFERENCE}, percent", ""]
                header = ("model", *(f"{horizon} h" for horizon in SHOWN))
                rows = [(model, *cells) for model, cells in _by_model(figures, label, group, measure)]
                lines += markdown_table(header, rows)
    lines += ["## Coverage of the served bands, all horizons, percent", ""]
    lines += markdown_table(("series", "splits", "season", "80%", "90%"), list(_coverage_rows(figures)))
    lines += ["## Served", ""]
    lines += markdown_table(
        ("series", "split", "seed", "hours ahead", "model", "why"),
        [(one.label, one.split, str(one.seed), one.horizons, one.model, one.why) for one in figures.gates],
        rule="---|",
    )
    lines += ["## Tests scored", "", "Times that a test was scored, by all models and seeds together, ever:", ""]
    lines += [f"- {place}: {count}" for place, count in figures.scored.items()]
    lines += ["", "## CPU time of learning and scoring", ""]
    for model, seconds in figures.busy_seconds.items():
        seeds = figures.seeds_of[model]
        lines.append(f"- {model}: {seconds:.0f} s, {'seed' if len(seeds) == 1 else 'seeds'} {_listed(seeds)}")
    return "\n".join([*lines, "", *(f"![{name}]({name})" for name in pictures), ""])


def headline(figures: Figures) -> str:
    """Return what the evaluation found of the served model: the next hour, by mean or series, and what it loses."""
    served = [one for one in figures.skills if one.model == SERVED and one.reference == REFERENCE and one.horizon == 1]
    means = [one for one in served if one.label.startswith("mean of")] or served
    told = []
    for one in means:
        if one.measure == "mae":
            continue
        verdict = "saves" if one.low > 0 else "loses" if one.high < 0 else "saves nothing that is certain:"
        told.append(
            f"{one.label}, {one.splits}: one hour ahead the served model {verdict} {_interval(one)} percent of the "
            f"{one.measure.upper()} of {REFERENCE}"
        )
    told += [
        f"{one.label}, {one.splits}: {one.horizon} hours ahead it loses {_interval(one)} percent of the RMSE"
        for one in _losses(figures)
    ]
    return "; ".join(told) + f". Seeds {_seeds(figures)}."


def _losses(figures: Figures) -> list[SkillFigure]:
    """Return, for each series and group of splits, the horizon at which what is served loses most for certain."""
    worst: dict[tuple[str, str], SkillFigure] = {}
    for one in figures.skills:
        what = (one.model, one.reference, one.measure)
        if what == (SERVED, REFERENCE, "rmse") and one.horizon in SHOWN[1:] and one.high < 0.0 and one.dm is not None:
            place = one.label, one.splits
            worst[place] = min(worst.get(place, one), one, key=lambda found: found.skill)
    return list(worst.values())


def _by_model(figures: Figures, label: str, splits: str, measure: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each model with its skill against the reference at the horizons shown."""
    found = _against_reference(figures, label, splits, measure)
    for model in dict.fromkeys(model for model, _ in found):
        yield (
            model,
            [_interval(found[model, horizon]) if (model, horizon) in found else "-" for horizon in SHOWN],
        )


def _against_reference(figures: Figures, label: str, splits: str, measure: str) -> dict[tuple[str, int], SkillFigure]:
    """Return the skills against the reference by model and horizon."""
    return {
        (one.model, one.horizon): one
        for one in figures.skills
        if (one.label, one.splits, one.measure, one.reference) == (label, splits, measure, REFERENCE)
    }


def _reference_rows(figures: Figures) -> Iterator[tuple[str, ...]]:
    found = {
        (one.label, one.splits, one.reference, one.measure): _interval(one)
        for one in figures.skills
        if (one.model, one.horizon) == (SERVED, 1)
    }
    for row in dict.fromkeys(key[:3] for key in found):
        yield (*row, *(found.get((*row, measure), "-") for measure in ("rmse", "crps")))


def _coverage_rows(figures: Figures) -> Iterator[tuple[str, ...]]:
    found = {(one.label, one.splits, one.season, one.nominal): one for one in figures.coverage if one.model == SERVED}
    for label, splits, season in dict.fromkeys(key[:3] for key in found):
        both = [found[label, splits, season, nominal] for nominal in (80, 90)]
        cells = (f"{one.share:.1%} ({one.low:.1%} to {one.high:.1%})".replace("%", "") for one in both)
        yield (label, splits, season, *cells)


def _interval(one: SkillFigure) -> str:
    return f"{100 * one.skill:+.1f} ({100 * one.low:+.1f} to {100 * one.high:+.1f})"


def _seeds(figures: Figures) -> str:
    """Return the seeds of most models, and those of each that draws something and has fewer."""
    few = [name for name, seeds in figures.seeds_of.items() if len(seeds) < len(figures.seeds) and _draws(name)]
    return "; ".join([_listed(figures.seeds), *(f"of {name} {_listed(figures.seeds_of[name])}" for name in few)])


def _draws(model: str) -> bool:
    return model in MODELS and MODELS[model].draws


def _listed(seeds: Sequence[int]) -> str:
    return ", ".join(str(seed) for seed in seeds)


def _csv(rows: Sequence[msgspec.Struct]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    names = rows[0].__struct_fields__ if rows else ()
    writer.writerow(names)
    for row in rows:
        cells = (getattr(row, name) for name in names)
        writer.writerow(f"{one:.6g}" if isinstance(one, float) else one for one in cells)
    return buffer.getvalue()
