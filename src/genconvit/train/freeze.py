"""Parameters that do not change for a while, or never."""

from __future__ import annotations

from collections.abc import Collection

from torch import nn

from genconvit.core.config import did_you_mean
from genconvit.core.errors import ConfigError


def check_prefixes(model: nn.Module, prefixes: Collection[str]) -> None:
    """Make sure that each prefix names parameters, and that some are left to train.

    Raises:
        ConfigError: one names none, or all of them together name everything.
    """
    names = [name for name, _ in model.named_parameters()]
    parts = sorted({name.split(".")[0] for name in names})
    for prefix in prefixes:
        if not any(is_below(name, prefix) for name in names):
            raise ConfigError(
                f"freeze={prefix!r} names no parameter{did_you_mean(prefix, [*parts, *names])}; the names begin with "
                f"{', '.join(parts)}"
            )
    if names and all(is_frozen(name, prefixes) for name in names):
        raise ConfigError(
            f"freeze={', '.join(prefixes)!r} leaves nothing to train; freeze less. V2 has new layers beside its "
            "branches in mode 'v2' alone"
        )


def freeze(model: nn.Module, prefixes: Collection[str]) -> None:
    """Let the parameters below these names get no gradient, and all others get one."""
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(not is_frozen(name, prefixes))


def train_unfrozen(model: nn.Module, prefixes: Collection[str]) -> None:
    """Put a model into training mode, but the batch normalisations that are frozen, whose statistics stay as well."""
    model.train()
    for name, module in model.named_modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm) and is_frozen(name, prefixes):
            module.eval()


def is_frozen(name: str, prefixes: Collection[str]) -> bool:
    """Tell whether a name lies below one of the prefixes."""
    return any(is_below(name, prefix) for prefix in prefixes)


def is_below(name: str, prefix: str) -> bool:
    """Tell whether a dotted name is a prefix or lies below it.

    Examples:
        >>> (
        ...     is_below("branches.ed.head", "branches.ed"),
        ...     is_below("branches.edge", "branches.ed"),
        ... )
        (True, False)
    """
    prefix = prefix.rstrip(".")
    return name == prefix or name.startswith(f"{prefix}.")
