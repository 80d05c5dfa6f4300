"""Heat maps of faces, as data: what is drawn of them is up to who draws."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from genconvit.core.fake_probability import FAKE, REAL

Target = Literal["fake", "real"]

COLUMNS: dict[Target, int] = {"fake": FAKE, "real": REAL}
"""Column of the logits that belongs to each target."""

Map = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class HeatMap:
    """One map of one face, or of the faces of a clip.

    Attributes:
        raw: float32 [h, w], or [frames, h, w] of a clip: at the network's own resolution and in the map's own unit,
            0 or more. Only raw values of two faces can be compared.
        size: height and width in pixels of the crop that the network saw, which the map covers.
    """

    raw: Map
    size: int

    def __post_init__(self) -> None:
        raw = self.raw
        if not (isinstance(raw, np.ndarray) and raw.dtype == np.float32 and raw.ndim in (2, 3) and raw.size):
            got = f"{raw.dtype} {list(raw.shape)}" if isinstance(raw, np.ndarray) else type(raw).__name__
            raise ValueError(f"a heat map is an array of float32 [h, w] or [frames, h, w]; got {got}")
        if not (np.isfinite(raw).all() and raw.min() >= 0):
            raise ValueError(f"a heat map's values are finite and 0 or more; got {raw.min()} to {raw.max()}")

    @property
    def grid(self) -> tuple[int, int]:
        """Height and width of the raw map: how coarse it is."""
        return self.raw.shape[-2], self.raw.shape[-1]

    @property
    def maximum(self) -> float:
        """The largest raw value; 0 where there is nothing to see."""
        return float(self.raw.max())

    @property
    def values(self) -> Map:
        """The raw map divided by its maximum, in [0, 1]; zeros where that is 0. A clip's frames have one maximum.

        So each map that is not zero is hot somewhere, however little it means: ``maximum`` says how much.
        """
        return self.raw / np.float32(self.maximum) if self.maximum else np.zeros_like(self.raw)

    @property
    def upsampled(self) -> Map:
        """The values at the crop's size, float32 [size, size] or [frames, size, size] in [0, 1], bilinear.

        It is smooth and no finer than ``grid``.
        """
        values = torch.from_numpy(self.values)[None] if self.raw.ndim == 2 else torch.from_numpy(self.values)
        resized = functional.interpolate(
            values[None], size=(self.size, self.size), mode="bilinear", align_corners=False
        )
        found: Map = resized.numpy().reshape(*self.raw.shape[:-2], self.size, self.size)
        return found


@dataclass(frozen=True, eq=False)
class FaceHeatMaps:
    """Heat maps of one face, or of one clip, from the pass through the networks that gave its probability.

    Attributes:
        target: the class whose logits ``grad_cam`` explains.
        fake_probability: probability of the face in this pass, which is that of ``score_faces`` but for rounding.
        grad_cam: for each branch, what speaks for the target, in units of the branch's logit.
        attention: for each direction of attention (``"ed_from_vae"``: from ED to the face as VAE sees it), the share of
            it that each position gets. Empty where nothing attends.
        reconstruction_error: for each branch that was trained to reconstruct, the difference of the reconstruction
            from the face, as a share of the pixels' range, the mean over the colours. Empty where none was.
    """

    target: Target
    fake_probability: float
    grad_cam: Mapping[str, HeatMap]
    attention: Mapping[str, HeatMap]
    reconstruction_error: Mapping[str, HeatMap]
