"""Everything that a result rests on: the model, its weights, the face detector, the machine; JSON both ways."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, JsonValue, NonNegativeInt, PositiveInt

from genconvit.core.config import FrozenConfig
from genconvit.core.cut import CropRules, SquareRule
from genconvit.core.input_spec import InputSpec

Origin = Literal["published", "embedded", "file", "warm_start", "random"]


class WeightsFile(FrozenConfig):
    """One file of weights."""

    name: str
    """Name of the file."""

    sha256: str
    """SHA-256 of its bytes, in hexadecimal."""

    repository: str | None = None
    """Hub repository that it came from; None for a local file."""

    revision: str | None = None
    """Commit of that repository; None for a local file."""


class WeightsInfo(FrozenConfig):
    """Origin of a model's weights, and what is known of them."""

    origin: Origin
    """Kind of the weights: ``published`` (the original's, from the hub), ``embedded`` (shipped with the library),
    ``file``, ``warm_start`` (another architecture's weights; layers of its own are still neutral) or ``random``."""

    trained: bool
    """True for trained weights; the scores of others mean nothing."""

    files: tuple[WeightsFile, ...] = ()
    """Files that were read."""

    made_from: tuple[WeightsFile, ...] = ()
    """Files that a converted or exported file was made from, as it says."""

    exported: bool = False
    """True for an exported file, which holds the weights of those that it was made from."""

    new_layers: tuple[str, ...] = ()
    """Parameters that no file held; empty but for a warm start."""

    crop_rules: CropRules = Field(default_factory=dict)
    """Square rules by which the crops of their training were cut, by face detector; empty where they name none."""

    licence: str | None = None
    """Terms of use of the weights; None where they are not known."""

    about: str | None = None
    """Training data and error rates of weights that ship with the library; None for others."""

    @property
    def sha256(self) -> tuple[str, ...]:
        """SHA-256 of the files that the weights are of: of an exported file, those that it was made from."""
        return tuple(file.sha256 for file in (self.made_from if self.exported else self.files))


class RemoteObject(FrozenConfig):
    """An object on another machine that a source is a copy of."""

    url: str
    """Address without user and fragment, and with a hash in place of its query, all of which may hold secrets."""

    etag: str | None
    """Entity tag that the server gave the bytes that were scored; None where it gave none."""

    size: NonNegativeInt
    """Number of its bytes."""

    modified: datetime | None = None
    """Time of its last change as the server gave it; None where it gave none."""


class FaceDetectorInfo(FrozenConfig):
    """The face detector that ran."""

    name: str
    """Name under which it is registered."""

    reason: str
    """Reason for the choice where it was automatic, else that it was asked for."""

    model: str | None
    """File name of its model; None where it ships its own."""

    model_sha256: str | None
    """SHA-256 of that file, in hexadecimal; None without one."""

    licence: str
    """Terms of the detector's model."""

    runtime: str | None = None
    """Library that ran it: ``torch`` or ``onnxruntime``; None where it does not say."""


Share = Annotated[float, Field(ge=0, le=1)]


class Quantisation(FrozenConfig):
    """Layers that are in int8, and what that changes beside fp32: measured on crops that nothing was fitted to."""

    crops: str = Field(max_length=255)
    """Name of the folder of crops that int8 was fitted to and measured by, or of the portrait."""

    crops_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    """SHA-256 of what the crops were made of, in hexadecimal."""

    measured_on: PositiveInt
    """Number of crops that it was measured on."""

    layers: PositiveInt
    """Number of layers in int8."""

    layers_in_fp32: NonNegativeInt
    """Number of layers that could be in int8, and stay in fp32 for their effect on the scores."""

    max_change: Share
    """Largest change of a fake probability."""

    mean_change: Share
    """Mean change of a fake probability, whatever its sign."""

    rank_correlation: Annotated[float, Field(ge=-1, le=1)] | None
    """Spearman's rank correlation of the fake probabilities; None where they are all the same."""

    changed_labels: Share
    """Share of the fake probabilities that lie on another side of one half."""

    max_change_allowed: Share
    """Largest change that was allowed."""

    @property
    def summary(self) -> str:
        """One line for people."""
        ranks = "" if self.rank_correlation is None else f", rank correlation {self.rank_correlation:.4f}"
        return (
            f"int8 in {self.layers} of {self.layers + self.layers_in_fp32} layers; on {self.measured_on} crops of "
            f"{self.crops} it changes the fake probability by at most {self.max_change:.4f}, {self.mean_change:.4f} on "
            f"average{ranks}, changed labels {self.changed_labels:.2%}"
        )


class Provenance(FrozenConfig):
    """Everything that a result rests on."""

    library_version: str
    """Version of genconvit."""

    packages: dict[str, str] = Field(default_factory=dict)
    """Versions of the packages that computed the answer, plugins among them."""

    architecture: str
    """Registered name of the architecture."""

    config: dict[str, JsonValue]
    """Config of the model, whole."""

    weights: WeightsInfo
    """Weights of the model, and where they came from."""

    face_detector: FaceDetectorInfo
    """Face detector that ran."""

    square_rule: SquareRule | None = None
    """Rule by which its boxes became canonical face boxes: the weights' for it, else its own. None in results of
    versions that did not say."""

    input_spec: InputSpec | None = None
    """Input of the networks: how faces were cut relative to their canonical boxes, put together and normalised. None in
    results of versions that did not say."""

    decoder: str | None
    """Decoder that read the source; None where nothing could."""

    device: str
    """Device on which the networks ran, for example ``cpu`` or ``cuda:0``."""

    precision: str
    """Precision of the networks: ``fp32``, ``bf16`` or ``int8``."""

    quantisation: Quantisation | None = None
    """Layers in int8, and what they change; None in another precision."""

    runtime: str = "torch"
    """Library that ran the networks: ``torch``, ``onnxruntime`` or ``openvino``."""

    runtime_version: str | None = None
    """Version of that library; None in results of versions that did not say."""

    compiled: bool = False
    """True where the networks ran through ``torch.compile``."""

    isolated: bool = False
    """True where the file was decoded in a process of its own."""

    frame_count: int | None = None
    """Number of frames of the source; None where it could not be read."""

    duration_seconds: float | None = Field(default=None, ge=0)
    """Duration of the source in seconds, by the times of its frames; None where these are unknown, and in results of
    versions that did not say."""

    frame_indices: tuple[int, ...] = ()
    """Indices of the frames that were decoded and searched for faces, counted from 0."""

    source_sha256: str | None = None
    """SHA-256 of the file's bytes; None for arrays, tensors and folders."""

    remote: RemoteObject | None = None
    """Object that the file is a copy of; None for what lay on this machine."""

    @property
    def summary(self) -> str:
        """One line for people: what looked at the sources."""
        files = ", ".join(file.name for file in self.weights.files)
        mode = self.config.get("mode")
        by = "" if self.runtime == "torch" else f" by {self.runtime} {self.runtime_version}"
        return (
            f"genconvit {self.library_version}: {self.architecture} ({mode}), weights {self.weights.origin}"
            f"{f' ({files})' if files else ''}, {self.precision} on {self.device}{by}; "
            f"faces by {self.face_detector.name} ({self.face_detector.licence})"
        )
