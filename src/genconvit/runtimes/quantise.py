"""An ONNX network in int8: layers of rounded inputs and weights, which ONNX Runtime and OpenVINO run in integers.

Weights are symmetric, one scale for each output channel. They have 7 bits, for processors without VNNI add products in
pairs of 16 bits, where 8 bits overflow; depthwise convolutions, whose few products do not, have 8. Inputs and outputs
have 8 bits and the range with the least squared error. What rounding moves the mean of a channel by is taken off its
bias, as Nagel et al. do ("Data-Free Quantization Through Weight Equalization and Bias Correction", ICCV 2019).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from genconvit.runtimes.layers import Layer, find_layers
from genconvit.runtimes.onnx_network import OnnxNetwork

if TYPE_CHECKING:
    from onnx import GraphProto, NodeProto, TensorProto

    from genconvit.runtimes.header import AnyArray

Floats = npt.NDArray[np.float32]
Feeds = Mapping[str, "AnyArray"]
"""Inputs of a network for one batch, by name."""

_IMAGES = ("Conv", "ConvTranspose")
_SHARES = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3)
"""Shares of the range of a tensor's values, of which the one with the least squared error is taken."""

_VALUES_KEPT = 50_000
_MOST_BYTES_AT_ONCE = 64 << 20
"""Most bytes of rounded weights whose layers are looked at at once, each in a session of its own, in fp32."""

_TINY = 1e-12


@dataclass(frozen=True)
class Rounding:
    """Scale and zero point of a tensor's 8 bits."""

    scale: float
    zero: int

    def apply(self, values: Floats) -> Floats:
        """Round values, and give them as floats again."""
        integers = np.clip(np.round(values / np.float32(self.scale)) + self.zero, 0, 255)
        floats: Floats = ((integers - self.zero) * self.scale).astype(np.float32)
        return floats


@dataclass(frozen=True, eq=False)
class Integers:
    """Rounded weights of a layer.

    Attributes:
        values: int8, in the weights' shape.
        scales: scale of each output channel.
        shape: shape in which the scales multiply the values.
    """

    values: npt.NDArray[np.int8]
    scales: Floats
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Observed:
    """Findings about the layers from running the network over crops.

    Attributes:
        layers: layers, in the network's order.
        roundings: rounding of each tensor, by name.
        weights: rounded weights of the layers, by the weights' name.
        shifts: distance by which rounding moves the mean of each output channel, by the layer's node.
        work: products that a layer adds up for a batch, by its node.
    """

    layers: tuple[Layer, ...]
    roundings: Mapping[str, Rounding]
    weights: Mapping[str, Integers]
    shifts: Mapping[str, Floats]
    work: Mapping[str, float]


def observe(network: OnnxNetwork, batches: Sequence[Feeds]) -> Observed:
    """Run a network over calibration crops, and find what rounding each layer takes and does.

    Args:
        network: network in fp32.
        batches: inputs of the network, at least one batch.
    """
    layers = find_layers(network.model)
    tensors = {each.name: each for each in network.model.graph.initializer}
    roundings = _roundings(network, layers, batches)
    weights = {layer.weight: _integers(layer, network.array(tensors[layer.weight])) for layer in layers}
    shifts: dict[str, Floats] = {}
    work: dict[str, float] = {}
    for group in _groups(layers, weights, _MOST_BYTES_AT_ONCE):
        group_shifts, group_work = _shifts(network, group, roundings, weights, batches)
        shifts |= group_shifts
        work |= group_work
    return Observed(tuple(layers), roundings, weights, shifts, work)


def rounded(network: OnnxNetwork, observed: Observed, layers: Collection[Layer], *, ends: bool) -> OnnxNetwork:
    """Give a network of which some layers are rounded; the others stay in fp32.

    Args:
        network: network in fp32.
        observed: findings about its layers.
        layers: layers to round.
        ends: round what the layers give, too, without which ONNX Runtime has no integer convolutions. Else it is
            rounded where a rounded layer takes it.
    """
    copy = network.copy()
    graph = copy.model.graph
    tensors = {each.name: each for each in network.model.graph.initializer}
    nodes = {node.name: node for node in graph.node}
    given = {layer.end for layer in layers} - {each.name for each in graph.output} if ends else set()
    pairs = {name: _pair(name, observed.roundings[name]) for name in {layer.data for layer in layers} | given}
    weights = {layer.weight: _weights(layer, observed.weights[layer.weight]) for layer in layers}
    constants = [tensor for _, made in (*pairs.values(), *weights.values()) for tensor in made]
    for node in graph.node:
        for place, name in enumerate(node.input):
            if name in given:
                node.input[place] = _dequantised(name)
    for layer in layers:
        node = nodes[layer.node]
        node.input[0], node.input[1] = _dequantised(layer.data), _dequantised(layer.weight)
        bias = network.array(tensors[node.input[2]]) if len(node.input) > 2 and node.input[2] in tensors else None
        constants += _correct_bias(node, bias, observed.shifts[layer.node])
    _insert_pairs(graph, {name: nodes for name, (nodes, _) in pairs.items()}, [node for node, _ in weights.values()])
    used = {name for node in graph.node for name in node.input}
    kept = [each for each in graph.initializer if each.name in used]
    del graph.initializer[:]
    graph.initializer.extend([*kept, *constants])
    return copy


def _captures(network: OnnxNetwork, names: Sequence[str], batches: Iterable[Feeds]) -> Iterator[dict[str, Floats]]:
    """Yield the tensors of these names for each batch."""
    from onnx import ValueInfoProto

    copy = network.copy()
    del copy.model.graph.output[:]
    copy.model.graph.output.extend(ValueInfoProto(name=name) for name in names)
    session = copy.session()
    for feeds in batches:
        yield dict(zip(names, session.run(names, dict(feeds)), strict=True))


def _roundings(network: OnnxNetwork, layers: Iterable[Layer], batches: Sequence[Feeds]) -> dict[str, Rounding]:
    names = list(dict.fromkeys(name for layer in layers for name in (layer.data, layer.end)))
    generator = np.random.default_rng(0)
    most = max(_VALUES_KEPT // len(batches), 1)
    ranges = dict.fromkeys(names, (0.0, 0.0))
    kept: dict[str, list[Floats]] = {name: [] for name in names}
    for captured in _captures(network, names, batches):
        for name, values in captured.items():
            flat, (low, high) = values.ravel(), ranges[name]
            ranges[name] = min(low, float(flat.min())), max(high, float(flat.max()))
            kept[name].append(flat if flat.size <= most else flat[generator.integers(0, flat.size, most)])
    return {name: _rounding(*ranges[name], np.concatenate(kept[name])) for name in names}


def _rounding(low: float, high: float, values: Floats) -> Rounding:
    """The rounding with the least squared error, of those that cover a share of a range that holds zero."""
    tried = []
    for share in _SHARES:
        scale = max((high - low) * share / 255, _TINY)
        rounding = Rounding(scale, int(np.clip(round(-low * share / scale), 0, 255)))
        tried.append((float(np.square(rounding.apply(values) - values).mean()), rounding))
    return min(tried, key=lambda each: each[0])[1]


def _groups(layers: Iterable[Layer], weights: Mapping[str, Integers], most_bytes: int) -> Iterator[list[Layer]]:
    """Yield layers in groups, whose rounded weights have so many bytes together at most, or are one layer's."""
    group: list[Layer] = []
    taken = 0
    for layer in layers:
        size = weights[layer.weight].values.nbytes
        if group and taken + size > most_bytes:
            yield group
            group, taken = [], 0
        group.append(layer)
        taken += size
    if group:
        yield group


def _shifts(
    network: OnnxNetwork,
    layers: Sequence[Layer],
    roundings: Mapping[str, Rounding],
    weights: Mapping[str, Integers],
    batches: Sequence[Feeds],
) -> tuple[dict[str, Floats], dict[str, float]]:
    """For each layer, how rounding it alone moves the mean of its channels, and the products that it adds up."""
    names = list(dict.fromkeys(name for layer in layers for name in (layer.data, layer.output)))
    alone = {layer.node: _alone(network, layer, weights[layer.weight]).session(repack=False) for layer in layers}
    shifts: dict[str, list[Floats]] = {layer.node: [] for layer in layers}
    work: dict[str, float] = {}
    for captured in _captures(network, names, batches):
        for layer in layers:
            wanted = captured[layer.output]
            inputs = {layer.data: roundings[layer.data].apply(captured[layer.data])}
            (found,) = alone[layer.node].run([layer.output], inputs)
            channel = 1 if layer.kind in _IMAGES else wanted.ndim - 1
            others = tuple(axis for axis in range(wanted.ndim) if axis != channel)
            shifts[layer.node].append((found - wanted).mean(axis=others, dtype=np.float64).astype(np.float32))
            work[layer.node] = float(wanted.size) * layer.products
    return {node: np.mean(each, axis=0) for node, each in shifts.items()}, work


def _alone(network: OnnxNetwork, layer: Layer, weights: Integers) -> OnnxNetwork:
    """A network of one layer, with rounded weights."""
    from onnx import TensorProto, helper, numpy_helper

    model = network.model
    node = next(each for each in model.graph.node if each.name == layer.node)
    tensors = {each.name: each for each in model.graph.initializer}
    weight = numpy_helper.from_array(weights.values * weights.scales.reshape(weights.shape), layer.weight)
    constants = [weight, *(tensors[name] for name in node.input[2:] if name)]
    graph = helper.make_graph(
        [node],
        "layer",
        [helper.make_tensor_value_info(layer.data, TensorProto.FLOAT, None)],
        [helper.make_tensor_value_info(layer.output, TensorProto.FLOAT, None)],
        constants,
    )
    alone = helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)
    return replace(network, model=alone)


def _integers(layer: Layer, weight: Floats) -> Integers:
    others = tuple(axis for axis in range(weight.ndim) if axis != layer.axis)
    scales = np.maximum(np.abs(weight).max(axis=others) / layer.levels, _TINY).astype(np.float32)
    shape = tuple(-1 if axis == layer.axis else 1 for axis in range(weight.ndim))
    integers = np.round(weight / scales.reshape(shape)).clip(-layer.levels, layer.levels)
    return Integers(integers.astype(np.int8), scales, shape)


def _dequantised(name: str) -> str:
    return f"{name}_dequantised"


def _pair(name: str, rounding: Rounding) -> tuple[list[NodeProto], list[TensorProto]]:
    """The operators that round a tensor, and their constants."""
    from onnx import helper, numpy_helper

    scale, zero, integers = f"{name}_scale", f"{name}_zero", f"{name}_quantised"
    made = [
        numpy_helper.from_array(np.array(rounding.scale, np.float32), scale),
        numpy_helper.from_array(np.array(rounding.zero, np.uint8), zero),
    ]
    nodes = [
        helper.make_node("QuantizeLinear", [name, scale, zero], [integers]),
        helper.make_node("DequantizeLinear", [integers, scale, zero], [_dequantised(name)]),
    ]
    return nodes, made


def _weights(layer: Layer, weights: Integers) -> tuple[NodeProto, list[TensorProto]]:
    """The operator that gives rounded weights, and its constants."""
    from onnx import helper, numpy_helper

    names = [f"{layer.weight}_{part}" for part in ("quantised", "scale", "zero")]
    values: list[npt.NDArray[Any]] = [weights.values, weights.scales, np.zeros(len(weights.scales), np.int8)]
    node = helper.make_node("DequantizeLinear", names, [_dequantised(layer.weight)], axis=layer.axis)
    return node, [numpy_helper.from_array(value, name) for value, name in zip(values, names, strict=True)]


def _correct_bias(node: NodeProto, bias: Floats | None, shift: Floats) -> list[TensorProto]:
    """Take a shift of the channels' means off an operator's bias; a MatMul has none."""
    from onnx import numpy_helper

    if node.op_type == "MatMul":
        return []
    name = f"{node.output[0]}_bias"
    before = np.zeros_like(shift) if bias is None else bias.reshape(-1)
    del node.input[2:]
    node.input.append(name)
    return [numpy_helper.from_array((before - shift).astype(np.float32), name)]


def _insert_pairs(graph: GraphProto, pairs: Mapping[str, Sequence[NodeProto]], first: Sequence[NodeProto]) -> None:
    """Put the operators that round tensors behind those that give them, and others before all."""
    nodes = list(graph.node)
    del graph.node[:]
    graph.node.extend(first)
    given = {name for node in nodes for name in node.output}
    for name, pair in pairs.items():
        if name not in given:  # an input of the network
            graph.node.extend(pair)
    for node in nodes:
        graph.node.append(node)
        for name in node.output:
            graph.node.extend(pairs.get(name, ()))
