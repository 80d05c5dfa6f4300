"""Header of an exported file: one entry of JSON among its metadata, read within limits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, JsonValue, PositiveInt, ValidationError, model_validator

from genconvit.core.config import FrozenConfig, validation_message
from genconvit.core.errors import WeightsError
from genconvit.core.input_spec import InputSpec
from genconvit.core.text import printable
from genconvit.core.types import FloatArray, ImageArray
from genconvit.results.provenance import Origin, Quantisation, WeightsFile, WeightsInfo
from genconvit.weights.own_decision import OwnDecision

if TYPE_CHECKING:
    import numpy.typing as npt

    AnyArray = npt.NDArray[Any]

HEADER_KEY = "genconvit"
MOST_HEADER_BYTES = 4 << 20
CROPS = "crops"
"""Name of the input: RGB uint8 [N, size, size, 3]. The normalisation that follows is part of the network."""

_LONGEST_REASON = 300
_LARGEST_SIDE = 4096
"""Longest side in pixels of a crop that is believed."""

_CLAIMED_ORIGINS: tuple[Origin, ...] = ("random", "warm_start")
"""Origins that a file may state of its weights; that others are the library's own or published is not checked."""

Name = Annotated[str, Field(pattern=r"^[A-Za-z_]\w{0,63}$")]


class ExportHeader(FrozenConfig):
    """Header of an exported file: everything that it says of itself."""

    format: Literal[1] = 1
    """Version of this header's layout."""

    library_version: str
    """Version of genconvit that wrote it."""

    architecture: str
    """Registered name of the architecture."""

    config: dict[str, JsonValue]
    """The model's whole config."""

    weights: WeightsInfo
    """Weights that it was exported with, and the SHA-256 of their files."""

    branches: Annotated[tuple[Name, ...], Field(min_length=1, max_length=16)]
    """Names of the outputs: logits float32 [N, 2] each (fake, real)."""

    input_shape: Annotated[tuple[PositiveInt, ...], Field(min_length=3, max_length=4)]
    """Shape of one item of the input, uint8: height, width and 3 channels, after the number of faces for a clip."""

    input_spec: InputSpec | None = None
    """Input of the network, whose shape is that of one item; None in files of versions that did not say."""

    noise_shapes: Annotated[tuple[tuple[PositiveInt, ...], ...], Field(max_length=8)] = ()
    """Shape of each further input for one item, float32, to be filled from a standard normal distribution."""

    precision: Literal["fp32", "int8"] = "fp32"
    """Precision of its arithmetic; in ``int8`` some layers stay in fp32."""

    quantisation: Quantisation | None = None
    """Layers in int8, and what they change; None in fp32."""

    decision: OwnDecision | None = None
    """Calibration and inconclusive band that the weights bring; None where they bring none."""

    @model_validator(mode="after")
    def _input_is_one(self) -> ExportHeader:
        if self.input_spec is not None and (
            self.input_spec.shape != self.input_shape or self.input_spec.size > _LARGEST_SIDE
        ):
            raise ValueError(
                f"input_shape is that of input_spec, of at most {_LARGEST_SIDE} pixels a side; got "
                f"{list(self.input_shape)} and {list(self.input_spec.shape)}"
            )
        return self

    @model_validator(mode="after")
    def _int8_says_what_it_changes(self) -> ExportHeader:
        if (self.precision == "int8") != (self.quantisation is not None):
            raise ValueError(f"precision {self.precision!r} does not go with quantisation {self.quantisation!r:.40}")
        return self

    @property
    def noise_names(self) -> tuple[str, ...]:
        """Names of the further inputs."""
        return tuple(f"noise_{number}" for number in range(len(self.noise_shapes)))

    def inputs(self, crops: ImageArray, noise: Sequence[FloatArray]) -> dict[str, AnyArray]:
        """Give a network's inputs by their names.

        Args:
            crops: uint8 [N, *input_shape].
            noise: float32 [N, *shape] for each of the noise shapes.
        """
        named = zip(self.noise_names, noise, strict=True)
        return {CROPS: crops, **dict(named)}

    def mismatch(self, path: Path) -> WeightsError:
        """Give the error for a file whose network takes or gives something else."""
        return WeightsError(
            f"{path} does not take or give what its header says ({CROPS} uint8 {list(self.input_shape)} to "
            f"{', '.join(self.branches)}); export it again"
        )

    def weights_of(self, files: tuple[WeightsFile, ...]) -> WeightsInfo:
        """Give what is known of the weights of a file with this header.

        Args:
            files: the exported file, and its data where that lies beside it.
        """
        info = self.weights
        origin: Origin = info.origin if info.origin in _CLAIMED_ORIGINS else "file"
        return info.model_copy(update={"origin": origin, "exported": True, "files": files, "made_from": info.files})


def parse_header(text: str | None, path: Path) -> ExportHeader:
    """Read the header of an exported file from its metadata.

    Raises:
        WeightsError: there is none, it is too large, or it is none that this version can read.
    """
    again = "export the weights again (genconvit export)"
    if text is None:
        raise WeightsError(f"{path} does not say which model it holds, so no library file; {again}")
    if len(text.encode("utf-8", "surrogatepass")) > MOST_HEADER_BYTES:
        raise WeightsError(f"{path}: its header has more than {MOST_HEADER_BYTES >> 20} MiB; {again}")
    try:
        return ExportHeader.model_validate_json(text)
    except ValidationError as error:
        reason = printable(validation_message(error))[:_LONGEST_REASON]
        raise WeightsError(f"{path}: its header is none that this version can read: {reason}; {again}") from None
