"""Write the exported network of the shipped weights: a graph whose tensors lie in the weights file itself.

Run it after ship.py: python -m recipes.nano.graph --into src/genconvit/weights/embedded

The graph is traced without joining its constants, so that they stay the tensors of the state dict. ONNX lets a tensor
lie in another file, at an offset; a safetensors file holds each as it is. They are in fp16 there, so that a node casts
each to fp32: ONNX Runtime and OpenVINO do that once, when they open the file, and join them then. The network is
compared with PyTorch's before the header is written.
"""

import argparse
import hashlib
import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, helper, numpy_helper
from onnxscript import ir, optimizer

from genconvit.core.device import Device
from genconvit.registry import ARCHITECTURES
from genconvit.runtimes.export import _header, _traced
from genconvit.runtimes.header import ExportHeader
from genconvit.runtimes.noise import Traceable
from genconvit.runtimes.onnx_runtime import OnnxRuntimeNetwork
from genconvit.runtimes.parity import check_parity
from genconvit.weights.embedded import embedded
from genconvit.weights.load import load_model
from recipes.nano.ship import NAME

Stored = dict[bytes, tuple[int, int, tuple[int, ...]]]
"""For each fp16 tensor of a weights file, by the hash of its values in fp32: offset, length in bytes, and shape."""

_LEAST_BYTES = 64
"""Bytes of the smallest tensor that is taken from the weights file: smaller ones take as much to describe."""


def main() -> None:
    """Trace, point into the weights, compare, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--into", type=Path, required=True)
    folder: Path = parser.parse_args().into
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    network, header = network_of_shipped()
    model = plain(_traced(network, header, joined=False))
    moved = point_into(model, embedded(NAME).path)
    path = folder / f"{NAME}.onnx"
    path.write_bytes(model.SerializeToString(deterministic=True))
    furthest = check_parity(network, OnnxRuntimeNetwork(path, header, Device("cpu")), header)
    folder.joinpath(f"{NAME}.header.json").write_text(f"{header.model_dump_json(indent=1)}\n", encoding="utf-8")
    print(f"{path}: {path.stat().st_size / 1e6:.2f} MB, {moved / 1e6:.1f} MB of tensors in the weights file")
    print(f"logits differ from PyTorch's by at most {furthest:.1g}")


def network_of_shipped() -> tuple[Traceable, ExportHeader]:
    """The shipped network in PyTorch, and the header of an export of it."""
    name = embedded(NAME).card.architecture
    loaded = load_model(name, ARCHITECTURES.load(name), {}, "embedded")
    network = Traceable(loaded.model.float())
    return network, _header(loaded, name, network, None)


def plain(model: ModelProto) -> ModelProto:
    """A traced network whose shapes are computed, and whose tensors are as they were."""
    graph = ir.from_proto(model)
    optimizer.fold_constants(graph, input_size_limit=_LEAST_BYTES, output_size_limit=1024)
    optimizer.remove_unused_nodes(graph)
    proto = ir.to_proto(graph)
    for part in (proto, proto.graph, *proto.graph.node, *proto.graph.value_info, *proto.functions):
        del part.metadata_props[:]
        part.doc_string = ""
    del proto.graph.value_info[:]
    return proto


def point_into(model: ModelProto, weights: Path) -> int:
    """Let a network's tensors lie in a weights file where it has them, and give their size there in bytes."""
    stored = tensors_of(weights)
    graph, moved, casts = model.graph, 0, list[NodeProto]()
    for tensor in list(graph.initializer):
        found = _found(stored, numpy_helper.to_array(tensor))
        if found is None:
            continue
        (offset, length, shape), turned = found
        graph.initializer.remove(tensor)
        _add_stored(graph, tensor.name, weights.name, offset, length, shape)
        casts += _casts(tensor.name, turned=turned)
        moved += length
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    return moved


def tensors_of(weights: Path) -> Stored:
    """The fp16 tensors of a safetensors file, and where they lie in it."""
    content = weights.read_bytes()
    size = int.from_bytes(content[:8], "little")
    header: dict[str, Any] = json.loads(content[8 : 8 + size])
    found: Stored = {}
    for name, entry in header.items():
        if name == "__metadata__" or entry["dtype"] != "F16":
            continue
        begin, end = (8 + size + each for each in entry["data_offsets"])
        values = np.frombuffer(content[begin:end], np.float16).astype(np.float32)
        shape = tuple(entry["shape"])
        found[_hash(values.reshape(shape))] = (begin, end - begin, shape)
    return found


def _found(stored: Stored, values: "np.ndarray[Any, Any]") -> tuple[tuple[int, int, tuple[int, ...]], bool] | None:
    """The place of a tensor's values, and whether they lie there with their two axes exchanged."""
    if values.dtype != np.float32 or values.nbytes < _LEAST_BYTES:
        return None
    as_it_is = stored.get(_hash(values))
    if as_it_is is not None:
        return as_it_is, False
    turned = stored.get(_hash(values.T)) if values.ndim == 2 else None
    return None if turned is None else (turned, True)


def _hash(values: "np.ndarray[Any, Any]") -> bytes:
    digest = hashlib.sha256(str(values.shape).encode())
    digest.update(np.ascontiguousarray(values).tobytes())
    return digest.digest()


def _add_stored(graph: GraphProto, name: str, location: str, offset: int, length: int, shape: tuple[int, ...]) -> None:
    tensor = TensorProto(name=f"{name}.stored", data_type=TensorProto.FLOAT16, dims=shape)
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", str(offset)), ("length", str(length))):
        tensor.external_data.add(key=key, value=value)
    graph.initializer.append(tensor)


def _casts(name: str, *, turned: bool) -> list[NodeProto]:
    cast = helper.make_node("Cast", [f"{name}.stored"], [f"{name}.fp32" if turned else name], to=TensorProto.FLOAT)
    return [cast, helper.make_node("Transpose", [f"{name}.fp32"], [name], perm=[1, 0])] if turned else [cast]


if __name__ == "__main__":
    main()
