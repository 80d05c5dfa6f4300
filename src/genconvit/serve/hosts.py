"""Refusal of requests that a foreign page makes a browser send: another host's name, another origin."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from genconvit.serve.config import LOOPBACK_NAMES
from genconvit.serve.problems import MEDIA_TYPE, problem_body

Scope = MutableMapping[str, Any]
App = Callable[[Scope, Callable[[], Awaitable[Any]], Callable[[Any], Awaitable[None]]], Awaitable[None]]

HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)
"""Headers of every response that does not say otherwise."""


class OwnHostOnly:
    """Lets requests through that name a host of this service, and come from one of its pages or from no page.

    Args:
        app: the application behind it.
        origin: origin under which browsers reach it, beside loopback; None is loopback alone.
    """

    def __init__(self, app: App, origin: str | None) -> None:
        self._app = app
        self._origin = origin
        self._host = urlsplit(origin).netloc if origin else None

    async def __call__(
        self, scope: Scope, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
    ) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        detail = self._refusal(_headers(scope), is_page=scope["method"] == "GET" and scope["path"] == "/")
        if detail is None:
            await self._app(scope, receive, _with_headers(send))
            return
        content = problem_body(403, "forbidden", detail)
        headers = [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", str(len(content)).encode()), *HEADERS]
        await send({"type": "http.response.start", "status": 403, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    def _refusal(self, headers: dict[str, list[str]], *, is_page: bool) -> str | None:
        """Reason why a request with these headers is refused; None for one that is not."""
        hosts, origins, sites = (headers.get(name, []) for name in ("host", "origin", "sec-fetch-site"))
        host = hosts[0].lower() if len(hosts) == 1 else None
        loopback = host is not None and _name(host) in LOOPBACK_NAMES
        if not loopback and (host is None or host != self._host):
            allowed = ", ".join(filter(None, ("localhost", self._host)))
            return f"the host {hosts[:1]} is not this service's; it is called {allowed} (--origin)"
        own = {f"http://{host}"} if loopback else {self._origin}
        if any(origin.lower() not in own for origin in origins):
            return f"the origin {origins[:1]} is a page of another site, which may not use this service"
        followed = is_page and headers.get("sec-fetch-mode") == ["navigate"]  # a link, which a person clicked
        if not followed and any(site in ("cross-site", "same-site") for site in sites):
            return "a page of another site may not use this service; open its own page"
        return None


def _name(host: str) -> str | None:
    """The name in a Host header, without its port."""
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def _headers(scope: Scope) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in scope["headers"]:
        found.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    return found


def _with_headers(send: Callable[[Any], Awaitable[None]]) -> Callable[[Any], Awaitable[None]]:
    async def sending(message: Any) -> None:  # noqa: ANN401 - a message of ASGI
        if message["type"] == "http.response.start":
            given = {name.lower() for name, _ in message["headers"]}
            message["headers"] = [*message["headers"], *(each for each in HEADERS if each[0] not in given)]
        await send(message)

    return sending
