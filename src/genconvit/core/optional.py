"""Packages that only a part of the library needs."""

from __future__ import annotations

import importlib

from genconvit.core.errors import ConfigError


def require(module: str, *, package: str, extra: str, purpose: str) -> None:
    """Make sure that an optional package is there.

    Args:
        module: the module to import, for example ``sklearn``.
        package: name that people know it by, for example ``scikit-learn``.
        extra: the extra of this library that installs it.
        purpose: purpose that needs it, as the beginning of a sentence.

    Raises:
        ConfigError: it is not installed, or does not import.
    """
    try:
        importlib.import_module(module)
    except ImportError as error:
        raise ConfigError(f"{purpose} needs {package} ({error}); pip install 'genconvit[{extra}]'") from error
