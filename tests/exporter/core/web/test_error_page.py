"""Refusals as pages for browsers, and as the line of text that they are for everybody else."""

import pytest

from exporter.core.html import content_security_policy
from exporter.core.web.error_page import readable
from exporter.core.web.site import Request, Response, text
from tests.exporter.core.web.http_client import exchange, get, serving
from tests.exporter.test_page import HARMLESS, Document

BROWSER = "Accept: text/html,application/xhtml+xml,*/*;q=0.8"


def asking(accept: str) -> Request:
    return Request(method="GET", path="/nothing", query="", headers={"accept": accept})


def test_a_browser_gets_the_same_words_and_status_as_a_page_of_their_own() -> None:
    line = text(429, "Try <again> later.", ("Retry-After", "1"))
    page = readable(asking("text/html"), line)
    assert (page.status, page.content_type) == (429, "text/html; charset=utf-8")
    assert page.headers == (("Retry-After", "1"), ("Content-Security-Policy", content_security_policy()))
    document = Document(page.body.decode())
    assert "Try <again> later." in document.text
    assert [tag for tag, _ in document.tags if not HARMLESS.fullmatch(tag)] == []


@pytest.mark.parametrize("accept", ["", "*/*", "application/json", "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"])
def test_everybody_else_gets_the_line(accept: str) -> None:
    line = text(404, "There is nothing at this path.")
    assert readable(asking(accept), line) is line


@pytest.mark.parametrize("answer", [Response(body=b"healthy\n"), Response(status=400, content_type="application/json")])
def test_what_is_no_refusal_in_words_stays_as_it_is(answer: Response) -> None:
    assert readable(asking("text/html"), answer) is answer


@pytest.mark.servers
def test_the_server_tells_a_browser_from_a_scraper() -> None:
    with serving({}) as server:
        told = exchange(server, get("/nothing", BROWSER) + get("/nothing", BROWSER, method="PUT") + get("/nothing"))
        (strange,) = exchange(server, get("/nothing", BROWSER, host="elsewhere.example"))
    assert [one.status for one in told] == [404, 405, 404]
    assert [b"<h1>" in one.body for one in told] == [True, True, False]
    assert (strange.status, b"<h1>403 Forbidden</h1>" in strange.body) == (403, True)
