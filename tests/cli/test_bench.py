from __future__ import annotations

from collections.abc import Callable

import pytest

from genconvit.bench.bench_result import BenchResult, FreshRun, Machine, StageTiming
from genconvit.cli.bench import show

from .conftest import Run


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--precision", "fp16"), "--precision 'fp16' is not measured; give fp32, bf16, int8"),
        (("--runtime", "tflite"), "--runtime 'tflite' is not measured; give torch, onnxruntime, openvino"),
        (("--json", "nowhere/out.json"), "--json 'nowhere/out.json' cannot be written"),
        (("--arch", "v3"), "unknown architecture 'v3'"),
        (("--frames", "few"), "frames is 'few'; allowed are"),
    ],
)
def test_a_wrong_option_is_one_message(run: Callable[..., Run], arguments: tuple[str, ...], message: str) -> None:
    ended = run("bench", *arguments)
    assert (ended.status, ended.out) == (2, "")
    assert message in ended.err


def test_a_report_is_shown_whole(capsys: pytest.CaptureFixture[str]) -> None:
    machine = Machine(cpu="Some [CPU]", threads=2, gpu=None, python="3.11", torch="2.14", genconvit="0.1")
    rows = (
        StageTiming(
            stage="decode", setting="fp32, mtcnn", amount=75, unit="frames", seconds=2.5, floor="a floor", ratio=1.25
        ),
        StageTiming(stage="faces", setting="fp32, mtcnn", amount=75, unit="frames", seconds=5),
    )
    fresh = FreshRun(
        precision="int8",
        runtime="openvino",
        face_detector="mtcnn",
        import_seconds=1.25,
        open_seconds=2.5,
        predict_seconds=30,
        videos=5,
        faces=75,
        opening_peak_mb=900,
        peak_mb=1800,
        worker_peak_mb=150,
    )
    show(
        BenchResult(
            machine=machine, clips="5", frames="15", repeats=3, rows=rows, fresh_runs=(fresh,), notes=("a note",)
        )
    )
    out = capsys.readouterr().out
    for text in (
        "Some [CPU], 2 threads",
        "int8 in openvino, mtcnn",
        "75 frames",
        "30.00",
        "a floor",
        "1.25",
        "1800",
        "150",
        "a note",
    ):
        assert text in out
