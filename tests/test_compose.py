"""The Compose stack, checked without an engine: its files, addresses, users and limits agree."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts.services import services
from tests.conftest import NEWER_PROGRAMS
from tests.processes import TOOL_SECONDS

ROOT = Path(__file__).resolve().parent.parent
COMPOSE = ROOT / "docker-compose.yml"
DOCKERFILE = ROOT / "Dockerfile"
HARDENING = {
    "read_only": True,
    "tmpfs": ["/tmp"],  # noqa: S108 - a folder inside the container
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges:true"],
    "init": True,
}
DIGEST = "(@sha256:[0-9a-f]{64})?"
"""Pattern of the digests that `scripts/pin-images` writes."""
LIMITS = ("mem_limit", "cpus", "pids_limit", "restart")
# Numbers that the makers of the images chose.
IMAGE_USERS = {
    "prom/prometheus": "65534:65534",
    "prom/alertmanager": "65534:65534",
    "grafana/grafana": "472:0",
}


def compose() -> dict[str, Any]:
    """Return the Compose file with every ${NAME:-default} replaced by its default."""
    text = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", COMPOSE.read_text())
    document: dict[str, Any] = yaml.safe_load(text)
    return document


def service_names() -> list[str]:
    return list(compose()["services"])


def stage(service: dict[str, Any]) -> str:
    """Return the part of the Dockerfile that makes the service's image."""
    stages = {part.split()[2]: part for part in re.split(r"^FROM ", DOCKERFILE.read_text(), flags=re.MULTILINE)[1:]}
    found: str = stages[service["build"]["target"]]
    return found


def mounts(service: dict[str, Any]) -> list[tuple[str, str, bool]]:
    """Return (source, target, whether read-only) of every volume."""
    parts = [volume.split(":") for volume in service.get("volumes", [])]
    return [(source, target, mode == ["ro"]) for source, target, *mode in parts]


def seconds(duration: str) -> int:
    """Return the seconds of a Prometheus duration with one unit."""
    return int(duration[:-1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}[duration[-1]]


def assert_passes(*argv: str | Path) -> None:
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=TOOL_SECONDS, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_compose_file_follows_the_specification() -> None:
    schema = ["-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    assert_passes(sys.executable, *schema, COMPOSE)


def resolved_services(*flags: str) -> dict[str, Any]:
    """Return the services as Compose reads the shipped file, with these flags."""
    if not (NEWER_PROGRAMS / "docker-compose").exists():
        pytest.skip(f"scripts/fetch-newer-programs has not made {NEWER_PROGRAMS}")
    argv = [str(NEWER_PROGRAMS / "docker-compose"), f"--file={COMPOSE}", "--env-file=/dev/null", *flags]
    argv += ["config", "--format=json"]
    done = subprocess.run(argv, env={}, capture_output=True, text=True, timeout=TOOL_SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    found: dict[str, Any] = json.loads(done.stdout)["services"]
    return found


@pytest.mark.servers
def test_compose_itself_reads_the_file_as_these_tests_do() -> None:
    """Compose merges, fills in and checks; these tests only replace variables by their defaults."""
    resolved, written = resolved_services("--profile=*"), compose()["services"]
    assert resolved.keys() == written.keys()
    for name, service in written.items():
        assert {key: resolved[name][key] for key in HARDENING} == HARDENING
        assert resolved[name]["user"] == service["user"]
        assert resolved[name].get("command") == service.get("command")
        assert [(one["source"], one["target"], one.get("read_only", False)) for one in resolved[name]["volumes"]] == [
            (str(ROOT / source) if source.startswith("./") else source, target, read_only)
            for source, target, read_only in mounts(service)
        ]
        assert [f"{one['host_ip']}:{one['published']}:{one['target']}" for one in resolved[name]["ports"]] == service[
            "ports"
        ]


def added(name: str) -> list[str]:
    """Return the flags that name an addition beside the shipped file; none where there is none."""
    return [f"--file={ROOT / 'docs/examples/compose' / name}.yml"] if name else []


WATCHING = {"alertmanager", "prometheus", "grafana"}
CHOICES = [
    ("", (), WATCHING | {"ecotrack"}),
    ("", ("sim",), WATCHING | {"ecotrack", "ecochain"}),
    ("host", (), WATCHING | {"ecotrack"}),
    ("host", ("sim",), WATCHING | {"ecotrack", "ecochain"}),
    ("fleet", (), WATCHING),
    ("fleet", ("sim",), WATCHING | {"ecochain"}),
    ("fleet", ("host",), WATCHING | {"ecotrack"}),
]


@pytest.mark.servers
@pytest.mark.parametrize(("name", "profiles", "started"), CHOICES)
def test_profiles_and_additions_choose_services_and_take_nothing_from_their_hardening(
    name: str, profiles: tuple[str, ...], started: set[str]
) -> None:
    resolved = resolved_services(*added(name), *(f"--profile={profile}" for profile in profiles))
    assert resolved.keys() == started
    for service, written in resolved.items():
        assert {key: written[key] for key in HARDENING} == HARDENING
        assert written["user"] == compose()["services"][service]["user"]
    for path in resolved["prometheus"]["volumes"]:
        assert path["type"] == "volume" or Path(path["source"]).exists()


@pytest.mark.servers
@pytest.mark.parametrize("name", ["", "host", "fleet"])
def test_no_alert_misses_for_ever_what_is_not_to_run(name: str) -> None:
    """A job that an alert misses from the start has targets in the folder; another is missed after it had one."""
    mounted = {one["target"]: Path(one["source"]) for one in resolved_services(*added(name))["prometheus"]["volumes"]}
    rules = [path.read_text() for path in mounted["/etc/prometheus/rules"].iterdir()]
    missed = set(re.findall(r'absent\(up\{job="(\w+)"\}\)(?!\s+and on \(job\)\s+last_over_time)', "".join(rules)))
    listed = {
        path.stem for path in mounted["/etc/prometheus/targets"].iterdir() if targets(yaml.safe_load(path.read_text()))
    }
    assert missed == {"ecotrack"}
    assert missed <= listed


def test_the_hosts_addition_says_all_that_the_shipped_command_says() -> None:
    addition = yaml.safe_load(re.sub(r"\$\{.*\}", "0", (ROOT / "docs/examples/compose/host.yml").read_text()))
    shipped = compose()["services"]["ecotrack"]["command"]
    assert addition["services"]["ecotrack"]["command"] == [*shipped, "--collector.processes"]


def test_the_fleets_folder_of_targets_leaves_out_the_simulator_alone() -> None:
    folder, shipped = ROOT / "docs/examples/compose/fleet-targets", ROOT / "prometheus/targets"
    names = {path.name for path in folder.glob("*.yml")}
    assert names == {path.name for path in shipped.glob("*.yml")} - {"ecochain.yml"}
    for name in sorted(names - {"ecotrack.yml"}):
        assert (folder / name).read_text() == (shipped / name).read_text()


def test_dockerfile_passes_hadolint() -> None:
    assert_passes(Path(sys.executable).with_name("hadolint"), DOCKERFILE)


def test_yaml_files_pass_yamllint() -> None:
    list_files = ["git", "ls-files", "-z", "*.yml", "*.yaml"]
    listing = subprocess.run(list_files, cwd=ROOT, capture_output=True, timeout=TOOL_SECONDS, check=True)
    tracked = [name for name in listing.stdout.decode().split("\0") if name]
    assert "docker-compose.yml" in tracked
    assert_passes(sys.executable, "-m", "yamllint", "--strict", *tracked)


@pytest.mark.parametrize("name", service_names())
def test_every_service_is_hardened(name: str) -> None:
    service = compose()["services"][name]
    assert {key: service.get(key) for key in HARDENING} == HARDENING
    assert all(service.get(key) for key in LIMITS)
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}
    assert not {"privileged", "cap_add", "network_mode", "pid"} & service.keys()


@pytest.mark.parametrize("name", service_names())
def test_every_image_is_pinned(name: str) -> None:
    service = compose()["services"][name]
    if "build" in service:
        stages = re.findall(r"^FROM (\S+) AS (\S+)$", DOCKERFILE.read_text(), re.MULTILINE)
        pulled = {base for base, _ in stages} - {name for _, name in stages}
        assert len(pulled) == 1
        assert re.fullmatch(rf"python:3\.\d+\.\d+-slim-bookworm{DIGEST}", pulled.pop())
    else:
        assert re.fullmatch(rf"[a-z]+/[a-z]+:v?\d+\.\d+\.\d+{DIGEST}", service["image"])


@pytest.mark.parametrize("name", service_names())
def test_every_port_is_published_on_loopback_only(name: str) -> None:
    for port in compose()["services"][name]["ports"]:
        address, outer, inner = port.split(":")
        assert address == "127.0.0.1"
        assert outer == inner


@pytest.mark.parametrize("name", service_names())
def test_mounted_files_exist_and_are_read_only(name: str) -> None:
    document = compose()
    for source, target, read_only in mounts(document["services"][name]):
        if source.startswith((".", "/")):
            assert (ROOT / source).exists(), f"{source} is mounted at {target}"
            assert read_only, f"{source} is mounted for writing"
        else:
            assert source in document["volumes"]


@pytest.mark.parametrize("name", service_names())
def test_state_is_kept_in_the_volume(name: str) -> None:
    """With a read-only root, the folder that a command names for its state has to be a writable mount."""
    service = compose()["services"][name]
    writable = {target for _, target, read_only in mounts(service) if not read_only}
    command = " ".join(service.get("command", []))
    named = re.findall(r"--(?:state\.dir|storage\.(?:tsdb\.)?path)=(\S+)", command)
    unnamed = {"grafana": ["/var/lib/grafana"], "ecochain": []}
    assert writable == set(named or unnamed[name])


@pytest.mark.parametrize("name", service_names())
def test_every_service_runs_as_its_images_own_user(name: str) -> None:
    service = compose()["services"][name]
    if "build" in service:
        user = re.search(r"^USER (\S+)$", stage(service), re.MULTILINE)
        assert user
        uid, gid = user[1].split(":")
        assert service["user"] == user[1]
        volumes = re.findall(r"^VOLUME (\S+)$", stage(service), re.MULTILINE)
        assert all(f"--owner={uid} --group={gid} --mode=0700 {volume}" in stage(service) for volume in volumes)
        assert set(volumes) == {target for _, target, read_only in mounts(service) if not read_only}
    else:
        assert service["user"] == IMAGE_USERS[service["image"].partition(":")[0]]
    assert not service["user"].startswith(("0", "root"))


@pytest.mark.parametrize("name", service_names())
def test_every_service_has_a_health_check_on_its_own_port(name: str) -> None:
    service = compose()["services"][name]
    inner = service["ports"][0].split(":")[-1]
    if "build" in service:
        check = re.search(r"^HEALTHCHECK .*\\\n(.*)$", stage(service), re.MULTILINE)
        assert check
        assert f"'127.0.0.1', {inner}" in check[1]
    else:
        assert f"http://127.0.0.1:{inner}/" in service["healthcheck"]["test"][-1]


def test_health_checks_need_no_newer_engine_than_debian_12_has() -> None:
    """Engine 20.10 refuses every other key; what waits for a service waits for its first check, an interval later."""
    known = {"test", "interval", "timeout", "start_period", "retries"}
    checks = [service["healthcheck"] for service in compose()["services"].values() if "healthcheck" in service]
    for flags in re.findall(r"^HEALTHCHECK (.*)\\$", DOCKERFILE.read_text(), re.MULTILINE):
        words = (flag.removeprefix("--").split("=") for flag in flags.split())
        checks.append({name.replace("-", "_"): value for name, value in words})
    assert len(checks) == len(service_names())
    assert all(check.keys() <= known and seconds(check["interval"]) <= 10 for check in checks)


def test_services_wait_for_healthy_ones() -> None:
    document = compose()
    waits = {name: service.get("depends_on", {}) for name, service in document["services"].items()}
    assert waits["prometheus"].keys() == {"ecotrack", "ecochain", "alertmanager"}
    assert waits["grafana"].keys() == {"prometheus"}
    # Compose waits for what a profile adds where it is added.
    profiled = {name for name, service in document["services"].items() if "profiles" in service}
    assert profiled == {"ecochain"}
    for name, each in ((name, each) for wait in waits.values() for name, each in wait.items()):
        assert each == {"condition": "service_healthy", **({"required": False} if name in profiled else {})}


def targets(document: object) -> list[str]:
    """Return every entry of every list under the key `targets`."""
    if isinstance(document, list):
        return [target for item in document for target in targets(item)]
    if isinstance(document, dict):
        own = list(document.get("targets", []))
        return own + [target for key, item in document.items() if key != "targets" for target in targets(item)]
    return []


def test_scrape_targets_are_the_services() -> None:
    folder = ROOT / "prometheus"
    documents = [folder / "prometheus.yml", *sorted((folder / "targets").glob("*.yml"))]
    found = {target for path in documents for target in targets(yaml.safe_load(path.read_text()))}
    services = compose()["services"]
    inner = {f"{name}:{service['ports'][0].split(':')[-1]}" for name, service in services.items()}
    assert found == inner - {"ecochain:10111", "grafana:3000"}


def test_the_simulator_is_found_by_its_name_while_it_runs() -> None:
    """Its target is the address that a list of it would have, so that its series are the same as natively."""
    jobs = yaml.safe_load((ROOT / "prometheus/prometheus.yml").read_text())["scrape_configs"]
    (job,) = (job for job in jobs if "dns_sd_configs" in job)
    (found,) = job["dns_sd_configs"]
    (rule,) = job["relabel_configs"]
    assert (job["job_name"], found["type"]) == ("ecochain", "A")
    assert (rule["source_labels"], rule["target_label"]) == (["__meta_dns_name"], "__address__")
    addresses = {re.sub(rule["regex"], rule["replacement"].replace("$", "\\"), name) for name in found["names"]}
    (port,) = compose()["services"]["ecochain"]["ports"]
    assert addresses == {f"ecochain:{port.split(':')[-1]}"}
    assert found["port"] == int(port.split(":")[-1])


def test_the_exporter_sees_the_host_and_listens_in_its_own_namespace() -> None:
    service = compose()["services"]["ecotrack"]
    for name in ("proc", "sys"):
        assert (f"/{name}", f"/host/{name}", True) in mounts(service)
        assert f"--path.{name}fs=/host/{name}" in service["command"]
    assert "--web.listen-address=0.0.0.0:10110" in service["command"]


def test_the_simulator_runs_as_natively_and_sees_nothing_of_the_host() -> None:
    service = compose()["services"]["ecochain"]
    results = Path("/usr/share/ecochain/experiments")
    native = next(row for row in services(sys.executable, results) if row.name == "ecochain")
    arguments = [argument.replace("127.0.0.1:{port}", "0.0.0.0:10111") for argument in native.arguments[2:]]
    assert service["command"] == arguments
    assert mounts(service) == [("./bench/results/experiments", str(results), True)]


def test_the_exporters_image_carries_nothing_of_the_simulator() -> None:
    text = stage(compose()["services"]["ecotrack"])
    assert "COPY --from=exporter-build /opt/ecotrack /opt/ecotrack\n" in text
    assert "rm /opt/ecotrack/bin/ecochain" in text
    (build,) = re.findall(r"^FROM \S+ AS exporter-build\n(.*?)^FROM ", DOCKERFILE.read_text(), re.MULTILINE | re.DOTALL)
    assert "simulator" not in build.partition("\n\n")[0]


def test_retention_exceeds_the_longest_window_of_any_rule() -> None:
    rules = "\n".join(path.read_text() for path in sorted((ROOT / "prometheus" / "rules").glob("*.yml")))
    windows = [seconds(window) for window in re.findall(r"\[(\d+[smhdw])[\]:]", rules)]
    command = " ".join(compose()["services"]["prometheus"]["command"])
    retention = re.search(r"--storage\.tsdb\.retention\.time=(\w+)", command)
    assert retention
    assert max(windows) >= seconds("3d")
    # A monthly budget is compared with the month before as well.
    assert seconds(retention[1]) > max(*windows, seconds("62d"))


def test_grafana_is_given_what_its_provisioning_asks_for() -> None:
    service = compose()["services"]["grafana"]
    files = sorted((ROOT / "grafana" / "provisioning").rglob("*.yml"))
    asked = {name for path in files for name in re.findall(r"\$\{(\w+)\}", path.read_text())}
    assert asked
    assert asked <= service["environment"].keys()
    assert service["environment"]["DASHBOARDS_PATH"] in {target for _, target, _ in mounts(service)}


def test_grafanas_password_stays_out_of_the_repository() -> None:
    document = compose()
    secret = document["secrets"]["grafana-admin-password"]["file"]
    ignored = subprocess.run(["git", "check-ignore", "--quiet", secret], cwd=ROOT, timeout=TOOL_SECONDS, check=False)
    assert ignored.returncode == 0
    environment = document["services"]["grafana"]["environment"]
    assert environment["GF_SECURITY_ADMIN_PASSWORD__FILE"] == "/run/secrets/grafana-admin-password"
    assert "GF_SECURITY_ADMIN_PASSWORD" not in environment


def test_make_secrets_closes_the_folder_to_others_and_keeps_an_existing_password(tmp_path: Path) -> None:
    make = ["make", "--silent", "--file", str(ROOT / "Makefile"), "secrets"]
    subprocess.run(make, cwd=tmp_path, timeout=TOOL_SECONDS, check=True, capture_output=True)
    folder, file = tmp_path / "secrets", tmp_path / "secrets" / "grafana-admin-password"
    first = file.read_text()
    subprocess.run(make, cwd=tmp_path, timeout=TOOL_SECONDS, check=True, capture_output=True)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert file.stat().st_mode & 0o777 == 0o444
    assert len(first.strip()) >= 20
    assert file.read_text() == first
