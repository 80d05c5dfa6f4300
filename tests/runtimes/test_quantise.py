from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from genconvit.runtimes import quantise
from genconvit.runtimes.layers import find_layers
from genconvit.runtimes.onnx_network import OnnxNetwork
from genconvit.runtimes.quantise import Observed, observe, rounded

pytest.importorskip("onnx", reason="the extra onnx is not installed")

CHANNELS = 8


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> OnnxNetwork:
    """A convolution, a depthwise one with its clipping, a pooled matrix product and a Gemm."""
    from onnx import TensorProto, helper, numpy_helper

    random = np.random.default_rng(0)
    weights = {
        "wide": random.normal(size=(CHANNELS, 3, 3, 3)),
        "bias": random.normal(size=CHANNELS),
        "deep": random.normal(size=(CHANNELS, 1, 3, 3)),
        "product": random.normal(size=(CHANNELS, 4)),
        "last": random.normal(size=(2, 4)),
        "lowest": np.array(0.0),
        "highest": np.array(6.0),
    }
    nodes = [
        helper.make_node("Conv", ["x", "wide", "bias"], ["a"], name="wide", pads=[1, 1, 1, 1]),
        helper.make_node("Conv", ["a", "deep"], ["b"], name="deep", group=CHANNELS, pads=[1, 1, 1, 1]),
        helper.make_node("Clip", ["b", "lowest", "highest"], ["c"], name="clip"),
        helper.make_node("GlobalAveragePool", ["c"], ["d"], name="pool"),
        helper.make_node("Flatten", ["d"], ["e"], name="flat"),
        helper.make_node("MatMul", ["e", "product"], ["f"], name="product"),
        helper.make_node("Gemm", ["f", "last"], ["y"], name="last", transB=1),
    ]
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 3, 16, 16])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 2])],
        [numpy_helper.from_array(value.astype(np.float32), name) for name, value in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    return OnnxNetwork(model, tmp_path_factory.mktemp("nothing"))


def batches(count: int, seed: int = 0) -> list[dict[str, Any]]:
    random = np.random.default_rng(seed)
    return [{"x": random.normal(size=(4, 3, 16, 16)).astype(np.float32)} for _ in range(count)]


@pytest.fixture(scope="module")
def observed(network: OnnxNetwork) -> Observed:
    return observe(network, batches(8))


def outputs(network: OnnxNetwork, seed: int = 1) -> Any:
    session = network.session()
    return np.concatenate([session.run(["y"], feeds)[0] for feeds in batches(16, seed)])


@pytest.mark.parametrize("most_bytes", [1, 40])
def test_a_few_layers_at_once_are_seen_as_all_are(
    network: OnnxNetwork, observed: Observed, monkeypatch: pytest.MonkeyPatch, most_bytes: int
) -> None:
    monkeypatch.setattr(quantise, "_MOST_BYTES_AT_ONCE", most_bytes)
    found = observe(network, batches(8))
    assert found.work == observed.work
    assert found.shifts.keys() == observed.shifts.keys()
    for name, shift in observed.shifts.items():
        assert np.array_equal(found.shifts[name], shift)


def test_layers_are_grouped_by_the_bytes_of_their_weights(observed: Observed) -> None:
    def groups(most_bytes: int) -> list[list[str]]:
        return [
            [layer.node for layer in group] for group in quantise._groups(observed.layers, observed.weights, most_bytes)
        ]

    assert groups(1) == [["wide"], ["deep"], ["product"], ["last"]]
    assert groups(110) == [["wide"], ["deep", "product"], ["last"]]
    assert groups(1000) == [["wide", "deep", "product", "last"]]


def test_layers_are_those_with_constant_weights(network: OnnxNetwork) -> None:
    found = {layer.node: layer for layer in find_layers(network.model)}
    assert list(found) == ["wide", "deep", "product", "last"]
    assert [layer.products for layer in found.values()] == [27, 9, 8, 4]
    assert [layer.levels for layer in found.values()] == [63, 127, 63, 63]
    assert (found["deep"].output, found["deep"].end) == ("b", "c")


@pytest.mark.parametrize("ends", [False, True])
def test_a_rounded_network_stays_near(network: OnnxNetwork, observed: Observed, ends: bool) -> None:
    wanted, found = outputs(network), outputs(rounded(network, observed, observed.layers, ends=ends))
    assert 0 < np.abs(found - wanted).max() < 0.1 * np.abs(wanted).max()


def test_weights_are_kept_as_bytes(network: OnnxNetwork, observed: Observed) -> None:
    made = rounded(network, observed, observed.layers, ends=False)
    kept = {each.name: each for each in made.model.graph.initializer}
    assert kept["wide_quantised"].data_type == 3  # int8
    assert "wide" not in kept


def test_some_layers_can_stay_in_fp32(network: OnnxNetwork, observed: Observed) -> None:
    made = rounded(network, observed, observed.layers[:1], ends=False)
    assert {"wide_quantised", "deep", "product", "last"} <= {each.name for each in made.model.graph.initializer}
    assert not np.array_equal(outputs(made), outputs(network))
    assert np.array_equal(outputs(rounded(network, observed, [], ends=False)), outputs(network))


def test_rounding_does_not_move_the_mean(network: OnnxNetwork, observed: Observed) -> None:
    wide = observed.layers[0]
    assert np.abs(observed.shifts["wide"]).max() > 0
    with_bias = rounded(network, observed, [wide], ends=False)
    nothing = replace(observed, shifts={"wide": np.zeros(CHANNELS, np.float32)})
    without = rounded(network, nothing, [wide], ends=False)
    wanted = means(network)
    assert np.abs(means(with_bias) - wanted).max() < 0.5 * np.abs(means(without) - wanted).max()


def means(network: OnnxNetwork) -> Any:
    from onnx import ValueInfoProto

    shown = network.copy()
    shown.model.graph.output.append(ValueInfoProto(name="a"))
    session = shown.session()
    return np.mean([session.run(["a"], feeds)[0].mean(axis=(0, 2, 3)) for feeds in batches(8)], axis=0)
