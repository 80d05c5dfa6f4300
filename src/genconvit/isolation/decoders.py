"""Decoders under names that another process finds them by."""

from __future__ import annotations

import pkgutil
from collections.abc import Sequence

from genconvit.core.errors import PluginError
from genconvit.core.text import first_line
from genconvit.isolation.child import why_no_process
from genconvit.video.base import VideoDecoder


def why_not_isolated(decoders: Sequence[VideoDecoder]) -> str | None:
    """Say why these decoders cannot work in another process; None where they can."""
    return why_no_process() or next(filter(None, map(_why_not_elsewhere, decoders)), None)


def importable_name(decoder: VideoDecoder) -> str:
    """The name ``"module:qualname"`` of a decoder's class."""
    return f"{type(decoder).__module__}:{type(decoder).__qualname__}"


def load_decoder(name: str) -> VideoDecoder:
    """Make a decoder from its importable name.

    Raises:
        PluginError: its import or its constructor fails.
    """
    try:
        decoder: VideoDecoder = pkgutil.resolve_name(name)()
    except (Exception, SystemExit) as error:
        raise PluginError(
            f"video decoder {name!r} cannot be loaded by a worker process ({type(error).__name__}: "
            f"{first_line(error)}); isolate=False (--no-isolate) reads without one"
        ) from error
    return decoder


def _why_not_elsewhere(decoder: VideoDecoder) -> str | None:
    cls, name = type(decoder), importable_name(decoder)
    if cls.__module__ == "__main__" or "<locals>" in name:
        return f"video decoder {name!r} is defined where another process cannot import it; move it to a module"
    try:
        found = pkgutil.resolve_name(name)
    except (ImportError, AttributeError, ValueError):
        found = None
    if found is not cls:
        return f"video decoder {name!r} is not what another process finds under that name; reload its module"
    state = ", ".join(sorted(getattr(decoder, "__dict__", {})))
    if state:
        return f"video decoder {name!r} holds values of its own ({state}), which another process would not have"
    return None
