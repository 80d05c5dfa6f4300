"""Every error this library raises on purpose.

Each message states the value it got, the values allowed, and the next step.
"""

from __future__ import annotations


class GenConViTError(Exception):
    """Base of every error that this library raises on purpose."""


class ConfigError(GenConViTError, ValueError):
    """An option has a value that is not allowed, or does not exist."""


class PluginError(GenConViTError):
    """A plugin is unknown, broken, of the wrong kind, or claimed by two distributions."""


class WeightsError(GenConViTError):
    """Weights are missing, damaged, unsafe to read, or do not fit the architecture."""


class DatasetError(GenConViTError):
    """A data set, its labels or a file of results cannot be read, or is not what it was taken for."""


class SourceError(GenConViTError):
    """A video, an image or a folder cannot be read.

    Args:
        source: what was asked for, as the caller gave it.
        reason: why it cannot be read, one sentence without a full stop.
    """

    def __init__(self, source: str, reason: str) -> None:
        super().__init__(f"{source}: {reason}")
        self.source = source
        self.reason = reason

    def __reduce__(self) -> tuple[type[SourceError], tuple[str, str]]:
        return type(self), (self.source, self.reason)


class TrainingError(GenConViTError):
    """A training cannot go on, or cannot be gone on with."""
