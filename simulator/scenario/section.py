"""The base of all sections of a scenario."""

import msgspec


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of all sections, which refuses unknown keys."""
