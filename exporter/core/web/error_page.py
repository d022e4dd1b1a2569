"""Refusals and faults as pages, for people who meet them in a browser."""

from html import escape
from http import HTTPStatus

from exporter.core.html import content_security_policy, document
from exporter.core.web.site import PLAIN_TEXT, Request, Response


def readable(request: Request, response: Response) -> Response:
    """Return the response; a line of text that says what went wrong becomes a page for a client that reads pages."""
    if response.status < HTTPStatus.BAD_REQUEST or response.content_type != PLAIN_TEXT:
        return response
    if "text/html" not in request.headers.get("accept", ""):
        return response
    title = f"{response.status} {HTTPStatus(response.status).phrase}"
    html = document(
        title=title,
        refresh=None,
        header=f"<h1>{escape(title)}</h1>",
        main=f"<section><p>{escape(response.body.decode().strip())}</p></section>",
        footer='<p><a href="/">First page</a></p>',
    )
    policy = ("Content-Security-Policy", content_security_policy())
    return Response(
        status=response.status,
        content_type="text/html; charset=utf-8",
        body=html.encode(),
        headers=(*response.headers, policy),
    )
