"""An exported ONNX file, run by ONNX Runtime on a CPU or a CUDA device."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from genconvit.core.device import AnyDevice
from genconvit.core.errors import ConfigError, WeightsError
from genconvit.core.onnx_options import session_options
from genconvit.core.optional import require
from genconvit.core.reporting import turn_off_reporting
from genconvit.core.text import first_line
from genconvit.core.types import FloatArray, ImageArray
from genconvit.runtimes.header import CROPS, ExportHeader

_CPU, _CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"


def provider_for(device: AnyDevice) -> str:
    """Choose the provider of ONNX Runtime for a device.

    Raises:
        ConfigError: ONNX Runtime is not installed, or not for this device.
    """
    turn_off_reporting()
    require("onnxruntime", package="ONNX Runtime", extra="onnx", purpose="runtime 'onnxruntime'")
    import onnxruntime

    provider = {"cpu": _CPU, "cuda": _CUDA}.get(device.type)
    if provider is None or provider not in onnxruntime.get_available_providers():
        raise ConfigError(
            f"runtime 'onnxruntime' cannot run on {device} here: this ONNX Runtime has "
            f"{', '.join(onnxruntime.get_available_providers())}; use device='cpu', or install onnxruntime-gpu in the "
            "place of onnxruntime for CUDA"
        )
    return provider


class OnnxRuntimeNetwork:
    """A network in ONNX Runtime: crops and noise in, logits for each branch out. Safe to call from several threads.

    Args:
        path: path of the file, which ``genconvit.runtimes.onnx_file`` has read.
        header: header of the file.
        device: device to run on: cpu or cuda.

    Raises:
        ConfigError: ONNX Runtime is not there, or not for this device.
        WeightsError: it cannot open the file, or the file is not what its header says.
    """

    def __init__(self, path: Path, header: ExportHeader, device: AnyDevice) -> None:
        provider = provider_for(device)
        import onnxruntime

        options = session_options()
        providers = [_CPU] if provider == _CPU else [(provider, {"device_id": device.index or 0}), _CPU]
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=providers, enable_fallback=0)
        except Exception as error:  # its own kinds, and whatever a file makes of it
            raise WeightsError(f"{path}: ONNX Runtime cannot open it: {first_line(error)}; export it again") from error
        self._path, self._header = path, header
        self._check(self._session.get_inputs(), self._session.get_outputs())

    def __call__(self, crops: ImageArray, noise: Sequence[FloatArray]) -> dict[str, FloatArray]:
        """Give logits float32 [N, 2] for each branch.

        Args:
            crops: uint8 [N, *input_shape].
            noise: float32 [N, *shape] for each of the header's noise shapes.

        Raises:
            WeightsError: the network fails.
        """
        try:
            found = self._session.run(list(self._header.branches), self._header.inputs(crops, noise))
        except Exception as error:
            raise WeightsError(f"{self._path}: ONNX Runtime cannot run it: {first_line(error)}") from error
        return dict(zip(self._header.branches, found, strict=True))

    def _check(self, inputs: Sequence[Any], outputs: Sequence[Any]) -> None:
        header = self._header
        noise = zip(header.noise_names, header.noise_shapes, strict=True)
        wanted = [
            (CROPS, "tensor(uint8)", list(header.input_shape)),
            *((name, "tensor(float)", list(shape)) for name, shape in noise),
        ]
        if (
            [(each.name, each.type, each.shape[1:]) for each in inputs] != wanted
            or {(each.name, each.type) for each in outputs} != {(name, "tensor(float)") for name in header.branches}
            or any(isinstance(each.shape[0], int) for each in inputs)
        ):
            raise header.mismatch(self._path)
