"""What watches over pages sees what must not happen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from browser.watch import Watch, sideways, stays_here, take_screenshots

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

WRONG = {
    "console: oh": "<script>console.error('oh')</script>",
    "error: oh": "<script>throw new Error('oh')</script>",
    "request: http://example.invalid/a.png": "<img src='http://example.invalid/a.png'>",
    "request: https://example.invalid/": "<script>fetch('https://example.invalid/').catch(() => {})</script>",
    "request: wss://example.invalid/": "<script>new WebSocket('wss://example.invalid/')</script>",
    "Content Security Policy": '<meta http-equiv="Content-Security-Policy" content="script-src \'none\'">'
    "<script>1</script>",
}


@pytest.mark.parametrize(
    ("address", "stays"),
    [
        ("file:///tmp/a.html", True),
        ("data:image/png;base64,AA", True),
        ("http://127.0.0.1:8000/a", True),
        ("http://localhost/", True),
        ("http://localhost.example.invalid/", False),
        ("https://example.invalid/127.0.0.1", False),
        ("//example.invalid/", False),
        ("ws://example.invalid/", False),
    ],
)
def test_what_stays_on_the_machine(address: str, stays: bool) -> None:
    assert stays_here(address) is stays


@pytest.mark.slow
@pytest.mark.parametrize("problem", WRONG)
def test_what_must_not_happen_is_seen(context: BrowserContext, tmp_path: Path, problem: str) -> None:
    watch = Watch()
    watch.over(context)
    path = tmp_path / "a.html"
    path.write_text(f"<!doctype html><title>a</title>{WRONG[problem]}")
    page = context.new_page()
    page.goto(path.as_uri(), wait_until="networkidle")
    assert any(problem in each for each in watch.problems), watch.problems


@pytest.mark.slow
def test_a_page_where_nothing_happens_has_no_problems(browser_page: Page, tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    path.write_text("<!doctype html><title>a</title><img src='data:image/gif;base64,R0lGODlhAQABAAAAACw='>")
    browser_page.goto(path.as_uri(), wait_until="networkidle")
    assert sideways(browser_page) == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("style", "reason"),
    [
        ("body { width: 500px; background: light-dark(white, black); color-scheme: light dark }", "sideways at 390"),
        ("body { background: white }", "is not dark"),
    ],
)
def test_a_wide_page_and_one_without_dark_colours_are_seen(
    browser_page: Page, tmp_path: Path, style: str, reason: str
) -> None:
    browser_page.set_content(f"<!doctype html><style>{style}</style>text")
    with pytest.raises(AssertionError, match=reason):
        take_screenshots(browser_page, tmp_path, "a")
