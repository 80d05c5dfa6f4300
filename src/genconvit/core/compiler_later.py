"""Imports of torchvision and timm without PyTorch's compiler, whose own import takes longer than theirs."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FunctionType, ModuleType
from typing import Any

import torch

_COMPILER, _UTILS = "torch._dynamo", "torch._dynamo.utils"

_disable: Callable[..., Any] = torch.compiler.disable


@contextmanager
def compiler_later() -> Iterator[None]:
    """Keep what is imported inside from loading ``torch._dynamo``, until something of it is called.

    torchvision 0.29 takes one function from it by name (``ops.roi_align``), and timm 1.0.31 keeps one method from being
    compiled (``naflexvit``). Both get a stand-in that loads the compiler when it is called. Whoever asks for anything
    else of it, inside or in another thread, loads it as ever, so with other versions this gains nothing and harms
    nothing. Afterwards no stand-in is left where others look. Nothing is done where the compiler is loaded already.
    """
    if _COMPILER in sys.modules:
        yield
        return
    sys.modules[_UTILS] = _Utils(_UTILS)
    torch.compiler.disable = _disable_later  # type: ignore[assignment] # what it is called with is handed on
    try:
        yield
    finally:
        torch.compiler.disable = _disable
        _remove_utils()


class _Utils(ModuleType):
    """Stand-in for ``torch._dynamo.utils``, which gives way to the module itself."""

    @staticmethod
    def is_compile_supported(device_type: str) -> bool:
        supported: bool = _loaded_utils().is_compile_supported(device_type)
        return supported

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the module has
        if name.startswith("__"):  # asked for by Python itself of any module
            raise AttributeError(name)
        return getattr(_loaded_utils(), name)


def _loaded_utils() -> ModuleType:
    _remove_utils()
    return importlib.import_module(_UTILS)


def _remove_utils() -> None:
    if isinstance(sys.modules.get(_UTILS), _Utils):
        del sys.modules[_UTILS]


def _disable_later(function: Any = None, recursive: bool = True, **options: Any) -> Any:  # noqa: ANN401
    """Do what ``torch.compiler.disable`` does, for a function at its first call, by PyTorch's own means for that."""
    later = getattr(torch._compile, "_disable_dynamo", None)
    if later is None or _COMPILER in sys.modules or not isinstance(function, FunctionType):
        return _disable(function, recursive, **options)
    return later(function, recursive)
