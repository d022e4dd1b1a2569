"""The folder into which rules or dashboards are written."""

import contextlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from exporter.core.config import ConfigError


def write_folder(folder: Path, texts: Mapping[str, str], *, force: bool) -> None:
    """Write texts by their paths in the folder, each file whole or not at all, and none before there is room for all.

    Raises ConfigError where the folder holds anything and nobody forces it, and where it cannot be written. What else
    a forced folder holds stays.
    """
    try:
        if not force and folder.is_dir() and any(folder.iterdir()):
            raise ConfigError([f"--output: {folder}: is not empty; name another folder, or --force to write into it"])
        beside = {name: (folder / name).with_name(f".{Path(name).name}.new") for name in texts}
        with contextlib.ExitStack() as stack:
            for name, path in beside.items():
                path.parent.mkdir(parents=True, exist_ok=True)
                stack.callback(path.unlink, missing_ok=True)
                path.write_text(texts[name], encoding="utf-8")
            for name, path in beside.items():
                path.replace(folder / name)
    except OSError as error:
        raise ConfigError([f"--output: {folder}: cannot be written: {error.strerror}"]) from error


def left_over(folder: Path, texts: Mapping[str, str], patterns: Iterable[str]) -> str:
    """Return a line that names the files of these patterns that a forced folder holds beside the texts, if any."""
    found = {path.name for pattern in patterns for path in folder.glob(pattern)} - texts.keys()
    return f"Of an earlier call, and not written anew: {' '.join(sorted(found))}\n" if found else ""
