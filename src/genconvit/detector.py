"""The front door: choose an architecture, weights, a face detector and a decoder; then ask about sources."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Mapping
from contextlib import closing
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from pydantic import Field, JsonValue, PositiveInt, ValidationError
from torch import Tensor

from genconvit.config import did_you_mean, validation_message
from genconvit.device import PrecisionChoice, resolve_device, resolve_precision
from genconvit.errors import ConfigError, GenConViTError, PluginError
from genconvit.faces.select import FaceDetectorChoice, open_face_detector, resolve_face_detector
from genconvit.files import sha256_of_file
from genconvit.find import FaceFinder, PipelineOptions
from genconvit.isolation.limits import IsolationLimits
from genconvit.isolation.select import Readers
from genconvit.models.base import Architecture
from genconvit.outcome import Outcome
from genconvit.packages import package_versions
from genconvit.pipeline import Pipeline
from genconvit.registry import ARCHITECTURES, FACE_DETECTORS, VIDEO_DECODERS
from genconvit.result import FaceDetectorInfo, Provenance, VideoResult, WeightsInfo
from genconvit.scorer import Scorer
from genconvit.types import FaceScores
from genconvit.verdict import ScoreOptions, answer, unreadable
from genconvit.version import __version__
from genconvit.video.names import Source, is_array, source_name
from genconvit.video.readers import Reader
from genconvit.video.select import resolve_decoders
from genconvit.weights.load import load_model


class DetectorConfig(PipelineOptions, ScoreOptions, IsolationLimits):
    """Everything a ``Detector`` is made of, with the options of its pipeline; round-trips through JSON.

    Attributes:
        architecture: a registered name: ``"original"``, ``"v2"``, or a plugin's.
        model: fields of the architecture's own config: ``mode``, ``size``, ``latent``, ``attention``, ...
        weights: ``"published"``, ``"random"``, a path, a hub id, or ``{"ed": path, "vae": path}``; None is the
            architecture's default.
        device: ``"auto"``, ``"cpu"``, ``"cuda"``, ``"cuda:N"`` or ``"mps"``.
        precision: of the networks: ``"fp32"``, ``"bf16"``, or ``"auto"``: bf16 where the hardware computes in it.
        compile: run the networks through ``torch.compile``: faster, after a minute or more at the first faces.
        cuda_graphs: replay the networks as CUDA graphs.
        decoder: ``"auto"``, ``"decord"``, ``"pyav"``, or a plugin's.
        face_detector: ``"auto"``, ``"insightface"``, ``"mtcnn"``, or a plugin's.
        face_model: a model file, a folder, or the name of an insightface pack on disk. insightface's pretrained packs
            are for non-commercial research only.
        batch_size: the most faces, of any number of sources, that go through the networks at once; None follows the
            device.
        isolate: decode in worker processes, which a broken file cannot take the caller along with; None does so for
            several sources and for folders of frames.
        workers: how many worker processes; None is one for every two cores, at least 2.
    """

    architecture: str = "original"
    model: dict[str, JsonValue] = Field(default_factory=dict)
    weights: str | dict[str, str] | None = None
    device: str = "auto"
    precision: PrecisionChoice = "auto"
    compile: bool = False
    cuda_graphs: bool = False
    decoder: str = "auto"
    face_detector: str = "auto"
    face_model: str | None = None
    batch_size: PositiveInt | None = None
    isolate: bool | None = None
    workers: PositiveInt | None = Field(default=None, le=256)

    @classmethod
    def from_options(cls, architecture: str = "original", **options: Any) -> DetectorConfig:  # noqa: ANN401
        """A config from flat options; those that are not the detector's own are the architecture's.

        Raises:
            ConfigError: an option is unknown, or has a value that is not allowed.
            PluginError: the architecture is unknown or broken.
        """
        own = {name: value for name, value in options.items() if name in cls.model_fields}
        model = {name: value for name, value in options.items() if name not in cls.model_fields}
        _refuse_unknown(architecture, model)
        own["model"] = {**own.get("model", {}), **model}
        for name in ("weights", "face_model"):
            own[name] = _as_text(own.get(name))
        try:
            return cls(architecture=architecture, **own)
        except ValidationError as error:
            raise ConfigError(validation_message(error)) from error


class Detector:
    """Tells whether the faces in videos are real or manipulated.

    A context manager; may be called from several threads.

    Args:
        architecture: a registered name, or a whole ``DetectorConfig``.
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

    def __init__(self, architecture: str | DetectorConfig = "original", **options: Any) -> None:  # noqa: ANN401
        if isinstance(architecture, DetectorConfig):
            if options:
                raise ConfigError(
                    f"a DetectorConfig takes no further options, got {', '.join(options)}; put them into the config"
                )
            self.config = architecture
        else:
            self.config = DetectorConfig.from_options(architecture, **options)
        config = self.config
        device = resolve_device(config.device)
        precision = resolve_precision(config.precision, device)
        decoder_names = resolve_decoders(config.decoder)
        decoders = [VIDEO_DECODERS.load(name).for_device(device) for name in decoder_names]
        self._readers = Readers(decoders, config.frame_choice, config, isolate=config.isolate, workers=config.workers)
        choice = resolve_face_detector(config.face_detector, config.face_model)
        face_class = FACE_DETECTORS.load(choice.name)
        if face_class.needs_model and choice.model_path is None:
            raise ConfigError(f"face detector {choice.name!r} needs a model file; give face_model=PATH (--face-model)")
        cls = ARCHITECTURES.load(config.architecture)
        faces, note = open_face_detector(face_class, choice.model_path, device, may_fall_back=config.device == "auto")
        loaded = load_model(config.architecture, cls, config.model, config.weights)
        scorer = Scorer(
            loaded.model,
            device=device,
            precision=precision,
            batch_size=config.batch_size,
            compile=config.compile,
            cuda_graphs=config.cuda_graphs,
        )
        finder = FaceFinder(
            faces,
            scorer.input_size,
            config,
            device=torch.device("cpu") if note else device,
            notes=(note,) if note else (),
        )
        self._pipeline: Pipeline | None = Pipeline(finder, scorer)
        providers = [ARCHITECTURES.find(config.architecture), FACE_DETECTORS.find(choice.name)]
        self._provenance = Provenance(
            library_version=__version__,
            packages=package_versions([*providers, *map(VIDEO_DECODERS.find, decoder_names)]),
            architecture=config.architecture,
            config=loaded.model.config.model_dump(mode="json"),
            weights=loaded.info,
            face_detector=_face_detector_info(choice, face_class.licence),
            decoder=None,
            device=str(device),
            precision=precision,
            compiled=config.compile or config.cuda_graphs,
        )

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

        Decoding, the search for faces and the networks work at the same time, and sources share batches. Results come
        in the order of the sources, each as soon as it is there; sources are asked for in another thread, a few ahead.
        Closing the generator ends the work.

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
                yield self._answer(outcome, reader)

    def _answer(self, outcome: Outcome, reader: Reader) -> VideoResult:
        isolated = reader.isolated and not is_array(outcome.source)
        update = {"source_sha256": outcome.sha256, "isolated": isolated}
        provenance = self._provenance.model_copy(update=update)
        if outcome.scores is None:
            return unreadable(outcome.source, outcome.error.reason if outcome.error else "", provenance)
        if self._readers.note:
            outcome.scores.notes.append(self._readers.note)
        return answer(outcome.source, outcome.scores, provenance, self.config)

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

    def __enter__(self) -> Detector:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _open(self) -> Pipeline:
        pipeline = self._pipeline
        if pipeline is None:
            raise GenConViTError("this detector is closed; build another one, or call it inside its with block")
        return pipeline


def _face_detector_info(choice: FaceDetectorChoice, licence: str) -> FaceDetectorInfo:
    model = choice.model_path
    return FaceDetectorInfo(
        name=choice.name,
        reason=choice.reason,
        model=model.name if model else None,
        model_sha256=sha256_of_file(model) if model else None,
        licence=licence,
    )


def _refuse_unknown(architecture: str, options: Iterable[str]) -> None:
    fields = ARCHITECTURES.load(architecture).config_class.model_fields
    both = fields.keys() & DetectorConfig.model_fields.keys()
    if both:
        raise PluginError(
            f"architecture {architecture!r} has fields that are the detector's own: {', '.join(sorted(both))}; its "
            "author must rename them"
        )
    for name in options:
        if name not in fields:
            known = [*fields, *DetectorConfig.model_fields]
            raise ConfigError(
                f"unknown option {name!r}{did_you_mean(name, known)}; architecture {architecture!r} has "
                f"{', '.join(fields)}; the detector has {', '.join(DetectorConfig.model_fields)}"
            )


def _as_text(paths: Any) -> Any:  # noqa: ANN401 - a config's validator judges what it is
    if isinstance(paths, Mapping):
        return {name: _as_text(path) for name, path in paths.items()}
    return os.fspath(paths) if isinstance(paths, os.PathLike) else paths
