"""The contract of what makes evidence of a result that a person can look at."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from genconvit.core.errors import ConfigError
from genconvit.core.files import written_whole

if TYPE_CHECKING:  # results are drawn, and find what draws them by the registry
    from genconvit.core.types import Frame, ImageArray
    from genconvit.detector import Detector
    from genconvit.results.heat_maps import ResultHeatMaps
    from genconvit.results.result import VideoResult


@dataclass(frozen=True)
class Svg:
    """A picture as SVG, which notebooks show as it is.

    Attributes:
        text: the whole document. Texts from files are escaped in it.
    """

    text: str

    def save(self, path: str | Path) -> None:
        """Write the picture to a file that ends in ``.svg``, whole or not at all.

        Raises:
            ConfigError: the name ends otherwise, or the file cannot be written.
        """
        target = Path(path)
        if target.suffix.lower() != ".svg":
            raise ConfigError(f"a picture's name ends in .svg; got {str(target)!r}: rename it")
        try:
            with written_whole(target) as partial:
                partial.write_text(self.text, encoding="utf-8")
        except OSError as error:
            raise ConfigError(f"{str(target)!r} cannot be written: {error.strerror}; choose another path") from error

    def _repr_svg_(self) -> str:
        return self.text


class Renderer(ABC):
    """Makes pictures of results. One instance serves many results and threads, so it holds no state of one."""

    @abstractmethod
    def plot(self, result: VideoResult) -> Svg:
        """Draw the fake probability of each face over time.

        Args:
            result: answer with a score.

        Raises:
            ConfigError: the result has no face.
        """

    @abstractmethod
    def draw(
        self,
        result: VideoResult,
        frame: Frame,
        overlays: tuple[str, ...] | None = None,
        heat_maps: ResultHeatMaps | None = None,
    ) -> ImageArray:
        """Draw what a result says of a frame over it.

        Args:
            result: answer for the video that the frame is of.
            frame: frame of that video.
            overlays: names of what is drawn; None is everything, and heat maps where there are any.
            heat_maps: heat maps of the result's faces; None where there are none.

        Returns:
            RGB uint8 [height, width, 3], another array than the frame's.

        Raises:
            ConfigError: an overlay is unknown, or heat maps are among them and there are none.
        """

    @abstractmethod
    def page(
        self, result: VideoResult, *, source: str | Path | None, detector: Detector | None, command: str | None
    ) -> str:
        """Make one HTML page of a result, which holds all that it shows and lets nothing else in.

        Args:
            result: answer for any source, with a score or without.
            source: path where the video can be read again; None is the result's own path, where the file is still
                there and unchanged; an empty text reads nothing.
            detector: detector that makes heat maps of the faces; None makes none.
            command: command that repeats the answer; None composes it from the provenance.

        Raises:
            SourceError: the source that is given cannot be read, or has changed.
        """
