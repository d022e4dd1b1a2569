"""Files of lines: one whose last line has no end may have been cut off, perhaps within a number."""

import errno
from pathlib import Path

from exporter.core.regular_file import read_file


def is_whole(content: bytes) -> bool:
    """Tell whether the last line of a file has its end; a file without lines lacks none."""
    return not content or content.endswith((b"\n", b"\r"))


def read_lines(path: Path) -> bytes:
    """Read a file of lines. Raises OSError where its last line has no end, and for all that is no file."""
    content = read_file(path)
    if not is_whole(content):
        raise OSError(
            errno.EINVAL, "its last line has no end, as in a file that was cut off; end it if it is whole", str(path)
        )
    return content
