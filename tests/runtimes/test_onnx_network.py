from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genconvit.runtimes.layers import find_layers
from genconvit.runtimes.onnx_network import LARGE_BYTES, OnnxNetwork, folded
from genconvit.runtimes.quantise import observe, rounded

pytest.importorskip("onnx", reason="the extra onnx is not installed")

WIDE = LARGE_BYTES // 64
IMAGES = np.random.default_rng(1).normal(size=(2, 3, 4, 4)).astype(np.float32)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A convolution, its normalisation, and a product with a large tensor, as a file."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    ones = {name: np.full(2, 2, np.float32) for name in ("scale", "shift", "mean", "var")}
    random = np.random.default_rng(0)
    weights = {
        **ones,
        "w": random.normal(size=(2, 3, 1, 1)).astype(np.float32),
        "large": random.normal(size=(32, WIDE)).astype(np.float32),
    }
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"], name="conv"),
        helper.make_node("BatchNormalization", ["a", *ones], ["b"], name="norm"),
        helper.make_node("Flatten", ["b"], ["c"], name="flat"),
        helper.make_node("MatMul", ["c", "large"], ["y"], name="product"),
    ]
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 3, 4, 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", WIDE])],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    path = tmp_path_factory.mktemp("source") / "small.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), path)
    return path


@pytest.fixture
def network(source: Path, tmp_path: Path) -> OnnxNetwork:
    return folded(source, tmp_path)


def outputs(network: OnnxNetwork) -> Any:
    return network.session().run(["y"], {"x": IMAGES})[0]


def test_normalisations_are_folded_into_convolutions(network: OnnxNetwork, source: Path) -> None:
    import onnx

    assert [node.op_type for node in network.model.graph.node] == ["Conv", "Flatten", "MatMul"]
    unfolded = OnnxNetwork(onnx.load(source), source.parent)
    np.testing.assert_allclose(outputs(network), outputs(unfolded), rtol=1e-5, atol=1e-5)


def test_large_tensors_stay_in_the_file(network: OnnxNetwork, source: Path) -> None:
    assert network.model.ByteSize() < LARGE_BYTES < source.stat().st_size
    assert network.copy().model.ByteSize() == network.model.ByteSize()
    large = next(each for each in network.model.graph.initializer if each.name == "large")
    assert network.array(large).shape == (32, WIDE)


@pytest.mark.parametrize("repack", [True, False])
def test_a_session_gives_the_same_with_weights_repacked_or_not(network: OnnxNetwork, repack: bool) -> None:
    found = network.session(repack=repack).run(["y"], {"x": IMAGES})[0]
    np.testing.assert_allclose(found, outputs(network), rtol=1e-5, atol=1e-5)


def test_the_whole_network_needs_no_file(network: OnnxNetwork) -> None:
    wanted, whole = outputs(network), network.whole()
    (network.folder / "folded.onnx.data").unlink()
    assert np.array_equal(outputs(OnnxNetwork(whole, network.folder)), wanted)
    with pytest.raises(Exception, match=r"folded\.onnx\.data"):
        network.session()


def test_large_tensors_are_rounded(network: OnnxNetwork) -> None:
    observed = observe(network, [{"x": IMAGES}])
    made = rounded(network, observed, find_layers(network.model), ends=False)
    kept = {each.name for each in made.model.graph.initializer}
    assert "large_quantised" in kept
    assert "large" not in kept
    wanted = outputs(network)
    assert 0 < np.abs(outputs(made) - wanted).max() < 0.1 * np.abs(wanted).max()
