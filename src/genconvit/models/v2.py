"""GenConViT V2: the branches look at each other, and their features meet in a SwiGLU fusion.

Source: the description of V2 (github.com/ctxnn/GenConViT): cross-attention between the ED and the VAE branch, a
fusion W3((W1 x) * silu(W2 x)), LeakyReLU against dying units, optional residuals. No line of its code is used.

Choices where the description is silent: attention runs over the positions of the feature maps of image and
reconstruction, before pooling; the fused vector is added to each branch's hidden layer, so that both branches keep
logits of their own and a video's score is formed as the original's is; every new layer is reached through a gate
that starts at zero, so that V2 can start from the original's weights as the identical function.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, NonNegativeFloat, PositiveInt, model_validator
from torch import Tensor

from genconvit.core.errors import ConfigError, WeightsError
from genconvit.core.meta_device import meta_device
from genconvit.models.base import ModelOutput
from genconvit.models.generative import SIZES, GenerativeConfig, GenerativeModel
from genconvit.models.reference_files import ReferenceStart
from genconvit.nn.branches import HIDDEN_DIM
from genconvit.nn.cross_attention import AttentionLayer
from genconvit.nn.exchange import MapExchange, MapExchangeConfig
from genconvit.nn.residual import Residual, ResidualWrap, ResidualWrapConfig
from genconvit.nn.swiglu import SwiGLUFusionConfig

ORIGINAL_PARTS = {"ed_slope": 0.0, "ed_linear_end": False, "vae_slope": 0.01, "vae_head_slope": 0.0}
"""Fields of ``V2Config`` with which V2's branches are the original's."""


class V2Config(GenerativeConfig):
    """GenConViT V2."""

    mode: Literal["ed", "vae", "genconvit", "v2"] = "v2"
    """``"ed"``, ``"vae"`` or ``"genconvit"`` run the bare branches, ``"v2"`` joins them."""

    attention: bool = True
    """Let the branches attend to each other's feature maps (mode ``"v2"``)."""

    residual: bool = True
    """Keep what the new layers are added to; without it their output takes its place (mode ``"v2"``)."""

    ed_slope: NonNegativeFloat = 0.01
    """LeakyReLU slope of the ED branch's autoencoder."""

    ed_linear_end: bool = True
    """Let the ED branch's autoencoder end without an activation, so that it can reach negative pixels."""

    vae_slope: NonNegativeFloat = 0.01
    """LeakyReLU slope of the VAE branch's autoencoder."""

    vae_head_slope: NonNegativeFloat = 0.01
    """LeakyReLU slope of the VAE branch's head. The ED branch's head keeps its GELU."""

    attention_dim: int | None = Field(default=None, ge=1, le=65536)
    """Channels that attention works in: wider feature maps are projected to them and back. None follows the size, see
    ``SIZES``: the maps' own for ``tiny`` and ``large``."""

    attention_head_dim: PositiveInt = 64
    """Width of one attention head."""

    fusion_dim: int | None = Field(default=None, ge=1, le=65536)
    """Width of the fusion's gated layer; None follows the size."""

    @model_validator(mode="after")
    def _heads_share_the_channels(self) -> V2Config:
        if self.attention_channels % self.attention_head_dim:
            raise ValueError(
                f"attention_head_dim must divide the {self.attention_channels} channels that attention works in; got "
                f"{self.attention_head_dim}; choose a divisor, or another attention_dim"
            )
        return self

    @property
    def attention_channels(self) -> int:
        """Channels that attention works in."""
        return self.attention_dim or SIZES[self.size].attention_dim or self.map_dim

    @property
    def embedded(self) -> str | None:
        """Size ``nano`` ships with the library, see ``docs/nano.md``."""
        return "v2_nano" if self.size == "nano" else None

    def reference_start(self) -> ReferenceStart:
        """The original's files fill the branches; the new layers start as the identity, where residuals are on."""
        if self.mode == "v2" and not self.residual:
            raise WeightsError(
                "without residuals (residual=False, --no-residual) V2's new layers take the place of what they see, "
                "so they cannot be neutral and the original's weights cannot start them; give the weights of a "
                "trained V2 (weights='PATH.safetensors'), or weights='random' for a trial without a verdict"
            )
        chosen = self.model_dump(include=self.model_fields_set & ORIGINAL_PARTS.keys())
        other = {name: value for name, value in chosen.items() if value != ORIGINAL_PARTS[name]}
        if other:
            raise ConfigError(
                f"a warm start from the original's weights needs its parts {ORIGINAL_PARTS}; got {other}; "
                "leave these fields out, or give weights that were trained with them"
            )
        start = V2Config.model_validate(self.model_dump(exclude_unset=True) | ORIGINAL_PARTS)
        with meta_device():
            names = V2(start).state_dict()
        return ReferenceStart(start, tuple(sorted(name for name in names if not name.startswith("branches."))))

    def build(self) -> V2:
        """Build the model, freshly initialised."""
        return V2(self)


class V2(GenerativeModel):
    """The original's branches, joined before pooling by attention and at their hidden layers by fusion."""

    config_class = V2Config
    default_weights = "published"
    config: V2Config

    def __init__(self, config: V2Config) -> None:
        ed = config.ed_branch(negative_slope=config.ed_slope, linear_end=config.ed_linear_end)
        vae = config.vae_branch(negative_slope=config.vae_slope, head_negative_slope=config.vae_head_slope)
        super().__init__(config, ed, vae)
        joined = config.mode == "v2"
        residual: Residual = "zero_gate" if config.residual else "off"
        self.exchange: MapExchange | None = None
        self.fusion: ResidualWrap | None = None
        if joined and config.attention:
            width = config.attention_channels
            self.exchange = MapExchangeConfig(
                dim=config.map_dim,
                num_heads=width // config.attention_head_dim,
                attention_dim=None if width == config.map_dim else width,
                grids_a=ed.grids,
                grids_b=vae.grids,
                residual=residual,
            ).build()
        if joined:
            dims = (HIDDEN_DIM, HIDDEN_DIM)
            gated = config.fusion_dim or SIZES[config.size].fusion_dim
            fusion = SwiGLUFusionConfig(dims=dims, hidden_dim=gated, out_dim=HIDDEN_DIM).build()
            self.fusion = ResidualWrapConfig(dims=dims, residual=residual).build(fusion)

    def forward(self, faces: Tensor) -> ModelOutput:
        """Logits [N, 2] for each branch of the mode, from normalised faces [N, 3, 224, 224]."""
        readings = self.read(faces)
        return self.conclude(readings, self.join({name: reading.maps for name, reading in readings.items()}))

    def attention_layers(self) -> dict[str, AttentionLayer]:
        """Attention of each branch to the face as the other sees it; none where it does not act on the maps."""
        if self.exchange is None:
            return {}
        ed, vae = self.exchange.attention_layers(self.branch("ed").face, self.branch("vae").face)
        return {name: each for name, each in (("ed_from_vae", ed), ("vae_from_ed", vae)) if each is not None}

    def join(self, maps: dict[str, tuple[Tensor, ...]]) -> dict[str, Tensor]:
        """Each branch's hidden layer ``n 500`` after attention and fusion, from its feature maps ``n d h w``."""
        if self.exchange is not None:
            ed, vae = self.exchange(maps["ed"], maps["vae"])
            maps = {"ed": ed, "vae": vae}
        hidden = {name: self.branch(name).hidden(pair) for name, pair in maps.items()}
        if self.fusion is not None:
            hidden["ed"], hidden["vae"] = self.fusion(hidden["ed"], hidden["vae"])
        return hidden
