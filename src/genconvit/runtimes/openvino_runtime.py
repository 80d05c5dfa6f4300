"""An exported network, run by OpenVINO on the CPU."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from genconvit.core.cores import session_threads
from genconvit.core.errors import WeightsError
from genconvit.core.text import first_line
from genconvit.core.types import FloatArray, ImageArray
from genconvit.runtimes.header import CROPS, ExportHeader
from genconvit.runtimes.openvino_file import SUFFIX, core, read_model


class OpenVinoNetwork:
    """A network in OpenVINO: crops and noise in, logits for each branch out. Safe to call from several threads.

    Args:
        path: path of the ``.xml`` file, with its ``.bin`` beside it; or of the library's own ``.onnx`` file.
        header: header of the file.

    Raises:
        ConfigError: OpenVINO is not there.
        WeightsError: it cannot open the file, or the file is not what its header says.
    """

    def __init__(self, path: Path, header: ExportHeader) -> None:
        # The library's own graph, which alone is no FILE.xml here, takes its tensors from the weights file.
        model = read_model(path)[0] if path.suffix == SUFFIX else core().read_model(path)
        self._path, self._header = path, header
        self._check(model)
        # A processor with bf16 would compute in it unasked.
        options = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": session_threads()}
        try:
            self._request = core().compile_model(model, "CPU", options).create_infer_request()
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
