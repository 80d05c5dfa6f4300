"""Files in the original's format: this library's names of their tensors, and those that no prediction uses.

The published files hold 754 million parameters, of which about half take part in a prediction. A Swin transformer
was assigned to the ConvNeXt's ``patch_embed``, a name that timm's ConvNeXt never reads, and a few linear layers were
never called. These are the dead names; everything else must be there, and nothing else may be.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from torch import Tensor

from genconvit.core.errors import WeightsError
from genconvit.models.reference_files import Network

RENAMED: Mapping[Network, Mapping[str, str]] = {
    "ed": {
        "encoder.features.": "autoencoder.encoder.",
        "decoder.features.": "autoencoder.decoder.",
        "backbone.": "backbone.net.",
        "fc.": "head.hidden.",
        "fc2.": "head.logits.",
    },
    "vae": {
        "encoder.features.": "autoencoder.encoder.",
        "encoder.mu.": "autoencoder.mu.",
        "encoder.var.": "autoencoder.var.",
        "decoder.features.": "autoencoder.decoder.",
        "convnext_backbone.": "backbone.net.",
        "fc.": "head.hidden.",
        "fc2.": "head.logits.",
    },
}
"""For each network the prefixes of its live tensors and what they become below ``branches.<network>.``."""

DEAD: Mapping[Network, tuple[str, ...]] = {
    "ed": ("embedder.", "backbone.patch_embed."),
    "vae": ("embedder.", "convnext_backbone.patch_embed.", "encoder.fc1.", "encoder.fc2.", "fc3."),
}
"""For each network the prefixes of tensors that no prediction and no training uses."""


VARIATIONAL_PREFIX = "branches.vae.autoencoder.var."
"""Prefix of ``var``, which only the KL term of a training uses: known in every file, loaded by a variational model
alone."""


def own_prefix(network: Network) -> str:
    """Prefix of this library's names of a network's tensors."""
    return f"branches.{network}."


def network_of(names: Iterable[str]) -> Network | None:
    """Find the network whose file has these names; None where it is neither's.

    Examples:
        >>> network_of(["convnext_backbone.stem.0.weight"])
        'vae'
    """
    for name in names:
        if name.startswith("convnext_backbone.stem."):
            return "vae"
        if name.startswith("backbone.stem."):
            return "ed"
    return None


def live_tensors(network: Network, tensors: Mapping[str, Tensor], path: Path) -> dict[str, Tensor]:
    """The tensors of one of the original's files that a model uses, under this library's names.

    Args:
        network: network whose file it is.
        tensors: everything in the file.
        path: path of the file, for messages.

    Raises:
        WeightsError: the file holds a name that is neither live nor dead.
    """
    live: dict[str, Tensor] = {}
    unknown = []
    for name, tensor in tensors.items():
        if name.startswith(DEAD[network]):
            continue
        prefix = next((prefix for prefix in RENAMED[network] if name.startswith(prefix)), None)
        if prefix is None:
            unknown.append(name)
        else:
            live[f"{own_prefix(network)}{RENAMED[network][prefix]}{name.removeprefix(prefix)}"] = tensor
    if unknown:
        raise WeightsError(
            f"{path}: tensors that network {network!r} does not have: {listing(unknown)}; "
            "check that this is a checkpoint of the original GenConViT"
        )
    return live


def listing(names: Iterable[str], most: int = 12) -> str:
    """Names for a message, cut after a dozen.

    Examples:
        >>> listing(["b", "a", "c"], most=2)
        'a, b and 1 more'
    """
    ordered = sorted(names)
    shown = ", ".join(ordered[:most])
    return shown if len(ordered) <= most else f"{shown} and {len(ordered) - most} more"
