from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genconvit import Detector
from genconvit.core.errors import ConfigError, WeightsError
from genconvit.runtimes import header as headers
from genconvit.runtimes.describe import describe_exported
from genconvit.runtimes.export import export_model
from genconvit.runtimes.exported import read_exported
from genconvit.runtimes.onnx_file import data_beside
from genconvit.settings import DetectorConfig
from genconvit.weights.load import LoadedModel

from .conftest import OPTIONS


def detector(path: Path, **options: Any) -> Detector:
    return Detector(weights=path, device="cpu", face_detector="mtcnn", **options)


def changed(path: Path, target: Path, change: Callable[[Any], None]) -> Path:
    """Write a copy of an ONNX file with something changed in it."""
    import onnx

    model = onnx.load(path, load_external_data=False)
    change(model)
    target.write_bytes(model.SerializeToString())
    return target


def test_a_detector_runs_an_exported_file_and_says_so(exported: Path) -> None:
    faces = np.random.default_rng(0).integers(0, 256, (20, 64, 64, 3), np.uint8)
    with Detector("timm", weights="random", device="cpu", face_detector="mtcnn", precision="fp32", **OPTIONS) as inside:
        wanted = inside.score_faces(faces).logits["timm"]
    with detector(exported) as outside:
        found = outside.score_faces(faces).logits["timm"]
        provenance = outside._open().parts.provenance
        with pytest.raises(
            ConfigError, match=r"the network runs in o.*, so there is no model in PyTorch; use runtime="
        ):
            _ = outside.model
    assert np.allclose(found, wanted, atol=1e-5, rtol=0)
    runtime = "onnxruntime" if exported.suffix == ".onnx" else "openvino"
    assert provenance.architecture == "timm"
    assert provenance.config["image_size"] == 64
    assert (provenance.runtime, provenance.precision) == (runtime, "fp32")
    assert f"fp32 on cpu by {runtime} {provenance.runtime_version}" in provenance.summary
    assert provenance.weights.exported
    assert not provenance.weights.trained
    assert provenance.weights.files[0].name == exported.name


def test_the_config_names_the_architecture_of_the_file(onnx_path: Path) -> None:
    assert DetectorConfig.model_validate({"weights": str(onnx_path)}).architecture == "timm"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"architecture": "v2"}, r"exported with another config: got architecture='v2' instead of 'timm'"),
        ({"image_size": 96}, r"exported with another config: got image_size=96 instead of 64; leave this out, or exp"),
        ({"runtime": "openvino"}, r"runs in onnxruntime, not in 'openvino'; leave runtime \(--runtime\) out"),
        ({"runtime": "torch"}, r"runs in onnxruntime, not in 'torch'"),
        ({"precision": "bf16"}, r"computes in fp32, got precision 'bf16'; leave precision out \(--precision\), or"),
        ({"compile": True}, r"compile and cuda_graphs are for runtime 'torch'; leave them out \(--no-compile\)"),
    ],
)
def test_options_that_the_file_cannot_have_are_refused(onnx_path: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises((ConfigError, WeightsError), match=message):
        detector(onnx_path, **options)


def test_the_same_options_are_taken(onnx_path: Path) -> None:
    with detector(onnx_path, architecture="timm", runtime="auto", precision="fp32", **OPTIONS) as same:
        assert same._open().parts.provenance.runtime == "onnxruntime"


def test_a_file_may_not_claim_the_librarys_own_weights(onnx_path: Path, tmp_path: Path) -> None:
    text = read_exported(onnx_path).header.model_dump_json()
    claimed = text.replace('"origin":"random"', '"origin":"embedded"')
    assert claimed != text

    def claim(model: Any) -> None:
        model.metadata_props[0].value = claimed

    with detector(changed(onnx_path, tmp_path / "claims.onnx", claim)) as opened:
        assert opened.weights.origin == "file"


def _no_header(model: Any) -> None:
    del model.metadata_props[:]


def _strange_header(model: Any) -> None:
    model.metadata_props[0].value = '{"format": 9}'


def _long_header(model: Any) -> None:
    model.metadata_props[0].value += " " * headers.MOST_HEADER_BYTES


def _strange_operator(model: Any) -> None:
    model.graph.node[0].domain = "somebody.else"


def _other_branches(model: Any) -> None:
    model.metadata_props[0].value = model.metadata_props[0].value.replace('["timm"]', '["other"]')


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_no_header, "does not say which model it holds"),
        (_strange_header, "its header is none that this version can read: "),
        (_long_header, "its header has more than 4 MiB"),
        (_strange_operator, "has operators of somebody.else, which no export writes"),
        (_other_branches, "does not take or give what its header says"),
    ],
)
def test_a_file_that_is_not_as_it_was_exported_is_refused(
    onnx_path: Path, tmp_path: Path, change: Callable[[Any], None], message: str
) -> None:
    with pytest.raises(WeightsError, match=message):
        detector(changed(onnx_path, tmp_path / "changed.onnx", change))


@pytest.mark.parametrize("suffix", [".onnx", ".xml"])
@pytest.mark.parametrize("content", [b"", b"no network", b"<net name='a'/>" * 10])
def test_other_files_are_refused(tmp_path: Path, suffix: str, content: bytes) -> None:
    path = tmp_path / f"other{suffix}"
    if suffix == ".xml":
        pytest.importorskip("openvino", reason="the extra openvino is not installed")
        path.with_suffix(".bin").write_bytes(content)
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=f"other{suffix}"):
        detector(path)


def test_a_file_cut_short_is_refused(exported: Path, tmp_path: Path) -> None:
    path = tmp_path / exported.name
    path.write_bytes(exported.read_bytes()[:-1000])
    if exported.suffix == ".xml":
        shutil.copy(exported.with_suffix(".bin"), tmp_path)
    with pytest.raises(WeightsError, match=str(path)):
        detector(path)


def test_it_is_described_in_lines(exported: Path) -> None:
    lines = list(describe_exported(exported))
    runtime = "onnxruntime" if exported.suffix == ".onnx" else "openvino"
    assert lines[0].startswith(str(exported))
    assert f": for {runtime}, fp32, 1.5 MB" in lines[0]
    assert "trained: no" in lines
    assert "takes uint8 [N, 64, 64, 3], gives logits of timm" in lines


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"none\.onnx' cannot be read \(No such file or directory\)"):
        detector(tmp_path / "none.onnx")


def test_openvinos_data_belong_to_the_file(xml_path: Path, tmp_path: Path) -> None:
    path = tmp_path / "alone.xml"
    shutil.copy(xml_path, path)
    with pytest.raises(WeightsError, match=r"alone\.bin does not exist, or is no file; copy both files"):
        detector(path)
    path.with_suffix(".bin").symlink_to(xml_path.with_suffix(".bin"))
    with pytest.raises(WeightsError, match=r"alone\.bin, the data of alone\.xml, is a link"):
        detector(path)


@pytest.fixture
def large(traced: Callable[[], LoadedModel], tmp_path: Path) -> Path:
    """An exported file whose tensors lie beside it."""
    path = tmp_path / "large.onnx"
    export_model(traced(), "timm", path, file_format="onnx", most_bytes_inside=1000)
    return path


def test_data_beside_the_file_are_read(large: Path) -> None:
    with detector(large) as opened:
        assert len(opened.score_faces(np.zeros((3, 64, 64, 3), np.uint8))) == 3


@pytest.mark.parametrize("location", ["../large.onnx.data", "/etc/passwd", "folder/data", "", "other.data"])
def test_data_elsewhere_are_refused(large: Path, location: str) -> None:
    large.with_name("other.data").write_bytes(data_beside(large).read_bytes())

    def move(model: Any) -> None:
        for tensor in model.graph.initializer:
            for entry in tensor.external_data:
                if entry.key == "location":
                    entry.value = location

    with pytest.raises(WeightsError, match=r"takes data from '.*'; only 'large\.onnx\.data' beside it is read"):
        detector(changed(large, large, move))


def test_data_of_a_constant_inside_a_branch_are_refused_too(onnx_path: Path, tmp_path: Path) -> None:
    import onnx

    def hide(model: Any) -> None:
        tensor = onnx.TensorProto(data_type=1, dims=[1], data_location=onnx.TensorProto.EXTERNAL)
        tensor.external_data.add(key="location", value="/etc/passwd")
        inner = onnx.helper.make_node("Constant", [], ["x"], value=tensor)
        graph = onnx.helper.make_graph([inner], "then", [], [])
        model.graph.node.append(onnx.helper.make_node("If", ["y"], ["z"], then_branch=graph, else_branch=graph))

    with pytest.raises(WeightsError, match="takes data from '/etc/passwd'"):
        detector(changed(onnx_path, tmp_path / "hidden.onnx", hide))


@pytest.mark.parametrize("state", ["a link", "gone"])
def test_data_that_are_a_link_or_gone_are_refused(large: Path, state: str) -> None:
    data = data_beside(large)
    moved = data.rename(data.with_name("moved"))
    if state == "a link":
        data.symlink_to(moved)
    with pytest.raises(
        WeightsError, match=r"which large\.onnx takes data from, (is a link|does not exist); copy it with"
    ):
        detector(large)
