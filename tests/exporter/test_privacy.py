"""Nothing that the exporter shows, keeps or logs tells who uses the machine, for what, or with whom."""

import contextlib
import getpass
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import requests

from exporter.core.html import style_sheet
from tests.exporter.fake_site import make_site
from tests.processes import ending, first_line, free_port, running, until

pytestmark = pytest.mark.servers

PROGRAM = "quaggareader"
ARGUMENT = "wombat-argument"
USER = "quentin-zebra"
HERE, THERE = "127.86.75.30", "127.86.75.31"
PAYLOAD = "narwhal-payload"
AGENT = "okapi-agent/9.9"

TALK = f"""
import select, socket, sys
with socket.create_server(("{THERE}", 0)) as server:
    with socket.create_connection(server.getsockname(), source_address=("{HERE}", 0)) as client:
        accepted, _ = server.accept()
        client.sendall(b"{PAYLOAD}")
        accepted.recv(100)
        print("talking", flush=True)
        while not select.select([sys.stdin], [], [], 0.0)[0]:
            pass
"""
"""Program that talks to itself, and then works until its input ends."""

EVERYTHING = tuple(make_site().handlers)


def test_nothing_tells_who_uses_the_machine_for_what_or_with_whom(tmp_path: Path) -> None:
    home = tmp_path / USER
    home.mkdir()
    secrets = [PROGRAM, ARGUMENT, USER, HERE, THERE, PAYLOAD, AGENT, str(tmp_path), str(Path.home()), getpass.getuser()]
    with talking_program(home) as process:
        assert process.name() == PROGRAM
        assert {HERE, THERE} <= {connection.laddr.ip for connection in process.net_connections()}
        shown = what_an_exporter_says(home)
    # The log names the folder that its own operator chose, once.
    shown["log"] = shown["log"].replace(f"state in {home / 'state'}", "", 1)
    assert shown.keys() >= {*EVERYTHING, "openmetrics", "log", "state.json", "state.durable.json"}
    established = re.search(r'connections\{state="established"\} (\d+)', shown["/metrics"])
    assert established is not None
    assert int(established[1]) >= 2
    found = [(place, secret) for place, text in shown.items() for secret in secrets if names(secret, text)]
    assert found == []
    # The kind of machine, one of a few, may be what this one is called, too.
    shown = {place: re.sub(r'"?machine"?[=:]"\w+"', "", text) for place, text in shown.items()}
    host = socket.gethostname()
    assert host == "localhost" or [place for place, text in shown.items() if names(host, text)] == []


def test_who_is_told_apart_by_choice_is_told_by_the_name_of_the_program_alone(tmp_path: Path) -> None:
    home = tmp_path / USER
    home.mkdir()
    secrets = [ARGUMENT, USER, HERE, THERE, PAYLOAD, AGENT, str(tmp_path), str(Path.home())]
    # A program may be called as the user is.
    secrets += {getpass.getuser()} - {one.info["name"] for one in psutil.process_iter(["name"])}
    with talking_program(home) as process:
        shown = what_an_exporter_says(home, "--collector.processes", "--collector.process_bytes", awaits=PROGRAM)
    shown["log"] = shown["log"].replace(f"state in {home / 'state'}", "", 1)
    found = [(place, secret) for place, text in shown.items() for secret in secrets if names(secret, text)]
    assert found == []
    told = {place for place, text in shown.items() if names(PROGRAM, text)}
    shows_groups = {"/metrics", "openmetrics", "state.json", "state.durable.json"}
    assert shows_groups <= told <= {*shows_groups, "/", "/api/v1/processes"}
    labels = re.findall(r'="([^"]*)"', shown["/metrics"])
    assert PROGRAM in labels
    assert [label for label in labels if names(str(process.pid), label)] == []


def names(word: str, text: str) -> bool:
    """Tell whether the word stands in the text, by itself."""
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE) is not None


@contextlib.contextmanager
def talking_program(folder: Path) -> Iterator[psutil.Process]:
    """Run a program with a name and an argument of its own, which talks over TCP and works while the block runs."""
    (folder / PROGRAM).symlink_to(Path(sys.executable).resolve())
    argv = [str(folder / PROGRAM), "-I", "-c", TALK, ARGUMENT]
    with ending(subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)) as process:
        assert first_line(process) == "talking"
        yield psutil.Process(process.pid)


def what_an_exporter_says(home: Path, *flags: str, awaits: str = "") -> dict[str, str]:
    """Return the text by place of a run that well and badly behaved clients ask, once its metrics tell what is awaited.

    Its collectors are those that are on by default or tell no programs apart, and those of the flags.
    """
    port, log, state = free_port(), home / "log", home / "state"
    url = f"http://127.0.0.1:{port}"
    whose = ["env", f"HOME={home}", f"USER={USER}", f"LOGNAME={USER}", f"STATE_DIRECTORY={state}"]
    argv = [*whose, sys.executable, "-m", "exporter", f"--web.listen-address=127.0.0.1:{port}", "--log.level=debug"]
    argv += ["--collector.connections", *flags]
    with running(argv, ready=f"{url}/-/ready", log=log), requests.Session() as session:
        session.headers["User-Agent"] = AGENT
        until(lambda: awaits in session.get(f"{url}/metrics", timeout=240).text, f"the metrics to tell {awaits}")
        shown = {path: session.get(url + path, timeout=240).text for path in EVERYTHING}
        as_prometheus = {"Accept": "application/openmetrics-text;version=1.0.0"}
        shown["openmetrics"] = session.get(f"{url}/metrics", headers=as_prometheus, timeout=240).text
        shown["404"] = session.get(f"{url}/{PAYLOAD}?{PAYLOAD}", timeout=240).text
        shown["403"] = session.get(f"{url}/metrics", headers={"Host": USER}, timeout=240).text
        shown["405"] = session.post(f"{url}/metrics", data=PAYLOAD, timeout=240).text
        with socket.create_connection(("127.0.0.1", port), 240, source_address=(HERE, 0)) as client:
            client.sendall(f"{PAYLOAD}\r\n\r\n".encode())
            shown["400"] = client.recv(1000).decode()
        until(lambda: "well-formed" in log.read_text(), "the log to note the last request")
    shown["log"] = log.read_text()
    # Its first word is a selector, :root, and a user of the machine too.
    shown["/"] = shown["/"].replace(style_sheet(), "")
    return shown | {file.name: file.read_text() for file in state.iterdir()}
