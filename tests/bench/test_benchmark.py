from __future__ import annotations

from pathlib import Path

import pytest
import torch

from genconvit.bench.bench_result import BenchResult
from genconvit.bench.benchmark import run_bench
from genconvit.bench.floor import backbone_calls
from genconvit.core.device import Precision
from genconvit.core.errors import ConfigError
from genconvit.models.base import ArchitectureConfig
from genconvit.models.generative import SIZES
from genconvit.models.original import OriginalConfig
from genconvit.pipeline.scorer import Scorer
from genconvit.pipeline.torch_network import TorchNetwork
from genconvit.registry import ARCHITECTURES
from genconvit.runtimes.choice import Runtime
from genconvit.runtimes.export import export_weights
from genconvit.settings import DetectorConfig
from stages import Brightness

CPU = torch.device("cpu")


def test_an_architecture_of_another_family_has_no_floor() -> None:
    config = ArchitectureConfig(mode="any")
    scorer = Scorer(TorchNetwork(Brightness(config), device=CPU, precision="fp32"))
    assert backbone_calls(scorer, config, [3]) is None


class Bare(torch.nn.Module):
    """Stands in for a network of timm's and notes its batches."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[int, int]] = []

    def forward(self, images: torch.Tensor) -> None:
        self.calls.append((images.shape[0], images.shape[-1]))


@pytest.mark.parametrize(
    ("options", "name", "calls"),
    [
        ({"mode": "ed"}, "convnext_tiny", [(8, 224), (4, 224), (2, 224)]),
        (
            {"size": "nano"},
            SIZES["nano"].backbone,
            [(8, 128), (4, 128), (4, 64), (4, 128), (2, 128), (2, 64), (2, 128), (1, 128), (1, 64)],
        ),
    ],
)
def test_the_floor_calls_the_backbone_as_often_as_the_faces_need(
    monkeypatch: pytest.MonkeyPatch, options: dict[str, str], name: str, calls: list[tuple[int, int]]
) -> None:
    bare, asked = Bare(), list[str]()
    config = OriginalConfig.model_validate(options)
    scorer = Scorer(TorchNetwork(config.build(), device=CPU, precision="fp32"), batch_size=4)

    def create(name: str) -> Bare:
        asked.append(name)
        return bare

    monkeypatch.setattr("timm.create_model", create)
    run = backbone_calls(scorer, config, [6, 1])
    assert run is not None
    run()
    assert (asked, bare.calls) == ([name], calls)


@pytest.fixture(scope="module")
def report(portrait_clip: Path) -> BenchResult:
    base = DetectorConfig.from_options("original", mode="ed", frames=2, device="cpu", face_detector="mtcnn")
    return run_bench(base, [portrait_clip], precisions=["fp32"], repeats=1)


@pytest.mark.slow
def test_every_stage_is_measured_with_its_floor(report: BenchResult) -> None:
    stages = {row.stage: row for row in report.rows}
    assert list(stages) == ["decode", "faces", "networks", "pipeline", "augment", "self-blend"]
    assert [(row.amount, row.unit) for row in report.rows[:4]] == [
        (2, "frames"),
        (2, "frames"),
        (2, "faces"),
        (1, "videos"),
    ]
    assert all(row.seconds > 0 for row in report.rows)
    assert all((row.ratio is None) == (row.floor is None) for row in report.rows)
    assert stages["networks"].floor == "bare backbone calls"
    assert BenchResult.model_validate_json(report.model_dump_json()) == report


@pytest.mark.slow
def test_examples_may_be_left_out(portrait_clip: Path) -> None:
    base = DetectorConfig.from_options("v2", size="nano", frames=1, device="cpu", face_detector="mtcnn")
    rows = run_bench(base, [portrait_clip], precisions=["fp32"], repeats=1, examples=False).rows
    assert [row.stage for row in rows] == ["decode", "faces", "networks", "pipeline"]


@pytest.mark.slow
@pytest.mark.parametrize(("runtime", "precision"), [("onnxruntime", "fp32"), ("openvino", "int8")])
def test_another_runtime_has_the_floor_of_torch_and_keeps_no_export(
    runtime: Runtime,
    precision: Precision,
    portrait_clip: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    base = DetectorConfig.from_options("v2", size="nano", frames=1, device="cpu", face_detector="mtcnn")
    report = run_bench(base, [portrait_clip], precisions=[precision], runtimes=[runtime], repeats=1, examples=False)
    assert {row.setting for row in report.rows} == {f"{precision} in {runtime}, mtcnn"}
    (networks,) = [row for row in report.rows if row.stage == "networks"]
    assert networks.floor == "bare backbone calls in torch, fp32"
    assert networks.ratio is not None
    (run,) = report.fresh_runs
    assert (run.precision, run.runtime, run.faces) == (precision, runtime, 1)
    assert not list(tmp_path.rglob("*.onnx")) + list(tmp_path.rglob("*.xml"))


@pytest.mark.slow
def test_an_exported_file_is_measured_in_its_own_precision(portrait_clip: Path, tmp_path: Path) -> None:
    path = tmp_path / "nano.onnx"
    cls = ARCHITECTURES.load("v2")
    export_weights("v2", cls, {"size": "nano"}, "random", path, file_format="onnx")
    base = DetectorConfig.from_options(weights=path, frames=1, device="cpu", face_detector="mtcnn")
    report = run_bench(base, [portrait_clip], repeats=1, examples=False)
    assert {row.setting for row in report.rows} == {"fp32 in onnxruntime, mtcnn"}


@pytest.mark.slow
def test_a_fresh_process_measures_its_own_memory_alone(report: BenchResult) -> None:
    (run,) = report.fresh_runs
    assert (run.precision, run.face_detector, run.videos, run.faces) == ("fp32", "mtcnn", 1, 2)
    assert run.import_seconds > 0.1
    assert 100 < run.opening_peak_mb <= run.peak_mb < 5000
    assert 10 < run.worker_peak_mb < run.opening_peak_mb


def test_clips_without_a_face_are_an_error(tmp_path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (320, 240)).save(tmp_path / "black.png")
    base = DetectorConfig.from_options("original", mode="ed", frames=1, device="cpu", face_detector="mtcnn")
    with pytest.raises(ConfigError, match="no face was found in the clips"):
        run_bench(base, [tmp_path / "black.png"], precisions=["fp32"], repeats=1)
