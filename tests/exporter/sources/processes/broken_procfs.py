"""Whatever a folder below procfs may hold: files of processes that are damaged, gone, or no files at all."""

import os
import shutil
import stat
from enum import StrEnum
from pathlib import Path

from hypothesis import strategies as st

FIGURES = st.sampled_from(
    ["0", "-1", "1", str(2**63), str(2**64 - 1), str(2**64), "9" * 30, "", "x", "٣", "1e9", "0x10"]
)
"""Fields where a figure should be; none is a time that a process can have had within a minute, but zero."""

NAMES = st.one_of(
    st.binary(max_size=64),
    st.sampled_from(
        [b"", b")", b"(", b") R 1 1", b"a b", b"a\nb", b"\xff\xfe", b"x" * 5000, b"other", b"idle", b"..", b"/"]
    ),
    st.sampled_from(["näme", "\u2028", "\u202e", "\x7f", "a\x00b", '"\\\n']).map(lambda name: name.encode()),
)
"""Names of programs. The kernel keeps 15 bytes of any kind but a null, and those of its own threads are longer."""

FIELDS = 52
"""Fields of `/proc/PID/stat` (proc_pid_stat(5))."""


TIMES = (13, 14, 15, 16)
"""Places of a process's own time and that of its children."""


@st.composite
def stats(draw: st.DrawFn) -> bytes:
    """Return text of `/proc/PID/stat` in which something is wrong."""
    figures = ["0"] * FIELDS
    for place in draw(st.lists(st.sampled_from([*TIMES, *range(2, FIELDS)]), min_size=1, max_size=6)):
        figures[place] = draw(FIGURES)
    text = b"%s (%s) " % (draw(FIGURES).encode(), draw(NAMES)) + " ".join(figures[2:]).encode() + b"\n"
    return text[: draw(st.integers(0, len(text)) | st.just(len(text)))]


PATHS = st.lists(
    st.one_of(
        st.binary(min_size=1, max_size=80),
        st.sampled_from([b"system.slice", b"x.service", b"..", b".", b"docker-%s.scope" % (b"f" * 64), b"y" * 255]),
    ),
    max_size=20,
).map(b"/".join)
CGROUPS = st.one_of(
    st.binary(max_size=300),
    st.tuples(st.sampled_from([b"0::/", b"0::", b"1:cpu:/", b"::", b"0", b"-1:x:/"]), PATHS).map(b"".join),
    st.lists(PATHS.map(lambda path: b"0::/" + path), max_size=40).map(b"\n".join),
)
"""Text of `/proc/PID/cgroup`."""

CPU_STATS = st.one_of(
    st.binary(max_size=200).filter(lambda text: b"usage_usec" not in text),
    FIGURES.map(lambda figure: f"usage_usec {figure}\nuser_usec 0\n".encode()),
    st.sampled_from([b"usage_usec", b"usage_usec 1 2 3\n", b"nr_periods 0\n", b"usage_usec 5\nusage_usec 7\n"]),
)
"""Text of `cpu.stat` of a cgroup."""


class Odd(StrEnum):
    """Things that may stand where a file should be."""

    MISSING = "missing"
    FOLDER = "folder"
    PIPE = "pipe"
    LOOP = "loop"
    DANGLING = "dangling"


ODD = st.sampled_from(Odd)

PROCESS = st.fixed_dictionaries(
    {"stat": stats() | st.binary(max_size=200) | ODD, "comm": NAMES | ODD, "cgroup": CGROUPS | ODD}
)
"""Files of a process by name."""

FOLDERS = st.one_of(
    st.integers(60_000, 60_003).map(str),
    st.sampled_from(["0", "007", "٣", "4294967296", "9" * 25, "-5", "1 2", "2e3", "self", "12ab"]),
)
"""Names of folders of procfs; those of the first kind are taken again and again."""


def show(path: Path, content: bytes | Odd) -> None:
    """Let a file be this, or this stand in its place."""
    remove(path)
    if content is Odd.MISSING:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    if content is Odd.FOLDER:
        path.mkdir()
    elif content is Odd.PIPE:
        os.mkfifo(path)
    elif content is Odd.LOOP:
        path.symlink_to(path)
    elif content is Odd.DANGLING:
        path.symlink_to(path.with_name("nothing"))
    else:
        path.write_bytes(content)


def remove(path: Path) -> None:
    """Remove whatever stands at a place."""
    try:
        is_folder = stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return
    shutil.rmtree(path) if is_folder else path.unlink()
