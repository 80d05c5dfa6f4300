"""Exported files: which runtime each is for, what it says of itself, and opening it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from genconvit.core.device import AnyDevice, Device
from genconvit.core.errors import WeightsError
from genconvit.core.files import sha256_of_file
from genconvit.core.input_spec import InputSpec
from genconvit.core.types import FloatArray, on_host
from genconvit.results.provenance import WeightsFile
from genconvit.runtimes import onnx_file, openvino_file
from genconvit.runtimes.header import ExportHeader

if TYPE_CHECKING:
    from torch import Tensor

ExportFormat = Literal["onnx", "openvino"]
RuntimeName = Literal["onnxruntime", "openvino"]

SUFFIXES: dict[ExportFormat, str] = {"onnx": onnx_file.SUFFIX, "openvino": openvino_file.SUFFIX}
FORMATS: dict[RuntimeName, ExportFormat] = {"onnxruntime": "onnx", "openvino": "openvino"}
"""Format that each runtime opens."""

Runs = Callable[[npt.NDArray[np.uint8], Sequence[FloatArray]], Mapping[str, FloatArray]]
"""An exported network: from crops and noise to logits for each branch."""


@dataclass(frozen=True)
class ExportedFile:
    """An exported file on disk.

    Attributes:
        path: path of the ``.onnx`` or ``.xml`` file.
        runtime: runtime that opens the file.
        header: header that the file holds.
        parts: paths of the file, and of the data beside it where there are some.
    """

    path: Path
    runtime: RuntimeName
    header: ExportHeader
    parts: tuple[Path, ...]

    def hashed(self) -> tuple[WeightsFile, ...]:
        """Give the name and the SHA-256 of each part."""
        return tuple(WeightsFile(name=part.name, sha256=sha256_of_file(part)) for part in self.parts)

    def open(self, device: AnyDevice) -> Runs:
        """Open the file in its runtime.

        Raises:
            ConfigError: the runtime is not there, or not for this device.
            WeightsError: it cannot be opened.
        """
        check_device(self.runtime, device)
        if self.runtime == "openvino":
            from genconvit.runtimes.openvino_runtime import OpenVinoNetwork

            return OpenVinoNetwork(self.path, self.header, device)
        from genconvit.runtimes.onnx_runtime import OnnxRuntimeNetwork

        return OnnxRuntimeNetwork(self.path, self.header, device)


class ExportedNetwork:
    """An exported network that is ready to run, and draws the noise that it takes.

    Args:
        runs: function from crops and noise to logits.
        header: header of the network's file.
        input_spec: input of the network.
        device: device that it runs on.

    Attributes:
        name: name of its architecture.
        input_spec: input of the network.
        device: device that it runs on.
    """

    def __init__(self, runs: Runs, header: ExportHeader, input_spec: InputSpec, device: AnyDevice) -> None:
        self.name = header.architecture
        self.input_spec = input_spec
        self.device = Device(device)
        self._runs = runs
        self._noise_shapes = header.noise_shapes

    def __call__(self, crops: npt.NDArray[np.uint8] | Tensor, batch_size: int) -> Mapping[str, FloatArray]:
        """Give logits; see ``genconvit.pipeline.scorer.Network``."""
        del batch_size
        return self._runs(np.ascontiguousarray(on_host(crops)), self._noise(len(crops)))

    def free_memory(self) -> None:
        """Leave the runtime's memory to it."""

    def _noise(self, count: int) -> list[FloatArray]:
        if not self._noise_shapes:
            return []
        from genconvit.runtimes.noise import normal

        return [each.numpy() for each in normal(self._noise_shapes, count)]


def check_device(runtime: RuntimeName, device: AnyDevice) -> None:
    """Make sure that a runtime is there and runs on a device.

    Raises:
        ConfigError: it is not, or does not.
    """
    if runtime == "onnxruntime":
        from genconvit.runtimes.onnx_runtime import provider_for

        provider_for(device)
        return
    openvino_file.device_name(device)


def exported_path(weights: object) -> Path | None:
    """Give the path of an exported file, where weights name one by its suffix; None where they are others."""
    if not isinstance(weights, (str, os.PathLike)):
        return None
    path = Path(weights)
    return path.expanduser() if path.suffix in SUFFIXES.values() else None


def read_exported(path: Path) -> ExportedFile:
    """Read the header of an exported file, and find the parts of the file.

    Raises:
        ConfigError: OpenVINO is not installed, whose file it is.
        WeightsError: it cannot be read, or is none of the library's.
    """
    try:
        state = path.stat()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise WeightsError(f"weights file {str(path)!r} cannot be read ({reason}); give the path of one") from error
    return _read_unchanged(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=4)
def _read_unchanged(path: Path, *_: int) -> ExportedFile:
    if path.suffix == openvino_file.SUFFIX:
        _, header = openvino_file.read_model(path)
        return ExportedFile(path, "openvino", header, (path, openvino_file.data_beside(path)))
    model, header = onnx_file.read_model(path)
    return ExportedFile(path, "onnxruntime", header, tuple(onnx_file.files_of(path, model)))


def refuse_others(file: ExportedFile, architecture: str, config: Mapping[str, Any]) -> None:
    """Refuse an architecture or a config that an exported file was not exported with.

    Args:
        file: exported file.
        architecture: registered name that was asked for.
        config: fields that were asked for.

    Raises:
        WeightsError: it was exported with others.
    """
    wanted = {"architecture": architecture, **config}
    held = {**file.header.config, "architecture": file.header.architecture}
    others = [
        f"{name}={value!r} instead of {held.get(name)!r}" for name, value in wanted.items() if held.get(name) != value
    ]
    if others:
        raise WeightsError(
            f"{file.path} was exported with another config: got {', '.join(others)}; leave this out, or export the "
            "weights with it (genconvit export)"
        )
