"""The layers of an ONNX network that can be rounded to int8: operators with constant weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto

_CHANNEL_OF_WEIGHTS = {"Conv": 0, "ConvTranspose": 1, "MatMul": 1}
_ACTIVATIONS = ("Clip", "Relu")
"""Operators that both runtimes take into the rounding of what they give."""


@dataclass(frozen=True)
class Layer:
    """A layer that can be rounded: an operator with constant weights.

    Attributes:
        node: name of the operator.
        kind: type of the operator.
        data: name of its input.
        weight: name of its weights.
        output: name of its output.
        end: name of the output after the activation that follows, or ``output`` where none does.
        axis: axis of the output channels in the weights.
        products: products that it adds up for each value of its output.
        depthwise: true where each channel is convolved by itself.
    """

    node: str
    kind: str
    data: str
    weight: str
    output: str
    end: str
    axis: int
    products: int
    depthwise: bool

    @property
    def levels(self) -> int:
        """Largest integer of the weights."""
        return 127 if self.depthwise else 63


def find_layers(model: ModelProto) -> list[Layer]:
    """List the layers of a network that can be rounded, in its order."""
    weights = {each.name: each for each in model.graph.initializer}
    readers: dict[str, list[NodeProto]] = {}
    for node in model.graph.node:
        for name in node.input:
            readers.setdefault(name, []).append(node)
    outputs = {each.name for each in model.graph.output}
    found = []
    for node in model.graph.node:
        weight = weights.get(node.input[1]) if len(node.input) > 1 else None
        axis = _channel_axis(node)
        if weight is None or axis is None or weight.data_type != 1 or len(weight.dims) < 2:
            continue
        if node.op_type == "MatMul" and len(weight.dims) != 2:
            continue
        (output,) = node.output
        after = readers.get(output, [])
        followed = len(after) == 1 and after[0].op_type in _ACTIVATIONS and output not in outputs
        depthwise = node.op_type == "Conv" and weight.dims[1] == 1 < weight.dims[0]
        end = after[0].output[0] if followed else output
        products = int(np.prod(weight.dims)) // weight.dims[axis]
        found.append(Layer(node.name, node.op_type, node.input[0], weight.name, output, end, axis, products, depthwise))
    return found


def _channel_axis(node: NodeProto) -> int | None:
    """The axis of the output channels in an operator's weights; None where it cannot be rounded."""
    if node.op_type != "Gemm":
        groups = [each.i for each in node.attribute if each.name == "group"]
        if node.op_type == "ConvTranspose" and groups not in ([], [1]):
            return None
        return _CHANNEL_OF_WEIGHTS.get(node.op_type)
    given = {each.name: each.f if each.name in ("alpha", "beta") else each.i for each in node.attribute}
    if given.get("transA") or given.get("alpha", 1) != 1 or given.get("beta", 1) != 1:
        return None
    return 0 if given.get("transB") else 1
