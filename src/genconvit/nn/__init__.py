"""The building blocks of the architectures, each built from a frozen config.

Examples:
    >>> import torch
    >>> from genconvit.nn import CrossAttentionConfig
    >>> attend = CrossAttentionConfig(dim=16, num_heads=4).build()
    >>> for_a, for_b = attend(torch.zeros(1, 49, 16), torch.zeros(1, 9, 16))
"""

from genconvit.nn.autoencoder import Autoencoder, AutoencoderConfig
from genconvit.nn.backbone import Backbone, BackboneConfig
from genconvit.nn.branches import (
    Branch,
    BranchOutput,
    EDBranch,
    EDBranchConfig,
    Head,
    HeadConfig,
    VAEBranch,
    VAEBranchConfig,
)
from genconvit.nn.cross_attention import (
    CrossAttention,
    CrossAttentionConfig,
    TokenEmbedding,
    TokenEmbeddingConfig,
)
from genconvit.nn.exchange import MapExchange, MapExchangeConfig
from genconvit.nn.residual import ResidualWrap, ResidualWrapConfig, ZeroGate
from genconvit.nn.swiglu import SwiGLUFusion, SwiGLUFusionConfig
from genconvit.nn.vae import VAE, VAEConfig, VAEOutput

__all__ = [
    "VAE",
    "Autoencoder",
    "AutoencoderConfig",
    "Backbone",
    "BackboneConfig",
    "Branch",
    "BranchOutput",
    "CrossAttention",
    "CrossAttentionConfig",
    "EDBranch",
    "EDBranchConfig",
    "Head",
    "HeadConfig",
    "MapExchange",
    "MapExchangeConfig",
    "ResidualWrap",
    "ResidualWrapConfig",
    "SwiGLUFusion",
    "SwiGLUFusionConfig",
    "TokenEmbedding",
    "TokenEmbeddingConfig",
    "VAEBranch",
    "VAEBranchConfig",
    "VAEConfig",
    "VAEOutput",
    "ZeroGate",
]
