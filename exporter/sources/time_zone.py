"""Time zones: one by its name, and the one that this machine is set to."""

from zoneinfo import ZoneInfo

LOCAL_ZONE = "local"


def time_zone(name: str) -> ZoneInfo:
    """Return the time zone of an IANA name, or this machine's own for `LOCAL_ZONE`.

    Raises ValueError for one that does not exist, and where the machine's own cannot be told.
    """
    if name == LOCAL_ZONE:
        return _local_zone()
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, LookupError) as error:
        raise ValueError(f'expected an IANA name such as "Europe/Paris", or "local", got "{name}"') from error


def _local_zone() -> ZoneInfo:
    # Imported where it is needed: a configured zone does without.
    from tzlocal import get_localzone  # noqa: PLC0415

    try:
        return get_localzone()
    except LookupError as error:
        raise ValueError("this machine's zone cannot be told; expected an IANA name") from error
