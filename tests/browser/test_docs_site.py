"""Pages of the built site fit a phone and a desktop: what is too wide scrolls within its own box."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from browser.watch import WIDTHS, sideways

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.slow


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    """Address on this machine at which the site is served."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(site))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("width", WIDTHS)
def test_no_page_scrolls_sideways(browser_page: Page, address: str, site: Path, width: int) -> None:
    browser_page.set_viewport_size({"width": width, "height": 900})
    pages = sorted(path.relative_to(site).as_posix() for path in site.rglob("index.html"))
    assert len(pages) > 20
    wide = {}
    for page in pages:
        browser_page.goto(f"{address}/{page}")
        wide[page] = sideways(browser_page)
    assert {page: pixels for page, pixels in wide.items() if pixels} == {}


@pytest.mark.parametrize("width", WIDTHS)
def test_no_sample_scrolls_within_its_box(browser_page: Page, address: str, site: Path, width: int) -> None:
    browser_page.set_viewport_size({"width": width, "height": 900})
    wide = {}
    for page in sorted(path.relative_to(site).as_posix() for path in site.rglob("index.html")):
        browser_page.goto(f"{address}/{page}")
        wide[page] = browser_page.locator("pre > code").evaluate_all(
            "all => all.filter((code) => code.scrollWidth > code.clientWidth + 1).map((code) => code.innerText)"
        )
    assert {page: samples for page, samples in wide.items() if samples} == {}
