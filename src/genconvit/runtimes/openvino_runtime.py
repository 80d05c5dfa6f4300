"""An exported network, run by OpenVINO on the CPU or on an Intel GPU."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from genconvit.core.cores import session_threads
from genconvit.core.device import AnyDevice
from genconvit.core.errors import WeightsError
from genconvit.core.text import first_line
from genconvit.core.types import FloatArray, ImageArray
from genconvit.runtimes.header import CROPS, ExportHeader
from genconvit.runtimes.openvino_file import SUFFIX, core, device_name, read_model


class OpenVinoNetwork:
    """A network in OpenVINO: crops and noise in, logits for each branch out. Safe to call from several threads.

    Args:
        path: path of the ``.xml`` file, with its ``.bin`` beside it; or of the library's own ``.onnx`` file.
        header: header of the file.
        device: device to run on: cpu or xpu.

    Raises:
        ConfigError: OpenVINO is not there, or not for this device.
        WeightsError: it cannot open the file, or the file is not what its header says.
    """

    def __init__(self, path: Path, header: ExportHeader, device: AnyDevice) -> None:
        name = device_name(device)
        # The library's own graph, which alone is no FILE.xml here, takes its tensors from the weights file.
        model = read_model(path)[0] if path.suffix == SUFFIX else core().read_model(path)
        self._path, self._header = path, header
        self._check(model)
        # A processor with bf16 would compute in it unasked, and a GPU in fp16.
        options: dict[str, object] = {"INFERENCE_PRECISION_HINT": "f32"}
        if name == "CPU":
            options["INFERENCE_NUM_THREADS"] = session_threads()
        try:
            self._request = core().compile_model(model, name, options).create_infer_request()
        except RuntimeError as error:
            raise WeightsError(f"{path}: OpenVINO cannot open it: {first_line(error)}; export it again") from error
        self._one_at_a_time = threading.Lock()

    def __call__(self, crops: ImageArray, noise: Sequence[FloatArray]) -> dict[str, FloatArray]:
        """Give logits float32 [N, 2] for each branch.

        Args:
            crops: uint8 [N, *input_shape].
            noise: float32 [N, *shape] for each of the header's noise shapes.

        Raises:
            WeightsError: the network fails.
        """
        with self._one_at_a_time:
            try:
                found = self._request.infer(self._header.inputs(crops, noise))
            except RuntimeError as error:
                raise WeightsError(f"{self._path}: OpenVINO cannot run it: {first_line(error)}") from error
            return {branch: found[branch].copy() for branch in self._header.branches}

    def _check(self, model: Any) -> None:  # noqa: ANN401 - OpenVINO's model
        header = self._header
        named = zip((CROPS, *header.noise_names), (header.input_shape, *header.noise_shapes), strict=True)
        wanted = [(name, "u8" if name == CROPS else "f32", f"[?,{','.join(map(str, shape))}]") for name, shape in named]
        taken = [
            (each.any_name, each.element_type.get_type_name(), str(each.partial_shape).replace(" ", ""))
            for each in model.inputs
        ]
        given = {each.any_name for each in model.outputs}
        if taken != wanted or given != set(header.branches):
            raise header.mismatch(self._path)
