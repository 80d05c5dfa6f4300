"""HTML pages, read as far as the tests ask for."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class Element:
    """One element with its attributes, and the text in it and below it."""

    tag: str
    attributes: dict[str, str]
    text: str = ""
    within: tuple[str, ...] = field(default=())


class Page(HTMLParser):
    """Elements of a page, in its order."""

    VOID = frozenset({"meta", "input", "br", "link", "img"})

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs}, within=tuple(e.tag for e in self._open))
        self.elements.append(element)
        if tag not in self.VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop().tag == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data

    def all(self, tag: str, **attributes: str) -> list[Element]:
        """Elements of a tag with these attributes; ``class_`` is the class."""
        wanted = {name.rstrip("_"): value for name, value in attributes.items()}
        return [each for each in self.elements if each.tag == tag and wanted.items() <= each.attributes.items()]

    @property
    def policy(self) -> str:
        """The content security policy."""
        (meta,) = (each for each in self.all("meta") if each.attributes.get("http-equiv") == "Content-Security-Policy")
        return meta.attributes["content"]


def check_closed(html: str) -> None:
    """Make sure that a page holds all that it shows, and that its policy allows its own style and script alone."""
    page = Page(html)
    assert page.policy.startswith("default-src 'none';")
    assert "unsafe" not in page.policy
    for tag in ("style", "script"):
        (element,) = page.all(tag)
        digest = base64.b64encode(hashlib.sha256(element.text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in page.policy
    assert not page.all("link") + page.all("iframe") + page.all("object") + page.all("embed") + page.all("base")
    for element in page.elements:
        assert not [name for name in element.attributes if name.startswith("on") or name == "style"], element
        source = element.attributes.get("src", "data:")
        assert source.startswith("data:"), element
    assert not re.search(r"url\(|@import", page.all("style")[0].text)
