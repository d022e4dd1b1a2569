"""The manifests for Kubernetes: what the schemas allow, what the exporter takes, and nothing that it does not need.

No cluster runs here.
"""

import re
from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
import yaml

from exporter.cli import build_parser
from exporter.config import Config, load_config

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "docs/examples/kubernetes"
VERSIONS = ("1.30", "1.33", kubernetes_validate.latest_version())
"""The oldest version with a read-only mount of everything below, one between, and the latest whose schema there is."""

OWN_USER = 10110
"""User of the pod, who has to be nobody else's on the node: the kernel shows whoever has the same number and no fewer
capabilities what a process holds, its environment for instance, and the node's /proc is mounted."""

MEASURED = ROOT / "bench/results/exporter.md"


def documents(name: str = "ecotrack.yaml") -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((EXAMPLES / name).read_text(encoding="utf-8")))


def of_kind(kind: str, name: str = "ecotrack.yaml") -> dict[str, Any]:
    (found,) = [one for one in documents(name) if one["kind"] == kind]
    return found


def pod() -> dict[str, Any]:
    found: dict[str, Any] = of_kind("DaemonSet")["spec"]["template"]["spec"]
    return found


def container() -> dict[str, Any]:
    (found,) = pod()["containers"]
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("version", VERSIONS)
def test_every_object_follows_the_schema(version: str) -> None:
    kinds = [kubernetes_validate.validate(one, version, strict=True) and one["kind"] for one in documents()]
    assert kinds == ["Namespace", "ServiceAccount", "ConfigMap", "DaemonSet", "NetworkPolicy"]


def test_the_schema_finds_a_wrong_word() -> None:
    wrong = of_kind("DaemonSet")
    wrong["spec"]["template"]["spec"]["containers"][0]["readinessprobe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, VERSIONS[-1], strict=True)


def test_the_pod_has_the_least_privilege() -> None:
    """All that the level restricted of the Pod Security Standards asks for, but for the node's two folders."""
    assert not {"hostNetwork", "hostPID", "hostIPC", "initContainers"} & pod().keys()
    assert pod()["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": OWN_USER,
        "runAsGroup": OWN_USER,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    assert container()["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod()["automountServiceAccountToken"] is False
    assert of_kind("ServiceAccount")["automountServiceAccountToken"] is False
    folders = {one["name"]: one["hostPath"]["path"] for one in pod()["volumes"] if "hostPath" in one}
    assert folders == {"proc": "/proc", "sys": "/sys"}
    writable = [one["name"] for one in container()["volumeMounts"] if not one.get("readOnly")]
    assert writable == ["state"]


def test_the_user_is_not_one_that_other_images_have() -> None:
    """Neither that of this project's image, which distroless images have too, nor nobody's, nor one of Debian's."""
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert f"USER {OWN_USER}:" not in dockerfile
    assert OWN_USER not in {65532, 65534, 10000, 10001, *range(1100), *range(61184, 65520)}
    for page in (EXAMPLES / "state-on-the-node.yaml", ROOT / "docs/how-to/run-on-kubernetes.md"):
        assert f"install -d -o {OWN_USER} -g {OWN_USER} -m 0700 /var/lib/ecotrack" in page.read_text(encoding="utf-8")


def test_probes_are_those_of_the_image() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert f"'{container()['livenessProbe']['httpGet']['path']}'" in dockerfile


def test_the_exporter_takes_flags_and_configuration(tmp_path: Path) -> None:
    mounts = {one["mountPath"]: one["name"] for one in container()["volumeMounts"]}
    # The node's folders are not here.
    args = [re.sub(r"=/host/(\w+)", r"=/\1", one) for one in container()["args"]]
    options = build_parser().parse_args(args)
    assert (mounts["/host/proc"], mounts["/host/sys"]) == ("proc", "sys")
    assert mounts[str(options.state_dir)] == "state"
    assert mounts[str(options.config_file.parent)] == "config"
    config = tmp_path / options.config_file.name
    config.write_text(of_kind("ConfigMap")["data"][config.name], encoding="utf-8")
    assert load_config(config).grid.zone == "DE"
    (port,) = container()["ports"]
    assert options.addresses == [f":{port['containerPort']}"]
    annotations = of_kind("DaemonSet")["spec"]["template"]["metadata"]["annotations"]
    assert annotations == {"prometheus.io/scrape": "true", "prometheus.io/port": str(port["containerPort"])}
    probes = {container()[f"{one}nessProbe"]["httpGet"]["port"] for one in ("live", "readi")}
    assert probes == {port["name"]}


def test_a_node_is_not_charged_for_traffic_by_an_access_line_of_the_internet(tmp_path: Path) -> None:
    """Most of a node's bytes stay in the data centre, and the usual limit of ecoguard is one of laptops."""
    config = tmp_path / "ecotrack.yml"
    config.write_text(of_kind("ConfigMap")["data"][config.name], encoding="utf-8")
    loaded = load_config(config)
    assert loaded.network.kwh_per_gb == 0
    assert loaded.ecoguard.limit_grams_per_minute > Config().ecoguard.limit_grams_per_minute


def test_what_is_requested_was_measured() -> None:
    found = re.search(r"resident memory after the scrapes, MiB \| [\d.]+ \| ([\d.]+)", MEASURED.read_text())
    assert found
    mebibytes = {key: int(one["memory"].removesuffix("Mi")) for key, one in container()["resources"].items()}
    assert 1.5 * float(found[1]) < mebibytes["requests"] < mebibytes["limits"]


def test_all_select_the_same_pods_and_port() -> None:
    labels = of_kind("DaemonSet")["spec"]["template"]["metadata"]["labels"]
    (port,) = container()["ports"]
    assert of_kind("DaemonSet")["spec"]["selector"]["matchLabels"].items() <= labels.items()
    policy = of_kind("NetworkPolicy")["spec"]
    assert policy["podSelector"]["matchLabels"].items() <= labels.items()
    assert [one["port"] for one in policy["ingress"][0]["ports"]] == [port["name"]]
    assert policy["egress"] == []
    monitor = of_kind("PodMonitor", "pod-monitor.yaml")["spec"]
    assert monitor["selector"]["matchLabels"].items() <= labels.items()
    (endpoint,) = monitor["podMetricsEndpoints"]
    assert endpoint["port"] == port["name"]
    assert endpoint["relabelings"][0]["targetLabel"] == "instance"


def test_the_monitors_lines_for_teams_are_those_of_a_raw_prometheus() -> None:
    text = (EXAMPLES / "pod-monitor.yaml").read_text(encoding="utf-8")
    switched_on = yaml.safe_load(
        re.sub(r"(?m)^( *)# (attachMetadata:|  node:|- sourceLabels:|  targetLabel:)", r"\1\2", text)
    )
    assert switched_on["spec"]["attachMetadata"] == {"node": True}
    (endpoint,) = switched_on["spec"]["podMetricsEndpoints"]
    raw = yaml.safe_load((EXAMPLES.parent / "discovery/kubernetes.yml").read_text(encoding="utf-8"))
    (job,) = [one for one in raw["scrape_configs"] if "kubernetes_sd_configs" in one]
    last = job["relabel_configs"][-1]
    assert endpoint["relabelings"][-1] == {"sourceLabels": last["source_labels"], "targetLabel": last["target_label"]}


def test_a_kustomization_of_ones_own_patches_objects_that_there_are(tmp_path: Path) -> None:
    page = (ROOT / "docs/how-to/run-on-kubernetes.md").read_text(encoding="utf-8")
    (block,) = [one for one in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL) if "kind: Kustomization" in one]
    own = yaml.safe_load(block)
    assert own["images"][0]["name"] == documents("kustomization.yaml")[0]["images"][0]["name"]
    patches = [yaml.safe_load(one["patch"]) for one in own["patches"]]
    for patch in patches:
        assert patch["metadata"]["name"] == of_kind(patch["kind"])["metadata"]["name"]
    config = tmp_path / "ecotrack.yml"
    config.write_text(patches[0]["data"][config.name], encoding="utf-8")
    assert load_config(config).network.kwh_per_gb == 0


def test_rules_written_as_the_pages_say_select_the_job_of_the_monitor() -> None:
    """Rules for a job that nothing is scraped by would say that the exporter is missing, and see none that is down."""
    (endpoint,) = of_kind("PodMonitor", "pod-monitor.yaml")["spec"]["podMetricsEndpoints"]
    (job,) = [one["replacement"] for one in endpoint["relabelings"] if one["targetLabel"] == "job"]
    page = (ROOT / "docs/how-to/use-your-own-prometheus.md").read_text(encoding="utf-8").replace("\\\n", "")
    commands = re.findall(r"^\S+/ecotrack rules (.* --kubernetes .*)$", page, re.MULTILINE)
    assert commands
    for command in commands:
        assert (re.findall(r"--job[ =](\S+)", command) or ["ecotrack"]) == [job]


def test_kustomization_and_patch_fit_the_manifests() -> None:
    (kustomization,) = documents("kustomization.yaml")
    assert all((EXAMPLES / name).exists() for name in kustomization["resources"])
    (image,) = kustomization["images"]
    assert container()["image"] == f"{image['name']}:{image['newTag']}"
    (patch,) = documents("state-on-the-node.yaml")
    original = of_kind("DaemonSet")
    assert (patch["kind"], patch["metadata"]) == (
        original["kind"],
        {k: original["metadata"][k] for k in ("name", "namespace")},
    )
    (volume,) = patch["spec"]["template"]["spec"]["volumes"]
    (replaced,) = [one for one in pod()["volumes"] if one["name"] == volume["name"]]
    assert set(replaced) - {"name"} == {key for key, value in volume.items() if value is None}
