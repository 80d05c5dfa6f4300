"""Assembly of a detector from its config: a reader of files, a finder of faces, a scorer, and their provenance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from genconvit.core.cut import CropRules, Cut, SquareRule
from genconvit.core.device import resolve_device, resolve_precision
from genconvit.core.errors import ConfigError
from genconvit.core.files import sha256_of_file
from genconvit.core.fork import compute_without_lost_threads
from genconvit.core.version import __version__
from genconvit.faces.base import FaceDetector
from genconvit.faces.detector_choice import FaceDetectorChoice, open_face_detector, resolve_face_detector
from genconvit.isolation.reader_choice import Readers
from genconvit.pipeline.find import FaceFinder, PipelineOptions
from genconvit.pipeline.scorer import Scorer
from genconvit.registry import ARCHITECTURES, FACE_DETECTORS, VIDEO_DECODERS, PluginInfo
from genconvit.results.packages import package_versions
from genconvit.results.provenance import FaceDetectorInfo, Provenance
from genconvit.runtimes.load import load_network, own_decision
from genconvit.settings import DetectorConfig
from genconvit.verdict.decision_rule import DecisionRule, decision_rule
from genconvit.video.sampling import FrameChoice
from genconvit.video.select import resolve_decoders


@dataclass(frozen=True, eq=False)
class Finding:
    """Parts that find faces in sources.

    Attributes:
        readers: read sources.
        detector: finds the faces in frames.
        device: device that the face detector runs on.
        info: description of the face detector for every result.
        notes: further notes for every result.
        plugins: the registered decoders and the face detector.
    """

    readers: Readers
    detector: FaceDetector
    device: torch.device
    info: FaceDetectorInfo
    notes: tuple[str, ...]
    plugins: tuple[PluginInfo, ...]

    def square_rule(self, rules: CropRules) -> SquareRule:
        """Rule by which boxes become squares for weights that name these rules: theirs, or the detector's own."""
        return rules.get(self.info.name, self.detector.square_rule)

    def finder(self, cuts: Sequence[Cut], options: PipelineOptions) -> FaceFinder:
        """A finder that cuts each face in these ways."""
        return FaceFinder(self.detector, cuts, options, device=self.device, notes=self.notes)


@dataclass(frozen=True, eq=False)
class Scoring:
    """Parts that score faces.

    Attributes:
        scorer: the networks on their device.
        cut: the way of cutting faces for the networks.
        provenance: origin of the parts that find and score, for every result.
    """

    scorer: Scorer
    cut: Cut
    provenance: Provenance


@dataclass(frozen=True, eq=False)
class Parts:
    """Parts that a detector is put together from.

    Attributes:
        readers: read sources.
        finder: finds and crops their faces.
        scorer: the networks on their device.
        rule: makes labels of their scores.
        provenance: origin of these parts, for every result.
    """

    readers: Readers
    finder: FaceFinder
    scorer: Scorer
    rule: DecisionRule
    provenance: Provenance


def assemble(config: DetectorConfig) -> Parts:
    """Choose and load the parts that a config names; what cannot work is refused before weights are read.

    Raises:
        ConfigError: an option has a value that is not allowed here.
        PluginError: a plugin is unknown, broken, or claimed twice.
        WeightsError: the weights cannot be had, read, or do not fit.
    """
    ARCHITECTURES.load(config.architecture)
    rule = assemble_rule(config)
    resolve_precision(config.precision, resolve_device(config.device))
    finding = assemble_finding(config)
    scoring = assemble_scoring(config, finding)
    return Parts(
        readers=finding.readers,
        finder=finding.finder([scoring.cut], config),
        scorer=scoring.scorer,
        rule=rule,
        provenance=scoring.provenance,
    )


def assemble_rule(config: DetectorConfig) -> DecisionRule:
    """Make the rule by which scores become labels, from a config or what its weights bring; no weights are read.

    Raises:
        ConfigError: an option has a value that is not allowed, or the calibration cannot be read.
        PluginError: the architecture is unknown, broken, or claimed twice.
        WeightsError: there are no such weights for this config.
    """
    name, cls = config.architecture, ARCHITECTURES.load(config.architecture)
    return decision_rule(config, own_decision(name, cls, config.model, config.weights))


def assemble_finding(config: DetectorConfig) -> Finding:
    """Choose and open the parts that read sources and find faces in them.

    Raises:
        ConfigError: an option has a value that is not allowed here.
        PluginError: a plugin is unknown, broken, or claimed twice.
    """
    device = resolve_device(config.device)
    one_thread = compute_without_lost_threads()
    readers = assemble_readers(config, config.frame_choice)
    choice = resolve_face_detector(config.face_detector, config.face_model)
    face_class = FACE_DETECTORS.load(choice.name)
    if face_class.needs_model and choice.model_path is None:
        raise ConfigError(f"face detector {choice.name!r} needs a model file; give face_model=PATH (--face-model)")
    detector, note = open_face_detector(face_class, choice.model_path, device, may_fall_back=config.device == "auto")
    return Finding(
        readers=readers,
        detector=detector,
        device=torch.device("cpu") if note else device,
        info=_face_detector_info(choice, face_class.licence),
        notes=tuple(filter(None, (note, one_thread))),
        plugins=(FACE_DETECTORS.find(choice.name), *map(VIDEO_DECODERS.find, resolve_decoders(config.decoder))),
    )


def assemble_readers(config: DetectorConfig, choice: FrameChoice) -> Readers:
    """Make readers of these frames of sources, with a config's decoders and limits.

    Raises:
        ConfigError: an option has a value that is not allowed here.
        PluginError: a decoder is unknown, broken, or claimed twice.
    """
    device = resolve_device(config.device)
    decoders = [VIDEO_DECODERS.load(name).for_device(device) for name in resolve_decoders(config.decoder)]
    return Readers(
        decoders,
        choice,
        config,
        isolate=config.isolate,
        workers=config.workers,
        square_pixels=config.square_pixels,
    )


def assemble_scoring(config: DetectorConfig, finding: Finding) -> Scoring:
    """Load the networks, with the cut of faces for them and the provenance of their results.

    Raises:
        ConfigError: an option has a value that is not allowed here.
        PluginError: the architecture is unknown, broken, or claimed twice.
        WeightsError: the weights cannot be had, read, or do not fit.
    """
    device = resolve_device(config.device)
    cls = ARCHITECTURES.load(config.architecture)
    loaded = load_network(
        config.architecture,
        cls,
        config.model,
        config.weights,
        runtime=config.runtime,
        device=device,
        precision=config.precision,
        int8=config.int8,
    )
    scorer = Scorer(
        loaded.model,
        device=device,
        precision=loaded.precision,
        batch_size=config.batch_size,
        compile=config.compile,
        cuda_graphs=config.cuda_graphs,
        exported=loaded.exported,
    )
    scorer.notes += loaded.notes
    square_rule = finding.square_rule(loaded.info.crop_rules)
    provenance = Provenance(
        library_version=__version__,
        packages=package_versions([ARCHITECTURES.find(config.architecture), *finding.plugins]),
        architecture=config.architecture,
        config=loaded.model.config.model_dump(mode="json"),
        weights=loaded.info,
        face_detector=finding.info,
        square_rule=square_rule,
        input_spec=scorer.input_spec,
        decoder=None,
        device=str(device),
        precision=loaded.precision,
        quantisation=loaded.quantisation,
        runtime=loaded.runtime,
        runtime_version=loaded.runtime_version,
        compiled=config.compile or config.cuda_graphs,
    )
    return Scoring(scorer, Cut.of(scorer.input_spec, square_rule), provenance)


def _face_detector_info(choice: FaceDetectorChoice, licence: str) -> FaceDetectorInfo:
    model = choice.model_path
    return FaceDetectorInfo(
        name=choice.name,
        reason=choice.reason,
        model=model.name if model else None,
        model_sha256=sha256_of_file(model) if model else None,
        licence=licence,
    )
