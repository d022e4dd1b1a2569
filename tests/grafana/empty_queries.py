"""Queries of the boards that stay empty beside a real stack, and why."""

from grafana.experiments.charts import PAST_MARK, WITHIN_BELOW, WITHIN_PAST_MARK

NOT_ACROSS = "no interval of the kept results crosses zero there"

CROSSED = (
    "Net cost",
    "Headline with one assumption changed",
    "Against the simplest rule: one site",
    "Against the simplest rule: three sites",
)
"""Charts of intervals, of which one that reaches over zero has a part of its own."""

NOT_INSIDE = "no published figure of the kept results lies inside a bar there"

EMPTY = {
    ("How far off the forecast is", "Off by"): "an error takes a day of forecasts; test_budget_board has one",
    ("How far off the forecast is", "Yesterday's"): "as above",
    ("Programs with the most traffic", "{{group}}"): "of another machine's sockets the kernel knows nothing",
    ("How bytes are counted", "devices"): "as above; test_process_bytes counts some",
    ("Refused logins", "{{reason}}"): "the exporters there ask for no password; test_refused_logins has some",
    **{("Emissions by team", f"{rank}. {{{{team}}}}"): "there are two teams" for rank in (3, 4, 5)},
    ("Emissions by team", "further teams"): "as above",
    ("Input moved between sites", "{{from_site}} to {{to_site}}{{run}}"): "the scenario edge has one site",
    ("Energy of the network between sites", "{{from_site}} to {{to_site}}{{run}}"): "as above",
    ("From home to execution", "Input"): "as above",
    **{(title, WITHIN_BELOW): NOT_ACROSS for title in CROSSED},
    **{
        (title, part): NOT_INSIDE
        for title in (
            "Energy against the reference",
            "Emissions against the reference",
            "Renewable share",
            "Energy without a part",
            "Emissions without a part",
        )
        for part in (PAST_MARK, WITHIN_PAST_MARK)
    },
}
"""Queries that stay empty, by title and legend, and why; at most 5% of all."""
