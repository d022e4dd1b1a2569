"""Names of cgroups for people: the pod, container or unit that a path stands for, without what tells of persons.

Paths are written by systemd (systemd.unit(5)), desktops, Docker, Podman, containerd, CRI-O and the kubelet. Units and
scopes may hold ids of users, processes and sessions, and addresses: a name holds none of them.
"""

import re
from collections.abc import Sequence

SHORT_ID = 12
"""Digits of a container's id that its name keeps, as many as `docker ps` shows."""

_CONTAINER = re.compile(r"(?:.*?:)?(?:([a-z_-]+?)[-:])?([0-9a-f]{64})(?:\.scope)?")
_POD = re.compile(r"(?:.*-)?pod([0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12}|[0-9a-f]{32})(?:\.slice(?::.*)?)?")
_LXC = re.compile(r"lxc(?:\.payload)?[./]([^/]+)")
_UNIT = re.compile(r"(.+)\.(automount|mount|scope|service|slice|socket|swap)")

_ENGINES = {
    "cri-containerd": "containerd",
    "crio": "cri-o",
    "crio-conmon": "cri-o",
    "default": "containerd",
    "docker": "docker",
    "k8s.io": "containerd",
    "libpod": "podman",
    "libpod-conmon": "podman",
    "libpod_parent": "podman",
    "nerdctl": "containerd",
}
"""Engine by the word before a container's id, or by the folder that the id stands in."""

_NO_NAME = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"  # a UUID
    r"|(?<![^\W_])[a-z]?[0-9a-f]{16,}(?![^\W_])"  # a digest or a random number
    r"|:\d[\d.]*(?![^\W_])"  # a connection of D-Bus
    r"|\d{4,}"
)
_NUMBERS = re.compile(r"(?<![^-_:#])\d+(?![^-_:#])")
_ESCAPED = re.compile(r"\\x([0-9a-f]{2})")
_COUNTED = re.compile(r"(run|session)-.*")
"""Transient units, which systemd numbers (systemd-run(1), systemd-logind.service(8))."""


def group_of_path(path: str) -> str:
    """Return the name of a cgroup by its path: that of its pod, else of its container, else of its last unit.

    A path without any of them is named by its folders, and the root by `/`. What runs in a container belongs to it.
    """
    folders = [one for one in path.split("/") if one not in ("", ".", "..")]
    if within := _pod(folders) or _container(folders):
        return within
    for folder in reversed(folders):
        if unit := _UNIT.fullmatch(folder):
            return _unit(unit[1], unit[2])
    return "/".join(filter(None, (_plain(one) for one in folders))) or "/"


def is_container(path: str) -> bool:
    """Tell whether a path lies in a container or a pod."""
    folders = path.split("/")
    return bool(_pod(folders) or _container(folders))


def _pod(folders: Sequence[str]) -> str:
    found = next(filter(None, map(_POD.fullmatch, folders)), None)
    return f"pod:{found[1].replace('_', '-')}" if found else ""


def _container(folders: Sequence[str]) -> str:
    parent = ""
    for folder in folders:
        if found := _CONTAINER.fullmatch(folder):
            engine = _ENGINES.get(found[1] or parent) or _ENGINES.get(parent, "container")
            return f"{engine}:{found[2][:SHORT_ID]}"
        if found := _LXC.fullmatch(folder) or _LXC.fullmatch(f"{parent}/{folder}"):
            return f"lxc:{_plain(found[1])}"
        parent = folder
    return ""


def _unit(name: str, kind: str) -> str:
    """Return a unit's name; of an instance that of its template: instances are users, connections and processes."""
    name = _ESCAPED.sub(lambda escaped: chr(int(escaped[1], 16)), name)
    name, at, _ = _COUNTED.sub(r"\1", name).partition("@")
    plain = _tidy(_NO_NAME.sub("", name)) if kind == "service" else _plain(name)
    return f"{plain}{at}.{kind}".removeprefix(".")


def _plain(folder: str) -> str:
    """Return a folder's name without numbers that stand by themselves, those of a user, a job or a process."""
    return _tidy(_NUMBERS.sub("", _NO_NAME.sub("", folder)))


def _tidy(name: str) -> str:
    """Return a name without the joints around what was taken out of it."""
    return re.sub(r"[-_:#]+(?=[-_:#.])", "", name).strip("-_:#")
