"""Pictures of a report and of an index, for docs/report.md: of clips of a public-domain portrait, in a browser.

Run it: python -m recipes.report_pictures docs/report
        Debian's chromium is driven by Playwright; --browser names another. --keep keeps the clips and the pages.
"""

from __future__ import annotations

import argparse
import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from genconvit.core.types import ImageArray

WIDTHS = {390: 844, 1280: 900}
"""Heights of the pictures in pixels, by their widths."""

SCHEMES = ("light", "dark")
RATE = 12


def make_clips(folder: Path) -> list[Path]:
    """Write the clips of ``genconvit demo``, one of both people side by side, and a file that is no video."""
    one, other, both, broken = (folder / f"{name}.mp4" for name in ("clip", "clip_blended", "two_people", "broken"))
    _genconvit(folder, "demo", "--keep", one.name)
    with av.open(str(both), "w") as made:
        stream = made.add_stream("libx264", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = 2 * 384, 384, "yuv420p"
        for left, right in zip(_frames(one), _frames(other), strict=True):
            frame = np.ascontiguousarray(np.concatenate([left, right[:, ::-1]], axis=1))
            made.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        made.mux(stream.encode())
    broken.write_text("no video")
    return [both, one, other, broken]


def make_report(folder: Path) -> Path:
    """Write the reports of these clips into a folder below this one; gives that folder."""
    reports = folder / "reports"
    clips = [clip.name for clip in make_clips(folder)]
    _genconvit(folder, "report", *clips, "--weights", "embedded", "--output", reports.name, allowed=(0, 3))
    return reports


def take(page: Page, reports: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the name of each picture, and the picture as WebP: of a report, its timeline and the index.

    Args:
        page: page of a browser.
        reports: folder that ``make_report`` gave.
    """
    (report,) = reports.glob("0001-*.html")
    for width, height in WIDTHS.items():
        page.set_viewport_size({"width": width, "height": height})
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            page.goto(report.as_uri())
            yield f"report_{width}_{scheme}.webp", _picture(page)
            page.locator(".timeline svg:visible a").last.click()
            page.locator("#time-section").evaluate("section => section.scrollIntoView({behavior: 'instant'})")
            yield f"timeline_{width}_{scheme}.webp", _picture(page)
            page.goto((reports / "index.html").as_uri())
            yield f"index_{width}_{scheme}.webp", _picture(page)


def _genconvit(folder: Path, *words: str, allowed: tuple[int, ...] = (0,)) -> None:
    """Run a command in a folder, so that what it prints and writes names no other."""
    status = subprocess.run([sys.executable, "-m", "genconvit", *words], cwd=folder, check=False).returncode  # noqa: S603
    if status not in allowed:
        raise SystemExit(f"genconvit {words[0]} ended with {status}")


def _frames(path: Path) -> Iterator[ImageArray]:
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            yield np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)


def _picture(page: Page) -> bytes:
    kept = io.BytesIO()
    with Image.open(io.BytesIO(page.screenshot(animations="disabled"))) as picture:
        picture.convert("RGB").save(kept, "WEBP", quality=80, method=6)
    return kept.getvalue()


def main() -> None:
    """Make the clips and their reports, and take the pictures."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", type=Path, help="folder of the pictures")
    parser.add_argument("--browser", default="/usr/bin/chromium", help="path of a Chromium")
    parser.add_argument("--keep", type=Path, help="new folder for the clips and the pages")
    options = parser.parse_args()
    options.pictures.mkdir(parents=True, exist_ok=True)
    as_root = ["--no-sandbox"] if os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as driver:
        folder = options.keep or Path(temporary)
        folder.mkdir(exist_ok=True)
        reports = make_report(folder)
        browser = driver.chromium.launch(executable_path=options.browser, args=as_root)
        for name, picture in take(browser.new_page(), reports):
            (options.pictures / name).write_bytes(picture)
            print(f"{name}: {len(picture) / 1024:.0f} KiB")
        browser.close()


if __name__ == "__main__":
    main()
