"""`python -m tests.prometheus.dns_discovery FOLDER` prints the targets that a Prometheus finds by DNS, as JSON.

Prometheus asks the server of /etc/resolv.conf, at port 53. So this has to run in network and mount namespaces of its
own, which `unshare --net --mount` makes; needs root. FOLDER holds prometheus.yml, and in records.json what DNS knows.
"""

import json
import subprocess
import sys
import time
from pathlib import Path

from tests.processes import TOOL_SECONDS, running_prometheus
from tests.prometheus.dns_server import dns_server
from tests.prometheus.targets import found

LONGEST_SECONDS = 120.0


def main(folder: Path) -> None:
    """Let Prometheus ask a server of our own until it has found a target for each record."""
    resolver = folder / "resolv.conf"
    resolver.write_text("nameserver 127.0.0.1\n")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True, timeout=TOOL_SECONDS)
    subprocess.run(["mount", "--bind", str(resolver), "/etc/resolv.conf"], check=True, timeout=TOOL_SECONDS)
    records = json.loads((folder / "records.json").read_text())
    wanted = sum(map(len, records.values()))
    with dns_server(records, port=53), running_prometheus(folder / "prometheus.yml", folder) as url:
        deadline = time.monotonic() + LONGEST_SECONDS
        while len(found(url)) < wanted and time.monotonic() < deadline:
            time.sleep(0.2)
        json.dump(sorted(found(url)), sys.stdout)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
