from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from browser.watch import BROWSERS, Watch, find_browser, take_screenshots

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's chromium; skips where there is no browser, or nothing to drive it.

    It ends with the module, since what drives it holds the thread's event loop.
    """
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright, of the extra 'dev'")
    path = find_browser()
    if path is None:
        pytest.skip(f"needs a browser: none of {', '.join(BROWSERS)} is installed; GENCONVIT_BROWSER names another")
    as_root = ["--no-sandbox"] if os.geteuid() == 0 else []
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=as_root)
        yield browser
        browser.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A fresh context, over which nothing watches."""
    with browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme="light") as context:
        context.set_default_timeout(30_000)
        yield context


@pytest.fixture
def browser_page(context: BrowserContext) -> Iterator[Page]:
    """A page that fails its test for any error in its console, and any request that leaves the machine."""
    watch = Watch()
    watch.over(context)
    yield context.new_page()
    assert watch.problems == []


@pytest.fixture
def screenshots(tmp_path: Path) -> Callable[[Page, str], list[Path]]:
    """What takes screenshots of a page under a name; ``GENCONVIT_SCREENSHOTS`` names a folder to keep them in."""
    folder = Path(os.environ.get("GENCONVIT_SCREENSHOTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    return lambda page, name: take_screenshots(page, folder, name)
