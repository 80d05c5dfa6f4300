"""The original GenConViT: two independent branches whose scores are averaged.

Source: Wodajo Deressa et al., "Deepfake Video Detection Using Generative Convolutional Vision Transformer",
Applied Sciences 15(12):6622, 2025 (arXiv 2307.07036). Written from the paper and from facts about the reference
code (github.com/erprogs/GenConViT, GPL-3.0), of which no line is copied.

Deliberate deviations: the Swin transformer and other layers that take part in no prediction are not built; the
latent noise is the same for every face and run unless asked otherwise; ``var`` is built on request.
"""

from __future__ import annotations

from typing import Literal

from torch import Tensor

from genconvit.models.base import ModelOutput
from genconvit.models.generative import GenerativeConfig, GenerativeModel
from genconvit.models.reference_files import ReferenceStart


class OriginalConfig(GenerativeConfig):
    """The original GenConViT.

    Examples:
        >>> OriginalConfig(mode="ed").networks
        ('ed',)
    """

    mode: Literal["ed", "vae", "genconvit"] = "genconvit"
    """``"ed"``, ``"vae"``, or ``"genconvit"`` for both."""

    def reference_start(self) -> ReferenceStart:
        """The reference's files fill this architecture entirely."""
        return ReferenceStart(self)

    def build(self) -> Original:
        """Build the model, freshly initialised."""
        return Original(self)


class Original(GenerativeModel):
    """Image and reconstruction through a ConvNeXt, once for each branch."""

    config_class = OriginalConfig
    default_weights = "published"
    config: OriginalConfig

    def __init__(self, config: OriginalConfig) -> None:
        super().__init__(
            config,
            config.ed_branch(negative_slope=0.0),
            config.vae_branch(negative_slope=0.01, head_negative_slope=0.0),
        )

    def forward(self, faces: Tensor) -> ModelOutput:
        """Logits [N, 2] for each branch of the mode, from normalised faces [N, 3, 224, 224]."""
        readings = self.read(faces)
        hidden = {name: self.branch(name).hidden(reading.maps) for name, reading in readings.items()}
        return self.conclude(readings, hidden)
