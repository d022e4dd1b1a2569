"""Clients that misbehave, and many at once: the exporter beside node_exporter and prometheus_client, in one run.

100 clients send half a request and stay, while scrapes go on beside them; then 80 scrapes start at the same moment.
Each exporter is a process of its own on loopback, the clients are in this one. Prints figures; fails on nothing.
"""

import argparse
import concurrent.futures
import contextlib
import http.client
import socket
import threading
import time
from collections import Counter
from collections.abc import Mapping

from bench.exporters import Exporter, Scrape, ecotrack, node_exporter, prometheus_client, scrape
from bench.record import record, table

HALF_OPEN = 100
HALF_A_REQUEST = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n"
WATCH_SECONDS = 14.0
PAUSE_SECONDS = 0.1
AT_ONCE = 80


def main() -> None:
    """Run all three and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--record", action="store_true", help="keep the figures under bench/results/")
    options = parser.parse_args()
    columns = {}
    for start in (ecotrack, node_exporter, prometheus_client):
        with start() as exporter:
            columns[exporter.name] = measure(exporter)
    labels = columns["ecotrack"]
    figures = table(
        ("figure", *columns), ((label, *(column[label] for column in columns.values())) for label in labels)
    )
    print(figures)
    if options.record:
        record("server", ["ecotrack beside others: half-open clients, and scrapes at once", figures])


def measure(exporter: Exporter) -> Mapping[str, str]:
    """Return the cells of this exporter by the row of the table."""
    return {
        "threads at rest": str(exporter.process.num_threads()),
        **half_open(exporter),
        **at_once(exporter),
        "resident memory in the end, MiB": f"{exporter.resident_mib():.1f}",
    }


def half_open(exporter: Exporter) -> Mapping[str, str]:
    """Hold half-open clients until all are closed or the watch ends, with scrapes on new connections meanwhile."""
    with contextlib.ExitStack() as stack:
        opened: dict[socket.socket, float] = {}
        for _ in range(HALF_OPEN):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", exporter.port), 20))
            opened[client] = time.monotonic()
            client.sendall(HALF_A_REQUEST)
            client.settimeout(0)
        began = time.monotonic()
        closed_after: list[float] = []
        scrapes: list[Scrape | None] = []
        threads = 0
        while opened and time.monotonic() - began < WATCH_SECONDS:
            scrapes.append(scrape_alone(exporter))
            threads = max(threads, exporter.process.num_threads())
            ended = [client for client in opened if is_closed(client)]
            closed_after += [time.monotonic() - opened.pop(client) for client in ended]
            time.sleep(PAUSE_SECONDS)
    served = [one.seconds for one in scrapes if one is not None and one.status == http.HTTPStatus.OK]
    return {
        f"{HALF_OPEN} half-open clients: closed within {WATCH_SECONDS:.0f} s": str(len(closed_after)),
        "half-open clients: the last closed after, s": f"{max(closed_after):.1f}" if closed_after else "-",
        "half-open clients: most threads meanwhile": str(threads),
        "scrapes meanwhile: 200 with the whole body": f"{len(served)} of {len(scrapes)}",
        "scrapes meanwhile: slowest of these, ms": f"{1000 * max(served):.1f}" if served else "-",
    }


def is_closed(client: socket.socket) -> bool:
    """Tell whether the server has ended this connection; anything sent before that is passed over."""
    try:
        while client.recv(65536):
            pass
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True
    return True


def at_once(exporter: Exporter) -> Mapping[str, str]:
    """Scrape at the same moment from many clients, each on a connection of its own."""
    barrier = threading.Barrier(AT_ONCE)

    def one(_number: int) -> Scrape | None:
        barrier.wait()
        return scrape_alone(exporter)

    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        answers = [answer for answer in pool.map(one, range(AT_ONCE)) if answer is not None]
    counts = Counter(answer.status for answer in answers)
    return {
        f"{AT_ONCE} scrapes at once: status 200": str(counts.pop(200, 0)),
        f"{AT_ONCE} scrapes at once: status 503": str(counts.pop(503, 0)),
        f"{AT_ONCE} scrapes at once: anything else": str(counts.total() + AT_ONCE - len(answers)),
        f"{AT_ONCE} scrapes at once: slowest answer, ms": f"{1000 * max(answer.seconds for answer in answers):.0f}"
        if answers
        else "-",
    }


def scrape_alone(exporter: Exporter) -> Scrape | None:
    """Scrape on a new connection; return None where no whole answer came."""
    with contextlib.closing(exporter.connect()) as connection:
        try:
            return scrape(connection)
        except (OSError, http.client.HTTPException):
            return None


if __name__ == "__main__":
    main()
