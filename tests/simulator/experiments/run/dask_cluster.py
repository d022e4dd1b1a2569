"""A Dask cluster of worker processes for tests: a program of its own, ended as a whole.

Runs an experiment on two workers into the folder that is given; with `--serve N` in its place it prints the address of
a cluster with N workers, and stays until its input ends.
"""

import sys
from pathlib import Path

from distributed import LocalCluster

from tests.simulator.experiments.fake_simulation import request, unseen


def cluster_of(workers: int) -> LocalCluster:
    """Start a cluster on loopback, without a dashboard."""
    return LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None, host="127.0.0.1")  # type: ignore[no-untyped-call]


def run(folder: Path) -> None:
    """Run the experiment."""
    from simulator.experiments.runner import run_experiment  # noqa: PLC0415 - workers load this file too

    with cluster_of(2) as cluster:
        asked = request(folder, experiment="baseline", replications=2, dask=cluster.scheduler_address)
        run_experiment(asked, unseen)


def serve(workers: int) -> None:
    """Serve until the input ends."""
    with cluster_of(workers) as cluster:
        sys.stdout.write(f"{cluster.scheduler_address}\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    if sys.argv[1] == "--serve":
        serve(int(sys.argv[2]))
    else:
        run(Path(sys.argv[1]))
