"""Files of the original GenConViT's networks, and the config of an architecture that can begin with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

from genconvit.core.errors import WeightsError

if TYPE_CHECKING:
    from genconvit.models.base import ArchitectureConfig

Network = Literal["ed", "vae"]
"""A branch of the original, with a weights file of its own."""


@dataclass(frozen=True)
class ReferenceStart:
    """The start of an architecture from the files of the original's networks.

    Attributes:
        config: the config to build, adapted where the files ask for it.
        new_layers: names of the parameters that those files do not hold (a warm start), sorted.
    """

    config: ArchitectureConfig
    new_layers: tuple[str, ...] = ()


@runtime_checkable
class ReferenceFiles(Protocol):
    """The config of an architecture that files of the original's networks can fill.

    A config has these members or it has none of them: nothing inherits from this.
    """

    @property
    def mode(self) -> str:
        """Mode of the architecture, on which ``networks`` depends."""

    @property
    def networks(self) -> tuple[Network, ...]:
        """The networks whose files fill the model."""

    @property
    def unpublished(self) -> str | None:
        """Reason why ``weights="published"`` cannot serve this config; None where it can."""

    def reference_start(self) -> ReferenceStart:
        """The start from those files.

        Raises:
            ConfigError: a field contradicts such a start.
            WeightsError: this config cannot; the message says why.
        """


def reference_networks(config: ArchitectureConfig) -> tuple[Network, ...]:
    """The original's networks whose files fill a model; none where it reads no such files."""
    return config.networks if isinstance(config, ReferenceFiles) else ()


def unpublished(config: ArchitectureConfig) -> str | None:
    """Say why ``weights="published"`` cannot serve a config; None where it can."""
    if isinstance(config, ReferenceFiles):
        return config.unpublished
    return "no weights are published for this architecture"


def reference_files(config: ArchitectureConfig) -> ReferenceFiles:
    """A config as one that files of the original's networks can fill.

    Raises:
        WeightsError: its architecture does not read them; the message names what it takes.
    """
    if isinstance(config, ReferenceFiles):
        return config
    raise WeightsError(
        f"{type(config).__name__} does not read files of the original's networks; give weights that were saved for "
        "it (weights='PATH.safetensors'), or weights='random' for a trial without a verdict"
    )
