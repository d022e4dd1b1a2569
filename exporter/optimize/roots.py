"""The two trees of kernel settings, and attributes in them that are opened without following a link."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

LONGEST = 4096
"""Bytes of an attribute that are read: a page, as much as one of sysfs has (Documentation/filesystems/sysfs.rst)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Roots:
    """Folders where procfs and sysfs are mounted."""

    procfs: Path = Path("/proc")
    sysfs: Path = Path("/sys")

    def place(self, attribute: str) -> Path:
        """Return the path of an attribute, which begins with the name of its tree: `sys/module/...`."""
        tree, _, below = attribute.partition("/")
        return self._root(tree) / below

    def read(self, attribute: str) -> str:
        """Return the text of an attribute, without space around it. Raises OSError."""
        descriptor = self._open(attribute, os.O_RDONLY)
        try:
            return os.read(descriptor, LONGEST).decode("ascii", "replace").strip()
        finally:
            os.close(descriptor)

    def word(self, attribute: str) -> str:
        """Return the text of an attribute; nothing where it cannot be read."""
        try:
            return self.read(attribute)
        except OSError:
            return ""

    def write(self, attribute: str, value: str) -> None:
        """Replace the text of an attribute by one line, which the kernel gets by one call. Raises OSError."""
        descriptor = self._open(attribute, os.O_WRONLY)
        try:
            os.ftruncate(descriptor, 0)  # nothing to the kernel's own files, and needed by others
            os.write(descriptor, f"{value}\n".encode("ascii"))
        finally:
            os.close(descriptor)

    def inode(self, attribute: str) -> int:
        """Return the number of an attribute's file, which is another once its device has gone and come. Raises OSError.

        Files of procfs, which have no device, get new numbers at any time (proc_sys_make_inode); theirs is 0.
        """
        descriptor = self._open(attribute, os.O_PATH)
        try:
            return 0 if attribute.startswith("proc/") else os.fstat(descriptor).st_ino
        finally:
            os.close(descriptor)

    def _root(self, tree: str) -> Path:
        return {"proc": self.procfs, "sys": self.sysfs}[tree]

    def _open(self, attribute: str, flags: int) -> int:
        """Open a regular file of a tree, without following a link or leaving its file system. Raises OSError."""
        tree, *folders, name = attribute.split("/")
        if {"", ".", ".."} & {*folders, name}:
            raise FileNotFoundError(2, "is no path of an attribute", attribute)
        folder = os.open(self._root(tree), os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        device = os.fstat(folder).st_dev
        try:
            for step in folders:
                below = os.open(step, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
                os.close(folder)
                folder = below
            # A pipe in the place of a file must not hold up its reader.
            found = os.open(name, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
        finally:
            os.close(folder)
        facts = os.fstat(found)
        if not stat.S_ISREG(facts.st_mode) or facts.st_dev != device:
            os.close(found)
            raise OSError(22, "is no attribute of this file system", attribute)
        return found
