"""Assembly of a detector from its config: a reader of files, a finder of faces, a scorer, and their provenance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from genconvit.core.cut import CropRules, Cut, SquareRule
from genconvit.core.device import AnyDevice, Device, device_beside, resolve_device, resolve_precision
from genconvit.core.errors import ConfigError
from genconvit.core.files import sha256_of_file
from genconvit.core.fork import compute_without_lost_threads
from genconvit.core.version import __version__
from genconvit.credentials.reader import CredentialsReader
from genconvit.faces.base import FaceDetector
from genconvit.faces.detector_choice import FaceDetectorChoice, open_face_detector, resolve_face_detector
from genconvit.isolation.reader_choice import Readers
from genconvit.pipeline.find import FaceFinder, PipelineOptions
from genconvit.pipeline.scorer import Network, Scorer
from genconvit.registry import ARCHITECTURES, FACE_DETECTORS, VIDEO_DECODERS, PluginInfo
from genconvit.results.packages import package_versions
from genconvit.results.provenance import FaceDetectorInfo, Provenance
from genconvit.runtimes.choice import Runtime
from genconvit.runtimes.exported import ExportedNetwork
from genconvit.runtimes.load import LoadedNetwork, load_network, own_decision, runtime_for
from genconvit.settings import DetectorConfig
from genconvit.verdict.decision_rule import DecisionRule, decision_rule
from genconvit.video.sampling import FrameChoice
from genconvit.video.select import resolve_decoders
from genconvit.weights.locate import hash_ahead

if TYPE_CHECKING:
    from genconvit.models.base import Architecture


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
    device: AnyDevice
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
        model: the networks, where PyTorch runs them; None elsewhere.
        cut: the way of cutting faces for the networks.
        provenance: origin of the parts that find and score, for every result.
    """

    scorer: Scorer
    model: Architecture | None
    cut: Cut
    provenance: Provenance


@dataclass(frozen=True, eq=False)
class Parts:
    """Parts that a detector is put together from.

    Attributes:
        readers: read sources.
        finder: finds and crops their faces.
        scorer: the networks on their device.
        model: the networks, where PyTorch runs them; None elsewhere.
        rule: makes labels of their scores.
        provenance: origin of these parts, for every result.
        credentials: reads Content Credentials; None where they were not asked for.
    """

    readers: Readers
    finder: FaceFinder
    scorer: Scorer
    model: Architecture | None
    rule: DecisionRule
    provenance: Provenance
    credentials: CredentialsReader | None = None

    def close(self) -> None:
        """End the processes that read; more than once is fine."""
        self.readers.close()
        if self.credentials is not None:
            self.credentials.close()


def assemble(config: DetectorConfig) -> Parts:
    """Choose and load the parts that a config names; what cannot work is refused before weights are read.

    Raises:
        ConfigError: an option has a value that is not allowed here.
        PluginError: a plugin is unknown, broken, or claimed twice.
        WeightsError: the weights cannot be had, read, or do not fit.
    """
    runtime = assemble_runtime(config)
    if runtime == "torch":
        hash_ahead(config.weights)
    rule = assemble_rule(config)
    credentials = CredentialsReader(config.trust_list, config) if config.credentials else None
    resolve_precision(config.precision, resolve_device(config.device))
    finding = assemble_finding(config, runtime)
    scoring = assemble_scoring(config, finding)
    return Parts(
        readers=finding.readers,
        finder=finding.finder([scoring.cut], config),
        scorer=scoring.scorer,
        model=scoring.model,
        rule=rule,
        provenance=scoring.provenance,
        credentials=credentials,
    )


def assemble_runtime(config: DetectorConfig) -> Runtime:
    """Choose the runtime that runs the networks; the architecture is imported where PyTorch does.

    Raises:
        ConfigError: an option has a value that is not allowed here.
        PluginError: the architecture is unknown, broken, or claimed twice.
        WeightsError: there are no such weights for this config, or the exported file cannot be read.
    """
    ARCHITECTURES.find(config.architecture)
    runtime = runtime_for(
        config.architecture,
        config.model,
        config.weights,
        runtime=config.runtime,
        device=resolve_device(config.device),
        precision=config.precision,
        compiles=config.compile or config.cuda_graphs,
    )
    if runtime == "torch":
        ARCHITECTURES.load(config.architecture)
    return runtime


def assemble_rule(config: DetectorConfig) -> DecisionRule:
    """Make the rule by which scores become labels, from a config or what its weights bring; no weights are read.

    Raises:
        ConfigError: an option has a value that is not allowed, or the calibration cannot be read.
        PluginError: the architecture is unknown, broken, or claimed twice.
        WeightsError: there are no such weights for this config.
    """
    return decision_rule(config, own_decision(config.architecture, config.model, config.weights))


def assemble_finding(config: DetectorConfig, runtime: Runtime = "torch") -> Finding:
    """Choose and open the parts that read sources and find faces in them.

    Args:
        config: config of the detector.
        runtime: runtime of the networks, which face detectors that can run in several follow.

    Raises:
        ConfigError: an option has a value that is not allowed here.
        PluginError: a plugin is unknown, broken, or claimed twice.
    """
    device = device_beside(resolve_device(config.device))
    one_thread = compute_without_lost_threads()
    readers = assemble_readers(config, config.frame_choice)
    choice = resolve_face_detector(config.face_detector, config.face_model)
    face_class = FACE_DETECTORS.load(choice.name).beside(runtime, device)
    if face_class.needs_model and choice.model_path is None:
        raise ConfigError(f"face detector {choice.name!r} needs a model file; give face_model=PATH (--face-model)")
    detector, note = open_face_detector(face_class, choice.model_path, device, may_fall_back=config.device == "auto")
    return Finding(
        readers=readers,
        detector=detector,
        device=Device("cpu") if note else device,
        info=_face_detector_info(choice, face_class),
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
    loaded = load_network(
        config.architecture,
        config.model,
        config.weights,
        runtime=assemble_runtime(config),
        device=device,
        precision=config.precision,
        int8=config.int8,
    )
    scorer = Scorer(_ready(loaded, config, device), batch_size=config.batch_size)
    scorer.notes += loaded.notes
    square_rule = finding.square_rule(loaded.info.crop_rules)
    provenance = Provenance(
        library_version=__version__,
        packages=package_versions([ARCHITECTURES.find(config.architecture), *finding.plugins]),
        architecture=config.architecture,
        config=loaded.config,
        weights=loaded.info,
        face_detector=finding.info,
        square_rule=square_rule,
        input_spec=loaded.input_spec,
        decoder=None,
        device=str(device),
        precision=loaded.precision,
        quantisation=loaded.quantisation,
        runtime=loaded.runtime,
        runtime_version=loaded.runtime_version,
        compiled=config.compile or config.cuda_graphs,
    )
    model = None if isinstance(loaded.network, ExportedNetwork) else loaded.network
    return Scoring(scorer, model, Cut.of(loaded.input_spec, square_rule), provenance)


def _ready(loaded: LoadedNetwork, config: DetectorConfig, device: AnyDevice) -> Network:
    if isinstance(loaded.network, ExportedNetwork):
        if config.compile or config.cuda_graphs:
            raise ConfigError("compile and cuda_graphs are for runtime 'torch'; leave them out (--no-compile)")
        return loaded.network
    from genconvit.pipeline.torch_network import TorchNetwork

    return TorchNetwork(
        loaded.network,
        device=device,
        precision=loaded.precision,
        compile=config.compile,
        cuda_graphs=config.cuda_graphs,
    )


def _face_detector_info(choice: FaceDetectorChoice, face_class: type[FaceDetector]) -> FaceDetectorInfo:
    model = choice.model_path
    return FaceDetectorInfo(
        name=choice.name,
        reason=choice.reason,
        model=model.name if model else None,
        model_sha256=sha256_of_file(model) if model else None,
        licence=face_class.licence,
        runtime=face_class.runtime,
    )
