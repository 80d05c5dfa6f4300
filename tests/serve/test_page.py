"""The page in a browser: an upload to its report, a cancel, a text named .mp4, a phone's width."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from genconvit import Client
from genconvit.serve.keys import add_key
from serving import Server, server

BROWSER = os.environ.get("GENCONVIT_BROWSER") or shutil.which("chromium") or shutil.which("google-chrome")
SECONDS = 300_000
"""Milliseconds that only a fault takes."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    flags = ("--threshold-choice", "0.9", "--root", str(tmp_path_factory.mktemp("root")))
    with server(tmp_path_factory.mktemp("data"), *flags) as made:
        yield made


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright to drive a browser")
    if not BROWSER:
        pytest.skip("needs a browser: Chromium, or one that GENCONVIT_BROWSER names")
    with playwright.sync_playwright() as driver:
        made = driver.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"] if os.getuid() == 0 else [])
        yield made
        made.close()


@pytest.fixture
def page(browser: Any, served: Server, request: pytest.FixtureRequest) -> Iterator[Any]:
    """The page on a phone or a desk, whose browser finds no fault in it and asks nobody else."""
    context = browser.new_context(viewport={"width": getattr(request, "param", 1280), "height": 844})
    made = context.new_page()
    made.set_default_timeout(SECONDS)
    faults: list[str] = []
    asked: set[str] = set()
    made.on("pageerror", lambda error: faults.append(str(error)))
    made.on("console", lambda message: faults.append(message.text) if _is_fault(message) else None)
    made.on("request", lambda sent: asked.add("/".join(sent.url.split("/")[:3])))
    made.goto(served.url)
    yield made
    context.close()
    assert faults == []
    assert {place for place in asked if place.startswith("http")} == {served.url}


def _is_fault(message: Any) -> bool:
    return message.type == "error" and not message.text.startswith("Failed to load resource")  # of a refusal


def job(page: Any, name: str) -> Any:
    return page.locator("#jobs li", has=page.locator(".name", has_text=name)).first


def fits(page: Any) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


@pytest.mark.slow
@pytest.mark.parametrize("page", [390, 1280], indirect=True)
def test_an_upload_leads_to_its_report(page: Any, clip: Path, tmp_path: Path) -> None:
    source = shutil.copy(clip, tmp_path / f"<img src=x> holiday {'x' * 60}.mp4")
    page.set_input_files("#file", source)
    done = job(page, "holiday")
    done.locator(".open").wait_for()
    assert "<img src=x> holiday" in done.locator(".name").inner_text()
    assert done.locator(".state").inner_text() in ("REAL", "FAKE", "inconclusive")
    assert "Fake probability" in done.inner_text()
    done.locator(".open").click()
    page.frame_locator("#report").get_by_text("holiday").first.wait_for()
    assert page.locator("#report").get_attribute("sandbox") == "allow-scripts"
    assert page.evaluate("document.activeElement.id") == "report-title"
    assert fits(page)
    done.locator(".fake").click()
    done.get_by_text("Kept: it is fake.").wait_for()
    done.locator(".delete").click()
    done.wait_for(state="detached")
    assert page.locator("#report-part").is_hidden()


@pytest.mark.slow
def test_a_text_that_is_called_a_video_says_what_is_wrong(page: Any, tmp_path: Path) -> None:
    (tmp_path / "notes.mp4").write_text("just a text\n" * 50)
    page.set_input_files("#file", tmp_path / "notes.mp4")
    job(page, "notes.mp4").get_by_text("failed").wait_for()
    assert "Not a video that FFmpeg can read" in job(page, "notes.mp4").inner_text()
    assert job(page, "notes.mp4").locator(".open").is_hidden()


@pytest.mark.slow
def test_a_job_is_cancelled(page: Any, served: Server, clip: Path) -> None:
    with Client(served.url) as client:
        ids = [client.submit(clip) for _ in range(15)]
        page.set_input_files("#file", shutil.copy(clip, clip.with_name("cancelled.mp4")))
        mine = job(page, "cancelled.mp4")
        mine.get_by_text("It waits for its turn.").wait_for()  # while it is being sent, there is no job to cancel
        mine.locator(".cancel").click()
        mine.get_by_text("cancelled", exact=True).wait_for()
        for job_id in ids:
            with suppress(Exception):
                client.delete(job_id)


@pytest.mark.slow
def test_one_file_that_is_refused_keeps_no_other_from_being_sent(page: Any, clip: Path, tmp_path: Path) -> None:
    sent: list[str] = []

    def refuse_the_first(route: Any) -> None:
        sent.append(route.request.method)
        if sent == ["POST"]:
            problem = {"detail": "the upload is larger than 2 MiB; send a smaller file"}
            route.fulfill(status=413, json=problem)
        else:
            route.continue_()

    page.route("**/v1/jobs", refuse_the_first)
    page.set_input_files("#file", [shutil.copy(clip, tmp_path / f"{name}.mp4") for name in ("first", "second")])
    job(page, "second.mp4").locator(".delete").wait_for()
    assert "first.mp4: the upload is larger" in page.get_by_role("alert").inner_text()


@pytest.mark.slow
def test_many_jobs_are_asked_for_as_one_list(page: Any, served: Server, clip: Path) -> None:
    def as_waiting(route: Any) -> None:
        answer = route.fetch()
        listed = answer.json()
        jobs = [{**each, "state": "queued", "result": None} for each in listed["jobs"]]
        route.fulfill(response=answer, json={**listed, "jobs": jobs})

    with Client(served.url) as client:
        for job_id in [client.submit(clip) for _ in range(8)]:
            client.wait(job_id)
    page.route(re.compile(r"/v1/jobs\?limit=20$"), as_waiting)
    with page.expect_request(re.compile(r"/v1/jobs\?limit=200$")):
        page.reload()
    page.locator("#jobs .open:visible").nth(7).wait_for()


@pytest.mark.slow
def test_what_is_refused_is_said(page: Any) -> None:
    page.fill("#path", "../secret.mp4")
    with page.expect_response("**/v1/jobs"):
        page.keyboard.press("Enter")
    page.get_by_role("alert").get_by_text("is no file below the folder that is allowed").wait_for()


@pytest.mark.slow
def test_everything_is_reached_by_the_keyboard_and_has_a_name(page: Any) -> None:
    page.locator("#threshold").wait_for()
    assert page.locator("#threshold option").all_inner_texts() == ["0.5 (default)", "0.9"]
    named = page.evaluate(
        "[...document.querySelectorAll('input, select')].filter((each) => !each.labels || !each.labels.length).length"
    )
    assert named == 0
    page.locator("#file").focus()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "path"


@pytest.mark.slow
def test_a_key_is_asked_for(browser: Any, tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"
    _, key = add_key(keys, "anna")
    with server(tmp_path / "data", "--auth", str(keys)) as made:
        page = browser.new_page()
        page.set_default_timeout(SECONDS)
        page.goto(made.url)
        page.fill("#key", "wrong")
        page.keyboard.press("Enter")
        page.get_by_role("alert").get_by_text("Give a key that is known").wait_for()
        page.fill("#key", key)
        page.keyboard.press("Enter")
        page.locator("#key-form").wait_for(state="hidden")
        page.close()
