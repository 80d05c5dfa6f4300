"""Legend of a drawn frame: the verdict, and what the lines and numbers mean."""

from __future__ import annotations

from genconvit.core.text import printable
from genconvit.results.result import VideoResult


def legend_lines(result: VideoResult) -> tuple[str, ...]:
    """Lines of the legend, the verdict first.

    Args:
        result: answer for the video.
    """
    headline = printable(result.headline)
    if result.fake_probability is None or not result.provenance.weights.trained:
        first = headline
    elif result.calibrated_probability is not None:
        first = f"{headline}, calibrated fake probability of the video {result.calibrated_probability:.2f}"
    else:
        first = f"{headline}, fake probability of the video {result.fake_probability:.2f}"
    if not result.faces:
        return (first,)
    return (first, "fake: probability of that face; dashed: between searched frames")
