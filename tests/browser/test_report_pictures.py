"""The demo's reports, as they are shown in the docs, and as they are printed."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from browser.watch import sideways
from recipes.report_pictures import make_report, take

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.slow

DOCS = Path(__file__).resolve().parents[2] / "docs"
PICTURES = DOCS / "report"
LARGEST_BYTES = 100_000
A4_PX = (794, 1123)
"""An A4 page in CSS pixels."""

MARGIN_PX = 53
PAPER_AND_INK = """element => {
    const style = getComputedStyle(element);
    return [style.backgroundColor, style.color];
}"""

LINK_IS_INK = "all => all.map((link) => getComputedStyle(link).color === getComputedStyle(link.parentElement).color)"


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_report(tmp_path_factory.mktemp("pictures"))


def test_the_docs_show_every_picture(browser_page: Page, reports: Path) -> None:
    taken = dict(take(browser_page, reports))
    page = (DOCS / "report.md").read_text(encoding="utf-8")
    assert set(re.findall(r"\(report/([^)]+)\)", page)) == set(taken) == {path.name for path in PICTURES.iterdir()}
    for name, picture in taken.items():
        assert max(len(picture), (PICTURES / name).stat().st_size) < LARGEST_BYTES, name
        with Image.open(io.BytesIO(picture)) as made, Image.open(PICTURES / name) as kept:
            assert made.size == kept.size, f"{name}: run python -m recipes.report_pictures docs/report"


@pytest.mark.parametrize(("name", "sides", "pages"), [("0001-*", A4_PX, (6, 12)), ("index", A4_PX[::-1], (1, 1))])
def test_it_prints_on_a4(
    browser_page: Page, reports: Path, name: str, sides: tuple[int, int], pages: tuple[int, int]
) -> None:
    browser_page.emulate_media(color_scheme="dark")
    (path,) = reports.glob(f"{name}.html")
    browser_page.goto(path.as_uri())
    printed = browser_page.pdf(prefer_css_page_size=True)
    boxes = re.findall(rb"/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]", printed)
    points = [round(side * 72 / 96) for side in sides]
    assert [abs(round(float(side)) - point) <= 1 for side, point in zip(boxes[0], points, strict=True)] == [True, True]
    assert pages[0] <= len(re.findall(rb"/Type\s*/Page\b", printed)) <= pages[1]

    browser_page.emulate_media(media="print")
    browser_page.set_viewport_size({"width": sides[0] - 2 * MARGIN_PX, "height": sides[1]})
    assert sideways(browser_page) == 0
    assert browser_page.locator(":is(#theme, .filters, nav):visible").count() == 0
    assert browser_page.locator("body").evaluate(PAPER_AND_INK) == ["rgba(0, 0, 0, 0)", "rgb(27, 28, 30)"]
    links = browser_page.locator("a:visible")
    assert links.count() > 2
    assert set(links.evaluate_all(LINK_IS_INK)) == {True}


def test_nothing_that_belongs_together_is_torn_apart_in_print(browser_page: Page, reports: Path) -> None:
    (path,) = reports.glob("0001-*.html")
    browser_page.goto(path.as_uri())
    browser_page.emulate_media(media="print")
    for kind in (".verdict", ".timeline", ".explained", ".card", "tbody tr"):
        values = browser_page.locator(kind).evaluate_all("all => all.map((each) => getComputedStyle(each).breakInside)")
        assert set(values) == {"avoid"}, kind
    assert browser_page.locator("details[open]").count() == 0
    browser_page.pdf()
    assert browser_page.locator("details[open]").count() == 1, "what is folded is printed too"
