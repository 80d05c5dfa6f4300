"""Every option of a detector in one config: its own, and those of the stages that it puts together."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from pydantic import Field, JsonValue, PositiveInt, ValidationError, model_validator

from genconvit.core.config import did_you_mean, validation_message
from genconvit.core.device import PrecisionChoice
from genconvit.core.errors import ConfigError, PluginError
from genconvit.isolation.limits import IsolationLimits
from genconvit.pipeline.find import PipelineOptions
from genconvit.registry import ARCHITECTURES
from genconvit.results.result import PersonRule
from genconvit.runtimes.choice import RuntimeChoice
from genconvit.runtimes.exported import exported_path, read_exported
from genconvit.runtimes.int8_options import MAX_CHANGE, Int8Options
from genconvit.verdict.conclude import ScoreOptions
from genconvit.verdict.decision_rule import DecisionOptions
from genconvit.weights.embedded import embedded_architecture

if TYPE_CHECKING:
    from typing_extensions import Unpack

PathText = str | os.PathLike[str]

DEFAULT_ARCHITECTURE = "original"
EMBEDDED = "embedded"


class DetectorConfig(PipelineOptions, ScoreOptions, DecisionOptions, IsolationLimits):
    """Everything a ``Detector`` is made of, with the options of its stages; round-trips through JSON."""

    architecture: str = DEFAULT_ARCHITECTURE
    """Registered name: ``"original"``, ``"v2"``, or a plugin's. Left out it is ``"original"``, or with
    ``weights="embedded"`` or an exported file the one that they are of."""

    model: dict[str, JsonValue] = Field(default_factory=dict)
    """Fields of the architecture's own config: ``mode``, ``size``, ``latent``, ``attention``, ..."""

    weights: str | dict[str, str] | None = None
    """Weights: ``"published"``, ``"embedded"``, ``"random"``, a path, a hub id, or ``{"ed": path, "vae": path}``; or a
    file that ``genconvit export`` wrote (``.onnx``, ``.xml``). None is the architecture's default: ``"embedded"`` for
    ``v2`` of size ``nano``."""

    device: str = "auto"
    """Device of the networks: ``"auto"``, ``"cpu"``, ``"cuda"``, ``"cuda:N"``, ``"mps"``, or, for an Intel GPU,
    ``"xpu"`` or ``"xpu:N"``: OpenVINO runs them there."""

    precision: PrecisionChoice = "auto"
    """Precision of the networks: ``"fp32"``, ``"bf16"``, ``"int8"`` (ONNX Runtime and OpenVINO), or ``"auto"``: bf16
    where the hardware computes in it, or an exported file's own."""

    int8_crops: str | None = None
    """Folder of face crops that ``"int8"`` is fitted to and measured by; None is a portrait of the package's, cropped,
    coloured and compressed in many ways."""

    int8_max_change: float | None = Field(default=None, gt=0, le=1)
    """Largest change of a fake probability by ``"int8"`` on such crops; None is 0.05."""

    runtime: RuntimeChoice | None = None
    """Library that runs the networks: ``"torch"``, ``"onnxruntime"``, ``"openvino"``, or ``"auto"``, which follows a
    rule over what is installed and what the processor computes in. For another one than PyTorch the networks are
    exported once, unless their exported file ships with the library. None is that of an exported file, ``"auto"`` for
    the embedded weights and for int8, and ``"torch"`` for all others."""

    compile: bool = False
    """Run the networks through ``torch.compile``: faster, after a minute or more at the first faces."""

    cuda_graphs: bool = False
    """Replay the networks as CUDA graphs."""

    decoder: str = "auto"
    """Video decoder: ``"auto"``, ``"pyav"``, ``"decord"``, ``"torchcodec"``, or a plugin's; several, with commas, are
    tried in turn."""

    face_detector: str = "auto"
    """Face detector: ``"auto"``, ``"insightface"``, ``"mtcnn"``, or a plugin's."""

    face_model: str | None = None
    """Model of the face detector: a file, a folder, or the name of an insightface pack on disk. insightface's
    pretrained packs are for non-commercial research only."""

    batch_size: PositiveInt | None = None
    """Most faces, all of one source, that go through the networks at once; None follows the device."""

    isolate: bool | None = None
    """Decode in worker processes, which a broken file cannot take the caller along with; None does so for several
    sources and for folders of frames."""

    workers: PositiveInt | None = Field(default=None, le=256)
    """Number of worker processes; None is one for every two cores, at least 2."""

    credentials: bool = False
    """Read the Content Credentials (C2PA) of each file as well, which takes the extra ``c2pa`` and never changes a
    score."""

    trust_list: str | None = None
    """File with the certificates of authorities, in PEM, whose signers of Content Credentials are trusted; None leaves
    signers unchecked."""

    @model_validator(mode="before")
    @classmethod
    def _weights_name_the_architecture(cls, data: object) -> object:
        if isinstance(data, Mapping) and "architecture" not in data:
            named = default_architecture(data.get("weights"))
            return data if named == DEFAULT_ARCHITECTURE else {**data, "architecture": named}
        return data

    @model_validator(mode="after")
    def _compiling_is_pytorchs(self) -> DetectorConfig:
        if self.runtime in ("onnxruntime", "openvino") and (self.compile or self.cuda_graphs):
            raise ValueError(
                f"compile and cuda_graphs are for runtime 'torch', got runtime {self.runtime!r}; leave them out "
                "(--no-compile)"
            )
        return self

    @model_validator(mode="after")
    def _a_trust_list_is_for_credentials(self) -> DetectorConfig:
        if self.trust_list is not None and not self.credentials:
            raise ValueError(
                f"trust_list={self.trust_list!r} is for Content Credentials, which are not read; give credentials=True "
                "(--credentials) as well"
            )
        return self

    @model_validator(mode="after")
    def _int8_is_other_runtimes(self) -> DetectorConfig:
        if self.precision == "int8" and self.runtime == "torch":
            raise ValueError(
                "precision 'int8' is for the runtimes 'onnxruntime' and 'openvino', got runtime 'torch'; leave runtime "
                "out (--runtime), or use precision='fp32'"
            )
        if self.precision != "int8" and self.int8 is not None:
            raise ValueError(
                f"int8_crops and int8_max_change are for precision 'int8', got precision {self.precision!r}; leave "
                "them out, or use precision='int8' (--precision int8)"
            )
        return self

    @property
    def int8(self) -> Int8Options | None:
        """Crops and bound of int8; None where nothing is said of them."""
        if self.int8_crops is None and self.int8_max_change is None:
            return None
        return Int8Options(self.int8_crops, self.int8_max_change or MAX_CHANGE)

    @classmethod
    def from_options(cls, architecture: str | None = None, **options: Unpack[DetectorOptions]) -> DetectorConfig:
        """A config from flat options; those that are not the detector's own are the architecture's.

        Raises:
            ConfigError: an option is unknown, or has a value that is not allowed.
            PluginError: the architecture is unknown or broken.
        """
        if architecture is None:
            architecture = default_architecture(options.get("weights"))
        own: dict[str, Any] = {name: value for name, value in options.items() if name in cls.model_fields}
        model = {name: value for name, value in options.items() if name not in cls.model_fields}
        if model or not _brings_its_network(options.get("weights")):
            _refuse_unknown(architecture, model)
        own["model"] = {**own.get("model", {}), **model}
        for name in ("weights", "face_model", "calibration", "trust_list", "int8_crops"):
            own[name] = _as_text(own.get(name))
        try:
            return cls(architecture=architecture, **own)
        except ValidationError as error:
            raise ConfigError(validation_message(error)) from error


class BuiltInOptions(TypedDict, total=False):
    """Fields of the built-in architectures' configs, for type checkers."""

    mode: str
    size: Literal["nano", "tiny", "large"]
    image_size: int | None
    latent_shape: tuple[int, int, int] | None
    latent: Literal["shared", "mean", "random"]
    latent_seed: int
    variational: bool
    attention: bool
    residual: bool
    ed_slope: float
    ed_linear_end: bool
    vae_slope: float
    vae_head_slope: float
    attention_dim: int | None
    attention_head_dim: int
    fusion_dim: int | None
    backbone: str
    dropout: float
    drop_path: float


class DetectorOptions(BuiltInOptions, total=False):
    """Options of a detector, for type checkers; ``DetectorConfig`` says what they mean.

    A plugin's own fields, which no type checker can know, go into ``model``, though beside the others they work too.
    """

    model: Mapping[str, JsonValue]
    weights: PathText | Mapping[str, PathText] | None
    device: str
    precision: PrecisionChoice
    int8_crops: PathText | None
    int8_max_change: float | None
    runtime: RuntimeChoice | None
    compile: bool
    cuda_graphs: bool
    decoder: str
    face_detector: str
    face_model: PathText | None
    batch_size: int | None
    isolate: bool | None
    workers: int | None
    credentials: bool
    trust_list: PathText | None
    frames: int | str
    margin: float
    max_faces: int | None
    reference_crops: bool
    square_pixels: bool
    person: PersonRule
    score_rule: str
    threshold: float | str
    calibration: PathText | None
    inconclusive: tuple[float, float] | str | None
    time_limit_seconds: float
    memory_limit_mb: int


def refuse_credentials(config: DetectorConfig, work: str) -> None:
    """Make sure that a config asks for no Content Credentials, where nobody would see them.

    Args:
        config: config of the detector.
        work: subject of the message: work that reads none.

    Raises:
        ConfigError: it asks for them.
    """
    if config.credentials:
        raise ConfigError(
            f"credentials=True is for predict, and {work} reads no Content Credentials; leave it out, or read them "
            "with genconvit credentials FILE"
        )


def default_architecture(weights: object) -> str:
    """The architecture where none is named: that of the shipped weights or the exported file that is asked for.

    Args:
        weights: weights as in ``DetectorConfig``.

    Raises:
        WeightsError: the installation is incomplete, or the exported file cannot be read.
    """
    path = exported_path(weights)
    if path is not None:
        return read_exported(path).header.architecture
    return embedded_architecture() if weights == EMBEDDED else DEFAULT_ARCHITECTURE


def _brings_its_network(weights: object) -> bool:
    """Tell whether weights come with an exported network, so that nothing of the architecture is needed."""
    return weights == EMBEDDED or exported_path(weights) is not None


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


def _as_text(paths: object) -> object:
    if isinstance(paths, Mapping):
        return {name: _as_text(path) for name, path in paths.items()}
    return os.fspath(paths) if isinstance(paths, os.PathLike) else paths
