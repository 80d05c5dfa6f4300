"""The library's main class: choose an architecture, weights, a face detector and a decoder; then ask about sources."""

from __future__ import annotations

import os
import threading
from collections.abc import Generator, Iterable
from contextlib import closing
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from pydantic import JsonValue

from genconvit.assemble import Parts, assemble
from genconvit.core.closeable import Closeable
from genconvit.core.device import device_beside
from genconvit.core.errors import ConfigError, GenConViTError
from genconvit.core.fork import Owner
from genconvit.core.types import FaceScores, is_array
from genconvit.journal.settings import deciding_settings
from genconvit.pipeline.outcome import Outcome
from genconvit.pipeline.run import Pipeline
from genconvit.portable import PortableConfig
from genconvit.registry import ARCHITECTURES
from genconvit.results.provenance import WeightsInfo
from genconvit.results.result import VideoResult
from genconvit.settings import DetectorConfig, DetectorOptions
from genconvit.verdict.conclude import conclude
from genconvit.video.names import Source, source_name
from genconvit.video.readers import Reader, WatchReading

if TYPE_CHECKING:
    from torch import Tensor
    from typing_extensions import Unpack

    from genconvit.explain.explainer import Explainer
    from genconvit.explain.heat_map import FaceHeatMaps, Target
    from genconvit.models.base import Architecture


class Detector(Closeable):
    """Tells whether the faces in videos are real or manipulated.

    A context manager; may be called from several threads.

    It works in the process that made it. A copy that a fork made raises an error instead; make one in each child, or
    start processes with ``spawn``. Pickled, as for ``spawn``, joblib or Spark, it carries its config and the classes
    that were registered for it, which the other process imports; there it opens anew on its first use, with files and
    paths as they are there. Weights in memory and workers are not carried.

    Args:
        architecture: a registered name, or a whole ``DetectorConfig``; left out, see there.
        options: fields of ``DetectorConfig``, and fields of the architecture's config such as ``mode``; see
            ``DetectorOptions``.

    Raises:
        ConfigError: an option is unknown or has a value that is not allowed.
        PluginError: a plugin is unknown, broken, or claimed twice.
        WeightsError: the weights cannot be had, read, or do not fit.

    Examples:
        >>> from genconvit import Detector
        >>> with Detector(
        ...     "original", mode="ed", weights="random", device="cpu"
        ... ) as detector:
        ...     scores = detector.score_faces(
        ...         np.zeros((2, 224, 224, 3), np.uint8)
        ...     )
        >>> scores.logits["ed"].shape
        (2, 2)
    """

    config: DetectorConfig
    _opened: _Opened | None
    _weights: WeightsInfo | None

    def __init__(self, architecture: str | DetectorConfig | None = None, **options: Unpack[DetectorOptions]) -> None:
        if isinstance(architecture, DetectorConfig):
            if options:
                raise ConfigError(
                    f"a DetectorConfig takes no further options, got {', '.join(options)}; put them into the config"
                )
            self.config = architecture
        else:
            self.config = DetectorConfig.from_options(architecture, **options)
        self._prepare(is_closed=False)
        self._opened = _Opened(self.config)

    def _prepare(self, *, is_closed: bool) -> None:
        self._opened = None
        self._weights = None
        self._is_closed = is_closed
        self._opening = threading.Lock()

    def __getstate__(self) -> dict[str, Any]:
        return {"config": PortableConfig.of(self.config), "is_closed": self._is_closed}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.config = state["config"].open()
        self._prepare(is_closed=state["is_closed"])

    @property
    def model(self) -> Architecture:
        """The network, on its device.

        Raises:
            ConfigError: another runtime than PyTorch runs it.
            GenConViTError: the detector is closed, or was made before a fork.
        """
        parts = self._open().parts
        if parts.model is None:
            raise ConfigError(
                f"the network runs in {parts.provenance.runtime}, so there is no model in PyTorch; use runtime='torch' "
                "with the weights that it was exported from"
            )
        return parts.model

    @property
    def weights(self) -> WeightsInfo:
        """Origin of the weights."""
        return self._weights or self._open().parts.provenance.weights

    @property
    def settings(self) -> dict[str, JsonValue]:
        """Everything that decides on a result beside its source: options, weights, packages; for a ``Journal``."""
        parts = self._open().parts
        return deciding_settings(self.config, parts.provenance, parts.rule.decision, parts.scorer.batch_size)

    def predict(self, source: Source) -> VideoResult:
        """Score one source.

        Args:
            source: a path to a video, an image or a folder of frames; or frames, uint8 RGB [T, H, W, 3], [T, 3, H, W]
                or a single one without T, as an array or tensor.

        Raises:
            SourceError: it cannot be read; names it and the reason.
            WeightsError: the weights yield scores that are not finite.
            GenConViTError: the detector is closed, or was made before a fork.
        """
        opened = self._open()
        reader = opened.parts.readers.for_one(source)
        (outcome,) = opened.pipeline.run(reader, [source])
        if outcome.error is not None:
            raise outcome.error
        return self._answer(opened.parts, outcome, reader)

    def predict_many(
        self, sources: Iterable[Source], *, watch: WatchReading | None = None
    ) -> Generator[VideoResult, None, None]:
        """Score sources; what cannot be read becomes a result with the status ``unreadable``.

        Decoding, the search for faces and the networks work at the same time. A source has the same scores, to the bit,
        as ``predict`` gives it. Results come in the order of the sources, each as soon as it is there; sources are
        asked for in another thread, a few ahead. Closing the generator ends the work.

        Args:
            sources: the sources, each as for ``predict``.
            watch: stands over the reading of each source that can be opened, for a progress or an early end; called
                in the thread that asks for sources, before it asks for the next one.

        Raises:
            ConfigError: ``sources`` is a single source.
            GenConViTError: the detector is closed, or was made before a fork.
        """
        if is_array(sources) or isinstance(sources, (str, os.PathLike)):
            raise ConfigError(f"predict_many takes several sources, got one, {source_name(sources)}; use predict")
        opened = self._open()
        reader = opened.parts.readers.for_many(sources)
        return self._results(opened, reader, sources, watch)

    def _results(
        self, opened: _Opened, reader: Reader, sources: Iterable[Source], watch: WatchReading | None
    ) -> Generator[VideoResult, None, None]:
        parts = opened.parts
        with closing(opened.pipeline.run(reader, sources, watch)) as outcomes:
            for outcome in outcomes:
                if outcome.scores is not None and parts.readers.note:
                    outcome.scores.notes.append(parts.readers.note)
                yield self._answer(parts, outcome, reader)

    def _answer(self, parts: Parts, outcome: Outcome, reader: Reader) -> VideoResult:
        return conclude(outcome, parts.provenance, self.config, parts.rule, isolated=reader.isolated)

    def score_faces(self, faces: npt.NDArray[np.uint8] | Tensor, *, resize: bool = True) -> FaceScores:
        """Score face crops without looking for faces.

        Args:
            faces: RGB uint8 [N, S, S, 3], an array or a tensor. Crops of another size than the architecture's are
                resized as faces are when they are cut out of frames.
            resize: False refuses crops of another size than the architecture's input size.

        Raises:
            ConfigError: another shape or type.
            WeightsError: the weights yield scores that are not finite.
            GenConViTError: the detector is closed, or was made before a fork.
        """
        return self._open().pipeline.scorer.score(faces, resize=resize)

    def heat_maps(
        self, faces: npt.NDArray[np.uint8] | Tensor, *, target: Target = "fake", resize: bool = True
    ) -> tuple[FaceHeatMaps, ...]:
        """Make heat maps of face crops: where the networks found what their scores rest on.

        They are made in PyTorch and in float32 on the detector's device, whatever runs the networks in whichever
        precision; where another runtime does, the weights are loaded in PyTorch at the first call. A heat map is no
        mask of a manipulation; ``docs/heat_maps.md`` says how to read one.

        Args:
            faces: RGB uint8 [N, S, S, 3], or [N, T, S, S, 3] for an architecture of clips, an array or a tensor.
            target: class whose logits Grad-CAM explains, ``"fake"`` or ``"real"``.
            resize: False refuses crops of another size than the architecture's input size.

        Returns:
            The maps of each face, or of each clip.

        Raises:
            ConfigError: another shape or type, an architecture that names no feature layers, or an exported file.
            PluginError: a layer that the architecture names is not what the contract says.
            WeightsError: the weights yield scores that are not finite, or have changed.
            GenConViTError: the detector is closed, or was made before a fork.
        """
        opened = self._open()
        crops = opened.pipeline.scorer.crops(faces, resize=resize)
        return opened.explainer().explain(crops, target)

    def close(self) -> None:
        """Let go of the networks and end the workers; further calls raise an error. More than once is fine.

        In a copy that a fork made it ends nothing.
        """
        self._is_closed = True
        opened, self._opened = self._opened, None
        if opened is not None:
            self._weights = opened.parts.provenance.weights
            if opened.owner.is_here:
                opened.parts.close()

    def _open(self) -> _Opened:
        opened = self._opened or self._opened_now()
        opened.owner.refuse_fork("this detector")
        return opened

    def _opened_now(self) -> _Opened:
        """Open a detector that came from another process, once."""
        with self._opening:
            if self._is_closed:
                raise GenConViTError("this detector is closed; build another one, or call it inside its with block")
            self._opened = self._opened or _Opened(self.config)
            return self._opened


class _Opened:
    """Parts that a detector works with, in the process that it was opened in."""

    def __init__(self, config: DetectorConfig) -> None:
        self.owner = Owner()
        self.parts = assemble(config)
        credentials = self.parts.credentials
        self.pipeline = Pipeline(self.parts.finder, self.parts.scorer, credentials.read if credentials else None)
        self._config = config
        self._explainer: Explainer | None = None
        self._loading = threading.Lock()

    def explainer(self) -> Explainer:
        """Give what makes heat maps, made at the first call."""
        with self._loading:
            if self._explainer is None:
                self._explainer = self._new_explainer()
            return self._explainer

    def _new_explainer(self) -> Explainer:
        import torch

        from genconvit.explain.explainer import Explainer
        from genconvit.explain.torch_model import model_in_torch

        parts, config = self.parts, self._config
        device = torch.device(device_beside(parts.scorer.network.device))
        model = parts.model
        if model is None:
            cls, info = ARCHITECTURES.load(config.architecture), parts.provenance.weights
            model = model_in_torch(config.architecture, cls, config.model, config.weights, info).to(device)
        return Explainer(model, device=device, batch_size=parts.scorer.batch_size)
