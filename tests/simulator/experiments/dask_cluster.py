"""A Dask cluster of two worker processes, and an experiment on it: a program of its own, ended as a whole."""

import sys
from pathlib import Path

from distributed import LocalCluster

from tests.simulator.experiments.fake_simulation import request, unseen


def main() -> None:
    """Run the experiment into the folder that is given."""
    from simulator.experiments.runner import run_experiment  # noqa: PLC0415 - workers load this file too

    cluster = LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1")  # type: ignore[no-untyped-call]
    with cluster:
        asked = request(Path(sys.argv[1]), experiment="baseline", replications=2, dask=cluster.scheduler_address)
        run_experiment(asked, unseen)


if __name__ == "__main__":
    main()
