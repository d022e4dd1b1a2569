"""Whole boards: the variables, links and annotation that each one has, and panels laid out on the grid."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard

from grafana.dataquery import DATASOURCE
from grafana.firing import annotations, firing_table
from grafana.geometry import GRID_COLUMNS
from grafana.note import note
from grafana.panels import Series, override
from grafana.promql import EVERY_INSTANCE, select
from grafana.queries import panels

SCHEMA_VERSION = 41
"""Version of the classic model that Grafana 11.6 and 12 write; later ones read it, but 12.0 may refuse a later one."""

FAMILIES = {"ecotrack": "Devices", "ecochain": "Clusters"}
"""Program -> the title of the menu with its boards; the program's name is their tag, and the name of its job."""

DOCUMENTS = "https://github.com/ecotrack/ecotrack/blob/main/docs"

STRIP_WIDTH, STRIP_HEIGHT = 12, 6
"""Size of the two panels that every board has below its answer: what it is about, and the alerts that fire."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Titled row of panels, laid out from left to right and wrapped at the width of the grid."""

    title: str
    panels: tuple[dashboard.Panel, ...]
    collapsed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Variable beside those that every board has: the values of a label of `metric`, among the chosen instances.

    With `first` one value at a time is chosen, and that one at first; without it several and All. `among` are further
    matchers, by which a choice before this one narrows its values. `every` is the pattern that All stands for; ".*"
    takes series without the label too. `shows_title` is false where the values tell what they are, and the header has
    no room.
    """

    label: str
    title: str
    metric: str
    first: str = ""
    among: str = EVERY_INSTANCE
    every: str = ".+"
    shows_title: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """Dashboard before layout; `metric` is one that every target of the `program` exports.

    `about` says in Markdown what the board answers and how sure its figures are, `documents` are the pages on it:
    title -> path below docs/. Both stand, with the alerts that fire, at the end of the row `watched`, counted from 0.
    `detail` is the board to which the name of a device leads, if not to this one.
    """

    uid: str
    title: str
    description: str
    about: str
    documents: Mapping[str, str]
    metric: str
    rows: tuple[Row, ...]
    program: str = "ecotrack"
    choices: tuple[Choice, ...] = ()
    tags: tuple[str, ...] = ()
    shown: str = "now-6h"
    detail: str = ""
    watched: int = 0


def assemble(board: Board) -> dashboard.Dashboard:
    """Return the board as Grafana's classic model, not editable, with every panel numbered and placed."""
    rows = tuple(
        replace(row, panels=(*row.panels, *_strip(board))) if place == board.watched else row
        for place, row in enumerate(board.rows)
    )
    placed = _placed(rows)
    for panel in (panel for row in rows for panel in row.panels):
        _lead_on(panel, board)
    return dashboard.Dashboard(
        uid=board.uid,
        title=board.title,
        description=board.description,
        tags=[board.program, *board.tags],
        timezone="browser",
        editable=False,
        graph_tooltip=dashboard.DashboardCursorSync.CROSSHAIR,
        time=dashboard.DashboardDashboardTime(from_val=board.shown, to="now"),
        refresh="30s",
        schema_version=SCHEMA_VERSION,
        panels=placed,
        templating=dashboard.DashboardDashboardTemplating(list_val=_variables(board)),
        annotations=dashboard.AnnotationContainer(
            list_val=annotations(board.program, [panel for row in rows for panel in row.panels])
        ),
        links=[_boards(program, own=program == board.program) for program in FAMILIES],
    )


def to_json(model: dashboard.Dashboard) -> str:
    """Return the file that Grafana provisions; stable, so that drift shows as a difference."""
    document = json.loads(json.dumps(model, cls=JSONEncoder))
    for item in (*document["links"], *document["annotations"]["list"]):
        del item["placement"]  # the SDK hides both in a menu, and offers nothing else
    for panel in panels(document):
        if panel["type"] == "table":
            del panel["options"]["footer"]  # the SDK adds an empty one, which Grafana 13 does not know
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def leading_link(uid: str, title: str) -> dashboard.DashboardLink:
    """Link a value to another board, for the same choices and the same time."""
    kept = "&".join(f"${{{name}:queryparam}}" for name in ("datasource", "job", "instance"))
    return dashboard.DashboardLink(title=title, url=f"/d/{uid}?{kept}&${{__url_time_range}}")


def narrowing_link(uid: str, *labels: str) -> dashboard.DashboardLink:
    """Link a series to the same time on that board, narrowed to the series' own values of these labels."""
    kept = (f"${{{name}:queryparam}}" for name in ("datasource", "job", "instance") if name not in labels)
    own = (f"var-{label}=${{__field.labels.{label}}}" for label in labels)
    url = f"/d/{uid}?{'&'.join((*kept, *own))}&${{__url_time_range}}"
    return dashboard.DashboardLink(title=f"Only ${{__field.labels.{labels[-1]}}}", url=url)


def crossing_link(uid: str, title: str) -> dashboard.DashboardLink:
    """Link a value to a board of the other program, which has other jobs and instances, for the same time."""
    return dashboard.DashboardLink(title=title, url=f"/d/{uid}?${{datasource:queryparam}}&${{__url_time_range}}")


def _strip(board: Board) -> tuple[dashboard.Panel, dashboard.Panel]:
    """Build what the board is about, and the alerts that fire."""
    pages = " · ".join(f"[{title}]({DOCUMENTS}/{path})" for title, path in board.documents.items())
    about = note(
        title="About this board",
        description="What the board answers, how sure its figures are, and where to read more.",
        content=f"{board.about}\n\n{pages}",
        width=STRIP_WIDTH,
        height=STRIP_HEIGHT,
    )
    return about, firing_table(board.program, width=GRID_COLUMNS - STRIP_WIDTH, height=STRIP_HEIGHT)


def _lead_on(panel: dashboard.Panel, board: Board) -> None:
    """Link a table's cells that are values of a variable to the board as narrowed to them."""
    labels = ["instance", *(choice.label for choice in board.choices)]
    headings = {
        field: heading
        for transformation in panel.transformations or ()
        for field, heading in _renamed(transformation).items()
    }
    for label in labels:
        if label in headings and panel.field_config is not None:
            away = board.detail if label == "instance" else ""
            others = () if away else (other for other in labels if other != label)
            kept = "&".join(f"${{{name}:queryparam}}" for name in ("datasource", "job", *others))
            url = f"/d/{away or board.uid}?{kept}&var-{label}=${{__value.raw}}&${{__url_time_range}}"
            title = "What ${__value.text} does" if away else "Only ${__value.text}"
            link = dashboard.DashboardLink(title=title, url=url)
            panel.field_config.overrides.append(override(Series(name=headings[label], links=(link,))))


def _renamed(transformation: dashboard.DataTransformerConfig) -> Mapping[str, str]:
    options = transformation.options
    return options.get("renameByName", {}) if isinstance(options, dict) else {}


def _variables(board: Board) -> list[dashboard.VariableModel]:
    return [
        dashboard.VariableModel(
            type_val=dashboard.VariableType.DATASOURCE,
            name="datasource",
            label="Data source",
            hide=dashboard.VariableHide.HIDE_LABEL,
            description="The Prometheus that holds the series.",
            query="prometheus",
            auto=None,
            auto_count=None,
            auto_min=None,
            refresh=dashboard.VariableRefresh.ON_DASHBOARD_LOAD,
        ),
        _label_variable("job", "Job", board.metric, hide=dashboard.VariableHide.HIDE_VARIABLE),
        _label_variable("instance", "Instance", f'{board.metric}{{job=~"$job"}}'),
        *(_chosen(choice) for choice in board.choices),
    ]


def _label_variable(
    name: str, label: str, series: str, hide: dashboard.VariableHide | None = None
) -> dashboard.VariableModel:
    query = f"label_values({series}, {name})"
    return dashboard.VariableModel(
        type_val=dashboard.VariableType.QUERY,
        name=name,
        label=label,
        hide=hide,
        description=f"Which {label.lower()} to show; All adds them up where a panel shows one figure.",
        datasource=DATASOURCE,
        query={"qryType": 1, "query": query, "refId": f"variable-{name}"},
        definition=query,
        multi=True,
        include_all=True,
        all_value=".+",
        current=dashboard.VariableOption(selected=True, text=["All"], value=["$__all"]),
        refresh=dashboard.VariableRefresh.ON_TIME_RANGE_CHANGED,
        sort=dashboard.VariableSort.ALPHABETICAL_ASC,
        auto=None,
        auto_count=None,
        auto_min=None,
    )


def _chosen(choice: Choice) -> dashboard.VariableModel:
    variable = _label_variable(choice.label, choice.title, select(choice.metric, choice.among))
    variable.all_value = choice.every
    if choice.first:
        variable.description = f"Which {choice.title.lower()} to show."
        variable.multi = variable.include_all = False
        variable.all_value = None
        variable.current = dashboard.VariableOption(selected=True, text=choice.first, value=choice.first)
    if not choice.shows_title:
        variable.hide = dashboard.VariableHide.HIDE_LABEL
    return variable


def _boards(program: str, *, own: bool) -> dashboard.DashboardLink:
    """Link to a program's boards; the other program has other jobs and instances, so it gets no choice handed over."""
    return dashboard.DashboardLink(
        title=FAMILIES[program],
        type_val=dashboard.DashboardLinkType.DASHBOARDS,
        icon="external link",
        tooltip=f"Boards of {program}, at the same time" + (" and for the same choices" if own else ""),
        tags=[program],
        as_dropdown=True,
        include_vars=own,
        keep_time=True,
    )


def _placed(rows: Sequence[Row]) -> list[dashboard.Panel | dashboard.RowPanel]:
    placed: list[dashboard.Panel | dashboard.RowPanel] = []
    numbers = iter(range(1, 10_000))
    y = 0
    for row in rows:
        header = dashboard.RowPanel(
            id_val=next(numbers),
            title=row.title,
            collapsed=row.collapsed,
            grid_pos=dashboard.GridPos(x=0, y=y, w=GRID_COLUMNS, h=1),
            panels=[],
        )
        placed.append(header)
        bottom = _lay_out(row.panels, y + 1, numbers)
        if row.collapsed:
            header.panels = list(row.panels)
            y += 1
        else:
            placed.extend(row.panels)
            y = bottom
    return placed


def _lay_out(panels: Sequence[dashboard.Panel], y: int, numbers: Iterator[int]) -> int:
    """Number and place the panels from row `y` on; return the first free row below them."""
    x = depth = 0
    for panel in panels:
        position = panel.grid_pos
        if position is None:
            raise ValueError(f"panel {panel.title!r} has no size")
        if x + position.w > GRID_COLUMNS:
            x, y, depth = 0, y + depth, 0
        panel.id_val = next(numbers)
        position.x, position.y = x, y
        x, depth = x + position.w, max(depth, position.h)
    return y + depth
