"""What a person does with the index of many results: sort it, filter it, follow a link, with a mouse or without."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from browser.watch import check_switch, sideways
from genconvit.core.text import printable
from genconvit.render.index_page import IndexRow, index_page
from genconvit.results.result import VideoResult
from scored import result

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

pytestmark = pytest.mark.slow

RESULTS = (
    result("clips/clip_10.mp4", 0.25, notes=("14 of 15 chosen frames decoded",)),
    result("clips/clip_2.mp4", 0.913),
    result("clips/clip_1.mp4", None),
    result("clips/clip_30.mp4", 0.75),
    result("other/clip_4.mp4", 0.05),
    result("other/broken.mp4", None, status="unreadable", reason="moov atom not found"),
)
HOSTILE = (
    "<script>window.hacked = 1</script>.mp4",
    "\u202egpj.exe",
    "two\nlines\ttab.mp4",
    "\"><img src=x onerror='window.hacked = 1'>",
    "\u05e9\u05dc\u05d5\u05dd.mp4",
    "x" * 4000,
)


def written(folder: Path, *results: VideoResult) -> str:
    """Write an index, and a page for each result; give the index's address."""
    rows = []
    for number, each in enumerate(results):
        name = f"pages/{number} #.html"
        (folder / "pages").mkdir(exist_ok=True)
        (folder / name).write_text(f"<!doctype html><title>page</title><h1>page {number}</h1>")
        rows.append(IndexRow.of(each, name))
    path = folder / "index.html"
    path.write_text(index_page(rows), encoding="utf-8")
    return path.as_uri()


@pytest.fixture
def index(browser_page: Page, tmp_path: Path) -> Page:
    browser_page.goto(written(tmp_path, *RESULTS))
    return browser_page


def shown(page: Page, column: str = "source") -> list[str]:
    """Texts of a column in the rows that are shown, from top to bottom, whether these are laid out yet or not."""
    return page.locator(f"tbody tr:visible td.{column}").all_text_contents()


def head(page: Page, title: str) -> Locator:
    return page.get_by_role("columnheader", name=title)


def press(page: Page, title: str) -> None:
    head(page, title).get_by_role("button").click()


def test_a_column_of_numbers_is_sorted_both_ways_and_what_has_none_is_last(index: Page) -> None:
    press(index, "Fake probability")
    assert shown(index, "fake") == ["0.913", "0.750", "0.250", "0.050", "", ""]
    assert head(index, "Fake probability").get_attribute("aria-sort") == "descending"
    press(index, "Fake probability")
    assert shown(index, "fake") == ["0.050", "0.250", "0.750", "0.913", "", ""]
    assert head(index, "Fake probability").get_attribute("aria-sort") == "ascending"


def test_names_are_sorted_by_the_numbers_in_them(index: Page) -> None:
    press(index, "Fake probability")
    press(index, "Source")
    assert [each.split("/")[1] for each in shown(index)] == [
        *("clip_1.mp4", "clip_2.mp4", "clip_10.mp4", "clip_30.mp4"),
        *("broken.mp4", "clip_4.mp4"),
    ]
    assert index.locator("[aria-sort]").count() == 1


def test_every_column_can_be_sorted(index: Page) -> None:
    for column in index.locator("th").all():
        name = column.get_attribute("class") or ""
        column.get_by_role("button").click()
        once = shown(index, name)
        column.get_by_role("button").click()
        filled = [each for each in once if each]
        values = [float(each.split()[0]) for each in filled] if column.get_attribute("data-number") == "" else None
        if values is not None:
            assert values == sorted(values, reverse=True), name
        assert [each for each in shown(index, name) if each] == filled[::-1] or len(set(filled)) < len(filled), name
        assert sorted(shown(index, name)) == sorted(once), name


def test_durations_are_sorted_by_their_length(browser_page: Page, tmp_path: Path) -> None:
    provenance = RESULTS[0].provenance
    durations = (600.0, 3600.0, 9.0, None, 75.0)
    timed = [
        result(f"{n}.mp4", 0.5, provenance=provenance.model_copy(update={"duration_seconds": seconds}))
        for n, seconds in enumerate(durations)
    ]
    browser_page.goto(written(tmp_path, *timed))
    press(browser_page, "Duration")
    assert shown(browser_page, "duration") == ["0:00:09", "0:01:15", "0:10:00", "1:00:00", ""]


def test_the_switch_turns_dark_and_light_again(index: Page) -> None:
    check_switch(index)


def test_a_filter_leaves_what_fits_and_says_how_many(index: Page) -> None:
    count = index.get_by_role("status")
    assert count.inner_text() == "6 of 6 shown"
    index.get_by_label("Text").fill("OTHER clip")
    assert shown(index) == ["other/clip_4.mp4"]
    assert count.inner_text() == "1 of 6 shown"
    index.get_by_label("Text").fill("moov")
    assert shown(index) == ["other/broken.mp4"]
    index.get_by_label("Text").fill("")
    index.get_by_label("Verdict").select_option("FAKE")
    assert shown(index) == ["clips/clip_2.mp4", "clips/clip_30.mp4"]
    index.get_by_label("Text").fill("broken")
    assert shown(index) == []
    assert index.get_by_text("No result fits these filters.").is_visible()


def test_what_is_filtered_stays_so_when_it_is_sorted(index: Page) -> None:
    index.get_by_label("Verdict").select_option("REAL")
    press(index, "Fake probability")
    assert shown(index, "fake") == ["0.250", "0.050"]


def test_a_link_leads_to_the_page_of_its_video(index: Page) -> None:
    index.get_by_role("link", name="clips/clip_30.mp4").click()
    assert index.get_by_role("heading").inner_text() == "page 3"


def test_all_of_it_works_by_keyboard(index: Page) -> None:
    keyboard = index.keyboard
    keyboard.press("Tab")
    assert index.evaluate("document.activeElement.id") == "theme"
    keyboard.press("Tab")
    keyboard.type("clips")
    keyboard.press("Tab")
    assert index.evaluate("document.activeElement.id") == "verdict"
    for _ in range(3):
        keyboard.press("Tab")
    keyboard.press("Enter")
    assert shown(index, "fake") == ["0.913", "0.750", "0.250", ""]
    outline = index.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid", "where the focus is can be seen"
    while index.evaluate("document.activeElement.tagName") != "A":
        keyboard.press("Tab")
    keyboard.press("Enter")
    index.wait_for_url("**/pages/**")
    assert index.get_by_role("heading").inner_text() == "page 1"


def test_to_a_screen_reader_it_is_a_table(index: Page) -> None:
    tree = index.context.new_cdp_session(index).send("Accessibility.getFullAXTree")["nodes"]
    roles = [node["role"]["value"] for node in tree if not node["ignored"]]
    assert roles.count("table") == 1
    assert roles.count("row") == 1 + len(RESULTS)
    assert roles.count("columnheader") == index.locator("th").count()
    assert roles.count("cell") == len(RESULTS) * index.locator("th").count()


@pytest.mark.parametrize("width", [390, 1280])
def test_hostile_names_are_text_and_break_nothing(browser_page: Page, tmp_path: Path, width: int) -> None:
    browser_page.set_viewport_size({"width": width, "height": 900})
    hostile = [result(name, 0.9, notes=(name, f"a{name}")) for name in HOSTILE]
    hostile.append(result("a.mp4", None, status="unreadable", reason="".join(HOSTILE)))
    browser_page.goto(written(tmp_path, *hostile))
    for name in HOSTILE:
        browser_page.get_by_label("Text").fill(printable(name))
        assert printable(name) in (browser_page.locator("tbody tr:visible td.source").first.text_content() or "")
    browser_page.get_by_label("Text").fill("")
    press(browser_page, "Source")
    assert browser_page.evaluate("window.hacked") is None
    assert browser_page.locator("tbody img, tbody script").count() == 0
    assert sideways(browser_page) == 0
    heights = browser_page.locator("tbody tr").evaluate_all("rows => rows.map((row) => row.offsetHeight)")
    assert max(heights) < 300


def test_without_scripting_it_is_a_table_that_reads(browser: Browser, tmp_path: Path) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(written(tmp_path, *RESULTS))
        assert shown(page) == [each.source for each in RESULTS]
        assert not page.get_by_label("Text").is_visible()
        assert page.get_by_role("button").count() == 0


def test_it_prints_every_row_that_is_shown_and_no_controls(index: Page) -> None:
    index.get_by_label("Verdict").select_option("FAKE")
    index.emulate_media(media="print")
    assert shown(index) == ["clips/clip_2.mp4", "clips/clip_30.mp4"]
    assert not index.get_by_label("Text").is_visible()
    assert index.pdf(format="A4").startswith(b"%PDF")


def test_five_thousand_rows_are_sorted_and_filtered(browser_page: Page, tmp_path: Path) -> None:
    many = [IndexRow.of(result(f"clip_{number}.mp4", 0.6 + number % 97 / 500), None) for number in range(1, 5001)]
    many[2499] = IndexRow.of(result("clip_2500.mp4", 0.99), None)
    path = tmp_path / "index.html"
    path.write_text(index_page(many), encoding="utf-8")
    browser_page.goto(path.as_uri())
    press(browser_page, "Fake probability")
    assert browser_page.locator("tbody tr").first.locator("td").first.text_content() == "clip_2500.mp4"
    browser_page.get_by_label("Text").fill("clip_4999")
    assert shown(browser_page) == ["clip_4999.mp4"]
    assert browser_page.get_by_role("status").inner_text() == "1 of 5000 shown"


def test_it_reads_at_every_width_light_and_dark(
    browser_page: Page, tmp_path: Path, screenshots: Callable[[Page, str], list[Path]]
) -> None:
    browser_page.goto(written(tmp_path, *RESULTS, *(result(name, 0.6) for name in HOSTILE)))
    assert len(screenshots(browser_page, "index")) == 4
