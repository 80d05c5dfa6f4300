"""An ONNX network in memory, whose large tensors stay in a file: copies of it cost little, whatever its size."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from genconvit.core.onnx_options import session_options

if TYPE_CHECKING:
    from onnx import ModelProto, TensorProto

LARGE_BYTES = 1 << 16
"""Bytes from which on a tensor stays in the file."""

_FOLDER_OF_TENSORS = "session.model_external_initializers_file_folder_path"
_PREPACKING = "session.disable_prepacking"
_FOLDED_TENSORS = "session.optimized_model_external_initializers_file_name"
_FOLDED_LARGE_BYTES = "session.optimized_model_external_initializers_min_size_in_bytes"


@dataclass(frozen=True, eq=False)
class OnnxNetwork:
    """An ONNX network in memory.

    Attributes:
        model: graph and small tensors.
        folder: folder of the file that holds the others.
    """

    model: ModelProto
    folder: Path

    def copy(self) -> OnnxNetwork:
        """Give a copy, which has the same file."""
        from onnx import ModelProto

        model = ModelProto()
        model.CopyFrom(self.model)
        return replace(self, model=model)

    def array(self, tensor: TensorProto) -> npt.NDArray[Any]:
        """Give the values of one of its tensors."""
        from onnx import numpy_helper

        values: npt.NDArray[Any] = numpy_helper.to_array(tensor, os.fspath(self.folder))
        return values

    def session(self, *, repack: bool = True) -> Any:  # noqa: ANN401 - a session of ONNX Runtime's
        """Open it in ONNX Runtime on the CPU.

        Args:
            repack: let constant weights be kept a second time in the order in which kernels read them, which is faster.
        """
        import onnxruntime

        options = session_options()
        options.add_session_config_entry(_FOLDER_OF_TENSORS, os.fspath(self.folder))
        options.add_session_config_entry(_PREPACKING, "0" if repack else "1")
        return onnxruntime.InferenceSession(self.model.SerializeToString(), options, providers=["CPUExecutionProvider"])

    def whole(self) -> ModelProto:
        """Give the network with all tensors in memory."""
        from onnx import external_data_helper

        found = self.copy().model
        external_data_helper.load_external_data_for_model(found, os.fspath(self.folder))
        return found


def folded(source: Path, folder: Path) -> OnnxNetwork:
    """Give a network whose constants are computed, and whose normalisations are part of the convolutions before them.

    Args:
        source: ONNX file of the network.
        folder: empty folder, which holds its large tensors from then on.
    """
    import onnx
    import onnxruntime

    path = folder / "folded.onnx"
    options = session_options()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = os.fspath(path)
    options.add_session_config_entry(_PREPACKING, "1")
    options.add_session_config_entry(_FOLDED_TENSORS, f"{path.name}.data")
    options.add_session_config_entry(_FOLDED_LARGE_BYTES, str(LARGE_BYTES))
    onnxruntime.InferenceSession(os.fspath(source), options, providers=["CPUExecutionProvider"])
    model: ModelProto = onnx.load(path, load_external_data=False)
    del model.metadata_props[:]
    return OnnxNetwork(model, folder)
