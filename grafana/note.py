"""Texts on a board."""

from grafana_foundation_sdk.models import dashboard, text

from grafana.dataquery import DATASOURCE


def note(*, title: str, description: str, content: str, width: int, height: int) -> dashboard.Panel:
    """Write a short text in Markdown, for what figures alone would not tell."""
    return dashboard.Panel(
        type_val="text",
        title=title,
        description=description,
        datasource=DATASOURCE,
        grid_pos=dashboard.GridPos(w=width, h=height),
        options=text.Options(mode=text.TextMode.MARKDOWN, content=content),
        field_config=dashboard.FieldConfigSource(defaults=dashboard.FieldConfig(), overrides=[]),
    )
