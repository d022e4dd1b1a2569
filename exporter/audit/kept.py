"""The result of the last audit in the state folder, and the running exporter's look at it."""

import logging
import os
from pathlib import Path

import msgspec

from exporter.audit.result import AuditResult
from exporter.kept import KeptFile
from exporter.state import StateError

LOG = logging.getLogger(__name__)

_FORMAT = "ecotrack-audit"

BLOCK = 16_384
"""Bytes that are written at first, so that a full disk shows: more than the differences of all checks have. Chosen."""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """Content of the file."""

    result: AuditResult
    format: str = _FORMAT

    def __post_init__(self) -> None:
        """Refuse what is something else."""
        if self.format != _FORMAT:
            raise ValueError(f'expected the format "{_FORMAT}"')


AUDIT = KeptFile(
    name="audit.json",
    subject="audit",
    command="ecotrack audit",
    remedy="remove it to go on without",
    kind=Kept,
    block=BLOCK,
)
"""The file of the last audit that was asked to keep its result."""


class LastAudit:
    """Look at the result of the last audit, which reads the file when it has changed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = f"{folder}/{AUDIT.name}"
        self._changed: int | None = None
        self._found: AuditResult | None = None

    def __call__(self) -> AuditResult | None:
        """Return what was kept last; None where nothing was, or where it says nothing, of which the log tells once."""
        try:
            changed = os.stat(self._path).st_mtime_ns  # noqa: PTH116 - once a sample
        except OSError:
            changed = None
        if changed != self._changed:
            self._changed, self._found = changed, None
            try:
                kept = AUDIT.load(self._folder)
            except StateError as error:
                LOG.warning("the last audit is not shown: %s", error)
            else:
                self._found = None if kept is None else kept.result
        return self._found
