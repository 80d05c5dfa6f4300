"""One HTML page of a result."""

from __future__ import annotations

from pathlib import Path

from genconvit.detector import Detector
from genconvit.render.html import html_page
from genconvit.results.result import VideoResult


def result_page(
    result: VideoResult, *, source: str | Path | None, detector: Detector | None, command: str | None
) -> str:
    """Make the page; see ``genconvit.results.pictured.Pictured.to_html`` for arguments and errors."""
    del source, detector, command
    return html_page("page.html", style="page.css", script="page.js", result=result)
