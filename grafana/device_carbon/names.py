"""Names that several rows of the board share."""

DOCUMENTS = {
    "How to read it": "how-to/read-the-device-dashboard.md",
    "What the numbers mean": "explanation/what-the-numbers-mean.md",
    "Runbooks": "runbooks",
}
"""Pages on the board."""

TO_HOST_POWER = "Components, bands and sensors"
"""Title of the links to the board Host power and processes."""

GRAMS_PER_UNIT = "suffix:g"

NO_SCORE = "no score: the page of the exporter says why"
NO_TRAFFIC = "no network traffic was counted in this time"
