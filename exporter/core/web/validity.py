"""The time for which a server's certificate is valid, and what is to be said about it."""

import time
from dataclasses import dataclass

from exporter.core.units import SECONDS_PER_DAY, UnixSeconds

SOON_DAYS = 14
"""Days before the end of a certificate at which it is told. Chosen: two weeks to have it renewed."""

SOON_PART = 4
"""Part of its lifetime, one by this, that a certificate has left when its end is told at the earliest. Those that live
for days are renewed with a third of it left, as Let's Encrypt's integration guide has it, and are no news then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Validity:
    """The time for which a certificate is valid, from `start` to `expiry`."""

    start: UnixSeconds
    expiry: UnixSeconds

    def concern(self, now: float) -> str:
        """Return what somebody has to know of the certificate at a time: it ended, will soon or has yet to begin."""
        left = self.expiry - now
        if left < 0:
            return f"expired on {_date(self.expiry)}; clients that check it refuse to connect"
        if now < self.start:
            return f"is not valid before {_date(self.start)}; clients that check it refuse to connect"
        if left < min(SOON_DAYS * SECONDS_PER_DAY, (self.expiry - self.start) / SOON_PART):
            return f"expires on {_date(self.expiry)}"
        return ""


def _date(at: UnixSeconds) -> str:
    return time.strftime("%Y-%m-%d at %H:%M UTC", time.gmtime(at))
