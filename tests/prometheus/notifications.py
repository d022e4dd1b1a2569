"""Notifications of a real Alertmanager by the shipped examples and templates, kept in place of mail and chat."""

import contextlib
import email
import email.message
import email.policy
import json
import re
import socketserver
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests
import yaml

from tests.processes import running_alertmanager, until
from tests.prometheus import stack

CASES = Path(__file__).parents[2] / "prometheus/tests"


@dataclass
class Sent:
    """Notifications in the order in which they came: mails, and bodies of posts to the chat's address and webhook."""

    mails: list[email.message.EmailMessage] = field(default_factory=list)
    chats: list[dict[str, Any]] = field(default_factory=list)
    hooks: list[dict[str, Any]] = field(default_factory=list)

    def all_have(self, count: int) -> bool:
        """Tell whether each of the three has got so many."""
        return min(len(self.mails), len(self.chats), len(self.hooks)) >= count


def examples(shipped: str) -> dict[str, Any]:
    """Return the shipped configuration with every example integration switched on."""
    before, receivers = shipped.split("receivers:\n")
    loaded: dict[str, Any] = yaml.safe_load(f"{before}receivers:\n" + re.sub(r"(?m)^  #   ", "    ", receivers))
    return loaded


def proven(name: str, containing: str = "") -> dict[str, Any]:
    """Return an alert as promtool's cases prove that the rules tell it, ready for Alertmanager."""
    for path in sorted(CASES.glob("*.test.yml")):
        for test in yaml.safe_load(path.read_text())["tests"]:
            for case in test.get("alert_rule_test", []):
                for alert in case["exp_alerts"]:
                    if case["alertname"] == name and containing in alert["exp_annotations"]["description"]:
                        labels = {"alertname": name, **alert["exp_labels"]}
                        return {"labels": labels, "annotations": alert["exp_annotations"]}
    raise AssertionError(f"no case of {name} tells {containing!r}")


@contextlib.contextmanager
def sending(folder: Path, shipped: str = "") -> Iterator[tuple[str, Sent]]:
    """Run Alertmanager on the shipped file or this text, examples switched on; yield its address and what it sends."""
    sent = Sent()
    with mail_server(sent.mails) as smtp, posts(sent.chats) as chat, posts(sent.hooks) as hook:
        config = examples(shipped or (stack.SHIPPED / "alertmanager.yml").read_text())
        config["global"] |= {"smtp_smarthost": smtp, "smtp_require_tls": False}
        config["templates"] = [str(stack.SHIPPED / one) for one in config["templates"]]
        config["route"] |= {"group_wait": "1s", "group_interval": "1s"}
        for route in config["route"]["routes"]:
            route["group_interval"] = "1s"
        (device,) = [one for one in config["receivers"] if one["name"] == "device"]
        (folder / "chat-address").write_text(chat)
        device["slack_configs"][0]["api_url_file"] = str(folder / "chat-address")
        device["webhook_configs"][0]["url"] = hook
        del device["pushover_configs"]
        path = folder / "alertmanager.yml"
        path.write_text(yaml.safe_dump(config))
        with running_alertmanager(path, folder) as alertmanager:
            yield alertmanager, sent


def fire(alertmanager: str, alerts: Sequence[dict[str, Any]], *, over: bool = False) -> None:
    """Hand alerts to Alertmanager as Prometheus does: firing, or over."""
    now = datetime.now(UTC)
    starts, ends = (now - timedelta(seconds=2), now - timedelta(seconds=1)) if over else (now, now + timedelta(hours=1))
    timed = [one | {"startsAt": starts.isoformat(), "endsAt": ends.isoformat()} for one in alerts]
    requests.post(f"{alertmanager}/api/v2/alerts", json=timed, timeout=240).raise_for_status()


def told(alertmanager: str, sent: Sent, alerts: Sequence[dict[str, Any]], *, over: bool = False) -> int:
    """Hand alerts over and wait for one more notification on each way; return its index."""
    count = min(len(sent.mails), len(sent.chats), len(sent.hooks))
    fire(alertmanager, alerts, over=over)
    until(lambda: sent.all_have(count + 1), "mail, chat and webhook")
    return count


def body(mail: email.message.EmailMessage, kind: str) -> str:
    """Return the mail's part of this kind, `plain` or `html`."""
    part = mail.get_body((kind,))
    assert part is not None
    text: str = part.get_content()
    return text


@contextlib.contextmanager
def posts(received: list[dict[str, Any]]) -> Iterator[str]:
    """Run a server that keeps the JSON posted to it; yield its URL."""

    class Handler(stack.Quiet):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.answer(200, b"ok")

    with stack.serving(Handler) as address:
        yield f"http://{address}/"


@contextlib.contextmanager
def mail_server(received: list[email.message.EmailMessage]) -> Iterator[str]:
    """Run an SMTP server that keeps every mail; yield its host:port."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 here\r\n")
            while line := self.rfile.readline():
                verb = line[:4].upper()
                if verb == b"DATA":
                    self.wfile.write(b"354 go on\r\n")
                    lines = iter(self.rfile.readline, b".\r\n")
                    text = b"".join(one.removeprefix(b".") if one.startswith(b"..") else one for one in lines)
                    received.append(email.message_from_bytes(text, policy=email.policy.default))
                self.wfile.write(b"221 bye\r\n" if verb == b"QUIT" else b"250 ok\r\n")
                if verb == b"QUIT":
                    return

    with stack.serving(Handler) as address:
        yield address
