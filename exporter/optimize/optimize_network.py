"""The strategy `optimize_network`: what connections and links tell. Nothing of it is a setting that is changed."""

from exporter.optimize.roots import Roots
from exporter.optimize.setting import Change


def changes(_roots: Roots) -> tuple[Change, ...]:
    """Return nothing: what would help is set by programs, of which this one starts none."""
    return ()
