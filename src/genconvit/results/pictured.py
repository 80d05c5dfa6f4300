"""Pictures of a result, made by the library's renderer, which the registry finds, since it lies above results."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from genconvit.registry import renderer

if TYPE_CHECKING:
    from genconvit.core.types import Frame, ImageArray
    from genconvit.detector import Detector
    from genconvit.results.heat_maps import ResultHeatMaps
    from genconvit.results.renderer import Svg
    from genconvit.results.result import VideoResult


class Pictured:
    """Methods of a ``VideoResult`` that make something to look at."""

    def plot(self) -> Svg:
        """Draw the fake probability of each face over time, as SVG that a notebook shows.

        Raises:
            ConfigError: there is no face.
        """
        return renderer().plot(cast("VideoResult", self))

    def draw(
        self, frame: Frame, overlays: Sequence[str] | None = None, *, heat_maps: ResultHeatMaps | None = None
    ) -> ImageArray:
        """Draw over a frame what the result says of it: boxes, people, fake probabilities and the verdict.

        Args:
            frame: frame of the video, as ``genconvit.SourceFrames`` gives it.
            overlays: names of what is drawn, of ``boxes``, ``people``, ``probabilities``, ``legend`` and
                ``heat_maps``; None is everything, and heat maps where they are given.
            heat_maps: heat maps of the faces, as ``genconvit.grad_cam_maps`` makes them.

        Returns:
            RGB uint8 [height, width, 3].

        Raises:
            ConfigError: an overlay is unknown, or heat maps are among them and none are given.
        """
        chosen = None if overlays is None else tuple(overlays)
        return renderer().draw(cast("VideoResult", self), frame, chosen, heat_maps)

    def to_html(
        self, *, source: str | Path | None = None, detector: Detector | None = None, command: str | None = None
    ) -> str:
        """Make one page of it that works offline and asks nobody for anything; see ``docs/report.md``.

        Args:
            source: path where the video can be read again now. None is the result's own path, where the file is still
                there and unchanged; an empty text reads nothing. Without pictures the page says so, and why.
            detector: detector that makes heat maps of the faces, with the weights that scored them; None makes none,
                and the page says so.
            command: command that repeats the answer, fit for a shell; None composes it from the provenance.

        Returns:
            The whole HTML document.

        Raises:
            SourceChangedError: the source that is given is another file than was scored.
            SourceError: the source that is given cannot be read.
        """
        return renderer().page(cast("VideoResult", self), source=source, detector=detector, command=command)
