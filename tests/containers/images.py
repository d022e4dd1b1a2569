"""Images in place of the published ones, which no registry brings here: Debian 12 with Python, and its programs."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

from tests.conftest import NEWER_PROGRAMS
from tests.containers.engine import BUILD_SECONDS, CACHE, Engine
from tests.processes import TOOL_SECONDS

ROOT = Path(__file__).resolve().parents[2]
BASE = CACHE / "container-base.tar"
"""Debian 12 as made by debootstrap, which takes minutes."""

PACKAGES = "busybox,ca-certificates,python3-venv"
TEMPLATES = Path("/usr/share/prometheus/alertmanager")
"""Texts that Debian's Alertmanager reads at its start."""

STAND_INS = """\
FROM {base} AS prometheus
COPY prometheus /bin/prometheus
RUN install -d -o 65534 -g 65534 /prometheus
USER 65534
WORKDIR /prometheus
ENTRYPOINT ["/bin/prometheus"]

FROM {base} AS alertmanager
COPY prometheus-alertmanager /bin/alertmanager
COPY templates {templates}
RUN install -d -o 65534 -g 65534 /alertmanager
USER 65534
WORKDIR /alertmanager
ENTRYPOINT ["/bin/alertmanager"]
"""
PIP_SETTINGS = ("index-url", "proxy", "timeout", "default-timeout", "trusted-host")


def published() -> dict[str, str]:
    """Return the names of the images that the stack would pull, by what they bring."""
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    images = {name: services[name]["image"] for name in ("prometheus", "alertmanager")}
    (base,) = set(re.findall(r"^FROM (python:\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE))
    return {"base": base, **images}


def bring_images(engine: Engine, folder: Path) -> None:
    """Give the engine an image under each published name, with the programs of Debian."""
    names = published()
    if not BASE.exists():
        _make_base(CACHE / "container-base")
    if not engine.docker("images", "--quiet", names["base"]):
        engine.docker("import", "--change", 'CMD ["python3"]', "-", names["base"], stdin=BASE)
    folder.mkdir()
    (folder / "Dockerfile").write_text(STAND_INS.format(base=names["base"], templates=TEMPLATES))
    shutil.copytree(TEMPLATES, folder / "templates", symlinks=False)
    for program in ("prometheus", "prometheus-alertmanager"):
        shutil.copy2(NEWER_PROGRAMS / program, folder)
    for target in ("prometheus", "alertmanager"):
        engine.docker("build", "--network=host", f"--target={target}", f"--tag={names[target]}", str(folder))


def _make_base(folder: Path) -> None:
    """Write the base as an archive: Debian, a Python and pip where the published image has them, and `wget`."""
    assert not (folder / "proc/self").exists(), f"{folder} is still in use: another run makes it, or unmount its proc"
    shutil.rmtree(folder, ignore_errors=True)
    # Nobody needs what a power cut would leave of it: without waiting for the disk, dpkg takes half the time.
    settings = folder / "etc/dpkg/dpkg.cfg.d/made-for-a-test"
    settings.parent.mkdir(parents=True)
    settings.write_text("force-unsafe-io\n")
    argv = ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", "bookworm", str(folder)]
    made = subprocess.run(argv, capture_output=True, text=True, timeout=BUILD_SECONDS, check=False)
    assert made.returncode == 0, made.stdout[-3000:] + made.stderr[-3000:]
    subprocess.run(["chroot", str(folder), "python3", "-m", "venv", "/usr/local"], timeout=TOOL_SECONDS, check=True)
    (folder / "usr/bin/wget").symlink_to("busybox")
    _give_pip_the_settings_of_this_machine(folder)
    unfinished = BASE.with_suffix(".unfinished")
    leave_out = ["--exclude=./var/cache/apt/*", "--exclude=./var/lib/apt/lists/*", "--exclude=./proc/*"]
    archive = [
        "tar",
        "--numeric-owner",
        *leave_out,
        "--directory",
        str(folder),
        "--create",
        "--file",
        str(unfinished),
        ".",
    ]
    subprocess.run(archive, timeout=TOOL_SECONDS, check=True)
    unfinished.rename(BASE)
    subprocess.run(["rm", "--recursive", "--one-file-system", str(folder)], timeout=TOOL_SECONDS, check=True)


def _give_pip_the_settings_of_this_machine(folder: Path) -> None:
    """Let pip in the image reach its index as it does here, with the same authorities and the same index."""
    lines = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"],
        capture_output=True,
        text=True,
        timeout=TOOL_SECONDS,
        check=True,
    ).stdout.splitlines()
    found = dict(
        re.findall(r"^[\w:]+\.([\w-]+)='(.*)'$", line)[0] for line in lines if re.match(r"^[\w:]+\.[\w-]+='", line)
    )
    settings = [f"{name} = {found[name]}" for name in PIP_SETTINGS if name in found]
    authorities = "/etc/ssl/certs/ca-certificates.crt"
    shutil.copyfile(found.get("cert", authorities), folder / authorities.removeprefix("/"))
    (folder / "etc/pip.conf").write_text("\n".join(["[global]", f"cert = {authorities}", *settings, ""]))
