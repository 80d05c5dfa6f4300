from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from genconvit.results.provenance import Quantisation
from genconvit.runtimes import export
from genconvit.runtimes.export import Written
from genconvit.runtimes.int8_options import Int8Options
from genconvit.weights.embedded import embedded
from genconvit.weights.load import LoadedModel
from genconvit.weights.own_decision import OwnDecision

from .conftest import Run

CHANGES = Quantisation(
    crops="faces",
    crops_sha256="0" * 64,
    measured_on=40,
    layers=12,
    layers_in_fp32=4,
    max_change=0.03,
    mean_change=0.0051,
    rank_correlation=0.9987,
    changed_labels=0.025,
    max_change_allowed=0.1,
)


@pytest.fixture
def exported(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Exports that the command asked for; nothing is traced."""
    pytest.importorskip("onnxscript", reason="the extra onnx is not installed")
    calls: list[dict[str, Any]] = []

    def written(
        loaded: LoadedModel,
        architecture: str,
        output: Path,
        *,
        file_format: str,
        own: OwnDecision | None,
        int8: Int8Options | None,
    ) -> Written:
        config = loaded.model.config
        calls.append({"config": config, "name": architecture, "format": file_format, "own": own, "int8": int8})
        output.write_bytes(bytes(1_234_567))
        return Written((output,), 3e-7, None if int8 is None else CHANGES)

    monkeypatch.setattr(export, "export_model", written)
    return calls


def test_export_writes_a_file_and_says_how_near_it_is(
    run: Callable[..., Run], exported: list[dict[str, Any]], tmp_path: Path
) -> None:
    output = tmp_path / "tiny.onnx"
    ended = run(
        "export", "--arch", "timm", "--weights", "random", "--backbone", "test_resnet", "--set", "image_size=64",
        "-o", output,
    )  # fmt: skip
    assert (ended.status, ended.err) == (0, "")
    assert ended.out == f"wrote {output} (1.2 MB; logits differ from PyTorch's by at most 3e-07)\n"
    (call,) = exported
    assert (call["name"], call["format"], call["own"]) == ("timm", "onnx", None)
    assert (call["config"].backbone, call["config"].image_size, call["int8"]) == ("test_resnet", 64, None)


def test_int8_says_what_it_changes(run: Callable[..., Run], exported: list[dict[str, Any]], tmp_path: Path) -> None:
    output = tmp_path / "nano.onnx"
    ended = run(
        "export", "--weights", "embedded", "--precision", "int8", "--int8-crops", "faces", "--int8-max-change", "0.1",
        "-o", output,
    )  # fmt: skip
    assert (ended.status, ended.err) == (0, "")
    assert ended.out == (
        f"wrote {output} (1.2 MB; int8 in 12 of 16 layers; on 40 crops of faces it changes the fake probability by at "
        "most 0.0300, 0.0051 on average, rank correlation 0.9987, changed labels 2.50%)\n"
    )
    assert exported[0]["int8"] == Int8Options("faces", 0.1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--precision", "bf16"], "an exported file is in fp32 or int8, got precision 'bf16'"),
        (["--int8-max-change", "0.1"], "int8_crops and int8_max_change are for precision 'int8', got precision 'auto'"),
        (
            ["--set", "threshold=0.3"],
            "--set threshold is not of the networks, so an exported file does not depend on it",
        ),
        (["--backbone", "test_resnet"], "No such option: --backbone"),
    ],
)
def test_options_that_change_nothing_are_refused(
    run: Callable[..., Run], exported: list[dict[str, Any]], tmp_path: Path, arguments: list[str], message: str
) -> None:
    ended = run("export", "--weights", "embedded", *arguments, "-o", tmp_path / "nano.onnx")
    assert ended.status == 2
    assert message in " ".join(ended.err.split())
    assert exported == []


def test_embedded_weights_bring_architecture_and_decision(
    run: Callable[..., Run], exported: list[dict[str, Any]], tmp_path: Path
) -> None:
    pytest.importorskip("openvino", reason="the extra openvino is not installed")
    assert run("export", "--weights", "embedded", "-o", tmp_path / "nano.xml").status == 0
    (call,) = exported
    assert (call["name"], call["format"], call["config"].size) == ("v2", "openvino", "nano")
    own = embedded("v2_nano")
    assert call["own"].inconclusive == own.card.inconclusive
    assert json.loads(call["own"].calibration) == json.loads(own.calibration.read_text())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-o", "nano.pt"], "a file of format 'onnx' ends in .onnx, got 'nano.pt'"),
        (["--format", "openvino", "-o", "nano.onnx"], "a file of format 'openvino' ends in .xml, got 'nano.onnx'"),
        (["-o", "none/nano.onnx"], "--output 'none/nano.onnx' cannot be written: No such file or directory"),
    ],
)
def test_an_output_that_cannot_be_is_refused_before_weights_are_read(
    run: Callable[..., Run],
    exported: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    arguments: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    ended = run("export", "--weights", "embedded", *arguments)
    assert ended.status == 2
    assert message in ended.err
    assert exported == []


def test_a_missing_package_is_named_with_its_extra(
    run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    ended = run("export", "--weights", "embedded", "-o", tmp_path / "nano.onnx")
    assert ended.status == 2
    assert "exporting a network needs onnxscript" in ended.err
    assert "pip install 'genconvit[onnx]'" in ended.err


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".onnx", ".xml"])
def test_the_small_network_gives_the_same_answer_from_its_exported_file(
    suffix: str, portrait_clip: Path, tmp_path: Path
) -> None:
    pytest.importorskip("onnxscript", reason="the extra onnx is not installed")
    pytest.importorskip("openvino", reason="the extra openvino is not installed")

    def genconvit(*arguments: object) -> str:
        words = [sys.executable, "-m", "genconvit", *map(str, arguments)]
        done = subprocess.run(words, capture_output=True, text=True, timeout=1800, env=dict(os.environ))
        assert done.returncode == 0, done.stderr
        return done.stdout

    output = tmp_path / f"nano{suffix}"
    genconvit("export", "--weights", "embedded", "--output", output)
    options = ("--frames", 3, "--format", "json", "--device", "cpu", "--precision", "fp32", "--face-detector", "mtcnn")
    inside, outside = (
        json.loads(genconvit("predict", portrait_clip, "--weights", weights, *options))
        for weights in ("embedded", output)
    )
    inside, outside = (each[0] if isinstance(each, list) else each for each in (inside, outside))
    assert outside["fake_probability"] == pytest.approx(inside["fake_probability"], abs=1e-5)
    for field in ("label", "status", "decision", "notes"):
        assert outside[field] == inside[field], field
    provenance = outside["provenance"]
    assert provenance["runtime"] == ("onnxruntime" if suffix == ".onnx" else "openvino")
    assert provenance["weights"]["made_from"] == inside["provenance"]["weights"]["files"]
    assert provenance["weights"]["licence"] == inside["provenance"]["weights"]["licence"]
