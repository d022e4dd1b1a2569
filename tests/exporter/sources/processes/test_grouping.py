"""Processes are grouped by name, cgroup or the user's patterns; no label tells of a person, process or address."""

import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.sources.processes.cgroup_names import group_of_path
from exporter.sources.processes.grouping import (
    LONGEST_LABEL,
    LOOKED_UP_AGAIN,
    OTHER,
    RESERVED,
    By,
    Grouping,
    GroupRule,
    cgroup_paths,
)

ID = "0a1b2c3d4e5f6071" * 4
UID = "12345678-90ab-4def-8123-456789abcdef"
SLICE = UID.replace("-", "_")


@pytest.mark.parametrize(
    ("path", "group"),
    [
        ("/", "/"),
        ("/init.scope", "init.scope"),
        ("/system.slice/nginx.service", "nginx.service"),
        ("/system.slice/php8.2-fpm.service", "php8.2-fpm.service"),
        ("/system.slice/kafka-1.service", "kafka-1.service"),
        ("/system.slice/system-getty.slice/getty@tty1.service", "getty@.service"),
        ("/system.slice/sshd@12-10.0.0.1:22-10.0.0.2:51234.service", "sshd@.service"),
        ("/system.slice/run-u12.service", "run.service"),
        ("/system.slice/run-p1234-i5678.scope", "run.scope"),
        (f"/system.slice/run-r{ID[:32]}.scope", "run.scope"),
        ("/system.slice/slurmstepd.scope/job_12/step_0/user/task_0", "slurmstepd.scope"),
        ("/machine.slice/machine-qemu\\x2d3\\x2dweb.scope/libvirt/emulator", "machine-qemu-web.scope"),
        ("/user.slice/user-1000.slice", "user.slice"),
        ("/user.slice/user-1000.slice/session-3.scope", "session.scope"),
        ("/user.slice/user-1000.slice/session-c2.scope", "session.scope"),
        ("/user.slice/user-1000.slice/user@1000.service", "user@.service"),
        (
            "/user.slice/user-1000.slice/user@1000.service/app.slice/app-gnome-firefox-4711.scope",
            "app-gnome-firefox.scope",
        ),
        (f"/user.slice/user-1000.slice/user@1000.service/app.slice/vte-spawn-{UID}.scope", "vte-spawn.scope"),
        (
            "/user.slice/user-1000.slice/user@1000.service/session.slice/dbus-:1.2-org.gnome.Shell@0.service",
            "dbus-org.gnome.Shell@.service",
        ),
        (f"/system.slice/docker-{ID}.scope", "docker:0a1b2c3d4e5f"),
        (f"/docker/{ID}", "docker:0a1b2c3d4e5f"),
        (f"/docker/{ID}/system.slice/nginx.service", "docker:0a1b2c3d4e5f"),
        (f"/user.slice/user-1000.slice/user@1000.service/user.slice/docker-{ID}.scope", "docker:0a1b2c3d4e5f"),
        (f"/../../docker/{ID}", "docker:0a1b2c3d4e5f"),
        (f"/machine.slice/libpod-{ID}.scope/container", "podman:0a1b2c3d4e5f"),
        (f"/machine.slice/libpod-conmon-{ID}.scope", "podman:0a1b2c3d4e5f"),
        (f"/libpod_parent/libpod-{ID}", "podman:0a1b2c3d4e5f"),
        (f"/system.slice/nerdctl-{ID}.scope", "containerd:0a1b2c3d4e5f"),
        (f"/default/{ID}", "containerd:0a1b2c3d4e5f"),
        (f"/system.slice/cri-containerd-{ID}.scope", "containerd:0a1b2c3d4e5f"),
        (f"/system.slice:cri-containerd:{ID}", "containerd:0a1b2c3d4e5f"),
        (f"/system.slice/crio-{ID}.scope", "cri-o:0a1b2c3d4e5f"),
        (f"/ecs/{ID}", "container:0a1b2c3d4e5f"),
        (f"/kubepods/besteffort/pod{UID}/{ID}", f"pod:{UID}"),
        (f"/kubepods.slice/kubepods-pod{SLICE}.slice/crio-{ID}.scope", f"pod:{UID}"),
        (
            f"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{SLICE}.slice/cri-containerd-{ID}.scope",
            f"pod:{UID}",
        ),
        (f"/kubelet/kubepods-besteffort-pod{SLICE}.slice:cri-containerd:{ID}", f"pod:{UID}"),
        (f"/kubepods.slice/kubepods-pod{ID[:32]}.slice", f"pod:{ID[:32]}"),
        ("/lxc/web", "lxc:web"),
        ("/lxc.payload.web/system.slice/nginx.service", "lxc:web"),
        ("/slurm/uid_1000/job_12/step_0", "slurm/uid/job/step"),
        ("/own/web1", "own/web1"),
        ("/1234.scope", "scope"),
    ],
)
def test_a_path_is_named_by_its_pod_container_or_unit(path: str, group: str) -> None:
    assert group_of_path(path) == group


NUMBERS = st.integers(1000, 4_194_304).map(str)
"""Ids of persons and of processes, as kernels with the widest limits have them."""
PLACES = [
    "/user.slice/user-{}.slice",
    "/user.slice/user-{}.slice/session-{}.scope",
    "/user.slice/user-{}.slice/user@{}.service/app.slice/app-gnome-editor-{}.scope",
    "/system.slice/run-p{}-i{}.scope",
    "/system.slice/sshd@{}-192.0.2.7:22-192.0.2.9:{}.service",
    "/slurm/uid_{}/job_{}",
    "/own/{}/pid{}",
]


@given(st.sampled_from(PLACES), st.lists(NUMBERS, min_size=3, max_size=3))
def test_no_label_of_a_cgroup_has_an_id_of_a_person_or_process_nor_an_address(place: str, ids: list[str]) -> None:
    shown = group_of_path(place.format(*ids))
    assert not any(one in shown for one in (*ids, "192.0.2"))
    assert shown


def test_numbers_of_workers_are_not_in_a_program_s_label(tmp_path: Path) -> None:
    grouping = Grouping(GroupRule(), tmp_path)
    names = ["kworker/u8:2-events", "jbd2/sda1-8", "worker-1234", "scsi_eh_0", "php-fpm8.2", "python3.11", "/bin", "7"]
    assert [grouping.group_of(1, 1, name) for name in names] == [
        "kworker",
        "jbd2",
        "worker",
        "scsi_eh",
        "php-fpm8.2",
        "python3.11",
        "/bin",
        "7",
    ]


@given(st.text(max_size=200), st.sampled_from(By))
def test_every_label_is_printable_bounded_and_not_reserved(name: str, by: By) -> None:
    rule = GroupRule(by=by, patterns={name: ("*",)} if by is By.GROUPS else {})
    grouping = Grouping(rule, Path("/nowhere"))
    shown = grouping.group_of_cgroup((f"/{name}",), name) if by is By.CGROUP else grouping.group_of(1, 1, name)
    assert 1 <= len(shown) <= LONGEST_LABEL
    assert shown.isprintable()
    assert shown not in RESERVED - {OTHER}
    assert shown != OTHER or not name.strip("/")


def test_a_program_called_like_a_reserved_group_is_not_it(tmp_path: Path) -> None:
    grouping = Grouping(GroupRule(), tmp_path)
    assert {grouping.group_of(1, 1, name) for name in RESERVED} == {f"\\{name}" for name in RESERVED}


class Processes:
    """A procfs with the cgroups of processes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, pid: int, *lines: str) -> None:
        """Let a process be in cgroups."""
        (self.folder / str(pid)).mkdir(exist_ok=True)
        (self.folder / str(pid) / "cgroup").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


@pytest.fixture
def processes(tmp_path: Path) -> Processes:
    return Processes(tmp_path)


def by_cgroup(processes: Processes) -> Grouping:
    return Grouping(GroupRule(by=By.CGROUP), processes.folder)


@pytest.mark.parametrize(
    ("lines", "group"),
    [
        (["0::/system.slice/nginx.service"], "nginx.service"),
        (["4:memory:/a", "1:name=systemd:/system.slice/x.service", "0::/"], "x.service"),
        (["4:memory:/a", "1:name=systemd:/", "0::/"], "a"),
        (
            ["4:cpu,cpuacct:/docker/" + ID, "1:name=systemd:/system.slice/docker.service", "0::/b"],
            "docker:0a1b2c3d4e5f",
        ),
        (["3:cpuset:/", "0::/"], OTHER),
        (["0::/system.slice/gone.service (deleted)"], "gone.service"),
    ],
)
def test_a_process_is_in_the_group_that_its_cgroups_tell_most_of(
    processes: Processes, lines: list[str], group: str
) -> None:
    processes.put(7, *lines)
    assert by_cgroup(processes).group_of(7, 1, "x") == group


@pytest.mark.parametrize("ends", ["\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"])
def test_only_a_newline_ends_a_path(ends: str) -> None:
    """Otherwise the maker of a cgroup could choose the group of its processes."""
    path = f"/user.slice/a{ends}0::/system.slice/sshd.service"
    assert cgroup_paths(f"0::{path}\n".encode()) == (path,)


@given(st.binary(max_size=300))
def test_any_text_of_cgroups_gives_paths_or_none(text: bytes) -> None:
    paths = cgroup_paths(text)
    assert len(set(paths)) == len(paths)
    assert all(path.startswith("/") for path in paths)


def test_the_id_of_an_ended_process_is_looked_up_anew(processes: Processes) -> None:
    grouping = by_cgroup(processes)
    processes.put(7, "0::/a")
    assert grouping.group_of(7, 1, "x") == "a"
    processes.put(7, "0::/b")
    assert [grouping.group_of(7, started, "x") for started in (1, 2, 2)] == ["a", "b", "b"]


def test_a_program_started_in_a_process_is_looked_up_anew(processes: Processes) -> None:
    """A manager forks, moves the child to its cgroup, and only then starts the program."""
    grouping = by_cgroup(processes)
    processes.put(7, "0::/manager")
    assert grouping.group_of(7, 1, "manager") == "manager"
    processes.put(7, "0::/child")
    assert grouping.group_of(7, 1, "child") == "child"


def test_a_process_that_was_moved_is_found_in_its_new_group_in_time(processes: Processes) -> None:
    grouping = by_cgroup(processes)
    processes.put(7, "0::/a")
    grouping.group_of(7, 1, "x")
    processes.put(7, "0::/b")
    assert [grouping.group_of(7, 1, "x") for _ in range(2 * LOOKED_UP_AGAIN + 1)][-1] == "b"


def test_an_ended_process_is_told_of_by_what_was_known_of_it(processes: Processes) -> None:
    grouping = by_cgroup(processes)
    processes.put(7, "0::/a")
    grouping.group_of(7, 1, "x")
    (processes.folder / "7/cgroup").unlink()
    assert grouping.group_of(7, None, "x") == "a"
    assert {grouping.group_of(7, 1, "x") for _ in range(2 * LOOKED_UP_AGAIN + 1)} == {"a"}
    assert grouping.group_of(8, 1, "x") == OTHER
    assert grouping.group_of(7, 2, "x") == OTHER


def test_what_is_remembered_is_bounded(processes: Processes, monkeypatch: pytest.MonkeyPatch) -> None:
    for most in ("MOST_KNOWN", "MOST_NAMES"):
        monkeypatch.setattr(f"exporter.sources.processes.grouping.{most}", 5)
    by_name, of_cgroups = Grouping(GroupRule(), processes.folder), by_cgroup(processes)
    for number in range(12):
        processes.put(number, f"0::/x{number}y")
        assert by_name.group_of(7, 1, f"x{number}y") == f"x{number}y"
        assert of_cgroups.group_of(number, 1, "x") == f"x{number}y"
    assert by_name._group_of_name.cache_info().currsize == 5
    assert 1 <= len(of_cgroups._known) <= 5


GROUPS = {"web": ("nginx", "php*"), "ours": ("/system.slice/our-*", "nginx"), "all containers": ("/docker/*",)}


@pytest.mark.parametrize(
    ("name", "path", "group"),
    [
        ("nginx", "/system.slice/our-x.service", "web"),
        ("php-fpm8.2", "/", "web"),
        ("x", "/system.slice/our-x.service/sub", "ours"),
        ("x", f"/docker/{ID}", "all containers"),
        ("x", "/", OTHER),
        ("Nginx", "/", OTHER),
    ],
)
def test_the_first_group_of_the_user_s_that_matches_counts(
    processes: Processes, name: str, path: str, group: str
) -> None:
    processes.put(7, f"0::{path}")
    assert Grouping(GroupRule(by=By.GROUPS, patterns=GROUPS), processes.folder).group_of(7, 1, name) == group


def test_patterns_of_names_need_no_cgroup(tmp_path: Path) -> None:
    grouping = Grouping(GroupRule(by=By.GROUPS, patterns={"web": ("nginx",)}), tmp_path)
    assert [grouping.group_of(7, 1, name) for name in ("nginx", "x")] == ["web", OTHER]


@given(st.text(string.ascii_letters, min_size=1, max_size=15))
def test_an_ordinary_name_is_its_own_label(name: str) -> None:
    shown = Grouping(GroupRule(), Path("/nowhere")).group_of(1, 1, name)
    assert shown.removeprefix("\\") == name
