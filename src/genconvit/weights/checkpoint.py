"""Reading tensors from a file without running anything that is in it."""

from __future__ import annotations

import pickle
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NoReturn

import torch
from torch import Tensor

from genconvit.core.errors import WeightsError

_ALLOWED = "a .safetensors file, or a state dict saved with torch.save (.pth, .pt, .bin, .ckpt)"
_CONVERT = """Where you trust it, convert it:
  checkpoint = torch.load(PATH, map_location="cpu", weights_only=False)
  torch.save({k: v for k, v in checkpoint["state_dict"].items()}, "weights.pth")"""


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """The tensors of a file.

    Attributes:
        path: the file.
        tensors: tensors by name; dense, real, on the CPU, in the dtype of the file, and mapped from the file rather
            than copied where its format allows (not in the one that torch wrote before 1.6).
        metadata: metadata in the header of a safetensors file, beside the tensors; empty for other formats.
    """

    path: Path
    tensors: dict[str, Tensor]
    metadata: dict[str, str] = field(default_factory=dict)


def read_tensors(path: Path) -> Checkpoint:
    """Read a ``.safetensors`` file or a state dict saved by torch; the content decides, not the suffix.

    A torch file holds the state dict itself or, as training checkpoints do, under ``state_dict``; what lies
    beside that is ignored. Where every name begins with ``module.``, as ``DataParallel`` leaves them, that
    prefix is removed. No object other than tensors and plain containers is ever built from the file. Whether
    the values are finite is not looked at, for that would read the whole file.

    Raises:
        WeightsError: the file is missing, damaged, of another kind, holds objects that could run code, or
            tensors that are not dense and real.
    """
    path = Path(path)
    metadata: dict[str, str] = {}
    named: Mapping[Any, Any]
    kind = _kind(path)
    if kind == "safetensors":
        named, metadata = _read_safetensors(path)
    else:
        named = _state_dict(path, _read_torch(path, kind))
    for name, value in named.items():
        _check_tensor(path, name, value)
    if not named:
        raise WeightsError(f"{path} holds no tensors; give {_ALLOWED}")
    prefix = "module." if all(name.startswith("module.") for name in named) else ""
    tensors = {name.removeprefix(prefix): value.detach() for name, value in named.items()}
    return Checkpoint(path, tensors, metadata)


def _kind(path: Path) -> Literal["safetensors", "zip", "pickle"]:
    """Tell the format of a file, by its first bytes; by its suffix only where they are damaged."""
    try:
        if not path.is_file():
            state = "is a folder" if path.is_dir() else "is not a file" if path.exists() else "does not exist"
            raise WeightsError(f"{path} {state}; give the path of {_ALLOWED}")
        with path.open("rb") as file:
            head = file.read(9)
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror}; give the path of {_ALLOWED}") from error
    if not head:
        raise WeightsError(f"{path} is empty; download or copy it again")
    if head.startswith(b"PK\x03\x04"):
        return "zip"
    if head[4:] == b"\0\0\0\0{":  # the length of the header in eight bytes, and the header
        return "safetensors"
    if head[0] == 0x80 and head[1:2] in (b"\2", b"\3", b"\4", b"\5"):
        return "pickle"
    if path.suffix == ".safetensors" or head[8:] == b"{":
        return "safetensors"
    raise WeightsError(f"{path} is not a checkpoint: it begins with {head!r}; give {_ALLOWED}")


def _read_safetensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is not a dict
            return tensors, dict(file.metadata() or {})
    except (SafetensorError, OSError, RuntimeError, ValueError) as error:
        raise WeightsError(
            f"{path} is damaged, cut short or not a safetensors file ({error}); download or copy it again, "
            f"or give {_ALLOWED}"
        ) from error


def _read_torch(path: Path, kind: Literal["zip", "pickle"]) -> object:
    """Whatever plain value a torch file holds, with only tensors and containers in it."""
    # torch maps files by their path only, and would read one of this suffix as safetensors.
    mapped = kind == "zip" and path.suffix != ".safetensors"
    with path.open("rb") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about formats that are refused below
        try:
            value: object = torch.load(path if mapped else file, map_location="cpu", weights_only=True, mmap=mapped)
        except pickle.UnpicklingError as error:
            _refuse_objects(path, error)
        except Exception as error:  # a damaged pickle fails in any way
            if "TorchScript" in str(error):
                raise WeightsError(_holds_code(path, "it is a TorchScript archive")) from error
            reason = str(error).strip().partition("\n")[0].partition(". ")[0]
            raise WeightsError(
                f"{path} is damaged, cut short or not a checkpoint ({type(error).__name__}: {reason}); "
                f"download or copy it again, or give {_ALLOWED}"
            ) from error
    return value


def _refuse_objects(path: Path, error: pickle.UnpicklingError) -> NoReturn:
    wanted = re.search(r"GLOBAL (\w[\w.]*\w)", str(error))
    raise WeightsError(
        _holds_code(path, f"it asks for {wanted[1]}" if wanted else "it is no plain torch file, or damaged")
    ) from error


def _holds_code(path: Path, reason: str) -> str:
    return (
        f"{path} holds Python objects, which could run code: {reason}. Nothing of it was run. "
        f"Give {_ALLOWED}. {_CONVERT}"
    )


def _state_dict(path: Path, value: object) -> Mapping[Any, Any]:
    """The state dict in what a torch file holds."""
    if isinstance(value, Mapping):
        inner = value.get("state_dict", value)
        if isinstance(inner, Mapping):
            return inner
        value = inner
    raise WeightsError(
        f"{path} holds a value of type {type(value).__name__} where a state dict belongs; "
        "save it with torch.save(model.state_dict(), PATH)"
    )


def _check_tensor(path: Path, name: object, value: object) -> None:
    if not isinstance(name, str) or not isinstance(value, Tensor):
        raise WeightsError(
            f"{path} holds {name!r} of type {type(value).__name__} among its weights, where every "
            "name is text and every value a tensor; save only the state dict, or put it under 'state_dict'"
        )
    if value.is_nested:
        form = "nested"
    elif value.layout != torch.strided:
        form = str(value.layout).removeprefix("torch.")
    elif value.is_quantized or value.is_complex():
        form = str(value.dtype).removeprefix("torch.")
    elif value.device.type != "cpu":
        form = f"without data ({value.device.type})"
    else:
        return
    raise WeightsError(
        f"{path} holds {name!r}, a tensor that is {form}; only dense, real, unquantised tensors are read: "
        "convert it with .to_dense(), .dequantize() or .real and save it again"
    )
