"""The library's own renderer."""

from __future__ import annotations

from pathlib import Path

from genconvit.core.types import Frame, ImageArray
from genconvit.detector import Detector
from genconvit.render.drawing import Drawing
from genconvit.render.overlays import Overlays
from genconvit.render.page import result_page
from genconvit.render.timeline import timeline
from genconvit.results.heat_maps import ResultHeatMaps
from genconvit.results.renderer import Renderer, Svg
from genconvit.results.result import VideoResult


class StandardRenderer(Renderer):
    """Draws frames with Pillow, charts as SVG, and pages with Jinja."""

    def plot(self, result: VideoResult) -> Svg:
        """Draw the fake probability of each face over time; see ``genconvit.render.timeline``."""
        return timeline(result)

    def draw(
        self,
        result: VideoResult,
        frame: Frame,
        overlays: tuple[str, ...] | None = None,
        heat_maps: ResultHeatMaps | None = None,
    ) -> ImageArray:
        """Draw a result's marks over a frame; see ``genconvit.render.drawing``."""
        every = Overlays(heat_maps=heat_maps is not None)
        chosen = every if overlays is None else Overlays.named(overlays)
        return Drawing(result, chosen, heat_maps).over(frame)

    def page(
        self, result: VideoResult, *, source: str | Path | None, detector: Detector | None, command: str | None
    ) -> str:
        """Make one HTML page of a result; see ``genconvit.render.page``."""
        return result_page(result, source=source, detector=detector, command=command)
