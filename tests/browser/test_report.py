"""What a person does with the page of one video: choose a point of the timeline, with a mouse or without, and read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from browser.watch import check_switch, sideways
from genconvit import Detector, VideoResult
from genconvit.core.types import ImageArray
from support import make_video, shared

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.slow

HOSTILE = "<script>window.hacked = 1</script>\u202egpj\n\"><img src=x onerror='window.hacked = 1'>" + "x" * 4000


def two_people(path: Path) -> Path:
    """A clip of two portraits side by side, the right one of which moves a little."""
    one, other = sorted(shared("faces", "portraits").rglob("*.jpg"))[:2]
    faces: list[ImageArray] = [np.asarray(Image.open(each).convert("RGB").resize((220, 276))) for each in (one, other)]
    frames = []
    for number in range(24):
        frame: ImageArray = np.full((360, 640, 3), 90, np.uint8)
        frame[40:316, 50:270] = faces[0]
        frame[40:316, 350 + number : 570 + number] = faces[1]
        frames.append(frame)
    return make_video(path, frames)


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> tuple[VideoResult, str]:
    """The result of that clip, and its page with heat maps."""
    options: dict[str, Any] = {"device": "cpu", "face_detector": "mtcnn"}
    with Detector(weights="embedded", frames=4, **options) as detector:
        result = detector.predict(two_people(tmp_path_factory.mktemp("report") / "two.mp4"))
        return result, result.to_html(detector=detector)


@pytest.fixture
def report(browser_page: Page, scored: tuple[VideoResult, str], tmp_path: Path) -> Page:
    path = tmp_path / "report.html"
    path.write_text(scored[1], encoding="utf-8")
    browser_page.goto(path.as_uri())
    return browser_page


def points(page: Page) -> Locator:
    """Points of the timeline that is shown."""
    return page.locator(".timeline svg:visible a")


def chosen(page: Page) -> tuple[str, str]:
    """Words and picture of the face that is shown below the timeline."""
    shown = page.locator("#selected")
    return shown.inner_text(), shown.locator("img").first.get_attribute("src") or ""


def test_there_are_two_people_and_a_point_for_each_face(report: Page, scored: tuple[VideoResult, str]) -> None:
    result = scored[0]
    assert result.lasting_tracks == 2
    assert points(report).count() == len(result.faces) == 8
    assert report.locator(".timeline .keys").get_by_text("person 2").is_visible()


def test_a_click_on_a_point_shows_that_face(report: Page, scored: tuple[VideoResult, str]) -> None:
    result = scored[0]
    assert not report.locator("#selected").is_visible()
    seen = []
    for number in (0, 5):
        point = points(report).nth(number)
        point.click()
        anchor = (point.get_attribute("href") or "").removeprefix("#face-")
        words, picture = chosen(report)
        assert f"{result.faces[int(anchor)].fake_probability:.3f}" in words
        assert picture.startswith("data:image/")
        assert point.get_attribute("aria-current") == "true"
        seen.append((words, picture))
    assert seen[0][0] != seen[1][0]
    assert seen[0][1] != seen[1][1]
    assert report.locator("[aria-current]:visible").count() == 1


def test_points_are_chosen_by_keyboard(report: Page) -> None:
    for _ in range(60):
        report.keyboard.press("Tab")
        if report.evaluate("!!document.activeElement.closest('.timeline svg')"):
            break
    assert points(report).first.evaluate("link => link === document.activeElement"), "the first point is a stop of Tab"
    report.keyboard.press("Enter")
    first = chosen(report)
    report.keyboard.press("ArrowRight")
    assert points(report).nth(1).evaluate("link => link === document.activeElement")
    report.keyboard.press("Enter")
    assert chosen(report) != first
    report.keyboard.press("End")
    assert points(report).last.evaluate("link => link === document.activeElement")


def test_the_switch_turns_dark_and_light_again(report: Page) -> None:
    check_switch(report)


def test_every_picture_is_shown_and_says_what_it_is(report: Page) -> None:
    images = report.locator("img").all()
    assert len(images) >= 8
    for image in images:
        assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
        assert image.get_attribute("alt")


@pytest.mark.parametrize("width", [390, 1280])
def test_a_hostile_name_is_text_and_breaks_nothing(
    browser_page: Page, scored: tuple[VideoResult, str], tmp_path: Path, width: int
) -> None:
    hostile = scored[0].model_copy(update={"source": HOSTILE, "notes": (HOSTILE,)})
    path = tmp_path / "report.html"
    path.write_text(hostile.to_html(), encoding="utf-8")
    browser_page.set_viewport_size({"width": width, "height": 900})
    browser_page.goto(path.as_uri())
    assert browser_page.evaluate("window.hacked") is None
    assert 'script>\\u202egpj\\n"><img src=x onerror=' in browser_page.locator("h1").inner_text()
    assert browser_page.locator("main img[src='x']").count() == 0
    assert sideways(browser_page) == 0


def test_it_reads_at_every_width_light_and_dark(report: Page, screenshots: Callable[[Page, str], list[Path]]) -> None:
    assert len(screenshots(report, "report")) == 4
    points(report).nth(3).click()
    report.locator("#time-section").scroll_into_view_if_needed()
    assert len(screenshots(report, "report_timeline")) == 4
