"""Configuration of the published model."""

from typing import Annotated

from msgspec import Meta

from simulator.config import Section


class PublishedScenario(Section, frozen=True, kw_only=True, tag="published", tag_field="model"):
    """The published model's parameters."""

    name: Annotated[str, Meta(min_length=1, max_length=40, description="As results call it.")]
