"""How figures are written where more than one view shows them, so that the views agree."""

from exporter.core.html import UNKNOWN


def band_text(low: float | None, high: float | None) -> str:
    """Write the ends of a band in watts, to a tenth below ten."""
    if low is None or high is None:
        return UNKNOWN
    digits = 0 if high >= 10.0 else 1
    return f"{low:.{digits}f} to {high:.{digits}f}"
