"""A face detector's ONNX file as an ONNX Runtime session that is known to fit SCRFD's output layout."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from genconvit.core.device import AnyDevice
from genconvit.core.errors import ConfigError
from genconvit.core.onnx_options import session_options

Size = tuple[int, int]
"""Width and height in pixels."""

FREE_INPUTS: tuple[Size, ...] = ((320, 320), (640, 640))
"""Sizes that a model without an input size of its own is fed, from small to large."""

_INSTEAD = (
    "give an SCRFD detection model (det_*.onnx or scrfd*.onnx of an insightface pack), or set "
    'face_detector="mtcnn", which needs no model'
)
_LAYOUTS = {
    6: ((8, 16, 32), 2),
    9: ((8, 16, 32), 2),
    10: ((8, 16, 32, 64, 128), 1),
    15: ((8, 16, 32, 64, 128), 1),
}
"""Strides, and anchors at each place, by the number of outputs."""

_VALUES = (1, 4, 10)
"""Numbers of values of each anchor: a score, a box, and five landmarks."""


class Value(Protocol):
    """An input or output of a model."""

    name: str
    type: str
    shape: Sequence[Any]


class Session(Protocol):
    """A model that ONNX Runtime has loaded."""

    def get_providers(self) -> Sequence[str]:
        """Names of the execution providers that run the model, the preferred first."""

    def get_inputs(self) -> Sequence[Value]:
        """Inputs of the model, in their order."""

    def get_outputs(self) -> Sequence[Value]:
        """Outputs of the model, in their order."""

    def run(self, names: Sequence[str], inputs: Mapping[str, npt.NDArray[Any]]) -> Sequence[npt.NDArray[Any]]:
        """Outputs of these names for inputs by name."""


def open_detection_session(path: Path, device: AnyDevice) -> tuple[Session, tuple[Size, ...]]:
    """Load a detection model and run it once in each size.

    Args:
        path: the ``.onnx`` file.
        device: cpu or cuda.

    Returns:
        The onnxruntime.InferenceSession, and the sizes that it is to be fed, from small to large.

    Raises:
        ConfigError: the file is missing, is not an SCRFD model, or the device cannot be used.
    """
    if not path.is_file():
        raise ConfigError(f"the face-detection model {path} does not exist; {_INSTEAD}")
    try:
        options = session_options()
        import onnxruntime
    except ImportError as error:
        raise ConfigError(
            f'onnxruntime cannot be imported ({error}); install it, or set face_detector="mtcnn"'
        ) from error
    providers = _providers(device, onnxruntime.get_available_providers())
    try:
        # Falling back would print, and quietly run on the CPU what was asked of a GPU.
        session: Session = onnxruntime.InferenceSession(str(path), options, providers=providers, enable_fallback=0)
    except Exception as error:
        raise ConfigError(
            f"the face-detection model {path} cannot be loaded ({_in_a_line(error)}); {_INSTEAD}"
        ) from error
    if session.get_providers()[0] != _name_of(providers[0]):
        raise ConfigError(_no_cuda(f"ONNX Runtime loaded it for {', '.join(session.get_providers())} alone"))
    sizes = _input_sizes(path, session.get_inputs())
    for size in sizes:
        _check_outputs(path, session, size)
    return session, sizes


def _providers(device: AnyDevice, available: Sequence[str]) -> list[str | tuple[str, dict[str, int]]]:
    if device.type == "cpu":
        return ["CPUExecutionProvider"]
    if device.type != "cuda":
        raise ConfigError(f"the face detector 'insightface' runs on cpu or cuda, got {str(device)!r}")
    if "CUDAExecutionProvider" not in available:
        raise ConfigError(_no_cuda(f"this ONNX Runtime has {', '.join(available)} only"))
    return [("CUDAExecutionProvider", {"device_id": device.index or 0}), "CPUExecutionProvider"]


def _in_a_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _name_of(provider: str | tuple[str, dict[str, int]]) -> str:
    return provider if isinstance(provider, str) else provider[0]


def _no_cuda(why: str) -> str:
    return (
        f"the face detector 'insightface' cannot run on cuda: {why}; replace the package onnxruntime by "
        'onnxruntime-gpu, run this detector on the cpu, or set face_detector="mtcnn", which runs on torch\'s devices'
    )


def _input_sizes(path: Path, inputs: Sequence[Value]) -> tuple[Size, ...]:
    """The one size that the model is fixed to, or the free ones."""
    shape = inputs[0].shape if len(inputs) == 1 else []
    if len(shape) != 4 or inputs[0].type != "tensor(float)":
        said = [(entry.type, entry.shape) for entry in inputs]
        raise ConfigError(
            f"{path} is not a face detector: its input is {said}, not one float [1, 3, height, width]; {_INSTEAD}"
        )
    size = (shape[3], shape[2])
    if not all(isinstance(length, int) for length in size):
        return FREE_INPUTS
    if not all(32 <= length <= 4096 and length % 32 == 0 for length in size):
        raise ConfigError(
            f"{path} takes {size[0]} x {size[1]} pixels; a face detector takes multiples of 32 up to 4096; {_INSTEAD}"
        )
    return (size,)


def _check_outputs(path: Path, session: Session, size: Size) -> None:
    """Run the model on a black image and compare its outputs' shapes with SCRFD's."""
    names = [output.name for output in session.get_outputs()]
    if len(names) not in _LAYOUTS:
        raise ConfigError(
            f"{path} is not a face detector: it has {len(names)} outputs, SCRFD models have "
            f"{', '.join(map(str, _LAYOUTS))}; {_INSTEAD}"
        )
    black = np.zeros((1, 3, size[1], size[0]), dtype=np.float32)
    try:
        outputs = session.run(names, {session.get_inputs()[0].name: black})
    except Exception as error:
        raise ConfigError(
            f"the face-detection model {path} fails on an image ({_in_a_line(error)}); {_INSTEAD}"
        ) from error
    strides, anchors = _LAYOUTS[len(names)]
    for index, output in enumerate(outputs):
        stride = strides[index % len(strides)]
        places = math.prod(length // stride for length in size) * anchors
        expected = (places, _VALUES[index // len(strides)])
        shape = tuple(np.shape(output))
        if shape not in (expected, (1, *expected)):
            raise ConfigError(
                f"{path} is not a face detector: its output {names[index]!r} has shape {list(shape)}, "
                f"SCRFD's has {list(expected)}; {_INSTEAD}"
            )
