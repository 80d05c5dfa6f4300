"""Any network of timm's as a classifier: the baseline that every other architecture has to be better than.

It is also the first stage of training the small V2 (``recipes/nano``).
"""

from __future__ import annotations

from functools import cache
from typing import Any, ClassVar, Literal

import torch
from pydantic import Field, PositiveInt, model_validator
from torch import Tensor

from genconvit.core.compiler_later import compiler_later
from genconvit.core.fake_probability import NUM_CLASSES
from genconvit.core.input_spec import InputSpec
from genconvit.core.text import first_line
from genconvit.models.base import Architecture, ArchitectureConfig, ModelOutput
from genconvit.nn.feature_layer import FeatureLayer
from genconvit.nn.timm_network import TimmNetwork, check_name, drop_rates

with compiler_later():
    import timm


class TimmConfig(ArchitectureConfig):
    """A network of timm's with a head of two classes."""

    mode: Literal["timm"] = "timm"
    """Name of the only mode."""

    backbone: str = "convnext_tiny"
    """Name of the network, one of ``timm.list_models()``."""

    image_size: PositiveInt | None = Field(default=None, ge=16, le=1024)
    """Height and width of a face crop in pixels; None is the size that timm names for the network."""

    dropout: float = Field(default=0.0, ge=0, lt=1)
    """Share of the pooled features that a training drops."""

    drop_path: float = Field(default=0.0, ge=0, lt=1)
    """Share of residual blocks that a training skips, rising to this with depth."""

    @model_validator(mode="after")
    def _gives_logits(self) -> TimmConfig:
        check_name(self.backbone)
        problem = _problem_of(self.backbone, self.image_size, tuple(self.options))
        if problem:
            raise ValueError(
                f"{self.backbone!r} cannot be used with image_size={self.image_size} and {self.options or 'no drops'}: "
                f"{problem}; give image_size=None for the network's own size, leave dropout and drop_path out, or take "
                "another network, such as convnext_tiny"
            )
        return self

    @property
    def options(self) -> dict[str, Any]:
        """Options for ``timm.create_model``: the drops that are on, and the size where the network is built for one."""
        sized = self.image_size is not None and has_one_size(self.backbone)
        return {**drop_rates(self.dropout, self.drop_path), **({"img_size": self.image_size} if sized else {})}

    def build(self) -> Timm:
        """Build the model, freshly initialised."""
        return Timm(self)


class Timm(Architecture):
    """Faces to two logits, through a network of timm's."""

    config_class = TimmConfig
    check_options: ClassVar[dict[str, object]] = {"backbone": "test_resnet", "image_size": 64}
    config: TimmConfig

    def __init__(self, config: TimmConfig) -> None:
        super().__init__(config)
        self.config = config
        self.any_size = not has_one_size(config.backbone)
        self.backbone = TimmNetwork(config.backbone, NUM_CLASSES, config.options)
        size = config.image_size or own_size(config.backbone)
        self.input_spec = InputSpec(size=size, mean=self.backbone.mean, std=self.backbone.std)

    def forward(self, faces: Tensor) -> ModelOutput:
        """Logits [N, 2] of the branch ``"timm"``, from normalised faces [N, 3, input_size, input_size]."""
        return ModelOutput(logits={"timm": self.backbone(faces)})

    def feature_layers(self) -> dict[str, FeatureLayer]:
        """The layer of the network's last feature maps; see ``TimmNetwork.feature_layer``."""
        return {"timm": self.backbone.feature_layer()}


def own_size(name: str) -> int:
    """Height and width, in pixels, of the images that timm names for a network."""
    cfg = timm.get_pretrained_cfg(name)
    return 224 if cfg is None else int(cfg.input_size[-1])


def has_one_size(name: str) -> bool:
    """Tell whether a network is built for images of one size, as many transformers are."""
    cfg = timm.get_pretrained_cfg(name)
    return cfg is not None and cfg.fixed_input_size


@cache
def _problem_of(name: str, image_size: int | None, options: tuple[str, ...]) -> str | None:
    """Say why a network does not give two logits for an image; None where it does. It is built without memory."""
    given: dict[str, Any] = {option: image_size if option == "img_size" else 0.1 for option in options}
    side = image_size or own_size(name)
    try:
        with torch.device("meta"):
            net = TimmNetwork(name, NUM_CLASSES, given).eval()
            shape = tuple(net(torch.zeros(1, 3, side, side)).shape)
    except Exception as error:  # whatever a network comes up with
        return f"no image of {side} x {side} pixels goes through it ({type(error).__name__}: {first_line(error)[:120]})"
    return None if shape == (1, NUM_CLASSES) else f"it gives {shape} logits for one image"
