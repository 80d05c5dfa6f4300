"""Opening an index of many rows in Chromium, sorting it and filtering it, by the clock.

Each step ends when the browser has drawn what came of it. Other work on the machine counts: look at its load first.

Run it: python benchmarks/index_page.py [--rows 5000] [--rounds 7] [--width 1280] [--browser /usr/bin/chromium]
"""

import argparse
import os
import statistics
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from genconvit.render.index_page import IndexRow, index_page

DRAWN = "new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)))"
LOADED = f"{DRAWN}.then(() => performance.now())"
STEP = f"""(step) => {{
    const started = performance.now();
    step();
    return {DRAWN}.then(() => performance.now() - started);
}}"""
STEPS = {
    "first sort": "() => document.querySelector('th.fake button').click()",
    "first filter": """() => {
        const text = document.getElementById("text");
        text.value = "clip_49";
        text.dispatchEvent(new Event("input"));
    }""",
}


def row(number: int) -> IndexRow:
    """A row of made-up values."""
    probability = number * 7919 % 1000 / 1000
    return IndexRow(
        source=f"uploads/2026-11/clip_{number}.mp4",
        verdict="FAKE" if probability > 0.5 else "REAL",
        fake_probability=probability,
        calibrated_probability=None,
        faces=15,
        poor_faces=f"{number % 4} of 15",
        people=1,
        duration_seconds=number % 600,
        frames="15 of 300",
        credentials="",
        notes=("14 of 15 chosen frames decoded",) if number % 3 == 0 else (),
        basis=(),
        page=f"{number:04d}.html",
    )


def times(page: Page, path: Path) -> dict[str, float]:
    """Milliseconds of each step."""
    page.goto(path.as_uri())
    return {
        "open": float(page.evaluate(LOADED)),
        **{name: float(page.evaluate(f"({STEP})({step})")) for name, step in STEPS.items()},
    }


def main() -> None:
    """Make the index, and print the best and the median of each step."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--browser", default="/usr/bin/chromium")
    options = parser.parse_args()
    as_root = ["--no-sandbox"] if os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        path = Path(folder, "index.html")
        path.write_text(index_page(map(row, range(1, options.rows + 1))), encoding="utf-8")
        browser = driver.chromium.launch(executable_path=options.browser, args=as_root)
        found: dict[str, list[float]] = {}
        for _ in range(options.rounds):
            with browser.new_context(viewport={"width": options.width, "height": 900}) as context:
                for name, milliseconds in times(context.new_page(), path).items():
                    found.setdefault(name, []).append(milliseconds)
        browser.close()
    print(f"load of the machine {os.getloadavg()[0]:.1f}; {options.rows} rows, {options.rounds} rounds")
    for name, values in found.items():
        print(f"{name}: best {min(values):.0f} ms, median {statistics.median(values):.0f} ms")


if __name__ == "__main__":
    main()
