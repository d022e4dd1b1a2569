"""What it costs to serve a ready body: our server beside prometheus_client's and others, in one run, on loopback.

python bench/server_bench.py [NAME ...]

Each server has its own process and answers with the same bytes (1,700 series, about 30 kB as gzip); only
`prometheus_client` renders the same series again for each scrape, as it always does. Memory is that of a process with
nothing else in it. `cheroot` and `waitress` take part where they are installed.
"""

import concurrent.futures
import contextlib
import gzip
import http.client
import importlib
import json
import random
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SERIES = 1_700
SCRAPES = 1_000
HALF_OPEN = 100
AT_ONCE = 80
WATCH_SECONDS = 14.0
ACCEPT = {"Accept": "application/openmetrics-text;version=1.0.0,text/plain;q=0.5", "Accept-Encoding": "gzip"}

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def watts() -> list[float]:
    """The same values in every process."""
    source = random.Random(1)  # noqa: S311 - no secret
    return [source.gauss(0, 1e6) for _ in range(SERIES)]


def rendered() -> bytes:
    """The exposition of all series, as gzip."""
    lines = [f'bench_watts{{device="device-{number}"}} {value!r}\n' for number, value in enumerate(watts())]
    return gzip.compress(("# HELP bench_watts Power.\n# TYPE bench_watts gauge\n" + "".join(lines)).encode(), 6)


def ready_app() -> WsgiApp:
    """A WSGI application that returns ready bytes."""
    body = rendered()
    headers = [("Content-Type", "text/plain"), ("Content-Encoding", "gzip"), ("Content-Length", str(len(body)))]

    def app(_environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response("200 OK", headers)
        return [body]

    return app


def serve_ecotrack(port: int) -> None:
    """Our server."""
    server = importlib.import_module("exporter.core.server")
    response = server.Response(body=rendered(), headers=(("Content-Encoding", "gzip"),))
    address = f"127.0.0.1:{port}"
    server.Server(address=address, web_config=None, max_requests=40).start({"/metrics": lambda _: response})


def serve_prometheus_client(port: int) -> None:
    """prometheus_client as its documentation starts it, rendering for each scrape."""
    client = importlib.import_module("prometheus_client")
    registry = client.CollectorRegistry()
    gauge = client.Gauge("bench_watts", "Power.", ["device"], registry=registry)
    for number, value in enumerate(watts()):
        gauge.labels(f"device-{number}").set(value)
    client.start_http_server(port, "127.0.0.1", registry)


def serve_prometheus_client_ready(port: int) -> None:
    """prometheus_client's server class around ready bytes."""
    exposition = importlib.import_module("prometheus_client.exposition")
    simple_server = importlib.import_module("wsgiref.simple_server")
    httpd = simple_server.make_server(
        "127.0.0.1", port, ready_app(), exposition.ThreadingWSGIServer, exposition._SilentHandler
    )
    threading.Thread(target=httpd.serve_forever, daemon=True).start()


def serve_cheroot(port: int) -> None:
    """cheroot with eight threads."""
    server = importlib.import_module("cheroot.wsgi").Server(("127.0.0.1", port), ready_app(), numthreads=8)
    threading.Thread(target=server.safe_start, daemon=True).start()


def serve_waitress(port: int) -> None:
    """waitress with four threads."""
    server = importlib.import_module("waitress").create_server(ready_app(), host="127.0.0.1", port=port, threads=4)
    threading.Thread(target=server.run, daemon=True).start()


SERVERS: Mapping[str, Callable[[int], None]] = {
    "ecotrack": serve_ecotrack,
    "prometheus_client": serve_prometheus_client,
    "prometheus_client, ready body": serve_prometheus_client_ready,
    "cheroot": serve_cheroot,
    "waitress": serve_waitress,
}


def serve(name: str, port: int) -> None:
    """The child process: serve, and report its own use for each line on standard input."""
    try:
        SERVERS[name](port)
    except ImportError as error:
        print(json.dumps({"missing": error.name}), flush=True)
        return
    for _line in sys.stdin:
        status = Path("/proc/self/status").read_text()
        fields = dict(line.split(":", 1) for line in status.splitlines())
        use = {
            "cpu": time.process_time(),
            "mib": int(fields["VmRSS"].split()[0]) / 1024,
            "threads": int(fields["Threads"]),
        }
        print(json.dumps(use), flush=True)


class Child:
    """A server in its own process."""

    def __init__(self, name: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = int(probe.getsockname()[1])
        argv = [sys.executable, __file__, "--serve", name, str(self.port)]
        self._process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)

    def use(self) -> dict[str, Any]:
        """CPU seconds so far, MiB resident, threads; or the module that is missing."""
        assert self._process.stdin is not None and self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write("\n")
            self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def wait(self) -> None:
        """Return once the server accepts connections."""
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with contextlib.suppress(ConnectionRefusedError):
                self.connect().close()
                return
            time.sleep(0.05)

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), 20)

    def scrape(self, connection: http.client.HTTPConnection | None = None) -> tuple[int, int, float]:
        """Status, bytes of body and seconds of one scrape; on a new connection unless one is given."""
        used = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        begun = time.perf_counter()
        used.request("GET", "/metrics", headers=ACCEPT)
        response = used.getresponse()
        length = len(response.read())
        seconds = time.perf_counter() - begun
        if connection is None:
            used.close()
        return response.status, length, seconds

    def end(self) -> None:
        self._process.terminate()
        self._process.communicate()


def bench_scrapes(child: Child) -> Iterator[str]:
    """A thousand scrapes on one connection, where the server keeps it."""
    connection = http.client.HTTPConnection("127.0.0.1", child.port, timeout=20)
    size = child.scrape(connection)[1]
    before = child.use()
    seconds = sorted(child.scrape(connection)[2] for _ in range(SCRAPES))
    after = child.use()
    connection.close()
    cpu = (after["cpu"] - before["cpu"]) / SCRAPES
    yield f"{SCRAPES} scrapes of {size / 1000:.1f} kB: p50 {seconds[SCRAPES // 2] * 1e3:.2f} ms"
    yield f"p99 {seconds[SCRAPES * 99 // 100] * 1e3:.2f} ms, CPU {cpu * 1e3:.3f} ms per scrape"
    yield f"{after['mib']:.1f} MiB, {after['threads']} threads"


def bench_half_open(child: Child) -> Iterator[str]:
    """A hundred clients that never finish their head, and a scrape every half second beside them."""
    clients = [child.connect() for _ in range(HALF_OPEN)]
    # A server with a short listen queue makes clients wait; the clock runs from when all are in.
    begun = time.monotonic()
    for client in clients:
        client.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n")
        client.settimeout(0)
    closed: dict[socket.socket, float] = {}
    scrapes, failures, threads = [], 0, 0
    while len(closed) < HALF_OPEN and time.monotonic() - begun < WATCH_SECONDS:
        try:
            scrapes.append(child.scrape()[2])
        except (OSError, http.client.HTTPException):
            failures += 1
        threads = max(threads, child.use()["threads"])
        closed.update(
            {client: time.monotonic() - begun for client in clients if client not in closed and is_closed(client)}
        )
        time.sleep(0.5)
    for client in clients:
        client.close()
    last = f"the last after {max(closed.values()):.1f} s" if closed else f"watched {WATCH_SECONDS:.0f} s"
    yield f"{HALF_OPEN} half-open: {len(closed)} closed, {last}"
    yield f"{threads} threads; scrapes meanwhile: worst {max(scrapes, default=0) * 1e3:.1f} ms, {failures} failed"


def is_closed(client: socket.socket) -> bool:
    """Whether the server has ended this connection."""
    try:
        return client.recv(65536) == b""
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True


def bench_at_once(child: Child) -> Iterator[str]:
    """Eighty scrapes at the same moment, each on its own connection."""
    barrier = threading.Barrier(AT_ONCE)

    def one(_number: int) -> str:
        barrier.wait()
        try:
            return str(child.scrape()[0])
        except (OSError, http.client.HTTPException) as error:
            return type(error).__name__

    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        counts = Counter(pool.map(one, range(AT_ONCE)))
    yield f"{AT_ONCE} at once: " + ", ".join(f"{count} x {status}" for status, count in counts.most_common())
    yield f"{child.use()['mib']:.1f} MiB in the end"


def bench(name: str) -> None:
    child = Child(name)
    try:
        missing = child.use().get("missing")
        if missing:
            print(f"{name}: {missing} is not installed\n")
            return
        child.wait()
        for part in (bench_scrapes, bench_half_open, bench_at_once):
            for line in part(child):
                print(f"{name:30} {line}", flush=True)
        print()
    finally:
        child.end()


def main(arguments: list[str]) -> None:
    if arguments[:1] == ["--serve"]:
        sys.path.insert(0, str(ROOT))
        serve(arguments[1], int(arguments[2]))
        return
    for name in arguments or SERVERS:
        bench(name)


if __name__ == "__main__":
    main(sys.argv[1:])
