from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from genconvit import Detector
from genconvit.core.errors import ConfigError
from genconvit.results.provenance import Quantisation
from genconvit.runtimes import int8
from genconvit.runtimes.describe import describe_exported
from genconvit.runtimes.export import Written, export_model
from genconvit.runtimes.exported import read_exported
from genconvit.runtimes.header import ExportHeader
from genconvit.runtimes.int8 import check_input, quantised
from genconvit.runtimes.int8_crops import Int8Crops
from genconvit.runtimes.int8_options import Int8Options
from genconvit.runtimes.onnx_network import OnnxNetwork, folded
from genconvit.settings import DetectorConfig
from genconvit.weights.load import LoadedModel

from .conftest import OPTIONS

Traced = Callable[[], LoadedModel]


@pytest.fixture(scope="module")
def crops_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of twelve crops of random pixels."""
    folder = tmp_path_factory.mktemp("crops")
    random = np.random.default_rng(0)
    for number in range(12):
        Image.fromarray(random.integers(0, 256, (64, 64, 3), np.uint8)).save(folder / f"{number:02}.png")
    return folder


@pytest.fixture(params=["onnx", "openvino"])
def written(request: pytest.FixtureRequest, traced: Traced, crops_folder: Path, tmp_path: Path) -> Written:
    """The small network in int8, in each format."""
    form = request.param
    if form == "openvino":
        pytest.importorskip("openvino", reason="the extra openvino is not installed")
    path = tmp_path / ("tiny.onnx" if form == "onnx" else "tiny.xml")
    return export_model(traced(), "timm", path, file_format=form, int8=Int8Options(str(crops_folder), 0.2))


def test_an_exported_file_in_int8_says_what_it_changes(written: Written, crops_folder: Path) -> None:
    (path, *_), found = written.files, written.quantisation
    assert found is not None
    assert found.measured_on == 6
    assert (found.layers, found.layers_in_fp32) == (16, 0)
    assert 0 < found.mean_change <= found.max_change <= found.max_change_allowed == 0.2
    assert found.crops == crops_folder.name
    header = read_exported(path).header
    assert (header.precision, header.quantisation) == ("int8", found)
    assert found.summary in list(describe_exported(path))
    assert written.bytes < 800_000  # half of what it has in fp32
    assert [each.name for each in sorted(path.parent.iterdir())] == sorted(each.name for each in written.files)


def test_a_detector_runs_int8_and_says_so(written: Written) -> None:
    faces = np.random.default_rng(1).integers(0, 256, (5, 64, 64, 3), np.uint8)
    with Detector("timm", weights="random", device="cpu", face_detector="mtcnn", **OPTIONS) as inside:
        wanted = inside.score_faces(faces).fake_probability
    with Detector(weights=written.files[0], device="cpu", face_detector="mtcnn") as outside:
        found = outside.score_faces(faces).fake_probability
        provenance = outside._open().parts.provenance
    assert 0 < np.abs(found - wanted).max() < 0.2
    assert (provenance.precision, provenance.quantisation) == ("int8", written.quantisation)
    with pytest.raises(ConfigError, match=r"computes in int8, got precision 'fp32'; leave precision out"):
        Detector(weights=written.files[0], device="cpu", face_detector="mtcnn", precision="fp32")


def test_a_change_above_the_bound_is_refused_and_nothing_is_written(
    traced: Traced, crops_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(int8, "_SHARE_OF_BOUND", 1e9)
    with pytest.raises(ConfigError, match=r"changes a fake probability by up to \S+ on crops .* 1e-07 is allowed"):
        export_model(
            traced(), "timm", tmp_path / "t.onnx", file_format="onnx", int8=Int8Options(str(crops_folder), 1e-7)
        )
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def crops() -> Int8Crops:
    """Crops of random pixels."""
    images = np.random.default_rng(0).integers(0, 256, (16, 64, 64, 3), np.uint8)
    return Int8Crops(images[:8], images[8:], "random", "0" * 64)


@pytest.fixture
def source(onnx_path: Path, tmp_path: Path) -> OnnxNetwork:
    """The small network, folded."""
    return folded(onnx_path, tmp_path)


def test_no_layer_within_the_bound_is_an_error(
    onnx_path: Path, source: OnnxNetwork, crops: Int8Crops, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(int8, "_most", lambda *_: 0)
    with pytest.raises(ConfigError, match=r"no part of the network can be rounded .* by more than 1e-09; allow more"):
        quantised(source, read_exported(onnx_path).header, crops, max_change=1e-9, ends=True)


def test_layers_that_change_the_scores_most_stay_in_fp32(
    onnx_path: Path, source: OnnxNetwork, crops: Int8Crops
) -> None:
    header = read_exported(onnx_path).header
    batches = int8._batches(header, crops)
    before = int8._scores(source, header, batches)

    def change(network: OnnxNetwork) -> float:
        return float(np.abs(int8._scores(network, header, batches) - before).max())

    every = quantised(source, header, crops, max_change=1, ends=True)
    bound = change(every.network)
    some = quantised(source, header, crops, max_change=bound, ends=True)
    assert every.layers == some.layers + some.layers_in_fp32 == 16
    assert 0 < some.layers < 16
    assert change(some.network) <= bound * int8._SHARE_OF_BOUND


@pytest.mark.parametrize("fitting", range(6))
def test_the_largest_number_that_fits_is_found(fitting: int) -> None:
    assert int8._most(5, lambda count: count <= fitting) == fitting


def test_a_network_without_layers_is_an_error(onnx_path: Path, source: OnnxNetwork, crops: Int8Crops) -> None:
    from onnx import helper

    header = read_exported(onnx_path).header
    nothing = source.copy()
    graph = nothing.model.graph
    del graph.node[:], graph.initializer[:]
    graph.node.append(helper.make_node("Cast", ["crops"], ["timm"], name="cast", to=1))
    with pytest.raises(ConfigError, match=r"'timm' has no convolution and no matrix product with constant weights"):
        quantised(nothing, header, crops, max_change=0.5, ends=True)


def test_clips_are_an_error(onnx_path: Path) -> None:
    header = read_exported(onnx_path).header.model_copy(update={"input_shape": (4, 64, 64, 3)})
    with pytest.raises(ConfigError, match=r"sees clips of 4 faces, and int8 is fitted to single faces; use precision="):
        check_input(header)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"precision": "int8", "runtime": "torch"},
            r"the runtimes 'onnxruntime' and 'openvino', got runtime 'torch'",
        ),
        ({"int8_crops": "faces"}, r"are for precision 'int8', got precision 'auto'; leave them out, or use precision="),
        ({"int8_max_change": 0.1, "precision": "fp32"}, r"are for precision 'int8', got precision 'fp32'"),
        ({"int8_max_change": 0, "precision": "int8"}, r"int8_max_change=0: Input should be greater than 0"),
    ],
)
def test_options_that_change_nothing_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        DetectorConfig.from_options("timm", weights="random", **options)


def test_an_exported_file_takes_no_options_of_int8(onnx_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"computes in fp32, got precision 'int8'"):
        Detector(weights=onnx_path, device="cpu", face_detector="mtcnn", precision="int8")
    with pytest.raises(ConfigError, match=r"exported already, so int8_crops and int8_max_change change nothing"):
        Detector(weights=onnx_path, device="cpu", face_detector="mtcnn", precision="int8", int8_max_change=0.1)


FOUND = Quantisation(
    crops="faces",
    crops_sha256="0" * 64,
    measured_on=4,
    layers=2,
    layers_in_fp32=0,
    max_change=0.01,
    mean_change=0.005,
    rank_correlation=None,
    changed_labels=0,
    max_change_allowed=0.05,
)


@pytest.mark.parametrize(
    ("field", "value"),
    [("max_change", 2), ("crops_sha256", "x"), ("layers", 0), ("rank_correlation", 3), ("crops", "x" * 300)],
)
def test_a_header_with_impossible_numbers_is_refused(onnx_path: Path, field: str, value: object) -> None:
    held = read_exported(onnx_path).header.model_dump(mode="json")
    said = {**FOUND.model_dump(mode="json"), field: value}
    with pytest.raises(ValidationError, match=field):
        ExportHeader.model_validate({**held, "precision": "int8", "quantisation": said})


def test_a_header_of_int8_says_what_it_changes(onnx_path: Path) -> None:
    held = read_exported(onnx_path).header.model_dump(mode="json")
    for precision, said in (("int8", None), ("fp32", FOUND.model_dump(mode="json"))):
        with pytest.raises(ValidationError, match="does not go with quantisation"):
            ExportHeader.model_validate({**held, "precision": precision, "quantisation": said})
