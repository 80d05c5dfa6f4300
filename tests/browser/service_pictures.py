"""Takes pictures of the service's page, at a phone's width and a desk's, light and dark; some go into the docs.

Run it: python tests/browser/service_pictures.py FOLDER [--docs docs]
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from browser.watch import find_browser, take_screenshots
from genconvit.data.sample import write_clip
from serving import server

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

SHOWN = {"service_list": "list_1280_light", "service_report": "report_1280_light", "service_phone": "working_390_dark"}
"""Pictures in the docs, by their names there."""

_COLOURS = 64
_MILLISECONDS = 300_000
_SHARE = 0.2
"""Progress of the job that is shown at work."""
_FLAGS = ("--frames", "1000", "--threshold-choice", "0.9", "--root", ".")


def take(folder: Path) -> None:
    """Take pictures of every state of the page into a folder, in a minute or two."""
    from playwright.sync_api import sync_playwright

    as_root = ["--no-sandbox"] if os.geteuid() == 0 else []
    with (
        tempfile.TemporaryDirectory() as data,
        server(Path(data), *_FLAGS) as served,
        sync_playwright() as driver,
        driver.chromium.launch(executable_path=find_browser(), args=as_root) as browser,
        browser.new_page() as page,
    ):
        page.set_default_timeout(_MILLISECONDS)
        page.goto(served.url)
        page.locator("#threshold").wait_for()
        take_screenshots(page, folder, "drop")
        _take_jobs(page, folder, Path(data))


def _take_jobs(page: Page, folder: Path, data: Path) -> None:
    clip, text, long = (data / name for name in ("astronaut.mp4", "notes.mp4", "interview.mp4"))
    write_clip(clip)
    write_clip(long, frames=1000)
    text.write_text("just a text\n" * 50)
    for source in (text, clip):
        page.set_input_files("#file", source)
        _job(page, source).locator(".delete").wait_for()
    _job(page, clip).locator(".open").wait_for()
    page.set_input_files("#file", long)
    _job(page, long).get_by_text("running", exact=True).wait_for()
    while page.evaluate("document.querySelector('#jobs progress').value") < _SHARE:
        page.wait_for_timeout(100)
    take_screenshots(page, folder, "working")
    _job(page, long).locator(".cancel").click()
    _job(page, long).locator(".delete").wait_for()
    take_screenshots(page, folder, "list")
    _job(page, clip).locator(".open").click()
    page.frame_locator("#report").get_by_text(clip.name).first.wait_for()
    take_screenshots(page, folder, "report")
    page.locator("#report-close").click()
    page.fill("#path", "../secret.mp4")
    page.locator("#send-path").click()
    page.get_by_role("alert").get_by_text("is no file below").wait_for()
    take_screenshots(page, folder, "refused")


def _job(page: Page, source: Path) -> Locator:
    return page.locator("#jobs li", has=page.locator(".name", has_text=source.name)).first


def keep(folder: Path, docs: Path) -> None:
    """Put those of the docs there, with few colours."""
    from PIL import Image

    for name, taken in SHOWN.items():
        with Image.open(folder / f"{taken}.png") as picture:
            few = picture.convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE)
            few.save(docs / f"{name}.png", optimize=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--docs", type=Path, help="folder of the docs, where theirs are kept as well")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    take(options.folder)
    if options.docs:
        keep(options.folder, options.docs)


if __name__ == "__main__":
    main()
