"""Files of numba's cache: damage to one, or a disk that takes no more, costs time and never a run."""

import functools
import logging
from pathlib import Path
from typing import Any

_LOG = logging.getLogger(__name__)


def kept_code(folder: str, base: str, rests_on: tuple[object, ...]) -> Any:
    """Return the files of a kernel's code, whose names begin with `base`. They count while it rests on the same."""
    from numba.core.caching import IndexDataCacheFile  # noqa: PLC0415 - takes longer to load than the command line may

    class KeptCode(IndexDataCacheFile):
        """An index and the code, each file written whole; what cannot be read is compiled again and written anew."""

        def save(self, key: object, data: object) -> None:
            try:
                super().save(key, data)  # type: ignore[no-untyped-call]
            except OSError as error:
                _tell(folder, error.strerror or type(error).__name__)

        def _load_index(self) -> dict[object, str]:
            try:
                index = super()._load_index()  # type: ignore[no-untyped-call]
            except Exception:  # noqa: BLE001 - unpickling damage can raise anything
                return {}
            return index if isinstance(index, dict) else {}

        def _load_data(self, name: str) -> object:
            try:
                return super()._load_data(name)  # type: ignore[no-untyped-call]
            except Exception as error:
                raise OSError(f"{name} is damaged") from error  # numba goes on as without the file

    return KeptCode(cache_path=folder, filename_base=base, source_stamp=rests_on)  # type: ignore[no-untyped-call]


@functools.cache
def _tell(folder: str, reason: str) -> None:
    """Say, once in a process, that the next one has to compile again."""
    _LOG.warning("compiled kernels are not kept in %s, and each run compiles them anew: %s", Path(folder), reason)
