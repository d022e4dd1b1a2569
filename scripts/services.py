"""The processes that `make up` runs: one row each, in the order in which they start."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Process with a web address on loopback.

    `programs` are names to look for; the first installed one is used. `arguments` and `environment` are
    templates: {root} is the repository, {state} the state folder, {config} the exporter's configuration file,
    {port} the service's own port and {ports[NAME]} another's. `ready` is a path that answers 200 once the service
    works, `page` the one to open, `shows` what for (a template too), `absent` how to get a missing program. `modules`
    are Python packages that it cannot do without.
    """

    name: str
    programs: tuple[str, ...]
    arguments: tuple[str, ...]
    port: int
    ready: str
    page: str
    shows: str
    absent: str = ""
    modules: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


ALERTMANAGER = Service(
    name="alertmanager",
    programs=("prometheus-alertmanager", "alertmanager"),
    arguments=(
        "--config.file={root}/prometheus/alertmanager.yml",
        "--storage.path={state}/alertmanager",
        "--web.listen-address=127.0.0.1:{port}",
        "--web.external-url=http://localhost:{port}/",
        "--cluster.listen-address=",
    ),
    port=9093,
    ready="/-/ready",
    page="/",
    shows="notifications: amtool --alertmanager.url=http://127.0.0.1:{port} alert query",
    absent="apt-get install prometheus-alertmanager",
)

PROMETHEUS = Service(
    name="prometheus",
    programs=("prometheus",),
    arguments=(
        "--config.file={state}/prometheus/prometheus.yml",
        "--storage.tsdb.path={state}/prometheus/data",
        "--storage.tsdb.retention.time=400d",
        "--storage.tsdb.retention.size=6GB",
        "--web.listen-address=127.0.0.1:{port}",
        "--web.external-url=http://localhost:{port}/",
    ),
    port=9090,
    ready="/-/ready",
    page="/",
    shows="history, recording rules and alerts",
    absent="apt-get install prometheus",
)

GRAFANA = Service(
    name="grafana",
    programs=("grafana-server",),
    arguments=("--homepath=/usr/share/grafana",),
    port=3000,
    ready="/api/health",
    page="/d/ecotrack-home/home",
    shows="the dashboards",
    absent="apt-get install grafana, from the source of packages at apt.grafana.com; or docker compose up",
    environment={
        "GF_AUTH_ANONYMOUS_ENABLED": "true",
        "GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH": "{root}/grafana/dashboards/home.json",
        "GF_PATHS_DATA": "{state}/grafana",
        "GF_PATHS_LOGS": "{state}/grafana/log",
        "GF_PATHS_PROVISIONING": "{root}/grafana/provisioning",
        "GF_SERVER_HTTP_ADDR": "127.0.0.1",
        "GF_SERVER_HTTP_PORT": "{port}",
        "PROMETHEUS_URL": "http://127.0.0.1:{ports[prometheus]}",
        "DASHBOARDS_PATH": "{root}/grafana/dashboards",
    },
)


def services(python: str, experiments: Path, flags: Sequence[str] = ()) -> tuple[Service, ...]:
    """List every service.

    `python` is the interpreter that has this project installed, `experiments` a folder of results for the simulator to
    show beside its run, `flags` are further ones of the exporter.
    """
    return (_exporter(python, flags), _simulator(python, experiments), ALERTMANAGER, PROMETHEUS, GRAFANA)


def _exporter(python: str, flags: Sequence[str]) -> Service:
    return Service(
        name="ecotrack",
        programs=(python,),
        arguments=(
            "-m",
            "exporter",
            "--config.file={config}",
            "--web.listen-address=127.0.0.1:{port}",
            "--state.dir={state}/ecotrack",
            *(_literal(flag) for flag in flags),
        ),
        port=10110,
        ready="/-/ready",
        page="/",
        shows="this machine's watts, grams and budget; metrics at /metrics",
    )


def _simulator(python: str, experiments: Path) -> Service:
    return Service(
        name="ecochain",
        programs=(python,),
        arguments=(
            "-m",
            "simulator",
            "serve",
            "--speed=60",
            "--web.listen-address=127.0.0.1:{port}",
            f"--experiments={_literal(str(experiments))}",
        ),
        port=10111,
        ready="/-/ready",
        page="/",
        shows="a simulated edge cluster, 60 times as fast as the clock; metrics at /metrics",
        absent="its Python packages are missing: pip install --editable '.[simulator]'",
        modules=("numba", "numpy", "scipy"),
    )


def _literal(text: str) -> str:
    """Escape a text as a template that stands for itself."""
    return text.replace("{", "{{").replace("}", "}}")
