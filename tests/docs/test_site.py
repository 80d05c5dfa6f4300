"""Every page is in the navigation, and the built site makes no request to anywhere."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NAVIGATION = re.findall(r"([\w/]+\.md)$", (ROOT / "mkdocs.yml").read_text().partition("\nnav:\n")[2], re.MULTILINE)
OUTSIDE = re.compile(r"(?:^|[\s,])(?:[a-z][a-z0-9+.-]*:)?//", re.IGNORECASE)
LOADING = {"src", "srcset", "poster", "action", "data"}
KEPT = {"canonical", "alternate", "prev", "next"}
"""Relations of a link element that load nothing."""
FETCHING = {"mermaid", "arithmatex"}
"""Classes for which the theme fetches a library when it meets them."""


def test_every_page_is_in_the_navigation_once() -> None:
    pages = sorted(path.relative_to(ROOT / "docs").as_posix() for path in ROOT.glob("docs/**/*.md"))
    assert sorted(NAVIGATION) == pages


@pytest.mark.slow
def test_the_built_site_makes_no_request_to_anywhere(site: Path) -> None:
    pages = {str(path.relative_to(site)): requests(path.read_text(encoding="utf-8")) for path in site.rglob("*.html")}
    assert len(pages) > len(NAVIGATION), "a page each, and the one of what is not found"
    assert {name: found for name, found in pages.items() if found} == {}
    assert [path.name for path in site.rglob("*.css") if styled_from(path.read_text(encoding="utf-8"))] == []


@pytest.mark.slow
def test_every_picture_says_what_it_shows(site: Path) -> None:
    for path in site.rglob("*.html"):
        assert [tag for tag in re.findall(r"<img [^>]*>", path.read_text()) if not re.search(r'alt="[^"]+"', tag)] == []


@pytest.mark.parametrize(
    "html",
    [
        '<script src="https://cdn.example/a.js"></script>',
        '<link rel="stylesheet" href="//fonts.example/a.css">',
        '<link rel="preconnect" href="https://fonts.example">',
        '<img src="a.png" srcset="HTTPS://example.org/a.png 2x">',
        '<p style="background: url(https://example.org/a.png)">',
        '<style>@import "//example.org/a.css";</style>',
        '<pre class="mermaid"><code>graph TD</code></pre>',
        '<div data-md-component="source"></div>',
    ],
)
def test_what_would_be_fetched_is_seen(html: str) -> None:
    assert len(requests(html)) == 1


def test_what_a_reader_may_click_is_no_request() -> None:
    page = '<a href="https://example.org">x</a><script src="../a.js"></script><link rel="next" href="https://a.b/">'
    assert requests(page) == []


def requests(html: str) -> list[str]:
    """What a browser would ask another host for, while it shows a page."""
    reader = _Reader()
    reader.feed(html)
    return reader.found


def styled_from(css: str) -> list[str]:
    """Places outside that a style sheet loads."""
    places: list[str] = re.findall(r"(?:url\(\s*|@import\s+)[\"']?([^\"')\s;]+)", css)
    return [place for place in places if OUTSIDE.search(place)]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._style = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        loading = LOADING | ({"href"} if tag == "link" and values.get("rel") not in KEPT else set())
        self.found += [value for name, value in values.items() if name in loading and OUTSIDE.search(value)]
        self.found += styled_from(values.get("style", ""))
        self.found += [name for name in values.get("class", "").split() if name in FETCHING]
        self.found += [name for name in [values.get("data-md-component")] if name == "source"]
        self._style = tag == "style"

    def handle_data(self, data: str) -> None:
        if self._style:
            self.found += styled_from(data)

    def handle_endtag(self, tag: str) -> None:
        self._style = self._style and tag != "style"
