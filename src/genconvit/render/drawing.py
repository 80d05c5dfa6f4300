"""Drawing of a result over the frames of its video, one after another."""

from __future__ import annotations

from genconvit.core.types import Frame, ImageArray
from genconvit.render.draw import draw_marks
from genconvit.render.legend import legend_lines, scale_ends
from genconvit.render.marks import Marks
from genconvit.render.overlays import Overlays
from genconvit.results.heat_maps import ResultHeatMaps
from genconvit.results.result import VideoResult


class Drawing:
    """Draws what a result says over frames.

    Args:
        result: answer for the video.
        overlays: choice of what is drawn.
        heat_maps: heat maps of the result's faces; None where there are none.

    Raises:
        ConfigError: heat maps are chosen, and there are none.
    """

    def __init__(self, result: VideoResult, overlays: Overlays, heat_maps: ResultHeatMaps | None) -> None:
        drawn = overlays.drawn_of(heat_maps)
        self._overlays = overlays
        self._marks = Marks(result, drawn)
        self._legend = legend_lines(result, drawn)
        self._scale = scale_ends(drawn)
        self._people = result.lasting_tracks

    def over(self, frame: Frame) -> ImageArray:
        """Draw over a frame of that video, RGB uint8 [height, width, 3], another array than the frame's."""
        return draw_marks(
            frame.image,
            self._marks.at(frame.index),
            overlays=self._overlays,
            legend=self._legend,
            scale=self._scale,
            people=self._people,
        )
