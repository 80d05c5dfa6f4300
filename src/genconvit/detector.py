"""The front door: choose an architecture, weights, a face detector and a decoder; then ask about sources."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable
from contextlib import closing
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import Tensor

from genconvit.assemble import assemble
from genconvit.closeable import Closeable
from genconvit.errors import ConfigError, GenConViTError
from genconvit.models.base import Architecture
from genconvit.outcome import Outcome
from genconvit.pipeline import Pipeline
from genconvit.result import VideoResult, WeightsInfo
from genconvit.settings import DetectorConfig
from genconvit.types import FaceScores
from genconvit.verdict import conclude
from genconvit.video.names import Source, is_array, source_name
from genconvit.video.readers import Reader


class Detector(Closeable):
    """Tells whether the faces in videos are real or manipulated.

    A context manager; may be called from several threads.

    Args:
        architecture: a registered name, or a whole ``DetectorConfig``; left out, see there.
        options: fields of ``DetectorConfig``, and fields of the architecture's config such as ``mode``.

    Raises:
        ConfigError: an option is unknown or has a value that is not allowed.
        PluginError: a plugin is unknown, broken, or claimed twice.
        WeightsError: the weights cannot be had, read, or do not fit.

    Examples:
        >>> from genconvit import Detector
        >>> with Detector("original", mode="ed", weights="random", device="cpu") as detector:
        ...     scores = detector.score_faces(np.zeros((2, 224, 224, 3), np.uint8))
        >>> scores.logits["ed"].shape
        torch.Size([2, 2])
    """

    def __init__(self, architecture: str | DetectorConfig | None = None, **options: Any) -> None:  # noqa: ANN401
        if isinstance(architecture, DetectorConfig):
            if options:
                raise ConfigError(
                    f"a DetectorConfig takes no further options, got {', '.join(options)}; put them into the config"
                )
            self.config = architecture
        else:
            self.config = DetectorConfig.from_options(architecture, **options)
        parts = assemble(self.config)
        self._readers = parts.readers
        self._pipeline: Pipeline | None = Pipeline(parts.finder, parts.scorer)
        self._rule = parts.rule
        self._provenance = parts.provenance

    @property
    def model(self) -> Architecture:
        """The network, on its device."""
        return self._open().scorer.model

    @property
    def weights(self) -> WeightsInfo:
        """Where the weights came from."""
        return self._provenance.weights

    def predict(self, source: Source) -> VideoResult:
        """Score one source.

        Args:
            source: a path to a video, an image or a folder of frames; or frames, uint8 RGB [T, H, W, 3], [T, 3, H, W]
                or a single one without T, as an array or tensor.

        Raises:
            SourceError: it cannot be read; names it and the reason.
            WeightsError: the weights yield scores that are not finite.
            GenConViTError: the detector is closed.
        """
        pipeline = self._open()
        reader = self._readers.for_one(source)
        (outcome,) = pipeline.run(reader, [source])
        if outcome.error is not None:
            raise outcome.error
        return self._answer(outcome, reader)

    def predict_many(self, sources: Iterable[Source]) -> Generator[VideoResult, None, None]:
        """Score sources; what cannot be read becomes a result with the status ``unreadable``.

        Decoding, the search for faces and the networks work at the same time. A source has the same scores, to the bit,
        as ``predict`` gives it. Results come in the order of the sources, each as soon as it is there; sources are
        asked for in another thread, a few ahead. Closing the generator ends the work.

        Raises:
            ConfigError: ``sources`` is a single source.
        """
        if is_array(sources) or isinstance(sources, (str, os.PathLike)):
            raise ConfigError(f"predict_many takes several sources, got one, {source_name(sources)}; use predict")
        pipeline = self._open()
        reader = self._readers.for_many(sources)
        return self._results(pipeline, reader, sources)

    def _results(
        self, pipeline: Pipeline, reader: Reader, sources: Iterable[Source]
    ) -> Generator[VideoResult, None, None]:
        with closing(pipeline.run(reader, sources)) as outcomes:
            for outcome in outcomes:
                if outcome.scores is not None and self._readers.note:
                    outcome.scores.notes.append(self._readers.note)
                yield self._answer(outcome, reader)

    def _answer(self, outcome: Outcome, reader: Reader) -> VideoResult:
        return conclude(outcome, self._provenance, self.config, self._rule, isolated=reader.isolated)

    def score_faces(self, faces: npt.NDArray[np.uint8] | Tensor) -> FaceScores:
        """Score face crops without looking for faces.

        Args:
            faces: RGB uint8 [N, S, S, 3] with S the architecture's input size (224), an array or tensor.

        Raises:
            ConfigError: another shape or type, or the detector is closed.
            WeightsError: the weights yield scores that are not finite.
        """
        return self._open().scorer.score(faces)

    def close(self) -> None:
        """Let go of the networks and end the workers; further calls raise an error. More than once is fine."""
        self._pipeline = None
        self._readers.close()

    def _open(self) -> Pipeline:
        pipeline = self._pipeline
        if pipeline is None:
            raise GenConViTError("this detector is closed; build another one, or call it inside its with block")
        return pipeline
