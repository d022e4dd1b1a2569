"""The layout of a journal: the fields of an EcoTrack log, and what this exporter knows beyond them.

A row is a stretch of at most a minute, of one scope, with one activity, intensity and source. Its columns:

- `timestamp`: end of the stretch, UTC
- `bytes_used`, `data_gb`: traffic in both directions, a GB being 2^30 bytes as in EcoTrack; of scope network only
- `energy_kwh`, `co2_kg`: energy and CO2e; the latter is empty where no carbon intensity was known
- `activity`: activity of the network, empty where it was not judged
- `scope`: host or network
- `source`: sources of the power's components, joined by `+`
- `intensity`: grid carbon intensity in g/kWh
- `label`: provider of the intensity
- `seconds`: awake time that the row is of
- `ecotrack_journal_v1`: always empty; the name tells the version of the layout
"""

VERSION = 1

VERSION_PREFIX = "ecotrack_journal_v"

ECOTRACK = ("timestamp", "bytes_used", "data_gb", "energy_kwh", "co2_kg", "activity")
"""Columns of an original EcoTrack log. Some of its versions wrote no activity."""

HEADER = (*ECOTRACK, "scope", "source", "intensity", "label", "seconds", f"{VERSION_PREFIX}{VERSION}")

HEADER_LINE = (",".join(HEADER) + "\n").encode()

CURRENT_NAME = "journal.csv"
"""The file that rows are added to; older ones have the time of their rotation in their names."""
