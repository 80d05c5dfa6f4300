"""A page in a browser, with everything that must not happen in it."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page, Route, WebSocketRoute

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
WIDTHS = (390, 1280)
SCHEMES = ("light", "dark")

_HERE = {"localhost", "127.0.0.1", "[::1]", "::1"}


def find_browser() -> str | None:
    """Path of the browser: that of ``GENCONVIT_BROWSER``, else Debian's; None where there is none."""
    return os.environ.get("GENCONVIT_BROWSER") or next(filter(None, map(shutil.which, BROWSERS)), None)


def stays_here(address: str) -> bool:
    """Tell whether a request for this address stays on the machine."""
    parts = urlsplit(address)
    return parts.scheme in ("file", "data", "blob", "about") or parts.hostname in _HERE


@dataclass
class Watch:
    """Errors of a page's console, and requests that would have left the machine; these are stopped."""

    problems: list[str] = field(default_factory=list)

    def over(self, context: BrowserContext) -> None:
        """Watch every page of a context."""
        context.route("**/*", self._route)
        context.route_web_socket("**/*", self._route_socket)
        context.on("weberror", lambda error: self.problems.append(f"error: {error.error}"))
        context.on("console", lambda message: self._console(message.type, message.text))

    def _route(self, route: Route) -> None:
        if stays_here(route.request.url):
            route.continue_()
            return
        self.problems.append(f"request: {route.request.url}")
        route.abort()

    def _route_socket(self, socket: WebSocketRoute) -> None:
        if stays_here(socket.url):
            socket.connect_to_server()
            return
        self.problems.append(f"request: {socket.url}")
        socket.close()

    def _console(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.problems.append(f"console: {text}")


def sideways(page: Page) -> int:
    """Pixels by which the page as a whole scrolls sideways."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def check_switch(page: Page) -> None:
    """Press the switch between light and dark twice; the page has to be light before, dark between and light again."""

    def background() -> str:
        return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))

    button = page.get_by_role("button", name="Dark")
    light = background()
    assert button.get_attribute("aria-pressed") == "false"
    button.click()
    assert button.get_attribute("aria-pressed") == "true"
    assert background() != light
    button.click()
    assert background() == light


def take_screenshots(page: Page, folder: Path, name: str) -> list[Path]:
    """Take pictures of what is shown, at each of ``WIDTHS`` and in each of ``SCHEMES``.

    At each of them the page must not scroll sideways, and dark must be darker than light.
    """
    from PIL import Image, ImageStat

    paths = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        brightness = []
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            path = folder / f"{name}_{width}_{scheme}.png"
            page.screenshot(path=path, animations="disabled")
            with Image.open(path) as picture:
                brightness.append(ImageStat.Stat(picture.convert("L")).mean[0])
            assert sideways(page) == 0, f"{name} scrolls sideways at {width} px"
            paths.append(path)
        assert brightness[1] < brightness[0] - 50, f"{name} is not dark at {width} px: {brightness}"
    return paths
