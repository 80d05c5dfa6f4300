"""Legend of a drawn frame: the verdict, and what the lines and numbers mean."""

from __future__ import annotations

from genconvit.core.text import printable
from genconvit.results.heat_maps import ResultHeatMaps
from genconvit.results.result import VideoResult


def legend_lines(result: VideoResult, heat_maps: ResultHeatMaps | None = None) -> tuple[str, ...]:
    """Lines of the legend, the verdict first.

    Args:
        result: answer for the video.
        heat_maps: heat maps that are drawn; None where none are.
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
    lines = (first, "fake: probability of that face; dashed: between searched frames")
    return (
        lines if heat_maps is None else (*lines, printable(f"heat map: {heat_maps.method}; no mask of a manipulation"))
    )


def scale_ends(heat_maps: ResultHeatMaps | None) -> tuple[str, str] | None:
    """Words at the cold and at the hot end of the scale of heat; None where no heat is drawn.

    Args:
        heat_maps: heat maps that are drawn; None where none are.
    """
    return None if heat_maps is None else ("0", printable(f"{heat_maps.hottest:.2g} {heat_maps.unit}"))
